/**
 * Log lines of errors: with the context of the fetch and the reason of the failure, and without secrets.
 *
 * Guide: [Production](../docs/production.md).
 *
 * @since 0.1.0
 * @module
 */
import type * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as HashSet from "effect/HashSet"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import type * as Scope from "effect/Scope"
import type * as FetchError from "./FetchError.js"
import * as level from "./internal/log/level.js"
import * as line from "./internal/log/line.js"
import { logError } from "./internal/log/logError.js"
import { makeStormGuard } from "./internal/log/stormGuard.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Options of {@link log}.
 *
 * @since 0.1.0
 * @category models
 */
export interface LogOptions {
  /** The `Cause` of the error. Other failures and defects in it are logged too. */
  readonly cause?: Cause.Cause<unknown> | undefined
  /** Default: the level of the severity; `DEBUG` for an expected empty. */
  readonly level?: LogLevel.LogLevel | undefined
  /** Default: `Error fetching data for BTCUSDT 1h: …`. */
  readonly message?: string | undefined
  /** Limits the lines of an error that occurs too often. */
  readonly storm?: Storm | undefined
}

/**
 * A guard that limits the lines of an error that occurs too often.
 *
 * Errors of one code, source and level share a window of ten seconds, which begins with the first of them. Five of them
 * get a line each. After those, only errors with new information get one: another status, another API code, another
 * message apart from its numbers (up to 16 in a window), or another symbol (up to 8). The rest are counted: one line gives
 * the count when it reaches 10, 100, 1,000 and so on, and one line gives the sum when the window ends. At most 256 windows
 * are open at a time; further errors share one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Storm {
  /** Writes the line of an error or counts the error, and writes the counts that are due. */
  readonly admit: (
    error: FetchError.Trackable,
    level: LogLevel.LogLevel,
    write: Effect.Effect<void>
  ) => Effect.Effect<void>
}

// ---------------------------------------------------------------------------------------------------------------------
// settings
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The level of the lines about failures that are not the outcome of a call: attempts that `Fetch.retry` retries, and
 * sources that `Fetch.failover` passes over. Default: `DEBUG`. `LogLevel.None` writes no such lines.
 *
 * @example
 * import { ErrorLog, ErrorTracker, Fetch, FetchError, RetryPolicy } from "effect-errata"
 * import { LogCapture } from "effect-errata/testing"
 * import { Effect, Layer, LogLevel } from "effect"
 *
 * let attempts = 0
 * const fetch = Effect.suspend(() =>
 *   ++attempts < 2 ? Effect.fail(new FetchError.ApiFormat({ status: 502 })) : Effect.succeed(attempts)
 * )
 *
 * const program = Effect.gen(function*() {
 *   const policy = yield* RetryPolicy.make({ rows: { API_FORMAT: { base: "1 milli" } } })
 *   yield* fetch.pipe(Fetch.tracked({ symbol: "BTCUSDT" }), Fetch.retry(policy))
 *   return (yield* LogCapture.at("Info")).length
 * })
 *
 * const attemptsAtInfo = Layer.succeed(ErrorLog.AttemptLevel, LogLevel.Info)
 *
 * Effect.runPromise(program.pipe(Effect.provide([attemptsAtInfo, ErrorTracker.layer(), LogCapture.layer]))).then((lines) =>
 *   assert.strictEqual(lines, 1)
 * )
 *
 * @since 0.1.0
 * @category references
 */
export const AttemptLevel = level.AttemptLevel

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Logs an error once, at the level of its severity. The annotations are its context and its evidence; the cause of the
 * entry is its chain of causes: names and messages with secrets masked, and the program's own stack frames of the innermost
 * one. The object that was thrown, with its headers and keys, reaches no logger.
 *
 * Annotations, as far as known: `error_type` (the code), `error_message`, `severity`, `exception_type` (the name of what
 * was thrown), `symbol`, `interval`, `market_type`, `source`, `start_time`, `end_time`, `operation`, `attempt`, `url`,
 * `retryable`, `retry_after_millis`, `earlier`, the attributes of the context, and the error's own evidence, such as
 * `status`, `api_code` and `errno`.
 *
 * Never fails: exceptions of loggers are ignored.
 *
 * @example
 * import { ErrorLog, FetchError } from "effect-errata"
 * import { LogCapture } from "effect-errata/testing"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   yield* ErrorLog.log(new FetchError.NetworkDns({ context: { symbol: "BTCUSDT", interval: "1h" } }))
 *   assert.strictEqual(yield* LogCapture.text, "[Error] Error fetching data for BTCUSDT 1h: DNS resolution failed")
 * })
 *
 * Effect.runSync(Effect.provide(program, LogCapture.layer))
 *
 * @since 0.1.0
 * @category constructors
 */
export const log = (
  error: FetchError.Trackable,
  { cause, level, message, storm }: LogOptions = {}
): Effect.Effect<void> => logError(error, { cause, level, message, guard: storm })

/**
 * Makes a guard for one log, to be shared by everything that writes there.
 *
 * With a scope, a fiber of that scope writes the sum when a window ends, and the counts that remain when the scope closes.
 * The fiber exists only while a count is due. Without a scope, or after its end, a sum is written with the next error.
 *
 * Windows follow `clock`. Default: the Clock of the first error that is logged.
 *
 * `ErrorTracker.layer` makes one for `Fetch.tracked`.
 *
 * @example
 * import { ErrorLog, FetchError } from "effect-errata"
 * import { LogCapture } from "effect-errata/testing"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const storm = ErrorLog.makeStorm(yield* Effect.scope)
 *   yield* Effect.repeatN(ErrorLog.log(new FetchError.NetworkDns(), { storm }), 99)
 * })
 *
 * const lines = Effect.runSync(
 *   Effect.scoped(program).pipe(Effect.zipRight(LogCapture.entries), Effect.provide(LogCapture.layer))
 * )
 *
 * assert.strictEqual(lines.length, 7) // five errors, and two counts
 * assert.strictEqual(lines[6]?.message, "NETWORK_DNS: 95 more errors so far, not logged one by one")
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeStorm = (scope?: Scope.Scope, clock?: Clock.Clock): Storm => makeStormGuard(scope, clock)

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Replaces Effect's default logger, and the pretty logger that `runMain` installs, by one that writes to the Console, one
 * line per entry: `2024-01-01T00:00:00.000Z [ERROR] message | Error Context: {"error_type":"NETWORK_DNS", …}`. The
 * context is the annotations, the spans in milliseconds and the cause of the entry, as JSON. Other loggers of the program
 * stay.
 *
 * In all entries of the program, secrets are masked, and control and bidirectional characters are escaped. No line is longer
 * than 8 kB. The logger never throws.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerText: Layer.Layer<never> = replacing(line.textLogger)

/**
 * Like {@link layerText}, but each line is one JSON object with the keys `timestamp`, `level`, `message`,
 * `annotations`, `spans` (in milliseconds) and, if there is one, `cause`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerJson: Layer.Layer<never> = replacing(line.jsonLogger)

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

// Loggers that print the same entries to the same console. An inner layer of this module replaces an outer one.
const replaced: ReadonlyArray<Logger.Logger<unknown, unknown>> = [
  Logger.defaultLogger,
  Logger.prettyLoggerDefault,
  line.textLogger,
  line.jsonLogger
]

function replacing(logger: Logger.Logger<unknown, unknown>): Layer.Layer<never> {
  return Layer.fiberRefLocallyScopedWith(
    FiberRef.currentLoggers,
    (loggers) => HashSet.add(replaced.reduce((rest, known) => HashSet.remove(rest, known), loggers), logger)
  )
}
