/**
 * Errors in the log: each with what was being fetched, why it failed, and nothing secret.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as FetchContext from "./FetchContext.js"
import type * as FetchError from "./FetchError.js"
import { causes, chain, trace } from "./internal/error/causeChain.js"
import { toErrors } from "./internal/error/safeCause.js"
import { isWanted, levelOf } from "./internal/log/level.js"
import * as line from "./internal/log/line.js"
import type { Held } from "./internal/log/stormGuard.js"
import { windowMillis, Windows } from "./internal/log/stormGuard.js"
import { attempt, safeText } from "./internal/safe/json.js"

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
  /** The whole cause the error came in: what failed or died beside it goes along. */
  readonly cause?: Cause.Cause<unknown> | undefined
  /** Default: by severity; an expected empty is worth a `DEBUG`. */
  readonly level?: LogLevel.LogLevel | undefined
  /** Default: `Error fetching data for BTCUSDT 1h: …`. */
  readonly message?: string | undefined
  /** Holds back the lines of an error that comes too often. */
  readonly storm?: Storm | undefined
}

/**
 * Keeps a storm of one error from drowning the rest of a log. Errors of one code, source and level are one error to it,
 * and it knows at most 256 of them at a time.
 *
 * In a window of ten seconds, which begins with the first of them, five are logged in full. Those after are held back:
 * a line tells how many when it comes to 10, 100, 1,000 and so on, and one when the window ends tells the sum.
 *
 * @since 0.1.0
 * @category models
 */
