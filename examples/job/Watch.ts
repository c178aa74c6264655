/**
 * The job for the live page: fetches one series after the other for many minutes, from an exchange whose faults change
 * every twenty seconds.
 */
import { FetchHttpClient } from "@effect/platform"
import { Clock, DateTime, Effect, Layer, Random, Schedule } from "effect"
import type { ErrorTracker } from "effect-errata"
import { BinanceRest, BinanceVision, DataSourceManager, type Interval, type KlineRequest } from "effect-errata/binance"
import { Fault, FaultyExchange } from "effect-errata/testing"
import { spawn } from "node:child_process"
import { platform } from "node:process"

const symbols = ["BTCUSDT", "ETHUSDT", "BNBUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT", "DOGEUSDT", "AVAXUSDT"]
const futures = ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
/** They are asked for, but not listed. */
const unlisted = ["LUNABUSD", "FTTBUSD"]
const intervals: ReadonlyArray<Interval.Interval> = ["1m", "5m", "1h", "1d"]

const listed = "2020-01-01T00:00:00Z"

const exchange: FaultyExchange.Options = {
  seed: 7,
  instruments: [
    ...symbols.map((symbol, i) => ({ market: "SPOT" as const, symbol, listed, price: 40_000 / (i + 1) })),
    ...futures.map((symbol) => ({ market: "FUTURES_USDT" as const, symbol, listed, price: 40_000 }))
  ]
}

const usual: ReadonlyArray<Fault.Fault> = [
  Fault.on({ source: "rest", probability: 0.02 }, Fault.status(503)),
  Fault.on({ source: "rest", probability: 0.01 }, Fault.resetBeforeHeaders),
  Fault.on({ source: "vision", probability: 0.03 }, Fault.status(503)),
  Fault.on({ source: "rest" }, Fault.latency("30 millis")),
  Fault.on({ source: "vision" }, Fault.latency("80 millis"))
]

/** The faults of each twenty seconds, in turn. */
const phases: ReadonlyArray<ReadonlyArray<Fault.Fault>> = [
  [],
  [Fault.on({ source: "rest", market: "SPOT", probability: 0.15 }, Fault.silence)],
  [Fault.on({ source: "rest", market: "SPOT", probability: 0.1 }, Fault.rateLimited("4 seconds"))],
  [Fault.on({ source: "rest", market: "FUTURES_USDT" }, Fault.status(502))],
  [Fault.on({ source: "rest", symbol: "DOGEUSDT" }, Fault.malformedRows("notNumber"))],
  [Fault.on({ source: "vision", probability: 0.5 }, Fault.corruptFile("truncated"))],
  [Fault.on({ source: "rest", market: "SPOT", symbol: "ADAUSDT" }, Fault.emptyList)]
]

const weather = Effect.gen(function*() {
  const { clear, inject } = yield* FaultyExchange.FaultyExchange
  for (const phase of phases) {
    yield* clear
    yield* Effect.forEach([...phase, ...usual], inject, { discard: true })
    yield* Effect.sleep("20 seconds")
  }
}).pipe(Effect.forever)

const pick = <A>(values: ReadonlyArray<A>): Effect.Effect<A> =>
  Effect.map(Random.nextIntBetween(0, values.length), (i) => values[i]!)

const request = Effect.gen(function*(): Effect.fn.Return<KlineRequest.Input> {
  const draw = yield* Random.next
  const isFuture = draw < 0.25
  const symbol = yield* pick(isFuture ? futures : draw > 0.96 ? unlisted : symbols)
  const interval = yield* pick(intervals)
  const now = DateTime.unsafeMake(yield* Clock.currentTimeMillis)
  const days = { "1m": 1, "5m": 3, "1h": 20, "1d": 60 }[interval as string] ?? 1
  const end = draw < 0.5 ? DateTime.subtract(now, { days: 3 }) : now
  return {
    market: isFuture ? "FUTURES_USDT" : "SPOT",
    symbol,
    interval,
    start: DateTime.subtract(end, { days }),
    end
  }
})

/** Fetches until it is interrupted. */
export const run: Effect.Effect<never, never, DataSourceManager.DataSourceManager | FaultyExchange.FaultyExchange> =
  Effect.gen(function*() {
    const manager = yield* DataSourceManager.DataSourceManager
    yield* Effect.fork(weather)
    const worker = Effect.flatMap(request, manager.fetch).pipe(
      Effect.zipRight(Effect.sleep("100 millis")),
      Effect.repeat(Schedule.forever)
    )
    yield* Effect.all([worker, worker, worker], { concurrency: "unbounded" })
    return yield* Effect.never
  })

/** The sources of the job, without a cache: every fetch asks the exchange. */
export const layer: Layer.Layer<
  DataSourceManager.DataSourceManager | FaultyExchange.FaultyExchange,
  never,
  ErrorTracker.ErrorTracker
> = DataSourceManager.layer({ sources: ["vision", "rest"] }).pipe(
  Layer.provide(Layer.unwrapEffect(
    Effect.map(FaultyExchange.FaultyExchange, ({ archive, baseUrls }) =>
      Layer.merge(
        BinanceVision.layer({ ...archive, idleTimeout: "1 second" }),
        BinanceRest.layer({ baseUrls, timeout: "1 second" })
      ))
  )),
  Layer.provide(FetchHttpClient.layer),
  Layer.provideMerge(FaultyExchange.layer(exchange))
)

/** Opens an address in the browser of the user, if there is one. */
export const openInBrowser = (url: string): Effect.Effect<void> =>
  Effect.sync(() => {
    const command = { darwin: "open", win32: "explorer" }[platform as string] ?? "xdg-open"
    const child = spawn(command, [url], { stdio: "ignore", detached: true })
    // Without a browser, the address on the screen has to do.
    child.on("error", () => {})
    child.unref()
  })
