// @effect-diagnostics globalErrorInEffectFailure:off unknownInEffectCatch:off -- what anybody throws is what this is about
import { describe, expect, it } from "@effect/vitest"
import { Cause, Console, Effect, Exit, Fiber, FiberId, Logger, Option, Stream } from "effect"
import { Classifier, ErrorLog, ErrorTracker, Fetch, FetchError } from "effect-errata"
import { LogCapture } from "effect-errata/testing"
import { vi } from "vitest"
import { reportingOf, withReporting } from "../src/internal/tracker/reporting.js"

const no = (): never => {
  throw new Error("no")
}

const getter = <A extends object>(name: string, on: A): A =>
  Object.defineProperty(on, name, { enumerable: true, get: no })

// All but `has`: Effect asks that of whatever it is given, and dies of it.
const throwing = new Proxy(new Error("x"), {
  get: no,
  ownKeys: no,
  getPrototypeOf: no,
  getOwnPropertyDescriptor: no
})

const huge = "\u001B[2J\n".repeat(2_000_000)

const own = (more: object = {}): FetchError.Trackable =>
  Object.assign(new Error("own\n\u001B[31m"), {
    _tag: "Own",
    code: "OWN",
    category: "App",
    severity: "ERROR" as const,
    context: {},
    ...more
  })

const cyclic = (() => {
  const error: Error = new Error("cyclic")
  error.cause = { error, list: [error] }
  return error
})()

const hostile: Readonly<Record<string, unknown>> = {
  "toString throws": { toString: no },
  "toJSON throws": { toJSON: no, message: "x" },
  "toPrimitive throws": { [Symbol.toPrimitive]: no },
  "message throws": getter("message", new Error("x")),
  "name throws": getter("name", new Error("x")),
  "stack throws": getter("stack", new Error("x")),
  "cause throws": getter("cause", new Error("x")),
  "errors throw": getter("errors", new Error("x")),
  "status throws": getter("status", new Error("x")),
  "response throws": getter("response", new Error("x")),
  "everything throws": throwing,
  "no prototype": Object.create(null),
  "a symbol": Symbol("x"),
  "a bigint": 10n ** 4000n,
  "a function": no,
  "undefined": undefined,
  "a cycle": cyclic,
  "a long text": huge,
  "a long message": new Error(huge),
  "a long name": Object.assign(new Error("x"), { name: huge }),
  "a long stack": Object.assign(new Error("x"), { stack: huge }),
  "many members": new AggregateError(Array.from({ length: 10_000 }, () => new Error("x".repeat(1_000)))),
  "a deep chain": Array.from({ length: 10_000 }).reduce<unknown>((cause) => new Error("x", { cause }), huge),
  "own: its own field throws": getter("extra", own()),
  "own: its context throws": getter("symbol", own({ context: {} }).context),
  "own: long texts": own({ code: huge, _tag: huge, context: { symbol: huge, attributes: { a: huge } }, extra: huge }),
  "own: a context of no kind": own({ context: { symbol: Symbol("x"), attributes: { a: cyclic, b: 1n, c: throwing } } })
}

const formats = [["text", ErrorLog.layerText], ["json", ErrorLog.layerJson]] as const

/** What goes to the console while the effect runs, one text a call. */
const printed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const silent = yield* Console.consoleWith((console) => Effect.succeed(console))
    const unsafe = { ...silent.unsafe, log: (line: string) => void lines.push(line) }
    return { value: yield* Effect.withConsole(effect, { ...silent, unsafe }), lines }
  })

const clean = (line: string) => {
  expect(new TextEncoder().encode(line).length).toBeLessThanOrEqual(8192)
  // oxlint-disable-next-line no-control-regex -- that there are none is the point
  expect(line).not.toMatch(/[\u0000-\u001F\u007F-\u009F]/)
}

describe.each(formats)("an error that is hostile, logged as %s", (_, layer) => {
  it.effect.each(Object.keys(hostile))(
    "is one clean line, and a failure like any other: %s",
    (name) =>
      Effect.gen(function*() {
        const error = hostile[name]
        const context = { symbol: huge, attributes: { huge, [huge]: 1 } }
        for (const fetch of [Effect.fail(error), Effect.die(error)]) {
          const { lines, value: exit } = yield* printed(Effect.exit(fetch.pipe(Fetch.tracked(context))))
          expect(lines.length).toBe(1)
          lines.forEach(clean)
          const [told] = Exit.isFailure(exit) ? [...Cause.failures(exit.cause), ...Cause.defects(exit.cause)] : []
          expect(FetchError.isTrackable(told)).toBe(true)
        }
      }).pipe(Effect.provide([layer, ErrorTracker.layer()]))
  )
})

it.effect("the line of an error with a throwing field has the other fields", () =>
  Effect.gen(function*() {
    yield* ErrorLog.log(getter("extra", own({ known: 7 })))
    const [entry] = yield* LogCapture.entries
    expect(entry?.annotations).toMatchObject({ error_type: "OWN", known: 7 })
  }).pipe(Effect.provide(LogCapture.layer)))

