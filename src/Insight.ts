/**
 * What the numbers of a tracker mean: what is normal, what is not, what comes next, who is to blame, and what limits
 * and timeouts would fit. Pure functions over a snapshot; every answer has a `message` that says it in words.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as Alert from "./Alert.js"
import type * as ErrorTracker from "./ErrorTracker.js"
import { anomaliesOf, baselineOf } from "./internal/insight/anomalies.js"
import { crossing } from "./internal/insight/forecast.js"
import { historyOf, usualRate } from "./internal/insight/history.js"
import { offendersOf } from "./internal/insight/offenders.js"
import { duration, number, percent } from "./internal/insight/sentences.js"
import { limitsFor } from "./internal/insight/suggestedLimits.js"
import { timeoutFor } from "./internal/insight/timeouts.js"
import type * as Snapshot from "./Snapshot.js"
import type * as Threshold from "./Threshold.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What is normal for a count: nine of ten are from `low` to `high`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Normal {
  readonly mean: number
  readonly low: number
  readonly high: number
}

/**
 * What is normal for one code, at this time of the day.
 *
 * @since 0.1.0
 * @category models
 */
export interface Baseline {
  readonly code: string
  /** On how many whole hours it rests. */
  readonly hours: number
  /** Was there enough history (a week) to tell the hours of the day apart? */
  readonly byHourOfDay: boolean
  /** In a minute. None with less than half an hour of history. */
  readonly perMinute: Option.Option<Normal>
  /** In an hour. None with less than 6 whole hours of history. */
  readonly perHour: Option.Option<Normal>
  readonly message: string
}

/**
 * A count that chance does not explain.
 *
 * @since 0.1.0
 * @category models
 */
export interface Anomaly {
  readonly code: string
  readonly window: "minute" | "hour"
  /** In the last minute, or in the last 60 minutes. */
  readonly count: number
  readonly normal: Normal
  /** How probable so high a count is where all is as it was: below 1e-5, and in a minute a sixtieth of that. */
  readonly p: number
  readonly message: string
}

/**
 * When a limit will be exceeded.
 *
 * @since 0.1.0
 * @category models
 */
export interface Forecast {
  readonly code: string
  /** The name of the limit: `minute`, `hour`, `day`, or one of your own. */
  readonly window: Alert.WindowName
  readonly limit: number
  /** Within the window of the limit, now. */
  readonly count: number
  /** That it happens within a day: at least 0.5. */
  readonly probability: number
  /** It happens after `earliest` and, if there is one, before `latest` with a probability of 80 %. */
  readonly earliest: DateTime.Utc
  /** As likely before as after. */
  readonly likely: DateTime.Utc
  /** None if the probability that it happens within a day is less than 0.9. */
  readonly latest: Option.Option<DateTime.Utc>
  readonly message: string
}

/**
 * Limits that would fit what is normal.
 *
 * @since 0.1.0
 * @category models
 */
export interface ThresholdSuggestions {
  /** For the `thresholds` of a tracker. Codes with too little history are not in it. */
  readonly thresholds: { readonly [code: string]: Threshold.Limits }
  /** Of every code: why these limits, or why none. */
  readonly reasons: ReadonlyArray<{ readonly code: string; readonly message: string }>
}

/**
 * A timeout that would fit a source.
 *
 * @since 0.1.0
 * @category models
 */
export interface TimeoutSuggestion {
  readonly source: string
  /** How many successful fetches it rests on. */
  readonly samples: number
  /** None if they are too few, or if too many fetches did not get to their end. */
  readonly timeout: Option.Option<Duration.Duration>
  readonly message: string
}

/**
 * A value of a dimension that fails more than the others.
 *
 * @since 0.1.0
 * @category models
 */
export interface Offender {
  readonly value: string
  /** Expected empties aside. */
  readonly errors: number
  /** Successes and failures, where they are counted; else 0. */
  readonly attempts: number
  /** Of the errors of all values, 0 to 1. */
  readonly share: number
  /** How many times as many errors as the values that do not stand out: per attempt where these are counted, else per value. */
  readonly ratio: number
}

/**
 * Something that offenders have in common, and others have not.
 *
 * @since 0.1.0
 * @category models
 */
export interface Common {
  /** `code`, a field of the context, or `begins with` or `ends with` for the names of the offenders. */
  readonly what: string
  readonly value: string
}

/**
 * The values of one dimension that stand out, worst first.
 *
 * @since 0.1.0
 * @category models
 */
export interface Offenders {
  readonly dimension: string
  readonly offenders: ReadonlyArray<Offender>
  readonly common: ReadonlyArray<Common>
  readonly message: string
}

