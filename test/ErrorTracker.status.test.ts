import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Layer, Option, Schema, TestClock } from "effect"
import { ErrorTracker, FetchError, RetryPolicy } from "effect-errata"
import { RequestWeight } from "effect-errata/binance"
import { LogCapture } from "effect-errata/testing"

const tracker = ErrorTracker.ErrorTracker
const dns = (symbol = "A") => new FetchError.NetworkDns({ context: { symbol } })

const quiet = (options: ErrorTracker.Options) => Layer.merge(ErrorTracker.layer(options), LogCapture.layer)

describe("alerts", () => {
  it.effect("what resolved lately is kept, newest first, through a restart, for a day", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      for (const symbol of ["A", "B"]) {
        yield* Effect.repeatN(service.track(dns(symbol)), 2)
        yield* TestClock.adjust("2 minutes")
      }
      const ended = yield* service.resolvedAlerts()
      expect(ended.map(({ at, peak }) => [at.epochMillis, peak])).toEqual([[180_000, 3], [60_000, 3]])
      expect(yield* service.resolvedAlerts({ window: "90 seconds" })).toHaveLength(1)
      yield* service.restore(yield* service.snapshot)
      expect(yield* service.resolvedAlerts()).toEqual(ended)
      yield* TestClock.adjust("2 hours")
      expect(yield* service.resolvedAlerts()).toEqual([])
      expect(yield* service.resolvedAlerts({ window: "1 day" })).toEqual(ended)
      yield* TestClock.adjust("1 day")
      expect(yield* service.resolvedAlerts({ window: "7 days" })).toEqual([])
    }).pipe(Effect.provide(quiet({ thresholds: { NETWORK_DNS: { perMinute: 2 } } }))))

  it.effect("at most 64 of those that resolved are kept", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      for (let n = 0; n < 70; n++) {
        yield* service.track(dns())
        yield* service.track(dns())
        yield* TestClock.adjust("3 minutes")
      }
      const ended = yield* service.resolvedAlerts({ window: "1 day" })
      expect(ended).toHaveLength(64)
      expect(ended.at(-1)?.at.epochMillis).toBe(6 * 180_000 + 60_000)
    }).pipe(Effect.provide(quiet({ thresholds: { NETWORK_DNS: { perMinute: 1 } } }))))

  it.effect("the status has the start of an alert, its present count and its peak; the furthest over its limit is first", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      yield* Effect.repeatN(service.track(dns()), 8)
      yield* TestClock.adjust("30 seconds")
      yield* Effect.repeatN(service.track(new FetchError.ApiAuth()), 7)
      yield* TestClock.adjust("31 seconds")
      yield* service.track(dns())
      const status = yield* service.alertStatus
      expect(
        status.map((
          { alert, amount, escalations, peak, since }
        ) => [alert.code, alert.window, since.epochMillis, amount, peak, escalations])
      ).toEqual([
        ["NETWORK_DNS", "hour", 0, 10, 10, 2],
        ["API_AUTH", "minute", 30_000, 8, 8, 1]
      ])
      expect(
        (yield* service.limits).map((
          { code, duration, limit, window }
        ) => [code, window, Duration.format(duration), limit])
      )
        .toEqual([["NETWORK_DNS", "hour", "1h", 2], ["API_AUTH", "minute", "1m", 2]])
    }).pipe(Effect.provide(quiet({
      thresholds: {
        DATA_EMPTY: {},
        API_RATE_LIMIT: {},
        NETWORK_TIMEOUT: {},
        NETWORK_DNS: { perHour: 2 },
        API_AUTH: { perMinute: 2 }
      }
    }))))

  it.effect("an implementation of one's own without the new reads has them, derived from the others", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      yield* Effect.repeatN(service.track(dns(), { attempt: true }), 29)
      yield* Effect.repeatN(service.succeeded({ symbol: "A" }), 9)
      const { track, succeeded, stats, breakdown, emptyData, alerts, activeAlerts, recent, reset } = service
      const own = ErrorTracker.make({
        track,
        succeeded,
        stats,
        breakdown,
        emptyData,
        alerts,
        activeAlerts,
        recent,
        reset
      })
      const { rows, ...worst } = yield* service.worst({ by: "symbol" })
      expect(yield* own.worst({ by: "symbol" })).toEqual({
        ...worst,
        rows: rows.map((row) => ({ ...row, mostly: Option.none() }))
      })
      const options = { window: "1 minute", step: "20 seconds" } as const
      expect(yield* own.callTimeline(options)).toEqual(yield* service.callTimeline(options))
      expect((yield* own.alertStatus).map(({ alert }) => alert)).toEqual(yield* service.activeAlerts)
      expect(yield* own.resolvedAlerts()).toEqual([])
      expect(yield* own.limits).toEqual([])
    }).pipe(Effect.provide(quiet({ thresholds: { NETWORK_DNS: { perMinute: 2 } } }))))
})

