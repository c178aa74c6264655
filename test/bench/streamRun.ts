/**
 * One run of a stream: `node --expose-gc streamRun.js FOLDER MODE`. Prints the number of rows, the duration and the
 * processor time in milliseconds, and in megabytes the peak memory of the process and the memory that the result holds.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Path from "@effect/platform/Path"
import * as BinanceVision from "effect-errata/binance/BinanceVision"
import * as DataSourceManager from "effect-errata/binance/DataSourceManager"
import * as Interval from "effect-errata/binance/Interval"
import * as KlineCache from "effect-errata/binance/KlineCache"
import type * as KlineRequest from "effect-errata/binance/KlineRequest"
import * as Klines from "effect-errata/binance/Klines"
import * as ErrorTracker from "effect-errata/ErrorTracker"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { open } from "node:fs/promises"
import { basename, join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { crc32, inflateRawSync } from "node:zlib"
import { zipOf } from "../../dist/testing/internal/exchange/pack.js"
import { daysOfSeconds } from "./candles.js"

export type Mode =
  | "prepare"
  | "seconds from zips"
  | "seconds from zips into the cache"
  | "seconds from the cache"
  | "minutes from zips into the cache"
  | "fetch minutes from the cache"
  | "bytes of the cache"
  | "bytes of the zips"

export interface Measured {
  readonly rows: number
  readonly wall: number
  readonly processor: number
  readonly megabytes: number
  readonly held: number
}

const series = { market: "SPOT", symbol: "BTCUSDT" } as const
const year: KlineRequest.Input = { ...series, interval: "1s", start: "2025-01-01", end: "2026-01-01" }
const threeYears: KlineRequest.Input = { ...series, interval: "1m", start: "2022-01-01", end: "2025-01-01" }

// ---------------------------------------------------------------------------------------------------------------------
// zips
// ---------------------------------------------------------------------------------------------------------------------

/** Minutes: a random walk of prices with two decimals and volumes with five; the start is the seed. */
const minutes = (start: number, end: number): Klines.Klines => {
  const step = Interval.millis["1m"]
  const length = (end - start) / step
  let seed = start / step
  const random = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
  const column = (value: (i: number) => number) => Float64Array.from({ length }, (_, i) => value(i))
  const cents = (value: number) => Math.round(value * 100) / 100
  let price = 93_576
  const close = column(() => price = cents(price + (random() - 0.5) * 4))
  const open = column((i) => close[Math.max(0, i - 1)]!)
  const volume = column(() => Math.round(random() * random() * 3e5) / 1e5)
  const taken = volume.map((volume) => Math.round(volume * random() * 1e5) / 1e5)
  return Klines.make({
    interval: "1m",
    source: "vision",
    start,
    end,
    reasons: [],
    columns: {
      length,
      openTime: column((i) => start + i * step),
      open,
      high: column((i) => cents(Math.max(open[i]!, close[i]!) + random())),
      low: column((i) => cents(Math.min(open[i]!, close[i]!) - random())),
      close,
      volume,
      closeTime: column((i) => start + (i + 1) * step - 1),
      quoteVolume: volume.map((volume, i) => Math.round(volume * close[i]! * 1e7) / 1e7),
      trades: column(() => Math.floor(random() * 400)),
      takerBuyBase: taken,
      takerBuyQuote: taken.map((taken, i) => Math.round(taken * close[i]! * 1e7) / 1e7)
    }
  })
}

/** A file for each day of the year, and for each month of the three years, as the archive names them. */
const prepare = (folder: string): void => {
  const write = (name: string, csv: Buffer | string) => {
    const zip = zipOf([`${name}.csv`, csv])
    writeFileSync(join(folder, `${name}.zip`), zip)
    const sum = createHash("sha256").update(zip).digest("hex")
    writeFileSync(join(folder, `${name}.zip.CHECKSUM`), `${sum}  ${name}.zip`)
  }
  const dayOf = daysOfSeconds()
  for (let day = 0; day < 365; day++) {
    const date = new Date(Date.UTC(2025, 0, 1 + day)).toISOString().slice(0, 10)
    write(`BTCUSDT-1s-${date}`, dayOf(day))
  }
  for (let month = 0; month < 36; month++) {
    const [start, end] = [Date.UTC(2022, month), Date.UTC(2022, month + 1)]
    const name = `BTCUSDT-1m-${new Date(start).toISOString().slice(0, 7)}`
    write(name, Klines.toCsv(minutes(start, end), { header: false }))
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// runs
// ---------------------------------------------------------------------------------------------------------------------

const [folder = "", mode] = process.argv.slice(2)

/** The bytes of a file, in one read. `readFile` takes half a megabyte at a time. */
const wholeFile = async (file: string): Promise<Buffer> => {
  const handle = await open(file)
  const bytes = Buffer.allocUnsafeSlow((await handle.stat()).size)
  await handle.read(bytes, 0, bytes.length, 0)
  await handle.close()
  return bytes
}

/** A body in one piece, which is not copied, unlike that of a `Response` of bytes. */
const streamOf = (bytes: Uint8Array): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start: (controller) => {
      controller.enqueue(bytes)
      controller.close()
    }
  })

