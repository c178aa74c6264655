/**
 * The service that counts what goes wrong: since the start, over any window up to a day, by what was being fetched.
 *
 * @since 0.1.0
 */
import type * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type * as Alert from "./Alert.js"
import * as ErrorLog from "./ErrorLog.js"
import type * as FetchContext from "./FetchContext.js"
import type { EmptyReason, Severity, Trackable } from "./FetchError.js"
import { derive, noop } from "./internal/tracker/derived.js"
import { thresholds } from "./internal/tracker/limitsConfig.js"
import * as Memory from "./internal/tracker/memory.js"
import { persist } from "./internal/tracker/persisted.js"
import { persistedSettings, settings } from "./internal/tracker/trackerOptions.js"
import type * as Snapshot from "./Snapshot.js"
import type * as Threshold from "./Threshold.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The windows that are watched all the time.
 *
 * @since 0.1.0
 * @category models
 */
export type Window = "minute" | "hour" | "day"

/**
 * What a breakdown can be by: a text of the context, or the name of an attribute, if `dimensions` names it.
 *
 * @since 0.1.0
 * @category models
 */
export type Dimension = "symbol" | "source" | "market" | "interval" | "operation" | (string & {})

/**
 * What is held to be normal.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  /** Limits by code, instead of the default ones of that code; `{}` switches a code off. See `Threshold.defaults`. */
  readonly thresholds?: Threshold.Thresholds | undefined
  /** Limits on all codes together, on each value of a dimension, and on shares of attempts. Default: none. */
  readonly rules?: ReadonlyArray<Threshold.Rule> | undefined
}

/**
 * What a tracker in memory can be told. Everything has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Limits {
  /**
   * The codes of your own errors. Undeclared codes have rows of their own as long as there are fewer than 64 codes;
   * after that they are counted under the code `other`.
   */
  readonly codes?: ReadonlyArray<string> | undefined
  /** What breakdowns can be by, at most six. Default: symbol, source, market, interval. */
  readonly dimensions?: ReadonlyArray<Dimension> | undefined
  /**
   * How many values of one dimension are told apart, and twice as many pairs of value and code; further ones
   * are counted as `other`. Default 2,000. Where places are short, values silent for a day give theirs up.
   */
  readonly maxValues?: number | undefined
  /** The shortest time between two sweeps, which tell what alerts are over and free memory. Default 1 minute. */
  readonly sweepEvery?: Duration.DurationInput | undefined
  /** How many of the last errors are kept with their context. Default 100. */
  readonly recent?: number | undefined
}

/**
 * What a tracker that outlives its process can be told besides.
 *
 * @since 0.1.0
 * @category models
 */
export interface PersistedOptions extends Options {
  /** Under what name snapshots are kept in the store; a tracker needs one of its own. Default `error-tracker`. */
  readonly key?: string | undefined
  /** How often a snapshot is saved, and at most how much is lost when a process is killed. Default 1 minute. */
  readonly saveEvery?: Duration.DurationInput | undefined
}

/**
 * How often one code was counted.
 *
 * @since 0.1.0
 * @category models
 */
export interface CodeCount {
  readonly count: number
  /** That of the first error with this code. */
  readonly severity: Severity
}

/**
 * What became of failed attempts where `Fetch.retry` is at work.
 *
 * @since 0.1.0
 * @category models
 */
export interface RetryCounts {
  /** Attempts that were made because an earlier one had failed. */
  readonly retries: number
  /**
   * Calls that ended with an error that could have been tried again: no attempts were left or no budget, a circuit was
   * open, or the server had said to wait for too long.
   */
  readonly giveUps: number
  /** How often a call waited because the server had said to wait. */
  readonly gateWaits: number
  /** Calls that were not sent at all: a circuit was open, or the server had said to wait for too long. */
  readonly refusals: number
  /** How often a circuit opened. */
  readonly openCircuits: number
}

/**
 * What was counted, since the start (or the last reset) or within a window.
 *
 * @since 0.1.0
 * @category models
 */
export interface Stats {
  readonly at: DateTime.Utc
  /** None: since the start or the last reset. */
  readonly window: Option.Option<Duration.Duration>
  /** All errors, expected empties included. */
  readonly total: number
  /** Successes and failures, where attempts are counted; else 0. */
  readonly attempts: number
  /** Failures that were not expected, as a share of the attempts. None where attempts are not known. */
  readonly errorRatio: Option.Option<number>
  /**
   * How often something was not kept as it came, since the start: an error whose code or value had no place of its own
   * and was counted as `other`, or one that could not be counted at all because reading it threw.
   */
  readonly dropped: number
  readonly byCode: { readonly [code: string]: CodeCount }
  readonly bySeverity: { readonly [S in Severity]: number }
  readonly byCategory: { readonly [category: string]: number }
  readonly retry: RetryCounts
}

/**
 * Errors in the last minute, hour and day, by code.
 *
 * @since 0.1.0
 * @category models
 */
export type Rates = { readonly [W in Window]: { readonly [code: string]: number } }

/**
 * What to break down by, and which errors.
 *
 * @since 0.1.0
 * @category models
 */
