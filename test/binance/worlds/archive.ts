/** The archive of a world: zips of candles by the day and by the month with their checksums, and their listing. */
import { createHash } from "node:crypto"
import { crc32, deflateRawSync } from "node:zlib"
import { type ArchiveFault, ofChecksum } from "./faults.js"
import { day, type Interval, intervals, makeTruth, type Market, monthStart, type Truth } from "./truth.js"
import { ofOther, type Reply, withRowFault } from "./wire.js"
import type { World } from "./world.js"

const folders: Readonly<Record<Market, string>> = {
  SPOT: "spot",
  FUTURES_USDT: "futures/um",
  FUTURES_COIN: "futures/cm"
}

export const bucket = "/bucket"

/** The archive's name of an interval. */
export const spelled = (interval: Interval): string => interval === "1M" ? "1mo" : interval

const header =
  "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n"

const s3 = (status: number): Reply => ({
  status,
  headers: { "content-type": "application/xml" },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${status === 404 ? "NoSuchKey" : "Error"}</Code></Error>`
})

export interface Archive {
  readonly answer: (path: string, query: URLSearchParams, isCalm: boolean) => {
    readonly reply: Reply
    readonly fault: string | undefined
  }
}

/** `delivered` gets the opens in files whose zip and checksum were both sent without a fault, one after the other. */
export const makeArchive = (
  world: World,
  truths: ReadonlyArray<Truth>,
  now: () => number,
  delivered: ReadonlyArray<Set<number>>
): Archive => {
  const { begins, deflate, delay, header: isHeaded, lost, micros, monthDelay } = world.archive
  const bySymbol = new Map(world.series.map(({ symbol }, i) => [symbol, i]))
  const faults = new Map<string, ArchiveFault>(world.archiveFaults.map((fault) => [fault.name, fault]))
  const struck = new Map<string, number>()
  const absent = new Set(lost)
  const days = world.series.map((traded) => makeTruth({ ...traded, interval: "1d" }))
  const zips = new Map<string, Uint8Array>()
  /** The last zip sent of each name, and whether it was as it should be. */
  const latest = new Map<string, { readonly zip: Uint8Array; readonly isSound: boolean }>()

  const isPublished = (start: number, isDaily: boolean): boolean => {
    if (start < begins) return false
    const end = isDaily ? start + day : monthStart(start, 1)
    // Months appear on a Monday.
    const monday = 4 * day + Math.ceil((end - 4 * day) / (7 * day)) * 7 * day
    return now() >= (isDaily ? end + delay : monday + monthDelay)
  }

  const line = (row: ReadonlyArray<unknown>, isMicros: boolean): string =>
    isMicros
      ? row.map((value, i) => i === 0 ? `${String(value)}000` : i === 6 ? `${String(value)}999` : value).join(",")
      : row.join(",")

  const file = (of: number, name: string, start: number, isDaily: boolean, kind: string | undefined) => {
    const truth = truths[of]!
    const end = isDaily ? start + day : monthStart(start, 1)
    const shift = kind === "otherTime" ? end - start : 0
    const opens = truth.first({ start: start - shift, end: end - shift }).filter((open) => truth.next(open) <= now())
    if (opens.length === 0) return undefined
    const isMicros = micros && start >= Date.UTC(2025, 0)
    const lines = withRowFault(
      kind,
      opens.map((open) => line(kind === "otherInterval" ? ofOther(truth, open) : truth.row(open), isMicros)),
      (text) => text.split(","),
      (row) => row.join(",")
    )
    const key = `${name} ${kind} ${opens.length}`
    const zip = zips.get(key) ??
      zipOf(name, (isHeaded ? header : "") + lines.map((text) => `${text}\n`).join(""), deflate)
    zips.set(key, zip)
    return { opens, zip }
  }

  const listed = (query: URLSearchParams): Reply => {
    const prefix = query.get("prefix") ?? ""
    const marker = query.get("marker") ?? ""
    const most = Number(query.get("max-keys") ?? 1000)
    const [, folder, period, symbol, spelling] =
      /^data\/(spot|futures\/um|futures\/cm)\/(daily|monthly)\/klines\/([^/]+)\/([^/]+)\/$/.exec(prefix) ?? []
    const of = bySymbol.get(symbol ?? "")
    const keys: Array<string> = []
    if (of !== undefined && folder === folders[world.series[of]!.market] && period === "daily" && spelling === "1d") {
      const { listed } = world.series[of]!
      for (let start = days[of]!.floor(Math.max(listed, begins)); start < now() && keys.length < most; start += day) {
        const name = `${prefix}${symbol}-1d-${iso(start)}.zip`
        if (`${name}.CHECKSUM` <= marker || !days[of]!.exists(start) || !isPublished(start, true)) continue
        if (absent.has(name.slice(name.lastIndexOf("/") + 1))) continue
        keys.push(...[name, `${name}.CHECKSUM`].filter((key) => key > marker))
      }
    }
    const contents = keys.slice(0, most).map((key) => `<Contents><Key>${key}</Key></Contents>`).join("")
    return {
      status: 200,
      headers: { "content-type": "application/xml" },
      body:
        `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
        `<Prefix>${prefix}</Prefix><IsTruncated>${keys.length > most}</IsTruncated>${contents}</ListBucketResult>`
    }
  }

  /** The monthly file of candles of a day, where another interval is the subject. It has no faults. */
  const ofDays = (of: number, name: string, time: string, isSum: boolean): Reply => {
    const start = Date.parse(`${time}-01`)
    if (!isPublished(start, false)) return s3(404)
    const opens = days[of]!.first({ start, end: monthStart(start, 1) }).filter((open) => open + day <= now())
    if (opens.length === 0) return s3(404)
    const zip = zipOf(name, opens.map((open) => `${line(days[of]!.row(open), false)}\n`).join(""), false)
    if (!isSum) return zipReply(zip, undefined)
    const sum = createHash("sha256").update(zip).digest("hex")
    return { status: 200, headers: { "content-type": "binary/octet-stream" }, body: `${sum}  ${name}` }
  }

  const answer: Archive["answer"] = (path, query, isCalm) => {
    if (path === bucket) return { reply: listed(query), fault: undefined }
    const [, folder, period, symbol, spelling, name, time, ending] =
      /^\/data\/(spot|futures\/um|futures\/cm)\/(daily|monthly)\/klines\/([^/]+)\/([^/]+)\/(\3-\4-(\d{4}-\d\d(?:-\d\d)?)\.zip)(\.CHECKSUM)?$/
        .exec(path) ?? []
    const of = bySymbol.get(symbol ?? "")
    if (of === undefined || name === undefined || time === undefined) return { reply: s3(404), fault: undefined }
    const { interval, market } = world.series[of]!
    if (spelling === "1d" && period === "monthly" && interval !== "1d" && folder === folders[market]) {
      return { reply: ofDays(of, name, time, ending !== undefined), fault: undefined }
    }
    const isDaily = period === "daily"
    const start = Date.parse(isDaily ? time : `${time}-01`)
    const isThere = folder === folders[market] && spelling === spelled(interval) && isDaily === (time.length === 10) &&
      (!isDaily || intervals[interval] <= day) && isPublished(start, isDaily) && !absent.has(name)
    const fault = isCalm ? undefined : faults.get(name)
    const isSum = ending !== undefined
    const count = struck.get(name) ?? 0
    const isStruck = fault !== undefined && ofChecksum.has(fault.kind) === isSum && count < fault.times
    if (isStruck) struck.set(name, count + 1)
    const kind = isStruck ? fault.kind : undefined
    const made = isThere ? file(of, name, start, isDaily, isSum ? undefined : kind) : undefined
    if (made === undefined) return { reply: s3(404), fault: kind }
    if (!isSum) {
      latest.set(name, { zip: made.zip, isSound: kind === undefined })
      return { reply: zipReply(made.zip, kind), fault: kind }
    }
    const before = latest.get(name)
    const zip = before?.zip ?? made.zip
    const sum = createHash("sha256").update(kind === "staleChecksum" ? zip.subarray(1) : zip).digest("hex")
    if (kind === "noChecksum") return { reply: s3(404), fault: kind }
    if (kind === undefined && before?.isSound === true) { for (const open of made.opens) delivered[of]!.add(open) }
    const body = kind === "brokenChecksum"
      ? "<html>"
      : `${sum}  ${kind === "otherChecksum" ? "OTHER-" : ""}${name}`
    return { reply: { status: 200, headers: { "content-type": "binary/octet-stream" }, body }, fault: kind }
  }
  return { answer }
}

