/** One process of the fleet: fetches candles from the exchange until it is stopped. */
import { FetchHttpClient, HttpClient } from "@effect/platform"
import { Clock, Deferred, Duration, Effect, Layer, Logger, LogLevel } from "effect"
import { Notifier, SharedGate } from "effect-errata"
import { BinanceRest, DataSourceManager, type Market } from "effect-errata/binance"
import { FleetGate, FleetStore, FleetTracker, FleetWeight } from "effect-errata/fleet"

export interface Settings {
  readonly number: number
  /** The addresses of Redis, of the exchange and of the receiver of alerts. */
  readonly redis: string
  readonly exchange: string
  readonly receiver: string
  /** The window of the limit on errors, and the time between two requests, in milliseconds. */
  readonly window: number
  readonly pause: number
}

/** What a process knows by itself, to be compared with what the fleet has counted. */
export interface Progress {
  readonly at: number
  readonly candles: number
  /** The number of answers with an error. */
  readonly errors: number
  /** The number of requests that were sent although the process knew of a pause. */
  readonly sentInPause: number
}

/** What the parent sends: the end of fetching, then the end of the process. */
export type Order = "stop" | "end"

export const market: Market.Market = "FUTURES_USDT"
export const limit = 3
const address = "gateway-1"

/** The tracker of each process, and that of the report. */
export const tracker = ({ redis, window }: Pick<Settings, "redis" | "window">) =>
  FleetTracker.layer({
    thresholds: {
      NETWORK_CONNECTION: { custom: [{ name: Duration.format(window), window, limit }] },
      // A ban is no reason for a page here.
      API_RATE_LIMIT: {}
    }
  }).pipe(Layer.provide(FleetStore.layerIoredis({ name: "fleet-example", url: redis })))

const progress = { candles: 0, errors: 0, sentInPause: 0 }

const report = Effect.sync(() => process.send?.({ at: Date.now(), ...progress } satisfies Progress))

/** A client that counts what is sent and what is answered. */
const counted = (exchange: string) =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.gen(function*() {
      const client = yield* HttpClient.HttpClient
      const gate = (yield* SharedGate.SharedGate).host(`${market} ${exchange}`)
      return client.pipe(
        HttpClient.tapRequest(() =>
          Effect.map(Clock.currentTimeNanos, (nanos) => {
            if (gate.closing !== undefined && gate.closing.until > Number(nanos) / 1e6) progress.sentInPause++
          })
        ),
        HttpClient.tap(({ status }) => {
          if (status < 400) return Effect.void
          progress.errors++
          return report
        })
      )
    })
  )

const services = (settings: Settings) => {
  const fleet = FleetStore.layerIoredis({ name: "fleet-example", url: settings.redis })
  return Notifier.layer(Notifier.webhook(settings.receiver, { labels: { process: String(settings.number) } })).pipe(
    Layer.provideMerge(DataSourceManager.layer({ sources: ["rest"] })),
    // Requests to the exchange are counted, notifications are not.
    Layer.provide(
      Layer.provide(BinanceRest.layer({ baseUrls: { [market]: settings.exchange } }), counted(settings.exchange))
    ),
    Layer.provide(tracker(settings)),
    Layer.provide(FleetWeight.layer({ address })),
    Layer.provide(FleetGate.layer({ address })),
    Layer.provide(fleet),
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Logger.minimumLogLevel(LogLevel.None))
  )
}

// The largest page that the client asks for.
const page = 1000 * 60_000
const start = Date.UTC(2023, 0, 1)

/** Fetches one page after the other. */
const fetching = (symbol: string, { number, pause }: Settings) =>
  Effect.gen(function*() {
    const manager = yield* DataSourceManager.DataSourceManager
    for (let from = start + number * 100 * page;; from += page) {
      const { rows } = yield* manager.fetch({ market, symbol, interval: "1m", start: from, end: from + page })
      progress.candles += rows
      yield* report
      yield* Effect.sleep(pause)
    }
  })

export const run = (settings: Settings): Effect.Effect<void, FleetStore.MissingPackage> =>
  Effect.gen(function*() {
    const [stop, end] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    process.on("message", (order: Order) => Deferred.unsafeDone(order === "stop" ? stop : end, Effect.void))
    process.on("disconnect", () => process.exit(1))
    // Ctrl-C reaches all processes of a terminal: the parent ends this one.
    process.on("SIGINT", () => undefined)
    // The parent waits for the first report of all processes.
    yield* report
    yield* Effect.raceFirst(
      Effect.forEach(["BTCUSDT", "ETHUSDT"], (symbol) => fetching(symbol, settings), {
        concurrency: "unbounded",
        discard: true
      }),
      Deferred.await(stop)
    )
    yield* report
    yield* Deferred.await(end)
  }).pipe(Effect.provide(services(settings)))
