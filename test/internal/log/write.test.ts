import { describe, expect, it } from "@effect/vitest"
import { Cause, Context, Effect, FiberRef, FiberRefs, HashMap, List, Logger, LogLevel, Option, Tracer } from "effect"
import { ErrorLog, ErrorTracker, Fetch, FetchError } from "effect-errata"
import { LogCapture } from "effect-errata/testing"
import * as FastCheck from "effect/FastCheck"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { write, writeDetached } from "../../../src/internal/log/write.js"

const evil = "a\n\u001b[2J\u001b]0;x\u0007\u202Eb\u200Bc\u2028\r\ufeff"

// oxlint-disable-next-line no-control-regex -- that there are none is the point
const unclean = /[\u0000-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF]/

/** All texts in a value, keys included. */
const textsOf = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string"
    ? [value]
    : typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, value]) => [key, ...textsOf(value)])
    : []

const own: FetchError.Trackable & { readonly issues: unknown } = {
  _tag: evil,
  code: evil,
  category: evil,
  severity: "ERROR",
  message: evil,
  context: { symbol: evil, source: evil, url: evil, operation: evil, attributes: { [evil]: evil } },
  issues: [{ path: evil, message: evil, [evil]: [evil, { [evil]: evil }] }]
}

describe("what loggers receive is clean", () => {
  const lines: Readonly<Record<string, Effect.Effect<unknown, unknown>>> = {
    "write": write(LogLevel.Error, evil, { [evil]: evil, nested: [{ [evil]: evil }] }),
    "writeDetached": writeDetached(LogLevel.Error, evil, { [evil]: evil }),
    "an error": ErrorLog.log(own),
    "an error with a message and a cause": ErrorLog.log(own, {
      message: evil,
      cause: Cause.die(Object.assign(new Error(evil), { name: evil }))
    }),
    "the sums of a storm": Effect.scoped(
      Effect.flatMap(Effect.scope, (scope) => {
        const storm = ErrorLog.makeStorm(scope)
        return Effect.repeatN(ErrorLog.log(own, { storm }), 200)
      })
    ),
    "Fetch.tracked": Effect.exit(Effect.fail(own).pipe(Fetch.tracked(), Effect.provide(ErrorTracker.layerNoop)))
  }
  it.effect.each(Object.keys(lines))("%s", (name) =>
    Effect.gen(function*() {
      yield* lines[name]!
      const entries = yield* LogCapture.entries
      expect(entries.length).toBeGreaterThan(0)
      for (const { annotations, cause, message } of entries) {
        for (const text of [message, ...textsOf(annotations)]) expect(text).not.toMatch(unclean)
        // A cause is printed over several lines: its messages and names are clean.
        for (const error of [...Cause.failures(cause), ...Cause.defects(cause)]) {
          expect(error).toMatchObject({
            name: expect.not.stringMatching(unclean),
            message: expect.not.stringMatching(unclean)
          })
        }
      }
    }).pipe(Effect.provide(LogCapture.layer)))

  it.effect("loggers of other people print one line that no text can forge", () =>
    Effect.gen(function*() {
      const printed: Array<string> = []
      for (const logger of [Logger.stringLogger, Logger.logfmtLogger, Logger.jsonLogger]) {
        const into = Logger.make((entry) => void printed.push(logger.log(entry)))
        yield* write(LogLevel.Error, evil, { [evil]: evil }).pipe(
          Effect.provide(Logger.replace(Logger.defaultLogger, into))
        )
      }
      expect(printed.length).toBe(3)
      for (const line of printed) expect(line).not.toMatch(unclean)
    }))
})

