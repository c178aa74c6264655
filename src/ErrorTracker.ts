/**
 * The service that counts errors and attempts: since the start, over any window up to a day, and by dimension.
 *
 * Guide: [Limits and alerts](../docs/alerts.md).
 *
 * @since 0.1.0
 * @module
 */
import type * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as ErrorLog from "./ErrorLog.js"
import type { DimensionName } from "./internal/tracker/counting/dimensionReader.js"
import type * as Windows from "./internal/tracker/counting/windows.js"
import { derive, noop } from "./internal/tracker/derived.js"
import { thresholds } from "./internal/tracker/limitsConfig.js"
import * as Memory from "./internal/tracker/memory.js"
import type * as Model from "./internal/tracker/model.js"
import { persist } from "./internal/tracker/persisted.js"
import { guardOnly, withReporting } from "./internal/tracker/reporting.js"
import type { Settings } from "./internal/tracker/trackerOptions.js"
import { persistedSettings, settings } from "./internal/tracker/trackerOptions.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A window for which counts are kept at all times.
 *
 * @since 0.1.0
 * @category models
 */
export type Window = Windows.Window

/**
 * A dimension to count by: a field of the context or of the error, or the name of an attribute; see `Options.dimensions`.
 *
 * @since 0.1.0
 * @category models
 */
export type Dimension = DimensionName

/**
 * The limits and rules that decide what is normal.
 *
 * @since 0.1.0
 * @category models
 */
export type Limits = Model.Limits

/**
 * The options of a tracker in memory. Each has a default.
 *
 * @since 0.1.0
 * @category models
 */
export type Options = Model.Options

/**
 * The options of a tracker that outlives its process.
 *
 * @since 0.1.0
 * @category models
 */
export type PersistedOptions = Model.PersistedOptions

/**
 * The number of errors of one code.
 *
 * @since 0.1.0
 * @category models
 */
export type CodeCount = Model.CodeCount

/**
 * What retry policies did, as counted by `Fetch.retry`.
 *
 * @since 0.1.0
 * @category models
 */
export type RetryCounts = Model.RetryCounts

/**
 * Calls by their outcome, as counted by `Fetch.retry`. A call is one attempt, or several under a retry policy.
 *
 * @since 0.1.0
 * @category models
 */
export type CallCounts = Model.CallCounts

/**
 * The options of `breakdown`: the dimension, and which errors.
 *
 * @since 0.1.0
 * @category models
 */
export type BreakdownOptions = Model.BreakdownOptions

/**
 * The options of `timeline`: the length, the step, and which errors.
 *
 * @since 0.1.0
 * @category models
 */
export type TimelineOptions = Model.TimelineOptions

/**
 * The options of `callTimeline`: the length and the step.
 *
 * @since 0.1.0
 * @category models
 */
export type CallTimelineOptions = Model.CallTimelineOptions

/**
 * The options of `worst`: the dimension, the window, and how many.
 *
 * @since 0.1.0
 * @category models
 */
export type WorstOptions = Model.WorstOptions

/**
 * The options of `latency`: the dimension, the window, and how many rows.
 *
 * @since 0.1.0
 * @category models
 */
export type LatencyOptions = Model.LatencyOptions

/**
 * The options of `track`.
 *
 * @since 0.1.0
 * @category models
 */
export type TrackOptions = Model.TrackOptions

/**
 * The service. No member but `setLimits` fails, and no read changes the state. A read dies of options that are wrong (an
 * unknown name, a window like `"5 mins"`, a dimension that is not kept), with a message that names the option and what it
 * accepts.
 *
 * @since 0.1.0
 * @category models
 */
export type Service = Model.Service

/**
 * The members that a custom tracker implements; {@link make} derives the optional ones.
 *
 * @since 0.1.0
 * @category models
 */
export type Store = Model.Store

