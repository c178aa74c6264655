/**
 * Encodes candles as an Arrow IPC file, and decodes them. Any Arrow tool reads it: times are 64-bit integers, in
 * milliseconds since the epoch; the other fields are doubles. The interval, the sources and the missing candles are
 * JSON in the metadata of the schema.
 *
 * Arrow readers detect neither a flipped byte nor a truncated file. Therefore a file ends with a seal, a checksum of
 * all its bytes. The metadata has a checksum of the columns and of the rest of the metadata, for files without a seal:
 * those of earlier versions, and those rewritten by another tool.
 */
import * as Schema from "effect/Schema"
import { attempt } from "../../../internal/safe/json.js"
import { Interval } from "../../Interval.js"
import * as columns from "../klines/columns.js"
import type { Model } from "../klines/klinesModel.js"
import * as origins from "../klines/origins.js"
import * as rowSources from "../klines/rowSources.js"
import type { CacheModules } from "../optionalModules.js"
import * as arrowShape from "./arrowShape.js"
import { doubles, tableOf } from "./arrowTable.js"
import * as seal from "./seal.js"

type Source = typeof origins.Source.Type

const version = 1

const keys = { klines: "effect-errata/klines", about: "effect-errata/about", crc32: "effect-errata/crc32" } as const

const Header = Schema.parseJson(Schema.Struct({
  version: Schema.Literal(version),
  interval: Interval,
  rows: Schema.Int,
  /** The sources of the rows, as runs: a source, and its number of rows. */
  sources: Schema.Array(Schema.Tuple(origins.Source, Schema.Int)),
  missing: Schema.Array(Schema.Struct({ start: Schema.Int, end: Schema.Int, reason: origins.Reason }))
}))

export interface Contents {
  readonly klines: Model
  /** Additional metadata of the file, as a string. */
  readonly about: string
}

/** The contents of a file. The sources of the rows are runs: a source, and its number of rows. */
export interface Decoded {
  readonly klines: Omit<Model, "source">
  readonly sources: ReadonlyArray<readonly [Source, number]>
  readonly about: string
}

/** A fault in the bytes of a file. */
export interface Flaw {
  readonly flaw: string
  readonly wanted?: string
  readonly found?: string
}

/**
 * The bytes of a file, in parts. Large columns of doubles are parts of their own, as views: they are neither copied nor
 * read more than once.
 */
export const encodeParts = ({ arrow, zlib }: CacheModules, { about, klines }: Contents): ReadonlyArray<Uint8Array> => {
  const table = tableOf(arrow, klines)
  const { interval, length, missing, source } = klines
  const header = Schema.encodeSync(Header)({ version, interval, rows: length, sources: runsOf(source), missing })
  const stored = table.children.map((column): seal.Part => {
    const bytes = bytesOf(column.data[0]?.values)
    return { bytes, crc: zlib.crc32(bytes) }
  })
  const metadata = new Map([
    [keys.klines, header],
    [keys.about, about],
    [keys.crc32, checksumOf(zlib, [header, about], stored)]
  ])
  const parts: Array<Uint8Array> = []
  const write = (bytes: Uint8Array) => void parts.push(bytes)
  arrow.tableToIPC(new arrow.Table({ ...table.schema, metadata }, table.children), {
    format: "file",
    sink: { write, pad: (count) => write(new Uint8Array(count)), finish: () => null }
  })
  return seal.add(zlib, grouped(parts, stored))
}

/** The bytes of a file. */
export const encode = (modules: CacheModules, contents: Contents): Uint8Array => joined(encodeParts(modules, contents))

/**
 * The contents of a file, or its first fault; undefined if a later version of this library wrote it. Columns of doubles
 * are views of the bytes. With `overwrite`, so are the times: they are converted in place, so that the bytes must not be
 * used again.
 */
