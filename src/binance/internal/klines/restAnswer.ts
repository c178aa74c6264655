/** The answer to a question for candles, held against the question. */
import * as Interval from "../../Interval.js"
import * as Market from "../../Market.js"
import { type Columns, endOf, pick } from "./columns.js"
import type { Range } from "./ranges.js"

/** A question for at most `limit` candles that open in `[start, end)`; the latest before `end` without a `start`. */
export interface Question {
  readonly start: number | undefined
  readonly end: number
  readonly limit: number
}

export interface Answer {
  /** Closed candles, in ascending order. */
  readonly rows: Columns
  /** The open times of all candles in the answer, also of the one that is forming; ascending. */
  readonly opens: ReadonlyArray<number>
  /** The open times of rows that are no candles. */
  readonly invalid: ReadonlyArray<number>
  /** The time of the exchange at the answer, in milliseconds. */
  readonly now: number
}

/** The range of which an answer says everything: what is not in it then does not exist, according to this answer. */
export const coverageOf = (
  market: Market.Market,
  interval: Interval.Interval,
  { end, start = end }: Question,
  { opens }: Pick<Answer, "opens">
): Range => {
  const first = opens[0]
  const last = opens.at(-1)
  if (first === undefined || last === undefined) return { start, end }
  // Of a window with more rows than fit COIN-M answers the latest, the other markets the earliest.
  return answersLatest(market)
    ? { start: Math.min(first, end), end }
    : { start, end: Math.min(end, Interval.next(interval, last, last)) }
}

export const answersLatest = (market: Market.Market): boolean => Market.facts[market].maxWindow < Infinity

/** The reason why an answer cannot be one to this question; `undefined` when it can. */
export const mismatch = (
  interval: Interval.Interval,
  { end, start = -Infinity }: Question,
  { closeTime, length, openTime }: Columns
): string | undefined => {
  let outside = 0
  let longer = 0
  const endAfter = endOf(interval, 0)
  for (let i = 0; i < length; i++) {
    const open = openTime[i]!
    if (open < start || open >= end) outside++
    else if (closeTime[i]! + 1 !== endAfter(open) && isOfOther(interval, open, closeTime[i]! + 1)) longer++
  }
  if (outside > 0) return `${outside} of ${length} candles open outside of the range asked for`
  if (longer > length / 2) return `${longer} of ${length} candles are of another interval`
  return undefined
}

const isOfOther = (interval: Interval.Interval, open: number, end: number): boolean =>
  interval !== "3d" && Interval.Interval.literals.some((other) =>
    other !== interval && (other === "1M"
      ? interval !== "1d" && Interval.floor("1M", open) === open && Interval.next("1M", open) === end
      : end - open === Interval.millis[other])
  )

/** Rows in ascending order of their open times; rows that are in order already are not copied. */
export const ascending = (columns: Columns): Columns => {
  const { length, openTime } = columns
  let sorted = true
  for (let i = 1; i < length && sorted; i++) sorted = openTime[i - 1]! <= openTime[i]!
  if (sorted) return columns
  const order = Uint32Array.from({ length }, (_, i) => i).sort((a, b) => openTime[a]! - openTime[b]! || a - b)
  return pick(columns, order)
}
