/**
 * Data and error in one value, for callers that use no error channel.
 *
 * Guide: [The 17 errors](../docs/errors.md).
 *
 * @since 0.1.0
 * @module
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as FetchContext from "./FetchContext.js"
import type { FetchError, Severity, Trackable } from "./FetchError.js"
import { chain } from "./internal/error/causeChain.js"
import { safeText } from "./internal/safe/json.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A part of the requested range that is not in the data.
 *
 * @since 0.1.0
 * @category models
 */
export interface Missing {
  /** The first missing instant, in epoch milliseconds. */
  readonly start: number
  /** The end of the missing range, in epoch milliseconds, exclusive. */
  readonly end: number
  /** The reason, such as `source_gap`. */
  readonly reason: string
}

/**
 * The outcome of a fetch as a value: the data, which is empty after a failure, and the error if there is one.
 *
 * @example
 * import { DataResult, FetchError } from "effect-errata"
 * import { DateTime, Option } from "effect"
 *
 * const result = DataResult.make({
 *   data: [],
 *   error: Option.some(new FetchError.ApiRateLimit({ context: { symbol: "BTCUSDT" } })),
 *   timestamp: DateTime.unsafeMake(0)
 * })
 *
 * assert.strictEqual(result.hasError, true)
 * assert.strictEqual(result.toLogRecord()["error_type"], "API_RATE_LIMIT")
 *
 * @since 0.1.0
 * @category models
 */
export interface DataResult<out A, out E extends Trackable = FetchError> {
  readonly data: A
  readonly error: Option.Option<E>
  /** The message of the error, without secrets. */
  readonly message: Option.Option<string>
  /** The context of the fetch. */
  readonly metadata: FetchContext.FetchContext
  /** The time of the outcome, by the Clock. */
  readonly timestamp: DateTime.Utc
  /** The parts of the requested range that are not in `data`. */
  readonly missing: ReadonlyArray<Missing>
  /** The number of rows of `data`. */
  readonly rows: number
  readonly isEmpty: boolean
  readonly hasError: boolean
  /** The stack of the error and the chain of its causes, without secrets. */
  readonly stackTrace: Option.Option<string>
  /** The severity of the error; `INFO` if there is none. */
  readonly severity: Severity
  /**
   * Returns a flat record for a log: `error_type`, `error_message`, `is_empty`, `has_error`, `rows`, `severity`, `timestamp`
   * (ISO 8601), and the metadata, which does not overwrite these.
   */
  readonly toLogRecord: () => Readonly<Record<string, string | number | boolean | null>>
}

/**
 * The options of {@link make}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<A, E extends Trackable> {
  readonly data: A
  readonly timestamp: DateTime.Utc
  readonly error?: Option.Option<E> | undefined
  /** Default: the context of the error. */
  readonly metadata?: FetchContext.Input | undefined
  readonly missing?: ReadonlyArray<Missing> | undefined
  /** The number of rows of the data. Default: its `length` or `size`; 0 for null or undefined; else 1. */
  readonly size?: ((data: A) => number) | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes a result from data and an optional error.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <A, E extends Trackable = never>(options: Options<A, E>): DataResult<A, E> => {
  const { data, timestamp } = options
  const error = options.error ?? Option.none()
  const metadata = FetchContext.make(
    options.metadata ?? Option.match(error, { onNone: () => FetchContext.empty, onSome: ({ context }) => context })
  )
  const rows = (options.size ?? sizeOf)(data)
  const message = Option.map(error, (error) => safeText(error.message, maxMessage))
  const severity = Option.match(error, { onNone: () => "INFO" as const, onSome: (error) => error.severity })
  return {
    data,
    error,
    message,
    metadata,
    timestamp,
    missing: options.missing ?? [],
    rows,
    isEmpty: rows === 0,
    hasError: Option.isSome(error),
    get stackTrace() {
      return Option.map(error, stackTrace)
    },
    severity,
    toLogRecord: () => ({
      ...FetchContext.toRecord(metadata),
      error_type: Option.getOrNull(Option.map(error, ({ code }) => code)),
      error_message: Option.getOrNull(message),
      is_empty: rows === 0,
      has_error: Option.isSome(error),
      rows,
      severity,
      timestamp: DateTime.formatIso(timestamp)
    })
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const maxMessage = 2048
const maxStack = 8192

const sizeOf = (data: unknown): number => {
  if (data === null || data === undefined) return 0
  if (typeof data !== "object" && typeof data !== "string") return 1
  const size: unknown = typeof data === "string" || "length" in data ? data.length : "size" in data ? data.size : 1
  return typeof size === "number" ? size : 1
}

const stackTrace = (error: Trackable & { readonly stack?: unknown; readonly cause?: unknown }): string => {
  const own = typeof error.stack === "string" ? error.stack : `${error._tag}: ${error.message}`
  const causes = error.cause === undefined ? [] : chain(error.cause)
  return [safeText(own, maxStack), ...causes.map(({ message, name }) => `Caused by ${name}: ${message}`)].join("\n")
}