// The reads: each name is the type, and the schema of its JSON.
export {
  /**
   * An active alert as it is now: since when, its present amount, and its trend over the last hour.
   *
   * @since 0.1.0
   * @category models
   */
  AlertStatus,
  /**
   * The counts of one value of a dimension. A count over a window covers up to one sixtieth of the window more.
   *
   * @since 0.1.0
   * @category models
   */
  BreakdownRow,
  /**
   * The calls that ended in one step, from just after `at − step` up to and including `at`, by their outcome.
   *
   * @since 0.1.0
   * @category models
   */
  CallStep,
  /**
   * Fetches without data, by reason and source.
   *
   * @since 0.1.0
   * @category models
   */
  EmptyData,
  /**
   * Fetches without data, for one reason and from one source.
   *
   * @since 0.1.0
   * @category models
   */
  EmptyRow,
  /**
   * The durations of the successful attempts of one value of a dimension, as reported to `succeeded`. Quantiles are within 2 %
   * between 10 microseconds and two hours, the maximum is exact. A row over a window covers up to one sixth of the window
   * more.
   *
   * @since 0.1.0
   * @category models
   */
  LatencyRow,
  /**
   * A limit in force: that of a code, or a rule.
   *
   * @since 0.1.0
   * @category models
   */
  LimitRow,
  /**
   * Errors in the last minute, hour and day, by code.
   *
   * @since 0.1.0
   * @category models
   */
  Rates,
  /**
   * A recent error, bounded and redacted.
   *
   * @since 0.1.0
   * @category models
   */
  RecentError,
  /**
   * Counts since the start (or the last reset), or within a window.
   *
   * The schemas of this module write plain JSON, as `JSON.stringify` does with the reads of a tracker: instants are ISO 8601,
   * durations milliseconds, and a field that is None is absent.
   *
   * @since 0.1.0
   * @category models
   */
  Stats,
  /**
   * The errors of one step, from just after `at − step` up to and including `at`.
   *
   * @since 0.1.0
   * @category models
   */
  TimelineStep,
  /**
   * Whether the current count of a code is normal, and if not, which limit it exceeds: of several, the one with the shortest
   * window. Rules count as far as they limit the count of this code.
   *
   * @since 0.1.0
   * @category models
   */
  Verdict,
  /**
   * The values of a dimension with the highest failure rates, compared with the others.
   *
   * @since 0.1.0
   * @category models
   */
  Worst,
  /**
   * One of the values with the highest failure rates.
   *
   * @since 0.1.0
   * @category models
   */
  WorstRow
} from "./internal/tracker/readCodec.js"

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The tag of the tracker. Provide it with {@link layer}, {@link layerNoop}, or an implementation of your own.
 *
 * @since 0.1.0
 * @category tags
 */
export class ErrorTracker extends Context.Tag("effect-errata/ErrorTracker")<ErrorTracker, Service>() {}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes a tracker from an implementation of your own. Rates and timelines are derived from `stats`, verdicts from
 * `activeAlerts`, unless the implementation has its own. `latency` has no rows.
 *
 * An implementation that keeps its counts elsewhere needs no snapshots to outlive a restart: unless it has its own,
 * snapshots are empty and restoring one has no effect. `setLimits` fails unless it is implemented.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (store: Store): Service => ({
  ...withReporting(derive(store), guardOnly(ErrorLog.makeStorm())),
  ...store
})

/**
 * Limits from the environment, or any other `ConfigProvider`, on top of the default limits:
 * `THRESHOLDS_DATA_EMPTY_PER_MINUTE`, `…_PER_HOUR`, `…_PER_DAY`, and `THRESHOLDS_DATA_EMPTY_RECOVER_AT`; for the codes
 * of the 17 types, and for those in `codes`.
 *
 * @example
 * import { ErrorTracker } from "effect-errata"
 * import { ConfigProvider, Effect } from "effect"
 *
 * const provider = ConfigProvider.fromMap(new Map([["THRESHOLDS_API_AUTH_PER_HOUR", "3"]]))
 * const options = Effect.runSync(Effect.withConfigProvider(ErrorTracker.config(), provider))
 *
 * assert.deepStrictEqual(options.thresholds, { API_AUTH: { perHour: 3 } })
 *
 * @since 0.1.0
 * @category constructors
 */
