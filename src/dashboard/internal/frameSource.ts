/** Reads a tracker for the frames: all of it for each frame, except for what takes long, which is read less often. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ErrorTracker from "../../ErrorTracker.js"
import * as FetchError from "../../FetchError.js"
import * as Insight from "../../Insight.js"
import { monotonicMillis } from "../../internal/monotonicMillis.js"
import * as RetryPolicy from "../../RetryPolicy.js"
import { MinuteBars, ranges, type Totals } from "./minuteBars.js"
import type { CodeFacts, Reads, SlowReads } from "./trackerReads.js"

export interface Labels {
  readonly build: string
  readonly name: string
  readonly detail: string
}

const emptyCode = "DATA_EMPTY"
const maxRecent = 200

/** The slow reads take at most this share of the time, and are no more frequent than this. */
const slowShare = 0.01
const slowLeast = 2000

const ownFacts: ReadonlyArray<readonly [string, CodeFacts]> = Object.values(FetchError.facts)
  .map(({ category, code, severity }) => [code, { category, severity }])

/** Makes the read of one frame. */
export const make = (tracker: ErrorTracker.Service, labels: Labels): Effect.Effect<Reads> => {
  const bars = {
    hour: new MinuteBars(ranges.hour),
    sixHours: new MinuteBars(ranges.sixHours),
    day: new MinuteBars(ranges.day)
  }
  const policies = Effect.provideService(RetryPolicy.states, ErrorTracker.ErrorTracker, tracker)
  let slow: { readonly reads: SlowReads; readonly next: number } | undefined
  let lastAt = 0

  // Other work runs between the parts.
  const slowReads = Effect.gen(function*() {
    const start = yield* monotonicMillis
    if (slow !== undefined && start < slow.next) return slow.reads
    const snapshot = yield* tracker.snapshot
    yield* Effect.sleep("1 millis")
    const dimensions = yield* Effect.forEach(
      snapshot.dimensions,
      ({ name }) => Effect.map(tracker.worst({ by: name, window: "hour" }), (worst) => ({ name, worst }))
    )
    yield* Effect.sleep("1 millis")
    const messages = new Map(
      Insight.offenders(snapshot, { window: "hour" }).map(({ dimension, message }) => [dimension, message])
    )
    yield* Effect.sleep("1 millis")
    const reads: SlowReads = {
      since: DateTime.toEpochMillis(snapshot.since),
      dimensions: dimensions.map((read) => ({ ...read, message: messages.get(read.name) })),
      forecast: Insight.forecast(snapshot)
    }
    const end = yield* monotonicMillis
    slow = { reads, next: end + Math.max(slowLeast, (end - start) / slowShare) }
    return reads
  })

  return Effect.gen(function*() {
    const slow = yield* slowReads
    const at = yield* Clock.currentTimeMillis
    const all = yield* tracker.stats()
    const isCalls = all.calls.made > 0 || all.attempts === 0
    const totals = (window: Duration.Duration) =>
      Effect.zipWith(
        tracker.stats({ window }),
        tracker.emptyData({ window }),
        (stats, { expected }) => totalsOf(stats, expected, isCalls)
      )
    // The clock was set back: the finished steps are those of another time.
    if (at < lastAt) { for (const row of Object.values(bars)) row.clear() }
    lastAt = at
    const starts = new Set(Object.values(bars).flatMap((row) => [...row.needed(at)]))
    const since = new Map(
      yield* Effect.forEach(
        starts,
        (start) => Effect.map(totals(Duration.millis(at - start)), (totals) => [start, totals] as const)
      )
    )
    const totalsSince = (start: number): Totals => since.get(start) ?? { errors: {}, calls: 0, failures: 0 }
    const hour = yield* tracker.stats({ window: "1 hour" })
    return {
      ...labels,
      at,
      facts: factsOf(all),
      windows: {
        minute: yield* totals(Duration.minutes(1)),
        hour: yield* totals(Duration.hours(1)),
        day: yield* totals(Duration.days(1))
      },
      isCalls,
      calls: hour.calls,
      attempts: hour.attempts,
      failedAttempts: failuresOf(hour),
      bars: {
        hour: bars.hour.row(at, totalsSince),
        sixHours: bars.sixHours.row(at, totalsSince),
        day: bars.day.row(at, totalsSince)
      },
      alerts: yield* tracker.alertStatus,
      resolved: yield* tracker.resolvedAlerts({ window: "1 day" }),
      limits: yield* tracker.limits,
      latency: yield* tracker.latency(),
      empty: yield* tracker.emptyData({ window: "1 day" }),
      recent: yield* tracker.recent({ limit: maxRecent }),
      policies: yield* policies,
      slow
    }
  })
}

const failuresOf = ({ attempts, errorRatio }: ErrorTracker.Stats): number =>
  Option.match(errorRatio, { onNone: () => 0, onSome: (ratio) => Math.round(ratio * attempts) })

const totalsOf = (stats: ErrorTracker.Stats, expected: number, isCalls: boolean): Totals => ({
  errors: Object.fromEntries(
    Object.entries(stats.byCode).flatMap(([code, { count }]) => {
      const errors = code === emptyCode ? count - expected : count
      return errors > 0 ? [[code, errors]] : []
    })
  ),
  calls: isCalls ? stats.calls.made : stats.attempts,
  failures: isCalls ? stats.calls.failed + stats.calls.refused : failuresOf(stats)
})

const factsOf = (stats: ErrorTracker.Stats): ReadonlyMap<string, CodeFacts> => {
  const facts = new Map(ownFacts)
  for (const [code, { severity }] of Object.entries(stats.byCode)) {
    if (!facts.has(code)) facts.set(code, { severity, category: "Other" })
  }
  return facts
}