const client = HttpClient.make((request, url) =>
  Effect.promise(async () => {
    const file = join(folder, basename(url.pathname))
    // Without the time of the archive, nothing is written to the cache.
    const headers = { date: new Date().toUTCString() }
    const body = existsSync(file) ? streamOf(await wholeFile(file)) : null
    return HttpClientResponse.fromWeb(request, new Response(body, { status: body === null ? 404 : 200, headers }))
  })
)

const managerOf = (...sources: ReadonlyArray<"cache" | "vision">) =>
  DataSourceManager.layer({ sources }).pipe(
    Layer.provide([
      KlineCache.layer({ directory: join(folder, "cache") }).pipe(Layer.provide([NodeFileSystem.layer, Path.layer])),
      BinanceVision.layer().pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, client))),
      ErrorTracker.layer()
    ])
  )

const stream = (input: KlineRequest.Input, ...sources: ReadonlyArray<"cache" | "vision">) =>
  DataSourceManager.DataSourceManager.pipe(
    Effect.flatMap((manager) => Stream.runFold(manager.stream(input), 0, (rows, { length }) => rows + length)),
    Effect.provide(managerOf(...sources)),
    Effect.map((rows) => ({ rows, result: undefined }))
  )

const fetch = (input: KlineRequest.Input) =>
  DataSourceManager.DataSourceManager.pipe(
    Effect.flatMap((manager) => manager.klines(input)),
    Effect.provide(managerOf("cache")),
    Effect.map((result) => ({ rows: result.length, result }))
  )

/** The floor of a stream from the cache: reads all its files of seconds, and computes their CRC. */
const bytesOfTheCache = async (): Promise<{ rows: number; result: undefined }> => {
  const files = readdirSync(join(folder, "cache"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.includes("1s") && file.endsWith(".arrow"))
  for (const file of files) crc32(await wholeFile(join(folder, "cache", file)))
  return { rows: files.length * 86_400, result: undefined }
}

/** The floor of a stream from zips: reads all files of seconds, computes their SHA-256, inflates them, and computes the CRC. */
const bytesOfTheZips = async (): Promise<{ rows: number; result: undefined }> => {
  const files = readdirSync(folder).filter((file) => file.includes("-1s-") && file.endsWith(".zip"))
  for (const file of files) {
    const zip = await wholeFile(join(folder, file))
    createHash("sha256").update(zip).digest()
    const directory = zip.readUInt32LE(zip.length - 22 + 16)
    const [packed, size] = [zip.readUInt32LE(directory + 20), zip.readUInt32LE(directory + 24)]
    const data = 30 + zip.readUInt16LE(26) + zip.readUInt16LE(28)
    crc32(inflateRawSync(zip.subarray(data, data + packed), { chunkSize: size, maxOutputLength: size }))
  }
  return { rows: files.length * 86_400, result: undefined }
}

const runs: Readonly<Record<Exclude<Mode, "prepare">, Effect.Effect<{ rows: number; result: unknown }, unknown>>> = {
  "seconds from zips": stream(year, "vision"),
  "seconds from zips into the cache": stream(year, "cache", "vision"),
  "seconds from the cache": stream(year, "cache"),
  "minutes from zips into the cache": stream(threeYears, "cache", "vision"),
  "fetch minutes from the cache": fetch(threeYears),
  "bytes of the cache": Effect.promise(bytesOfTheCache),
  "bytes of the zips": Effect.promise(bytesOfTheZips)
}

const isRun = (mode: string | undefined): mode is keyof typeof runs => mode !== undefined && Object.hasOwn(runs, mode)

/** In bytes, of the heap and of what lies outside of it. Buffers are freed in the background. */
const used = async () => {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.()
    await setTimeout(200)
  }
  const { external, heapUsed } = process.memoryUsage()
  return heapUsed + external
}

/** In megabytes. `resourceUsage` includes the process that started this one. */
const peak = (): number => {
  const status = "/proc/self/status"
  const [, kilobytes = process.resourceUsage().maxRSS] = existsSync(status)
    ? /VmHWM:\s+(\d+)/.exec(readFileSync(status, "utf8")) ?? []
    : []
  return Number(kilobytes) / 1024
}

if (mode === "prepare") {
  prepare(folder)
  console.log("{}")
} else if (isRun(mode)) {
  // After a collection, V8 collects more often, which would slow a stream down.
  const before = mode === "fetch minutes from the cache" ? await used() : 0
  const start = performance.now()
  const cpu = process.cpuUsage()
  const { result, rows } = await Effect.runPromise(runs[mode])
  const wall = performance.now() - start
  const { system, user } = process.cpuUsage(cpu)
  const megabytes = peak()
  const held = ((await used()) - before) / 2 ** 20
  const wanted = mode.includes("minutes") ? 1096 * 1440 : 365 * 86_400
  if (rows !== wanted) throw new Error(`${rows} rows of ${wanted}`)
  const measured: Measured = {
    rows,
    wall,
    processor: (system + user) / 1000,
    megabytes,
    held: result === undefined ? 0 : held
  }
  console.log(JSON.stringify(measured))
}
