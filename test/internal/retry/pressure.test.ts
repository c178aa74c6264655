import { describe, expect, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { ErrorTracker, FetchError } from "effect-errata"
import { pressureIn, pressureOf } from "../../../src/internal/retry/pressure.js"

describe("pressureOf", () => {
  it.each([
    { errors: 0, attempts: 0, pressure: 0 },
    { errors: 0, attempts: 7, pressure: 0 },
    { errors: 1, attempts: 4, pressure: 1 / 14 },
    { errors: 4, attempts: 4, pressure: 4 / 14 },
    // A window of errors may reach further back than one of successes.
    { errors: 5, attempts: 4, pressure: 5 / 15 },
    { errors: 90, attempts: 90, pressure: 0.9 },
    { errors: 100, attempts: 990, pressure: 0.1 },
    { errors: 10, attempts: 0, pressure: 0.5 },
    { errors: 90, attempts: 0, pressure: 0.9 },
    // Another tracker may return anything.
    { errors: NaN, attempts: 0, pressure: 0 },
    { errors: -3, attempts: 4, pressure: 0 },
    { errors: 10, attempts: NaN, pressure: 0.5 },
    { errors: 10, attempts: -1, pressure: 0.5 }
  ])("$errors errors in $attempts attempts: $pressure", ({ attempts, errors, pressure }) => {
    expect(pressureOf(errors, attempts)).toBe(pressure)
  })
})

describe("pressureIn", () => {
  const withTracker = Effect.provide(ErrorTracker.layer())

  /** Of source a: 10 failures of one code and 30 successes; of source b: 10 of another code. */
  const counted = Effect.gen(function*() {
    const tracker = yield* ErrorTracker.ErrorTracker
    for (let i = 0; i < 10; i++) {
      yield* tracker.track(new FetchError.NetworkDns({ context: { source: "a" } }))
      yield* tracker.track(new FetchError.NetworkTimeout({ context: { source: "b" } }))
    }
    for (let i = 0; i < 30; i++) yield* tracker.succeeded({ source: "a" })
    return tracker
  })

  it.effect.each([
    { source: "a", code: "NETWORK_DNS", pressure: 10 / 50 },
    { source: "b", code: "NETWORK_TIMEOUT", pressure: 10 / 20 },
    { source: "b", code: "NETWORK_DNS", pressure: 0 },
    { source: "c", code: "NETWORK_DNS", pressure: 0 },
    { source: undefined, code: "NETWORK_DNS", pressure: 10 / 60 },
    { source: undefined, code: "NETWORK_TIMEOUT", pressure: 10 / 60 },
    { source: undefined, code: "API_AUTH", pressure: 0 }
  ])("of source $source and $code: $pressure", ({ code, pressure, source }) =>
    Effect.gen(function*() {
      expect(yield* pressureIn(yield* counted, source, code)).toBeCloseTo(pressure, 10)
    }).pipe(withTracker))

  it.effect.each(["a", undefined])(
    "of source %s, failures of the last minute count",
    (source) =>
      Effect.gen(function*() {
        const tracker = yield* counted
        yield* TestClock.adjust("59 seconds")
        expect(yield* pressureIn(tracker, source, "NETWORK_DNS")).toBeGreaterThan(0)
        yield* TestClock.adjust("3 seconds")
        expect(yield* pressureIn(tracker, source, "NETWORK_DNS")).toBe(0)
      }).pipe(withTracker)
  )

  it.effect.each(["a", undefined])(
    "of source %s, a tracker that fails knows of no pressure",
    (source) =>
      Effect.gen(function*() {
        const tracker = yield* counted
        const broken = { ...tracker, stats: () => Effect.die("broken"), breakdown: () => Effect.die("broken") }
        expect(yield* pressureIn(broken, source, "NETWORK_DNS")).toBe(0)
        const throwing = () => {
          throw new Error("broken")
        }
        expect(yield* pressureIn({ ...tracker, stats: throwing, breakdown: throwing }, source, "NETWORK_DNS")).toBe(0)
      }).pipe(withTracker)
  )
})
