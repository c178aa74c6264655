import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, TestClock } from "effect"
import { ErrorTracker, Fetch, FetchError, RetryPolicy } from "effect-errata"
import { banned, down, later, limited, many, sourceOf, stats } from "./retrying.js"
import { inVirtualTime } from "./virtualTime.js"

const withTracker = Effect.provide(ErrorTracker.layer())

/** Opens at the second failure, asks again after two seconds, tries nothing again. */
const quick = (options: RetryPolicy.Options = {}) =>
  RetryPolicy.make({
    source: "rest",
    breaker: { minimumAttempts: 2, minimumDuration: 0 },
    rows: Object.fromEntries(Object.values(FetchError.facts).map(({ code }) => [code, { retries: 0 }])),
    ...options
  })

const status = (policy: RetryPolicy.RetryPolicy) => Effect.map(policy.state, ({ circuit }) => circuit)

/** A policy whose circuit has just opened, and a source whose answers can be set. */
const opened = Effect.gen(function*() {
  const policy = yield* quick()
  let answer: Effect.Effect<string, FetchError.FetchError> = Effect.fail(down())
  const source = sourceOf(() => answer)
  const call = source.fetch.pipe(Fetch.retry(policy))
  yield* many(2, () => call)
  expect(yield* status(policy)).toBe("open")
  return {
    policy,
    call,
    asked: source.asked,
    from: (next: Effect.Effect<string, FetchError.FetchError>) => {
      answer = next
    }
  }
})

