import { describe, expect, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { MinuteBars, type Totals } from "../../src/dashboard/internal/minuteBars.js"

interface Event {
  readonly at: number
  readonly code: string
}

const step = 60_000
const steps = 5

/** What a tracker counts: all events since an instant. */
const totalsOf = (events: ReadonlyArray<Event>, now: number) => (start: number): Totals => {
  const counted = events.filter(({ at }) => at >= start && at <= now)
  const errors: Record<string, number> = {}
  for (const { code } of counted) errors[code] = (errors[code] ?? 0) + 1
  return { errors, calls: counted.length * 2, failures: counted.length }
}

const naive = (events: ReadonlyArray<Event>, now: number, code: string) => {
  const first = Math.floor(now / step) * step - (steps - 1) * step
  return Array.from(
    { length: steps },
    (_, i) =>
      events.filter(({ at, code: own }) =>
        own === code && at <= now && at >= first + i * step && at < first + (i + 1) * step
      ).length
  )
}

describe("MinuteBars", () => {
  it("counts what a naive count does, at any sequence of instants", () => {
    const events = fc.array(
      fc.record({ at: fc.integer({ min: 0, max: 20 * step }), code: fc.constantFrom("A", "B") }),
      {
        maxLength: 60
      }
    )
    const instants = fc.array(fc.integer({ min: 0, max: 20 * step }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(events, instants, (events, instants) => {
        const bars = new MinuteBars({ step, steps })
        for (const now of instants.toSorted((a, b) => a - b)) {
          const since = totalsOf(events, now)
          const needed = bars.needed(now)
          const row = bars.row(now, (start) => {
            // Only what was asked for is known.
            expect(needed.has(start)).toBe(true)
            return since(start)
          })
          for (const code of ["A", "B"]) {
            expect(row.errors[code] ?? Array.from({ length: steps }, () => 0)).toEqual(naive(events, now, code))
          }
          const all = naive(events, now, "A").map((n, i) => n + naive(events, now, "B")[i]!)
          expect(row.failures).toEqual(all)
          expect(row.calls).toEqual(all.map((n) => 2 * n))
        }
      }),
      { seed: 7, numRuns: 300 }
    )
  })

  it("counts only the step under way again", () => {
    const bars = new MinuteBars({ step, steps })
    bars.row(10.5 * step, totalsOf([], 0))
    expect(bars.needed(10.7 * step)).toEqual(new Set([10 * step]))
    expect(bars.needed(11.2 * step)).toEqual(new Set([11 * step, 10 * step]))
    bars.clear()
    expect(bars.needed(10.7 * step).size).toBe(steps)
    bars.row(10.7 * step, totalsOf([], 0))
    expect(bars.needed(10.9 * step).size).toBe(1)
  })
})
