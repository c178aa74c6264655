import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, LogLevel, TestClock } from "effect"
import { ErrorTracker, Fetch, FetchError, RetryPolicy } from "effect-errata"
import { BinanceRest, DataSourceManager, KlineCache, Klines, RequestWeight } from "effect-errata/binance"
import { monotonicMillis } from "../src/internal/monotonicMillis.js"
import { banned, down, limited, many } from "./retrying.js"
import { steppedClock } from "./steppedClock.js"
import { inVirtualTime } from "./virtualTime.js"

/** Milliseconds by which the wall clock is set while something waits. */
const steps = [-3_600_000, 3_600_000, -7_200_000_000, 7_200_000_000]

describe("the wall clock is set while something waits, by", () => {
  /** When requests are sent, and what a policy does every second; the wall clock is set while it waits. */
  const story = (millis: number) =>
    inVirtualTime(({ pass }) =>
      Effect.gen(function*() {
        const { clock, step } = yield* steppedClock
        const inSteps = Effect.withClock(clock)
        const answers = [limited(5), down(), banned(7), ...Array.from({ length: 12 }, down)]
        const sent: Array<number> = []
        const call = Effect.flatMap(monotonicMillis, (now) => {
          const error = answers[sent.push(now) - 1]
          return error === undefined ? Effect.succeed("data") : Effect.fail(error)
        })
        const options = { rows: { API_FORMAT: { retries: 9 } }, breaker: { minimumAttempts: 6 } }
        const policy = yield* inSteps(RetryPolicy.make(options))
        const run = call.pipe(Fetch.retry(policy), Effect.exit, Effect.withRandomFixed([0.5]), inSteps)
        const states: Array<RetryPolicy.State> = []
        for (let second = 0; second < 60; second++) {
          if (second % 3 === 2) step(second % 2 === 0 ? millis : -millis)
          yield* Effect.forkDaemon(run)
          yield* pass("1 second")
          states.push(yield* inSteps(policy.state))
        }
        return { sent, states }
      }).pipe(Effect.provide(ErrorTracker.layerNoop), Logger.withMinimumLogLevel(LogLevel.None))
    )

  it.effect.each(steps)(
    "%d ms: a policy keeps its pauses, back-offs, open times and tokens",
    (millis) =>
      Effect.gen(function*() {
        const { sent, states } = yield* story(millis)
        expect(sent[1]).toBeGreaterThanOrEqual(5000)
        expect(sent[1]).toBeLessThanOrEqual(5020)
        expect(new Set(states.map(({ circuit }) => circuit))).toEqual(new Set(["closed", "open"]))
        expect({ sent, states }).toEqual(yield* story(0))
      })
  )

  it.effect.each(steps)(
    "%d ms: REST is asked again when the pause of a 429 is over",
    (millis) =>
      Effect.gen(function*() {
        const { clock, step } = yield* steppedClock
        const { limiter } = yield* RequestWeight.make
        const host = yield* limiter("x", 1000)
        let asked = 0
        const ask = host.pass(1, () => ++asked === 1 ? Effect.fail(limited(5)) : Effect.succeed("data")).pipe(
          Effect.either,
          Effect.withClock(clock)
        )
        yield* ask
        yield* TestClock.adjust("100 millis")
        step(millis)
        yield* ask
        yield* TestClock.adjust("4899 millis")
        yield* ask
        expect(asked).toBe(1)
        yield* TestClock.adjust("1 millis")
        yield* ask
        expect(asked).toBe(2)
      })
  )

  it.effect.each(steps)(
    "%d ms: the weight of a minute is used up until its end, and no longer",
    (millis) =>
      Effect.gen(function*() {
        const { clock, step } = yield* steppedClock
        const { limiter } = yield* RequestWeight.make
        const host = yield* limiter("x", 1000)
        let asked = 0
        const ask = host.pass(100, () => Effect.sync(() => ++asked)).pipe(Effect.withClock(clock))
        yield* TestClock.adjust("10 seconds")
        yield* many(9, () => ask)
        step(millis)
        const waiting = yield* Effect.fork(ask)
        yield* TestClock.adjust("49 seconds")
        expect(asked).toBe(9)
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(waiting)
        expect(asked).toBe(10)
      })
  )

  it.effect.each(steps)("%d ms: a cache that cannot be written is written to a minute later", (millis) => {
    let writes = 0
    const day = { start: Date.UTC(2020, 4, 1), end: Date.UTC(2020, 4, 2) }
    const cache = Layer.succeed(KlineCache.KlineCache, {
      klines: () => Effect.succeed(Klines.empty("1h")),
      find: () => Effect.succeed({ klines: Klines.empty("1h", [{ ...day, reason: "not_cached" }]), errors: [] }),
      keep: () => Effect.suspend(() => (writes++, Effect.fail(new FetchError.StorageSpace()))),
      forget: () => Effect.succeed(0)
    })
    const rest = Layer.succeed(BinanceRest.BinanceRest, { klines: () => Effect.succeed(Klines.empty("1h")) })
    return Effect.gen(function*() {
      yield* TestClock.setTime(Date.UTC(2024, 4, 1))
      const { clock, step } = yield* steppedClock
      const { klines } = yield* DataSourceManager.DataSourceManager
      const fetch = klines({ market: "SPOT", symbol: "BTCUSDT", interval: "1h", ...day }).pipe(
        Effect.exit,
        Effect.withClock(clock)
      )
      yield* fetch
      step(millis)
      yield* TestClock.adjust("59 seconds")
      yield* fetch
      expect(writes).toBe(1)
      yield* TestClock.adjust("1 second")
      yield* fetch
      expect(writes).toBe(2)
    }).pipe(Effect.provide(
      DataSourceManager.layer({ sources: ["cache", "rest"] }).pipe(
        Layer.provide([cache, rest]),
        Layer.provideMerge(ErrorTracker.layerNoop)
      )
    ))
  })
})