export interface BreakdownOptions {
  readonly by: Dimension
  /** Default: since the start or the last reset. */
  readonly window?: Window | undefined
  /** Default: all codes. */
  readonly code?: string | undefined
  /** How many rows at most. Default: all. */
  readonly limit?: number | undefined
}

/**
 * One value of a dimension. Over a window, up to one sixtieth of the window more is counted than the window holds.
 *
 * @since 0.1.0
 * @category models
 */
export interface BreakdownRow {
  /** `other` holds the values beyond `maxValues`. */
  readonly value: string
  /** All errors, expected empties included. */
  readonly count: number
  /** Successes and failures, where attempts are counted; else 0. */
  readonly attempts: number
  /** Failures that were not expected, as a share of the attempts. None where attempts are not known. */
  readonly errorRatio: Option.Option<number>
  /** The share of this value in the errors of all values, 0 to 1. */
  readonly share: number
}

/**
 * How far back, in what steps, and which errors.
 *
 * @since 0.1.0
 * @category models
 */
export interface TimelineOptions {
  /** How far back, at most one day. */
  readonly window: Duration.DurationInput
  /** The length of one step; made longer where it would take more than 1,440 of them. */
  readonly step: Duration.DurationInput
  /** Default: all codes. */
  readonly code?: string | undefined
}

/**
 * The errors of one step, from just after `at − step` up to and including `at`.
 *
 * @since 0.1.0
 * @category models
 */
export interface TimelineStep {
  readonly at: DateTime.Utc
  readonly count: number
}

/**
 * Fetches that gave no data for one reason, from one source.
 *
 * @since 0.1.0
 * @category models
 */
export interface EmptyRow {
  readonly reason: EmptyReason
  /** `unknown` where the context named no source, `other` beyond the number of sources told apart. */
  readonly source: string
  readonly expected: number
  readonly unexpected: number
}

/**
 * Fetches that gave no data, by why and from where.
 *
 * @since 0.1.0
 * @category models
 */
export interface EmptyData {
  readonly at: DateTime.Utc
  /** None: since the start or the last reset. */
  readonly window: Option.Option<Duration.Duration>
  readonly expected: number
  readonly unexpected: number
  /** Most first. */
  readonly rows: ReadonlyArray<EmptyRow>
}

/**
 * Is what happens with a code normal, and if not, which limit says so? Of several limits exceeded, the one over the
 * shortest window is named. Rules are asked as far as they are on the count of this code.
 *
 * @since 0.1.0
 * @category models
 */
export interface Verdict {
  readonly verdict: "normal" | "extraordinary"
  readonly exceeded: Option.Option<{
    readonly window: Alert.WindowName
    readonly limit: number
    readonly count: number
  }>
}

/**
 * One error as it was tracked: bounded, and without secrets.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecentError {
  readonly at: DateTime.Utc
  readonly tag: string
  readonly code: string
  readonly category: string
  readonly severity: Severity
  readonly message: string
  readonly context: FetchContext.FetchContext
}

/**
 * Which latencies.
 *
 * @since 0.1.0
 * @category models
 */
export interface LatencyOptions {
  /** Default: since the start or the last reset. */
  readonly window?: Window | undefined
}

/**
 * How long the successful fetches from one source took, as far as `succeeded` was told. Quantiles are within 2 % of the
 * truth between 10 microseconds and two hours, the maximum is exact. Over a window, up to one sixth of the window more is
 * told than the window holds.
 *
 * @since 0.1.0
 * @category models
 */
export interface LatencyRow {
  /** `unknown` where the context named no source, `other` beyond the number of sources told apart. */
  readonly source: string
  readonly count: number
  readonly p50: Duration.Duration
  readonly p90: Duration.Duration
  readonly p99: Duration.Duration
  readonly max: Duration.Duration
}

/**
 * What is known of an error besides itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface TrackOptions {
  /**
   * Are the attempts counted at which this happened, those that succeed by `succeeded`? Then ratios are told of what the
   * error is about, even if nothing ever succeeds. Default false.
   */
  readonly attempt?: boolean | undefined
}

