/**
 * Statistics on a snapshot of a tracker: the normal range, anomalies, forecasts, offenders, and limits and timeouts that
 * fit. Pure functions; each answer has a `message` for people.
 *
 * Guide: [Limits and alerts](../docs/alerts.md).
 *
 * @since 0.1.0
 * @module
 */
import { errorBudgetsOf } from "./internal/insight/errorBudgets.js"
import type * as Model from "./internal/insight/insightModel.js"
import * as Answers from "./internal/insight/insightReport.js"
import { timeoutFor } from "./internal/insight/timeouts.js"
import * as Check from "./internal/options.js"
import { atOnce } from "./internal/pauses.js"
import type * as Snapshot from "./Snapshot.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The normal range of a count: nine of ten counts are from `low` to `high`.
 *
 * @since 0.1.0
 * @category models
 */
export type Normal = Model.Normal

/**
 * A value of a dimension with a higher failure rate than the others.
 *
 * @since 0.1.0
 * @category models
 */
export type Offender = Model.Offender

/**
 * A property that offenders share and other values do not have.
 *
 * @since 0.1.0
 * @category models
 */
export type Common = Model.Common

/**
 * Options of {@link offenders}.
 *
 * @since 0.1.0
 * @category models
 */
export type OffendersOptions = Model.OffendersOptions

// The answers: each name is the type, and the schema of its JSON.
export {
  /**
   * A count that chance does not explain.
   *
   * @since 0.1.0
   * @category models
   */
  Anomaly,
  /**
   * The normal range of one code at this time of the day.
   *
   * @since 0.1.0
   * @category models
   */
  Baseline,
  /**
   * The error budget of an objective over the last day, the longest window that a tracker keeps.
   *
   * @since 0.1.0
   * @category models
   */
  ErrorBudget,
  /**
   * The instant at which a limit will be exceeded.
   *
   * @since 0.1.0
   * @category models
   */
  Forecast,
  /**
   * The values of one dimension that stand out, worst first.
   *
   * @since 0.1.0
   * @category models
   */
  Offenders,
  /**
   * All answers about one snapshot.
   *
   * @since 0.1.0
   * @category models
   */
  Report,
  /**
   * Limits that fit the normal range.
   *
   * @since 0.1.0
   * @category models
   */
  ThresholdSuggestions,
  /**
   * A timeout that fits the latencies of a source.
   *
   * @since 0.1.0
   * @category models
   */
  TimeoutSuggestion
} from "./internal/insight/insightCodec.js"

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The normal range of each code at this time of the day, from the completed hours. Outliers are cut off, so that a bad
 * day does not become normal. With a week of history, hours of the day that differ from the others have a range of their
 * own.
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
export const baseline = (snapshot: Snapshot.Snapshot): ReadonlyArray<Model.Baseline> =>
  atOnce(Answers.baselines(known(snapshot)))

/**
 * The codes with more errors in the last minute or the last 60 minutes than chance explains, the least probable first.
 *
 * The model of a count is negative binomial: a Poisson count whose rate varies as it did in the history. The shorter the
 * history, the wider the range. Errors are assumed to come in small clusters, as retries do. Of 1,500 simulated days with
 * steady, daily and gamma distributed rates, none had an anomaly. A burst is an anomaly if bursts like it are rarer than
 * one hour in ten.
 *
 * @example
 * import { ErrorTracker, Insight } from "effect-errata"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   const snapshot = yield* tracker.snapshot
 *   // API_RATE_LIMIT: 42 in the last hour, normally 3 to 9 at this time of the day: extraordinary (p = 1e-12)
 *   for (const { message } of Insight.anomalies(snapshot)) yield* Effect.logWarning(message)
 *   return Insight.anomalies(snapshot)
 * })
 *
 * assert.deepStrictEqual(Effect.runSync(Effect.provide(program, ErrorTracker.layer())), [])
 *
 * @since 0.1.0
 * @category combinators
 */
export const anomalies = (snapshot: Snapshot.Snapshot): ReadonlyArray<Model.Anomaly> =>
  atOnce(Answers.anomalies(known(snapshot)))

