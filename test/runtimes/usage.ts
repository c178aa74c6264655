/** A small application: what the parts of the package do in the runtime that runs it. */
import { BinanceRest } from "effect-errata/binance"
import * as ErrorLog from "effect-errata/ErrorLog"
import * as ErrorTracker from "effect-errata/ErrorTracker"
import * as Fetch from "effect-errata/Fetch"
import * as FetchError from "effect-errata/FetchError"
import * as RetryPolicy from "effect-errata/RetryPolicy"
import { Fault, FaultyExchange, LogCapture } from "effect-errata/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export interface Usage {
  readonly answer: string
  readonly counted: Readonly<Record<string, number>>
  readonly logged: ReadonlyArray<string>
  readonly candles: number
}

/** `flaky` is the address of a server that answers 503 to the first request and 200 to the second. */
export const usage = (flaky: string): Promise<Usage> =>
  Effect.runPromise(Effect.provide(
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({ source: "rest", rows: { API_FORMAT: { base: "10 millis" } } })
      const answer = yield* Effect.tryPromise(async () => {
        const response = await fetch(flaky)
        if (!response.ok) throw response
        return response.text()
      }).pipe(
        Fetch.timeout("5 seconds"),
        Fetch.tracked({ source: "rest", symbol: "BTCUSDT" }, { attempts: true }),
        Fetch.retry(policy)
      )
      yield* ErrorLog.log(new FetchError.NetworkDns({ context: { symbol: "BTCUSDT", interval: "1h" } }))

      const exchange = yield* FaultyExchange.FaultyExchange
      yield* exchange.inject(Fault.on({ nth: 1 }, Fault.resetBeforeHeaders))
      const rest = yield* BinanceRest.BinanceRest
      const hour = rest.klines({
        market: "SPOT",
        symbol: "BTCUSDT",
        interval: "1h",
        start: "2024-01-01T00:00:00Z",
        end: "2024-01-01T01:00:00Z"
      })
      yield* Effect.flip(Fetch.tracked({ source: "rest" })(hour))
      const candles = (yield* hour).length

      const { byCode } = yield* (yield* ErrorTracker.ErrorTracker).stats()
      const counts = Object.entries(byCode).map(([code, { count }]) => [code, count] as const)
      const logged = (yield* LogCapture.entries).map(({ level, message }) => `${level}: ${message.split(": ")[0]}`)
      return { answer, counted: Object.fromEntries(counts), logged, candles }
    }),
    Layer.mergeAll(
      BinanceRest.layer().pipe(Layer.provideMerge(FaultyExchange.layerClient())),
      ErrorTracker.layer()
    ).pipe(Layer.provideMerge(LogCapture.layer))
  ))