/**
 * Whom to look at, and over what time.
 *
 * @since 0.1.0
 * @category models
 */
export interface OffendersOptions {
  /** Default: all that the tracker keeps. */
  readonly by?: ErrorTracker.Dimension | undefined
  /** Default: all codes. */
  readonly code?: string | undefined
  /** Default: `day`. */
  readonly window?: ErrorTracker.Window | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What is normal for each code, at this time of the day: from the hours that are over, of which what stands out from its
 * like is cut off, so that a bad day does not become normal. With a week of history, from the same hours of the day
 * as far as these differ from the others.
 *
 * @example
 * import { ErrorTracker, FetchError, Insight } from "effect-errata"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   yield* tracker.track(new FetchError.NetworkDns())
 *   return Insight.baseline(yield* tracker.snapshot)
 * })
 *
 * const [dns] = Effect.runSync(Effect.provide(program, ErrorTracker.layer()))
 * assert.strictEqual(dns?.message, "NETWORK_DNS: not enough data: 0 of 6 whole hours of history")
 *
 * @since 0.1.0
 * @category combinators
 */
export const baseline = (snapshot: Snapshot.Snapshot): ReadonlyArray<Baseline> =>
  snapshot.codes.map((code) => baselineOf(code.code, historyOf(snapshot, code)))

/**
 * The codes of which the last minute or the last 60 minutes had more errors than chance explains, the least probable
 * first.
 *
 * Counts are taken for negative binomial: Poisson, of a rate that varies as it did before, and that is known as well as
 * the length of the history lets it be. Errors are assumed to come in small clumps, as retries do. Of 1,500 simulated
 * days of codes with steady, daily and gamma distributed rates, none had an anomaly. Outbursts that are rarer than every
 * tenth hour are told, though there were such before.
 *
 * @example
 * import { ErrorTracker, Insight } from "effect-errata"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   const snapshot = yield* tracker.snapshot
 *   // API_RATE_LIMIT: 42 in the last hour, normally 3 to 9 at this hour: extraordinary (p = 1e-12)
 *   for (const { message } of Insight.anomalies(snapshot)) yield* Effect.logWarning(message)
 *   return Insight.anomalies(snapshot)
 * })
 *
 * assert.deepStrictEqual(Effect.runSync(Effect.provide(program, ErrorTracker.layer())), [])
 *
 * @since 0.1.0
 * @category combinators
 */
export const anomalies = (snapshot: Snapshot.Snapshot): ReadonlyArray<Anomaly> =>
  snapshot.codes
    .flatMap((code) => anomaliesOf(code.code, historyOf(snapshot, code)))
    .sort((a, b) => a.log - b.log)
    .map(({ anomaly }) => anomaly)

/**
 * Which limits will be exceeded within a day, the soonest first; what is exceeded already is no forecast. A limit that is
 * not in the list is not expected to be.
 *
 * Each limit is played 200 times into the future (the same way for the same snapshot): with the rate of the last
 * hours and its trend, which wears off; the time of the day; outbursts as there were; and the errors that leave the window.
 * A limit that is near takes some milliseconds. Of 1,000 simulated histories (steady, rising, bursty, daily) 80 % of the
 * intervals held the true instant, and 4 % of those that were exceeded within the hour had no forecast.
 *
 * @example
 * import { ErrorTracker, Insight } from "effect-errata"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   const snapshot = yield* tracker.snapshot
 *   // NETWORK_DNS: 64 of 120 (hour), exceeded in about 25 minutes: 12 minutes to 2 hours from now (80 %)
 *   for (const { message } of Insight.forecast(snapshot)) yield* Effect.logInfo(message)
 *   return Insight.forecast(snapshot)
 * })
 *
 * assert.deepStrictEqual(Effect.runSync(Effect.provide(program, ErrorTracker.layer())), [])
 *
 * @since 0.1.0
 * @category combinators
 */
