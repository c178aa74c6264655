/**
 * Decodes a month of seconds from its zip: `node month.js ZIP SHA256 inflate|client`. Prints the number of rows, the
 * duration in milliseconds, and the peak memory of the process in megabytes.
 */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { Effect, Layer } from "effect"
import { BinanceVision } from "effect-errata/binance"
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs"
import { Readable } from "node:stream"
import { createInflateRaw } from "node:zlib"

const [zip = "", sha256 = "", mode] = process.argv.slice(2)

const inflate = async () => {
  let size = 0
  // After the header of the only file.
  const start = 30 + readFileSync(zip).readUInt16LE(26)
  const inflated = createReadStream(zip, { start }).pipe(createInflateRaw({ chunkSize: 1 << 20 }))
  for await (const piece of inflated) size += (piece as Buffer).length
  return size
}

const answer = (path: string): Response =>
  path.endsWith(".CHECKSUM")
    ? new Response(`${sha256}  ${path.slice(path.lastIndexOf("/") + 1, -".CHECKSUM".length)}`)
    : new Response(Readable.toWeb(createReadStream(zip)) as ReadableStream<Uint8Array>, {
      headers: { "content-length": String(statSync(zip).size) }
    })

const client = HttpClient.make((request, url) =>
  Effect.sync(() => HttpClientResponse.fromWeb(request, answer(url.pathname)))
)

const fetch = Effect.gen(function*() {
  const vision = yield* BinanceVision.BinanceVision
  const month = { start: "2025-01-01", end: "2025-02-01" }
  const { length, missing } = yield* vision.klines({ market: "SPOT", symbol: "BTCUSDT", interval: "1s", ...month })
  if (missing.length > 0) return yield* Effect.dieMessage("Some of the month is missing")
  return length
}).pipe(Effect.provide(BinanceVision.layer().pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, client)))))

const status = "/proc/self/status"
const start = performance.now()
const rows = await (mode === "inflate" ? inflate() : Effect.runPromise(fetch))
const millis = performance.now() - start
// `resourceUsage` includes the process that started this one.
const [, kilobytes = process.resourceUsage().maxRSS] = existsSync(status)
  ? /VmHWM:\s+(\d+)/.exec(readFileSync(status, "utf8")) ?? []
  : []
console.log(JSON.stringify({ rows, millis, megabytes: Number(kilobytes) / 1024 }))
