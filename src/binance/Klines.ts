/**
 * Candles by column, and the ranges in which candles are missing.
 *
 * The rows of klines are ascending and unique, each opens on the grid of the interval, and
 * `low ≤ open, close ≤ high`. Rows that a source returned in another order are sorted, of duplicates the last is kept, and
 * invalid rows are left out and listed in `missing`. No row is invented or filled in.
 *
 * A damaged close time is kept as received. It does not affect prices, and no function of this module relies on it.
 *
 * `JSON.stringify` writes klines as {@link toJson} does by default.
 *
 * Guide: [Candles from Binance](../../docs/candles.md).
 *
 * @since 0.1.0
 * @module
 */
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Stream from "effect/Stream"
import * as FetchError from "../FetchError.js"
import * as Check from "../internal/options.js"
import * as arrowFile from "./internal/cache/arrowFile.js"
import * as arrowStream from "./internal/cache/arrowStream.js"
import * as columns from "./internal/klines/columns.js"
import * as combine from "./internal/klines/combine.js"
import * as csvText from "./internal/klines/csvText.js"
import * as jsonText from "./internal/klines/jsonText.js"
import * as model from "./internal/klines/klinesModel.js"
import * as origins from "./internal/klines/origins.js"
import { RowIterator } from "./internal/klines/rowIterator.js"
import type * as Text from "./internal/klines/textOptions.js"
import { csvOptions, decoded, isData, jsonOptions } from "./internal/klines/textOptions.js"
import { cacheModules } from "./internal/optionalModules.js"
import type * as Interval from "./Interval.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The source of a candle.
 *
 * @since 0.1.0
 * @category models
 */
export const Source = origins.Source

/**
 * One of the three sources.
 *
 * @since 0.1.0
 * @category models
 */
export type Source = typeof Source.Type

/**
 * The reason why a candle is missing: a reason for empty data, or one of four that only candles have.
 *
 * - `unfinished`: the candle is still forming.
 * - `invalid`: the row of the source is invalid: a price is outside of low and high, or the open time is off the grid.
 * - `not_cached`: the cache does not have it.
 * - `not_fetched`: the requests for it failed, so that it is unknown.
 *
 * @since 0.1.0
 * @category models
 */
export const Reason = origins.Reason

/**
 * One of the reasons why a candle is missing.
 *
 * @since 0.1.0
 * @category models
 */
export type Reason = typeof Reason.Type

/**
 * A range `[start, end)` whose candles are missing. Both ends are milliseconds since the epoch, on the grid of the interval.
 *
 * @since 0.1.0
 * @category models
 */
export interface Missing {
  readonly start: number
  readonly end: number
  readonly reason: Reason
}

/**
 * The values of candles, one array for each field. Times are milliseconds since the epoch. On COIN-M, `volume` and
 * `takerBuyBase` are numbers of contracts, `quoteVolume` and `takerBuyQuote` amounts of the base asset.
 *
 * @since 0.1.0
 * @category models
 */
export interface Columns {
  readonly length: number
  readonly openTime: Float64Array
  readonly open: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  readonly volume: Float64Array
  /** The last millisecond of the candle. In rows from an outage it can be any instant. */
  readonly closeTime: Float64Array
  readonly quoteVolume: Float64Array
  readonly trades: Float64Array
  readonly takerBuyBase: Float64Array
  readonly takerBuyQuote: Float64Array
}

/**
 * Candles of one interval.
 *
 * @since 0.1.0
 * @category models
 */
export interface Klines extends Columns {
  readonly interval: Interval.Interval
  /** The source of each row. */
  readonly source: ReadonlyArray<Source>
  /** The parts of the requested range that have no rows, ascending and without overlap. */
  readonly missing: ReadonlyArray<Missing>
}

/**
 * One candle.
 *
 * @since 0.1.0
 * @category models
 */
