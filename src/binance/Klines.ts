/**
 * Candles by column, and what is missing among them.
 *
 * Klines always hold what they promise: ascending, each candle once, every one on the grid of its interval with
 * `low ≤ open, close ≤ high`. What the source had in another order is sorted, what it had twice is kept once (its last
 * word), and what is no such candle is left out and named in `missing`. Nothing is invented or filled in.
 *
 * A damaged close time is kept as it came: it says nothing about prices, and nothing here relies on it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FetchError from "../FetchError.js"
import * as arrowFile from "./internal/cache/arrowFile.js"
import * as columns from "./internal/klines/columns.js"
import * as origins from "./internal/klines/origins.js"
import * as ranges from "./internal/klines/ranges.js"
import { cacheModules } from "./internal/optionalModules.js"
import * as Interval from "./Interval.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Who gave a candle.
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
 * Why a candle is missing: a reason why data are empty, or one of four that only candles can have. `unfinished` is the
 * candle that is still forming, `invalid` one whose row the source has, but broken: prices outside of low and high, or an
 * open off the grid. `not_cached` are candles of which the cache knows nothing, `not_fetched` those of which nobody could
 * say anything, since whoever was asked failed.
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
 * Candles that open in `[start, end)` and are not there. Both are milliseconds since the epoch and opens of the grid.
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
 * The values of candles, one array for each kind. Times are milliseconds since the epoch. On COIN-M `volume` and
 * `takerBuyBase` count contracts, `quoteVolume` and `takerBuyQuote` the base asset.
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
  /** The last millisecond of the candle; in rows from an outage anything. */
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
  /** Who gave each row. */
  readonly source: ReadonlyArray<Source>
  /** What was asked for and is not there, ascending and without overlap. */
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
 * No candles, and what is missing.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty = (interval: Interval.Interval, missing: ReadonlyArray<Missing> = []): Klines => ({
  ...columns.allocate(0),
  interval,
  source: [],
  missing
})

/**
 * Makes klines of the rows that a source answered, in any order. What opens outside of `[start, end)` is left out.
 * `reasons` say why a candle is missing where: ranges, ascending and without overlap, that may reach further.
 *
 * @example
 * import { Klines } from "effect-errata/binance"
 *
 * const missing = [{ start: 1704067200000, end: 1704074400000, reason: "source_gap" }] as const
 * const nothing = Klines.make({
 *   interval: "1h",
 *   source: "rest",
 *   columns: Klines.empty("1h"),
 *   start: 1704067200000,
 *   end: 1704074400000,
 *   reasons: missing
 * })
 *
 * assert.deepStrictEqual(nothing.missing, missing)
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
}): Klines => {
  const { end, interval, reasons, source, start } = options
  const anchor = columns.anchorOf(interval, options.columns.openTime)
  const { columns: sound, unsound } = columns.sound(options.columns, interval, anchor)
  const kept = columns.between(sound, start, end)
  const invalid = unsound.map((open): Missing => ({
    start: open,
    end: Interval.next(interval, open, anchor),
    reason: "invalid"
  }))
  return {
    ...kept,
    interval,
    source: Array<Source>(kept.length).fill(source),
    missing: missing(ranges.overlay(reasons, ranges.intersect(invalid, reasons)), kept.openTime, interval, anchor)
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Two klines of one interval as one, in any order of time. Where both hold a candle, that of `that` stands, and where
 * both miss one, the reason of `that`: it is who was asked later.
 *
 * @throws Error when the intervals differ.
 * @since 0.1.0
 * @category combinators
 */
export const concat = (self: Klines, that: Klines): Klines => {
  const { interval } = self
  if (interval !== that.interval) {
    throw new Error(`Klines of ${interval} and of ${that.interval} cannot be one; both must have the same interval`)
  }
  const both = columns.join([self, that])
  const order = columns.mergeOrder(self.openTime, that.openTime)
  const source = [...self.source, ...that.source]
  const all = columns.pick(both, order)
  return {
    ...all,
    interval,
    source: order.map((row) => source[row]!),
    missing: missing(
      ranges.overlay(self.missing, that.missing),
      all.openTime,
      interval,
      columns.anchorOf(interval, all.openTime)
    )
  }
}

/**
 * What opens in `[start, end)`, in milliseconds since the epoch; of `missing` the same. The columns are views of the
 * ones they were taken from.
 *
 * @since 0.1.0
 * @category combinators
 */
export const slice = (self: Klines, start: number, end: number): Klines => {
  const { interval } = self
  const from = columns.lowerBound(self.openTime, start)
  const kept = columns.between(self, start, end)
  const anchor = self.openTime[0] ?? self.missing[0]?.start
  const bounds = { start: Interval.ceil(interval, start, anchor), end: Interval.ceil(interval, end, anchor) }
  return {
    ...kept,
    interval,
    source: self.source.slice(from, from + kept.length),
    missing: ranges.intersect(self.missing, [bounds])
  }
}

/**
 * The candles one by one, as objects. Costs many times the memory of the columns: for small tables and tests.
 *
 * @since 0.1.0
 * @category combinators
 */
export const rows = (self: Klines): ReadonlyArray<Row> =>
  self.source.map((source, i) => ({
    openTime: self.openTime[i]!,
    open: self.open[i]!,
    high: self.high[i]!,
    low: self.low[i]!,
    close: self.close[i]!,
    volume: self.volume[i]!,
    closeTime: self.closeTime[i]!,
    quoteVolume: self.quoteVolume[i]!,
    trades: self.trades[i]!,
    takerBuyBase: self.takerBuyBase[i]!,
    takerBuyQuote: self.takerBuyQuote[i]!,
    source
  }))

// ---------------------------------------------------------------------------------------------------------------------
// Arrow
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The candles as the bytes of an Arrow IPC file, which any Arrow tool reads: a column each, the two times as 64-bit
 * integers, all else as doubles. The interval, who gave each row and what is missing are in the metadata of the schema,
 * beside a checksum. Needs Node.js and the package `@uwdata/flechette`, and dies without them, saying what to install.
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
 * The candles that {@link toArrow} wrote. Bytes that are not those that were written are `DataIntegrity`: Arrow itself
 * notices neither a flipped byte nor a file that ends early.
 *
 * @since 0.1.0
 * @category Arrow
 */
export const fromArrow = (bytes: Uint8Array): Effect.Effect<Klines, FetchError.DataIntegrity> =>
  Effect.flatMap(cacheModules("Klines.fromArrow"), (modules) => {
    const contents = arrowFile.decode(modules, bytes, false) ?? { flaw: "A later version of effect-errata wrote this" }
    return "flaw" in contents
      ? Effect.fail(new FetchError.DataIntegrity({ ...contents, message: contents.flaw }))
      : Effect.succeed({ ...contents.klines, source: arrowFile.rowsOf(contents) })
  })

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const missing = (
  reasons: ReadonlyArray<Missing>,
  openTime: Float64Array,
  interval: Interval.Interval,
  anchor: number
): ReadonlyArray<Missing> => ranges.absent(reasons, openTime, interval, anchor, (a, b) => a.reason === b.reason)
