/** The work of one round: the closed candles of the last days, from the cache and REST. What REST answers is kept. */
import { FetchHttpClient } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { Config, DateTime, Effect, Layer } from "effect"
import { BinanceRest, DataSourceManager, KlineCache } from "effect-errata/binance"

const days = 3

export const round = Effect.gen(function*() {
  const manager = yield* DataSourceManager.DataSourceManager
  const symbols = yield* Config.withDefault(Config.array(Config.string(), "SYMBOLS"), ["BTCUSDT", "ETHUSDT"])
  const end = DateTime.startOf(yield* DateTime.now, "minute") // the candle of this minute is not closed
  const start = DateTime.subtract(end, { days })
  return yield* Effect.forEach(symbols, (symbol) =>
    Effect.map(
      manager.fetch({ market: "SPOT", symbol, interval: "1m", start, end }),
      ({ data, errors, missing, rowsBySource }) => ({ symbol, rows: data.length, missing, errors, rowsBySource })
    ))
})

const Rest = Layer.unwrapEffect(
  Effect.map(
    Config.option(Config.string("BINANCE_URL")),
    (url) => BinanceRest.layer(url._tag === "Some" ? { baseUrls: { SPOT: url.value } } : {})
  )
)
const Cache = Layer.unwrapEffect(
  Effect.map(Config.withDefault(Config.string("CACHE"), "cache"), (directory) => KlineCache.layer({ directory }))
)

export const Candles = DataSourceManager.layer({ sources: ["cache", "rest"] }).pipe(
  Layer.provide([Rest, Cache]),
  Layer.provide([NodeContext.layer, FetchHttpClient.layer])
)
