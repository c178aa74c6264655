/** One line a call: what is logged and counted of calls, whatever is inside of what. */
// @effect-diagnostics globalErrorInEffectFailure:off unknownInEffectCatch:off -- what programs throw is what this is about
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Layer, LogLevel, Option, TestClock } from "effect"
import { ErrorLog, ErrorTracker, Fetch, FetchError, RetryPolicy } from "effect-errata"
import { LogCapture } from "effect-errata/testing"
import * as FastCheck from "effect/FastCheck"

type Tracked<A = number> = Effect.Effect<A, FetchError.FetchError, ErrorTracker.ErrorTracker>

const api = (status: number, message = `HTTP ${status}`) => new FetchError.ApiFormat({ status, message })

/** A fetch that fails so many times, and then succeeds. */
const failing = (times: number, error: () => FetchError.FetchError = () => api(502)) => {
  let made = 0
  return Effect.suspend(() => ++made <= times ? Effect.fail(error()) : Effect.succeed(made))
}

const never = () => failing(Infinity)

const policyOf = (options: RetryPolicy.Options = {}) =>
  RetryPolicy.make({ rows: { API_FORMAT: { retries: 2, base: 1 } }, ...options })

const retried = (fetch: Tracked, options?: RetryPolicy.Options): Tracked =>
  Effect.flatMap(policyOf(options), (policy) => fetch.pipe(Fetch.retry(policy)))

/** Lines above DEBUG, those at DEBUG, the counts of calls, and of errors. */
const seen = <A, E>(program: Effect.Effect<A, E, ErrorTracker.ErrorTracker>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(Effect.exit(program))
    yield* Effect.repeatN(TestClock.adjust("10 seconds"), 5)
    const exit = yield* Fiber.join(fiber)
    const entries = (yield* LogCapture.entries).filter(({ annotations }) => "exception_type" in annotations)
    const tracker = yield* ErrorTracker.ErrorTracker
    const { calls, total } = yield* tracker.stats()
    return {
      exit,
      calls,
      total,
      lines: entries.filter(({ level }) => level !== "Debug"),
      debug: entries.filter(({ level }) => level === "Debug")
    }
  }).pipe(
    Effect.provide(ErrorTracker.layer({ thresholds: { API_FORMAT: {} } }).pipe(Layer.provideMerge(LogCapture.layer)))
  )

const none = { made: 0, recovered: 0, failed: 0, refused: 0 }
const succeeded = { ...none, made: 1 }
const recovered = { ...none, made: 1, recovered: 1 }
const failed = { ...none, made: 1, failed: 1 }

const tracked = Fetch.tracked({ symbol: "BTCUSDT" })

interface Case {
  readonly program: () => Effect.Effect<unknown, unknown, ErrorTracker.ErrorTracker>
  /** Lines above DEBUG. */
  readonly lines: number
  readonly debug: number
  readonly calls: ErrorTracker.CallCounts
  readonly total: number
}

const sources = (...fetches: ReadonlyArray<Tracked>) =>
  Fetch.failover(
    fetches.map((fetch, i) => ({ source: `s${i}`, fetch })) as [Fetch.Source, ...Array<Fetch.Source>]
  )

