import { describe, expect, it } from "@effect/vitest"
import {
  Console,
  Context,
  Effect,
  Exit,
  FiberRef,
  FiberRefs,
  Logger,
  LogLevel,
  Option,
  Scope,
  Supervisor,
  TestClock,
  Tracer
} from "effect"
import { ErrorLog, ErrorTracker, Fetch, FetchError } from "effect-errata"
import { LogCapture } from "effect-errata/testing"

const timeout = new FetchError.NetworkTimeout({ context: { source: "rest" } })

const messages = Effect.map(LogCapture.entries, (entries) => entries.map(({ message }) => message))

const inFull = Array.from({ length: 5 }, () => "Error fetching data: Network request timed out")
const held = (n: number, when = "so far") =>
  `NETWORK_TIMEOUT from rest: ${n} more ${n === 1 ? "error" : "errors"} ${when}, not logged one by one`
const sum = (n: number) => held(n, "in 10 seconds")

/** Alerts have lines of their own: without limits there are none. */
const tracker = ErrorTracker.layer({ thresholds: { NETWORK_TIMEOUT: {} } })

const fetch = Effect.ignore(Fetch.tracked()(Effect.fail(timeout)))

describe("a storm of 100,000 errors", () => {
  it.effect("through Fetch.tracked: a few lines and the sum, though nothing else happens", () =>
    Effect.gen(function*() {
      yield* Effect.repeatN(fetch, 99_999)
      expect(yield* messages).toEqual([...inFull, held(10), held(100), held(1_000), held(10_000)])
      yield* LogCapture.clear
      yield* TestClock.adjust("9999 millis")
      expect(yield* messages).toEqual([])
      yield* TestClock.adjust("1 millis")
      const [entry, ...rest] = yield* LogCapture.entries
      expect(rest).toEqual([])
      expect(entry).toMatchObject({
        level: "Warning",
        message: sum(99_995),
        annotations: { error_type: "NETWORK_TIMEOUT", source: "rest", count: 99_995 }
      })
    }).pipe(Effect.provide([tracker, LogCapture.layer])))

  it.effect.each([["text", ErrorLog.layerText], ["json", ErrorLog.layerJson]] as const)(
    "through ErrorLog.log, as %s, over ten seconds: a few lines in each window",
    ([, layer]) =>
      Effect.gen(function*() {
        const lines: Array<string> = []
        const console = yield* Console.consoleWith((console) => Effect.succeed(console))
        const unsafe = { ...console.unsafe, log: (line: string) => void lines.push(line) }
        const storm = ErrorLog.makeStorm(yield* Effect.scope)
        const errors = Effect.repeatN(ErrorLog.log(timeout, { storm }), 9_999)
        yield* Effect.zipRight(errors, TestClock.adjust("1 seconds")).pipe(
          Effect.repeatN(9),
          Effect.provide(layer),
          Effect.withConsole({ ...console, unsafe })
        )
        expect(lines.length).toBe(5 + 4 + 1)
        expect(lines.at(-1)).toContain(sum(99_995))
        for (const line of lines) {
          expect(line.length).toBeLessThan(1_000)
          expect(line).not.toContain("\n")
        }
      }).pipe(Effect.scoped)
  )
})

