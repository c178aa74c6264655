/** The files of the archive: which there should be of a series, and where they are. */
import * as Interval from "../../Interval.js"
import * as Market from "../../Market.js"
import type { Range } from "../klines/ranges.js"

/** What a file is about, but for the time. */
export interface Series {
  readonly market: Market.Market
  readonly symbol: string
  readonly interval: Interval.Interval
}

/** A day or a month of candles, those that open in `[start, end)`. */
export interface ArchiveFile extends Range {
  readonly period: "daily" | "monthly"
  /** Without its ending: `BTCUSDT-1h-2024-01`. */
  readonly name: string
  /** Below the root, without its ending: `data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01`. */
  readonly path: string
}

/** Where the files of a market are. */
export const folders: Readonly<Record<Market.Short, string>> = { spot: "spot", um: "futures/um", cm: "futures/cm" }

/** The folder of a series; all its files are in it. */
export const folderOf = ({ interval, market, symbol }: Series, period: ArchiveFile["period"]): string =>
  `data/${folders[Market.facts[market].short]}/${period}/klines/${symbol}/${spelled(interval)}/`

/** As the archive spells an interval: there are file systems to which `1m` and `1M` are one. */
export const spelled = (interval: Interval.Interval): string => interval === "1M" ? "1mo" : interval

/** Are there files of days? Of what is longer than a day some exist, but not as a rule. */
export const hasDays = (interval: Interval.Interval): boolean =>
  interval !== "1M" && Interval.millis[interval] <= dayMillis

const dayMillis = 86_400_000

/** Where the name of a file of a series ends with the time it is about. */
export const nameOf = ({ interval, symbol }: Series, time: string): string => `${symbol}-${spelled(interval)}-${time}`

/** `2024-01-31`. */
export const dayName = (instant: number): string => new Date(instant).toISOString().slice(0, 10)

/** The file about a day or a month that begins then. */
export const fileOf = (series: Series, period: ArchiveFile["period"], start: number): ArchiveFile => {
  const name = nameOf(series, dayName(start).slice(0, period === "daily" ? 10 : 7))
  return {
    period,
    start,
    end: Interval.next(period === "daily" ? "1d" : "1M", start),
    name,
    path: folderOf(series, period) + name
  }
}

/** Binance opened in July 2017: there is nothing before. */
const opened = Date.UTC(2017, 6)

/** The end of what the archive can have by now: of days that are over, or of months. */
export const publishedUntil = (interval: Interval.Interval, now: number): number =>
  Interval.floor(hasDays(interval) ? "1d" : "1M", now)

/** Days come hours after they are over, the slowest in six days; months on the first Monday after, or a week late. */
export const mayCome = ({ end, period }: ArchiveFile, now: number): boolean =>
  now - end < (period === "daily" ? 7 : 14) * dayMillis

/**
 * The files that together have what opens in `[start, end)` and is over, as few as can be: whole months by the month, the
 * rest by the day. Of what has no files of days, all months that are touched.
 */
export const filesOf = (series: Series, { end, start }: Range, now: number): ReadonlyArray<ArchiveFile> => {
  const { interval } = series
  const from = Math.max(start, opened)
  const until = Math.min(end, publishedUntil(interval, now))
  return Interval.opens("1M", Interval.floor("1M", from), until).flatMap((month) => {
    const file = fileOf(series, "monthly", month)
    const part = { start: Math.max(from, month), end: Math.min(until, file.end) }
    if (!hasDays(interval)) return file.end <= now ? [file] : []
    const isWhole = Interval.count(interval, part.start, part.end) === Interval.count(interval, month, file.end)
    return isWhole ? [file] : daysOf(series, [part], now)
  })
}

/** The files of the days of which something opens in one of the ranges; none of what has no files of days. */
export const daysOf = (series: Series, ranges: ReadonlyArray<Range>, now: number): ReadonlyArray<ArchiveFile> => {
  const { interval } = series
  if (!hasDays(interval)) return []
  const days = ranges.flatMap(({ end, start }) =>
    Interval.opens("1d", Interval.floor("1d", Math.max(start, opened)), Math.min(end, publishedUntil(interval, now)))
      .filter((day) => Interval.count(interval, Math.max(day, start), Math.min(day + dayMillis, end)) > 0)
  )
  return [...new Set(days)].map((day) => fileOf(series, "daily", day))
}

/**
 * The files of the months that are over and of which something opens in one of the ranges; none of seconds. A month of
 * those is a hundred megabytes, for a day of which it is not worth it.
 */
export const monthsOf = (series: Series, ranges: ReadonlyArray<Range>, now: number): ReadonlyArray<ArchiveFile> => {
  if (series.interval === "1s") return []
  const months = ranges.flatMap(({ end, start }) => Interval.opens("1M", Interval.floor("1M", start), end))
  return [...new Set(months)].map((month) => fileOf(series, "monthly", month)).filter(({ end }) => end <= now)
}

/**
 * How many candles open in the time of a file. The archive has files with some rows twice, so that a file may have a few
 * more; and a row takes less than 256 bytes, so that no file of this many rows takes more.
 */
export const candlesIn = ({ interval }: Series, { end, start }: ArchiveFile): number =>
  Interval.count(interval, start, end)

export const maxSizeOf = (series: Series, file: ArchiveFile): number => (candlesIn(series, file) + 1000) * 256
