import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Option, TestClock } from "effect"
import { ErrorTracker, Fetch, FetchError, RetryPolicy } from "effect-errata"
import { BinanceRest, type KlineRequest } from "effect-errata/binance"
import { Fault, FaultyExchange } from "effect-errata/testing"
import * as Clock from "effect/Clock"
import { after, banned, down, later, limited, many, mostWithin, sourceOf, stats } from "./retrying.js"
import { inVirtualTime } from "./virtualTime.js"

const withTracker = Effect.provide(ErrorTracker.layer())

const aDay: KlineRequest.Input = {
  market: "SPOT",
  symbol: "BTCUSDT",
  interval: "1h",
  start: "2024-01-01",
  end: "2024-01-02"
}

/** Candles of the exchange, tracked, and when each request was sent. */
const candles = Effect.map(BinanceRest.BinanceRest, (rest) => {
  const sent: Array<number> = []
  const fetch = Effect.tap(Clock.currentTimeMillis, (now) => sent.push(now)).pipe(
    Effect.zipRight(rest.klines(aDay)),
    Fetch.tracked({ source: "rest" })
  )
  return { sent, fetch }
})

const exchange = (...faults: ReadonlyArray<Fault.Fault>) =>
  Layer.merge(
    ErrorTracker.layer(),
    BinanceRest.layer().pipe(Layer.provideMerge(FaultyExchange.layerClient({ now: "2026-01-01", faults })))
  )

const requests = Effect.flatMap(FaultyExchange.FaultyExchange, ({ requests }) => requests)

describe("rate limits, on an exchange", () => {
  it.effect("418 with \"banned until T\": zero requests before T from any fiber", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({ source: "rest", maxWait: "10 minutes" })
      const { fetch, sent } = yield* candles
      const call = fetch.pipe(Fetch.retry(policy))
      // One is banned; others come at once, and all the time, until the end.
      const fibers = [yield* Effect.fork(call)]
      yield* TestClock.adjust(0)
      for (let second = 0; second < 115; second += 23) {
        for (let i = 0; i < 4; i++) fibers.push(yield* Effect.fork(call))
        yield* TestClock.adjust("23 seconds")
      }
      expect(yield* requests).toHaveLength(1)
      expect((yield* policy.state).gate).toEqual(Option.some(Duration.seconds(5)))
      yield* TestClock.adjust("4999 millis")
      expect(yield* requests).toHaveLength(1)
      yield* TestClock.adjust("2 seconds")
      expect((yield* Fiber.join(Fiber.all(fibers))).map(({ length }) => length)).toEqual(fibers.map(() => 24))
      expect(Math.min(...sent.slice(1))).toBeGreaterThan(120_000)
      expect(sent).toHaveLength(fibers.length + 1)
      expect(yield* stats).toMatchObject({ total: 1, retry: { retries: 1, gateWaits: fibers.length, refusals: 0 } })
    }).pipe(Effect.provide(exchange(Fault.banned("2 minutes")))))

  it.effect("1,000 waiting fibers come back spread, none of them early", () =>
    inVirtualTime(({ pass }) =>
      Effect.gen(function*() {
        const policy = yield* RetryPolicy.make({ source: "rest", breaker: false })
        const { fetch, sent } = yield* candles
        const call = fetch.pipe(Fetch.retry(policy))
        yield* Effect.fork(call)
        yield* pass(0)
        expect(sent).toEqual([0])
        const fibers = yield* Effect.fork(many(999, () => call))
        yield* pass("30 seconds")
        expect(sent).toEqual([0])
        yield* pass("21 seconds")
        yield* Fiber.join(fibers)
        const back = sent.slice(1)
        expect(back).toHaveLength(1000)
        expect(Math.min(...back)).toBeGreaterThan(30_000)
        expect(mostWithin(100, back)).toBeLessThanOrEqual(6)
        expect(mostWithin(1000, back)).toBeLessThanOrEqual(51)
        expect((yield* stats).total).toBe(1)
      }).pipe(Effect.provide(exchange(Fault.rateLimited("30 seconds"))))
    ))
})

