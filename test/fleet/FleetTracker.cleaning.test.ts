/** The memory of a fleet under a stream of ever new values. */
import { describe, expect, it } from "@effect/vitest"
import { FetchError } from "effect-errata"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as TestClock from "effect/TestClock"
import { OwnCounts } from "../../src/fleet/internal/tracker/ownCounts.js"
import { virtualFleet } from "./virtualFleet.js"

const minute = 60_000

describe("cleaning of a fleet", () => {
  it.scoped("the series of values that no longer occur are freed while others are counted", () =>
    Effect.gen(function*() {
      const fleet = virtualFleet()
      const { tracker } = yield* fleet.start({ dimensions: ["symbol"], thresholds: { NETWORK_TIMEOUT: {} } })
      const sizes: Array<number> = []
      for (let i = 0; i < 12; i++) {
        for (let j = 0; j < 20; j++) {
          yield* tracker.track(new FetchError.NetworkTimeout({ context: { symbol: `S${i}.${j}` } }))
        }
        yield* TestClock.adjust("1 minute")
        sizes.push(fleet.shared.counts.sizeOf(minute))
      }
      // A minute of values, and those that were counted since the last round.
      expect(Math.max(...sizes)).toBeLessThan(100)
      expect(sizes.at(-1)).toBeLessThanOrEqual(sizes[4] ?? 0)
      expect((yield* tracker.stats()).total).toBe(240)
    }))

  it.prop("a process forgets what it has counted after the window, and nothing before", [
    fc.array(fc.record({ field: fc.nat(5000), count: fc.integer({ min: 1, max: 5 }), wait: fc.nat(20_000) }), {
      minLength: 1,
      maxLength: 300
    })
  ], ([events]) => {
    const own = new OwnCounts(() => true)
    const counted: Array<{ readonly field: string; readonly count: number; readonly at: number }> = []
    let now = 1e12
    for (const [i, { count, field, wait }] of events.entries()) {
      now += wait
      const change = { group: "e", field: `f${field}`, count }
      own.add({ seq: i + 1, at: 0, windows: [minute], series: [change] }, now)
      counted.push({ ...change, at: now })
      const step = (at: number) => Math.floor(at / 1000)
      const inside = counted.filter(({ at }) => step(now) - step(at) <= 60)
      const sum = (name: string) =>
        inside.filter(({ field }) => field === name).reduce((sum, { count }) => sum + count, 0)
      expect(own.sum("e", change.field, minute, now)).toBe(sum(change.field))
      // A round over all takes half as many batches as there are series.
      const kept = new Set(counted.slice(-2 * (inside.length + 1)).map(({ field }) => field))
      expect(own.size).toBeLessThanOrEqual(Math.max(kept.size, 2 * inside.length + 2))
    }
  })
})
