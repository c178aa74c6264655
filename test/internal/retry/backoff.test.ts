import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { delayOf } from "../../../src/internal/retry/backoff.js"

const share = FastCheck.double({ min: 0, max: 1, noNaN: true })
const curve = FastCheck.tuple(
  FastCheck.double({ min: 1, max: 1e6, noNaN: true }),
  FastCheck.double({ min: 1, max: 2 ** 31, noNaN: true })
).map(([a, b]) => ({ base: Math.min(a, b), cap: Math.max(a, b) }))

describe("delayOf", () => {
  it.each([
    { failed: 1, pressure: 0, draw: 0, delay: 100 },
    { failed: 1, pressure: 0, draw: 0.5, delay: 150 },
    { failed: 1, pressure: 0, draw: 1, delay: 200 },
    { failed: 2, pressure: 0, draw: 1, delay: 400 },
    { failed: 3, pressure: 0, draw: 1, delay: 800 },
    { failed: 6, pressure: 0, draw: 1, delay: 6400 },
    { failed: 7, pressure: 0, draw: 1, delay: 10_000 },
    { failed: 7, pressure: 0, draw: 0, delay: 5000 },
    { failed: 1, pressure: 0.5, draw: 1, delay: 500 },
    { failed: 1, pressure: 1, draw: 1, delay: 800 },
    { failed: 1, pressure: 1, draw: 0, delay: 400 },
    { failed: 6, pressure: 1, draw: 1, delay: 10_000 }
  ])("after $failed failures, pressure $pressure, draw $draw: $delay ms", ({ delay, draw, failed, pressure }) => {
    expect(delayOf({ base: 200, cap: 10_000 }, failed, pressure, draw)).toBe(delay)
  })

  it("is finite, and between half of the cap and the cap, at attempt 5,000", () => {
    FastCheck.assert(FastCheck.property(curve, share, share, (curve, pressure, draw) => {
      for (const failed of [61, 1023, 1024, 1025, 5000, Number.MAX_SAFE_INTEGER]) {
        const delay = delayOf(curve, failed, pressure, draw)
        expect(delay).toBeGreaterThanOrEqual(curve.cap / 2)
        expect(delay).toBeLessThanOrEqual(curve.cap)
      }
    }))
  })

  it("meets its specification", () => {
    FastCheck.assert(
      FastCheck.property(curve, FastCheck.integer({ min: 1, max: 30 }), share, share, (curve, n, pressure, draw) => {
        // By repeated doubling, from the description.
        let unjittered = curve.base + 3 * curve.base * pressure
        for (let i = 1; i < n; i++) unjittered += unjittered
        if (unjittered > curve.cap) unjittered = curve.cap
        expect(delayOf(curve, n, pressure, draw)).toBeCloseTo(unjittered / 2 + draw * unjittered / 2, 3)
      })
    )
  })

  it("never shrinks with failures, with pressure or with the draw", () => {
    FastCheck.assert(
      FastCheck.property(
        curve,
        FastCheck.integer({ min: 1, max: 100 }),
        share,
        share,
        share,
        share,
        (curve, n, pressure1, pressure2, draw1, draw2) => {
          const [low, high] = [Math.min(pressure1, pressure2), Math.max(pressure1, pressure2)]
          expect(delayOf(curve, n + 1, low, draw1)).toBeGreaterThanOrEqual(delayOf(curve, n, low, draw1))
          expect(delayOf(curve, n, high, draw1)).toBeGreaterThanOrEqual(delayOf(curve, n, low, draw1))
          expect(delayOf(curve, n, low, Math.max(draw1, draw2))).toBeGreaterThanOrEqual(
            delayOf(curve, n, low, Math.min(draw1, draw2))
          )
        }
      )
    )
  })
})
