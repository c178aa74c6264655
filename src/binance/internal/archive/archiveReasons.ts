/** The reasons why the archive lacks candles. */
import * as Interval from "../../Interval.js"
import type { Missing } from "../../Klines.js"
import { intersect, overlay, type Range } from "../klines/ranges.js"
import { publishedUntil } from "./archiveFiles.js"
import type { TradingPeriod } from "./tradingPeriod.js"

/**
 * The reasons for the missing candles in `[start, end)`. Neither a file without them nor an absent file is proof: the
 * archive has lost days and truncated files, and only the exchange itself can distinguish that from an outage. So the
 * reason is unknown, unless a file is still to be published or the instrument was not traded. An instrument without any
 * file may not exist at all: no file of it is expected.
 */
export const archiveReasons = (
  options: Range & {
    readonly interval: Interval.Interval
    readonly anchor: number
    readonly now: number
    /** The periods of the absent files that may still be published. */
    readonly awaited: ReadonlyArray<Range>
    readonly period: TradingPeriod
  }
): ReadonlyArray<Missing> => {
  const { anchor, awaited, end, interval, now, period, start } = options
  const forming = Interval.floor(interval, now, anchor)
  const upcoming = Interval.next(interval, now, anchor)
  const published = Math.min(publishedUntil(interval, now), forming)
  const byTime: ReadonlyArray<Missing> = [
    { start: -Infinity, end: published, reason: "date_range" },
    { start: published, end: forming, reason: period.exists ? "not_published_yet" : "date_range" },
    { start: forming, end: upcoming, reason: "unfinished" },
    { start: upcoming, end: Infinity, reason: "not_published_yet" }
  ]
  const late = (period.exists ? awaited : []).map(({ end, start }): Missing => ({
    start,
    end,
    reason: "not_published_yet"
  }))
    .sort((a, b) => a.start - b.start)
  const absent: ReadonlyArray<Missing> = [
    { start: -Infinity, end: period.listed, reason: "not_listed_yet" },
    { start: period.delisted, end: Infinity, reason: "delisted" }
  ]
  return intersect(overlay(overlay(byTime, late), absent), [{ start, end }])
}
