import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, TestClock } from "effect"
import { ErrorTracker, Fetch, FetchError, RetryPolicy } from "effect-errata"
import { LogCapture } from "effect-errata/testing"
import { down, limited, sourceOf } from "./retrying.js"

const withTracker = Effect.provide(ErrorTracker.layer().pipe(Layer.provideMerge(LogCapture.layer)))

/** What the policy has logged: the lines about single failures are those of `Fetch.tracked`. */
const lines = Effect.map(
  LogCapture.entries,
  (entries) =>
    entries.filter(({ level, message }) => level !== "Debug" && !message.startsWith("Error ")).map((
      { level, message }
    ) => `${level} ${message}`)
)

describe("the messages of a policy", () => {
  it.effect("the log says when the circuit opens and closes, once each", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({
        source: "rest",
        rows: { API_FORMAT: { retries: 0 } },
        breaker: { minimumAttempts: 2, minimumDuration: 0 }
      })
      const { fetch } = sourceOf((n) => n <= 3 ? Effect.fail(down()) : Effect.succeed(n))
      const call = Effect.exit(fetch.pipe(Fetch.retry(policy)))
      for (let i = 0; i < 5; i++) yield* call
      const open = `Warning Circuit breaker open: ${down().message}`
      expect(yield* lines).toEqual([open])
      for (let i = 0; i < 2; i++) {
        yield* TestClock.adjust("3 seconds")
        yield* call
      }
      expect(yield* lines).toEqual([open, "Info Circuit breaker closed: a probe has succeeded"])
      expect((yield* LogCapture.entries).find(({ message }) => message.startsWith("Circuit"))?.annotations).toEqual(
        {
          source: "rest",
          error_type: "API_FORMAT"
        }
      )
    }).pipe(withTracker))

  it.effect("the log says when the gate closes, once, however many calls are rate limited", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({ source: "rest", maxWait: 0 })
      const { fetch } = sourceOf(() => Effect.fail(limited(90)))
      yield* Effect.forEach([1, 2, 3], () => Effect.exit(fetch.pipe(Fetch.retry(policy))), { concurrency: 3 })
      expect(yield* lines).toEqual([
        `Warning Rate limited by the server: requests paused for 1m 30s: ${limited(90).message}`
      ])
    }).pipe(withTracker))

  it.effect("the error of a call that was not sent says so, and has nothing of the other call but the source", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({ source: "rest", maxWait: 0 })
      const fetch = (symbol: string) =>
        Effect.fail(limited(30)).pipe(
          Fetch.tracked({ source: "rest", symbol, url: `https://x.test/${symbol}` }),
          Fetch.retry(policy),
          Effect.flip
        )
      const first = yield* fetch("AUSDT")
      expect(first.context.symbol).toBe("AUSDT")
      const plain = yield* fetch("BUSDT")
      const why = "the server asks to wait for 30s, longer than maxWait, 0"
      expect(plain.message).toBe(`Not sent because ${why}: ${first.message}`)
      expect(plain.context).toEqual({ source: "rest", attributes: { refused: why } })
      const annotated = yield* fetch("BUSDT").pipe(Fetch.annotate({ symbol: "BUSDT" }))
      expect(annotated.context).toMatchObject({ source: "rest", symbol: "BUSDT" })
      expect(annotated.stack).toBe(first.stack)
    }).pipe(withTracker))
})

describe("what went before", () => {
  const failing = (source: string) => ({ source, fetch: Effect.fail(new FetchError.NetworkDns({ message: source })) })
  const names = ({ earlier }: FetchError.FetchError) => earlier.map(({ message }) => message)

  it.effect("all of it, however one is inside of the other", () =>
    Effect.gen(function*() {
      const inner = { source: "inner", fetch: Fetch.failover([failing("a"), failing("b")]) }
      expect(names(yield* Effect.flip(Fetch.failover([inner, failing("c"), failing("d")])))).toEqual(["a", "b", "c"])

      const policy = yield* RetryPolicy.make({ rows: { NETWORK_DNS: { retries: 1, base: 1 } } })
      const twice = yield* Effect.fork(Effect.flip(inner.fetch.pipe(Fetch.retry(policy))))
      yield* TestClock.adjust("1 second")
      expect(names(yield* Fiber.join(twice))).toEqual(["a", "b", "a"])
    }).pipe(withTracker))
})

describe("waiting where there is an alternative", () => {
  const policy = RetryPolicy.make({ source: "first", rows: { API_RATE_LIMIT: { base: 1 } } })
  const sources = (fetch: Effect.Effect<number, FetchError.FetchError, ErrorTracker.ErrorTracker>) =>
    [{ source: "first", fetch }, { source: "second", fetch: Effect.succeed(0) }] as const

  it.effect("calls do not wait", () =>
    Effect.gen(function*() {
      const { fetch } = sourceOf((n) => n === 1 ? Effect.fail(limited(1)) : Effect.succeed(n))
      expect(yield* Fetch.failover(sources(fetch.pipe(Fetch.retry(yield* policy))))).toBe(0)
    }).pipe(withTracker))

  it.effect("calls wait for errors that the failover ends with", () =>
    Effect.gen(function*() {
      const { fetch } = sourceOf((n) => n === 1 ? Effect.fail(limited(1)) : Effect.succeed(n))
      const all = sources(fetch.pipe(Fetch.retry(yield* policy)))
      const fiber = yield* Effect.fork(Fetch.failover(all, { while: ({ _tag }) => _tag !== "ApiRateLimit" }))
      yield* TestClock.adjust("2 seconds")
      expect(yield* Fiber.join(fiber)).toBe(2)
    }).pipe(withTracker))

  it.effect("the condition of a failover is not asked where there is nothing to wait for", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const { fetch } = sourceOf((n) => n === 1 ? Effect.fail(down()) : Effect.succeed(n))
      const all = sources(fetch.pipe(Fetch.retry(yield* policy)))
      const fiber = yield* Effect.fork(Fetch.failover(all, { while: ({ _tag }) => asked.push(_tag) > 0 }))
      yield* TestClock.adjust("2 seconds")
      expect([yield* Fiber.join(fiber), asked]).toEqual([2, []])
    }).pipe(withTracker))

  it.effect("calls do not wait if an outer failover has an alternative", () =>
    Effect.gen(function*() {
      const { fetch } = sourceOf((n) => n === 1 ? Effect.fail(limited(1)) : Effect.succeed(n))
      const all = sources(fetch.pipe(Fetch.retry(yield* policy)))
      const inner = Fetch.failover(all, { while: ({ _tag }) => _tag !== "ApiRateLimit" })
      expect(yield* Fetch.failover([{ source: "x", fetch: inner }, { source: "y", fetch: Effect.succeed(-1) }])).toBe(
        -1
      )
    }).pipe(withTracker))
})
