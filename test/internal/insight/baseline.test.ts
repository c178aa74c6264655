import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { expected, normals } from "../../../src/internal/insight/baseline.js"
import { logTail, quantileAbove } from "../../../src/internal/insight/distribution.js"
import { poisson, seeded } from "./lives.js"

const one = (samples: ReadonlyArray<number>) => normals([samples])[0]!
const p = (count: number, samples: ReadonlyArray<number>) => Math.exp(logTail(count, expected(one(samples))))
const repeated = (pattern: ReadonlyArray<number>, times: number) => Array.from({ length: times }, () => pattern).flat()

describe("baseline", () => {
  it("flat, silent and sparse histories have a mean, and a spread", () => {
    expect(one(repeated([5], 100)).mean).toBeCloseTo(5, 1)
    expect(one(repeated([0], 100)).mean).toBeCloseTo(0.005, 6)
    expect(one(repeated([0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 10)).mean).toBeCloseTo(0.105, 6)
    expect(normals([[]])).toEqual([])
  })

  // How improbable a count is after a history: the decision table of what is an anomaly (below 1e-5).
  it.each([
    { history: "a silent week", samples: repeated([0], 168), fine: [0, 1, 2, 3, 4], wrong: [7, 10, 1000] },
    { history: "four silent weeks", samples: repeated([0], 672), fine: [0, 1, 2, 3], wrong: [6, 10, 1000] },
    { history: "six silent hours", samples: repeated([0], 6), fine: [0, 1, 2, 5], wrong: [20, 1000] },
    { history: "one event a day", samples: repeated([1, ...repeated([0], 23)], 14), fine: [0, 1, 2, 4], wrong: [11] },
    { history: "always five", samples: repeated([5], 168), fine: [0, 5, 10, 15], wrong: [30, 100] },
    {
      history: "five, give or take",
      samples: repeated([2, 8, 5, 3, 7, 4, 6], 24),
      fine: [0, 12, 15],
      wrong: [30, 100]
    },
    { history: "always a hundred", samples: repeated([100], 168), fine: [100, 150], wrong: [200, 1000] },
    { history: "half of the time 0, else 40", samples: repeated([0, 40], 84), fine: [0, 40, 80], wrong: [600] },
    { history: "a fifth of the time 50", samples: repeated([0, 0, 50, 0, 0], 40), fine: [50, 90], wrong: [1000] },
    { history: "very much", samples: repeated([1e6], 168), fine: [1e6, 1.4e6], wrong: [2e6] }
  ])("after $history, $fine are fine, $wrong are not", ({ fine, samples, wrong }) => {
    for (const count of fine) expect(p(count, samples)).toBeGreaterThan(1e-5)
    for (const count of wrong) expect(p(count, samples)).toBeLessThan(1e-5)
  })

  it("a spike of up to a tenth of the time changes hardly anything", () => {
    const quiet = repeated([2, 8, 5, 3, 7, 4, 6], 24)
    const before = one(quiet)
    for (const hours of [1, 5, 16]) {
      for (const height of [50, 1000, 1e6]) {
        const spiked = quiet.with(0, height)
        for (let i = 1; i < hours; i++) spiked[i * 3] = height
        const after = one(spiked)
        expect(after.mean / before.mean).toBeGreaterThan(0.9)
        expect(after.mean / before.mean).toBeLessThan(1.4)
        expect(p(60, spiked)).toBeLessThan(1e-5)
      }
    }
  })

  it("a spike is as extraordinary tomorrow as it was today", () => {
    const silent = repeated([0], 24)
    expect(p(500, silent)).toBeLessThan(1e-5)
    expect(p(500, [...silent.slice(2), 500, 500])).toBeLessThan(1e-5)
  })

  it("what is common is normal, however rough", () => {
    const rough = repeated([0, 0, 0, 300, 0, 0, 250, 0], 21)
    expect(p(300, rough)).toBeGreaterThan(0.01)
  })

  it("hours of the day are distinguished where they differ, and only there", () => {
    const random = seeded(1)
    const samples = (rate: (hour: number) => number) =>
      Array.from({ length: 24 }, (_, hour) => Array.from({ length: 14 }, () => poisson(random, rate(hour))))
    const same = normals(samples(() => 10))
    for (const { mean } of same) expect(Math.abs(mean - 10)).toBeLessThan(2)
    expect(Math.max(...same.map(({ mean }) => mean)) - Math.min(...same.map(({ mean }) => mean))).toBeLessThan(1.5)
    const daily = normals(samples((hour) => hour === 9 ? 60 : 5))
    expect(daily[9]?.mean).toBeGreaterThan(50)
    expect(daily[3]?.mean).toBeLessThan(8)
    expect(Math.exp(logTail(60, expected(daily[9]!)))).toBeGreaterThan(0.1)
    expect(Math.exp(logTail(60, expected(daily[3]!)))).toBeLessThan(1e-5)
  })

  it("an hour of the day without data is estimated from the others", () => {
    const [seen, unseen] = normals([repeated([8, 9, 10], 5), [], repeated([1, 2], 7)])
    expect(seen?.mean).toBeGreaterThan(8)
    expect(unseen?.mean).toBeGreaterThan(4)
    expect(unseen?.mean).toBeLessThan(7)
  })

  it("a longer history is surer", () => {
    const range = (hours: number) => {
      const counts = expected(one(repeated([4, 6], hours / 2)))
      return quantileAbove(1e-5, counts)
    }
    expect(range(6)).toBeGreaterThan(range(24))
    expect(range(24)).toBeGreaterThan(range(672))
  })

  it("is a finite number for any history", () => {
    const sample = FastCheck.oneof(FastCheck.nat(3), FastCheck.nat(1000), FastCheck.nat(1e9), FastCheck.constant(0))
    const groups = FastCheck.array(FastCheck.array(sample, { maxLength: 40 }), { minLength: 1, maxLength: 24 })
    FastCheck.assert(FastCheck.property(groups, (groups) => {
      const answers = normals(groups)
      expect(answers.length === groups.length || groups.flat().length === 0).toBe(true)
      for (const normal of answers) {
        const counts = expected(normal)
        expect(counts.mean).toBeGreaterThan(0)
        expect(counts.size).toBeGreaterThan(0)
        expect(counts.size).toBeLessThanOrEqual(100)
        expect(normal.mean).toBeLessThanOrEqual(Math.max(...groups.flat()) + 0.5)
        expect(normal.samples).toBeGreaterThan(0)
        expect(normal.samples).toBeLessThanOrEqual(groups.flat().length * 1.0001)
      }
    }))
  })

  it("does not mind the order", () => {
    const samples = FastCheck.array(FastCheck.nat(50), { minLength: 1, maxLength: 50 })
    FastCheck.assert(FastCheck.property(samples, (samples) => {
      expect(one(samples.toReversed()).mean).toBeCloseTo(one(samples).mean, 9)
    }))
  })
})
