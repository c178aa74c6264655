/** The cost of decoding zips, CSV and REST answers into columns, against decompression or `JSON.parse` alone and against peers. */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { parse as csvParse } from "csv-parse/sync"
import { Effect, Either, Layer, ManagedRuntime, Schema } from "effect"
import { BinanceVision, Klines } from "effect-errata/binance"
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { crc32, inflateRawSync } from "node:zlib"
import Papa from "papaparse"
import { inferSchema, initParser } from "udsv"
import { fromBufferPromise } from "yauzl"
import { makeCsvReader } from "../../dist/binance/internal/archive/csv.js"
import { names } from "../../dist/binance/internal/klines/columns.js"
import { decodeRows } from "../../dist/binance/internal/klines/restRows.js"
import { zipOf } from "../../dist/testing/internal/exchange/pack.js"
import { daysOfSeconds, pageOfRest } from "./candles.js"
import { race, rounds } from "./race.js"

const start = Date.UTC(2025, 0, 1)
const rowsADay = 86_400

type Columns = Klines.Columns

/** Columns from the values of each field, in order; times in microseconds. */
const columnsOf = (values: ReadonlyArray<Float64Array>): Columns => {
  const [openTime, open, high, low, close, volume] = values
  const [closeTime, quoteVolume, trades, takerBuyBase, takerBuyQuote] = values.slice(6)
  return {
    length: openTime!.length,
    openTime: openTime!.map((time) => time / 1000),
    open: open!,
    high: high!,
    low: low!,
    close: close!,
    volume: volume!,
    closeTime: closeTime!.map((time) => Math.floor(time / 1000)),
    quoteVolume: quoteVolume!,
    trades: trades!,
    takerBuyBase: takerBuyBase!,
    takerBuyQuote: takerBuyQuote!
  }
}

const doubles = (length: number, value: (row: number) => unknown): Float64Array => {
  const values = new Float64Array(length)
  for (let row = 0; row < length; row++) values[row] = Number(value(row))
  return values
}

const transposed = (rows: ReadonlyArray<ReadonlyArray<string>>): Columns =>
  columnsOf(names.map((_, column) => doubles(rows.length, (row) => rows[row]![column])))

/** Sorted, deduplicated and validated, as for all contenders. */
const validated = (columns: Columns, interval: "1s" = "1s", rows = rowsADay): Klines.Klines => {
  const found = Klines.make({
    interval,
    source: "vision",
    columns,
    start,
    end: start + rows * 1000,
    reasons: [{ start, end: start + rows * 1000, reason: "date_range" }]
  })
  if (found.length !== rows || found.missing.length > 0) throw new Error(`${found.length} rows of ${rows}`)
  return found
}

// ---------------------------------------------------------------------------------------------------------------------
// a day of seconds
// ---------------------------------------------------------------------------------------------------------------------

const csv = daysOfSeconds()(0)
const name = "BTCUSDT-1s-2025-01-01"
const zip = Uint8Array.from(zipOf([`${name}.csv`, csv]))
const checksum = `${createHash("sha256").update(zip).digest("hex")}  ${name}.zip`
const packed = zip.subarray(30 + name.length + 4, zip.length - 46 - name.length - 4 - 22)
if (!inflateRawSync(packed).equals(csv)) throw new Error("The zip does not contain what was packed")

const inflate = {
  name: "`inflateRawSync` alone",
  run: (times: number) => {
    for (let i = 0; i < times; i++) inflateRawSync(packed, { chunkSize: csv.length })
  }
}

const client = HttpClient.make((request, url) =>
  Effect.sync(() =>
    HttpClientResponse.fromWeb(
      request,
      new Response(url.pathname.endsWith(".CHECKSUM") ? checksum : zip)
    )
  )
)
const runtime = ManagedRuntime.make(
  BinanceVision.layer().pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, client)))
)
const fetchDay = Effect.flatMap(
  BinanceVision.BinanceVision,
  (vision) =>
    vision.klines({ market: "SPOT", symbol: "BTCUSDT", interval: "1s", start: "2025-01-01", end: "2025-01-02" })
)

const unzipped = async (): Promise<string> => {
  const file = await fromBufferPromise(Buffer.from(zip.buffer))
  for await (const entry of file.eachEntry()) {
    const pieces: Array<Buffer> = []
    for await (const piece of await file.openReadStreamPromise(entry)) pieces.push(piece as Buffer)
    return Buffer.concat(pieces).toString("latin1")
  }
  throw new Error("The zip is empty")
}

// The parser requires a header.
const header = `${names.join(",")},ignore\n`

const parsers: Readonly<Record<string, (text: string) => Columns>> = {
  "csv-parse": (text) => transposed(csvParse(text)),
  papaparse: (text) => {
    const { data } = Papa.parse(text)
    // This parser takes the end of the last line for a row.
    return transposed(data.slice(0, -1))
  },
  udsv: (text) => {
    const headed = header + text
    const columns = initParser(inferSchema(headed)).typedCols(headed)
    return columnsOf(columns.slice(0, names.length).map((column) => doubles(column.length, (row) => column[row])))
  }
}

const pieceSize = 1 << 20
const read = (csv: Uint8Array): Columns => {
  const reader = makeCsvReader(rowsADay)
  for (let at = 0; at < csv.length; at += pieceSize) {
    const fault = reader.push(csv.subarray(at, at + pieceSize))
    if (fault !== undefined) throw new Error(fault.message)
  }
  return Either.getOrThrow(reader.finish())
}