describe("the circuit", () => {
  it.effect("by default opens when ten in a row failed for three seconds, and asks every two", () =>
    inVirtualTime(({ pass }) =>
      Effect.gen(function*() {
        const policy = yield* RetryPolicy.make({ source: "rest", budget: false })
        let isHealthy = false
        const { asked, fetch } = sourceOf(() => isHealthy ? Effect.succeed("well") : Effect.fail(down()))
        const call = fetch.pipe(Fetch.retry(policy), Effect.exit)
        // One call every 100 ms.
        yield* Effect.fork(Effect.forever(Effect.zipRight(Effect.fork(call), Effect.sleep("100 millis"))))
        yield* pass("2999 millis")
        expect(yield* status(policy)).toBe("closed")
        yield* pass("100 millis")
        expect(yield* status(policy)).toBe("open")
        const before = asked.length
        yield* pass("20 seconds")
        expect(asked.length - before).toBeGreaterThanOrEqual(8)
        expect(asked.length - before).toBeLessThanOrEqual(10)
        isHealthy = true
        yield* pass("2200 millis")
        expect(yield* status(policy)).toBe("closed")
        expect((yield* stats).retry.openCircuits).toBe(1)
      }).pipe(withTracker)
    ))

  it.effect("a hiccup keeps its retries, and so does a source that fails now and then", () =>
    inVirtualTime(({ pass }) =>
      Effect.gen(function*() {
        const policy = yield* RetryPolicy.make({ source: "rest", budget: false })
        const { asked, fetch } = sourceOf((n) => n > 100 && n % 5 !== 0 ? Effect.succeed(n) : Effect.fail(down()))
        yield* Effect.fork(many(50, () => fetch.pipe(Fetch.retry(policy))))
        yield* pass("1 minute")
        expect(asked.length).toBeGreaterThan(150)
        expect((yield* stats).retry.openCircuits).toBe(0)
      }).pipe(withTracker)
    ))

  it.effect("open, it fails with the error that opened it, its age in the context, counted once", () =>
    Effect.gen(function*() {
      const { asked, call } = yield* opened
      yield* TestClock.adjust("1500 millis")
      const error = yield* Effect.flip(call)
      expect(error).toMatchObject({
        _tag: "ApiFormat",
        status: 503,
        context: { source: "rest", attributes: { refused: "the circuit is open", open_ms: 1500 } }
      })
      expect(RetryPolicy.isRefusal(error)).toBe(true)
      const outer = yield* Effect.flip(call.pipe(Fetch.tracked({ source: "outer" }), Fetch.tracked()))
      expect(outer.context.source).toBe("rest")
      expect(asked).toHaveLength(2)
      expect(yield* stats).toMatchObject({ total: 2, retry: { refusals: 2, giveUps: 2, openCircuits: 1 } })
    }).pipe(withTracker))

  it.effect("over 1,000 refusals and 100 probes the stack does not grow, nor what goes before", () =>
    inVirtualTime(({ pass }) =>
      Effect.gen(function*() {
        const policy = yield* quick({ breaker: { minimumAttempts: 1, minimumDuration: 0 } })
        const { fetch } = sourceOf(() => Effect.fail(down()))
        const call = Effect.flip(fetch.pipe(Fetch.retry(policy)))
        const opener = yield* call
        let last = yield* call
        const sizeOf = (error: Error) => [error.stack?.length, JSON.stringify(error).length]
        const [stack, size] = sizeOf(last)
        for (let i = 0; i < 100; i++) {
          yield* pass("2 seconds")
          for (let j = 0; j < 11; j++) last = yield* call
        }
        expect(sizeOf(last)[0]).toBe(stack)
        expect(sizeOf(last)[1]! - size!).toBeLessThan(10)
        expect([opener.earlier, last.earlier]).toEqual([[], []])
        expect((yield* stats).retry.refusals).toBe(1001)
      }).pipe(withTracker)
    ))

  it.effect("what is about to try again when it opens gives up, with its own error", () =>
    Effect.gen(function*() {
      const policy = yield* quick({ rows: { NETWORK_DNS: { base: "1 second" }, API_FORMAT: { retries: 3 } } })
      const { asked, fetch } = sourceOf((n) => Effect.fail(n === 1 ? new FetchError.NetworkDns() : down()))
      const waiting = yield* Effect.fork(Effect.flip(fetch.pipe(Fetch.retry(policy))))
      yield* TestClock.adjust(0)
      const opener = yield* Effect.flip(fetch.pipe(Fetch.retry(policy)))
      expect(opener.context.attributes).toEqual({ gave_up: "the circuit is open" })
      yield* TestClock.adjust("2 seconds")
      expect(yield* waiting).toMatchObject({
        _tag: "NetworkDns",
        context: { attempt: 1, attributes: { gave_up: "the circuit is open" } }
      })
      expect(asked).toHaveLength(2)
      expect((yield* stats).retry).toMatchObject({ giveUps: 2, refusals: 0 })
    }).pipe(withTracker))

  it.effect("half-open, one call asks; the others are refused until it has an answer", () =>
    Effect.gen(function*() {
      const { asked, call, from, policy } = yield* opened
      const answer = yield* Deferred.make<string, FetchError.FetchError>()
      from(Deferred.await(answer))
      yield* TestClock.adjust("2 seconds")
      expect(yield* status(policy)).toBe("open")
      const probe = yield* Effect.fork(call)
      yield* TestClock.adjust(0)
      expect(yield* status(policy)).toBe("half-open")
      yield* many(100, () => call)
      expect(asked).toHaveLength(3)
      expect((yield* stats).retry.refusals).toBe(100)
      yield* Deferred.succeed(answer, "well")
      expect(yield* probe).toBe("well")
      expect(yield* status(policy)).toBe("closed")
      yield* many(100, () => call)
      expect(asked).toHaveLength(103)
    }).pipe(withTracker))

  it.effect("a probe that fails keeps it open, under its own error, since it opened first", () =>
    Effect.gen(function*() {
      const { asked, call, from, policy } = yield* opened
      from(Effect.fail(new FetchError.NetworkTimeout()))
      yield* TestClock.adjust("2 seconds")
      const probe = yield* Effect.flip(call)
      expect([probe._tag, RetryPolicy.isRefusal(probe)]).toEqual(["NetworkTimeout", false])
      yield* TestClock.adjust("1999 millis")
      expect(yield* Effect.flip(call)).toMatchObject({
        _tag: "NetworkTimeout",
        context: { attributes: { open_ms: 3999 } }
      })
      expect([asked.length, yield* status(policy)]).toEqual([3, "open"])
      yield* TestClock.adjust("1 millis")
      from(Effect.succeed("well"))
      expect(yield* call).toBe("well")
      expect((yield* stats).retry.openCircuits).toBe(1)
    }).pipe(withTracker))

  it.effect.each<readonly [string, "open" | "closed", Effect.Effect<string, FetchError.FetchError>]>([
    ["a success", "closed", Effect.succeed("well")],
    ["a 404", "closed", Effect.fail(new FetchError.ApiFormat({ status: 404 }))],
    ["a 429", "closed", Effect.fail(limited(1))],
    ["a 418", "closed", Effect.fail(banned(1))],
    ["an empty answer", "closed", Effect.fail(new FetchError.DataEmpty({ reason: "api_response" }))],
    ["a full disk", "open", Effect.fail(new FetchError.StorageSpace())],
    ["a bug", "open", Effect.die("bug")],
    ["a failure and a bug", "open", Effect.fail(down()).pipe(Effect.ensuring(Effect.die("bug")))],
    ["an interruption", "open", Effect.interrupt],
    ["a failure of the source", "open", Effect.fail(down())]
  ])("a probe that ends with %s leaves it %s", ([name, left, ending]) =>
    Effect.gen(function*() {
      const { asked, call, from, policy } = yield* opened
      from(ending)
      yield* TestClock.adjust("2 seconds")
      yield* Effect.exit(call)
      expect([asked.length, yield* status(policy)]).toEqual([3, left])
      // After one that is ignored the next call is a probe.
      from(Effect.succeed("well"))
      yield* TestClock.adjust("1 second")
      yield* Effect.exit(call)
      expect(asked).toHaveLength(name === "a failure of the source" ? 3 : 4)
    }).pipe(withTracker))

  it.effect("a probe that hangs is followed by others", () =>
    Effect.gen(function*() {
      const { asked, call, from, policy } = yield* opened
      from(Effect.never)
      yield* TestClock.adjust("2 seconds")
      const hung = yield* Effect.fork(call)
      yield* TestClock.adjust("1999 millis")
      yield* Effect.exit(call)
      expect(asked).toHaveLength(3)
      yield* TestClock.adjust("1 millis")
      from(Effect.succeed("well"))
      expect(yield* call).toBe("well")
      expect(yield* status(policy)).toBe("closed")
      yield* Fiber.interrupt(hung)
      expect(yield* status(policy)).toBe("closed")
    }).pipe(withTracker))

  it.effect("late answers to what was sent before it opened change nothing", () =>
    Effect.gen(function*() {
      const { asked, call, from, policy } = yield* opened
      const late = yield* quick()
      const answers = yield* Effect.all([
        Deferred.make<string, FetchError.FetchError>(),
        Deferred.make<string, FetchError.FetchError>()
      ])
      const source = sourceOf((n) => n <= 2 ? Deferred.await(answers[n === 1 ? 0 : 1]) : Effect.fail(down()))
      const slow = yield* Effect.fork(many(2, () => source.fetch.pipe(Fetch.retry(late))))
      yield* TestClock.adjust(0)
      yield* many(2, () => source.fetch.pipe(Fetch.retry(late)))
      expect(yield* status(late)).toBe("open")
      yield* Deferred.succeed(answers[0], "well")
      yield* TestClock.adjust("1 second")
      expect(yield* status(late)).toBe("open")
      yield* Deferred.fail(answers[1], down())
      yield* Fiber.join(slow)
      yield* TestClock.adjust("1 second")
      yield* Effect.exit(source.fetch.pipe(Fetch.retry(late)))
      expect(source.asked).toHaveLength(5)
      // Another policy has a circuit of its own.
      from(Effect.succeed("well"))
      expect(yield* call).toBe("well")
      expect([asked.length, yield* status(policy)]).toEqual([3, "closed"])
    }).pipe(withTracker))

  it.effect("opens again when the same call fails again", () =>
    Effect.gen(function*() {
      const { call, from, policy } = yield* opened
      from(Effect.succeed("well"))
      yield* TestClock.adjust("2 seconds")
      yield* call
      from(Effect.fail(down()))
      yield* many(2, () => call)
      expect(yield* status(policy)).toBe("open")
      expect((yield* stats).retry.openCircuits).toBe(2)
    }).pipe(withTracker))

  it.effect("late failures do not open it again once it has closed", () =>
    Effect.gen(function*() {
      const policy = yield* quick()
      const { fetch } = sourceOf((n) =>
        n <= 4 ? later(5, Effect.fail(down())) : n <= 6 ? Effect.fail(down()) : Effect.succeed("well")
      )
      const call = fetch.pipe(Fetch.retry(policy))
      const slow = yield* Effect.fork(many(4, () => call))
      yield* TestClock.adjust(0)
      yield* many(2, () => call)
      yield* TestClock.adjust("2 seconds")
      expect(yield* call).toBe("well")
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(slow)
      expect((yield* stats).total).toBe(6)
      expect(yield* status(policy)).toBe("closed")
    }).pipe(withTracker))

  it.effect("errors of the client itself, and answers, do not open it", () =>
    Effect.gen(function*() {
      const policy = yield* quick()
      const mine = [new FetchError.ApiFormat({ status: 400 }), new FetchError.StorageRead(), limited(0)]
      for (const error of mine) {
        const { fetch } = sourceOf(() => Effect.fail(error))
        yield* many(10, () => fetch.pipe(Fetch.retry(policy)))
      }
      expect(yield* status(policy)).toBe("closed")
    }).pipe(withTracker))

  it.effect("failures of long ago, which the tracker has forgotten, do not open it", () =>
    Effect.gen(function*() {
      const policy = yield* quick()
      const { fetch } = sourceOf(() => Effect.fail(down()))
      yield* Effect.exit(fetch.pipe(Fetch.retry(policy)))
      yield* TestClock.adjust("62 seconds")
      yield* Effect.exit(fetch.pipe(Fetch.retry(policy)))
      expect(yield* status(policy)).toBe("closed")
      yield* Effect.exit(fetch.pipe(Fetch.retry(policy)))
      expect(yield* status(policy)).toBe("open")
    }).pipe(withTracker))

  it.effect("a policy without a source uses all of them", () =>
    Effect.gen(function*() {
      const policy = yield* quick({ source: undefined })
      const { fetch } = sourceOf(() => Effect.fail(down()), "vision")
      yield* many(2, () => fetch.pipe(Fetch.retry(policy)))
      expect(yield* status(policy)).toBe("open")
    }).pipe(withTracker))

  it.effect("switched off, never opens", () =>
    Effect.gen(function*() {
      const policy = yield* quick({ breaker: false })
      const { asked, fetch } = sourceOf(() => Effect.fail(down()))
      yield* many(100, () => fetch.pipe(Fetch.retry(policy)))
      expect([asked.length, yield* status(policy)]).toEqual([100, "closed"])
    }).pipe(withTracker))

  it.effect("no probe is sent while the gate is closed", () =>
    Effect.gen(function*() {
      const policy = yield* quick()
      const answers = [limited(5), down(), down()]
      const { asked, fetch } = sourceOf((n) => {
        const error = answers[n - 1]
        return error === undefined ? Effect.succeed("well") : later(1, Effect.fail(error))
      })
      yield* Effect.fork(many(3, () => fetch.pipe(Fetch.retry(policy))))
      yield* TestClock.adjust("5 seconds")
      expect(yield* status(policy)).toBe("open")
      const waiting = yield* Effect.fork(many(2, () => fetch.pipe(Fetch.retry(policy))))
      yield* TestClock.adjust("999 millis")
      expect(asked).toHaveLength(3)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(waiting)
      // The first of them asked, and the other one found it closed.
      expect([asked.length, yield* status(policy)]).toEqual([5, "closed"])
    }).pipe(withTracker))

  it.effect("a probe may hold calls of the same policy: they are part of it", () =>
    Effect.gen(function*() {
      const policy = yield* quick()
      let isHealthy = false
      const { asked, fetch } = sourceOf(() => isHealthy ? Effect.succeed("well") : Effect.fail(down()))
      const page = fetch.pipe(Fetch.retry(policy))
      const pages = Effect.all([page, page]).pipe(Fetch.retry(policy))
      yield* many(2, () => pages)
      expect(yield* status(policy)).toBe("open")
      yield* TestClock.adjust("2 seconds")
      yield* Effect.exit(pages)
      expect([asked.length, yield* status(policy)]).toEqual([3, "open"])
      yield* TestClock.adjust("2 seconds")
      isHealthy = true
      expect(yield* pages).toEqual(["well", "well"])
      expect([asked.length, yield* status(policy)]).toEqual([5, "closed"])
    }).pipe(withTracker))
})
