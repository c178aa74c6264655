/**
 * A logger for tests that collects log entries as data, like pytest's `caplog`.
 *
 * Guide: [Tests](../../docs/testing.md).
 *
 * @since 0.1.0
 * @module
 */
import * as Arr from "effect/Array"
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as List from "effect/List"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { attempt } from "../internal/safe/json.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A log entry: one call of a log function.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  readonly level: LogLevel.Literal
  /** The parts of the message, joined by spaces. */
  readonly message: string
  readonly annotations: Readonly<Record<string, unknown>>
  /** The labels of the log spans, innermost first. */
  readonly spans: ReadonlyArray<string>
  readonly cause: Cause.Cause<unknown>
  /** The time by the Clock. */
  readonly date: Date
}

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The buffer of log entries.
 *
 * @since 0.1.0
 * @category tags
 */
export class LogCapture extends Context.Tag("effect-errata/testing/LogCapture")<LogCapture, {
  readonly entries: Effect.Effect<ReadonlyArray<Entry>>
  readonly clear: Effect.Effect<void>
}>() {}

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Replaces the default logger by one that collects the entries of all levels. Each build of the layer has its own buffer.
 *
 * A fiber that a layer forks uses the loggers that were in force when the layer was built: build such a layer on top of this
 * one, with `Layer.provideMerge(LogCapture.layer)`.
 *
 * @example
 * import { LogCapture } from "effect-errata/testing"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   yield* Effect.logWarning("slow", { took: 3 }).pipe(Effect.annotateLogs("symbol", "BTCUSDT"))
 *   yield* Effect.logDebug("details")
 *
 *   const [first] = yield* LogCapture.entries
 *   assert.strictEqual(first?.level, "Warning")
 *   assert.deepStrictEqual(first.annotations, { symbol: "BTCUSDT" })
 *
 *   assert.strictEqual((yield* LogCapture.at("Debug")).length, 1)
 *   assert.strictEqual(yield* LogCapture.text, "[Warning] slow {\"took\":3}\n[Debug] details")
 * })
 *
 * Effect.runSync(Effect.provide(program, LogCapture.layer))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<LogCapture> = Layer.unwrapEffect(Effect.sync(() => {
  const entries: Array<Entry> = []
  const logger = Logger.make<unknown, void>(({ annotations, cause, date, logLevel, message, spans }) => {
    entries.push({
      level: logLevel._tag,
      message: Arr.ensure(message).map(textOf).join(" "),
      annotations: Object.fromEntries(HashMap.toEntries(annotations)),
      spans: List.toArray(spans).map((span) => span.label),
      cause,
      date
    })
  })
  return Layer.mergeAll(
    Layer.succeed(LogCapture, {
      entries: Effect.sync(() => entries.slice()),
      clear: Effect.sync(() => {
        entries.length = 0
      })
    }),
    Logger.replace(Logger.defaultLogger, logger),
    Logger.minimumLogLevel(LogLevel.All)
  )
}))

// A value that cannot be written as text must not fail the log call.
const textOf = (part: unknown): string => attempt(() => Inspectable.toStringUnknown(part, 0)) ?? "[unreadable]"

// ---------------------------------------------------------------------------------------------------------------------
// accessors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The entries since the start or the last {@link clear}, oldest first.
 *
 * @since 0.1.0
 * @category accessors
 */
export const entries: Effect.Effect<ReadonlyArray<Entry>, never, LogCapture> = Effect.flatMap(
  LogCapture,
  (capture) => capture.entries
)

/**
 * The entries of exactly this level.
 *
 * @since 0.1.0
 * @category accessors
 */
export const at = (level: LogLevel.Literal): Effect.Effect<ReadonlyArray<Entry>, never, LogCapture> =>
  Effect.map(entries, Arr.filter((entry) => entry.level === level))

/**
 * All entries as text, one per line: `[Warning] message`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const text: Effect.Effect<string, never, LogCapture> = Effect.map(
  entries,
  (entries) => entries.map(({ level, message }) => `[${level}] ${message}`).join("\n")
)

/**
 * Removes all entries.
 *
 * @since 0.1.0
 * @category accessors
 */
export const clear: Effect.Effect<void, never, LogCapture> = Effect.flatMap(LogCapture, (capture) => capture.clear)
