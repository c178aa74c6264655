import { describe, expect, it } from "@effect/vitest"
import { Data, Duration, Effect, Exit, Fiber, Layer, Logger, LogLevel, Option, TestClock } from "effect"
import { ErrorTracker, Fetch, FetchError, RetryPolicy } from "effect-errata"
import { LogCapture } from "effect-errata/testing"
import { after, down, limited, many, sourceOf } from "./retrying.js"
import { inVirtualTime } from "./virtualTime.js"

class OwnError extends Data.TaggedError("OwnError")<{
  readonly message: string
  readonly category: string
  readonly context: FetchError.Trackable["context"]
  readonly retryable?: boolean
  readonly retryAfter?: Option.Option<Duration.Duration>
}> {
  readonly code = "OWN"
  readonly severity = "ERROR" as const
}

const own = (given: Partial<OwnError>) => new OwnError({ message: "mine", category: "Api", context: {}, ...given })

/** Numbers from 0 to 1, spread evenly, in no order. */
const even = () => {
  let last = 0
  return () => (last = (last + 0.618_033_988_75) % 1)
}

interface Traffic {
  readonly options?: RetryPolicy.Options
  /** Whether a request fails that is sent at this time, in milliseconds. */
  readonly fails: (at: number, draw: number, endpoint: number) => boolean
  readonly error?: () => FetchError.Trackable
  readonly seconds: number
}

/** Twenty calls a second behind one policy, to four endpoints in turn: how each has ended, and how often it was open. */
const traffic = ({ error = down, fails, options, seconds }: Traffic) =>
  inVirtualTime(({ pass }) =>
    Effect.gen(function*() {
      const draw = even()
      const policy = yield* RetryPolicy.make(options)
      const requests: Array<number> = []
      const calls: Array<{ readonly at: number; readonly endpoint: number; readonly isSuccess: boolean }> = []
      const fetch = (endpoint: number) =>
        Effect.delay(
          Effect.suspend(() => {
            const at = requests.at(-1) ?? 0
            return fails(at, draw(), endpoint) ? Effect.fail(error()) : Effect.succeed(at)
          }),
          "10 millis"
        )
      const open: Array<number> = []
      for (let i = 0; i < 20 * seconds; i++) {
        const at = 50 * i
        const endpoint = i % 4
        const attempt = Effect.zipRight(
          Effect.clockWith((clock) => Effect.sync(() => requests.push(clock.unsafeCurrentTimeMillis()))),
          fetch(endpoint)
        ).pipe(Fetch.tracked({ source: "rest" }), Fetch.retry(policy))
        const end = (exit: Exit.Exit<unknown, unknown>) =>
          Effect.sync(() => calls.push({ at, endpoint, isSuccess: Exit.isSuccess(exit) }))
        yield* Effect.forkDaemon(Effect.onExit(attempt, end))
        yield* pass("50 millis")
        if ((yield* policy.state).circuit !== "closed") open.push(at)
      }
      yield* pass("1 minute")
      return { calls, open, requests }
    })
  ).pipe(Logger.withMinimumLogLevel(LogLevel.None))

const share = (calls: ReadonlyArray<{ readonly isSuccess: boolean }>) =>
  calls.filter(({ isSuccess }) => isSuccess).length / calls.length

const noop = Effect.provide(ErrorTracker.layerNoop)

