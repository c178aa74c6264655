import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { trend } from "../../../src/internal/insight/trend.js"
import { poisson, seeded } from "./lives.js"

const minutesOf = (rate: (minute: number) => number, seed = 1) => {
  const random = seeded(seed)
  return Array.from({ length: 180 }, (_, i) => poisson(random, rate(i - 180)))
}
const usually = (usual: number) => ({ usual: () => usual, dispersion: 1 })

describe("trend", () => {
  it("a rate that stands still goes nowhere", () => {
    const { level, slope } = trend(minutesOf(() => 10), usually(10))
    expect(Math.abs(level)).toBeLessThan(0.1)
    expect(Math.abs(slope)).toBeLessThan(0.1)
  })

  it("a rate that doubles every hour does", () => {
    const { level, slope } = trend(minutesOf((minute) => 20 * 2 ** (minute / 60)), usually(10))
    expect(Math.exp(level)).toBeCloseTo(2, 0.5)
    expect(slope).toBeGreaterThan(0.5)
    expect(slope).toBeLessThan(0.9)
  })

  it("what is usual at that time of the day is no trend", () => {
    const rate = (minute: number) => 20 * 2 ** (minute / 60)
    const { level, slope } = trend(minutesOf(rate), { usual: rate, dispersion: 1 })
    expect(Math.abs(level)).toBeLessThan(0.15)
    expect(Math.abs(slope)).toBeLessThan(0.15)
  })

  it("recent minutes decide", () => {
    const { level } = trend(minutesOf((minute) => minute < -40 ? 5 : 40), usually(5))
    expect(Math.exp(level)).toBeGreaterThan(6)
    const over = trend(minutesOf((minute) => minute < -80 && minute > -120 ? 100 : 5), usually(5))
    expect(Math.exp(over.level)).toBeLessThan(2.5)
  })

  it("without errors the rate is low, with a wide interval", () => {
    const { level, slope, varLevel } = trend(minutesOf(() => 0), usually(0.01))
    expect(level).toBeLessThan(0)
    expect(level).toBeGreaterThan(-3)
    expect(Math.abs(slope)).toBeLessThan(0.5)
    expect(varLevel).toBeGreaterThan(0.5)
  })

  it("a high variance gives a wide interval", () => {
    const minutes = minutesOf(() => 10)
    const sure = trend(minutes, { usual: () => 5, dispersion: 1 })
    const unsure = trend(minutes, { usual: () => 5, dispersion: 50 })
    expect(unsure.varLevel).toBeGreaterThan(sure.varLevel * 10)
    expect(unsure.level).toBeLessThan(sure.level)
  })

  it("is finite, with positive variances, for any history", () => {
    const count = FastCheck.oneof(FastCheck.nat(2), FastCheck.nat(1000), FastCheck.nat(1e9))
    const minutes = FastCheck.array(count, { maxLength: 200 })
    const usual = FastCheck.double({ min: 1e-6, max: 1e6, noNaN: true })
    const dispersion = FastCheck.double({ min: 1, max: 1e6, noNaN: true })
    FastCheck.assert(FastCheck.property(minutes, usual, dispersion, (minutes, usual, dispersion) => {
      const { covariance, level, slope, varLevel, varSlope } = trend(minutes, { usual: () => usual, dispersion })
      for (const n of [level, slope, varLevel, varSlope, covariance]) expect(Number.isFinite(n)).toBe(true)
      expect(varLevel).toBeGreaterThan(0)
      expect(varSlope).toBeGreaterThan(0)
      expect(covariance ** 2).toBeLessThanOrEqual(varLevel * varSlope * (1 + 1e-9))
    }))
  })
})

describe("trend, by definition", () => {
  /** The logarithm of the posterior density. Minutes are in steps of five, recent ones have more weight, and three hours count. */
  const posterior = (
    minutes: ReadonlyArray<number>,
    options: { readonly usual: (minute: number) => number; readonly dispersion: number },
    level: number,
    slope: number
  ) => {
    let log = -((level / 1.5) ** 2) / 2 - (slope / 0.7) ** 2 / 2
    for (let i = 0; i < Math.min(36, Math.floor(minutes.length / 5)); i++) {
      const end = minutes.length - 5 * i
      const count = minutes.slice(end - 5, end).reduce((sum, n) => sum + n, 0)
      const at = -5 * i - 2.5
      const log1 = Math.log(5 * options.usual(at)) + level + slope * at / 60
      log += 2 ** (at / 60) / options.dispersion * (count * log1 - Math.exp(log1))
    }
    return log
  }

  const cases = [
    { minutes: minutesOf(() => 10), options: { usual: () => 3, dispersion: 2 } },
    { minutes: minutesOf((minute) => 20 * 2 ** (minute / 60)), options: { usual: () => 10, dispersion: 1 } },
    { minutes: minutesOf(() => 1, 3).slice(0, 63), options: { usual: (m: number) => 1 - m / 100, dispersion: 5 } },
    { minutes: [...minutesOf(() => 300), ...minutesOf(() => 2)], options: { usual: () => 2, dispersion: 1 } },
    { minutes: [], options: { usual: () => 2, dispersion: 1 } }
  ]

  it.each(cases)("is the mode of the posterior, and its curvature: case %#", ({ minutes, options }) => {
    const { covariance, level, slope, varLevel, varSlope } = trend(minutes, options)
    const at = (dLevel: number, dSlope: number) => posterior(minutes, options, level + dLevel, slope + dSlope)
    const d = 1e-3
    // No derivative at the mode.
    expect(Math.abs(at(d, 0) - at(-d, 0)) / (2 * d)).toBeLessThan(0.01)
    expect(Math.abs(at(0, d) - at(0, -d)) / (2 * d)).toBeLessThan(0.01)
    // The inverse of the covariances is the curvature.
    const ofLevel = -(at(d, 0) - 2 * at(0, 0) + at(-d, 0)) / d ** 2
    const ofSlope = -(at(0, d) - 2 * at(0, 0) + at(0, -d)) / d ** 2
    const ofBoth = -(at(d, d) - at(d, -d) - at(-d, d) + at(-d, -d)) / (4 * d ** 2)
    const determinant = varLevel * varSlope - covariance ** 2
    expect(varSlope / determinant / ofLevel).toBeCloseTo(1, 2)
    expect(varLevel / determinant / ofSlope).toBeCloseTo(1, 2)
    expect(Math.abs(-covariance / determinant - ofBoth)).toBeLessThan(0.01 * (ofLevel + ofSlope))
  })
})