// Stops if a cell is not the double that `Number` returns.
const byNumber = parsers["csv-parse"]!(csv.toString("latin1"))
for (const columns of [read(csv), await runtime.runPromise(fetchDay)]) {
  const differing = names.flatMap((name) =>
    Array.from(columns[name]).filter((value, i) => !Object.is(value, byNumber[name][i]))
  )
  if (columns.length !== rowsADay || differing.length > 0) {
    throw new Error(`${differing.length} cells differ from Number()`)
  }
}
console.log(`\n${names.length * rowsADay} cells of ${name} are bit-equal to Number()`)

const repeated = (run: () => unknown) => async (times: number) => {
  for (let i = 0; i < times; i++) await run()
}

await race("A zip of a day of seconds to validated columns", [
  { ...inflate, row: "`inflateRawSync` of its zip alone" },
  {
    name: "`BinanceVision`, from a response in memory, with SHA-256 and CRC",
    row: "`BinanceVision`, from the response to validated columns",
    run: repeated(() => runtime.runPromise(fetchDay))
  },
  {
    name: "`inflateRawSync`, SHA-256, CRC and our parser, each on the whole file",
    run: repeated(() => {
      createHash("sha256").update(zip).digest("hex")
      const inflated = inflateRawSync(packed, { chunkSize: csv.length })
      crc32(inflated)
      validated(read(inflated))
    })
  },
  ...Object.entries(parsers).map(([name, parse]) => ({
    name: `yauzl streaming, ${name}, without checksums`,
    row: `yauzl and ${name}, no validation`,
    run: repeated(async () => validated(parse(await unzipped())))
  }))
], { rounds, times: 3 })

await race("The CSV of a day of seconds to columns", [
  inflate,
  { name: "our parser", run: repeated(() => read(csv)) },
  ...Object.entries(parsers).map(([name, parse]) => ({
    name,
    run: repeated(() => parse(csv.toString("latin1")))
  }))
], { rounds, times: 3 })

await runtime.dispose()

// ---------------------------------------------------------------------------------------------------------------------
// a page of REST
// ---------------------------------------------------------------------------------------------------------------------

const rowsAPage = 1000
const page = pageOfRest(rowsAPage)
const decimal = Schema.NumberFromString
const Rows = Schema.parseJson(Schema.Array(Schema.Tuple(
  Schema.Number,
  decimal,
  decimal,
  decimal,
  decimal,
  decimal,
  Schema.Number,
  decimal,
  Schema.Number,
  decimal,
  decimal,
  Schema.String
)))
const decode = Schema.decodeSync(Rows)

await race(`A page of REST, ${rowsAPage} rows, to validated columns`, [
  {
    name: "`JSON.parse` alone",
    row: "`JSON.parse` of a page of REST, 1,000 rows",
    run: repeated(() => JSON.parse(page))
  },
  {
    name: "our decoder",
    row: "`BinanceRest`, the page to validated columns",
    run: repeated(() => validated(Either.getOrThrow(decodeRows(page)).columns, "1s", rowsAPage))
  },
  { name: "`Schema.decodeSync` of the rows", run: repeated(() => decode(page)) }
], { rounds, times: 20 })

// ---------------------------------------------------------------------------------------------------------------------
// a month of seconds
// ---------------------------------------------------------------------------------------------------------------------

const folder = mkdtempSync(join(tmpdir(), "effect-errata-bench-"))
try {
  const month = "BTCUSDT-1s-2025-01"
  const file = join(folder, `${month}.zip`)
  const dayOf = daysOfSeconds()
  const whole = zipOf([`${month}.csv`, Buffer.concat(Array.from({ length: 31 }, (_, day) => dayOf(day)))])
  writeFileSync(file, whole)
  const sha256 = createHash("sha256").update(whole).digest("hex")

  interface Measured {
    readonly rows: number
    readonly millis: number
    readonly megabytes: number
  }
  const run = (mode: string): Measured =>
    JSON.parse(
      execFileSync(process.execPath, [join(import.meta.dirname, "month.js"), file, sha256, mode], { encoding: "utf8" })
    )
  const median = (numbers: ReadonlyArray<number>) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!

  const measured = Array.from({ length: Math.min(rounds, 5) }, () => ({ alone: run("inflate"), ours: run("client") }))
  const ours = measured.map(({ ours }) => ours)
  const rows = ours[0]!.rows
  console.log(`
### A month of seconds, ${rows} rows, from a zip on disk to validated columns, in a separate process

| | median |
|---|---|
| milliseconds | ${median(ours.map(({ millis }) => millis)).toFixed(0)} |
| million rows a second | ${median(ours.map(({ millis }) => rows / millis / 1000)).toFixed(2)} |
| × inflating alone, streamed | ${median(measured.map(({ alone, ours }) => ours.millis / alone.millis)).toFixed(2)} |
| peak memory, MB | ${Math.max(...ours.map(({ megabytes }) => megabytes)).toFixed(0)} (the largest) |
| peak memory of inflating alone, MB | ${median(measured.map(({ alone }) => alone.megabytes)).toFixed(0)} |`)
} finally {
  rmSync(folder, { recursive: true })
}