const iso = (instant: number): string => new Date(instant).toISOString().slice(0, 10)

const zipReply = (zip: Uint8Array, kind: string | undefined): Reply => {
  const middle = zip.length >> 1
  const reply = (body: Uint8Array | string): Reply => ({
    status: 200,
    headers: { "content-type": "application/zip" },
    body
  })
  switch (kind) {
    case "status404":
      return s3(404)
    case "status403":
      return s3(403)
    case "status500":
      return s3(500)
    case "status503":
      return s3(503)
    case "flipped":
      return reply(zip.map((byte, i) => i === middle ? byte ^ 1 : byte))
    case "truncated":
      return reply(zip.subarray(0, middle))
    case "empty":
      return reply("")
    case "html":
      return { status: 200, headers: { "content-type": "text/html" }, body: "<html><body>Please log in</body></html>" }
    default:
      return reply(zip)
  }
}

/** A zip of one file. A large file is stored: another thread would inflate it, in a time that the clock does not see. */
const zipOf = (zipName: string, content: string, isDeflated: boolean): Uint8Array => {
  const name = Buffer.from(zipName.replace(/\.zip$/, ".csv"))
  const data = Buffer.from(content)
  const deflate = isDeflated && data.length < 1_000_000
  const packed = deflate ? deflateRawSync(data, { level: 1 }) : data
  const facts = Buffer.alloc(26)
  facts.writeUInt16LE(20, 0)
  facts.writeUInt16LE(deflate ? 8 : 0, 4)
  facts.writeUInt16LE(0x21, 8)
  facts.writeUInt32LE(crc32(data), 10)
  facts.writeUInt32LE(packed.length, 14)
  facts.writeUInt32LE(data.length, 18)
  facts.writeUInt16LE(name.length, 22)
  const local = Buffer.concat([Buffer.from("PK\x03\x04"), facts, name, packed])
  const central = Buffer.concat([Buffer.from("PK\x01\x02"), Buffer.from([20, 0]), facts, Buffer.alloc(14), name])
  const end = Buffer.alloc(22)
  end.write("PK\x05\x06")
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(local.length, 16)
  return Buffer.concat([local, central, end])
}
