/** The periods that are whole and may be cached. */
import * as Interval from "../../Interval.js"
import type * as Klines from "../../Klines.js"
import * as columns from "../klines/columns.js"
import type { Range } from "../klines/ranges.js"
import type { Period } from "./periods.js"

/** The range of klines. */
export const extent = ({ missing, openTime }: Klines.Klines): Range => ({
  start: Math.min(openTime[0] ?? Infinity, missing[0]?.start ?? Infinity),
  end: Math.max((openTime.at(-1) ?? -Infinity) + 1, missing.at(-1)?.end ?? -Infinity)
})

const final: ReadonlySet<Klines.Reason> = new Set<Klines.Reason>(["source_gap", "not_listed_yet", "delisted"])
const day = 86_400_000
// The time after its close within which the values of a candle may still change.
const settling = 300_000

/** True when every candle of the period is present or is proven not to exist, and has closed some time ago. */
export const isWhole = (
  { interval, length, missing, openTime }: Klines.Klines,
  { end, start }: Period,
  now: number
): boolean => {
  const anchor = columns.anchorOf(interval, openTime)
  if (Interval.next(interval, Interval.floor(interval, end - 1, anchor), anchor) > now - settling) return false
  // An exchange that is delayed fills gaps later.
  if (missing.length > 0 && now - end < day) return false
  const holes = missing.reduce((sum, hole) => sum + Interval.count(interval, hole.start, hole.end, anchor), 0)
  return length + holes === Interval.count(interval, start, end, anchor) &&
    missing.every(({ reason }) => final.has(reason))
}
