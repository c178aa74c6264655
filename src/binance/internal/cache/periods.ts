/** The spans of time of which each has a file of its own: days of candles shorter than a day, months of the others. */
import * as DateTime from "effect/DateTime"
import * as Interval from "../../Interval.js"
import type { Range } from "../klines/ranges.js"

export interface Period extends Range {
  /** `2024-01-31` or `2024-01`. */
  readonly name: string
}

/** The periods that candles opening in a range belong to, in order. */
export const periodsOf = (interval: Interval.Interval, { end, start }: Range): ReadonlyArray<Period> => {
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

/** Where the files of a series are, as names of folders. A month is `1mo`, for disks that know no capitals. */
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

/** The name of the folder of a host: its URL, as far as the names of folders allow. */
export const hostFolder = (host: string): string =>
  host.replace(/^https?:\/\//, "").replace(/[^\w.-]+/g, "_").replace(/^\.+|\.+$/g, "_") || "_"
