/** What the main job asks for when it is told nothing else, and what the exchange does to it. */
import type { ErrorTracker } from "effect-errata"
import type { KlineRequest } from "effect-errata/binance"
import { Fault, type FaultyExchange } from "effect-errata/testing"

export const now = "2024-03-01T00:30:00Z"

export const instruments: ReadonlyArray<FaultyExchange.Instrument> = [
  { market: "SPOT", symbol: "BTCUSDT", listed: "2017-08-17T04:00:00Z", price: 42_000 },
  {
    market: "SPOT",
    symbol: "ETHUSDT",
    listed: "2017-08-17T04:00:00Z",
    price: 2300,
    outages: [{ start: "2024-02-10T02:00:00Z", end: "2024-02-10T05:00:00Z" }]
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

const year = { start: "2023-03-01", end: "2024-03-01" }
const month = { start: "2024-02-01", end: "2024-03-01" }
const week = { start: "2024-02-23", end: "2024-03-01T01:00:00Z" }

/** What may be asked for, and what may not: the latter is refused before any call. */
export const requests: ReadonlyArray<KlineRequest.Input> = [
  { market: "FUTURES_USDT", symbol: "BTCUSDT", interval: "1h", ...year },
  { market: "SPOT", symbol: "BTCUSDT", interval: "1h", ...year },
  { market: "SPOT", symbol: "BTCUSDT", interval: "1m", ...week },
  { market: "SPOT", symbol: "ETHUSDT", interval: "1h", ...month },
  { market: "SPOT", symbol: "JUPUSDT", interval: "1d", ...year },
  { market: "SPOT", symbol: "SOLUSDT", interval: "15m", ...month },
  { market: "SPOT", symbol: "SOLUSDT", interval: "1d", start: "2019-01-01", end: "2020-01-01" },
  { market: "SPOT", symbol: "BNBUSDT", interval: "1d", ...month },
  { market: "FUTURES_COIN", symbol: "BTCUSD_PERP", interval: "1h", ...year },
  { market: "FUTURES_COIN", symbol: "ETHUSD_PERP", interval: "1M", start: "2020-09-01", end: "2024-03-01" },
  { market: "FUTURES_COIN", symbol: "ETHUSD_PERP", interval: "4h", ...month },
  { market: "FUTURES_COIN", symbol: "ETHUSD_PERP", interval: "1w", ...month },
  { market: "FUTURES_USDT", symbol: "ETHUSDT", interval: "5m", ...month },
  { market: "FUTURES_USDT", symbol: "DODOUSDT", interval: "1h", ...month },
  { market: "SPOT", symbol: "NOSUCHUSDT", interval: "1h", ...month },
  { market: "FUTURES_COIN", symbol: "BTCUSDT", interval: "1h", ...month },
  { market: "FUTURES_USDT", symbol: "ethusdt", interval: "1s", start: "2024-03-01", end: "2024-02-01" }
]

/** Long enough for a page from this machine, short enough to lose patience with a silent server. */
export const pageTimeout = "1 second"

export const faults: ReadonlyArray<Fault.Fault> = [
  Fault.on({ market: "SPOT", symbol: "BTCUSDT", interval: "1h", nth: [1, 2] }, Fault.silence),
  Fault.on({ market: "SPOT", symbol: "BTCUSDT", interval: "1m", nth: 2 }, Fault.resetMidBody),
  Fault.on({ market: "SPOT", symbol: "BTCUSDT", interval: "1m", nth: 7 }, Fault.status(502)),
  Fault.on({ market: "SPOT", symbol: "ETHUSDT", nth: 1 }, Fault.status(503)),
  Fault.on({ market: "SPOT", symbol: "BNBUSDT" }, Fault.emptyList),
  Fault.on({ market: "SPOT", symbol: "SOLUSDT", interval: "15m", nth: 2 }, Fault.malformedRows("notNumber")),
  Fault.on({ market: "FUTURES_USDT", symbol: "BTCUSDT", nth: { from: 2, to: 4 } }, Fault.resetBeforeHeaders),
  Fault.on({ market: "FUTURES_USDT", symbol: "ETHUSDT", nth: 3 }, Fault.rateLimited("1 second")),
  Fault.on({ market: "FUTURES_COIN", symbol: "BTCUSD_PERP", nth: 2 }, Fault.stalledBody),
  Fault.on({ market: "FUTURES_COIN", symbol: "BTCUSD_PERP", nth: 4 }, Fault.truncatedBody),
  Fault.on({ market: "FUTURES_COIN", symbol: "ETHUSD_PERP", interval: "4h" }, Fault.status(403)),
  Fault.on({ market: "FUTURES_COIN", symbol: "ETHUSD_PERP", interval: "1w" }, Fault.notJson()),
  Fault.latency("40 millis")
]

export const exchange: FaultyExchange.Options = { seed: 7, instruments, now, faults }

/** The usual limits, and one over a window short enough to see it come and go. */
export const tracker: ErrorTracker.Options = {
  thresholds: { NETWORK_CONNECTION: { custom: [{ name: "2 seconds", window: "2 seconds", limit: 2 }] } },
  sweepEvery: "100 millis"
}
