// @effect-diagnostics missingEffectError:off -- what does not compile is tested, too
import { describe, expect, it } from "@effect/vitest"
import { Cause, Data, Duration, Effect, Exit, Fiber, Option, Random, TestClock } from "effect"
import { ErrorTracker, Fetch, type FetchContext, FetchError, RetryPolicy } from "effect-errata"
import { LogCapture } from "effect-errata/testing"
import { expectTypeOf } from "vitest"
import { reportingOf, withReporting } from "../src/internal/tracker/reporting.js"
import { down, limited, many, sourceOf, stats } from "./retrying.js"
import { inVirtualTime } from "./virtualTime.js"

class OwnError extends Data.TaggedError("OwnError")<{
  readonly message: string
  readonly context: FetchContext.FetchContext
  readonly retryable?: boolean
}> {
  readonly code = "OWN"
  readonly category = "Other"
  readonly severity = "WARNING" as const
}

const own = (retryable?: boolean) =>
  new OwnError({ message: "own", context: {}, ...(retryable === undefined ? {} : { retryable }) })

const unlimited = { budget: false, breaker: false } as const

/** Runs a call to its end, whatever time that takes. */
const ended = <A, E, R>(call: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(Effect.exit(call))
    yield* TestClock.adjust("2 minutes")
    return yield* yield* fiber
  })

const withTracker = Effect.provide(ErrorTracker.layer())

