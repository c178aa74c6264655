import { describe, expect, it } from "@effect/vitest"
import { Cause, Console, Context, Effect, Layer, Logger, LogLevel, TestClock } from "effect"
import { LogCapture } from "effect-errata/testing"

const program = Effect.gen(function*() {
  yield* Effect.logTrace("t")
  yield* Effect.logWarning("slow", { took: 3 }, "end").pipe(
    Effect.annotateLogs({ symbol: "BTCUSDT", raw: { a: 1 } }),
    Effect.withLogSpan("inner"),
    Effect.withLogSpan("outer")
  )
  yield* Effect.logFatal("f", Cause.fail("why"))
})

const captured = Effect.gen(function*() {
  yield* program
  const [first, second, third] = yield* LogCapture.entries
  expect(first).toMatchObject({ level: "Trace", message: "t", annotations: {}, spans: [] })
  expect(second).toMatchObject({
    level: "Warning",
    message: "slow {\"took\":3} end",
    annotations: { symbol: "BTCUSDT", raw: { a: 1 } },
    spans: ["inner", "outer"],
    cause: Cause.empty
  })
  expect(third).toMatchObject({ level: "Fatal", cause: Cause.fail("why") })
  expect(yield* LogCapture.text).toBe("[Trace] t\n[Warning] slow {\"took\":3} end\n[Fatal] f")
  expect((yield* LogCapture.at("Warning")).map(({ message }) => message)).toEqual([second?.message])
})

describe("LogCapture", () => {
  it.effect("in it.effect", () => Effect.provide(captured, LogCapture.layer))
  it.live("in it.live", () => Effect.provide(captured, LogCapture.layer))

  it.live("in place of printing", () =>
    Effect.gen(function*() {
      let printed = 0
      const console = yield* Console.consoleWith(Effect.succeed)
      yield* program.pipe(
        Effect.provide(LogCapture.layer),
        Effect.withConsole({ ...console, unsafe: { ...console.unsafe, log: () => void printed++ } })
      )
      expect(printed).toBe(0)
    }))

  it.effect("entries have the time of the Clock, and are a copy", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 minute")
      yield* Effect.log("x")
      const before = yield* LogCapture.entries
      yield* Effect.log("y")
      expect(before.map(({ date }) => date.getTime())).toEqual([60_000])
    }).pipe(Effect.provide(LogCapture.layer)))

  it.effect("clear forgets", () =>
    Effect.gen(function*() {
      yield* Effect.log("x")
      yield* LogCapture.clear
      expect(yield* LogCapture.entries).toEqual([])
      yield* Effect.log("y")
      expect(yield* LogCapture.text).toBe("[Info] y")
    }).pipe(Effect.provide(LogCapture.layer)))

  it.effect("each build has a buffer of its own", () =>
    Effect.gen(function*() {
      yield* Effect.provide(Effect.log("x"), LogCapture.layer)
      expect(yield* Effect.provide(LogCapture.text, LogCapture.layer)).toBe("")
    }))

  it.effect("a minimum level inside still holds", () =>
    Effect.gen(function*() {
      yield* Effect.logDebug("x").pipe(Logger.withMinimumLogLevel(LogLevel.Info))
      expect(yield* LogCapture.entries).toEqual([])
    }).pipe(Effect.provide(LogCapture.layer)))

  it.effect("what a layer on top of it forks is captured", () =>
    Effect.gen(function*() {
      class Worker extends Context.Tag("Worker")<Worker, true>() {}
      const worker = Layer.scoped(
        Worker,
        Effect.as(Effect.forkScoped(Effect.delay(Effect.log("swept"), "1 minute")), true as const)
      )
      yield* Effect.gen(function*() {
        yield* TestClock.adjust("1 minute")
        expect(yield* LogCapture.text).toBe("[Info] swept")
      }).pipe(Effect.provide(Layer.provideMerge(worker, LogCapture.layer)))
    }))
})
