import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Fiber, TestClock } from "effect"
import { LogCapture } from "effect-errata/testing"
import { repeatCleanUp } from "../../../src/internal/tracker/cleanUp.js"

/** Runs the schedule; the instants in seconds at which it cleaned up. */
const scheduled = (untilDue: () => Duration.DurationInput, every: Duration.DurationInput = "1 minute") =>
  Effect.gen(function*() {
    const changed = yield* Effect.makeLatch()
    const runs: Array<number> = []
    const cleanUp = Effect.map(TestClock.currentTimeMillis, (now) => {
      runs.push(now / 1000)
      return Duration.decode(untilDue())
    })
    const fiber = yield* Effect.forkScoped(repeatCleanUp(cleanUp, { changed, every: Duration.decode(every) }))
    yield* TestClock.adjust(0)
    return { changed, fiber, runs }
  })

describe("repeatCleanUp", () => {
  it.scoped("runs when an alert can be over, at most as often as allowed, and at least once a day", () =>
    Effect.gen(function*() {
      const waits: Array<Duration.DurationInput> = ["10 minutes", "1 second", "3 days", "1 hour"]
      const { runs } = yield* scheduled(() => waits.shift() ?? "1 hour")
      yield* TestClock.adjust("1 day")
      yield* TestClock.adjust("12 minutes")
      expect(runs).toEqual([0, 600, 660, 86_400 + 660])
    }))

  it.scoped("a new alert starts the schedule again, which changes no wait after it", () =>
    Effect.gen(function*() {
      let wait: Duration.DurationInput = "1 day"
      const { changed, runs } = yield* scheduled(() => wait)
      yield* TestClock.adjust("10 seconds")
      wait = "1 minute"
      yield* changed.open
      yield* TestClock.adjust("2 minutes")
      expect(runs).toEqual([0, 10, 70, 130])
    }))

  it.scoped("one that dies is logged, tried again a minute later, and never ends the fiber", () =>
    Effect.gen(function*() {
      let n = 0
      const { fiber, runs } = yield* scheduled(() => {
        if (++n < 3) throw new RangeError("broken")
        return "1 hour"
      }, "1 second")
      yield* TestClock.adjust("2 hours")
      expect(runs).toEqual([0, 60, 120, 3720])
      expect(yield* Fiber.poll(fiber)).toMatchObject({ _tag: "None" })
      const entries = yield* LogCapture.entries
      expect(entries.map(({ level, message }) => `${level} ${message}`)).toEqual([
        "Error The clean-up of the error tracker failed; next attempt in 1 minute",
        "Error The clean-up of the error tracker failed; next attempt in 1 minute"
      ])
    }).pipe(Effect.provide(LogCapture.layer)))
})