export interface Row extends Readonly<Record<Exclude<keyof Columns, "length">, number>> {
  readonly source: Source
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Klines without rows.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty = (interval: Interval.Interval, missing: ReadonlyArray<Missing> = []): Klines =>
  model.make(columns.allocate(0), { interval, source: [], missing })

/**
 * Makes klines from the rows of a source, in any order. Rows that open outside of `[start, end)` are left out. `reasons`
 * are the reasons for candles that are missing: ranges, ascending and without overlap, that can extend beyond the rows.
 *
 * @example
 * import { Klines } from "effect-errata/binance"
 *
 * const missing = [{ start: 1704067200000, end: 1704074400000, reason: "source_gap" }] as const
 * const klines = Klines.make({
 *   interval: "1h",
 *   source: "rest",
 *   columns: Klines.empty("1h"),
 *   start: 1704067200000,
 *   end: 1704074400000,
 *   reasons: missing
 * })
 *
 * assert.deepStrictEqual(klines.missing, missing)
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: {
  readonly interval: Interval.Interval
  readonly source: Source
  readonly columns: Columns
  readonly start: number
  readonly end: number
  readonly reasons: ReadonlyArray<Missing>
}): Klines => combine.fromRows(options)

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Concatenates klines of one interval, in any order of time. Where both have a candle, the row of `that` is kept; where
 * both lack one, the reason of `that`. Columns are copied, unless one of the two has no rows.
 *
 * @throws Error when the intervals differ.
 * @since 0.1.0
 * @category combinators
 */
export const concat: {
  (that: Klines): (self: Klines) => Klines
  (self: Klines, that: Klines): Klines
} = dual(2, (self: Klines, that: Klines): Klines => combine.concat(self, that))

/**
 * The rows that open in `[start, end)`, in milliseconds since the epoch, and the missing ranges in between. The columns
 * are views of the original columns.
 *
 * @since 0.1.0
 * @category combinators
 */
export const slice: {
  (start: number, end: number): (self: Klines) => Klines
  (self: Klines, start: number, end: number): Klines
} = dual(3, (self: Klines, start: number, end: number): Klines => combine.slice(self, start, end))

/**
 * Iterates over the candles as objects, each made when it is reached. An array of all takes four times the memory of the columns.
 *
 * @example
 * import { Klines } from "effect-errata/binance"
 *
 * let volume = 0
 * for (const row of Klines.rows(Klines.empty("1h"))) volume += row.volume
 *
 * assert.strictEqual(volume, 0)
 *
 * @since 0.1.0
 * @category combinators
 */
export const rows = (self: Klines): Iterable<Row> => ({ [Symbol.iterator]: () => new RowIterator(self) })

// ---------------------------------------------------------------------------------------------------------------------
// CSV and JSON
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Options of {@link toCsv} and {@link encodeCsv}.
 *
 * @since 0.1.0
 * @category CSV and JSON
 */
export type CsvOptions = Text.CsvOptions

/**
 * Options of {@link toJson}.
 *
 * @since 0.1.0
 * @category CSV and JSON
 */
export type JsonOptions = Text.JsonOptions

/**
 * The candles as CSV, in the columns of Binance's archive: times in milliseconds, numbers as the shortest decimals that
 * `Number` reads back as the same value, without exponents; the last column, `ignore`, is 0. Lines end with `\n`. CSV
 * cannot represent missing ranges.
 *
 * @example
 * import { Klines } from "effect-errata/binance"
 *
 * const columns = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume," +
 *   "taker_buy_quote_volume,ignore\n"
 * assert.strictEqual(Klines.toCsv(Klines.empty("1h")), columns)
 *
 * @throws Error when the text exceeds the maximum length of a string, at about four million rows. Use {@link encodeCsv}.
 * @since 0.1.0
 * @category CSV and JSON
 */
export const toCsv: {
  (options?: CsvOptions): (self: Klines) => string
  (self: Klines, options?: CsvOptions): string
} = dual(
  isData,
  (self: Klines, options?: CsvOptions): string =>
    decoded("CSV", csvText.encode(self, Check.orThrow("Klines.toCsv", csvOptions("", options)).header))
)

/**
 * The candles as JSON, with their interval and the missing ranges. Numbers are written as by {@link toCsv}.
 *
 * @example
 * import { Klines } from "effect-errata/binance"
 *
 * assert.strictEqual(
 *   Klines.toJson(Klines.empty("1h"), { as: "rows" }),
 *   `{"interval":"1h","length":0,"missing":[],"rows":[]}`
 * )
 *
 * @throws Error when the text exceeds the maximum length of a string, at about two million rows.
 * @since 0.1.0
 * @category CSV and JSON
 */
export const toJson: {
  (options?: JsonOptions): (self: Klines) => string
  (self: Klines, options?: JsonOptions): string
} = dual(
  isData,
  (self: Klines, options?: JsonOptions): string =>
    decoded("JSON", jsonText.encode(self, Check.orThrow("Klines.toJson", jsonOptions("", options)).as))
)

/**
 * Encodes a stream of klines as the bytes of one CSV file, see {@link toCsv}. At most one piece is held in memory.
 *
 * @example
 * import { FileSystem } from "@effect/platform"
 * import { Effect, Stream } from "effect"
 * import { DataSourceManager, Klines } from "effect-errata/binance"
 *
 * const program = Effect.gen(function*() {
 *   const fs = yield* FileSystem.FileSystem
 *   const manager = yield* DataSourceManager.DataSourceManager
 *   const seconds = manager.stream({
 *     market: "SPOT",
 *     symbol: "BTCUSDT",
 *     interval: "1s",
 *     start: "2024-01-01",
 *     end: "2025-01-01"
 *   })
 *   yield* seconds.pipe(Klines.encodeCsv(), Stream.run(fs.sink("seconds.csv")))
 * })
 *
 * @since 0.1.0
 * @category CSV and JSON
 */
export const encodeCsv: {
  (options?: CsvOptions): <E, R>(self: Stream.Stream<Klines, E, R>) => Stream.Stream<Uint8Array, E, R>
  <E, R>(self: Stream.Stream<Klines, E, R>, options?: CsvOptions): Stream.Stream<Uint8Array, E, R>
} = dual(
  isData,
  <E, R>(self: Stream.Stream<Klines, E, R>, options?: CsvOptions): Stream.Stream<Uint8Array, E, R> =>
    Stream.concat(
      !Check.orThrow("Klines.encodeCsv", csvOptions("", options)).header
        ? Stream.empty
        : Stream.sync(() => csvText.encode(columns.allocate(0), true)),
      Stream.map(self, (klines) => csvText.encode(klines, false))
    )
)

// ---------------------------------------------------------------------------------------------------------------------
// Arrow
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The candles as the bytes of an Arrow IPC file, which any Arrow tool reads: a column for each field, the two times as
 * 64-bit integers, the others as doubles. The interval, the source of each row and the missing ranges are in the metadata
 * of the schema. A checksum of all bytes is at the end of the footer.
 *
 * Requires Node.js and the package `@uwdata/flechette`. Dies with the install command if one of them is missing.
 *
 * @example
 * import { Klines } from "effect-errata/binance"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const bytes = yield* Klines.toArrow(Klines.empty("1h"))
 *   const back = yield* Klines.fromArrow(bytes)
 *   assert.strictEqual(back.interval, "1h")
 * })
 *
 * Effect.runPromise(program)
 *
 * @since 0.1.0
 * @category Arrow
 */
