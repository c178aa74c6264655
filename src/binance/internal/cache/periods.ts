/** The periods that have a file each: days for intervals shorter than a day, months for the others. */
import * as DateTime from "effect/DateTime"
import * as Interval from "../../Interval.js"
import type { Range } from "../klines/ranges.js"

export interface Period extends Range {
  /** `2024-01-31` or `2024-01`. */
  readonly name: string
}

/** The periods that a range of open times overlaps, in order. None if the range is empty. */
export const periodsOf = (interval: Interval.Interval, { end, start }: Range): ReadonlyArray<Period> => {
  // Klines without candles have an infinite empty range.
  if (start >= end) return []
  const span = isLong(interval) ? "1M" : "1d"
  const periods: Array<Period> = []
  for (let at = Interval.floor(span, start); at < end; at = Interval.next(span, at)) {
    periods.push({
      name: DateTime.formatIso(DateTime.unsafeMake(at)).slice(0, span === "1M" ? 7 : 10),
      start: at,
      end: Interval.next(span, at)
    })
  }
  return periods
}

const isLong = (interval: Interval.Interval): boolean =>
  interval === "1M" || Interval.millis[interval] >= Interval.millis["1d"]

/** The path of a series, as folder names. A month is `1mo`, for case-insensitive file systems. */
export const folderOf = (series: Series): ReadonlyArray<string> => [
  series.market,
  series.symbol,
  series.interval === "1M" ? "1mo" : series.interval
]

export interface Series {
  readonly market: string
  readonly symbol: string
  readonly interval: Interval.Interval
}

/** The folder name of a host: its URL, with characters replaced that folder names do not allow. */
export const hostFolder = (host: string): string =>
  host.replace(/^https?:\/\//, "").replace(/[^\w.-]+/g, "_").replace(/^\.+|\.+$/g, "_") || "_"
