/** The archive of the exchange: zips of candles by the day and by the month, each with its checksum, as S3 serves them. */
import * as files from "../../../binance/internal/archive/archiveFiles.js"
import * as Interval from "../../../binance/Interval.js"
import * as Market from "../../../binance/Market.js"
import { attempt } from "../../../internal/safe/json.js"
import { htmlAnswer } from "../wire/wireModel.js"
import type { Corruption } from "./exchangeFaults.js"
import type { Listing } from "./instruments.js"
import type { Query } from "./klinesQuery.js"
import { type Archived, type Draft, s3Answer } from "./reply.js"
import type { Row } from "./series.js"

/** What files are made with. */
export interface Pack {
  readonly zip: (name: string, content: string) => Uint8Array
  /** In hexadecimal. */
  readonly sha256: (bytes: Uint8Array) => string
}

/** A file as it is, in place of one that is made. */
export interface ArchivedFile extends files.Series {
  /** What it is about: a day, `2024-01-31`, or a month, `2024-01`. */
  readonly time: string
  /** A CSV, which is packed, or the zip itself. */
  readonly content: string | Uint8Array
  /** The text beside it; `null` for none. Default: the right one. */
  readonly checksum?: string | null | undefined
}

export interface Archive {
  readonly pack: Pack
  /** By their paths, without an ending. */
  readonly supplied: ReadonlyMap<string, ArchivedFile>
  /** How long after a day is over its files come, in milliseconds. */
  readonly delay: number
  readonly recent: RecentFiles
}

interface MadeFile {
  readonly rows: ReadonlyArray<Row>
  readonly zip: () => Uint8Array
}

const mostRows = 100_000

/** The files made last: clients ask for a zip and for its checksum, and making a file takes most of the time. */
export class RecentFiles {
  private readonly files = new Map<string, MadeFile>()
  private rows = 0

  of(key: string, make: () => MadeFile): MadeFile {
    const known = this.files.get(key)
    if (known !== undefined) return known
    const made = make()
    this.files.set(key, made)
    this.rows += made.rows.length
    for (const [key, { rows }] of this.files) {
      if (this.rows <= mostRows) break
      this.files.delete(key)
      this.rows -= rows.length
    }
    return made
  }
}

export interface Asked extends files.Series {
  readonly for: "zip" | "checksum" | "list"
  /** What is listed has none. */
  readonly file: files.ArchiveFile | undefined
}

/** What a request asks the archive for, if it does. */
export const askedOf = (path: string, query: Query): Asked | undefined => {
  if (path === listPath) {
    const series = seriesIn(query["prefix"] ?? "")
    return series && { ...series, for: "list", file: undefined }
  }
  const [, below, ending] = /^\/(data\/.+)\.zip(\.CHECKSUM)?$/.exec(attempt(() => decodeURI(path)) ?? "") ?? []
  const series = below === undefined ? undefined : seriesIn(below)
  const [, time] = /-(\d{4}-\d{2}(?:-\d{2})?)$/.exec(below ?? "") ?? []
  if (series === undefined || time === undefined) return undefined
  // A day that is none has no file.
  const file = attempt(() => fileAt(series, time))
  return file !== undefined && file.path === below
    ? { ...series, for: ending === undefined ? "zip" : "checksum", file }
    : undefined
}

/** Where the bucket is listed. */
export const listPath = "/data.binance.vision"

const folderPattern = /^data\/(spot|futures\/um|futures\/cm)\/(?:daily|monthly)\/klines\/([^/]+)\/([^/]+)\//

const seriesIn = (path: string): files.Series | undefined => {
  const [, folder, symbol, spelling] = folderPattern.exec(path) ?? []
  const market = Market.Market.literals.find((market) => files.folders[Market.facts[market].short] === folder)
  const interval = Interval.Interval.literals.find((interval) => files.spelled(interval) === spelling)
  return market !== undefined && symbol !== undefined && interval !== undefined && Interval.isOn(interval, market)
    ? { market, symbol, interval }
    : undefined
}

/** The file about a day or a month, by its name. */
export const fileAt = (series: files.Series, time: string): files.ArchiveFile =>
  time.length === 10
    ? files.fileOf(series, "daily", Date.parse(time))
    : files.fileOf(series, "monthly", Date.parse(`${time}-01`))

// ---------------------------------------------------------------------------------------------------------------------
// answers
// ---------------------------------------------------------------------------------------------------------------------

export const archiveDraft = (
  listing: Listing,
  archive: Archive,
  asked: Asked,
  query: Query,
  now: number
): Draft => {
  if (asked.file === undefined) return listDraft(listing, archive, asked, query, now)
  const { file } = asked
  const supplied = archive.supplied.get(file.path)
  if (supplied !== undefined) {
    const { checksum, content } = supplied
    const zip = typeof content === "string" ? archive.pack.zip(`${file.name}.csv`, content) : content
    if (asked.for === "checksum" && checksum === null) return s3Answer(404)
    return packed(archive, asked, file, zip, Infinity, checksum ?? undefined)
  }
  const age = now - publishedAt(archive, file)
  if (age < 0) return s3Answer(404)
  const zipOf = (rows: ReadonlyArray<unknown>) => archive.pack.zip(`${file.name}.csv`, csvOf(asked, file, rows))
  // Its last candle may end after it, by less than a week.
  const { rows, zip } = archive.recent.of(`${file.path} ${Math.min(now, file.end + week)}`, () => {
    const rows = rowsOf(listing, asked, file, now, Infinity)
    let zip: Uint8Array | undefined
    return { rows, zip: () => zip ??= zipOf(rows) }
  })
  if (rows.length === 0) return s3Answer(404)
  return {
    ...packed(archive, asked, file, zip(), age),
    rows,
    of: (rows) => packed(archive, asked, file, zipOf(rows), age)
  }
}

