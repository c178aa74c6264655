import { describe, expect, it } from "@effect/vitest"
import { Data, Duration, Effect, Fiber, Option, TestClock } from "effect"
import { ErrorTracker, Fetch, type FetchContext, FetchError, RetryPolicy } from "effect-errata"
import { expectTypeOf } from "vitest"
import { down, later, limited, many, sourceOf, stats } from "./retrying.js"

class OwnError extends Data.TaggedError("OwnError")<{
  readonly message: string
  readonly context: FetchContext.FetchContext
}> {
  readonly code = "OWN"
  readonly category = "Other"
  readonly severity = "WARNING" as const
}

class BigError extends Data.TaggedError("BigError")<{}> {}

const withTracker = Effect.provide(ErrorTracker.layer())

describe("failover", () => {
  it("types: the union over all sources, classified", () => {
    const raw: Effect.Effect<ReadonlyArray<number>, TypeError> = Effect.succeed([1])
    const all = Fetch.failover([
      { source: "a", fetch: raw },
      { source: "b", fetch: Effect.fail(new FetchError.NetworkDns()) }
    ], { while: (error) => error.category !== "Other" })
    expectTypeOf(all).toEqualTypeOf<
      Effect.Effect<ReadonlyArray<number>, FetchError.FetchError, ErrorTracker.ErrorTracker>
    >()
    const precise = Fetch.failover([
      { source: "a", fetch: Effect.as(Effect.fail(new FetchError.NetworkDns()), "text") },
      { source: "b", fetch: Effect.as(Effect.fail(new OwnError({ message: "", context: {} })), 1) }
    ], { while: (error) => error._tag === "OwnError" })
    expectTypeOf(precise).toEqualTypeOf<
      Effect.Effect<string | number, FetchError.NetworkDns | OwnError, ErrorTracker.ErrorTracker>
    >()
    const certain = Fetch.failover([{ source: "a", fetch: Effect.succeed(1) }])
    expectTypeOf(certain).toEqualTypeOf<Effect.Effect<number, never, ErrorTracker.ErrorTracker>>()
    // @ts-expect-error at least one source
    void (() => Fetch.failover([]))
  })

  it.effect("the first success is returned, and no later source is called", () =>
    Effect.gen(function*() {
      const sources = [1, 2, 3].map((answer) =>
        sourceOf(() => answer === 1 ? Effect.fail(new BigError()) : Effect.succeed(answer))
      )
      const [first, second, third] = sources
      const found = yield* Fetch.failover([
        { source: "first", fetch: first!.raw },
        { source: "second", fetch: second!.raw },
        { source: "third", fetch: third!.raw }
      ])
      expect([found, ...sources.map(({ asked }) => asked.length)]).toEqual([2, 1, 1, 0])
    }).pipe(withTracker))

  it.effect("each failure is tracked under its source; the last one carries those before it", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Fetch.failover([
        { source: "cache", fetch: Effect.fail(new FetchError.StorageRead({ message: "gone" })) },
        { source: "archive", fetch: Effect.fail(new FetchError.DataIntegrity({ message: "torn" })) },
        { source: "rest", fetch: Effect.fail(down()) }
      ]))
      expect(error._tag).toBe("ApiFormat")
      expect(error.context.source).toBe("rest")
      expect(error).toMatchObject({
        earlier: [
          { source: "cache", code: "STORAGE_READ", message: "gone" },
          { source: "archive", code: "DATA_INTEGRITY", message: "torn" }
        ]
      })
      const tracker = yield* ErrorTracker.ErrorTracker
      const rows = yield* tracker.breakdown({ by: "source" })
      expect(Object.fromEntries(rows.map(({ count, value }) => [value, count]))).toEqual({
        archive: 1,
        cache: 1,
        rest: 1
      })
    }).pipe(withTracker))

  it.effect("the earlier errors of a source follow those of other sources", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({ source: "rest", rows: { API_FORMAT: { retries: 1 } } })
      const fiber = yield* Effect.fork(Effect.flip(Fetch.failover([
        { source: "archive", fetch: Effect.fail(new FetchError.DataIntegrity()) },
        { source: "rest", fetch: sourceOf(() => Effect.fail(down())).fetch.pipe(Fetch.retry(policy)) }
      ])))
      yield* TestClock.adjust("1 minute")
      const error = yield* fiber
      expect(error).toMatchObject({ earlier: [{ source: "archive" }, { source: "rest", code: "API_FORMAT" }] })
      expect((yield* stats).total).toBe(3)
    }).pipe(withTracker))

  it.effect("an own error without `earlier` stays as it is", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Fetch.failover([
        { source: "archive", fetch: Effect.fail(down()) },
        { source: "own", fetch: Effect.fail(new OwnError({ message: "own", context: {} })) }
      ]))
      expect(error).toBeInstanceOf(OwnError)
      expect("earlier" in error).toBe(false)
      expect(error.context.source).toBe("own")
    }).pipe(withTracker))

  it.effect("while: the failures after which the next source is called", () =>
    Effect.gen(function*() {
      const ask = (error: FetchError.FetchError) => {
        const { asked, raw } = sourceOf(() => Effect.succeed("second"))
        return Fetch.failover([{ source: "a", fetch: Effect.fail(error) }, { source: "b", fetch: raw }], {
          while: ({ category }) => category !== "Data"
        }).pipe(Effect.exit, Effect.as(asked))
      }
      expect(yield* ask(down())).toHaveLength(1)
      expect(yield* ask(new FetchError.DataValidation())).toHaveLength(0)
    }).pipe(withTracker))

  it.effect("defects and interruptions end the failover", () =>
    Effect.gen(function*() {
      const { asked, raw } = sourceOf(() => Effect.succeed("second"))
      const exits = yield* many(2, (i) =>
        Fetch.failover([{ source: "a", fetch: i === 0 ? Effect.die("bug") : Effect.interrupt }, {
          source: "b",
          fetch: raw
        }]))
      expect(exits.map(({ _tag }) =>
        _tag
      )).toEqual(["Failure", "Failure"])
      expect(asked).toEqual([])
    }).pipe(withTracker))

  const twoSources = (error: FetchError.FetchError) =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({
        source: "first",
        breaker: { minimumAttempts: 2, minimumDuration: 0 },
        rows: { API_FORMAT: { retries: 0 } }
      })
      const first = sourceOf(() => later(1, Effect.fail(error)), "first")
      const second = sourceOf(() => Effect.succeed("second"), "second")
      const fetch = first.fetch.pipe(Fetch.retry(policy))
      const call = Fetch.failover([{ source: "first", fetch }, { source: "second", fetch: second.fetch }])
      return { first, second, call, fetch, policy }
    })

  it.effect("passes over an open circuit at once", () =>
    Effect.gen(function*() {
      const { call, first, policy } = yield* twoSources(down())
      const fiber = yield* Effect.fork(many(2, () => call))
      yield* TestClock.adjust("1 second")
      yield* fiber
      expect((yield* policy.state).circuit).toBe("open")
      expect(yield* many(10, () => call)).toHaveLength(10)
      expect(first.asked).toHaveLength(2)
      expect(yield* stats).toMatchObject({ total: 2, retry: { refusals: 10 } })
    }).pipe(withTracker))

  it.effect("skips a closed gate immediately; the last source waits", () =>
    Effect.gen(function*() {
      const { call, fetch, first, policy, second } = yield* twoSources(limited(30))
      // The one who is told to wait does not, nor do those who come then.
      const fiber = yield* Effect.fork(call)
      yield* TestClock.adjust("1 second")
      expect(yield* fiber).toBe("second")
      expect(yield* call).toBe("second")
      expect([first.asked.length, second.asked.length]).toEqual([1, 2])
      expect((yield* policy.state).gate).toEqual(Option.some(Duration.seconds(30)))
      expect((yield* stats).retry).toMatchObject({ gateWaits: 0, giveUps: 1, refusals: 1 })

      const alone = yield* Effect.fork(Fetch.failover([{ source: "first", fetch }]))
      const last = yield* Effect.fork(
        Fetch.failover([{ source: "broken", fetch: Effect.fail(down()) }, { source: "first", fetch }])
      )
      yield* TestClock.adjust("29 seconds")
      expect(first.asked).toHaveLength(1)
      expect((yield* stats).retry.gateWaits).toBe(2)
      yield* TestClock.adjust("2 seconds")
      expect(first.asked).toHaveLength(3)
      yield* Fiber.interruptAll([alone, last])
    }).pipe(withTracker))

  it.effect("what fails in another way while the gate is closed does not wait for it either", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make()
      const errors = [limited(30), down()]
      const first = sourceOf((n) => later(n, Effect.fail(errors[n - 1] ?? down())), "first")
      const fetch = first.fetch.pipe(Fetch.retry(policy))
      const call = Fetch.failover([{ source: "first", fetch }, { source: "second", fetch: Effect.succeed("second") }])
      const fiber = yield* Effect.fork(many(2, () => call))
      yield* TestClock.adjust("2 seconds")
      expect(yield* fiber).toHaveLength(2)
      expect(first.asked).toHaveLength(2)
      expect((yield* stats).retry).toMatchObject({ giveUps: 2, gateWaits: 0 })
    }).pipe(withTracker))

  it.effect("without a rate limit, a source is retried before the next one is called", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make()
      const first = sourceOf((n) => n < 3 ? Effect.fail(down()) : Effect.succeed("first"), "first")
      const fiber = yield* Effect.fork(Fetch.failover([
        { source: "first", fetch: first.fetch.pipe(Fetch.retry(policy)) },
        { source: "second", fetch: Effect.succeed("second") }
      ]))
      yield* TestClock.adjust("1 minute")
      expect(yield* fiber).toBe("first")
    }).pipe(withTracker))

  it.effect("the last of inner sources has an alternative if the whole has one", () =>
    Effect.gen(function*() {
      const { fetch, first } = yield* twoSources(limited(30))
      const inner = Fetch.failover([{ source: "broken", fetch: Effect.fail(down()) }, { source: "first", fetch }])
      const call = Fetch.failover([{ source: "inner", fetch: inner }, { source: "c", fetch: Effect.succeed("c") }])
      const fiber = yield* Effect.fork(call)
      yield* TestClock.adjust("1 second")
      expect(yield* fiber).toBe("c")
      expect(yield* call).toBe("c")
      expect(first.asked).toHaveLength(1)
    }).pipe(withTracker))

  it.effect("is asked anew every time it is run", () =>
    Effect.gen(function*() {
      const call = Fetch.failover([
        { source: "a", fetch: Effect.fail(new FetchError.NetworkDns()) },
        { source: "b", fetch: Effect.fail(down()) }
      ])
      for (let i = 0; i < 3; i++) expect(yield* Effect.flip(call)).toMatchObject({ earlier: [{ source: "a" }] })
      expect((yield* stats).total).toBe(6)
    }).pipe(withTracker))
})