describe("the circuit breaker", () => {
  const trackers: ReadonlyArray<readonly [string, Layer.Layer<ErrorTracker.ErrorTracker>]> = [
    ["that counts by source", ErrorTracker.layer()],
    ["that does not count by source", ErrorTracker.layer({ dimensions: ["symbol"] })],
    ["that counts nothing", ErrorTracker.layerNoop]
  ]

  it.effect.each(trackers)("opens and closes with a tracker %s", ([, tracker]) =>
    Effect.gen(function*() {
      const { calls, open } = yield* traffic({ fails: (at) => at >= 2000 && at < 10_000, seconds: 15 })
      expect(open[0]).toBeGreaterThanOrEqual(5000)
      expect(open[0]).toBeLessThan(5500)
      expect(open.at(-1)).toBeLessThan(12_500)
      expect(share(calls.filter(({ at }) => at > 12_500))).toBe(1)
    }).pipe(Effect.provide(tracker)))

  it.effect.each<readonly [string, () => FetchError.Trackable]>([
    ["of the network, of one's own", () => own({ category: "Network" })],
    ["of the server, of one's own", () => own({ category: "Api", retryable: true })],
    [
      "with an attribute named refused",
      () => FetchError.withContext(down(), { attributes: { refused: "by the broker", gave_up: "never" } })
    ]
  ])("opens for errors %s", ([, error]) =>
    Effect.gen(function*() {
      const { open } = yield* traffic({ fails: () => true, error, seconds: 6 })
      expect(open[0]).toBeGreaterThanOrEqual(3000)
      expect(open[0]).toBeLessThan(3500)
    }).pipe(noop))

  it.effect("opens at 90 % errors for a minute, and is closed within three seconds of their end", () =>
    Effect.gen(function*() {
      const { calls, open, requests } = yield* traffic({ fails: (at, draw) => at < 60_000 && draw < 0.9, seconds: 70 })
      expect(open[0]).toBeLessThan(5000)
      expect(requests.filter((at) => at < 60_000).length / 1200).toBeLessThan(0.4 * 3.44)
      expect(open.at(-1)).toBeLessThan(63_000)
      expect(share(calls.filter(({ at }) => at >= 63_000))).toBe(1)
    }).pipe(noop))

  it.effect("stays closed at 30 % errors, and loses no call", () =>
    Effect.gen(function*() {
      const { calls, open } = yield* traffic({ fails: (_, draw) => draw < 0.3, seconds: 30 })
      expect(open).toEqual([])
      // The others are lost to the budget of retries, and not to the circuit.
      expect(share(calls)).toBeGreaterThan(0.85)
    }).pipe(noop))

  it.effect.each([1000, 2500])(
    "stays closed when everything fails for %d ms, and hardly a call is lost",
    (millis) =>
      Effect.gen(function*() {
        const { calls, open } = yield* traffic({ fails: (at) => at >= 10_000 && at < 10_000 + millis, seconds: 20 })
        expect(open).toEqual([])
        expect(share(calls)).toBeGreaterThan(millis === 1000 ? 0.99 : 0.85)
      }).pipe(noop)
  )

  it.effect.each<readonly [number, RetryPolicy.Options]>([
    [1, {}],
    [1, { budget: false }],
    [2, { budget: false }],
    [1, { budget: false, rows: { API_FORMAT: { retries: 10, cap: 500 } } }]
  ])("stays closed for the others when %d endpoints of four are dead", ([dead, options]) =>
    Effect.gen(function*() {
      const { calls, open } = yield* traffic({ fails: (_at, _draw, endpoint) => endpoint < dead, options, seconds: 20 })
      expect(open).toEqual([])
      expect(share(calls.filter(({ endpoint }) => endpoint >= dead))).toBe(1)
    }).pipe(noop))

  it.effect("stays closed when every first attempt fails and every second succeeds: a stale connection is no outage", () =>
    Effect.gen(function*() {
      let n = 0
      const policy = yield* RetryPolicy.make({ budget: false, rows: { API_FORMAT: { base: 1 } } })
      const { fetch } = sourceOf(() => n++ % 2 === 0 ? Effect.fail(down()) : Effect.succeed("data"))
      for (let i = 0; i < 60; i++) {
        const fiber = yield* Effect.fork(fetch.pipe(Fetch.retry(policy)))
        yield* TestClock.adjust("100 millis")
        expect(yield* Fiber.join(fiber)).toBe("data")
      }
    }).pipe(noop))

  it.effect("calls that are cancelled do not open it", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({ breaker: { minimumAttempts: 1, minimumDuration: 0 } })
      const { asked, fetch } = sourceOf(() => Effect.never)
      for (let i = 0; i < 30; i++) {
        const call = fetch.pipe(Fetch.retry(policy), Effect.timeoutOption("100 millis"))
        const fiber = yield* Effect.fork(call)
        yield* TestClock.adjust("100 millis")
        yield* Fiber.join(fiber)
      }
      expect([asked.length, (yield* policy.state).circuit]).toEqual([30, "closed"])
    }).pipe(noop))

  it.effect("a call that is part of another one of the same policy counts once", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({
        breaker: { minimumAttempts: 4, minimumDuration: 0 },
        rows: { API_FORMAT: { retries: 0 } }
      })
      const { asked, fetch } = sourceOf(() => Effect.fail(down()))
      const pages = fetch.pipe(Fetch.retry(policy), Fetch.retry(policy), Fetch.retry(policy), Effect.exit)
      for (let i = 0; i < 3; i++) yield* pages
      expect((yield* policy.state).circuit).toBe("closed")
      yield* pages
      expect([asked.length, (yield* policy.state).circuit]).toEqual([4, "open"])
    }).pipe(noop))

  it.effect("a refusal because of an own error is one of the 17, for any error type of the refused call", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({
        source: "rest",
        breaker: { minimumAttempts: 2, minimumDuration: 0 },
        rows: { OWN: { retries: 0 } }
      })
      const failing = (error: FetchError.Trackable) =>
        Effect.flip(Effect.fail(error).pipe(Fetch.tracked({ source: "rest" }), Fetch.retry(policy)))
      for (let i = 0; i < 2; i++) yield* failing(own({ category: "Network", context: { symbol: "X" } }))
      const refusal = yield* failing(new FetchError.ApiAuth())
      expect([FetchError.isFetchError(refusal), refusal._tag]).toEqual([true, "NetworkConnection"])
      expect(RetryPolicy.isRefusal(refusal)).toBe(true)
      expect(refusal.message).toContain("mine")
      // Nothing is known of the call that was not sent, and nothing is counted.
      expect(refusal.context).toEqual({ source: "rest", attributes: { refused: "the circuit is open", open_ms: 0 } })
      yield* Effect.exit(Effect.fail(refusal).pipe(Fetch.tracked({ source: "rest" })))
      const { total } = yield* Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) => tracker.stats())
      expect(total).toBe(2)
    }).pipe(Effect.provide(ErrorTracker.layer())))
})