const week = 7 * 86_400_000

const rowsOf = (
  listing: Listing,
  { interval, market, symbol }: files.Series,
  file: files.ArchiveFile,
  now: number,
  limit: number
): ReadonlyArray<Row> =>
  (file.period === "daily" && !files.hasDays(interval)) || listing.instrument(market, symbol) === undefined
    ? []
    : listing.rows(market, symbol, interval, now, { from: file.start, to: file.end - 1, limit, take: "first" })

/** Days come the next day, months on the first Monday after. */
const publishedAt = ({ delay }: Archive, { end, period }: files.ArchiveFile): number =>
  (period === "daily" ? end : Interval.ceil("1w", end)) + delay

const packed = (
  { pack }: Archive,
  asked: Asked,
  { end, name }: files.ArchiveFile,
  zip: Uint8Array,
  age: number,
  checksum = `${pack.sha256(zip)}  ${name}.zip`
): Draft => {
  const isZip = asked.for === "zip"
  const answer = {
    status: 200,
    headers: {
      "content-type": isZip ? "application/zip" : "binary/octet-stream",
      "last-modified": new Date(end).toUTCString(),
      server: "AmazonS3"
    },
    body: isZip ? zip : checksum
  }
  const archived: Archived = {
    age,
    corrupted: (corruption) => ({
      ...answer,
      ...(isZip ? corruptZip(zip, corruption) : corruptChecksum(pack, zip, name, corruption))
    })
  }
  return { ...answer, archived }
}

const corruptZip = (zip: Uint8Array, corruption: Corruption): Partial<Draft> => {
  const middle = Math.floor(zip.length / 2)
  switch (corruption) {
    case "flipped":
      return { body: zip.map((byte, i) => i === middle ? byte ^ 1 : byte) }
    case "truncated":
      return { body: zip.subarray(0, middle) }
    case "empty":
      return { body: "" }
    case "html":
      return htmlAnswer(200, "OK")
    default:
      return {}
  }
}

const corruptChecksum = (pack: Pack, zip: Uint8Array, name: string, corruption: Corruption): Partial<Draft> => {
  switch (corruption) {
    case "staleChecksum":
      return { body: `${pack.sha256(zip.subarray(1))}  ${name}.zip` }
    case "otherChecksum":
      return { body: `${pack.sha256(zip)}  OTHER-${name}.zip` }
    case "noChecksum":
      return s3Answer(404)
    default:
      return {}
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// content
// ---------------------------------------------------------------------------------------------------------------------

const header =
  "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n"

/** As recorded: of spot none has a header, of futures those since some day have. */
const headedSince: Readonly<Record<Market.Market, number>> = {
  SPOT: Infinity,
  FUTURES_USDT: Date.UTC(2022, 4),
  FUTURES_COIN: Date.UTC(2021, 0)
}

/** Times of spot are in microseconds from then on. */
const microsSince = Date.UTC(2025, 0)

const csvOf = ({ market }: files.Series, { start }: files.ArchiveFile, rows: ReadonlyArray<unknown>): string => {
  const isMicros = market === "SPOT" && start >= microsSince
  const line = (row: unknown): string => {
    const values: ReadonlyArray<unknown> = Array.isArray(row) ? row : [row]
    return isMicros
      ? values.map((value, i) => i === 0 ? `${String(value)}000` : i === 6 ? `${String(value)}999` : value).join(",")
      : values.join(",")
  }
  return (start >= headedSince[market] ? header : "") + rows.map((row) => `${line(row)}\n`).join("")
}

// ---------------------------------------------------------------------------------------------------------------------
// listing
// ---------------------------------------------------------------------------------------------------------------------

const listDraft = (listing: Listing, archive: Archive, series: files.Series, query: Query, now: number): Draft => {
  const prefix = query["prefix"] ?? ""
  const marker = query["marker"] ?? ""
  const most = Number(query["max-keys"] ?? 1000)
  const period = prefix.includes("/monthly/") ? "monthly" : "daily"
  const begin = listing.instrument(series.market, series.symbol)?.listed ?? Infinity
  const unit = period === "monthly" ? "1M" : "1d"
  const made = begin > now ? [] : Interval.opens(unit, Interval.floor(unit, begin), now)
  const supplied = [...archive.supplied.values()].filter((file) => files.folderOf(file, period) === prefix).map((
    file
  ) => fileAt(file, file.time)).filter((file) => file.period === period).map(({ start }) => start)
  const keys: Array<string> = []
  for (const start of [...new Set([...made, ...supplied])].sort((a, b) => a - b)) {
    const file = files.fileOf(series, period, start)
    const after = [`${file.path}.zip`, `${file.path}.zip.CHECKSUM`].filter((key) =>
      key > marker && key.startsWith(prefix)
    )
    if (after.length === 0) continue
    if (keys.length >= most) break
    const isThere = supplied.includes(start) ||
      (publishedAt(archive, file) <= now && rowsOf(listing, series, file, now, 1).length > 0)
    if (isThere) keys.push(...after)
  }
  const contents = keys.slice(0, most).map((key) => `<Contents><Key>${key}</Key></Contents>`).join("")
  return {
    status: 200,
    headers: { "content-type": "application/xml", server: "AmazonS3" },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n` +
      `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>data.binance.vision</Name>` +
      `<Prefix>${prefix}</Prefix><Marker>${marker}</Marker><MaxKeys>${most}</MaxKeys>` +
      `<IsTruncated>${keys.length > most}</IsTruncated>${contents}</ListBucketResult>`
  }
}