/**
 * What a tracker does. No member fails but `setLimits`, and none of the reads changes anything.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Counts one error. Counts the same error again if it is given again: who counts once is `Fetch.tracked`. */
  readonly track: (error: Trackable, options?: TrackOptions) => Effect.Effect<void>
  /** Counts one success, so that ratios can be told, and how long it took, which `latency` tells of. */
  readonly succeeded: (context: FetchContext.Input, duration?: Duration.DurationInput) => Effect.Effect<void>
  /** Counts what became of a failed attempt: `Fetch.retry` tells it. */
  readonly retried: (what: keyof RetryCounts) => Effect.Effect<void>
  /** A window of more than one day is one day; one that cannot be read is none. */
  readonly stats: (options?: { readonly window?: Duration.DurationInput | undefined }) => Effect.Effect<Stats>
  readonly rates: Effect.Effect<Rates>
  /** Worst first. No rows for a dimension that is not kept. */
  readonly breakdown: (options: BreakdownOptions) => Effect.Effect<ReadonlyArray<BreakdownRow>>
  /** Oldest first; the last step ends now. */
  readonly timeline: (options: TimelineOptions) => Effect.Effect<ReadonlyArray<TimelineStep>>
  readonly emptyData: (options?: { readonly window?: Duration.DurationInput | undefined }) => Effect.Effect<EmptyData>
  readonly verdict: (code: string) => Effect.Effect<Verdict>
  /** Slowest first, by the 99th percentile. */
  readonly latency: (options?: LatencyOptions) => Effect.Effect<ReadonlyArray<LatencyRow>>
  /** First what is active, then everything that follows, as it happens. */
  readonly alerts: Stream.Stream<Alert.Alert>
  readonly activeAlerts: Effect.Effect<ReadonlyArray<Alert.Fired | Alert.Escalated>>
  /** The last errors, newest first. */
  readonly recent: (
    options?: { readonly limit?: number | undefined; readonly code?: string | undefined }
  ) => Effect.Effect<ReadonlyArray<RecentError>>
  /**
   * Holds other limits to be normal from now on, all those that are not given being the default ones again. Fails if they
   * make no sense, with a message that says which, and what would; then the old ones stay. A limit of the same name that
   * has only another number goes on where it stood: what is active and exceeds it still is not told again, what does not
   * any more is over.
   */
  readonly setLimits: (limits: Limits) => Effect.Effect<void, Cause.IllegalArgumentException>
  /** Everything the tracker knows, to be kept or asked; see `Snapshot`. */
  readonly snapshot: Effect.Effect<Snapshot.Snapshot>
  /**
   * Forgets everything and goes on where the snapshot stood. What it counted is as old as the wall clock says, the limits
   * and dimensions are those of this tracker. An alert that was active then still is, and is not told again.
   */
  readonly restore: (snapshot: Snapshot.Snapshot) => Effect.Effect<void>
  /** Forgets everything. */
  readonly reset: Effect.Effect<void>
  /** Keeps the log of what is tracked here from being drowned: `Fetch.tracked` logs through it. */
  readonly storm: ErrorLog.Storm
}

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The tag of the tracker. Provide it with {@link layer}, with {@link layerNoop}, or with a store of your own.
 *
 * @since 0.1.0
 * @category tags
 */
export class ErrorTracker extends Context.Tag("effect-errata/ErrorTracker")<ErrorTracker, Service>() {}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What a store has to bring; the rest can be told from it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Store extends Omit<Service, Derived>, Partial<Pick<Service, Derived>> {}

type Derived = "rates" | "timeline" | "verdict" | "latency" | "retried" | "storm" | "setLimits" | "snapshot" | "restore"

/**
 * A tracker from a store of your own. Rates and timelines are told from `stats`, and a verdict from `activeAlerts`, unless
 * the store knows better. Of latencies it tells none, and what is retried it does not count. Its storm tells the sum of a window with the next error, unless the
 * store brings one that lives in a scope: see `ErrorLog.makeStorm`.
 *
 * A store that keeps its counts elsewhere needs no snapshots to outlive a restart: without those of its own they are
 * empty, and to restore one changes nothing. `setLimits` fails where the store has none of its own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (store: Store): Service => ({ storm: ErrorLog.makeStorm(), ...derive(store), ...store })

/**
 * Limits from the environment (or any other `ConfigProvider`), on top of the default ones:
 * `THRESHOLDS_DATA_EMPTY_PER_MINUTE`, `…_PER_HOUR`, `…_PER_DAY`, and `THRESHOLDS_DATA_EMPTY_RECOVER_AT`; for every code of
 * the 17 types, and for the codes named here.
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
 * A tracker in memory. Call it once and share the layer: every call makes a tracker of its own. Dies of options that make
 * no sense, with a message that says which, and what would.
 *
 * Every alert is also logged: as a warning, or as information once it is over, with the annotations `error_type`,
 * `severity`, `window`, `limit` and `count`. What falls due while nothing is tracked is logged by a fiber of the layer, to
 * the loggers that were there when the layer was built.
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
      onRight: Memory.make
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
        onRight: Memory.make
      }))
  )

/**
 * A tracker in memory that outlives its process: a snapshot is saved in a `KeyValueStore` every now and then and when the
 * layer is released, and the next tracker goes on where the last one stood. What was counted is as old as the wall clock
 * says, an alert that was active still is, and is not told again.
 *
 * Snapshots take turns under two keys, `KEY.0` and `KEY.1`: if the process dies while it writes one, the other one is
 * whole. One that is damaged, foreign or of a newer version is logged as the error it is, and not used; if none can be,
 * counting begins anew. A store that fails is logged when it begins to and when it has stopped, one that hangs is given
 * 5 seconds, and neither changes what the tracker does. Nothing is saved that a log would mask. A snapshot takes 200 kB
 * for 50 symbols and some thousand errors, and some megabytes for thousands of symbols and a million errors a day.
 *
 * Dies of options that make no sense, like {@link layer}.
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
      onRight: ({ place, settings }) => Effect.tap(Memory.make(settings), (tracker) => persist(tracker, place))
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
  Effect.map(Effect.scope, (scope) => ({ ...noop, storm: ErrorLog.makeStorm(scope) }))
)