describe("which errors are tried again, and how often", () => {
  const rows = (row: RetryPolicy.Row): RetryPolicy.Options => ({ ...unlimited, rows: { OWN: row, API_AUTH: row } })

  it.effect.each<readonly [name: string, requests: number, FetchError.Trackable, RetryPolicy.Options?]>([
    ["a timeout", 4, new FetchError.NetworkTimeout()],
    ["a broken connection", 4, new FetchError.NetworkConnection()],
    ["a wrong certificate", 1, new FetchError.NetworkConnection({ errno: "CERT_HAS_EXPIRED" })],
    ["a name that is not found", 4, new FetchError.NetworkDns()],
    ["a 429 that names no time", 4, new FetchError.ApiRateLimit({ status: 429 })],
    ["a 503", 4, new FetchError.ApiFormat({ status: 503 })],
    ["any other 4xx", 1, new FetchError.ApiFormat({ status: 400 })],
    ["a 401", 1, new FetchError.ApiAuth()],
    ["a 403", 1, new FetchError.ApiPermission()],
    ["data that is not there yet", 4, new FetchError.DataEmpty({ reason: "not_published_yet" })],
    ["data that is not there", 1, new FetchError.DataEmpty({ reason: "api_response" })],
    ["a schema that does not match", 1, new FetchError.DataValidation()],
    ["damaged data, once", 2, new FetchError.DataIntegrity()],
    ["a row that cannot be read", 1, new FetchError.DataTransformation()],
    ["a full disk", 1, new FetchError.StorageSpace()],
    ["a bug", 1, new FetchError.Internal()],
    ["what nothing else fits, if it says so", 4, new FetchError.Unexpected({ retryable: true })],
    ["what says that it is not", 1, new FetchError.NetworkTimeout({ retryable: false })],
    ["an own error that says nothing", 1, own()],
    ["an own error that says so", 4, own(true)],
    ["an own error with a row", 4, own(), rows({})],
    ["an own error with a row that says otherwise", 1, own(false), rows({})],
    ["an own error with a row, always", 4, own(false), rows({ always: true })],
    ["an overridden row", 3, own(true), rows({ retries: 2 })],
    ["a row that says never", 1, own(true), rows({ retries: 0 })],
    ["a 401, if it is always", 4, new FetchError.ApiAuth(), rows({ always: true })]
  ])("%s: %d requests", ([, requests, error, options = unlimited]) =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make(options)
      const { asked, fetch } = sourceOf(() => Effect.fail(error))
      const failure = yield* Effect.flip(ended(fetch.pipe(Fetch.retry(policy))))
      expect(failure._tag).toBe(error._tag)
      expect(failure.context.attempt).toBe(requests)
      expect(asked).toHaveLength(requests)
    }).pipe(withTracker))

  it.effect("no call more often than one of its errors, nor after one of them more often than its row says", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({ ...unlimited, rows: { NETWORK_DNS: { retries: 5 } } })
      const dns = new FetchError.NetworkDns()
      const damaged = new FetchError.DataIntegrity()
      const requestsOf = (...errors: ReadonlyArray<FetchError.FetchError>) => {
        const { asked, fetch } = sourceOf((n) => Effect.fail(errors[(n - 1) % errors.length]!))
        return Effect.as(Effect.exit(ended(fetch.pipe(Fetch.retry(policy)))), asked)
      }
      expect(yield* requestsOf(dns)).toHaveLength(6)
      expect(yield* requestsOf(damaged, dns, dns)).toHaveLength(4)
      expect(yield* requestsOf(dns, dns, dns, damaged)).toHaveLength(6)
      expect(yield* requestsOf(down(), damaged, down(), down())).toHaveLength(4)
    }).pipe(withTracker))

  it.effect("what succeeds is asked for once, and what succeeds at last is a success", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make()
      const source = sourceOf((n) => n === 1 || n === 4 ? Effect.succeed(n) : Effect.fail(down()))
      const call = source.fetch.pipe(Fetch.retry(policy))
      expect(yield* call).toBe(1)
      expect(yield* ended(call)).toBe(4)
      expect((yield* stats).retry).toEqual({ retries: 2, giveUps: 0, gateWaits: 0, refusals: 0, openCircuits: 0 })
    }).pipe(withTracker))

  it.effect("options that make no sense are a defect that says which", () =>
    Effect.gen(function*() {
      const cause = yield* Effect.flip(Effect.sandbox(RetryPolicy.make({ rows: { NETWORK_DNS: { cap: 0 } } })))
      expect(String(Cause.squash(cause))).toBe(
        "IllegalArgumentException: RetryPolicy: rows.NETWORK_DNS.cap is 0: it must be a duration of at least 1ms, as in \"5 seconds\""
      )
    }).pipe(withTracker))

  it("types: what is retried may also fail with what closed its way", () => {
    const policy: RetryPolicy.RetryPolicy = {
      run: (fetch) => fetch,
      state: Effect.succeed({
        name: Option.none(),
        source: Option.none(),
        circuit: "closed",
        openFor: Option.none(),
        probeIn: Option.none(),
        attempts: 0,
        failures: 0,
        gate: Option.none(),
        waiting: 0,
        budget: Option.none(),
        budgetSize: Option.none(),
        reason: Option.none()
      })
    }
    const auth: Effect.Effect<number, FetchError.ApiAuth | OwnError> = Effect.succeed(1)
    const retried = auth.pipe(Fetch.retry(policy))
    expectTypeOf(retried).toEqualTypeOf<
      Effect.Effect<
        number,
        | FetchError.ApiAuth
        | OwnError
        | FetchError.NetworkTimeout
        | FetchError.NetworkConnection
        | FetchError.NetworkDns
        | FetchError.ApiRateLimit
        | FetchError.ApiFormat
      >
    >()
    expectTypeOf<RetryPolicy.Refusal>().toEqualTypeOf<
      FetchError.NetworkError | FetchError.ApiRateLimit | FetchError.ApiFormat
    >()
    expectTypeOf(RetryPolicy.make()).toEqualTypeOf<
      Effect.Effect<RetryPolicy.RetryPolicy, never, ErrorTracker.ErrorTracker>
    >()
    // @ts-expect-error what has no code has no row
    void (() => Effect.fail("boom").pipe(Fetch.retry(policy)))
    // @ts-expect-error a misspelt option
    void (() => RetryPolicy.make({ maxwait: 1 }))
  })
})