const cases: Readonly<Record<string, Case>> = {
  "a success": { program: () => retried(tracked(failing(0))), lines: 0, debug: 0, calls: succeeded, total: 0 },
  "a recovery": { program: () => retried(tracked(failing(2))), lines: 0, debug: 2, calls: recovered, total: 2 },
  "no attempts left": { program: () => retried(tracked(never())), lines: 1, debug: 2, calls: failed, total: 3 },
  "not retryable": {
    program: () => retried(tracked(failing(9, () => new FetchError.ApiAuth()))),
    lines: 1,
    debug: 0,
    calls: failed,
    total: 1
  },
  "tracked without retry": { program: () => tracked(never()), lines: 1, debug: 0, calls: none, total: 1 },
  "tracked outside of retry, too": {
    program: () => tracked(retried(tracked(never()))),
    lines: 1,
    debug: 2,
    calls: failed,
    total: 3
  },
  "tracked only outside of retry": {
    program: () => tracked(retried(never())),
    lines: 1,
    debug: 2,
    calls: failed,
    total: 1
  },
  "tracked nowhere": { program: () => retried(never()), lines: 0, debug: 2, calls: failed, total: 0 },
  "tracked twice inside": {
    program: () => retried(tracked(tracked(never()))),
    lines: 1,
    debug: 2,
    calls: failed,
    total: 3
  },
  "retry around retry, a failure": {
    program: () => retried(retried(tracked(never()))),
    lines: 1,
    // Of eight: the storm guard holds back the others.
    debug: 5,
    calls: failed,
    total: 9
  },
  "retry around retry, the inner one recovers": {
    program: () => retried(retried(tracked(failing(2)))),
    lines: 0,
    debug: 2,
    calls: recovered,
    total: 2
  },
  "retry around retry, the outer one recovers": {
    program: () => retried(retried(tracked(failing(4)))),
    lines: 0,
    debug: 4,
    calls: recovered,
    total: 4
  },
  "failover, the second source answers": {
    program: () => sources(retried(tracked(never())), retried(tracked(failing(0)))),
    lines: 0,
    debug: 3,
    calls: recovered,
    total: 3
  },
  "failover, no source answers": {
    program: () => sources(retried(tracked(never())), retried(tracked(never()))),
    lines: 1,
    debug: 5,
    calls: failed,
    total: 6
  },
  "failover without retry": { program: () => sources(never(), never()), lines: 1, debug: 1, calls: failed, total: 2 },
  "retry around failover": {
    program: () => retried(sources(never(), failing(1))),
    lines: 0,
    debug: 3,
    calls: recovered,
    total: 3
  },
  "a defect": {
    program: () => retried(tracked(Effect.die(new Error("bug")))),
    lines: 1,
    debug: 0,
    calls: failed,
    total: 1
  },
  "a failure and a defect: both are logged, one is counted": {
    program: () => retried(tracked(Effect.ensuring(never(), Effect.die("bug")))),
    lines: 2,
    debug: 0,
    calls: failed,
    total: 1
  },
  "an ignored failure": {
    program: () => retried(Fetch.tracked({}, { ignore: () => true })(never())),
    lines: 0,
    debug: 0,
    calls: failed,
    total: 0
  },
  "an interruption": { program: () => retried(tracked(Effect.interrupt)), lines: 0, debug: 0, calls: none, total: 0 },
  "a deadline during a pause": {
    program: () =>
      Effect.timeoutOption(retried(tracked(never()), { rows: { API_FORMAT: { retries: 2, base: 5_000 } } }), 10),
    lines: 0,
    debug: 1,
    calls: none,
    total: 1
  },
  "a failure that the program handles in a call that succeeds": {
    program: () => retried(Effect.orElseSucceed(tracked(never()), () => 0)),
    lines: 1,
    debug: 0,
    calls: succeeded,
    total: 1
  },
  "concurrent fetches of one call, one line": {
    program: () => retried(Effect.as(Effect.all([tracked(never()), tracked(never())], { concurrency: 2 }), 1)),
    lines: 1,
    debug: 5,
    calls: failed,
    total: 6
  },
  "a failure inside of a span": {
    program: () => retried(Effect.withSpan(tracked(never()), "fetch")),
    lines: 1,
    debug: 2,
    calls: failed,
    total: 3
  },
  "an error replaced on its way to retry": {
    program: () => retried(Effect.mapError(tracked(never()), () => api(503, "replaced"))),
    lines: 1,
    debug: 2,
    calls: failed,
    total: 3
  },
  "empty data that is expected": {
    program: () =>
      retried(tracked(Effect.fail(new FetchError.DataEmpty({ reason: "not_published_yet", retryable: false })))),
    lines: 0,
    debug: 1,
    calls: failed,
    total: 1
  }
}

describe("one line a call, no more and no less", () => {
  it.effect.each(Object.keys(cases))("%s", (name) =>
    Effect.gen(function*() {
      const { calls, debug, lines, program, total } = cases[name]!
      const found = yield* seen(program())
      expect({ lines: found.lines.length, debug: found.debug.length, calls: found.calls, total: found.total })
        .toEqual({ lines, debug, calls, total })
    }))
})

