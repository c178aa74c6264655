/** Ranges in pieces, so that what one piece meets is no trouble of the others. */
import * as Interval from "../../binance/Interval.js"
import type { Range } from "./ranges.js"

/** At the borders of months. */
export const byMonth = <A extends Range>(range: A): ReadonlyArray<A> => {
  const pieces: Array<A> = []
  for (let start = range.start; start < range.end;) {
    const end = Math.min(range.end, Interval.next("1M", start))
    pieces.push({ ...range, start, end })
    start = end
  }
  return pieces
}

/** After so many candles each. */
export const byCandles =
  (interval: Interval.Interval, candles: number) => <A extends Range>(range: A): ReadonlyArray<A> => {
    const pieces: Array<A> = []
    for (let start = range.start; start < range.end;) {
      const end = Math.min(range.end, Interval.at(interval, Interval.index(interval, start) + candles))
      pieces.push({ ...range, start, end })
      start = end
    }
    return pieces
  }
