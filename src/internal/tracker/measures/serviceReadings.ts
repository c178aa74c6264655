/** The readings of any tracker through its service. Rules have none: a service does not say what each has counted. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { emptyCode } from "../counting/classification.js"
import type { EmptyData, LatencyRow, Service, Stats } from "../model.js"
import { reportingOf } from "../reporting.js"
import { familyWindows } from "./families.js"
import type { Measured, Selection } from "./measure.js"
import { measure } from "./measure.js"
import type { CodeReading, Count, LatencyReading, Readings, ValueReading } from "./readings.js"

/** The families of a tracker. One that does not measure itself is read through its service. */
export const measured = (tracker: Service, selection: Selection): Effect.Effect<Measured> =>
  reportingOf(tracker).measure?.(selection) ??
    Effect.map(serviceReadings(tracker, selection), (readings) => measure(readings, selection))

const nothing: Count = { total: 0, within: () => 0 }

interface Read {
  readonly stats: Stats
  readonly empties: EmptyData
}

const serviceReadings = Effect.fnUntraced(function*(
  tracker: Service,
  { latency, names }: Selection
): Effect.fn.Return<Readings> {
  const read = (window?: Duration.Duration): Effect.Effect<Read> =>
    Effect.all({ stats: tracker.stats({ window }), empties: tracker.emptyData({ window }) })
  const limits = (yield* tracker.limits).filter(({ rule }) => Option.isNone(rule))
  const total = yield* read()
  const millis = new Set([...familyWindows, ...limits.map(({ duration }) => Duration.toMillis(duration))])
  const windows = new Map(
    yield* Effect.forEach(
      millis,
      (millis) => Effect.map(read(Duration.millis(millis)), (read) => [millis, read] as const)
    )
  )
  const countOf = (value: (read: Read) => number): Count => ({
    total: value(total),
    within: (millis) => {
      const read = windows.get(millis)
      return read === undefined ? 0 : value(read)
    }
  })
  const dimensions = new Map(
    yield* Effect.forEach(
      names,
      (name) =>
        Effect.map(valuesOf(tracker, Object.keys(total.stats.byCode), name), (values) => [name, values] as const)
    )
  )
  const latencies = new Map(
    yield* Effect.forEach(
      latency,
      (by) => Effect.map(tracker.latency({ by, window: "hour" }), (rows) => [by, rows.map(latencyOf)] as const)
    )
  )
  return {
    codes: Object.entries(total.stats.byCode).map(([code, { severity }]): CodeReading => ({
      code,
      severity,
      errors: countOf((read) => countIn(read.stats, code) - expectedIn(read, code)),
      expected: countOf((read) => expectedIn(read, code))
    })),
    limits: limits.map(({ code, duration, limit, window }) => ({
      code,
      window,
      millis: Duration.toMillis(duration),
      limit
    })),
    rules: [],
    alerts: yield* tracker.activeAlerts,
    attempted: total.stats.attempts > 0,
    successes: countOf(({ stats }) => Math.max(0, stats.attempts - stats.total)),
    calls: {
      made: countOf(({ stats }) => stats.calls.made),
      recovered: countOf(({ stats }) => stats.calls.recovered),
      failed: countOf(({ stats }) => stats.calls.failed),
      refused: countOf(({ stats }) => stats.calls.refused),
      // Not among the reads of a service.
      expected: nothing
    },
    retry: total.stats.retry,
    dropped: total.stats.dropped,
    empties: total.empties.rows,
    latency: (yield* tracker.latency({ window: "hour" })).map(latencyOf),
    dimension: (name) => dimensions.get(name),
    latencyBy: (name) => latencies.get(name)
  }
})

const countIn = ({ byCode }: Stats, code: string): number => Object.hasOwn(byCode, code) ? byCode[code]?.count ?? 0 : 0

const expectedIn = ({ empties, stats }: Read, code: string): number =>
  code === emptyCode ? Math.min(empties.expected, countIn(stats, code)) : 0

const latencyOf = ({ count, p50, p90, p99, value }: LatencyRow): LatencyReading => ({
  value,
  count,
  sumMillis: undefined,
  quantiles: ([[0.5, p50], [0.9, p90], [0.99, p99]] as const)
    .map(([share, duration]) => [share, Duration.toMillis(duration)] as const)
})

const valuesOf = Effect.fnUntraced(function*(
  tracker: Service,
  codes: ReadonlyArray<string>,
  by: string
): Effect.fn.Return<ReadonlyArray<ValueReading>> {
  const rows = yield* tracker.breakdown({ by })
  const byCode = yield* Effect.forEach(codes, (code) =>
    Effect.map(
      tracker.breakdown({ by, code }),
      (rows) => [code, new Map(rows.map(({ count, value }) => [value, count]))] as const
    ))
  return rows.map(({ attempts, count, errorRatio, value }) => ({
    value,
    errors: byCode.flatMap(([code, counts]) => {
      const total = counts.get(value)
      return total === undefined ? [] : [[code, total] as const]
    }),
    rest: 0,
    expected: Option.match(errorRatio, {
      onNone: () => 0,
      onSome: (ratio) => Math.max(0, count - Math.round(ratio * attempts))
    }),
    successes: Math.max(0, attempts - count),
    attempted: attempts > 0
  }))
})