describe("the line of a call", () => {
  it.effect("has attempts, duration, earlier errors and the reason for giving up", () =>
    Effect.gen(function*() {
      let n = 0
      const fetch = Effect.suspend(() => Effect.fail(++n === 1 ? new FetchError.NetworkDns() : api(500 + n))).pipe(
        Effect.delay("1 second")
      )
      const { lines: [line], total } = yield* seen(
        retried(tracked(fetch), { rows: { API_FORMAT: { retries: 2, base: 1 }, NETWORK_DNS: { retries: 2, base: 1 } } })
      )
      expect(line?.annotations).toMatchObject({
        error_type: "API_FORMAT",
        symbol: "BTCUSDT",
        attempts: 3,
        attempt: 3,
        earlier_errors: "NETWORK_DNS, API_FORMAT",
        gave_up: "no attempts left"
      })
      expect(Number(line?.annotations["duration_ms"])).toBeGreaterThanOrEqual(3_000)
      expect(line?.message).toMatch(
        /^Error fetching data for BTCUSDT: HTTP 503 \(gave up after 3 attempts in .*: no attempts left\)$/
      )
      expect(total).toBe(3)
    }))

  it.effect("says attempts of all that is inside", () =>
    Effect.gen(function*() {
      const { lines: [line] } = yield* seen(sources(retried(tracked(never())), retried(retried(tracked(never())))))
      expect(line?.annotations).toMatchObject({ attempts: 3 + 9, source: "s1", gave_up: "no attempts left" })
    }))

  it.effect("of an error tracked only outside of retry has them too", () =>
    Effect.gen(function*() {
      const { lines: [line] } = yield* seen(tracked(retried(never())))
      expect(line?.annotations).toMatchObject({ attempts: 3, gave_up: "no attempts left" })
    }))

  it.effect("has the annotations of the fetch", () =>
    Effect.gen(function*() {
      const { debug, lines } = yield* seen(
        retried(tracked(never()).pipe(Effect.annotateLogs("requestId", "r1"), Effect.withLogSpan("fetch")))
      )
      expect([...debug, ...lines].map(({ annotations, spans }) => [annotations["requestId"], spans])).toEqual(
        Array.from({ length: 3 }, () => ["r1", ["fetch"]])
      )
    }))

  it.effect("of a refused call: one, through the storm guard, and the call counts as refused", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const policy = yield* policyOf({ source: "rest", maxWait: 0 })
        const limited = new FetchError.ApiRateLimit({ retryAfter: Option.some(Duration.hours(1)) })
        yield* Effect.exit(Effect.fail(limited).pipe(Fetch.tracked({ source: "rest" }), Fetch.retry(policy)))
        for (let i = 0; i < 100; i++) yield* Effect.exit(Effect.succeed(1).pipe(Fetch.retry(policy)))
      })
      const { calls, lines } = yield* seen(program)
      expect(calls).toEqual({ made: 101, recovered: 0, failed: 1, refused: 100 })
      expect(lines.length).toBeLessThanOrEqual(8)
      expect(lines.at(-1)?.message).toContain("Not sent")
      expect(lines.at(-1)?.annotations).toMatchObject({ attempts: 0, gave_up: expect.stringContaining("maxWait") })
    }))
})

describe("ErrorLog.AttemptLevel", () => {
  it.effect("changes the level of attempts, and of nothing else", () =>
    Effect.gen(function*() {
      const at = (level: LogLevel.LogLevel) =>
        Effect.map(
          seen(Effect.provideService(retried(tracked(never())), ErrorLog.AttemptLevel, level)),
          ({ debug, lines }) => [...debug, ...lines].map(({ level }) => level)
        )
      expect(yield* at(LogLevel.Warning)).toEqual(["Warning", "Warning", "Error"])
      expect(yield* at(LogLevel.Debug)).toEqual(["Debug", "Debug", "Error"])
      expect(yield* at(LogLevel.None)).toEqual(["Error"])
    }))
})

