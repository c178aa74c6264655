/**
 * The intervals of candles, and the grid of instants at which candles open.
 *
 * Every candle opens on the grid of its interval, in UTC: multiples of the interval for most, Mondays for `1w`, the
 * first of the month for `1M`. All instants are milliseconds since the epoch. Months are calendar months, so that counts are
 * exact. Instants can be infinite: the open before or after `Infinity` is `Infinity`. So is the open of a month outside of
 * the range of `Date`.
 *
 * Guide: [Candles from Binance](../../docs/candles.md).
 *
 * @since 0.1.0
 * @module
 */
import * as Schema from "effect/Schema"
import type { Market } from "./Market.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The 16 intervals, as Binance spells them. Case matters: `1m` is a minute, `1M` a month.
 *
 * @since 0.1.0
 * @category models
 */
export const Interval = Schema.Literal(
  "1s",
  "1m",
  "3m",
  "5m",
  "15m",
  "30m",
  "1h",
  "2h",
  "4h",
  "6h",
  "8h",
  "12h",
  "1d",
  "3d",
  "1w",
  "1M"
)

/**
 * The length of a candle, by the name that Binance gives it.
 *
 * @since 0.1.0
 * @category models
 */
export type Interval = typeof Interval.Type

/**
 * The intervals of fixed length: all but the month.
 *
 * @since 0.1.0
 * @category models
 */
export type Fixed = Exclude<Interval, "1M">

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/**
 * The length of the candles of an interval, in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export const millis: Readonly<Record<Fixed, number>> = {
  "1s": second,
  "1m": minute,
  "3m": 3 * minute,
  "5m": 5 * minute,
  "15m": 15 * minute,
  "30m": 30 * minute,
  "1h": hour,
  "2h": 2 * hour,
  "4h": 4 * hour,
  "6h": 6 * hour,
  "8h": 8 * hour,
  "12h": 12 * hour,
  "1d": day,
  "3d": 3 * day,
  "1w": 7 * day
}

/**
 * Returns an instant at which a candle of the interval opens. All other opens are a whole number of candles away.
 *
 * The anchor of `3d` is not documented. The value is that of BTCUSDT since its listing on 2017-08-17, and may differ for other
 * symbols: pass the open time of a known row as the `anchor` of the functions below.
 *
 * @since 0.1.0
 * @category models
 */
export const anchorOf = (interval: Interval): number => interval === "1w" ? 4 * day : interval === "3d" ? day : 0

// ---------------------------------------------------------------------------------------------------------------------
// guards
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Returns whether a market offers an interval. Only `SPOT` has candles of one second.
 *
 * @example
 * import { Interval } from "effect-errata/binance"
 *
 * assert.strictEqual(Interval.isOn("1s", "SPOT"), true)
 * assert.strictEqual(Interval.isOn("1s", "FUTURES_USDT"), false)
 *
 * @since 0.1.0
 * @category guards
 */
export const isOn = (interval: Interval, market: Market): boolean => interval !== "1s" || market === "SPOT"

// ---------------------------------------------------------------------------------------------------------------------
// grid
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Returns the number of the candle that contains an instant. The candle that opens at the `anchor` is 0. Inverse of {@link at}.
 *
 * @since 0.1.0
 * @category grid
 */
export const index = (interval: Interval, instant: number, anchor: number = anchorOf(interval)): number => {
  if (interval !== "1M") return Math.floor((instant - anchor) / millis[interval])
  const date = new Date(instant)
  const months = (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()
  return Number.isNaN(months) ? instant * Infinity : months
}

/**
 * Returns the open time of the candle with this number.
 *
 * @since 0.1.0
 * @category grid
 */
export const at = (interval: Interval, index: number, anchor: number = anchorOf(interval)): number => {
  if (interval !== "1M") return anchor + index * millis[interval]
  const open = Date.UTC(1970, index)
  return Number.isNaN(open) ? index * Infinity : open
}

/**
 * Returns the last open at or before an instant.
 *
 * @example
 * import { Interval } from "effect-errata/binance"
 *
 * const friday = Date.UTC(2024, 2, 15, 13, 45)
 * assert.strictEqual(Interval.floor("1h", friday), Date.UTC(2024, 2, 15, 13))
 * assert.strictEqual(Interval.floor("1w", friday), Date.UTC(2024, 2, 11)) // Monday
 * assert.strictEqual(Interval.floor("1M", friday), Date.UTC(2024, 2, 1))
 *
 * @since 0.1.0
 * @category grid
 */
export const floor = (interval: Interval, instant: number, anchor: number = anchorOf(interval)): number =>
  at(interval, index(interval, instant, anchor), anchor)

/**
 * Returns the first open at or after an instant.
 *
 * @since 0.1.0
 * @category grid
 */
export const ceil = (interval: Interval, instant: number, anchor: number = anchorOf(interval)): number =>
  at(interval, firstIndex(interval, instant, anchor), anchor)

/**
 * Returns the first open after an instant: the end of the candle that contains it.
 *
 * @since 0.1.0
 * @category grid
 */
export const next = (interval: Interval, instant: number, anchor: number = anchorOf(interval)): number =>
  at(interval, index(interval, instant, anchor) + 1, anchor)

/**
 * Returns the number of candles that open in `[start, end)`.
 *
 * @example
 * import { Interval } from "effect-errata/binance"
 *
 * assert.strictEqual(Interval.count("1d", Date.UTC(2024, 0, 1), Date.UTC(2025, 0, 1)), 366)
 * assert.strictEqual(Interval.count("1h", Date.UTC(2024, 0, 1, 0, 10), Date.UTC(2024, 0, 1, 0, 50)), 0)
 *
 * @since 0.1.0
 * @category grid
 */
export const count = (interval: Interval, start: number, end: number, anchor: number = anchorOf(interval)): number => {
  const [first, last] = [firstIndex(interval, start, anchor), firstIndex(interval, end, anchor)]
  // Months beyond the dates that JavaScript has are not counted: their indices are infinite.
  return first < last ? last - first : 0
}

/**
 * Returns the opens in `[start, end)`, ascending.
 *
 * @throws RangeError when an array cannot hold them, as in an infinite range.
 * @since 0.1.0
 * @category grid
 */
export const opens = (
  interval: Interval,
  start: number,
  end: number,
  anchor: number = anchorOf(interval)
): ReadonlyArray<number> => {
  const first = firstIndex(interval, start, anchor)
  return Array.from({ length: count(interval, start, end, anchor) }, (_, i) => at(interval, first + i, anchor))
}

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

/** The number of the first candle that opens at or after an instant. */
const firstIndex = (interval: Interval, instant: number, anchor: number): number => {
  const last = index(interval, instant, anchor)
  return at(interval, last, anchor) < instant ? last + 1 : last
}