export const config = (
  options: { readonly codes?: ReadonlyArray<string> | undefined } = {}
): Config.Config<Options> =>
  Config.map(thresholds(options.codes ?? []), (thresholds) => ({ thresholds, codes: options.codes }))

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A tracker in memory. Build the layer once and share it: each call makes a separate tracker. Dies of invalid options, with
 * a message that names the option and what it accepts.
 *
 * Every alert is also logged: as a warning, or as information once it is over, with the annotations `error_type`,
 * `severity`, `window`, `limit` and `count`. What falls due while nothing is tracked is logged by a fiber of the layer.
 * Time is the Clock of the layer, also for fetches under another one; ages never decrease if it goes back.
 *
 * @example
 * import { ErrorTracker, FetchError } from "effect-errata"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   yield* tracker.track(new FetchError.NetworkDns({ context: { symbol: "BTCUSDT" } }))
 *   return yield* tracker.breakdown({ by: "symbol" })
 * })
 *
 * const [row] = Effect.runSync(program.pipe(Effect.provide(ErrorTracker.layer())))
 * assert.strictEqual(row?.value, "BTCUSDT")
 * assert.strictEqual(row?.count, 1)
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<ErrorTracker> =>
  Layer.scoped(
    ErrorTracker,
    Either.match(settings(options), {
      onLeft: (message) => Effect.die(new Cause.IllegalArgumentException(`ErrorTracker: ${message}`)),
      onRight: inMemory
    })
  )

/**
 * A tracker in memory with options from the environment, by default the limits that {@link config} reads. Fails where
 * {@link layer} would die.
 *
 * @example
 * import { Config } from "effect"
 * import { ErrorTracker } from "effect-errata"
 *
 * const limits = ErrorTracker.layerConfig()
 * const more = ErrorTracker.layerConfig(Config.map(ErrorTracker.config(), (limits) => ({ ...limits, recent: 1000 })))
 *
 * assert.notStrictEqual(limits, more)
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options> = config()
): Layer.Layer<ErrorTracker, ConfigError.ConfigError> =>
  Layer.scoped(
    ErrorTracker,
    Effect.flatMap(Config.unwrap(options), (options) =>
      Either.match(settings(options), {
        onLeft: (message) => Effect.fail(ConfigError.InvalidData([], message)),
        onRight: inMemory
      }))
  )

/**
 * A tracker in memory that outlives its process: it saves a snapshot in a `KeyValueStore` on a schedule and when the layer
 * is released, and the next tracker continues from it. Ages continue by the wall clock; an alert that was active stays
 * active without a second `Fired`.
 *
 * - Snapshots alternate between two keys, `KEY.0` and `KEY.1`, so that one is complete if the process dies during a save.
 * - A snapshot that is damaged, foreign or of a newer version is logged, left in place, and not used; saves go to the next
 *   keys, up to `KEY.7`. If no snapshot can be used, counting starts from zero.
 * - If the store cannot be read at the start, nothing is written to it until it can. Its counts are then added to those
 *   made since.
 * - A store that fails is logged when it starts to fail and when it works again. One that does not answer is given up
 *   after 5 seconds. Neither affects counting.
 * - Snapshots are redacted like logs. One takes 200 kB for 50 symbols and some thousand errors, and a few megabytes for
 *   thousands of symbols and a million errors a day. Encoding is split into steps of a few milliseconds.
 *
 * Dies of invalid options, like {@link layer}.
 *
 * @example
 * import { KeyValueStore } from "@effect/platform"
 * import { ErrorTracker, FetchError } from "effect-errata"
 * import { Effect, Layer } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   yield* tracker.track(new FetchError.NetworkDns())
 *   return (yield* tracker.stats()).total
 * }).pipe(Effect.provide(ErrorTracker.layerPersisted({ saveEvery: "30 seconds" })))
 *
 * // In a real program: KeyValueStore.layerFileSystem("state"), or localStorage.
 * const twice = Effect.zip(program, program).pipe(Effect.provide(KeyValueStore.layerMemory))
 *
 * Effect.runPromise(twice).then((totals) => assert.deepStrictEqual(totals, [1, 2]))
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPersisted = (
  options: PersistedOptions = {}
): Layer.Layer<ErrorTracker, never, KeyValueStore.KeyValueStore> =>
  Layer.scoped(
    ErrorTracker,
    Either.match(persistedSettings(options), {
      onLeft: (message) => Effect.die(new Cause.IllegalArgumentException(`ErrorTracker: ${message}`)),
      onRight: ({ place, settings }) =>
        Effect.flatMap(Memory.make(settings), ({ persistable, service }) =>
          Effect.as(persist(persistable, place), service))
    })
  )

/**
 * A tracker that counts nothing.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerNoop: Layer.Layer<ErrorTracker> = Layer.scoped(
  ErrorTracker,
  Effect.map(Effect.scope, (scope) => withReporting(noop, guardOnly(ErrorLog.makeStorm(scope))))
)

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const inMemory = (settings: Settings) => Effect.map(Memory.make(settings), ({ service }) => service)