describe("when", () => {
  const delaysOf = (options: RetryPolicy.Options, draws: [number], attempts = false) =>
    Effect.gen(function*() {
      const delays: Array<number> = []
      const policy = yield* RetryPolicy.make({
        ...unlimited,
        source: "rest",
        onRetry: ({ delay }) => Effect.sync(() => delays.push(Duration.toMillis(delay))),
        ...options
      })
      const { asked, raw } = sourceOf(() => Effect.fail(new FetchError.NetworkDns()))
      const call = raw.pipe(Fetch.tracked({ source: "rest" }, { attempts }), Fetch.retry(policy))
      yield* Effect.exit(ended(Effect.withRandomFixed(call, draws)))
      expect(asked.slice(1).map((at, i) => at - asked[i]!)).toEqual(delays)
      return delays
    }).pipe(withTracker)

  it.effect("after the base, then twice as long each time, half of it drawn from Random, stretched by the pressure", () =>
    Effect.gen(function*() {
      const rows = { NETWORK_DNS: { retries: 5, base: 1000, cap: 10_000 } }
      // Where attempts are not counted, n errors alike in the last minute make a pressure of n / (n + 10).
      const due = [1, 2, 3, 4, 5].map((n) => Math.min(10_000, 1000 * (1 + 3 * n / (n + 10)) * 2 ** (n - 1)))
      expect(yield* delaysOf({ rows }, [0])).toEqual(due.map((delay) => Math.ceil(delay / 2)))
      expect(yield* delaysOf({ rows }, [1])).toEqual(due.map((delay) => Math.ceil(delay)))
      expect(yield* delaysOf({ rows }, [0.5])).toEqual(due.map((delay) => Math.ceil(delay * 0.75)))
      // Of one whose attempts are counted, and all fail, it is the same.
      const full = due.map((delay) => Math.ceil(delay))
      expect(yield* delaysOf({ rows }, [1], true)).toEqual(full)
      // A policy without a source has the pressure of all sources.
      expect(yield* delaysOf({ rows, source: undefined }, [1], true)).toEqual(full)
      expect(yield* delaysOf({ rows, source: undefined }, [0])).toEqual(due.map((delay) => Math.ceil(delay / 2)))
      // There is none where errors are not counted.
      expect(yield* delaysOf({ rows, source: "other" }, [1])).toEqual([1000, 2000, 4000, 8000, 10_000])
    }))

  it.effect("pressure is of the same code: what else fails there stretches nothing", () =>
    Effect.gen(function*() {
      for (let i = 0; i < 90; i++) yield* Effect.exit(Effect.fail(down()).pipe(Fetch.tracked({ source: "rest" })))
      const delays: Array<number> = []
      const policy = yield* RetryPolicy.make({
        source: "rest",
        rows: { NETWORK_DNS: { retries: 1, base: 1000 } },
        onRetry: ({ delay }) => Effect.sync(() => delays.push(Duration.toMillis(delay)))
      })
      const { fetch } = sourceOf(() => Effect.fail(new FetchError.NetworkDns()))
      yield* Effect.exit(ended(Effect.withRandomFixed(fetch.pipe(Fetch.retry(policy)), [1])))
      expect(delays).toEqual([Math.ceil(1000 * (1 + 3 / 11))])
    }).pipe(withTracker))

  it.effect("the same seed gives the same delays, another one others", () =>
    Effect.gen(function*() {
      const times = (seed: string) =>
        inVirtualTime(({ pass }) =>
          Effect.gen(function*() {
            const policy = yield* RetryPolicy.make(unlimited)
            const { asked, fetch } = sourceOf(() => Effect.fail(down()))
            const call = fetch.pipe(Fetch.retry(policy), Effect.exit, Effect.withRandom(Random.make(seed)))
            const fiber = yield* Effect.fork(call)
            yield* pass("1 minute")
            yield* Fiber.join(fiber)
            return asked
          })
        ).pipe(withTracker)
      const first = yield* times("a")
      expect(first).toHaveLength(4)
      expect(yield* times("a")).toEqual(first)
      expect(yield* times("b")).not.toEqual(first)
    }))

  it.effect("is finite at attempt 5,000, and what it says of the earlier ones is bounded", () =>
    inVirtualTime(({ pass, timers }) =>
      Effect.gen(function*() {
        const policy = yield* RetryPolicy.make({
          ...unlimited,
          rows: { NETWORK_DNS: { retries: 5000, base: 1, cap: 1000 } }
        })
        const { asked, raw } = sourceOf(() => Effect.fail(new FetchError.NetworkDns({ context: { source: "rest" } })))
        const fiber = yield* Effect.fork(raw.pipe(Fetch.retry(policy), Effect.flip))
        yield* pass("5001 seconds")
        const error = yield* Fiber.join(fiber)
        expect(asked).toHaveLength(5001)
        expect(timers()).toBe(0)
        const last = asked.slice(-1000)
        const gaps = last.slice(1).map((at, i) => at - last[i]!)
        expect(Math.min(...gaps)).toBeGreaterThanOrEqual(500)
        expect(Math.max(...gaps)).toBeLessThanOrEqual(1000)
        expect(error.context.attempt).toBe(5001)
        expect(error.earlier).toHaveLength(15)
      })
    ).pipe(Effect.provide(ErrorTracker.layerNoop)))
})

