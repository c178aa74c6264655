/** The default requests of the main job, and the faults of its exchange. */
import { FetchHttpClient, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { type Duration, Effect, Layer } from "effect"
import type { ErrorTracker } from "effect-errata"
import { BinanceRest, BinanceVision, KlineCache, type KlineRequest, type Market } from "effect-errata/binance"
import { Fault, FaultyExchange } from "effect-errata/testing"

/** The start of the job by its own clock, which decides which files of the archive are fresh. */
export const now = "2024-03-01T00:30:00Z"

export const instruments: ReadonlyArray<FaultyExchange.Instrument> = [
  { market: "SPOT", symbol: "BTCUSDT", listed: "2017-08-17T04:00:00Z", price: 42_000 },
  {
    market: "SPOT",
    symbol: "ETHUSDT",
    listed: "2017-08-17T04:00:00Z",
    price: 2300,
    outages: [{ start: "2024-02-25T02:00:00Z", end: "2024-02-25T05:00:00Z" }]
  },
  { market: "SPOT", symbol: "JUPUSDT", listed: "2024-01-31T15:00:00Z", price: 1 },
  { market: "SPOT", symbol: "BNBUSDT", listed: "2017-11-06T03:54:00Z", price: 300 },
  { market: "SPOT", symbol: "SOLUSDT", listed: "2020-08-11T06:00:00Z", price: 100 },
  { market: "FUTURES_USDT", symbol: "BTCUSDT", listed: "2019-09-08T17:57:00Z", price: 42_000 },
  { market: "FUTURES_USDT", symbol: "ETHUSDT", listed: "2019-11-27T07:45:00Z", price: 2300 },
  { market: "FUTURES_USDT", symbol: "DODOUSDT", listed: "2021-01-05T07:00:00Z", delisted: "2024-01-15T09:00:00Z" },
  { market: "FUTURES_COIN", symbol: "BTCUSD_PERP", listed: "2020-08-10T14:00:00Z", price: 42_000 },
  { market: "FUTURES_COIN", symbol: "ETHUSD_PERP", listed: "2020-08-20T06:00:00Z", price: 2300 }
]

const winter = { start: "2024-01-01", end: "2024-02-08" }
const days = { start: "2024-02-23", end: "2024-03-01" }
const week = { start: "2024-02-23", end: "2024-03-01T01:00:00Z" }

/** Valid requests, and invalid ones, which are refused before any call. */
export const requests: ReadonlyArray<KlineRequest.Input> = [
  { market: "FUTURES_USDT", symbol: "BTCUSDT", interval: "1h", ...days },
  { market: "SPOT", symbol: "BTCUSDT", interval: "1h", ...winter },
  { market: "SPOT", symbol: "BTCUSDT", interval: "1m", ...week },
  { market: "SPOT", symbol: "ETHUSDT", interval: "1h", ...days },
  { market: "SPOT", symbol: "JUPUSDT", interval: "1d", ...winter },
  { market: "SPOT", symbol: "SOLUSDT", interval: "15m", ...week },
  { market: "SPOT", symbol: "SOLUSDT", interval: "1d", start: "2019-01-01", end: "2020-01-01" },
  { market: "SPOT", symbol: "BNBUSDT", interval: "1d", ...days },
  { market: "FUTURES_COIN", symbol: "BTCUSD_PERP", interval: "1h", ...winter },
  { market: "FUTURES_COIN", symbol: "ETHUSD_PERP", interval: "1M", start: "2023-09-01", end: "2024-03-01" },
  { market: "FUTURES_COIN", symbol: "ETHUSD_PERP", interval: "4h", ...winter },
  { market: "FUTURES_COIN", symbol: "ETHUSD_PERP", interval: "1w", ...winter },
  { market: "FUTURES_USDT", symbol: "ETHUSDT", interval: "5m", ...week },
  { market: "FUTURES_USDT", symbol: "DODOUSDT", interval: "1h", ...days },
  { market: "SPOT", symbol: "NOSUCHUSDT", interval: "1h", ...days },
  { market: "FUTURES_COIN", symbol: "BTCUSDT", interval: "1h", ...days },
  { market: "FUTURES_USDT", symbol: "ethusdt", interval: "1s", start: "2024-03-01", end: "2024-02-01" }
]

const on = (
  source: "rest" | "vision",
  market: Market.Market,
  symbol: string,
  when: Fault.When,
  fault: Fault.Fault
): Fault.Fault => Fault.on({ source, market, symbol, ...when }, fault)

/** The timeout: long enough for a page from this machine, short for a silent server. */
export const patience = "3 seconds"

/** Faults of the archive. Files that are missing or corrupt are replaced by pages of the API. */
const archive: ReadonlyArray<Fault.Fault> = [
  // One file has a wrong checksum, one has no checksum, one stalls.
  on("vision", "SPOT", "BTCUSDT", { path: "BTCUSDT-1h-2024-01.zip" }, Fault.corruptFile("flipped")),
  on("vision", "FUTURES_COIN", "BTCUSD_PERP", { path: "BTCUSD_PERP-1h-2024-01.zip" }, Fault.stalledBody),
  on(
    "vision",
    "FUTURES_USDT",
    "ETHUSDT",
    { path: "ETHUSDT-5m-2024-02-24.zip.CHECKSUM" },
    Fault.corruptFile("noChecksum")
  ),
  // A fresh file is forbidden once.
  on("vision", "SPOT", "BTCUSDT", { path: "BTCUSDT-1m-2024-02-28.zip", nth: 1 }, Fault.status(403)),
  // A month is published late.
  on("vision", "FUTURES_COIN", "ETHUSD_PERP", { path: "ETHUSD_PERP-1mo-2024-01.zip" }, Fault.late("40 days")),
  on("vision", "SPOT", "BNBUSDT", {}, Fault.emptyList),
  on("vision", "FUTURES_COIN", "ETHUSD_PERP", { interval: "4h" }, Fault.status(403))
]

/** Faults of the API. */
const rest: ReadonlyArray<Fault.Fault> = [
  on("rest", "SPOT", "BTCUSDT", { interval: "1h", nth: 1 }, Fault.silence),
  on("rest", "SPOT", "BTCUSDT", { interval: "1m", nth: 1 }, Fault.resetMidBody),
  on("rest", "SPOT", "BTCUSDT", { interval: "1m", nth: 3 }, Fault.status(502)),
  on("rest", "SPOT", "ETHUSDT", { nth: 1 }, Fault.status(503)),
  on("rest", "SPOT", "BNBUSDT", {}, Fault.emptyList),
  on("rest", "SPOT", "SOLUSDT", { interval: "15m" }, Fault.malformedRows("notNumber")),
  on("rest", "FUTURES_USDT", "BTCUSDT", { nth: [1, 2] }, Fault.resetBeforeHeaders),
  on("rest", "FUTURES_USDT", "ETHUSDT", { nth: 1 }, Fault.rateLimited("1 second")),
  on("rest", "FUTURES_COIN", "BTCUSD_PERP", { nth: 1 }, Fault.truncatedBody),
  on("rest", "FUTURES_COIN", "ETHUSD_PERP", { interval: "4h" }, Fault.status(403)),
  on("rest", "FUTURES_COIN", "ETHUSD_PERP", { interval: "1w" }, Fault.notJson())
]

export const exchange: FaultyExchange.Options = {
  seed: 7,
  instruments,
  faults: [...archive, ...rest, Fault.on({ source: "rest" }, Fault.latency("40 millis"))]
}

/** The default limits, and one over a window that is short enough for its alert to fire and resolve during the job. */
export const tracker: ErrorTracker.Options = {
  thresholds: { NETWORK_CONNECTION: { custom: [{ name: "10 seconds", window: "10 seconds", limit: 2 }] } },
  sweepEvery: "100 millis"
}

/** Clients of the archive and of the API of a simulated exchange, over real sockets. Default: the timeouts of the clients. */
export const layer = (exchange: FaultyExchange.Options, patience?: Duration.DurationInput) =>
  Layer.unwrapEffect(
    Effect.map(FaultyExchange.FaultyExchange, ({ archive, baseUrls }) =>
      Layer.merge(
        BinanceVision.layer({ ...archive, idleTimeout: patience }),
        BinanceRest.layer({ baseUrls, timeout: patience })
      ))
  ).pipe(
    Layer.provide(FaultyExchange.layer(exchange)),
    Layer.provide(FetchHttpClient.layer)
  )

/** A cache in a temporary folder. */
export const cache: Layer.Layer<KlineCache.KlineCache> = Layer.unwrapScoped(
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    return KlineCache.layer({ directory: yield* Effect.orDie(files.makeTempDirectoryScoped()) })
  })
).pipe(Layer.provide(NodeContext.layer))
