/** The files of the archive: the expected files of a series, and their paths. */
import * as Interval from "../../Interval.js"
import * as Market from "../../Market.js"
import type { Range } from "../klines/ranges.js"

/** The identity of a series. */
export interface Series {
  readonly market: Market.Market
  readonly symbol: string
  readonly interval: Interval.Interval
}

/** A daily or monthly file: the candles that open in `[start, end)`. */
export interface ArchiveFile extends Range {
  readonly period: "daily" | "monthly"
  /** The name without extension: `BTCUSDT-1h-2024-01`. */
  readonly name: string
  /** The path below the root, without extension: `data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01`. */
  readonly path: string
}

/** The folder of a market. */
export const folders: Readonly<Record<Market.Short, string>> = { spot: "spot", um: "futures/um", cm: "futures/cm" }

/** The folder of a series. It contains all its files. */
export const folderOf = ({ interval, market, symbol }: Series, period: ArchiveFile["period"]): string =>
  `data/${folders[Market.facts[market].short]}/${period}/klines/${symbol}/${spelled(interval)}/`

/** The archive's spelling of an interval. Case-insensitive file systems do not distinguish `1m` from `1M`. */
export const spelled = (interval: Interval.Interval): string => interval === "1M" ? "1mo" : interval

/** True if an interval has daily files. For intervals longer than a day only a few exist. */
export const hasDays = (interval: Interval.Interval): boolean =>
  interval !== "1M" && Interval.millis[interval] <= dayMillis

const dayMillis = 86_400_000

/** The name of a file of a series, without extension. `time` is a day or a month, such as `2024-01-31` or `2024-01`. */
export const nameOf = ({ interval, symbol }: Series, time: string): string => `${symbol}-${spelled(interval)}-${time}`

/** `2024-01-31`. */
export const dayName = (instant: number): string => new Date(instant).toISOString().slice(0, 10)

/** The daily or monthly file whose period begins at an instant. */
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

/** The time in which the candles of a file are traded: the last candle of three days or a week may end after the file. */
export const tradedIn = ({ interval }: Series, { end, start }: Range): Range => ({
  start,
  end: hasDays(interval) || interval === "1M" ? end : end + Interval.millis[interval] - dayMillis
})

/** Binance opened in July 2017. There are no earlier candles. */
export const opened = Date.UTC(2017, 6)

/** The instruments of a market with the first files of the archive. */
export const oldest: Readonly<Record<Market.Market, ReadonlyArray<string>>> = {
  SPOT: ["BTCUSDT", "ETHBTC"],
  FUTURES_USDT: ["BTCUSDT"],
  FUTURES_COIN: ["BTCUSD_PERP"]
}

/** The instruments of a market with the most trades, whose daily files are never absent for long. */
export const largest: Readonly<Record<Market.Market, ReadonlyArray<string>>> = {
  SPOT: ["BTCUSDT", "ETHUSDT"],
  FUTURES_USDT: ["BTCUSDT", "ETHUSDT"],
  FUTURES_COIN: ["BTCUSD_PERP", "ETHUSD_PERP"]
}

/** The end of the last period that can be published by now: the last ended day or month. */
export const publishedUntil = (interval: Interval.Interval, now: number): number =>
  Interval.floor(hasDays(interval) ? "1d" : "1M", now)

/**
 * True if an absent file may still be published. Daily files are published within hours, the slowest within six days;
 * monthly files on the first Monday after the month, or a week later.
 */
export const mayCome = ({ end, period }: ArchiveFile, now: number): boolean =>
  now - end < (period === "daily" ? 7 : 14) * dayMillis

/**
 * The smallest set of files that covers the published part of `[start, end)`: monthly files for whole months, daily
 * files for the rest. For an interval without daily files, all months that the range overlaps.
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

/** The daily files that cover the ranges. Empty for an interval without daily files. */
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
 * The monthly files of ended months that cover the ranges. Empty for candles of a second: a monthly file of those has a
 * hundred megabytes, too much for a day.
 */
export const monthsOf = (series: Series, ranges: ReadonlyArray<Range>, now: number): ReadonlyArray<ArchiveFile> => {
  if (series.interval === "1s") return []
  const months = ranges.flatMap(({ end, start }) => Interval.opens("1M", Interval.floor("1M", start), end))
  return [...new Set(months)].map((month) => fileOf(series, "monthly", month)).filter(({ end }) => end <= now)
}

/**
 * The number of candles that open in the period of a file. Some files of the archive repeat rows, so a file may have a
 * few more. A row takes less than 256 bytes, so this number also limits the size of a file.
 */
export const candlesIn = ({ interval }: Series, { end, start }: ArchiveFile): number =>
  Interval.count(interval, start, end)

export const maxSizeOf = (series: Series, file: ArchiveFile): number => (candlesIn(series, file) + 1000) * 256