describe("the gate", () => {
  it.effect.each(["Api", "Other", "Broker"])(
    "closes for all when an own error of category %s names a wait",
    (category) =>
      Effect.gen(function*() {
        const policy = yield* RetryPolicy.make({ source: "rest" })
        const error = own({ category, ...after(30) })
        const { asked, fetch } = sourceOf((n) => n === 1 ? Effect.fail(error) : Effect.succeed("data"))
        const first = yield* Effect.flip(fetch.pipe(Fetch.retry(policy)))
        expect(first._tag).toBe("OwnError")
        expect((yield* policy.state).gate).toEqual(Option.some(Duration.seconds(30)))
        const others = yield* Effect.fork(many(10, () => fetch.pipe(Fetch.retry(policy))))
        yield* TestClock.adjust("30 seconds")
        expect(asked).toHaveLength(1)
        yield* TestClock.adjust("1 second")
        expect((yield* Fiber.join(others)).filter(Exit.isSuccess)).toHaveLength(10)
        const lines = (yield* LogCapture.at("Warning")).map(({ message }) => message)
        expect(lines).toContain("Rate limited by the server: requests paused for 30s: mine")
      }).pipe(Effect.provide(Layer.mergeAll(ErrorTracker.layerNoop, LogCapture.layer)))
  )

  it.effect.each(["Network", "Data", "Storage"])(
    "stays open when an own error of category %s names a wait",
    (category) =>
      Effect.gen(function*() {
        const policy = yield* RetryPolicy.make()
        const { asked, fetch } = sourceOf((n) =>
          n === 1 ? Effect.fail(own({ category, retryable: true, ...after(30) })) : Effect.succeed(n)
        )
        const first = yield* Effect.fork(fetch.pipe(Fetch.retry(policy)))
        yield* TestClock.adjust(0)
        expect((yield* policy.state).gate).toEqual(Option.none())
        expect(yield* fetch.pipe(Fetch.retry(policy))).toBe(2)
        // The call itself waits.
        yield* TestClock.adjust("29 seconds")
        expect(asked).toHaveLength(2)
        yield* TestClock.adjust("2 seconds")
        expect(yield* Fiber.join(first)).toBe(3)
      }).pipe(noop)
  )

  it.effect("an epoch that is taken for a duration closes it for a day, not for 57 years", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make()
      const { asked, fetch } = sourceOf((n) => n === 1 ? Effect.fail(limited(1_800_000_000)) : Effect.succeed("data"))
      const first = yield* Effect.flip(fetch.pipe(Fetch.retry(policy)))
      // The error itself is not changed.
      expect(first.retryAfter).toEqual(Option.some(Duration.seconds(1_800_000_000)))
      expect((yield* policy.state).gate).toEqual(Option.some(Duration.days(1)))
      yield* Effect.exit(fetch.pipe(Fetch.retry(policy)))
      expect(asked).toHaveLength(1)
      yield* TestClock.adjust("1 day")
      expect(yield* fetch.pipe(Fetch.retry(policy))).toBe("data")
    }).pipe(noop))

  it.effect("a back-off that is longer than the pause is kept", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({ rows: { API_RATE_LIMIT: { base: "10 seconds" } } })
      const { asked, fetch } = sourceOf((n) => n <= 3 ? Effect.fail(limited(0.1)) : Effect.succeed(n))
      const fibers = yield* Effect.fork(many(3, () => fetch.pipe(Fetch.retry(policy))))
      yield* TestClock.adjust("4999 millis")
      expect(asked).toHaveLength(3)
      yield* TestClock.adjust("7 seconds")
      expect((yield* Fiber.join(fibers)).filter(Exit.isSuccess)).toHaveLength(3)
    }).pipe(noop))

  it.effect("callers with deadlines that leave its queue do not make the others come at once", () =>
    inVirtualTime(({ pass }) =>
      Effect.gen(function*() {
        const policy = yield* RetryPolicy.make()
        const { asked, fetch } = sourceOf((n) => n === 1 ? Effect.fail(limited(5)) : Effect.succeed(n))
        yield* Effect.exit(Effect.timeoutOption(fetch.pipe(Fetch.retry(policy)), 1)).pipe(Effect.fork)
        yield* pass("10 millis")
        // Every other caller loses its patience, while others join.
        for (let i = 0; i < 400; i++) {
          const call = fetch.pipe(Fetch.retry(policy))
          yield* Effect.forkDaemon(i % 2 === 0 ? Effect.timeoutOption(call, "1 second") : Effect.asSome(call))
          yield* pass("5 millis")
        }
        yield* pass("30 seconds")
        const back = asked.slice(1).toSorted((a, b) => a - b)
        expect(back).toHaveLength(200)
        for (let i = 2; i < back.length; i++) expect(back[i]! - back[i - 2]!).toBeGreaterThanOrEqual(20)
        // And no place stays empty: the first of those that left were taken by others.
        expect(back.at(-1)).toBeLessThan(5000 + 20 * 310)
      })
    ).pipe(noop, Logger.withMinimumLogLevel(LogLevel.None)))
})
