/**
 * Candles as an Arrow IPC file, and back. Any Arrow tool reads it: times are 64-bit integers, in milliseconds since the
 * epoch, all else are doubles. What the columns do not say is in the metadata of the schema, as JSON under one key.
 *
 * Arrow readers notice neither a flipped byte nor a file that ends early: so there is a checksum over the columns and
 * over what is said about them.
 */
import * as Schema from "effect/Schema"
import { attempt } from "../../../internal/safe/json.js"
import { Interval } from "../../Interval.js"
import type { Klines, Source } from "../../Klines.js"
import * as columns from "../klines/columns.js"
import * as origins from "../klines/origins.js"
import type { CacheModules } from "../optionalModules.js"

const version = 1

const keys = { klines: "effect-errata/klines", about: "effect-errata/about", crc32: "effect-errata/crc32" } as const

const Header = Schema.parseJson(Schema.Struct({
  version: Schema.Literal(version),
  interval: Interval,
  rows: Schema.Int,
  /** Who gave the rows: so many the first, so many the next. */
  sources: Schema.Array(Schema.Tuple(origins.Source, Schema.Int)),
  missing: Schema.Array(Schema.Struct({ start: Schema.Int, end: Schema.Int, reason: origins.Reason }))
}))

export interface Contents {
  readonly klines: Klines
  /** What else the file says of itself. */
  readonly about: string
}

/** What was read, but for who gave each row: so many the first, so many the next. */
export interface Decoded {
  readonly klines: Omit<Klines, "source">
  readonly sources: ReadonlyArray<readonly [Source, number]>
  readonly about: string
}

/** Why bytes are not what they should be. */
export interface Flaw {
  readonly flaw: string
  readonly wanted?: string
  readonly found?: string
}

const isTime = (name: columns.Name): boolean => name === "openTime" || name === "closeTime"

export const encode = ({ arrow, zlib }: CacheModules, { about, klines }: Contents): Uint8Array => {
  const table = arrow.tableFromArrays(
    columns.names.map((name): [string, BigInt64Array | Float64Array] => [
      name,
      isTime(name) ? integers(klines[name]) : klines[name]
    ]),
    // An array tells its type, and is taken as it is; but not if it is empty.
    klines.length > 0 ? {} : {
      types: Object.fromEntries(columns.names.map((name) => [name, isTime(name) ? arrow.int64() : arrow.float64()]))
    }
  )
  const { interval, length, missing, source } = klines
  const header = Schema.encodeSync(Header)({ version, interval, rows: length, sources: runsOf(source), missing })
  const stored = table.children.map((column) => column.data[0]?.values)
  const metadata = new Map([
    [keys.klines, header],
    [keys.about, about],
    [keys.crc32, checksumOf(zlib, [header, about], stored)]
  ])
  const bytes = arrow.tableToIPC(new arrow.Table({ ...table.schema, metadata }, table.children), { format: "file" })
  if (bytes === null) throw new Error("Arrow made no bytes of a table")
  return bytes
}

/**
 * What the bytes hold, or what is wrong with them; nothing if they are of a later version than this. Most columns are
 * views of the bytes. With `overwrite` all are: where the bytes are nobody else's, there is no need of others.
 */
export const decode = (
  { arrow, zlib }: CacheModules,
  bytes: Uint8Array,
  overwrite: boolean
): Decoded | Flaw | undefined => {
  if (bytes.length === 0) return { flaw: "The file is empty" }
  const table = attempt(() => arrow.tableFromIPC(bytes, { useBigInt: true }))
  if (table === undefined) return { flaw: "The file is no Arrow file, or only a part of one" }
  const text = table.schema.metadata?.get(keys.klines)
  const about = table.schema.metadata?.get(keys.about) ?? ""
  if (text === undefined) return { flaw: "The Arrow file holds no klines", wanted: keys.klines }
  const stored = table.children.map((column) => column.data[0]?.values)
  const wanted = table.schema.metadata?.get(keys.crc32) ?? "none"
  const found = checksumOf(zlib, [text, about], stored)
  if (found !== wanted) return { flaw: "The bytes are not those that were written", wanted, found }
  if (isLater(text)) return undefined
  const header = attempt(() => Schema.decodeSync(Header)(text))
  if (header === undefined) return { flaw: "The file does not say what it holds", found: text }
  const names = table.names.map(String)
  if (names.join() !== columns.names.join()) {
    return { flaw: "The file has other columns", wanted: columns.names.join(), found: names.join() }
  }
  const { interval, missing, rows, sources } = header
  const read = columns.make(rows, (name) => doubles(stored[columns.names.indexOf(name)], overwrite))
  const lengths = [
    table.numRows,
    sources.reduce((sum, [, run]) => sum + run, 0),
    ...columns.names.map((name) => read[name].length)
  ]
  if (lengths.some((length) => length !== rows)) {
    return { flaw: "The file has another number of rows", wanted: String(rows), found: lengths.join() }
  }
  return { klines: { ...read, interval, missing }, sources, about }
}

const isLater = (text: string): boolean => {
  const header = attempt((): unknown => JSON.parse(text))
  return typeof header === "object" && header !== null && "version" in header && Number(header.version) > version
}

const runsOf = (sources: ReadonlyArray<Source>): ReadonlyArray<readonly [Source, number]> => {
  const runs: Array<[Source, number]> = []
  for (const source of sources) {
    const last = runs.at(-1)
    if (last !== undefined && last[0] === source) last[1]++
    else runs.push([source, 1])
  }
  return runs
}

/** Who gave each row. */
export const rowsOf = ({ klines: { length }, sources: runs }: Decoded): ReadonlyArray<Source> => {
  const sources = Array<Source>(length)
  let at = 0
  for (const [source, run] of runs) sources.fill(source, at, at += run)
  return sources
}

const checksumOf = (zlib: CacheModules["zlib"], texts: ReadonlyArray<string>, stored: ReadonlyArray<unknown>): string =>
  [...texts, ...stored.map(bytesOf)].reduce((crc, part) => zlib.crc32(part, crc), 0).toString(16).padStart(8, "0")

const bytesOf = (values: unknown): Uint8Array =>
  ArrayBuffer.isView(values) ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength) : new Uint8Array()

// By halves: a BigInt for every value takes ten times as long.
const half = 2 ** 32

const integers = (values: Float64Array): BigInt64Array => {
  const out = new BigInt64Array(values.length)
  const halves = new Int32Array(out.buffer)
  for (let i = 0; i < values.length; i++) {
    const high = Math.floor(values[i]! / half)
    halves[2 * i] = values[i]! - high * half
    halves[2 * i + 1] = high
  }
  return out
}

const doubles = (values: unknown, overwrite: boolean): Float64Array => {
  if (values instanceof Float64Array) return values
  if (!(values instanceof BigInt64Array)) return new Float64Array()
  const { buffer, byteOffset, length } = values
  const halves = new Int32Array(buffer, byteOffset, length * 2)
  const out = overwrite ? new Float64Array(buffer, byteOffset, length) : new Float64Array(length)
  for (let i = 0; i < length; i++) out[i] = halves[2 * i + 1]! * half + (halves[2 * i]! >>> 0)
  return out
}
