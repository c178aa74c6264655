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

describe("normals, worked out", () => {
  const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((total, n) => total + n, 0)

  // Means of 2 and 10, overall 24.5 / 4; the variance within groups is the overall mean at least.
  it("two groups that differ: the mean of each with its credibility", () => {
    const overall = 6.125
    const between = 4.125 ** 2 + 3.875 ** 2 - overall / 2
    const weight = between / (between + overall / 2)
    const found = normals([[1, 3], [9, 11]])
    const means = [overall - weight * 4.125, overall + weight * 3.875]
    expect(found.map(({ mean }) => mean)).toEqual(means.map((mean) => expect.closeTo(mean, 10)))
    expect(found[0]!.samples).toBeCloseTo(1 / (weight / 2 + (1 - weight) / 4), 10)
    const excess = 4 * (overall / 2) ** 2 +
      sum([1, 3].map((n) => (n - means[0]!) ** 2 - means[0]!)) +
      sum([9, 11].map((n) => (n - means[1]!) ** 2 - means[1]!))
    const squares = 4 * overall ** 2 + 2 * means[0]! ** 2 + 2 * means[1]! ** 2
    expect(found[0]!.size).toBeCloseTo(Math.min(100, squares / Math.max(0, excess)), 8)
    expect(found[1]!.size).toBe(found[0]!.size)
  })

  it("groups of different lengths that vary much, and an empty one, which has the mean of all", () => {
    const groups = [[0, 40, 20], [100, 60, 80, 90], []]
    const overall = 390.5 / 7
    const [first, second] = [20, 82.5]
    // (400 + 400 + 0 + 306.25 + 506.25 + 6.25 + 56.25) / (7 − 2): more than the overall mean.
    const within = 1675 / 5
    const between = (first - overall) ** 2 + (second - overall) ** 2 - within * (1 / 3 + 1 / 4) / 2
    const weights = [between / (between + within / 3), between / (between + within / 4)]
    const found = normals(groups)
    expect(found.map(({ mean }) => mean)).toEqual([
      expect.closeTo(overall + weights[0]! * (first - overall), 8),
      expect.closeTo(overall + weights[1]! * (second - overall), 8),
      overall
    ])
    expect(found.map(({ samples }) => samples)).toEqual([
      expect.closeTo(1 / (weights[0]! / 3 + (1 - weights[0]!) / 7), 8),
      expect.closeTo(1 / (weights[1]! / 4 + (1 - weights[1]!) / 7), 8),
      7
    ])
  })

  it.each([
    ["one sample each", [[1], [9]], 10.5 / 2, 2],
    ["one group", [[4, 6]], 10.5 / 2, 2],
    ["groups that do not differ", [[4, 6], [6, 4]], 20.5 / 4, 4],
    ["one group with samples", [[4, 6], []], 10.5 / 2, 2]
  ])("%s: the mean of all", (_, groups, mean, samples) => {
    expect(normals(groups)).toEqual(groups.map(() => expect.objectContaining({ mean, samples })))
  })

  it("a sample counts up to four times the usual distance from the median", () => {
    // The distances from the median of 20 are 0, 2, 2, 4, 4, …: half of them are above 2, as 1.4826 × 2 is below √20.
    const steady = [16, 18, 20, 22, 24]
    expect(one([...steady, 1000]).mean).toBeCloseTo((100.5 + 20 + 4 * Math.sqrt(20)) / 6, 10)
    // The distances from the median of 100 are up to 40: the usual one is 1.4826 × 30.
    const rough = [60, 70, 100, 130, 140]
    expect(one([...rough, 1000]).mean).toBeCloseTo((500.5 + 100 + 4 * 1.4826 * 30) / 6, 10)
    // Of counts below 1 it is 1.
    expect(one([0, 0, 0, 0, 0, 50]).mean).toBeCloseTo(4.5 / 6, 10)
  })
})