describe("the budget", () => {
  const thousandFail = (options: RetryPolicy.Options) =>
    inVirtualTime(({ pass, timers }) =>
      Effect.gen(function*() {
        const policy = yield* RetryPolicy.make({ source: "rest", ...options })
        yield* pass(0)
        const before = timers()
        const { asked, fetch } = sourceOf(() => Effect.fail(down()))
        const call = Effect.zipRight(Effect.sleep("10 millis"), fetch).pipe(Fetch.retry(policy), Effect.exit)
        // A hundred a second, for ten seconds.
        const fibers = yield* Effect.fork(Effect.forEach(
          Array.from({ length: 1000 }, (_, i) => i * 10),
          (at) => Effect.zipRight(Effect.sleep(at), call),
          { concurrency: "unbounded" }
        ))
        yield* pass("5 minutes")
        const exits = yield* Fiber.join(fibers)
        expect(exits.every(Exit.isFailure)).toBe(true)
        expect(timers()).toBe(before)
        return { asked, retry: (yield* stats).retry }
      }).pipe(withTracker)
    )

  // What ten seconds bring was saved up, and the calls and their retries take less than half a minute.
  const floor = 10 + 30

  it.effect("100 % failure of 1,000 calls makes at most 1.2x + floor requests", () =>
    Effect.gen(function*() {
      const { asked, retry } = yield* thousandFail({ breaker: false })
      expect(asked.length).toBeLessThanOrEqual(1200 + floor)
      // And no fewer than that: the budget is there to be used.
      expect(asked.length).toBeGreaterThanOrEqual(1200)
      expect(retry).toMatchObject({ retries: asked.length - 1000, giveUps: 1000, refusals: 0 })
    }))

  it.effect("and with a circuit much fewer", () =>
    Effect.gen(function*() {
      const { asked, retry } = yield* thousandFail({})
      expect(asked.length).toBeLessThan(500)
      expect(retry.openCircuits).toBe(1)
      expect(retry.refusals).toBeGreaterThan(600)
    }))

  it.effect("when it is spent, the last error is returned at once, and says so", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({ budget: { perSecond: 0 } })
      const { asked, fetch } = sourceOf(() => Effect.fail(down()))
      const call = fetch.pipe(Fetch.retry(policy), Effect.flip)
      for (let i = 0; i < 4; i++) {
        expect((yield* call).context.attributes).toEqual({ gave_up: "the budget of retries is spent" })
      }
      expect(asked).toEqual([0, 0, 0, 0])
      expect((yield* policy.state).budget).toEqual(Option.some(0))
      // The fifth call brings the fifth fifth.
      const fiber = yield* Effect.fork(call)
      yield* TestClock.adjust("1 minute")
      expect((yield* fiber).context).toMatchObject({ attempt: 2 })
      expect((yield* stats).retry).toMatchObject({ retries: 1, giveUps: 5 })
    }).pipe(withTracker))

  it.effect("malformed requests do not drain it", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({ budget: { ratio: 0 } })
      const { asked, fetch } = sourceOf(() => Effect.fail(new FetchError.ApiFormat({ status: 400 })))
      const malformed = yield* Effect.flip(fetch.pipe(Fetch.retry(policy)))
      for (let i = 0; i < 99; i++) yield* Effect.exit(fetch.pipe(Fetch.retry(policy)))
      expect(asked).toHaveLength(100)
      expect((yield* policy.state).budget).toEqual(Option.some(10))
      // A call that would not be retried does not give up.
      expect(malformed.context.attributes).toBeUndefined()
      expect((yield* stats).retry).toMatchObject({ retries: 0, giveUps: 0 })
    }).pipe(withTracker))

  it.effect("a clock that is set back takes nothing away, and brings nothing twice", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_000_000)
      const policy = yield* RetryPolicy.make({ budget: { ratio: 0 } })
      const left = Effect.map(policy.state, ({ budget }) => Option.getOrThrow(budget))
      // Four calls are about to retry.
      const fibers = yield* Effect.fork(many(4, () => Effect.fail(down()).pipe(Fetch.retry(policy))))
      yield* TestClock.adjust(0)
      expect(yield* left).toBe(6)
      yield* TestClock.setTime(0)
      expect(yield* left).toBe(6)
      yield* TestClock.setTime(1_000_050)
      yield* Fiber.interrupt(fibers)
      // What they have not spent comes back.
      expect(yield* left).toBe(10)
    }).pipe(withTracker))

  it.effect("calls that share a policy share its budget, and it can be switched off", () =>
    Effect.gen(function*() {
      const shared = yield* RetryPolicy.make({ budget: { ratio: 0, perSecond: 0.1 }, breaker: false })
      const first = sourceOf(() => Effect.fail(down()))
      const second = sourceOf(() => Effect.fail(down()))
      yield* ended(Effect.exit(first.fetch.pipe(Fetch.retry(shared))))
      yield* Effect.exit(second.fetch.pipe(Fetch.retry(yield* RetryPolicy.make({ budget: { perSecond: 0 } }))))
      expect([first.asked.length, second.asked.length]).toEqual([2, 1])
      const none = yield* RetryPolicy.make({ budget: false })
      expect((yield* none.state).budget).toEqual(Option.none())
    }).pipe(withTracker))
})