describe("rate limits", () => {
  const retried = (options: RetryPolicy.Options = {}) =>
    RetryPolicy.make({
      source: "rest",
      maxWait: "1 minute",
      rows: { API_RATE_LIMIT: { base: 1, cap: 1 } },
      ...options
    })

  it.effect("1,000 that were on their way when the gate closed come back spread, however their answers came in", () =>
    inVirtualTime(({ pass }) =>
      Effect.gen(function*() {
        const policy = yield* retried({ budget: false })
        const { asked, fetch } = sourceOf((n) =>
          n <= 1000
            ? Effect.zipRight(Effect.sleep(n / 10), Effect.fail(limited(30)))
            : Effect.succeed(n)
        )
        const fibers = yield* Effect.fork(many(1000, () => fetch.pipe(Fetch.retry(policy))))
        yield* pass("2 minutes")
        yield* Fiber.join(fibers)
        const back = asked.slice(1000)
        expect(back).toHaveLength(1000)
        expect(Math.min(...back)).toBeGreaterThan(30_000)
        expect(mostWithin(100, back)).toBeLessThanOrEqual(6)
      }).pipe(withTracker)
    ))

  it.effect("retryAfter is a lower bound for any row and any error", () =>
    Effect.gen(function*() {
      for (const error of [limited(7), new FetchError.ApiFormat({ status: 503, ...after(7) })]) {
        const policy = yield* retried({ rows: { API_FORMAT: { base: 1, cap: 2 } } })
        const { asked, fetch } = sourceOf((n) => n === 1 ? Effect.fail(error) : Effect.succeed(n))
        const fiber = yield* Effect.fork(fetch.pipe(Fetch.retry(policy)))
        yield* TestClock.adjust("6999 millis")
        expect(asked).toHaveLength(1)
        yield* TestClock.adjust("30 millis")
        expect(yield* fiber).toBe(2)
        // Only what a 429 or a 418 says holds for all.
        expect((yield* stats).retry.gateWaits).toBe(1)
      }
    }).pipe(withTracker))

  it.effect("retryAfter is never clipped: longer than maxWait, it fails at once, and says so", () =>
    Effect.gen(function*() {
      const policy = yield* retried()
      const { asked, fetch } = sourceOf(() => Effect.fail(banned(61)))
      const first = yield* Effect.flip(fetch.pipe(Fetch.retry(policy)))
      expect(first).toMatchObject({
        _tag: "ApiRateLimit",
        retryAfter: Option.some(Duration.seconds(61)),
        context: { attempt: 1, attributes: { gave_up: "the server asks to wait for 1m 1s, longer than maxWait, 1m" } }
      })
      expect(RetryPolicy.isRefusal(first)).toBe(false)
      // A later call is not sent, and its error has the time that remains.
      yield* TestClock.adjust("500 millis")
      const second = yield* Effect.flip(fetch.pipe(Fetch.retry(policy)))
      expect(second).toMatchObject({
        _tag: "ApiRateLimit",
        banned: true,
        retryAfter: Option.some(Duration.millis(60_500)),
        context: { attributes: { refused: "the server asks to wait for 1m 1s, longer than maxWait, 1m" } }
      })
      expect(RetryPolicy.isRefusal(second)).toBe(true)
      expect(asked).toEqual([0])
      expect(yield* stats).toMatchObject({ total: 1, retry: { giveUps: 1, refusals: 1, gateWaits: 0, retries: 0 } })
      // As soon as it is no longer than that, it is waited for.
      yield* TestClock.adjust("500 millis")
      const third = yield* Effect.fork(Effect.flip(fetch.pipe(Fetch.retry(policy))))
      yield* TestClock.adjust("59 seconds")
      expect(asked).toEqual([0])
      yield* TestClock.adjust("1100 millis")
      expect(asked).toHaveLength(2)
      yield* third
    }).pipe(withTracker))

  it.effect("maxWait limits the sum of the waits of a call, those in the queue included", () =>
    inVirtualTime(({ pass }) =>
      Effect.gen(function*() {
        const policy = yield* retried({ budget: false, rows: { API_RATE_LIMIT: { retries: 10, base: 1, cap: 1 } } })
        const { asked, fetch } = sourceOf(() => Effect.fail(limited(25)))
        const fiber = yield* Effect.fork(Effect.flip(fetch.pipe(Fetch.retry(policy))))
        yield* pass("1 minute")
        // Twice 25 seconds and a little: a third time would be too long.
        expect((yield* fiber).context).toMatchObject({ attempt: 3 })
        expect(asked).toHaveLength(3)

        const other = yield* retried({ maxWait: "2 seconds" })
        const source = sourceOf((n) => n === 1 ? Effect.fail(limited(1)) : Effect.succeed(n))
        const first = yield* Effect.fork(source.fetch.pipe(Fetch.retry(other)))
        yield* pass(0)
        const fibers = yield* Effect.fork(many(100, () => source.fetch.pipe(Fetch.retry(other))))
        yield* pass(0)
        // Fifty a second, behind the one that closed the gate: no more have a place.
        expect((yield* stats).retry).toMatchObject({ refusals: 50, giveUps: 1 })
        yield* pass("3 seconds")
        yield* Fiber.join(first)
        yield* Fiber.join(fibers)
        expect(source.asked).toHaveLength(1 + 1 + 50)
      }).pipe(withTracker)
    ))

  it.effect("a call fails that has waited and would wait again, for longer than maxWait in all", () =>
    Effect.gen(function*() {
      const policy = yield* retried({ maxWait: "1 minute" })
      const answers = [later(1, Effect.fail(limited(40))), later(40, Effect.fail(limited(40)))]
      const { asked, fetch } = sourceOf((n) => answers[n - 1] ?? Effect.succeed("well"))
      const call = fetch.pipe(Fetch.retry(policy), Effect.flip)
      const first = yield* Effect.fork(call)
      const second = yield* Effect.fork(call)
      yield* TestClock.adjust("2 seconds")
      const waiting = yield* Effect.fork(call)
      yield* TestClock.adjust("40 seconds")
      expect(asked).toEqual([0, 0])
      const said = expect.stringMatching(/^the server asks to wait for 3[89]s/)
      expect((yield* first).context.attributes).toMatchObject({ gave_up: said })
      expect((yield* waiting).context.attributes).toMatchObject({ refused: said })
      yield* Fiber.interrupt(second)
    }).pipe(withTracker))

  it.effect("of the calls that are rate limited at once, only those wait that have a place within maxWait", () =>
    inVirtualTime(({ pass }) =>
      Effect.gen(function*() {
        const policy = yield* retried({ maxWait: "2 seconds", budget: false })
        const { asked, fetch } = sourceOf((n) => n <= 100 ? later(1, Effect.fail(limited(1))) : Effect.succeed("well"))
        const fibers = yield* Effect.fork(many(100, () => fetch.pipe(Fetch.retry(policy))))
        yield* pass("1 minute")
        yield* Fiber.join(fibers)
        expect(asked).toHaveLength(100 + 51)
        expect((yield* stats).retry).toMatchObject({ retries: 51, giveUps: 49 })
      }).pipe(withTracker)
    ))

  it.effect("closes again when the same call is rate limited again; pauses are whole milliseconds", () =>
    Effect.gen(function*() {
      const policy = yield* retried()
      const { asked, fetch } = sourceOf((n) => n % 2 === 1 ? Effect.fail(limited(2)) : Effect.succeed("well"))
      const call = Effect.withRandomFixed(fetch.pipe(Fetch.retry(policy)), [0.1234])
      for (let i = 0; i < 3; i++) {
        const first = yield* Effect.fork(call)
        yield* TestClock.adjust(0)
        expect((yield* policy.state).gate).toEqual(Option.some(Duration.seconds(2)))
        yield* TestClock.adjust("3 seconds")
        expect(yield* first).toBe("well")
      }
      yield* Effect.fork(call)
      yield* TestClock.adjust(0)
      yield* Effect.fork(call)
      yield* TestClock.adjust("3 seconds")
      expect(asked).toHaveLength(9)
      expect(asked.every(Number.isInteger)).toBe(true)
    }).pipe(withTracker))

  it.effect("a call that is interrupted in the queue holds up no other", () =>
    inVirtualTime(({ pass }) =>
      Effect.gen(function*() {
        const policy = yield* retried({ maxWait: "5 seconds" })
        const { fetch } = sourceOf((n) => n === 1 ? Effect.fail(limited(4)) : Effect.succeed(n))
        const first = yield* Effect.fork(fetch.pipe(Fetch.retry(policy)))
        yield* pass(0)
        for (let i = 0; i < 20; i++) {
          const impatient = yield* Effect.fork(many(40, () => fetch.pipe(Fetch.retry(policy))))
          yield* pass(0)
          yield* Fiber.interrupt(impatient)
        }
        const patient = yield* Effect.fork(fetch.pipe(Fetch.retry(policy)))
        yield* pass("4100 millis")
        expect(yield* Fiber.join(first)).toBeGreaterThan(1)
        expect(yield* Fiber.join(patient)).toBeGreaterThan(1)
        expect((yield* stats).retry.refusals).toBe(0)
      }).pipe(withTracker)
    ))

  it.effect("what was waited besides, as a back-off, is not the server's", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({
        maxWait: "3 seconds",
        rows: { API_RATE_LIMIT: { base: "20 seconds", cap: "1 minute" } }
      })
      const { asked, fetch } = sourceOf(() => Effect.fail(limited(1)))
      const fiber = yield* Effect.fork(Effect.flip(fetch.pipe(Fetch.retry(policy))))
      yield* TestClock.adjust("5 minutes")
      expect((yield* fiber).context.attributes).toMatchObject({
        gave_up: "the server asks to wait for 1s (4s in all), longer than maxWait, 3s"
      })
      expect(asked).toHaveLength(3)
    }).pipe(withTracker))

  it.effect("a stale answer from before the cool-off changes nothing", () =>
    Effect.gen(function*() {
      const policy = yield* retried()
      const answers = [
        later(1, Effect.fail(limited(2))),
        // Sent before the gate closed; answered after it opened again.
        later(5, Effect.fail(limited(40))),
        Effect.succeed("well")
      ]
      const { asked, fetch } = sourceOf((n) => answers[n - 1] ?? Effect.succeed("well"))
      const [first, stale] = [
        yield* Effect.fork(fetch.pipe(Fetch.retry(policy))),
        yield* Effect.fork(fetch.pipe(Fetch.retry(policy)))
      ]
      yield* TestClock.adjust("5 seconds")
      yield* first
      expect((yield* policy.state).gate).toEqual(Option.none())
      expect(yield* fetch.pipe(Fetch.retry(policy))).toBe("well")
      // The call itself waits.
      yield* TestClock.adjust("39 seconds")
      expect(asked).toHaveLength(4)
      yield* TestClock.adjust("2 seconds")
      expect(yield* stale).toBe("well")
    }).pipe(withTracker))

  it.effect("a ban is no stale answer: it names its end", () =>
    Effect.gen(function*() {
      const policy = yield* retried()
      const answers = [later(1, Effect.fail(limited(2))), later(5, Effect.fail(banned(40)))]
      const { fetch } = sourceOf((n) => answers[n - 1] ?? Effect.succeed("well"))
      yield* Effect.fork(many(2, () => fetch.pipe(Fetch.retry(policy))))
      yield* TestClock.adjust("5 seconds")
      expect((yield* policy.state).gate).toEqual(Option.some(Duration.seconds(40)))
    }).pipe(withTracker))

  it.effect("waiting calls wait longer after another rate limit, despite successes in between", () =>
    Effect.gen(function*() {
      const policy = yield* retried()
      const answers = [
        later(1, Effect.fail(limited(9))),
        later(5, Effect.fail(limited(15))),
        later(7, Effect.succeed("on its way"))
      ]
      const { asked, fetch } = sourceOf((n) => answers[n - 1] ?? Effect.succeed("well"))
      const fibers = yield* Effect.fork(many(3, () => fetch.pipe(Fetch.retry(policy))))
      yield* TestClock.adjust("2 seconds")
      const waiting = yield* Effect.fork(fetch.pipe(Fetch.retry(policy)))
      yield* TestClock.adjust("18 seconds")
      expect(asked).toEqual([0, 0, 0])
      expect((yield* policy.state).gate).toEqual(Option.none())
      yield* TestClock.adjust("1 second")
      expect(yield* waiting).toBe("well")
      yield* Fiber.join(fibers)
      expect(asked).toHaveLength(6)
      // Two queued twice.
      expect((yield* stats).retry.gateWaits).toBe(5)
    }).pipe(withTracker))

  it.effect("what waits for a back-off when the gate closes waits for the gate, too", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({ rows: { API_FORMAT: { base: "2 seconds" } } })
      const answers = [Effect.fail(down()), Effect.fail(limited(30))]
      const { asked, fetch } = sourceOf<string, FetchError.FetchError>((n) => answers[n - 1] ?? Effect.succeed("well"))
      const first = yield* Effect.fork(fetch.pipe(Fetch.retry(policy)))
      yield* TestClock.adjust("100 millis")
      const second = yield* Effect.fork(fetch.pipe(Fetch.retry(policy)))
      yield* TestClock.adjust("30 seconds")
      expect(asked).toHaveLength(2)
      yield* TestClock.adjust("1 second")
      expect([yield* first, yield* second]).toEqual(["well", "well"])
    }).pipe(withTracker))

  it.effect("a 429 that names no time, or none that is left, closes nothing", () =>
    Effect.gen(function*() {
      for (const error of [new FetchError.ApiRateLimit({ status: 429 }), limited(0)]) {
        const policy = yield* retried()
        const { fetch } = sourceOf((n) => n === 1 ? Effect.fail(error) : Effect.succeed(n))
        const fiber = yield* Effect.fork(fetch.pipe(Fetch.retry(policy)))
        yield* TestClock.adjust(0)
        expect((yield* policy.state).gate).toEqual(Option.none())
        expect(yield* fetch.pipe(Fetch.retry(policy))).toBe(2)
        yield* TestClock.adjust("1 second")
        expect(yield* fiber).toBe(3)
      }
    }).pipe(withTracker))

  it.effect("Law 1: what is refused is counted already, where it was said", () =>
    Effect.gen(function*() {
      const policy = yield* retried({ maxWait: 0 })
      const { fetch } = sourceOf(() => Effect.fail(limited(30)))
      const call = fetch.pipe(Fetch.retry(policy), Fetch.tracked({ source: "outer" }))
      const errors = yield* Effect.all([Effect.flip(call), Effect.flip(call), Effect.flip(call)])
      expect((yield* stats).total).toBe(1)
      expect(new Set(errors).size).toBe(3)
      expect(errors.map(({ context: { source } }) => source)).toEqual(["rest", "rest", "rest"])
    }).pipe(withTracker))
})