describe("work is bounded by what a line shows", () => {
  const megabytes = (() => {
    const text = "x=\"token\" y ".repeat(100)
    const leaf = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`k${i}`, text]))
    const branch = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`b${i}`, leaf]))
    return Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`a${i}`, branch]))
  })()

  it.effect.each([["text", ErrorLog.layerText], ["json", ErrorLog.layerJson]] as const)(
    "4 MB of nested annotations, as %s: few of them are read",
    ([, layer]) =>
      Effect.gen(function*() {
        let reads = 0
        const counting = (value: object): object =>
          new Proxy(value, {
            get: (target, key) => {
              reads++
              const found: unknown = Reflect.get(target, key)
              return typeof found === "object" && found !== null ? counting(found) : found
            }
          })
        yield* Effect.logInfo("m", counting(megabytes)).pipe(
          Effect.annotateLogs({ a: counting(megabytes), b: counting(megabytes), c: counting(megabytes) }),
          Effect.provide(layer)
        )
        yield* Effect.provide(write(LogLevel.Info, "m", { a: counting(megabytes), b: counting(megabytes) }), layer)
        expect(reads).toBeGreaterThan(10)
        expect(reads).toBeLessThan(2_000)
      })
  )

  it.effect("any annotations: the line holds the leading ones, and says how many it leaves out", () =>
    Effect.gen(function*() {
      yield* Effect.forEach(
        FastCheck.sample(FastCheck.dictionary(FastCheck.string(), FastCheck.jsonValue()), { numRuns: 50, seed: 3 }),
        (annotations) => write(LogLevel.Info, "m", { ...annotations, error_type: "E", symbol: "S" })
      )
      const entries = yield* LogCapture.entries
      expect(entries.length).toBe(50)
      for (const { annotations } of entries) expect(annotations).toMatchObject({ error_type: "E", symbol: "S" })
      yield* write(
        LogLevel.Info,
        "m",
        Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, "x".repeat(999)]))
      )
      const last = (yield* LogCapture.entries).at(-1)
      expect(last?.annotations["…"]).toMatch(/^\d+ more$/)
    }).pipe(Effect.provide(LogCapture.layer)))
})

describe("a detached line", () => {
  it.effect("has no annotations, log spans or trace of the fetch around it; those of its own stay", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const logger = Logger.make(({ annotations, context, spans }) =>
        void seen.push([
          HashMap.toEntries(annotations),
          List.size(spans),
          Option.isSome(Context.getOption(FiberRefs.getOrDefault(context, FiberRef.currentContext), Tracer.ParentSpan))
        ])
      )
      yield* writeDetached(LogLevel.Info, "m", { own: 1 }).pipe(
        Effect.withSpan("fetch"),
        Effect.withLogSpan("fetch"),
        Effect.annotateLogs("requestId", "r31"),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger))
      )
      expect(seen).toEqual([[[["own", 1]], 0, false]])
    }))

  it.effect("the sums of a storm are such, whichever fetch they come due in", () =>
    Effect.gen(function*() {
      const error = new FetchError.NetworkDns()
      yield* Effect.forEach(
        Array.from({ length: 200 }, (_, i) => i),
        (i) =>
          Effect.fail(error).pipe(
            Fetch.tracked({ attributes: { requestId: `r${i}` } }),
            Effect.ignore,
            Effect.withLogSpan("fetch"),
            Effect.annotateLogs("requestId", `r${i}`)
          )
      )
      const sums = (yield* LogCapture.entries).filter(({ message }) => message.includes(" more "))
      expect(sums.length).toBe(2)
      for (const { annotations, spans } of sums) {
        expect(Object.keys(annotations).sort()).toEqual(["count", "error_type"])
        expect(spans).toEqual([])
      }
    }).pipe(Effect.provide([ErrorTracker.layer({ thresholds: { NETWORK_DNS: {} } }), LogCapture.layer])))
})

/** Lines about alerts, which the tracker writes itself. */
const alertLines = [join("internal", "tracker", "memory.ts"), join("internal", "tracker", "alerting", "alertLog.ts")]

it("everything in src logs through `write`", () => {
  const src = join(import.meta.dirname, "../../../src")
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"))
  const found = files.filter((file) => ![join("internal", "log", "write.ts"), ...alertLines].includes(file)).flatMap((
    file
  ) =>
    readFileSync(join(src, file), "utf8").split("\n")
      .filter((line) => !/^\s*(?:\*|\/\/|\/\*)/.test(line))
      .filter((line) => /\bEffect\.(?:log(?!Level)\w*|annotateLogs)\(/.test(line))
      .map((line) => `${file}: ${line.trim()}`)
  )
  expect(found).toEqual([])
})