describe("what is seen of it", () => {
  it.effect("attempt, delay and earlier errors are in the context and the log of each attempt, and on the last error", () =>
    Effect.gen(function*() {
      const told: Array<RetryPolicy.Retry> = []
      const policy = yield* RetryPolicy.make({
        source: "rest",
        onRetry: (retry) => Effect.sync(() => told.push(retry))
      })
      const errors = [new FetchError.NetworkDns(), down(), new FetchError.NetworkTimeout({ message: "late" }), down()]
      const { asked, fetch } = sourceOf((n) => Effect.fail(errors[n - 1]!))
      const error = yield* Effect.flip(ended(fetch.pipe(Fetch.retry(policy))))
      const delays = asked.slice(1).map((at, i) => at - asked[i]!)

      expect(error._tag).toBe("ApiFormat")
      expect(error.context).toMatchObject({
        attempt: 4,
        source: "rest",
        attributes: {
          gave_up: "no attempts left",
          retry_delay_ms: delays[2],
          earlier_errors: "NETWORK_DNS, API_FORMAT, NETWORK_TIMEOUT"
        }
      })
      expect(error.earlier).toEqual([
        { source: "rest", code: "NETWORK_DNS", message: errors[0]!.message },
        { source: "rest", code: "API_FORMAT", message: errors[1]!.message },
        { source: "rest", code: "NETWORK_TIMEOUT", message: "late" }
      ])

      expect(told.map(({ attempt, delay, error }) => [attempt, Duration.toMillis(delay), error.code])).toEqual([
        [2, delays[0], "NETWORK_DNS"],
        [3, delays[1], "API_FORMAT"],
        [4, delays[2], "NETWORK_TIMEOUT"]
      ])

      const lines = yield* LogCapture.at("Debug")
      expect(lines.map(({ annotations: { attempt, delay_ms, earlier_errors, error_type, source }, message }) => [
        message.replace(/^.*; /, ""),
        { attempt, delay_ms, earlier_errors, error_type, source }
      ])).toEqual(
        ["NETWORK_DNS", "API_FORMAT", "NETWORK_TIMEOUT"].map((code, i, codes) => [
          `attempt ${i + 1} failed, next one in ${Duration.format(Duration.millis(delays[i]!))}`,
          {
            attempt: i + 1,
            delay_ms: delays[i],
            earlier_errors: i === 0 ? undefined : codes.slice(0, i).join(", "),
            error_type: code,
            source: "rest"
          }
        ])
      )
      const tracker = yield* ErrorTracker.ErrorTracker
      const recent = yield* tracker.recent()
      expect(recent.map(({ context: { attempt, attributes } }) => [attempt, attributes?.["retry_delay_ms"]])).toEqual([
        [4, delays[2]],
        [3, delays[1]],
        [2, delays[0]],
        [undefined, undefined]
      ])
      expect((yield* stats).total).toBe(4)
    }).pipe(Effect.provide([ErrorTracker.layer(), LogCapture.layer])))

  it.effect("a policy without a source names none in the log", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make()
      yield* Effect.exit(ended(Effect.fail(down()).pipe(Fetch.retry(policy))))
      const [line] = yield* LogCapture.at("Debug")
      expect(Object.keys(line!.annotations)).toEqual(expect.not.arrayContaining(["source"]))
    }).pipe(Effect.provide([ErrorTracker.layer(), LogCapture.layer])))

  it.effect("Law 1: each attempt is a failure of its own, what comes out is counted already", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make()
      const { asked, fetch } = sourceOf(() => Effect.fail(down()))
      yield* Effect.exit(ended(fetch.pipe(Fetch.retry(policy), Fetch.tracked({ source: "outer" }), Fetch.tracked())))
      expect([asked.length, (yield* stats).total]).toEqual([4, 4])
    }).pipe(withTracker))

  it.effect("an attempt that fails on its own word keeps it", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({ rows: { NETWORK_DNS: { retries: 1 } } })
      const said = new FetchError.NetworkDns({ context: { attempt: 77, attributes: { shard: 3 } } })
      const error = yield* Effect.flip(ended(Effect.fail(said).pipe(Fetch.retry(policy))))
      expect(error.context).toMatchObject({ attempt: 77, attributes: { shard: 3, gave_up: "no attempts left" } })
      expect(said.context).toEqual({ attempt: 77, attributes: { shard: 3 } })
    }).pipe(withTracker))
})