describe("work is bounded by what is read, not by what is there", () => {
  /** The lengths of the texts, as far as they are ours, that any pattern was asked about meanwhile, in kB. */
  const asked = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      const exec = vi.spyOn(RegExp.prototype, "exec")
      return Effect.ensuring(Effect.map(effect, () => ({ ...exec.mock })), Effect.sync(() => exec.mockRestore()))
    }).pipe(Effect.map(({ calls, contexts }) =>
      calls.flatMap(([text], i) => {
        const pattern = contexts[i]
        // A pattern that is anchored looks at the beginning only.
        const reads = pattern instanceof RegExp && !pattern.source.startsWith("^")
        return reads && text.includes("Zq7") ? [Math.ceil(text.length / 1024)] : []
      })
    ))

  it.effect("of long texts anywhere, patterns read a few kilobytes", () =>
    Effect.gen(function*() {
      const text = "Zq7 token=\"{[https://a:".repeat(1 << 12)
      const error = Object.assign(new Error(text, { cause: text }), {
        name: text,
        stack: text,
        path: [text],
        [text]: text,
        response: { status: 400, data: text, headers: { [text]: text } }
      })
      const context = { symbol: text, url: text, operation: text, attributes: { [text]: text, a: text } }
      const program = Effect.fail(error).pipe(
        Fetch.tracked(context),
        Effect.tapErrorCause((cause) =>
          ErrorLog.log(own({ code: text, extra: error, context }), { cause, message: text })
        ),
        Effect.tapError((error) => Effect.logError(text, { [text]: text }, Cause.fail(error))),
        Effect.annotateLogs(text, text),
        Effect.withLogSpan(text),
        Effect.exit,
        printed,
        Effect.provide([ErrorLog.layerJson, ErrorTracker.layer()])
      )
      const kilobytes = yield* asked(program)
      expect(kilobytes.length).toBeGreaterThan(100)
      expect(Math.max(...kilobytes)).toBeLessThanOrEqual(16)
    }))
})

describe("what is hostile around a fetch changes nothing for it", () => {
  const fetch = Effect.fail(new Error("boom")).pipe(Fetch.tracked({ symbol: "A" }), Effect.flip)

  const survives = (around: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) =>
    Effect.gen(function*() {
      const error = yield* around(fetch)
      expect([error._tag, error.context.symbol]).toEqual(["Unexpected", "A"])
      const tracker = yield* ErrorTracker.ErrorTracker
      expect((yield* tracker.stats()).total).toBe(1)
    }).pipe(Effect.provide(ErrorTracker.layer({ thresholds: { UNEXPECTED: { perMinute: 1 } } })))

  it.effect("a logger that throws", () =>
    survives(Effect.provide(Logger.replace(Logger.defaultLogger, Logger.make(no)))))

  it.effect("a rule that throws", () => survives(Effect.provide(Classifier.layerRules([no]))))

  it.effect("a rule that answers nonsense", () =>
    survives(
      Effect.provide(Classifier.layerRules([() => "nonsense" as never, () => Option.some("nonsense") as never]))
    ))

  it.effect("a subscriber that dies", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const deaf = yield* Effect.fork(tracker.alerts.pipe(Stream.runForEach(() => Effect.die("deaf"))))
      const sleepy = yield* Effect.fork(tracker.alerts.pipe(Stream.runForEach(() => Effect.never)))
      yield* Effect.yieldNow()
      const errors = yield* Effect.all([fetch, fetch, fetch])
      expect(errors.map(({ _tag }) => _tag)).toEqual(["Unexpected", "Unexpected", "Unexpected"])
      expect(Exit.isFailure(yield* Fiber.await(deaf))).toBe(true)
      yield* Fiber.interrupt(sleepy)
      expect((yield* tracker.stats()).total).toBe(3)
    }).pipe(Effect.provide(ErrorTracker.layer({ thresholds: { UNEXPECTED: { perMinute: 1 } } }))))

  it.effect("a storm that throws", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      for (const admit of [no, () => Effect.die("no"), () => Effect.interrupt]) {
        const stormy = withReporting(tracker, { ...reportingOf(tracker), stormGuard: { admit } })
        const error = yield* Effect.provideService(fetch, ErrorTracker.ErrorTracker, stormy)
        expect(error._tag).toBe("Unexpected")
      }
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect("a value that throws when it is captured", () =>
    Effect.gen(function*() {
      for (const value of Object.values(hostile)) yield* Effect.logInfo(value)
      expect((yield* LogCapture.entries).length).toBe(Object.keys(hostile).length)
    }).pipe(Effect.provide(LogCapture.layer)))
})

describe("an interruption is no error", () => {
  const logged = Effect.map(LogCapture.entries, (entries) => entries.map(({ message }) => message))

  it.effect.each<[string, Effect.Effect<unknown, unknown, ErrorTracker.ErrorTracker>]>([
    ["from inside", Effect.interrupt.pipe(Fetch.tracked())],
    ["by a timeout", Effect.never.pipe(Fetch.tracked(), Effect.timeoutOption(0))],
    ["of the loser of a race", Effect.race(Effect.never.pipe(Fetch.tracked()), Effect.succeed(1))],
    ["of a sibling", Effect.all([Effect.never.pipe(Fetch.tracked()), Effect.interrupt], { concurrency: 2 })],
    [
      "within a cause",
      Effect.failCause(Cause.parallel(Cause.interrupt(FiberId.none), Cause.empty)).pipe(Fetch.tracked())
    ],
    ["as a value", Effect.interrupt.pipe(Effect.exit, Effect.flatMap(Effect.fail), Fetch.tracked())]
  ])("%s", ([, effect]) =>
    Effect.gen(function*() {
      yield* Effect.exit(effect)
      expect(yield* logged).toEqual([])
    }).pipe(Effect.provide([LogCapture.layer, ErrorTracker.layer()])))

  it.effect("it is not logged beside a failure", () =>
    Effect.gen(function*() {
      const cause = Cause.parallel(Cause.interrupt(FiberId.none), Cause.fail(new Error("boom")))
      yield* Effect.failCause(cause).pipe(Fetch.tracked(), Fetch.tracked(), Effect.exit)
      expect(yield* logged).toEqual(["Error fetching data: Unexpected error: Error - boom"])
      const [entry] = yield* LogCapture.entries
      expect(Cause.isInterrupted(entry!.cause)).toBe(false)
    }).pipe(Effect.provide([LogCapture.layer, ErrorTracker.layer()])))
})
