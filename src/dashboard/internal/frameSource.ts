/** Reads a tracker for the frames: all of it for each frame, except for what takes long, which is read less often. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ErrorTracker from "../../ErrorTracker.js"
import * as FetchError from "../../FetchError.js"
import * as Answers from "../../internal/insight/insightReport.js"
import { monotonicMillis } from "../../internal/monotonicMillis.js"
import { withPauses } from "../../internal/pauses.js"
import { pausedSnapshot } from "../../internal/tracker/reporting.js"
import * as RetryPolicy from "../../RetryPolicy.js"
import type { Snapshot } from "../../Snapshot.js"
import type { Settings } from "./dashboardOptions.js"
import { MinuteBars, ranges, type Totals } from "./minuteBars.js"
import type { CodeFacts, Reads, SlowReads } from "./trackerReads.js"

interface Labels {
  readonly build: string
  readonly name: string
  readonly detail: string
}

const emptyCode = "DATA_EMPTY"
const maxRecent = 200

/**
 * A slow read takes at most this share of the time, with its pauses, in which other work runs, and is no more frequent than
 * this, in milliseconds.
 */
const slowShare = 0.02
const slowLeast = 2000

/** The result of an effect that is run again only as often as its duration allows. */
const rarely = <A>(effect: Effect.Effect<A>): Effect.Effect<A> => {
  let latest: { readonly value: A; readonly next: number } | undefined
  return Effect.gen(function*() {
    const start = yield* monotonicMillis
    if (latest !== undefined && start < latest.next) return latest.value
    const value = yield* effect
    const end = yield* monotonicMillis
    latest = { value, next: end + Math.max(slowLeast, (end - start) / slowShare) }
    return value
  })
}

const ownFacts: ReadonlyArray<readonly [string, CodeFacts]> = Object.values(FetchError.facts)
  .map(({ category, code, severity }) => [code, { category, severity }])

export interface SourceOptions extends Pick<Settings, "weights"> {
  readonly labels: Labels
}

/** Makes the read of one frame. */
export const make = (tracker: ErrorTracker.Service, { labels, weights }: SourceOptions): Effect.Effect<Reads> => {
  const bars = {
    hour: new MinuteBars(ranges.hour),
    sixHours: new MinuteBars(ranges.sixHours),
    day: new MinuteBars(ranges.day)
  }
  const policies = Effect.provideService(RetryPolicy.states, ErrorTracker.ErrorTracker, tracker)
  let lastAt = 0

  const insight = rarely(Effect.flatMap(pausedSnapshot(tracker), (snapshot) => withPauses(() => insightOf(snapshot))))

  const worst = rarely(
    Effect.flatMap(
      insight,
      ({ names }) =>
        Effect.forEach(
          names,
          (name) => Effect.map(tracker.worst({ by: name, window: "hour" }), (worst) => ({ name, worst }))
        )
    )
  )

  const latencies = rarely(
    Effect.flatMap(
      insight,
      ({ names }) =>
        Effect.forEach(
          names.filter((name) => name !== "source"),
          (by) => Effect.map(tracker.latency({ by }), (rows) => ({ name: by, rows }))
        )
    )
  )

  const slowReads = Effect.gen(function*() {
    const dimensions = yield* worst
    const { forecast, messages, since } = yield* insight
    const reads: SlowReads = {
      since,
      forecast,
      dimensions: dimensions.map((read) => ({ ...read, message: messages.get(read.name) })),
      latencies: yield* latencies
    }
    return reads
  })

  return Effect.gen(function*() {
    const slow = yield* slowReads
    const at = yield* Clock.currentTimeMillis
    const all = yield* tracker.stats()
    const isCalls = all.calls.made > 0 || all.attempts === 0
    const within = (window: Duration.Duration) => Effect.zip(tracker.stats({ window }), tracker.emptyData({ window }))
    const totals = ([stats, { expected }]: Effect.Effect.Success<ReturnType<typeof within>>): Totals =>
      totalsOf(stats, expected, isCalls)
    const minute = yield* within(Duration.minutes(1))
    const hour = yield* within(Duration.hours(1))
    const day = yield* within(Duration.days(1))
    // The clock was set back: the finished steps are those of another time.
    if (at < lastAt) { for (const row of Object.values(bars)) row.clear() }
    lastAt = at
    const starts = new Set(Object.values(bars).flatMap((row) => [...row.needed(at)]))
    const since = new Map(
      yield* Effect.forEach(
        starts,
        (start) => Effect.map(within(Duration.millis(at - start)), (counts) => [start, totals(counts)] as const)
      )
    )
    const totalsSince = (start: number): Totals => since.get(start) ?? { errors: {}, calls: 0, failures: 0 }
    return {
      ...labels,
      at,
      facts: factsOf(all),
      windows: { minute: totals(minute), hour: totals(hour), day: totals(day) },
      isCalls,
      calls: hour[0].calls,
      attempts: hour[0].attempts,
      failedAttempts: failuresOf(hour[0]),
      bars: {
        hour: bars.hour.row(at, totalsSince),
        sixHours: bars.sixHours.row(at, totalsSince),
        day: bars.day.row(at, totalsSince)
      },
      alerts: yield* tracker.alertStatus,
      resolved: yield* tracker.resolvedAlerts({ window: "1 day" }),
      limits: yield* tracker.limits,
      budgets: yield* tracker.errorBudgets,
      latency: yield* tracker.latency(),
      empty: day[1],
      recent: yield* tracker.recent({ limit: maxRecent }),
      policies: yield* policies,
      // The page needs the other parts of a frame more.
      weights: yield* Effect.catchAllCause(weights, () => Effect.succeed([])),
      slow
    }
  })
}

function* insightOf(snapshot: Snapshot) {
  const offenders = yield* Answers.offenders(snapshot, { window: "hour" })
  const forecast: SlowReads["forecast"] = yield* Answers.forecasts(snapshot, yield* Answers.histories(snapshot))
  return {
    since: DateTime.toEpochMillis(snapshot.since),
    names: snapshot.dimensions.map(({ name }) => name),
    messages: new Map(offenders.map(({ dimension, message }) => [dimension, message])),
    forecast
  }
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
