/**
 * What `Fetch.tracked` owes with any tracker: laws 1 to 3 and 10. Call it with the layer of an implementation.
 */
// @effect-diagnostics globalErrorInEffectFailure:off unknownInEffectCatch:off -- what anybody throws is what this is about
import { expect, it } from "@effect/vitest"
import {
  Cause,
  Chunk,
  Context,
  Data,
  Deferred,
  Effect,
  Exit,
  Fiber,
  Layer,
  Logger,
  Option,
  Runtime,
  Schedule
} from "effect"
import { ErrorTracker, Fetch, type FetchContext, FetchError } from "effect-errata"
import { LogCapture } from "effect-errata/testing"

const total = Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) => Effect.map(tracker.stats(), ({ total }) => total))

const counts = Effect.flatMap(
  ErrorTracker.ErrorTracker,
  (tracker) =>
    Effect.map(
      tracker.stats(),
      ({ byCode }) => Object.fromEntries(Object.entries(byCode).map(([k, v]) => [k, v.count]))
    )
)

/** How many lines were logged about errors, alerts aside. */
const lines = Effect.map(
  LogCapture.entries,
  (entries) => entries.filter(({ annotations }) => "exception_type" in annotations || "error_type" in annotations)
)

class OwnError extends Data.TaggedError("OwnError")<{
  readonly message: string
  readonly context: FetchContext.FetchContext
  readonly cause?: unknown
}> {
  readonly code = "OWN"
  readonly category = "Other"
  readonly severity = "WARNING" as const
}

const own = () => new OwnError({ message: "own", context: {} })

class GetterError extends Error {
  readonly _tag = "GetterError"
  readonly code: string = "GETTER"
  readonly category = "Api"
  readonly severity = "ERROR" as const
  private readonly symbol: string
  constructor(symbol: string) {
    super("getter")
    this.symbol = symbol
  }
  get context() {
    return { symbol: this.symbol }
  }
}

class PrivateError extends Error {
  readonly _tag = "PrivateError"
  readonly category = "Api"
  readonly severity = "ERROR" as const
  readonly context = {}
  readonly #code: string
  constructor(code: string) {
    super("private")
    this.#code = code
  }
  get code() {
    return this.#code
  }
}

const thrower = (): never => {
  throw new Error("no")
}

const rethrow = (error: unknown) => new Error("wrapped", { cause: error })