export const decode = (
  { arrow, zlib }: CacheModules,
  bytes: Uint8Array,
  overwrite: boolean
): Decoded | Flaw | undefined => {
  if (bytes.length === 0) return { flaw: "The file is empty" }
  const sealed = seal.read(zlib, bytes)
  if (sealed !== undefined && sealed.found !== sealed.wanted) return mismatch(hex(sealed.wanted), hex(sealed.found))
  const isPlain = sealed !== undefined || attempt(() => arrowShape.hasPlainColumns(bytes))
  if (isPlain === false) return { flaw: "The Arrow file holds no klines" }
  const table = isPlain && attempt(() => arrow.tableFromIPC(bytes, { useBigInt: true }))
  if (table === undefined) return { flaw: "The file is not an Arrow file, or is truncated" }
  // In a damaged file, an entry may lack its value: null.
  const metadata = (key: string): string | undefined => table.schema.metadata?.get(key) ?? undefined
  const text = metadata(keys.klines)
  const about = metadata(keys.about) ?? ""
  if (text === undefined) return { flaw: "The Arrow file holds no klines", wanted: keys.klines }
  const stored = table.children.map((column) => column.data[0]?.values)
  if (sealed === undefined) {
    const wanted = metadata(keys.crc32) ?? "none"
    const found = checksumOf(zlib, [text, about], stored.map((values) => ({ bytes: bytesOf(values), crc: undefined })))
    if (found !== wanted) return mismatch(wanted, found)
  }
  if (isLater(text)) return undefined
  const header = attempt(() => Schema.decodeSync(Header)(text))
  if (header === undefined) return { flaw: "The metadata of the file cannot be decoded", found: text }
  const names = table.names.map(String)
  if (names.join() !== columns.names.join()) {
    return {
      flaw: "The columns of the file are not those of klines",
      wanted: columns.names.join(),
      found: names.join()
    }
  }
  const { interval, missing, rows, sources } = header
  const read = columns.make(rows, (name) => doubles(stored[columns.names.indexOf(name)], overwrite))
  const lengths = [
    table.numRows,
    sources.reduce((sum, [, run]) => sum + run, 0),
    ...columns.names.map((name) => read[name].length)
  ]
  if (lengths.some((length) => length !== rows)) {
    return {
      flaw: "The number of rows differs from that in the metadata of the file",
      wanted: String(rows),
      found: lengths.join()
    }
  }
  return { klines: { ...read, interval, missing }, sources, about }
}

const mismatch = (wanted: string, found: string): Flaw => ({
  flaw: "The checksum of the file does not match its contents",
  wanted,
  found
})

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

/** The source of each row. */
export const rowsOf = ({ klines: { length }, sources: runs }: Decoded): ReadonlyArray<Source> => {
  const [first] = runs
  if (first !== undefined && first[1] === length) return rowSources.repeated(first[0], length)
  const sources = Array<Source>(length)
  let at = 0
  for (const [source, run] of runs) sources.fill(source, at, at += run)
  return sources
}

const checksumOf = (
  zlib: CacheModules["zlib"],
  texts: ReadonlyArray<string>,
  stored: ReadonlyArray<seal.Part>
): string => hex(seal.checksum(zlib, stored, texts.reduce((sum, text) => zlib.crc32(text, sum), 0)))

/** Parts from this size on are not copied. */
const large = 1 << 18

/** Merges small parts, so that a file takes few writes. The last part is always a merged one. */
const grouped = (parts: ReadonlyArray<Uint8Array>, known: ReadonlyArray<seal.Part>): ReadonlyArray<seal.Part> => {
  const groups: Array<seal.Part> = []
  let small: Array<Uint8Array> = []
  for (const bytes of parts) {
    if (bytes.length < large) small.push(bytes)
    else {
      const { buffer, byteOffset, length } = bytes
      const crc = known.find(({ bytes }) =>
        bytes.buffer === buffer && bytes.byteOffset === byteOffset && bytes.length === length
      )?.crc
      groups.push({ bytes: joined(small), crc: undefined }, { bytes, crc })
      small = []
    }
  }
  return [...groups.filter(({ bytes }) => bytes.length > 0), { bytes: joined(small), crc: undefined }]
}

const joined = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

const hex = (crc: number): string => crc.toString(16).padStart(8, "0")

const bytesOf = (values: unknown): Uint8Array =>
  ArrayBuffer.isView(values) ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength) : new Uint8Array()