export const forecast = (snapshot: Snapshot.Snapshot): ReadonlyArray<Forecast> =>
  snapshot.codes
    .flatMap((code) => {
      const history = historyOf(snapshot, code)
      const usual = usualRate(history)
      return snapshot.limits.flatMap((limit) => {
        if (limit.code !== code.code) return []
        const answer = crossing(history, { usual, limit: limit.limit, window: Duration.toMinutes(limit.window) })
        return answer === undefined ? [] : [{ limit, ...answer }]
      })
    })
    .sort((a, b) => a.likely - b.likely)
    .map(({ count, earliest, latest, likely, limit: { code, limit, name }, probability }) => {
      const after = (minutes: number) => DateTime.add(snapshot.at, { millis: Math.round(minutes * 60_000) })
      const soon = likely < 1 ? "within a minute" : `in about ${duration(likely)}`
      const when = latest === undefined
        ? `not before ${duration(earliest)} from now (80 %), within a day with a probability of ${percent(probability)}`
        : `${duration(earliest)} to ${duration(latest)} from now (80 %)`
      return {
        code,
        window: name,
        limit,
        count,
        probability,
        earliest: after(earliest),
        likely: after(likely),
        latest: Option.map(Option.fromNullable(latest), after),
        message: `${code}: ${number(count)} of ${number(limit)} (${name}), exceeded ${soon}: ${when}`
      }
    })

/**
 * Limits for each code that normal times would exceed about once a month: a minute, an hour (at the busiest hour of the
 * day) and, with a week of history, a day. Never below 3. Limits of your own windows, and where alerts recover, stay as they
 * are.
 *
 * @example
 * import { ErrorTracker, FetchError, Insight } from "effect-errata"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   yield* tracker.track(new FetchError.ApiAuth())
 *   const { reasons, thresholds } = Insight.suggestThresholds(yield* tracker.snapshot)
 *   return { reasons, next: ErrorTracker.layer({ thresholds }) }
 * })
 *
 * const { reasons } = Effect.runSync(Effect.provide(program, ErrorTracker.layer()))
 * assert.deepStrictEqual(reasons, [
 *   { code: "API_AUTH", message: "API_AUTH: not enough data: 0 of 24 whole hours of history" }
 * ])
 *
 * @since 0.1.0
 * @category combinators
 */
export const suggestThresholds = (snapshot: Snapshot.Snapshot): ThresholdSuggestions => {
  const suggestions = snapshot.codes.map((code) => ({
    code: code.code,
    ...limitsFor(historyOf(snapshot, code), snapshot.limits.filter((limit) => limit.code === code.code))
  }))
  return {
    thresholds: Object.fromEntries(
      suggestions.flatMap(({ code, limits }) => limits === undefined ? [] : [[code, limits]])
    ),
    reasons: suggestions.map(({ code, reason }) => ({ code, message: `${code}: ${reason}` }))
  }
}

/**
 * A timeout for each source whose latencies the tracker knows: one that at most one in a thousand successful fetches
 * would not have met, with room to spare.
 *
 * What timed out is not among the latencies: where that happens often, the quantiles of what succeeded say too little, and
 * the answer says so.
 *
 * @example
 * import { ErrorTracker, Insight } from "effect-errata"
 * import { Effect, Option } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   for (let i = 0; i < 500; i++) yield* tracker.succeeded({ source: "rest" }, "80 millis")
 *   return Insight.suggestTimeout(yield* tracker.snapshot)
 * })
 *
 * const [rest] = await Effect.runPromise(Effect.provide(program, ErrorTracker.layer()))
 * assert.strictEqual(rest?.source, "rest")
 * assert.ok(Option.isSome(rest.timeout))
 *
 * @since 0.1.0
 * @category combinators
 */
export const suggestTimeout = (snapshot: Snapshot.Snapshot): ReadonlyArray<TimeoutSuggestion> =>
  snapshot.latency.map((latency) => timeoutFor(latency, snapshot))

/**
 * The values that fail more than the others, by dimension, and what they have in common. Per attempt where attempts are
 * counted; else per value, if there are values enough to compare with. Small numbers are no evidence.
 *
 * @example
 * import { ErrorTracker, FetchError, Insight } from "effect-errata"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   for (let i = 0; i < 100; i++) {
 *     const symbol = i % 2 === 0 ? "LUNAUSDT" : `COIN${i % 20}USDT`
 *     yield* tracker.track(new FetchError.DataEmpty({ reason: "api_response", context: { symbol } }))
 *   }
 *   return Insight.offenders(yield* tracker.snapshot)
 * })
 *
 * const [symbols] = await Effect.runPromise(Effect.provide(program, ErrorTracker.layer()))
 * assert.strictEqual(
 *   symbols?.message,
 *   "symbol LUNAUSDT: 50 % of the errors, at least 9.9 times as many each as the rest"
 * )
 *
 * @since 0.1.0
 * @category combinators
 */
export const offenders = (snapshot: Snapshot.Snapshot, options: OffendersOptions = {}): ReadonlyArray<Offenders> =>
  snapshot.dimensions
    .filter(({ name }) => options.by === undefined || name === options.by)
    .flatMap((dimension) => offendersOf(dimension, snapshot.recent, options))