export const fetchLaws = (layer: Layer.Layer<ErrorTracker.ErrorTracker>) => {
  const law = <A, E>(
    name: string,
    body: () => Effect.Effect<A, E, ErrorTracker.ErrorTracker | LogCapture.LogCapture>
  ) => it.effect(name, () => body().pipe(Effect.provide([layer, LogCapture.layer])))

  law("Law 1: a failure counts once and is logged once through any number of tracked", () =>
    Effect.gen(function*() {
      const boom = new Error("boom")
      const error = yield* Effect.fail(boom).pipe(
        Fetch.tracked({ symbol: "A" }),
        Fetch.tracked({ source: "b" }),
        Fetch.tracked(),
        Effect.flip
      )
      expect(yield* total).toBe(1)
      expect(yield* lines).toHaveLength(1)
      expect(FetchError.original(error)).toBe(boom)
      expect({ ...error.context }).toEqual({ symbol: "A", source: "b" })
    }))

  const wraps: ReadonlyArray<
    readonly [
      string,
      (
        self: Effect.Effect<never, unknown, ErrorTracker.ErrorTracker>
      ) => Effect.Effect<never, unknown, ErrorTracker.ErrorTracker>
    ]
  > = [
    ["wrapped in another error", Effect.mapError(rethrow)],
    ["wrapped five times", Effect.mapError((e) => [1, 2, 3, 4, 5].reduce<unknown>(rethrow, e))],
    ["in an AggregateError", Effect.mapError((e) => new AggregateError([new Error("other"), e]))],
    ["as the cause of one of the 17", Effect.mapError((cause) => new FetchError.Unexpected({ cause }))],
    ["in an error of one's own", Effect.mapError((cause) => new OwnError({ message: "own", context: {}, cause }))],
    ["through orDie", Effect.orDie],
    ["through orDie, sandbox and unsandbox", (self) => self.pipe(Effect.orDie, Effect.sandbox, Effect.unsandbox)],
    [
      "thrown out of runPromise and caught again",
      (self) =>
        Effect.flatMap(
          Effect.runtime<ErrorTracker.ErrorTracker>(),
          (runtime) => Effect.tryPromise({ try: () => Runtime.runPromise(runtime)(self), catch: (error) => error })
        )
    ],
    ["beside a failing finalizer", (self) => Effect.ensuring(self, Effect.die(new Error("finalizer")))],
    ["with a context of its own merged in", Fetch.annotate({ source: "annotated" })],
    [
      "through spans",
      (self) =>
        self.pipe(Effect.mapError((e) => e), Effect.withSpan("a"), Effect.catchAll(Effect.fail), Effect.withSpan("b"))
    ],
    [
      "through a span as a defect",
      (self) => self.pipe(Effect.orDie, Effect.withSpan("a"), Effect.catchAllDefect(Effect.die), Effect.withSpan("b"))
    ],
    ["frozen", Effect.mapError((error) => Object.freeze(error))],
    ["sealed", Effect.mapError((error) => Object.seal(error))],
    ["as a Cause", Effect.sandbox],
    ["as an Exit", (self) => Effect.flatMap(Effect.exit(self), Effect.fail)]
  ]
  for (const [name, wrap] of wraps) {
    law(`Law 1: the same failure ${name} is neither counted nor logged again`, () =>
      Effect.gen(function*() {
        yield* Effect.fail(new Error("boom")).pipe(
          Fetch.tracked(),
          wrap,
          Fetch.tracked(),
          wrap,
          Fetch.tracked(),
          Effect.exit
        )
        expect(yield* total).toBe(1)
        expect(yield* lines).toHaveLength(1)
      }))
  }

  const shared: ReadonlyArray<readonly [string, object]> = [
    ["a plain error", new Error("shared")],
    ["one of the 17", new FetchError.NetworkDns({ context: { symbol: "own" } })],
    ["an error of one's own", new OwnError({ message: "shared", context: { symbol: "own" } })],
    ["a frozen error", Object.freeze(new FetchError.NetworkDns({ context: { symbol: "own" } }))]
  ]
  for (const [name, error] of shared) {
    law(
      `Law 1: ${name}, one instance, failing 20 fetches counts 20 and is left as it was`,
      () =>
        Effect.gen(function*() {
          const before = Reflect.ownKeys(error).map((key) => [key, Reflect.get(error, key)])
          const seen = yield* Effect.forEach(
            Array.from({ length: 20 }, (_, i) => i),
            (i) => Effect.fail(error).pipe(Fetch.tracked({ source: `s${i}` }), Effect.flip),
            { concurrency: 5 }
          )
          expect(yield* total).toBe(20)
          expect(new Set(seen).size).toBe(20)
          expect(seen.includes(error as never)).toBe(false)
          expect(seen.map(({ context }) => context.source)).toEqual(seen.map((_, i) => `s${i}`))
          expect(Reflect.ownKeys(error).map((key) => [key, Reflect.get(error, key)])).toEqual(before)
        })
    )
  }

  const awkward: ReadonlyArray<readonly [string, FetchError.Trackable]> = [
    ["whose context is a getter", new GetterError("A")],
    [
      "with a fixed context",
      Object.defineProperty(own(), "context", { value: {}, configurable: false, writable: false })
    ],
    ["that reads private fields", new PrivateError("A")],
    ["with a getter that throws", Object.defineProperty(own(), "extra", { enumerable: true, get: thrower })],
    ["of a class without a constructor", Object.assign(own(), { constructor: 1 })],
    [
      "with a property that its class has as a getter",
      Object.defineProperty(new FetchError.Unexpected(), "code", { value: "OWN", enumerable: true })
    ],
    ["that is no Error", { _tag: "Plain", code: "P", category: "Api", severity: "INFO", message: "m", context: {} }]
  ]
  for (const [name, error] of awkward) {
    law(`Law 1: an error ${name} counts once, and stays the failure it was`, () =>
      Effect.gen(function*() {
        const told = yield* Effect.fail(error).pipe(
          Fetch.tracked(),
          Fetch.tracked(),
          Fetch.annotate({}),
          Fetch.tracked(),
          Effect.flip
        )
        expect([told._tag, told.code, told.message]).toEqual([error._tag, error.code, error.message])
        expect(yield* total).toBe(1)
      }))
  }

  law("Law 1: the copy has the same class, stack and cause", () =>
    Effect.gen(function*() {
      const cause = new Error("inner")
      const given = new FetchError.ApiFormat({ status: 502, cause, context: { symbol: "A" } })
      const error = yield* Effect.fail(given).pipe(Fetch.tracked({ symbol: "ignored", source: "s" }), Effect.flip)
      expect(error).not.toBe(given)
      expect(error).toBeInstanceOf(FetchError.ApiFormat)
      expect(error.stack).toBe(given.stack)
      expect(FetchError.original(error)).toBe(cause)
      expect(error.status).toBe(502)
      expect({ ...error.context }).toEqual({ symbol: "A", source: "s" })
      expect({ ...given.context }).toEqual({ symbol: "A" })
    }))

  law("Law 1: two counted failures that come out together are not counted again", () =>
    Effect.gen(function*() {
      const fetch = Effect.fail("boom").pipe(Fetch.tracked())
      yield* Effect.all([fetch, fetch], { mode: "validate" }).pipe(Fetch.tracked(), Effect.exit)
      yield* Effect.validateAll([1, 2], () => fetch).pipe(Fetch.tracked(), Effect.exit)
      expect(yield* total).toBe(4)
    }))

  law("Law 1: each attempt of a retry is a failure of its own", () =>
    Effect.gen(function*() {
      yield* Effect.fail(new Error("boom")).pipe(
        Fetch.tracked(),
        Effect.retry(Schedule.recurs(3)),
        Fetch.tracked(),
        Effect.exit
      )
      expect(yield* total).toBe(4)
    }))

  law("Law 1: a cause with several failures is one failure", () =>
    Effect.gen(function*() {
      const cause = Cause.parallel(Cause.fail(new Error("a")), Cause.sequential(Cause.fail("b"), Cause.fail(null)))
      const exit = yield* Effect.failCause(cause).pipe(Fetch.tracked(), Effect.exit)
      expect(yield* total).toBe(1)
      expect(yield* lines).toHaveLength(1)
      const failures = Exit.isFailure(exit) ? Chunk.toReadonlyArray(Cause.failures(exit.cause)) : []
      expect(failures).toHaveLength(3)
      expect(failures.every(FetchError.isFetchError)).toBe(true)
    }))

  law("Law 1: two trackers share nothing: each counts the failure once", () =>
    Effect.gen(function*() {
      const mine = yield* ErrorTracker.ErrorTracker
      const theirs = Context.get(yield* Layer.build(ErrorTracker.layer()), ErrorTracker.ErrorTracker)
      const trackedBy = (tracker: ErrorTracker.Service) => <A, E>(self: Effect.Effect<A, E>) =>
        self.pipe(Fetch.tracked(), Effect.provideService(ErrorTracker.ErrorTracker, tracker))
      yield* Effect.fail(new Error("boom")).pipe(
        trackedBy(mine),
        trackedBy(theirs),
        trackedBy(mine),
        trackedBy(theirs),
        Effect.exit
      )
      expect([(yield* mine.stats()).total, (yield* theirs.stats()).total]).toEqual([1, 1])
    }).pipe(Effect.scoped))

  law("Law 1: track itself does not deduplicate", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const error = yield* Effect.fail("boom").pipe(Fetch.tracked(), Effect.flip)
      yield* tracker.track(error)
      yield* tracker.track(error)
      expect(yield* total).toBe(3)
    }))

  law("Law 2: interruption is neither counted nor logged, and passed on as it is", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(Effect.never.pipe(Fetch.tracked()))
      yield* Effect.yieldNow()
      const outside = yield* Fiber.interrupt(fiber)
      const inside = yield* Effect.interrupt.pipe(Fetch.tracked(), Effect.exit)
      const child = yield* Effect.fork(Effect.never)
      yield* Fiber.interrupt(child)
      const sandboxed = yield* Effect.interrupt.pipe(Effect.sandbox, Fetch.tracked(), Effect.exit)
      expect(Exit.isFailure(sandboxed)).toBe(true)
      const joined = yield* Fiber.join(child).pipe(Fetch.tracked(), Effect.exit)
      for (const exit of [outside, inside, joined]) {
        expect(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause)).toBe(true)
      }
      expect(yield* total).toBe(0)
      expect(yield* lines).toHaveLength(0)
    }))

  law("Law 2: siblings that are interrupted since one fails are not counted", () =>
    Effect.gen(function*() {
      const started = yield* Deferred.make<void>()
      yield* Effect.all([
        Deferred.succeed(started, void 0).pipe(Effect.zipRight(Effect.never), Fetch.tracked({ symbol: "sibling" })),
        Deferred.await(started).pipe(Effect.zipRight(Effect.fail("boom")), Fetch.tracked({ symbol: "culprit" }))
      ], { concurrency: "unbounded" }).pipe(Fetch.tracked(), Effect.exit)
      expect(yield* total).toBe(1)
    }))

  law("Law 3: a defect counts once as Internal and stays a defect", () =>
    Effect.gen(function*() {
      const bug = new TypeError("undefined is not a function")
      const exit = yield* Effect.die(bug).pipe(Fetch.tracked({ symbol: "A" }), Fetch.tracked(), Effect.exit)
      expect(yield* counts).toEqual({ INTERNAL: 1 })
      expect(yield* lines).toHaveLength(1)
      const defect = Exit.isFailure(exit) ? Option.getOrNull(Cause.dieOption(exit.cause)) : null
      expect(defect).toBeInstanceOf(FetchError.Internal)
      expect(FetchError.isFetchError(defect) && FetchError.original(defect)).toBe(bug)
      expect(defect).toMatchObject({ context: { symbol: "A" } })
    }))

  law("Law 3: a defect that can be tracked counts as itself", () =>
    Effect.gen(function*() {
      yield* Effect.die(new OwnError({ message: "x", context: {} })).pipe(Fetch.tracked(), Effect.exit)
      yield* Effect.die(new FetchError.ApiAuth()).pipe(Fetch.tracked(), Effect.exit)
      expect(yield* counts).toEqual({ OWN: 1, API_AUTH: 1 })
    }))

  law("Law 3: one instance that dies n times counts n", () =>
    Effect.gen(function*() {
      const bug = new Error("bug")
      yield* Effect.die(bug).pipe(Fetch.tracked(), Effect.exit, Effect.repeatN(4))
      expect(yield* counts).toEqual({ INTERNAL: 5 })
    }))

  law("Law 3: with defects: \"fail\" a defect becomes a failure that handlers see", () =>
    Effect.gen(function*() {
      const caught = yield* Effect.die("bug").pipe(
        Fetch.tracked({}, { defects: "fail" }),
        Effect.catchTag("Internal", (error) => Effect.succeed(FetchError.original(error)))
      )
      expect(caught).toBe("bug")
      const own = yield* Effect.die(new OwnError({ message: "x", context: {} })).pipe(
        Fetch.tracked({}, { defects: "fail" }),
        Effect.flip
      )
      expect(own._tag).toBe("Internal")
      expect(yield* counts).toEqual({ INTERNAL: 2 })
    }))

  law("Law 3: failure and defect together count once, as the failure; both are logged", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.fail(new FetchError.NetworkDns()).pipe(
        Effect.ensuring(Effect.die(new Error("finalizer"))),
        Fetch.tracked(),
        Effect.exit
      )
      expect(yield* counts).toEqual({ NETWORK_DNS: 1 })
      expect((yield* lines).map(({ annotations }) => annotations["error_type"])).toEqual(["NETWORK_DNS", "INTERNAL"])
      expect(Exit.isFailure(exit) && Cause.isDie(exit.cause) && Cause.isFailure(exit.cause)).toBe(true)
    }))

  law(
    "Law 10: a tracker or logger that throws, dies or is interrupted changes nothing for the fetch",
    () =>
      Effect.gen(function*() {
        const tracker = yield* ErrorTracker.ErrorTracker
        const bad: ReadonlyArray<Partial<ErrorTracker.Service>> = [
          { track: () => Effect.die("tracker") },
          { track: () => Effect.interrupt },
          {
            track: () => {
              throw new Error("tracker")
            }
          },
          { succeeded: () => Effect.die("tracker") }
        ]
        for (const broken of bad) {
          const provide = Effect.provideService(ErrorTracker.ErrorTracker, { ...tracker, ...broken })
          const error = yield* Effect.fail("boom").pipe(Fetch.tracked({}, { attempts: true }), Effect.flip, provide)
          expect(error._tag).toBe("Unexpected")
          expect(yield* Effect.succeed(1).pipe(Fetch.tracked({}, { attempts: true }), provide)).toBe(1)
        }
        const throwing = Logger.make(() => {
          throw new Error("logger")
        })
        const error = yield* Effect.fail("boom").pipe(
          Fetch.tracked(),
          Effect.flip,
          Effect.provide(Logger.add(throwing))
        )
        expect(error._tag).toBe("Unexpected")
        const hostile = new Proxy({}, {
          get() {
            throw new Error("context")
          },
          ownKeys() {
            throw new Error("context")
          }
        })
        const told = yield* Effect.fail("boom").pipe(Fetch.tracked(hostile), Effect.flip)
        expect(told._tag).toBe("Unexpected")
        const ignoring = yield* Effect.fail("boom").pipe(
          Fetch.tracked({}, {
            ignore: () => {
              throw new Error("ignore")
            }
          }),
          Effect.flip
        )
        expect(ignoring._tag).toBe("Unexpected")
      })
  )

  law("Law 10: 10,000 fibers failing at once are counted exactly", () =>
    Effect.gen(function*() {
      yield* Effect.forEach(
        Array.from({ length: 10_000 }, (_, i) => i),
        (i) =>
          Effect.yieldNow().pipe(Effect.zipRight(Effect.fail(i)), Fetch.tracked({ symbol: `S${i % 7}` }), Effect.exit),
        { concurrency: "unbounded", discard: true }
      )
      expect(yield* total).toBe(10_000)
    }))
}