describe("the sum of a storm", () => {
  const storming = <A, E, R>(body: (storm: ErrorLog.Storm) => Effect.Effect<A, E, R>) =>
    Effect.flatMap(Effect.scope, (scope) => body(ErrorLog.makeStorm(scope))).pipe(
      Effect.scoped,
      Effect.provide(LogCapture.layer)
    )

  it.effect("comes when the window ends, and once: the next error begins another window", () =>
    storming((storm) =>
      Effect.gen(function*() {
        yield* Effect.repeatN(ErrorLog.log(timeout, { storm }), 7)
        yield* TestClock.adjust("1 minute")
        yield* ErrorLog.log(timeout, { storm })
        expect(yield* messages).toEqual([...inFull, sum(3), inFull[0]])
        yield* TestClock.adjust("1 hour")
        expect((yield* messages).length).toBe(7)
      })
    ))

  it.effect("of each of several that began at different times", () =>
    storming((storm) =>
      Effect.gen(function*() {
        const other = new FetchError.NetworkDns()
        yield* Effect.repeatN(ErrorLog.log(timeout, { storm }), 5)
        yield* TestClock.adjust("3 seconds")
        yield* Effect.repeatN(ErrorLog.log(other, { storm }), 6)
        yield* LogCapture.clear
        yield* TestClock.adjust("7 seconds")
        expect(yield* messages).toEqual([sum(1)])
        yield* TestClock.adjust("3 seconds")
        expect(yield* messages).toEqual([sum(1), "NETWORK_DNS: 2 more errors in 10 seconds, not logged one by one"])
      })
    ))

  it.effect("of a storm that goes on and on, window after window", () =>
    storming((storm) =>
      Effect.gen(function*() {
        // The window that begins with the error at 0 seconds has those up to 9, the next those from 10 on.
        yield* Effect.repeatN(
          Effect.zipRight(Effect.repeatN(ErrorLog.log(timeout, { storm }), 99), TestClock.adjust("1 seconds")),
          29
        )
        const counts = (yield* messages).filter((message) => message.includes("in 10 seconds"))
        expect(counts).toEqual([sum(995), sum(995), sum(995)])
        expect((yield* messages).length).toBe(3 * (5 + 2 + 1))
      })
    ))

  it.effect("the summary is logged when the scope closes, by the loggers of the fetch", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const storm = ErrorLog.makeStorm(scope)
      const { entries } = yield* Effect.zipRight(
        Effect.repeatN(ErrorLog.log(timeout, { storm }), 7),
        LogCapture.LogCapture
      ).pipe(Effect.provide(LogCapture.layer))
      yield* Scope.close(scope, Exit.void)
      expect((yield* entries).at(-1)?.message).toBe(held(3))
    }))

  it.effect("the summary is logged when the scope closes immediately", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const storm = ErrorLog.makeStorm(scope)
      // The last of them is held back, and nothing comes between that and the end.
      yield* Effect.repeatN(ErrorLog.log(timeout, { storm }), 5)
      yield* Scope.close(scope, Exit.void)
      expect(yield* messages).toEqual([...inFull, held(1)])
    }).pipe(Effect.provide(LogCapture.layer)))

  it.effect("the summary is logged by a tracker that closes, in one Effect.provide with the logger", () =>
    Effect.gen(function*() {
      const capture = yield* Effect.repeatN(fetch, 7).pipe(
        Effect.zipRight(LogCapture.LogCapture),
        Effect.provide([tracker, LogCapture.layer])
      )
      expect((yield* capture.entries).map(({ message }) => message)).toEqual([...inFull, held(3)])
    }))

  it.effect("comes with the next error where there is no scope, or none any more: lines stay few", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      yield* Scope.close(scope, Exit.void)
      for (const storm of [ErrorLog.makeStorm(), ErrorLog.makeStorm(scope)]) {
        yield* Effect.repeatN(ErrorLog.log(timeout, { storm }), 99)
        yield* LogCapture.clear
        yield* TestClock.adjust("1 minute")
        expect((yield* messages).length).toBeLessThanOrEqual(1)
        yield* ErrorLog.log(timeout, { storm })
        expect((yield* messages).slice(-2)).toEqual([sum(95), inFull[0]])
      }
    }).pipe(Effect.provide(LogCapture.layer)))

  it.effect("the summary is not logged below the minimum level", () =>
    storming((storm) =>
      Effect.gen(function*() {
        yield* Effect.repeatN(ErrorLog.log(timeout, { storm }), 7).pipe(Logger.withMinimumLogLevel(LogLevel.Error))
        yield* TestClock.adjust("1 minute")
        expect(yield* messages).toEqual([])
      })
    ))

  it.effect("survives a logger that throws", () =>
    storming((storm) =>
      Effect.gen(function*() {
        const throwing = Logger.make(() => {
          throw new Error("disk full")
        })
        const other = new FetchError.NetworkDns()
        yield* Effect.repeatN(
          Effect.zip(ErrorLog.log(other, { storm }), ErrorLog.log(timeout, { storm })),
          7
        ).pipe(Effect.provide(Logger.add(throwing)))
        yield* LogCapture.clear
        yield* TestClock.adjust("10 seconds")
        yield* Effect.repeatN(ErrorLog.log(timeout, { storm }), 7)
        yield* TestClock.adjust("10 seconds")
        expect((yield* messages).at(-1)).toBe(sum(3))
      })
    ))

  it.effect("belongs to no span of the fetch that began the storm", () =>
    storming((storm) =>
      Effect.gen(function*() {
        const spans: Array<boolean> = []
        const watching = Logger.make(({ context, message }) => {
          const env = FiberRefs.getOrDefault(context, FiberRef.currentContext)
          if (String(message).includes(" more ")) spans.push(Option.isSome(Context.getOption(env, Tracer.ParentSpan)))
        })
        yield* Effect.repeatN(ErrorLog.log(timeout, { storm }), 16).pipe(
          Effect.withSpan("fetch"),
          Effect.provide(Logger.add(watching))
        )
        yield* TestClock.adjust("10 seconds")
        expect(spans).toEqual([false, false])
      })
    ))
})

describe("a storm leaves nothing behind", () => {
  it.effect("no fiber without a summary that is due, one with it, none after the scope", () =>
    Effect.gen(function*() {
      const supervisor = yield* Supervisor.track
      const alive = Effect.map(supervisor.value, (fibers) => fibers.length)
      yield* Effect.gen(function*() {
        const scope = yield* Scope.make()
        const storm = ErrorLog.makeStorm(scope)
        // Until it is moved, a test clock has a fiber of its own for each sleep: to warn that it stands still.
        yield* TestClock.adjust("1 millis")
        yield* Effect.repeatN(ErrorLog.log(timeout, { storm }), 4)
        expect(yield* alive).toBe(0)
        yield* Effect.repeatN(ErrorLog.log(timeout, { storm }), 20_000)
        yield* Effect.repeatN(ErrorLog.log(new FetchError.NetworkDns(), { storm }), 20)
        expect(yield* alive).toBe(1)
        yield* TestClock.adjust("10 seconds")
        expect(yield* alive).toBe(0)
        yield* Effect.repeatN(ErrorLog.log(timeout, { storm }), 20)
        expect(yield* alive).toBe(1)
        yield* Scope.close(scope, Exit.void)
        expect(yield* alive).toBe(0)
        yield* Effect.repeatN(ErrorLog.log(timeout, { storm }), 20)
        expect(yield* alive).toBe(0)
      }).pipe(Effect.supervised(supervisor), Effect.provide(LogCapture.layer))
    }))
})
