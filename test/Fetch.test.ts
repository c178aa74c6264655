import { describe, expect, it } from "@effect/vitest"
import { Cause, Data, Duration, Effect, Exit, Fiber, Logger, LogLevel, Option, TestClock } from "effect"
import { DataResult, ErrorTracker, Fetch, type FetchContext, FetchError } from "effect-errata"
import { LogCapture } from "effect-errata/testing"
import { expectTypeOf } from "vitest"
import { fetchLaws } from "./laws/fetch.js"

class OwnError extends Data.TaggedError("OwnError")<{
  readonly message: string
  readonly context: FetchContext.FetchContext
}> {
  readonly code = "OWN"
  readonly category = "Other"
  readonly severity = "WARNING" as const
}

const stats = Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) => tracker.stats())

describe("tracked", () => {
  fetchLaws(ErrorTracker.layer())

  it.effect("counts attempts where asked to, with their durations", () =>
    Effect.gen(function*() {
      const durations: Array<[FetchContext.Input, string]> = []
      const tracker = yield* ErrorTracker.ErrorTracker
      const spy = Effect.provideService(ErrorTracker.ErrorTracker, {
        ...tracker,
        succeeded: (context, duration) =>
          Effect.sync(() => durations.push([context, Duration.format(duration ?? Duration.infinity)])).pipe(
            Effect.zipRight(tracker.succeeded(context, duration))
          )
      })
      const fetch = Effect.sleep("3 seconds").pipe(
        Fetch.tracked({ symbol: "A" }, { attempts: true }),
        Fetch.annotate({ source: "s" })
      )
      const fiber = yield* Effect.fork(fetch.pipe(spy))
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(fiber)
      yield* Effect.fail("boom").pipe(Fetch.tracked({}, { attempts: true }), Effect.exit)
      yield* Effect.succeed("not asked to").pipe(Fetch.tracked())
      expect(durations.map(([context, d]) => [{ ...context }, d])).toEqual([[{ symbol: "A", source: "s" }, "3s"]])
      const { attempts, errorRatio } = yield* stats
      expect([attempts, errorRatio]).toEqual([2, Option.some(0.5)])
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect("a source that only fails has a ratio where attempts are counted, and none where they are not", () =>
    Effect.gen(function*() {
      yield* Effect.fail("boom").pipe(Fetch.tracked({ source: "dead" }, { attempts: true }), Effect.exit)
      yield* Effect.fail("boom").pipe(Fetch.tracked({ source: "unknown" }), Effect.exit)
      const rows = yield* Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) => tracker.breakdown({ by: "source" }))
      expect(rows.map(({ errorRatio, value }) => [value, Option.getOrNull(errorRatio)])).toEqual([
        ["dead", 1],
        ["unknown", null]
      ])
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect("an ignored failure is classified, but neither counted nor logged, here or outside", () =>
    Effect.gen(function*() {
      const error = yield* Effect.fail(new FetchError.ApiFormat({ status: 404 })).pipe(
        Fetch.tracked({ symbol: "A" }, { ignore: (error) => error.code === "API_FORMAT" }),
        Fetch.tracked(),
        Effect.flip
      )
      expect(error.context.symbol).toBe("A")
      expect((yield* stats).total).toBe(0)
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect("a failure that is trackable already is counted, and logged where its level is", () =>
    Effect.gen(function*() {
      const fetch = Effect.fail(new FetchError.NetworkTimeout()).pipe(Fetch.tracked(), Effect.exit)
      yield* Logger.withMinimumLogLevel(fetch, LogLevel.Error)
      expect(yield* LogCapture.entries).toEqual([])
      yield* Logger.withMinimumLogLevel(fetch, LogLevel.Warning)
      expect((yield* LogCapture.entries).length).toBe(1)
      expect((yield* stats).total).toBe(2)
    }).pipe(Effect.provide([ErrorTracker.layer(), LogCapture.layer])))

  it.effect("Law 1: one shared instance that fails in a span counts each time, and stays as it is", () =>
    Effect.gen(function*() {
      const shared = new FetchError.NetworkTimeout()
      const before = Reflect.ownKeys(shared)
      const outside = Effect.fail(shared).pipe(Effect.withSpan("fetching"), Fetch.tracked({ symbol: "A" }), Effect.flip)
      const inside = Effect.fail(shared).pipe(Fetch.tracked({ symbol: "A" }), Effect.withSpan("fetching"), Effect.flip)
      for (const fetch of [outside, inside, outside, inside]) {
        const error = yield* fetch
        expect(error).toBeInstanceOf(FetchError.NetworkTimeout)
        expect([error.context.symbol, error.stack]).toEqual(["A", shared.stack])
      }
      expect((yield* stats).total).toBe(4)
      expect(Reflect.ownKeys(shared)).toEqual(before)
      expect(shared.context.symbol).toBeUndefined()
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect("Law 1: what is copied while it fails in a span is known to be counted all the same", () =>
    Effect.gen(function*() {
      const counted = yield* Effect.flip(Effect.fail(new FetchError.NetworkTimeout()).pipe(Fetch.tracked()))
      const inSpan = yield* Effect.fail(counted).pipe(Effect.withSpan("fetching"), Effect.flip)
      yield* Effect.fail(FetchError.withContext(inSpan, { symbol: "A" })).pipe(Fetch.tracked(), Effect.exit)
      expect((yield* stats).total).toBe(1)
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect("a failure is annotated with its span, as any other failure", () =>
    Effect.gen(function*() {
      const cause = yield* Effect.fail(new FetchError.NetworkTimeout()).pipe(
        Fetch.tracked(),
        Effect.withSpan("fetching"),
        Effect.sandbox,
        Effect.flip
      )
      expect(Cause.prettyErrors(cause).map(({ span }) => span?.name)).toEqual(["fetching"])
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect("a failure within the timeout does not expose its raw cause", () =>
    Effect.gen(function*() {
      const boom = new Error("GET https://x.test/?signature=Zq7hunter2")
      const error = yield* Effect.fail(boom).pipe(Fetch.timeout("1 second"), Effect.flip)
      expect(error).toBe(boom)
      const { entries } = LogCapture
      expect(JSON.stringify(yield* entries)).not.toContain("hunter2")
    }).pipe(Effect.provide(LogCapture.layer), Logger.withMinimumLogLevel(LogLevel.All)))

  it.effect("a timeout outside is not counted, inside it is", () =>
    Effect.gen(function*() {
      const outside = yield* Effect.fork(Effect.never.pipe(Fetch.tracked(), Fetch.timeout("1 second"), Effect.flip))
      yield* TestClock.adjust("1 second")
      expect((yield* Fiber.join(outside))._tag).toBe("NetworkTimeout")
      expect((yield* stats).total).toBe(0)
      const inside = yield* Effect.fork(Effect.never.pipe(Fetch.timeout("1 second"), Fetch.tracked(), Effect.flip))
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(inside)).toMatchObject({ _tag: "NetworkTimeout", phase: "total", timeoutMillis: 1000 })
      expect((yield* stats).byCode).toMatchObject({ NETWORK_TIMEOUT: { count: 1 } })
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it("types: what an error is afterwards", () => {
    expectTypeOf<Fetch.Classified<never>>().toEqualTypeOf<never>()
    expectTypeOf<Fetch.Classified<unknown>>().toEqualTypeOf<FetchError.FetchError>()
    // oxlint-disable-next-line typescript/no-explicit-any -- what becomes of any is what is tested
    expectTypeOf<Fetch.Classified<any>>().toEqualTypeOf<FetchError.FetchError>()
    expectTypeOf<Fetch.Classified<Error>>().toEqualTypeOf<FetchError.FetchError>()
    expectTypeOf<Fetch.Classified<FetchError.NetworkDns>>().toEqualTypeOf<FetchError.NetworkDns>()
    expectTypeOf<Fetch.Classified<OwnError>>().toEqualTypeOf<OwnError>()
    expectTypeOf<Fetch.Classified<OwnError | Error>>().toEqualTypeOf<OwnError | FetchError.FetchError>()

    const raw: Effect.Effect<ReadonlyArray<number>, TypeError> = Effect.succeed([])
    const pipeline = raw.pipe(
      Fetch.timeout("5 seconds"),
      Fetch.failOnEmpty({ isEmpty: (rows) => rows.length === 0, reason: "api_response" }),
      Fetch.tracked({ symbol: "X", start: "2024-01-01" }, { attempts: true }),
      Fetch.orEmpty(() => [])
    )
    expectTypeOf<typeof pipeline>()
      .toEqualTypeOf<Effect.Effect<ReadonlyArray<number>, FetchError.FetchError, ErrorTracker.ErrorTracker>>()
    const always = pipeline.pipe(Fetch.orEmpty(() => [], { when: "always" }))
    expectTypeOf<Effect.Effect.Error<typeof always>>()
      .toEqualTypeOf<Exclude<FetchError.FetchError, FetchError.DataEmpty>>()
    const died = Effect.succeed(1).pipe(Fetch.tracked({}, { defects: "fail" }))
    expectTypeOf<Effect.Effect.Error<typeof died>>().toEqualTypeOf<FetchError.Internal>()
    const cannot = Effect.succeed(1).pipe(Fetch.tracked())
    expectTypeOf<Effect.Effect.Error<typeof cannot>>().toEqualTypeOf<never>()
    // @ts-expect-error a misspelt key does not compile
    const misspelt = raw.pipe(Fetch.tracked({ symbl: "X" }))
    expect(misspelt).toBeDefined()
    const handled = pipeline.pipe(
      Effect.catchTags({
        ApiRateLimit: (error) => Effect.succeed(error.banned),
        DataEmpty: ({ reason }) => Effect.succeed(reason)
      })
    )
    expectTypeOf<Effect.Effect.Error<typeof handled>>()
      .toEqualTypeOf<Exclude<FetchError.FetchError, FetchError.ApiRateLimit | FetchError.DataEmpty>>()
    const result = pipeline.pipe(Fetch.toDataResult({ empty: () => [] }))
    expectTypeOf<Effect.Effect.Success<typeof result>>()
      .toEqualTypeOf<DataResult.DataResult<ReadonlyArray<number>>>()
    expectTypeOf<Effect.Effect.Error<typeof result>>().toEqualTypeOf<never>()
    // @ts-expect-error only what can be tracked has a code for the record -- @effect-diagnostics-next-line missingEffectError:off
    const untracked = raw.pipe(Fetch.toDataResult({ empty: () => [] }))
    expect(untracked).toBeDefined()
  })
})

describe("timeout", () => {
  it.effect("does not wait for work that cannot be interrupted", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(
        Effect.uninterruptible(Effect.sleep("1 hour")).pipe(Fetch.timeout("1 second"), Effect.flip)
      )
      yield* TestClock.adjust("1 second")
      expect((yield* Fiber.join(fiber)).message).toBe("Network request timed out: no result within 1s")
    }))

  it.effect("what ends in time is left alone", () =>
    Effect.gen(function*() {
      expect(yield* Effect.succeed(1).pipe(Fetch.timeout("1 second"))).toBe(1)
      expect(yield* Effect.fail("x").pipe(Fetch.timeout("1 second"), Effect.flip)).toBe("x")
    }))
})

describe("empties", () => {
  const rows = (...rows: ReadonlyArray<number>): Effect.Effect<ReadonlyArray<number>> => Effect.succeed(rows)
  const isEmpty = (rows: ReadonlyArray<number>) => rows.length === 0

  it.effect("failOnEmpty has the reason", () =>
    Effect.gen(function*() {
      expect(yield* rows(1).pipe(Fetch.failOnEmpty({ isEmpty, reason: "api_response" }))).toEqual([1])
      const error = yield* rows().pipe(Fetch.failOnEmpty({ isEmpty, reason: () => "delisted" }), Effect.flip)
      expect(error).toMatchObject({ _tag: "DataEmpty", reason: "delisted", expected: true })
    }))

  it.effect("orEmpty recovers from expected empties, and from all of them with `when: always`", () =>
    Effect.gen(function*() {
      const empty = (reason: FetchError.EmptyReason) => rows().pipe(Fetch.failOnEmpty({ isEmpty, reason }))
      expect(yield* empty("filter_result").pipe(Fetch.orEmpty(() => [0]))).toEqual([0])
      expect((yield* empty("api_response").pipe(Fetch.orEmpty(() => [0]), Effect.flip)).reason).toBe("api_response")
      expect(yield* empty("api_response").pipe(Fetch.orEmpty(() => [0], { when: "always" }))).toEqual([0])
      const other = Effect.fail("other").pipe(Effect.zipRight(rows()), Fetch.orEmpty(() => [0], { when: "always" }))
      expect(yield* Effect.flip(other)).toBe("other")
    }))
})

describe("annotate", () => {
  it.effect("the error's own word beats tracked, which beats the ambient; the inner ambient beats the outer", () =>
    Effect.gen(function*() {
      const error = yield* Effect.fail(new FetchError.NetworkDns({ context: { symbol: "error" } })).pipe(
        Fetch.tracked({ symbol: "tracked", source: "tracked" }),
        Fetch.annotate({ symbol: "inner", source: "inner", market: "inner" }),
        Fetch.annotate({ symbol: "outer", source: "outer", market: "outer", interval: "outer" }),
        Effect.flip
      )
      expect({ ...error.context }).toEqual({ symbol: "error", source: "tracked", market: "inner", interval: "outer" })
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect("reaches errors that were made inside without tracked, if they can carry it", () =>
    Effect.gen(function*() {
      const ours = yield* Effect.fail(new FetchError.ApiAuth()).pipe(Fetch.annotate({ symbol: "A" }), Effect.flip)
      expect(ours.context.symbol).toBe("A")
      const own = yield* Effect.fail(new OwnError({ message: "own", context: { source: "s" } })).pipe(
        Fetch.annotate({ symbol: "A" }),
        Effect.flip
      )
      expect([own._tag, { ...own.context }]).toEqual(["OwnError", { symbol: "A", source: "s" }])
      const boom = new Error("boom")
      expect(yield* Effect.fail(boom).pipe(Fetch.annotate({ symbol: "A" }), Effect.flip)).toBe(boom)
    }))

  it.effect("passes interruption and defects on", () =>
    Effect.gen(function*() {
      const died = yield* Effect.die("bug").pipe(Fetch.annotate({ symbol: "A" }), Effect.exit)
      expect(died).toEqual(Exit.die("bug"))
      const interrupted = yield* Effect.interrupt.pipe(Fetch.annotate({ symbol: "A" }), Effect.exit)
      expect(Exit.isFailure(interrupted) && Cause.isInterruptedOnly(interrupted.cause)).toBe(true)
    }))
})

describe("toDataResult", () => {
  it.effect("a success", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 day")
      const result = yield* Effect.succeed([1, 2]).pipe(
        Fetch.toDataResult({ empty: () => [] }),
        Fetch.annotate({ symbol: "A", market: "SPOT" })
      )
      expect(result.stackTrace).toEqual(Option.none())
      expect(result.toLogRecord()).toEqual({
        error_type: null,
        error_message: null,
        is_empty: false,
        has_error: false,
        rows: 2,
        severity: "INFO",
        timestamp: "1970-01-02T00:00:00.000Z",
        symbol: "A",
        market_type: "SPOT"
      })
    }))

  it.effect("a failure", () =>
    Effect.gen(function*() {
      const cause = new Error("inner", { cause: new Error("token=abc") })
      const error = new FetchError.ApiFormat({ context: { attributes: { rows: 7, error_type: "x", shard: 3 } }, cause })
      const fetch: Effect.Effect<ReadonlyArray<number>, FetchError.ApiFormat> = Effect.fail(error)
      const result = yield* fetch.pipe(Fetch.toDataResult({ empty: () => [] }))
      expect(result).toMatchObject({ data: [], isEmpty: true, hasError: true, severity: "ERROR", rows: 0 })
      expect(result.error).toEqual(Option.some(error))
      expect(result.toLogRecord()).toMatchObject({ error_type: "API_FORMAT", rows: 0, shard: 3, has_error: true })
      const stack = Option.getOrThrow(result.stackTrace)
      expect(stack).toContain("ApiFormat: API response format error\n    at ")
      expect(stack).toContain("\nCaused by Error: inner\nCaused by Error: token=<redacted>")
    }))

  it.effect("sizes of all kinds of data", () =>
    Effect.gen(function*() {
      const rows = (data: unknown) => DataResult.make({ data, timestamp: new Date(0) as never }).rows
      expect([[], [1], new Map([[1, 1]]), new Float64Array(3), "ab", { length: 5 }, {}, null, undefined, 0].map(rows))
        .toEqual([0, 1, 1, 3, 2, 5, 1, 0, 0, 1])
      const sized = yield* Effect.succeed({ rows: 4 }).pipe(
        Fetch.toDataResult({ empty: () => ({ rows: 0 }), size: ({ rows }) => rows })
      )
      expect(sized.rows).toBe(4)
    }))
})

it.effect("orEmpty dies if `empty` is not a function", () =>
  Effect.gen(function*() {
    const empty = [] as unknown as () => ReadonlyArray<number>
    const exit = yield* Effect.exit(Effect.succeed<ReadonlyArray<number>>([]).pipe(Fetch.orEmpty(empty)))
    expect(Exit.isFailure(exit) && Cause.pretty(exit.cause)).toContain(
      "Fetch.orEmpty: empty is []: it must be a function"
    )
  }))