describe("whatever fails", () => {
  it.effect("the same error many times, frozen: it stays as it is", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make()
      const error = Object.freeze(down())
      const failure = yield* Effect.flip(ended(Effect.fail(error).pipe(Fetch.retry(policy))))
      expect([failure === error, failure.context.attempt, failure.earlier.length]).toEqual([false, 4, 3])
      expect([{ ...error.context }, error.earlier]).toEqual([{}, []])
    }).pipe(withTracker))

  class Private extends Error implements FetchError.Trackable {
    readonly _tag = "Private"
    readonly category = "Other"
    readonly severity = "ERROR"
    readonly context = {}
    readonly retryable = true
    readonly earlier: ReadonlyArray<FetchError.Earlier> = []
    readonly #code = "PRIVATE"
    get code() {
      return this.#code
    }
  }

  it.effect("an own error that cannot be copied comes out as it is", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make()
      const error = Object.freeze(new Private("mine"))
      const { asked, raw } = sourceOf(() => Effect.fail(error))
      expect(yield* Effect.flip(ended(raw.pipe(Fetch.retry(policy))))).toBe(error)
      expect([asked.length, error.earlier]).toEqual([4, []])
    }).pipe(withTracker))

  it.effect("what earlier errors of one's own said is bounded, and says no secrets", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make()
      const secret = new OwnError({
        message: `https://x.test/?signature=Zq7hunter2&${"x".repeat(9000)}`,
        context: {},
        retryable: true
      })
      const { raw } = sourceOf((n) => Effect.fail(n === 1 ? secret : new FetchError.ApiAuth()))
      const error = yield* Effect.flip(ended(raw.pipe(Fetch.retry(policy))))
      const text = JSON.stringify(error)
      expect(text).toContain("x.test")
      expect(text).not.toContain("hunter2")
      expect(text.length).toBeLessThan(3000)
    }).pipe(withTracker))

  it.effect.each<readonly [string, Effect.Effect<never, FetchError.NetworkDns>]>([
    ["a bug", Effect.die(new Error("bug"))],
    ["a failure with a bug", Effect.fail(new FetchError.NetworkDns()).pipe(Effect.ensuring(Effect.die("bug")))],
    ["an interruption", Effect.interrupt]
  ])("%s is passed on as it is, and not tried again", ([, failure]) =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make()
      const { asked, raw } = sourceOf(() => failure)
      const cause = yield* Effect.flip(Effect.sandbox(raw.pipe(Fetch.retry(policy))))
      expect(asked).toHaveLength(1)
      expect(cause).toEqual(yield* Effect.flip(Effect.sandbox(failure)))
    }).pipe(withTracker))

  it.effect("a failure that interrupted its siblings is a failure", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make()
      const { asked, raw } = sourceOf(() =>
        Effect.all([Effect.never, Effect.fail(down())], { concurrency: "unbounded" })
      )
      expect((yield* Effect.flip(ended(raw.pipe(Fetch.retry(policy))))).code).toBe("API_FORMAT")
      expect(asked).toHaveLength(4)
    }).pipe(withTracker))

  it.effect.each<readonly [string, () => Effect.Effect<void>]>([
    ["dies", () => Effect.die("bug")],
    ["throws", () => {
      throw new Error("bug")
    }],
    ["interrupts", () => Effect.interrupt]
  ])("an onRetry that %s keeps nobody from trying again", ([, onRetry]) =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({ onRetry })
      const { asked, fetch } = sourceOf((n) => n < 3 ? Effect.fail(down()) : Effect.succeed(n))
      expect(yield* ended(fetch.pipe(Fetch.retry(policy)))).toBe(3)
      expect(asked).toHaveLength(3)
    }).pipe(withTracker))

  it.effect.each<readonly [string, (say: unknown) => Effect.Effect<never>]>([
    ["dies", (say) => Effect.die(say)],
    ["throws", (say) => {
      throw say
    }],
    ["tells nonsense", (say) => Effect.succeed(say) as Effect.Effect<never>]
  ])("a tracker that %s changes nothing", ([, answer]) =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const broken = ErrorTracker.ErrorTracker.of({
        ...withReporting(tracker, { ...reportingOf(tracker), retried: () => answer("broken") }),
        stats: () => answer("broken"),
        breakdown: () => answer("broken")
      })
      for (const source of ["rest", undefined]) {
        const policy = yield* RetryPolicy.make({ source, breaker: { minimumAttempts: 7, minimumDuration: 0 } }).pipe(
          Effect.provideService(ErrorTracker.ErrorTracker, broken)
        )
        const { asked, fetch } = sourceOf((n) => n < 4 ? Effect.fail(down()) : Effect.succeed(n))
        expect(yield* ended(fetch.pipe(Fetch.retry(policy)))).toBe(4)
        expect(asked).toHaveLength(4)
        expect((yield* policy.state).circuit).toBe("closed")
        // The circuit does not depend on the tracker.
        const { fetch: dead } = sourceOf(() => Effect.fail(down()))
        yield* ended(many(3, () => dead.pipe(Fetch.retry(policy))))
        expect((yield* policy.state).circuit).toBe("open")
      }
    }).pipe(withTracker))
})

