/** What it means that the archive has no candle somewhere. */
import * as Interval from "../../Interval.js"
import type { Missing } from "../../Klines.js"
import { intersect, overlay, type Range } from "../klines/ranges.js"
import { publishedUntil } from "./archiveFiles.js"
import type { Life } from "./tradingPeriod.js"

/**
 * Why candles are missing in `[start, end)`. That there are none in a file says little, and that there is no file says
 * hardly more: the archive has lost days and cut files short, and only the exchange itself can tell that from an outage.
 * So nobody knows why, unless it is known that the file is still to come or that the instrument was not traded.
 */
export const archiveReasons = (
  options: Range & {
    readonly interval: Interval.Interval
    readonly anchor: number
    readonly now: number
    /** The times of the files that are not there, but that may come. */
    readonly awaited: ReadonlyArray<Range>
    readonly life: Life
  }
): ReadonlyArray<Missing> => {
  const { anchor, awaited, end, interval, life, now, start } = options
  const forming = Interval.floor(interval, now, anchor)
  const upcoming = Interval.next(interval, now, anchor)
  const published = Math.min(publishedUntil(interval, now), forming)
  const told: ReadonlyArray<Missing> = [
    { start: -Infinity, end: published, reason: "date_range" },
    { start: published, end: forming, reason: "not_published_yet" },
    { start: forming, end: upcoming, reason: "unfinished" },
    { start: upcoming, end: Infinity, reason: "not_published_yet" }
  ]
  const late = awaited.map(({ end, start }): Missing => ({ start, end, reason: "not_published_yet" }))
    .sort((a, b) => a.start - b.start)
  const absent: ReadonlyArray<Missing> = [
    { start: -Infinity, end: life.listed, reason: "not_listed_yet" },
    { start: life.delisted, end: Infinity, reason: "delisted" }
  ]
  return intersect(overlay(overlay(told, late), absent), [{ start, end }])
}