export const toArrow = (self: Klines): Effect.Effect<Uint8Array> =>
  Effect.map(cacheModules("Klines.toArrow"), (modules) => arrowFile.encode(modules, { klines: self, about: "" }))

/**
 * Reads the candles that {@link toArrow} wrote. Changed or truncated bytes fail with `DataIntegrity` before they are parsed;
 * Arrow itself does not detect them.
 *
 * @since 0.1.0
 * @category Arrow
 */
export const fromArrow = (bytes: Uint8Array): Effect.Effect<Klines, FetchError.DataIntegrity> =>
  Effect.flatMap(cacheModules("Klines.fromArrow"), (modules) => {
    const contents = arrowFile.decode(modules, bytes, false) ?? { flaw: "Written by a later version of effect-errata" }
    if ("flaw" in contents) return Effect.fail(new FetchError.DataIntegrity({ ...contents, message: contents.flaw }))
    return Effect.succeed(model.make(contents.klines, { ...contents.klines, source: arrowFile.rowsOf(contents) }))
  })

/**
 * Encodes a stream of klines of one interval as an Arrow IPC stream, with a record batch for each piece that has rows. The
 * columns and requirements are those of {@link toArrow}. At most one piece is held in memory. The interval is in the
 * metadata of the schema; a stream cannot hold a checksum, the sources and the missing ranges. {@link fromArrow} does not
 * read it, but other Arrow tools do: apache-arrow, pyarrow (`ipc.open_stream`), polars (`read_ipc_stream`), DuckDB.
 *
 * @example
 * import { FileSystem } from "@effect/platform"
 * import { Effect, Stream } from "effect"
 * import { Klines } from "effect-errata/binance"
 *
 * const write = (pieces: Stream.Stream<Klines.Klines>, file: string) =>
 *   Effect.flatMap(FileSystem.FileSystem, (fs) => pieces.pipe(Klines.encodeArrow, Stream.run(fs.sink(file))))
 *
 * @since 0.1.0
 * @category Arrow
 */
export const encodeArrow = <E, R>(self: Stream.Stream<Klines, E, R>): Stream.Stream<Uint8Array, E, R> =>
  Stream.unwrap(
    Effect.map(cacheModules("Klines.encodeArrow"), (modules) =>
      self.pipe(
        Stream.mapAccum(true, (isFirst, klines) => [false, arrowStream.encode(modules, klines, isFirst)]),
        Stream.filter((bytes) => bytes.length > 0),
        Stream.concat(Stream.sync(arrowStream.end))
      ))
  )
