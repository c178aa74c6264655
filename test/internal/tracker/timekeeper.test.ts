import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import * as FastCheck from "effect/FastCheck"
import { Timekeeper } from "../../../src/internal/tracker/timekeeper.js"

const second = 1_000_000_000

const timekeeperOf = (clock: { nanos: () => unknown; millis?: () => number }) =>
  new Timekeeper({
    ...Effect.runSync(Effect.clock),
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeNanos: clock.nanos as () => bigint,
    unsafeCurrentTimeMillis: clock.millis ?? (() => 0)
  })

describe("Timekeeper", () => {
  it("Law 4: follows the clock exactly while it does not go back", () => {
    let nanos = 1_700_000_000_000_000_123n
    const time = timekeeperOf({ nanos: () => nanos })
    for (const passed of [0n, 1n, 999n, 86_400_000_000_000n]) {
      nanos += passed
      time.read()
    }
    expect(time.now).toBe(86_400_000_001_000)
  })

  it("Law 4: for any faults of the clock, time never goes back and never stands still for more than a second", () => {
    // The true time that passes between two readings, and how far off the clock is at the second one.
    const step = FastCheck.tuple(
      FastCheck.integer({ min: 0, max: 100 * second }),
      FastCheck.constantFrom<unknown>(
        undefined,
        -500_000_000,
        -3 * second,
        3600 * second,
        -3600 * second,
        "throws",
        NaN
      )
    )
    FastCheck.assert(
      FastCheck.property(FastCheck.array(step, { maxLength: 40 }), (steps) => {
        let [truth, shift, fault]: [number, number, unknown] = [0, 0, undefined]
        const time = timekeeperOf({
          nanos: () => {
            if (fault === "throws") throw new Error("clock")
            return Number.isNaN(fault) ? NaN : BigInt(truth + shift)
          }
        })
        let before = 0
        for (const [passed, what] of steps) {
          truth += passed
          fault = typeof what === "number" && !Number.isNaN(what) ? undefined : what
          if (typeof what === "number" && !Number.isNaN(what)) shift += what
          expect(time.read().now).toBeGreaterThanOrEqual(before)
          before = time.now
        }
        fault = undefined
        time.read()
        const [from, at] = [time.now, truth]
        for (let i = 0; i < 10; i++) {
          truth += second
          time.read()
        }
        expect(time.now - from).toBeGreaterThanOrEqual(truth - at - second)
      }),
      { seed: 7, numRuns: 300 }
    )
  })

  it("Law 4: a clock that is wrong for one reading has lost and gained nothing when it is right again", () => {
    let nanos = 0n
    const time = timekeeperOf({ nanos: () => nanos })
    for (const reading of [3600n, 5n, 3601n]) {
      nanos = reading * BigInt(second)
      time.read()
    }
    expect(time.now).toBe(3601 * second)
  })

  it("Law 4: a clock whose readings are negative at first", () => {
    let nanos = -5n * BigInt(second)
    const time = timekeeperOf({ nanos: () => nanos })
    nanos = 7n * BigInt(second)
    expect(time.read().now).toBe(12 * second)
  })

  it("Law 4: a clock that is set back and forth by an hour every second neither stops nor races", () => {
    let nanos = 0n
    const time = timekeeperOf({ nanos: () => nanos })
    for (let i = 1; i <= 100; i++) {
      nanos = BigInt(i - (i % 2) * 3600) * BigInt(second)
      time.read()
    }
    expect(time.now).toBeLessThanOrEqual(100 * second)
    expect(time.now).toBeGreaterThanOrEqual(98 * second)
  })

  it("a wall clock that is not a number keeps its last value", () => {
    let millis = 17
    const time = timekeeperOf({ nanos: () => 0n, millis: () => millis })
    expect(time.wall).toBe(17)
    millis = NaN
    expect(time.wall).toBe(17)
  })

  it("a clock that begins to work late begins at 0", () => {
    let reading: unknown = NaN
    const time = timekeeperOf({ nanos: () => reading })
    reading = 10n ** 18n
    expect(time.read().now).toBe(0)
    reading = 10n ** 18n + 5n
    expect(time.read().now).toBe(5)
  })
})
