/**
 * The cache keeps candles in Arrow files, which any Arrow reader opens. Here apache-arrow finds the hour with the highest
 * volume, and its average price.
 */
import { FetchHttpClient, FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { tableFromIPC } from "apache-arrow"
import { Console, Effect, Layer } from "effect"
import { BinanceRest, KlineCache } from "effect-errata/binance"
import { FaultyExchange } from "effect-errata/testing"

const request = {
  market: "SPOT",
  symbol: "BTCUSDT",
  interval: "1h",
  start: "2024-01-01",
  end: "2024-01-03"
} as const

const program = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const directory = yield* fs.makeTempDirectoryScoped()
  const cache = yield* KlineCache.make({ directory })
  const rest = yield* BinanceRest.BinanceRest

  const days = yield* cache.keep(request, yield* rest.klines(request))
  yield* Console.log(`kept ${days} days`)

  const bytes = yield* fs.readFile(path.join(directory, "binance.com", "SPOT", "BTCUSDT", "1h", "2024-01-02.arrow"))
  const table = tableFromIPC(bytes)
  yield* Console.log(table.schema.fields.map(({ name, type }) => `${name}: ${type}`).join(", "))
  const rows = table.toArray().map((row) => row.toJSON())
  const busiest = rows.reduce((a, b) => a["volume"] < b["volume"] ? b : a)
  const price = busiest["quoteVolume"] / busiest["volume"]
  const hour = new Date(Number(busiest["openTime"])).toISOString()
  yield* Console.log(
    `${rows.length} rows; highest volume at ${hour}: ${busiest["volume"].toFixed(2)} at an average price of ${
      price.toFixed(2)
    }`
  )
})

/** Stands in for Binance, with generated candles. */
const rest = Layer.unwrapEffect(
  Effect.map(FaultyExchange.FaultyExchange, ({ baseUrls }) => BinanceRest.layer({ baseUrls }))
).pipe(Layer.provide(FaultyExchange.layer()), Layer.provide(FetchHttpClient.layer))

await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide([rest, NodeContext.layer])))