/**
 * The limits that will probably be exceeded within a day, the soonest first. Limits that are exceeded already are left
 * out.
 *
 * Each code is simulated 200 times, with the same draws for the same snapshot. A simulation knows the rate of the last
 * hours, its trend, which decays, the time of the day, bursts as in the history, and the errors that leave the window. All
 * limits of a code see the same simulations: of two limits on a window, the higher one is never exceeded sooner. A code takes
 * some milliseconds, and up to 0.3 seconds with a million errors a day. Of 1,000 simulated histories (steady, rising, bursty, daily), 80 % of
 * the intervals held the true instant, and 4 % of the limits that were exceeded within the hour had no forecast.
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
export const forecast = (snapshot: Snapshot.Snapshot): ReadonlyArray<Model.Forecast> =>
  atOnce(Answers.forecasts(snapshot, known(snapshot)))

/**
 * Limits for each code that would be exceeded about once a month in normal times: per minute, per hour (of the busiest
 * hour of the day) and, with a week of history, per day. At least 3. Custom limits and `recoverAt` keep their values.
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
export const suggestThresholds = (snapshot: Snapshot.Snapshot): Model.ThresholdSuggestions =>
  atOnce(Answers.suggestions(snapshot, known(snapshot)))

/**
 * A timeout for each source whose latencies the tracker knows, above the 99.9th percentile of the successful fetches (the
 * 99th with fewer than 3,000 samples).
 *
 * Fetches that timed out have no latency. Where they are more than 1 % of the fetches, the percentiles of the others are
 * too low, and there is no suggestion.
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
export const suggestTimeout = (snapshot: Snapshot.Snapshot): ReadonlyArray<Model.TimeoutSuggestion> =>
  snapshot.latency.map((latency) => timeoutFor(latency, snapshot))

/**
 * The values with a higher failure rate than the others, by dimension, and what they have in common. The rate is per
 * attempt where attempts are counted, else per value, which takes at least five values to compare. Differences that
 * chance explains are left out.
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
 *   "symbol LUNAUSDT: 50 % of 100 errors, at least 9.9 times as many as the others on average"
 * )
 *
 * @since 0.1.0
 * @category combinators
 */
export const offenders = (
  snapshot: Snapshot.Snapshot,
  options: OffendersOptions = {}
): ReadonlyArray<Model.Offenders> =>
  atOnce(
    Answers.offenders(snapshot, Check.orThrow("Insight.offenders", checkedOptions(snapshot.dimensions)("", options)))
  )

/**
 * The error budgets of the objectives of the tracker, over the last day: for an objective by a dimension, those of the 20
 * values with the least left.
 *
 * @example
 * import { ErrorTracker, FetchError, Insight } from "effect-errata"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   for (let i = 0; i < 999; i++) yield* tracker.succeeded({})
 *   yield* tracker.track(new FetchError.NetworkDns(), { attempt: true })
 *   return Insight.errorBudgets(yield* tracker.snapshot)
 * })
 *
 * const layer = ErrorTracker.layer({ rules: [{ name: "attempts", objective: 0.99, of: "attempts" }] })
 * const [budget] = await Effect.runPromise(Effect.provide(program, layer))
 * assert.strictEqual(
 *   budget?.message,
 *   "attempts: 90 % of the error budget of the last day left, 1 of 10 allowed failures among 1,000 attempts"
 * )
 *
 * @since 0.1.0
 * @category combinators
 */
export const errorBudgets = (snapshot: Snapshot.Snapshot): ReadonlyArray<Model.ErrorBudget> =>
  atOnce(errorBudgetsOf(snapshot))

/**
 * All answers about a snapshot. With thousands of values, {@link forecast} and {@link offenders} take some milliseconds each.
 *
 * @example
 * import { ErrorTracker, FetchError, Insight } from "effect-errata"
 * import { Effect, Schema } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   yield* tracker.track(new FetchError.NetworkDns())
 *   return yield* Schema.encode(Insight.Report)(Insight.report(yield* tracker.snapshot))
 * })
 *
 * const json = Effect.runSync(Effect.provide(program, ErrorTracker.layer()))
 * assert.deepStrictEqual(json.anomalies, [])
 * assert.strictEqual(json.baseline[0]?.code, "NETWORK_DNS")
 *
 * @since 0.1.0
 * @category combinators
 */
export const report = (snapshot: Snapshot.Snapshot): Model.Report => atOnce(Answers.report(snapshot))

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const known = (snapshot: Snapshot.Snapshot): ReadonlyArray<Answers.Known> => atOnce(Answers.histories(snapshot))

const checkedOptions = (dimensions: ReadonlyArray<Snapshot.Dimension>) =>
  Check.struct(
    {
      by: Check.optional(Check.oneOf("dimension", dimensions.map(({ name }) => name))),
      code: Check.optional(Check.text),
      window: Check.optional(Check.oneOf("window", ["minute", "hour", "day"]))
    } satisfies Check.Checks<OffendersOptions>
  )
