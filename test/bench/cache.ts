/**
 * The cost of writing candles to the cache and of reading them, against the disk alone, against another Arrow library, and
 * against decoding the zip of the archive again. All files are in the folder for temporary files; all writers call fsync.
 */
// Single modules: with all of Effect loaded, marking it would be half of the time of each garbage collection.
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Path from "@effect/platform/Path"
import * as Arrow from "apache-arrow"
import * as BinanceVision from "effect-errata/binance/BinanceVision"
import * as Interval from "effect-errata/binance/Interval"
import * as KlineCache from "effect-errata/binance/KlineCache"
import type * as KlineRequest from "effect-errata/binance/KlineRequest"
import * as Klines from "effect-errata/binance/Klines"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { createHash } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { open, readFile, rename } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { crc32 } from "node:zlib"
import { names } from "../../dist/binance/internal/klines/columns.js"
import { zipOf } from "../../dist/testing/internal/exchange/pack.js"
import { race, rounds } from "./race.js"

const day = 86_400_000
const start = Date.UTC(2025, 0, 1)
const series = { market: "SPOT", symbol: "BTCUSDT" } as const

/** A random walk of prices from a fixed seed. */
const candles = (interval: "1s" | "1m", days: number): Klines.Klines => {
  let seed = 1
  const random = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
  const end = start + days * day
  const step = Interval.millis[interval]
  const length = days * day / step
  const column = (value: (i: number) => number) => Float64Array.from({ length }, (_, i) => value(i))
  const close = column((i) => 93_576 + Math.round(Math.sin(i / 1000) * 1e5 + random() * 100) / 100)
  const openPrice = column((i) => close[Math.max(0, i - 1)]!)
  const volume = column(() => Math.round(random() * 3e5) / 1e5)
  const taken = volume.map((volume) => Math.round(volume * random() * 1e5) / 1e5)
  return Klines.make({
    interval,
    source: "vision",
    start,
    end,
    reasons: [{ start, end, reason: "date_range" }],
    columns: {
      length,
      openTime: column((i) => start + i * step),
      open: openPrice,
      high: column((i) => Math.max(openPrice[i]!, close[i]!)),
      low: column((i) => Math.min(openPrice[i]!, close[i]!)),
      close,
      volume,
      closeTime: column((i) => start + (i + 1) * step - 1),
      quoteVolume: volume.map((volume, i) => volume * close[i]!),
      trades: column(() => Math.floor(random() * 400)),
      takerBuyBase: taken,
      takerBuyQuote: taken.map((taken, i) => taken * close[i]!)
    }
  })
}

const folder = mkdtempSync(join(tmpdir(), "effect-errata-bench-"))
const runtime = ManagedRuntime.make(
  KlineCache.layer({ directory: folder }).pipe(Layer.provide([NodeFileSystem.layer, Path.layer]))
)
const cache = await runtime.runPromise(KlineCache.KlineCache)

const repeated = (run: () => unknown) => async (times: number) => {
  for (let i = 0; i < times; i++) await run()
}

const found = async (interval: "1s" | "1m", days: number): Promise<Klines.Klines> => {
  const asked: KlineRequest.Input = { ...series, interval, start, end: start + days * day }
  const klines = await runtime.runPromise(cache.klines(asked))
  if (klines.length !== days * day / Interval.millis[interval]) throw new Error(`${klines.length} rows`)
  return klines
}

/** Writes as durably as the cache: to a temporary file, with fsync and rename. */
const written = async (file: string, parts: ReadonlyArray<Uint8Array>) => {
  const handle = await open(`${file}.tmp`, "w")
  await handle.writev([...parts])
  await handle.sync()
  await handle.close()
  await rename(`${file}.tmp`, file)
}

const bytesOf = ({ buffer, byteLength, byteOffset }: ArrayBufferView) => new Uint8Array(buffer, byteOffset, byteLength)

// ---------------------------------------------------------------------------------------------------------------------
// a day of seconds
// ---------------------------------------------------------------------------------------------------------------------

const seconds = candles("1s", 1)
const raw = join(folder, "raw")
const theirs = join(folder, "theirs.arrow")

const arrowBytes = () =>
  Arrow.tableToIPC(Arrow.tableFromArrays(Object.fromEntries(names.map((name) => [name, seconds[name]]))), "file")

