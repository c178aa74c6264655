/** The ranges that are requested from REST for some gaps. */
import * as Interval from "../../Interval.js"
import type { KlineRequest } from "../../KlineRequest.js"
import type { Klines } from "../../Klines.js"
import * as Market from "../../Market.js"
import * as columns from "../klines/columns.js"
import type { Range } from "../klines/ranges.js"
import * as ranges from "../klines/ranges.js"
import { answersLatest } from "../klines/restAnswer.js"

// Ten pages of REST.
export const candlesPerPiece = 10_000
// The number of gaps up to which each is requested; more gaps are requested page by page.
const fewGaps = 2

/** Merges gaps that are separated only by candles that are proven not to exist. */
export const bridged = (
  gaps: ReadonlyArray<Range>,
  empty: ReadonlyArray<Range>
): ReadonlyArray<Range> =>
  gaps.reduce<ReadonlyArray<Range>>((all, gap) => {
    const last = all.at(-1)
    return last !== undefined && ranges.subtract([{ start: last.end, end: gap.start }], empty).length === 0
      ? [...all.slice(0, -1), { start: last.start, end: gap.end }]
      : [...all, gap]
  }, [])

/**
 * A gap with the known candles on both sides, unless they take another page: an answer that has them needs less proof. An
 * answer that is cut short lacks the candle behind the gap; on COIN-M, where the latest candles are returned, it lacks the
 * candle before it.
 */
export const witnessed = (
  market: Market.Market,
  { interval, openTime }: Klines,
  { end, start }: Range
): Range => {
  const anchor = columns.anchorOf(interval, openTime)
  const known = openTime[columns.lowerBound(openTime, start) - 1]
  const isPreceded = known !== undefined && Interval.next(interval, known, anchor) === start
  const isFollowed = openTime[columns.lowerBound(openTime, end)] === end
  const isWitnessed = answersLatest(market) ? isPreceded : isFollowed
  const rest = Interval.count(interval, start, end, anchor) % Market.pageLimit
  if (!isWitnessed || rest === 0 || rest + 1 >= Market.pageLimit) return { start, end }
  return {
    start: isPreceded ? known : start,
    end: isFollowed ? Interval.next(interval, end, anchor) : end
  }
}

/** True if a range takes more pages than it takes requests to find the first and the last candle. */
export const isLong = ({ interval, market }: KlineRequest, { end, start }: Range): boolean =>
  Interval.count(interval, start, end) > candlesPerPiece || end - start > 5 * Market.facts[market].maxWindow

/** Returns few gaps unchanged. Many gaps are merged as far as they fit into one page. */
export const grouped = (interval: Interval.Interval, gaps: ReadonlyArray<Range>): ReadonlyArray<Range> => {
  if (gaps.length <= fewGaps) return gaps
  const groups: Array<Range> = []
  for (const gap of gaps) {
    const last = groups.at(-1)
    if (last !== undefined && Interval.count(interval, last.start, gap.end) <= 1000) {
      groups.splice(-1, 1, { start: last.start, end: gap.end })
    } else groups.push(gap)
  }
  return groups
}
