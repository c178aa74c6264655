/**
 * Tests of code that fetches: the client, the tracker and the logger are layers that a test replaces, and the clock is
 * the test's.
 */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, TestClock } from "effect"
import { ErrorTracker, Fetch } from "effect-errata"
import { BinanceRest } from "effect-errata/binance"
import { Fault, FaultyExchange, LogCapture } from "effect-errata/testing"

/** The code under test: three rows, or none if the server takes too long. */
const lastRows = HttpClient.get("https://example.test/rows").pipe(
  Effect.flatMap((response) => response.json),
  Fetch.timeout("10 seconds"),
  Fetch.tracked({ symbol: "BTCUSDT", source: "example" }),
  Effect.catchTag("NetworkTimeout", () => Effect.succeed([]))
)

it.effect("times out on a silent server, and counts and logs it", () =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(lastRows)
    yield* TestClock.adjust("10 seconds")
    expect(yield* Fiber.join(fiber)).toEqual([])

    const tracker = yield* ErrorTracker.ErrorTracker
    expect((yield* tracker.stats()).byCode).toMatchObject({ NETWORK_TIMEOUT: { count: 1 } })
    expect(yield* LogCapture.text).toContain("BTCUSDT")
  }).pipe(
    Effect.provide([
      Layer.succeed(HttpClient.HttpClient, HttpClient.make(() => Effect.never)),
      ErrorTracker.layer(),
      LogCapture.layer
    ])
  ))

it.effect("returns the data of the server", () =>
  Effect.gen(function*() {
    expect(yield* lastRows).toEqual([1, 2, 3])
  }).pipe(
    Effect.provideService(
      HttpClient.HttpClient,
      HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, Response.json([1, 2, 3]))))
    ),
    // This test counts nothing.
    Effect.provide(ErrorTracker.layerNoop)
  ))

it.effect("fetches from a simulated exchange without sockets, with a fault on demand", () =>
  Effect.gen(function*() {
    const exchange = yield* FaultyExchange.FaultyExchange
    yield* exchange.inject(Fault.on({ nth: 1 }, Fault.resetBeforeHeaders))
    const rest = yield* BinanceRest.BinanceRest
    const day = rest.klines({
      market: "SPOT",
      symbol: "BTCUSDT",
      interval: "1h",
      start: "2024-01-01",
      end: "2024-01-02"
    }).pipe(Fetch.tracked())

    expect((yield* Effect.flip(day)).code).toBe("NETWORK_CONNECTION")
    expect((yield* day).length).toBe(24)
  }).pipe(
    Effect.provide([
      BinanceRest.layer().pipe(Layer.provideMerge(FaultyExchange.layerClient({ now: "2024-06-01" }))),
      ErrorTracker.layer(),
      LogCapture.layer
    ])
  ))