describe("recent errors", () => {
  const caused = (n: number) =>
    new FetchError.NetworkConnection({
      message: `failed ${n}`,
      cause: new Error("outer, apiKey=hunter2hunter2", { cause: new TypeError("inner") })
    })

  it.effect("have the names and messages of their causes, masked and bounded, through a restart", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      yield* service.track(caused(1))
      yield* service.track(dns())
      let deep: Error | undefined
      for (let n = 0; n < 20; n++) deep = new Error("x".repeat(1000), { cause: deep })
      yield* service.track(new FetchError.NetworkConnection({ cause: deep }))
      yield* service.restore(yield* service.snapshot)
      const [long, none, short] = yield* service.recent()
      expect(short?.causes).toEqual(["Error: outer, apiKey=<redacted>", "TypeError: inner"])
      expect(none?.causes).toEqual([])
      expect(long?.causes).toHaveLength(8)
      expect(long?.causes.every((cause) => cause.length <= 256)).toBe(true)
    }).pipe(Effect.provide(quiet({}))))

  it.effect("in a storm, those of 16 errors a second are read; errors that are alike share them", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      let reads = 0
      const storm = Effect.sync(() =>
        Object.defineProperty(
          {
            ...caused(1),
            _tag: "Own",
            code: "OWN",
            category: "Own",
            severity: "ERROR" as const,
            message: "same",
            context: {}
          },
          "cause",
          {
            get: () => (reads++, new Error("why"))
          }
        )
      )
      for (let n = 0; n < 50; n++) yield* Effect.flatMap(storm, service.track)
      // Whether there is a cause, and which one.
      expect(reads).toBe(32)
      expect((yield* service.recent({ limit: 50 })).every(({ causes }) => causes[0] === "Error: why")).toBe(true)
      yield* service.track(caused(2))
      expect((yield* service.recent({ limit: 1 }))[0]?.causes).toEqual([])
      yield* TestClock.adjust("1 second")
      yield* service.track(caused(2))
      expect((yield* service.recent({ limit: 2 })).map(({ causes }) => causes.length)).toEqual([2, 2])
    }).pipe(Effect.provide(quiet({}))))
})

describe("retry policies", () => {
  const failing = Effect.fail(
    new FetchError.ApiFormat({ status: 503, message: "down at https://x.test/?apiKey=hunter2hunter2" })
  )

  it.effect("the states of all policies of a tracker: source, circuit, gate, budget, and why", () =>
    Effect.gen(function*() {
      const rest = yield* RetryPolicy.make({ source: "rest", rows: { API_FORMAT: { retries: 0 } } })
      const other = yield* RetryPolicy.make({ budget: false })
      for (let n = 0; n < 12; n++) {
        yield* Effect.ignore(rest.run(failing))
        yield* TestClock.adjust("1 second")
      }
      const limited = new FetchError.ApiRateLimit({ retryAfter: Option.some(Duration.seconds(30)) })
      yield* Effect.ignore(Effect.timeout(other.run(Effect.fail(limited)), 0))
      const [open, closed] = yield* RetryPolicy.states
      expect(open).toMatchObject({ source: Option.some("rest"), circuit: "open", attempts: 0, waiting: 0 })
      expect(Option.getOrThrow(open!.reason)).toContain("down at https://x.test")
      expect(JSON.stringify(open)).not.toContain("hunter2")
      expect(Duration.toMillis(Option.getOrThrow(open!.probeIn))).toBeLessThanOrEqual(2000)
      expect(Option.getOrThrow(open!.budgetSize)).toBe(100)
      expect(closed).toMatchObject({
        circuit: "closed",
        source: Option.none(),
        budget: Option.none(),
        openFor: Option.none()
      })
      const json = yield* Schema.encode(Schema.Array(RetryPolicy.State))([open!, closed!])
      expect(yield* Schema.decodeUnknown(Schema.Array(RetryPolicy.State))(JSON.parse(JSON.stringify(json)))).toEqual([
        open,
        closed
      ])
      // Reading changes nothing.
      expect(yield* RetryPolicy.states).toEqual([open, closed])
    }).pipe(Effect.provide(quiet({}))))

  it.effect("a tracker has its own policies, the newest 256", () =>
    Effect.gen(function*() {
      const policies = yield* Effect.forEach(
        Array.from({ length: 300 }),
        (_, i) => RetryPolicy.make({ source: `s${i}` })
      )
      const sources = Effect.map(RetryPolicy.states, (states) => states.map(({ source }) => Option.getOrThrow(source)))
      expect(yield* sources).toEqual(policies.slice(44).map((_, i) => `s${i + 44}`))
      expect(yield* Effect.provide(sources, ErrorTracker.layer())).toEqual([])
    }).pipe(Effect.provide(quiet({}))))
})

describe("request weight", () => {
  it.effect("the use of each host: weight in flight included, reset with the minute, paused after a rate limit", () =>
    Effect.gen(function*() {
      const weight = yield* RequestWeight.RequestWeight
      expect(yield* weight.usage).toEqual([])
      const limiter = yield* weight.limiter("api.test", 100)
      yield* weight.limiter("dapi.test", 2400)
      yield* TestClock.adjust("20 seconds")
      yield* limiter.pass(5, (report) => report(42))
      const during = yield* limiter.pass(7, () => weight.usage)
      expect(during).toEqual([
        { host: "api.test", used: 49, limit: 100, resetIn: Duration.seconds(40), pausedFor: Option.none() },
        { host: "dapi.test", used: 0, limit: 2400, resetIn: Duration.seconds(40), pausedFor: Option.none() }
      ])
      yield* Effect.ignore(
        limiter.pass(
          1,
          () => Effect.fail(new FetchError.ApiRateLimit({ retryAfter: Option.some(Duration.seconds(90)) }))
        )
      )
      yield* TestClock.adjust("50 seconds")
      const [paused] = yield* weight.usage
      expect(paused).toMatchObject({
        used: 0,
        pausedFor: Option.some(Duration.seconds(40)),
        resetIn: Duration.seconds(50)
      })
      const json = yield* Schema.encode(RequestWeight.Usage)(paused!)
      expect(json).toEqual({ host: "api.test", used: 0, limit: 100, resetIn: 50_000, pausedFor: 40_000 })
      expect(yield* Schema.decodeUnknown(RequestWeight.Usage)(json)).toEqual(paused)
    }).pipe(Effect.provide(RequestWeight.layer)))
})