describe("policies around policies", () => {
  it.effect("an outer one tries again what an inner one gave up; both say how often", () =>
    Effect.gen(function*() {
      const rows = { API_FORMAT: { retries: 1 } }
      const inner = yield* RetryPolicy.make({ rows })
      const outer = yield* RetryPolicy.make({ rows })
      const { asked, fetch } = sourceOf(() => Effect.fail(down()))
      const error = yield* Effect.flip(ended(fetch.pipe(Fetch.retry(inner), Fetch.retry(outer))))
      expect(asked).toHaveLength(4)
      expect((yield* stats).retry).toMatchObject({ retries: 3, giveUps: 3 })
      expect(error.context.attributes).toMatchObject({ gave_up: "no attempts left" })
    }).pipe(withTracker))

  it.effect("what the inner one did not send teaches the outer one nothing", () =>
    Effect.gen(function*() {
      const inner = yield* RetryPolicy.make({ maxWait: 0 })
      const outer = yield* RetryPolicy.make({ maxWait: 0 })
      const { asked, fetch } = sourceOf(() => Effect.fail(limited(30)))
      const call = fetch.pipe(Fetch.retry(inner))
      yield* Effect.exit(call)
      const refusal = yield* Effect.flip(call.pipe(Fetch.retry(outer)))
      expect(asked).toHaveLength(1)
      expect([RetryPolicy.isRefusal(refusal), refusal.code]).toEqual([true, "API_RATE_LIMIT"])
      expect([(yield* inner.state).gate, (yield* outer.state).gate]).toEqual([
        Option.some(Duration.seconds(30)),
        Option.none()
      ])
    }).pipe(withTracker))
})