const arrowColumns = (bytes: Uint8Array) => {
  const table = Arrow.tableFromIPC(bytes)
  return names.map((name): Float64Array => table.getChild(name)?.toArray())
}

await race("A day of seconds, 86,400 rows, to a file, with fsync and rename", [
  {
    name: "the raw columns, by one `writev`",
    row: "writing its raw columns, with fsync and rename",
    run: repeated(() => written(raw, names.map((n) => bytesOf(seconds[n]))))
  },
  {
    name: "`KlineCache.keep`",
    row: "`KlineCache`, the same",
    run: repeated(() => runtime.runPromise(cache.keep(series, seconds)))
  },
  { name: "apache-arrow, without checksum", run: repeated(() => written(theirs, [arrowBytes()])) }
], { rounds, times: 2 })

const ours = join(folder, "binance.com", "SPOT", "BTCUSDT", "1s", "2025-01-01.arrow")

const name = "BTCUSDT-1s-2025-01-01"
const csv = Array.from(
  { length: seconds.length },
  (_, i) =>
    names.map((name) =>
      name === "openTime" || name === "closeTime"
        ? `${seconds[name][i]!}000`
        : name === "trades"
        ? seconds[name][i]!
        : seconds[name][i]!.toFixed(8)
    ).join(",") + ",0\n"
)
const zip = Uint8Array.from(zipOf([`${name}.csv`, Buffer.from(csv.join(""), "latin1")]))
const checksum = `${createHash("sha256").update(zip).digest("hex")}  ${name}.zip`
const client = HttpClient.make((request, url) =>
  Effect.sync(() =>
    HttpClientResponse.fromWeb(request, new Response(url.pathname.endsWith(".CHECKSUM") ? checksum : zip))
  )
)
const fetchDay = BinanceVision.BinanceVision.pipe(
  Effect.flatMap((vision) => vision.klines({ ...series, interval: "1s", start, end: start + day })),
  Effect.provide(BinanceVision.layer().pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, client))))
)
const unpacked = async () => {
  const { length } = await Effect.runPromise(fetchDay)
  if (length !== seconds.length) throw new Error(`${length} rows`)
}

await race("A day of seconds, from a file", [
  {
    name: "the bytes of the file, by `readFile`",
    row: "reading a file of the cache, its bytes alone",
    run: repeated(() => readFile(ours))
  },
  { name: "the same, with their CRC-32", run: repeated(async () => crc32(await readFile(ours))) },
  { name: "`KlineCache.klines`, checked", row: "`KlineCache`, validated", run: repeated(() => found("1s", 1)) },
  { name: "apache-arrow, unchecked", run: repeated(async () => arrowColumns(await readFile(theirs))) },
  { name: "the archive's zip, in memory, by `BinanceVision`", run: repeated(unpacked) }
], { rounds, times: 10 })

await race("The cache against decoding the zip of a day of seconds again", [
  { name: "`KlineCache.klines`, checked", run: repeated(() => found("1s", 1)) },
  { name: "the archive's zip, in memory, by `BinanceVision`", run: repeated(unpacked) }
], { rounds, times: 10 })

// ---------------------------------------------------------------------------------------------------------------------
// a year of minutes
// ---------------------------------------------------------------------------------------------------------------------

await runtime.runPromise(cache.keep(series, candles("1m", 365)))
const days = Array.from(
  { length: 365 },
  (_, i) =>
    join(
      folder,
      "binance.com",
      "SPOT",
      "BTCUSDT",
      "1m",
      `${new Date(start + i * day).toISOString().slice(0, 10)}.arrow`
    )
)

await race("A year of minutes, 525,600 rows in 365 files", [
  {
    name: "the bytes of the files, by `readFile`",
    run: repeated(async () => {
      for (const file of days) await readFile(file)
    })
  },
  {
    name: "the bytes of the files, by `readFileSync`",
    run: repeated(() => days.forEach((file) => readFileSync(file)))
  },
  { name: "`KlineCache.klines`, checked", run: repeated(() => found("1m", 365)) },
  {
    name: "apache-arrow, unchecked, not joined",
    run: repeated(async () => {
      for (const file of days) arrowColumns(await readFile(file))
    })
  }
], { rounds, times: 2 })

await runtime.dispose()
rmSync(folder, { recursive: true })