export interface Storm {
  /** Writes the line of an error, or counts the error; and writes the counts that are due. */
  readonly calm: (
    error: FetchError.Trackable,
    level: LogLevel.LogLevel,
    write: Effect.Effect<void>
  ) => Effect.Effect<void>
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Logs an error once, at the level of its severity, with its context as annotations and its chain of causes as the
 * cause of the log entry: names and messages, secrets masked, and the frames of the program where it began. What was
 * thrown itself, with its headers and keys, is not handed to any logger.
 *
 * Annotations, as far as known: `error_type` (the code), `error_message`, `severity`, `exception_type` (the name of what
 * was thrown), `symbol`, `interval`, `market_type`, `source`, `start_time`, `end_time`, `operation`, `attempt`, `url`,
 * `retryable`, `retry_after_millis`, `earlier`, the attributes of the context, and the error's own evidence, such as
 * `status`, `api_code` and `errno`.
 *
 * Never fails: a logger that throws changes nothing for the fetch.
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
export const log = (error: FetchError.Trackable, options: LogOptions = {}): Effect.Effect<void> =>
  Effect.withFiberRuntime((fiber) => {
    const level = options.level ?? levelOf(error)
    // Nothing is done for a line that nobody wants.
    if (!isWanted(level, fiber)) return Effect.void
    const write = Effect.suspend(() => entry(error, level, options))
    const calmed = Effect.suspend(() => options.storm === undefined ? write : options.storm.calm(error, level, write))
    return Effect.catchAllCause(calmed, () => Effect.void)
  })

/**
 * Makes a storm for one log, to be shared by all that write there. It lives in a scope: a fiber of that scope tells the
 * sum when a window ends, though nothing else happens, and what is left to tell when the scope closes. There is no such
 * fiber as long as there is nothing to tell. Without a scope, or after its end, a sum is told with the next error.
 *
 * `ErrorTracker.layer` makes one for what `Fetch.tracked` logs.
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
 * assert.strictEqual(lines.length, 7) // five in full, and two counts
 * assert.strictEqual(lines[6]?.message, "NETWORK_DNS: 95 more so far, not logged one by one")
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeStorm = (scope?: Scope.Scope): Storm => {
  const windows = new Windows()
  // Is somebody there who will tell what is due?
  let watched = scope === undefined

  const told = (held: ReadonlyArray<Held>): Effect.Effect<void> => Effect.forEach(held, count, { discard: true })

  const watch: Effect.Effect<void> = Effect.gen(function*() {
    for (let next = windows.next(); next !== undefined; next = windows.next()) {
      yield* Effect.sleep(Duration.millis(next - (yield* nowMillis)))
      yield* told(windows.close(yield* nowMillis))
    }
    watched = false
  })

  const watcher = watch.pipe(
    Effect.interruptible,
    Effect.onInterrupt(() => Effect.suspend(() => told(windows.open()))),
    // It tells of many fetches: it is no part of the one that happened to start it, nor of its span.
    Effect.mapInputContext<never, never>(() => Context.empty())
  )

  const startWatch: Effect.Effect<unknown> = Effect.suspend(() => {
    if (watched || scope === undefined || windows.next() === undefined) return Effect.void
    watched = true
    // Uninterruptible from its first step: it tells also if the scope closes before that.
    return Effect.uninterruptible(Effect.forkIn(watcher, scope))
  })

  return {
    calm: (error, level, write) =>
      Effect.flatMap(nowMillis, (now) => {
        const { due, inFull } = windows.admit(error, level, now)
        const counts = due.length === 0 ? Effect.void : told(due)
        return Effect.zipRight(counts, inFull ? write : startWatch)
      }).pipe(Effect.asVoid)
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Logs in place of the default logger, to the Console, one line an entry:
 * `2024-01-01T00:00:00.000Z [ERROR] message | Error Context: {"error_type":"NETWORK_DNS", …}`. The context is the
 * annotations, the spans in milliseconds and the cause of the entry, as JSON.
 *
 * This holds for every log call of the program: secrets are masked, characters that would break or forge a line are
 * written as escapes, no line is longer than 8 kB, and the logger never throws.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerText: Layer.Layer<never> = Logger.replace(Logger.defaultLogger, line.textLogger)

/**
 * Like {@link layerText}, but each line is one JSON object with the keys `timestamp`, `level`, `message`,
 * `annotations`, `spans` (in milliseconds) and, if there is one, `cause`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerJson: Layer.Layer<never> = Logger.replace(Logger.defaultLogger, line.jsonLogger)

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const maxMessage = 2048
const maxBeside = 4

const nowMillis = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos / 1_000_000n))

const count = ({ closed, code, count, level, source }: Held): Effect.Effect<void> =>
  put(
    level,
    `${code}${source === undefined ? "" : ` from ${source}`}: ${count} more ${
      closed ? `in ${windowMillis / 1000} seconds` : "so far"
    }, not logged one by one`,
    { error_type: code, source, count },
    Cause.empty
  ).pipe(Effect.catchAllCause(() => Effect.void))

const entry = (error: FetchError.Trackable, level: LogLevel.LogLevel, { cause = Cause.empty, message }: LogOptions) =>
  put(
    level,
    message ?? attempt(() => sentence(error)) ?? unreadable,
    attempt(() => facts(error)) ?? {},
    attempt(() => masked(error, cause)) ?? Cause.empty
  )

/** Other loggers print what they are given as it is: so what is given is clean. */
const put = (
  level: LogLevel.LogLevel,
  message: string,
  annotations: Readonly<Record<string, unknown>>,
  cause: Cause.Cause<unknown>
): Effect.Effect<void> => {
  const known = Object.entries(annotations).filter(([, value]) => value !== undefined)
  const clean = Object.entries(line.fields(known)).map(([key, value]) =>
    [line.visible(key), typeof value === "string" ? line.visible(value) : value] as const
  )
  return Effect.annotateLogs(
    Effect.logWithLevel(level, line.visible(safeText(message, maxMessage)), cause),
    Object.fromEntries(clean)
  )
}

// Of an error that throws when it is read.
const unreadable = "Error fetching data"

const verbs: Readonly<Record<string, string>> = { read: "reading", write: "writing", validate: "validating" }

const sentence = ({ code, context, message }: FetchError.Trackable): string => {
  const what = [context.symbol, context.interval].filter((part) => part !== undefined).join(" ")
  const subject = code === "DATA_EMPTY" ? "No data" : `Error ${verbs[context.operation ?? ""] ?? "fetching"} data`
  const about = `${subject}${what === "" ? "" : ` for ${what}`}`
  return message.startsWith(subject) ? `${about}${message.slice(subject.length)}` : `${about}: ${message}`
}

const facts = (error: FetchError.Trackable): Record<string, unknown> => {
  const { attributes, ...context } = FetchContext.make(error.context)
  const retryAfter = error.retryAfter ?? Option.none()
  return {
    ...attributes,
    ...evidence(error),
    ...FetchContext.toRecord(context),
    error_type: error.code,
    error_message: error.message,
    severity: error.severity,
    exception_type: exceptionType(error),
    retryable: error.retryable,
    retry_after_millis: Option.getOrUndefined(Option.map(retryAfter, Duration.toMillis))
  }
}

// What the error classes have in common is told under the names above, or by the cause.
const common = new Set([
  "_tag",
  "name",
  "message",
  "stack",
  "cause",
  "context",
  "retryable",
  "retryAfter",
  "code",
  "category",
  "severity",
  "description"
])

/** What the error knows besides: `status`, `api_code`, `errno`, `reason`, `issues`, `earlier`. */
const evidence = (error: FetchError.Trackable): Record<string, unknown> =>
  Object.fromEntries(
    Object.keys(error).map((key) => [key, attempt(() => Reflect.get(error, key))] as const)
      .filter(([key, value]) =>
        !common.has(key) && (Array.isArray(value) ? value.length > 0 : typeof value !== "object")
      )
      .map(([key, value]) => [key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value])
  )

/** The name of what was thrown: of the innermost cause that has a name of its own. */
const exceptionType = (error: FetchError.Trackable & { readonly cause?: unknown }): string => {
  const names = error.cause === undefined ? [] : chain(error.cause).map(({ name }) => name)
  return names.findLast((name) => name !== "Error") ?? names[0] ?? error._tag
}

/** The causes as errors without secrets: those of the error itself, and those of what failed or died beside it. */
const masked = (error: FetchError.Trackable, cause: Cause.Cause<unknown>): Cause.Cause<unknown> => {
  const known = new Set(causes(error))
  const beside = [...Cause.failures(cause), ...Cause.defects(cause)].filter((other) =>
    !causes(other).some((link) => known.has(link))
  )
  return beside.slice(0, maxBeside).reduce<Cause.Cause<unknown>>(
    (all, other) => Cause.parallel(all, Cause.die(stripped(other))),
    Cause.fail(stripped(error))
  )
}

const stripped = (error: unknown): Error | undefined =>
  toErrors(
    trace(error).map(({ frames, message, name }) => ({
      name: line.visible(name),
      message: line.visible(message),
      frames: frames?.map(line.visible)
    }))
  )
