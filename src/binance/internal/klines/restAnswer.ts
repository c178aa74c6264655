/** Answers to requests for candles, and their validation against the request. */
import * as Interval from "../../Interval.js"
import * as Market from "../../Market.js"
import { type Columns, endOf, pick } from "./columns.js"
import type { Range } from "./ranges.js"

/**
 * A request for at most `limit` candles that open in `[start, end)`. Without a `start`, for the latest before `end`.
 */
export interface Question {
  readonly start: number | undefined
  readonly end: number
  readonly limit: number
}

export interface Answer {
  /** Closed candles, in ascending order. */
  readonly rows: Columns
  /** The open times of all candles in the answer, including the unfinished one; ascending. */
  readonly opens: ReadonlyArray<number>
  /** The open times of invalid rows. */
  readonly invalid: ReadonlyArray<number>
  /** The time of the exchange at the answer, in milliseconds. */
  readonly now: number
}

/** The range that an answer describes completely: it denies every candle there that it does not contain. */
export const coverageOf = (
  market: Market.Market,
  interval: Interval.Interval,
  { end, start = end }: Question,
  { opens }: Pick<Answer, "opens">
): Range => {
  const first = opens[0]
  const last = opens.at(-1)
  if (first === undefined || last === undefined) return { start, end }
  // If a window has more rows than the limit, COIN-M returns the latest, the other markets the earliest.
  if (answersLatest(market)) return { start: Math.min(first, end), end }
  // The grid of `3d` may be unknown. A candle that opens off the grid ends at the next time of the grid.
  const next = interval === "3d" ? Interval.next(interval, last, last) : Interval.next(interval, last)
  return { start, end: Math.min(end, next) }
}

export const answersLatest = (market: Market.Market): boolean => Market.facts[market].maxWindow < Infinity

/** The reason why an answer does not match its request; `undefined` when it does. */
export const mismatch = (
  interval: Interval.Interval,
  { end, start = -Infinity }: Question,
  columns: Columns
): string | undefined => {
  let outside = 0
  for (const open of columns.openTime) if (open < start || open >= end) outside++
  if (outside > 0) return `${outside} of ${columns.length} candles open outside of the range asked for`
  return ofOtherInterval(interval, columns)
}

/** A message if most candles are as long as those of another interval; `undefined` otherwise. */
export const ofOtherInterval = (
  interval: Interval.Interval,
  { closeTime, length, openTime }: Columns
): string | undefined => {
  let others = 0
  const endAfter = endOf(interval, 0)
  for (let i = 0; i < length; i++) {
    const open = openTime[i]!
    if (closeTime[i]! + 1 !== endAfter(open) && isOfOther(interval, open, closeTime[i]! + 1)) others++
  }
  return others > length / 2 ? `${others} of ${length} candles are of another interval` : undefined
}

/** True for the length of another interval; the length of a candle of the interval itself is not passed here. */
const isOfOther = (interval: Interval.Interval, open: number, end: number): boolean =>
  Interval.Interval.literals.some((other) =>
    // The first three days of an instrument may be shorter.
    !(interval === "3d" && other === "1d") && (other === "1M"
      ? interval !== "1d" && Interval.floor("1M", open) === open && Interval.next("1M", open) === end
      : end - open === Interval.millis[other])
  )

/** Rows in ascending order of their open times. Sorted rows are not copied. */
export const ascending = (columns: Columns): Columns => {
  const { length, openTime } = columns
  let sorted = true
  for (let i = 1; i < length && sorted; i++) sorted = openTime[i - 1]! <= openTime[i]!
  if (sorted) return columns
  const order = Uint32Array.from({ length }, (_, i) => i).sort((a, b) => openTime[a]! - openTime[b]! || a - b)
  return pick(columns, order)
}