describe("what runs beside or after a call", () => {
  it.effect("a fiber that outlives the call logs for itself", () =>
    Effect.gen(function*() {
      const { lines } = yield* seen(Effect.gen(function*() {
        const gate = yield* Deferred.make<void>()
        const late = Deferred.await(gate).pipe(Effect.zipRight(never()), tracked)
        const fiber = yield* retried(Effect.as(failing(0), 1)).pipe(
          Effect.zipRight(Effect.void),
          Effect.zipRight(Effect.flatMap(policyOf(), (policy) => Effect.forkDaemon(late).pipe(Fetch.retry(policy))))
        )
        yield* Deferred.succeed(gate, void 0)
        yield* Fiber.await(fiber)
      }))
      expect(lines.length).toBe(1)
    }))

  it.effect("a call that is interrupted leaves nothing behind in its fiber", () =>
    Effect.gen(function*() {
      const { lines } = yield* seen(Effect.gen(function*() {
        const policy = yield* policyOf()
        const fiber = yield* Effect.fork(Effect.uninterruptibleMask((restore) =>
          restore(Effect.never.pipe(Fetch.tracked(), Fetch.retry(policy))).pipe(
            Effect.exit,
            Effect.zipRight(Effect.exit(tracked(never())))
          )
        ))
        yield* Effect.yieldNow()
        yield* Fiber.interrupt(fiber)
      }))
      expect(lines.length).toBe(1)
    }))

  it.effect("a long call logs what the program handles with the next failure or call, not only at its end", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const policy = yield* policyOf()
        const handled = Effect.ignore(tracked(never()))
        const feed = Effect.forever(Effect.zipRight(handled, Effect.sleep("1 minute")))
        const fiber = yield* Effect.fork(feed.pipe(Fetch.retry(policy)))
        yield* TestClock.adjust("10 minutes")
        const { length } = yield* LogCapture.at("Error")
        expect(length).toBe(10)
        yield* Fiber.interrupt(fiber)
      })
      yield* program.pipe(
        Effect.provide(ErrorTracker.layer({ thresholds: {} }).pipe(Layer.provideMerge(LogCapture.layer)))
      )
    }))
})

describe("any tree of calls", () => {
  type Tree =
    | { readonly kind: "fetch"; readonly fails: number }
    | { readonly kind: "retry" | "tracked" | "annotated"; readonly inner: Tree }
    | { readonly kind: "failover"; readonly inner: Tree; readonly other: Tree }

  const tree = FastCheck.letrec<{ tree: Tree }>((tie) => ({
    tree: FastCheck.oneof(
      { maxDepth: 4 },
      FastCheck.record({ kind: FastCheck.constant("fetch" as const), fails: FastCheck.integer({ min: 0, max: 9 }) }),
      FastCheck.record({
        kind: FastCheck.constantFrom("retry" as const, "tracked" as const, "annotated" as const),
        inner: tie("tree")
      }),
      FastCheck.record({ kind: FastCheck.constant("failover" as const), inner: tie("tree"), other: tie("tree") })
    )
  })).tree

  const build = (tree: Tree): Tracked => {
    switch (tree.kind) {
      case "fetch":
        return tracked(failing(tree.fails))
      case "retry":
        return retried(build(tree.inner))
      case "tracked":
        return tracked(build(tree.inner))
      case "annotated":
        return build(tree.inner).pipe(Fetch.annotate({ source: "x" }))
      case "failover":
        return sources(build(tree.inner), build(tree.other))
    }
  }

  it.effect("has a line if it fails and none if it succeeds; each failure is counted once and logged at least once", () =>
    Effect.gen(function*() {
      for (const made of FastCheck.sample(tree, { numRuns: 60, seed: 11 })) {
        // An effect that is made anew in each attempt begins again: it is built once.
        const { calls, debug, exit, lines, total } = yield* seen(build(made))
        expect([made, lines.length]).toEqual([made, Exit.isFailure(exit) ? 1 : 0])
        // A tree without retry and failover is no call.
        const isCall = /retry|failover/.test(JSON.stringify(made))
        expect([made, calls.made, calls.failed]).toEqual([made, isCall ? 1 : 0, isCall && Exit.isFailure(exit) ? 1 : 0])
        expect([made, debug.length + lines.length >= Math.min(total, 5)]).toEqual([made, true])
      }
    }))
})
