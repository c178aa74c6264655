/**
 * The listing of the archive. The archive is an S3 bucket, which lists the names below a prefix in byte order, and thus
 * the days of an instrument in chronological order.
 */
import { dayName, folderOf, nameOf, type Series } from "./archiveFiles.js"

// More than one, since a checksum lies beside each zip, and some names contain no day.
const maxKeys = 20

/**
 * The URL that lists the first days with files, optionally after a day. It lists candles of a day, which every
 * instrument has, even if other files are missing.
 */
export const listingUrl = (base: string, { market, symbol }: Series, after?: number): string => {
  const series = { market, symbol, interval: "1d" } as const
  const prefix = folderOf(series, "daily")
  const query = new URLSearchParams({
    prefix,
    // Sorts after all files of that day, whose names continue with a dot.
    ...(after === undefined ? undefined : { marker: `${prefix}${nameOf(series, dayName(after))}~` }),
    "max-keys": String(maxKeys)
  })
  return `${base}?${query}`
}

/** The first day in a listing, in milliseconds. `Infinity` if it has none, undefined if the text is not a listing. */
export const firstDayIn = (xml: string): number | undefined => {
  if (!/<ListBucketResult[\s>]/.test(xml)) return undefined
  const [, day] = /<Key>[^<]*-(\d{4}-\d{2}-\d{2})\.zip<\/Key>/.exec(xml) ?? []
  return day === undefined ? Infinity : Date.parse(`${day}T00:00:00Z`)
}
