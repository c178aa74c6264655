/**
 * What the archive says it has. It is a bucket of S3, which lists the names below a prefix in the order of their bytes,
 * and so the days of an instrument in the order of time.
 */
import { dayName, folderOf, nameOf, type Series } from "./archiveFiles.js"

// A few more than one: beside each zip lies a checksum, and now and then a file whose name is no day.
const maxKeys = 20

/**
 * Where to ask for the first days of which there are files; those after a day if one is given. Asked is for candles of
 * a day, of which every instrument has files, whatever its other files lack.
 */
export const listingUrl = (base: string, { market, symbol }: Series, after?: number): string => {
  const series = { market, symbol, interval: "1d" } as const
  const prefix = folderOf(series, "daily")
  const query = new URLSearchParams({
    prefix,
    // Behind all files of that day: they go on with a point.
    ...(after === undefined ? undefined : { marker: `${prefix}${nameOf(series, dayName(after))}~` }),
    "max-keys": String(maxKeys)
  })
  return `${base}?${query}`
}

/** The first day in a listing, in milliseconds; `Infinity` when it has none, and nothing when it is no listing. */
export const firstDayIn = (xml: string): number | undefined => {
  if (!/<ListBucketResult[\s>]/.test(xml)) return undefined
  const [, day] = /<Key>[^<]*-(\d{4}-\d{2}-\d{2})\.zip<\/Key>/.exec(xml) ?? []
  return day === undefined ? Infinity : Date.parse(`${day}T00:00:00Z`)
}
