import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { Tally } from "../../../../src/internal/tracker/counting/tally.js"

const milli = 1e6
const minute = 60e9

const tallyOf = (times: ReadonlyArray<number>) => {
  const tally = new Tally()
  for (const time of times) tally.add(time)
  return tally
}

describe("Tally", () => {
  it("counts since the start, and in windows", () => {
    const tally = tallyOf([0, 1, minute, 2 * minute])
    expect([tally.total, tally.count(undefined, 9 * minute)]).toEqual([4, 4])
    expect([tally.count(minute, 2 * minute), tally.count(2 * minute, 2 * minute)]).toEqual([2, 4])
  })

  it("a copy does not change with it", () => {
    const tally = tallyOf([0, 5])
    const copy = tally.copy()
    tally.add(6)
    expect([copy.total, copy.count(minute, 6)]).toEqual([2, 2])
    copy.add(7)
    copy.add(8)
    expect([tally.total, tally.count(minute, 8)]).toEqual([3, 3])
  })

  it("a snapshot has ages in milliseconds, rounded up, the oldest first", () => {
    expect(tallyOf([0, 0.4 * milli, 3 * milli]).snapshot(5 * milli)).toEqual({ total: 3, ages: [[5, 5, 2]] })
    expect(new Tally().snapshot(0).total).toBe(0)
  })

  it("restored at another time it counts the same in windows of whole milliseconds, then and later", () =>
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(FastCheck.nat(50), { maxLength: 20 }),
        FastCheck.nat(20),
        FastCheck.nat(1000),
        (steps, wait, at) => {
          let now = 0
          // In quarters of a millisecond.
          const tally = tallyOf(steps.map((step) => now += step * milli / 4))
          now += wait * milli / 4
          const restored = new Tally()
          restored.add(1)
          restored.restore(tally.snapshot(now), at * milli)
          expect(restored.total).toBe(steps.length)
          for (const later of [0, 1, 7]) {
            for (const window of [1, 3, 10, 100, 1000]) {
              expect(restored.count(window * milli, (at + later) * milli)).toBe(
                tally.count(window * milli, now + later * milli)
              )
            }
          }
        }
      ),
      { seed: 1, numRuns: 100 }
    ))
})
