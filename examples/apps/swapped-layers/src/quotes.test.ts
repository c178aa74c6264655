import { HttpClient, HttpClientResponse } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, TestClock } from "effect"
import { ErrorTracker, FetchError } from "effect-errata"
import { BinanceRest } from "effect-errata/binance"
import { Fault, FaultyExchange, LogCapture } from "effect-errata/testing"
import { middle, Quotes } from "./quotes.ts"

/** A client that gives the answers one after the other. */
const answering = (...answers: ReadonlyArray<() => Response>) => {
  let next = 0
  return Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.sync(() => HttpClientResponse.fromWeb(request, answers[next++]?.() ?? new Response(null, { status: 404 })))
    )
  )
}

it.effect("another client: a 503, and then data", () =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(middle("BTC"))
    yield* TestClock.adjust("10 seconds")
    expect(yield* Fiber.join(fiber)).toEqual(Option.some(2))
    const { calls, total } = yield* (yield* ErrorTracker.ErrorTracker).stats()
    expect({ total, recovered: calls.recovered }).toEqual({ total: 1, recovered: 1 })
    expect((yield* LogCapture.entries).filter(({ level }) => level === "Error")).toEqual([])
  }).pipe(Effect.provide([
    Quotes.layer.pipe(
      Layer.provide(answering(() => new Response(null, { status: 503 }), () => Response.json({ bid: 1, ask: 3 }))),
      Layer.provideMerge(ErrorTracker.layer())
    ),
    LogCapture.layer
  ])))

it.effect("another service: no quotes without access", () =>
  Effect.gen(function*() {
    expect(yield* middle("BTC")).toEqual(Option.none())
  }).pipe(Effect.provide([
    Layer.succeed(Quotes, { get: () => Effect.fail(new FetchError.ApiAuth({ status: 401 })) }),
    ErrorTracker.layerNoop
  ])))

it.effect("another clock: a silent server is a timeout after five seconds, in no time", () =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(Effect.flip(middle("BTC")))
    yield* TestClock.adjust("5 minutes")
    expect((yield* Fiber.join(fiber)).code).toBe("NETWORK_TIMEOUT")
  }).pipe(Effect.provide([
    Quotes.layer.pipe(
      Layer.provide(Layer.succeed(HttpClient.HttpClient, HttpClient.make(() => Effect.never))),
      Layer.provideMerge(ErrorTracker.layer())
    ),
    LogCapture.layer
  ])))

it.effect("another exchange: candles without sockets, with a fault", () =>
  Effect.gen(function*() {
    yield* (yield* FaultyExchange.FaultyExchange).inject(Fault.on({ nth: 1 }, Fault.resetBeforeHeaders))
    const rest = yield* BinanceRest.BinanceRest
    const klines = rest.klines({
      market: "SPOT",
      symbol: "BTCUSDT",
      interval: "1h",
      start: "2024-01-01",
      end: "2024-01-02"
    })
    expect((yield* Effect.flip(klines))._tag).toBe("NetworkConnection")
    expect((yield* klines).length).toBe(24)
  }).pipe(Effect.provide(
    BinanceRest.layer().pipe(Layer.provideMerge(FaultyExchange.layerClient({ now: "2024-06-01" })))
  )))
