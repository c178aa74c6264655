import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import {
  logBeta,
  logBinomialTail,
  logGamma,
  logHypergeometricTail,
  logTail,
  quantileAbove
} from "../../../src/internal/insight/distribution.js"

// Exact numbers: fractions of 2 ** bits, which is enough for tails far below what a number can hold.
const bits = 1600n
const one = 1n << bits

const log = (x: bigint): number => {
  const digits = x.toString(2)
  return Math.log(Number(`0b${digits.slice(0, 53)}`)) +
    (digits.length - Math.min(53, digits.length) - Number(bits)) * Math.LN2
}

const exactNegativeBinomial = (count: number, mean: number, size: number): number => {
  const [m, r] = [BigInt(mean), BigInt(size)]
  const rest = m + r
  let term = one
  for (let i = 0; i < size; i++) term = term * r / rest
  let sum = 0n
  for (let i = 1n; term > 0n; i++) {
    if (i > count) sum += term
    term = term * m * (i + r - 1n) / (rest * i)
  }
  return log(sum)
}

const exactPoisson = (count: number, mean: number): number => {
  const m = BigInt(mean)
  let [exp, term] = [0n, one]
  for (let i = 1n; term > 0n; i++) {
    exp += term
    term = term * m / i
  }
  term = one * one / exp
  let sum = 0n
  for (let i = 1n; term > 0n; i++) {
    if (i > count) sum += term
    term = term * m / i
  }
  return log(sum)
}

/** n over k. */
const ways = (n: number, k: number): bigint => {
  let ways = 1n
  for (let i = 1; i <= k; i++) ways = ways * BigInt(n - i + 1) / BigInt(i)
  return ways
}

/** Successes of n trials, of which each succeeds with the odds of a to b. */
const exactBinomial = (count: number, n: number, a: number, b: number): number => {
  let sum = 0n
  for (let k = count; k <= n; k++) sum += ways(n, k) * BigInt(a) ** BigInt(k) * BigInt(b) ** BigInt(n - k)
  return log(sum * one / BigInt(a + b) ** BigInt(n))
}

const close = (actual: number, exact: number, digits = 1e-11) =>
  expect(Math.abs(actual - exact)).toBeLessThanOrEqual(digits * Math.max(1, Math.abs(exact)))

describe("distribution", () => {
  it("log Γ is that of the factorials, and of the halves", () => {
    let factorial = 0
    for (let n = 1; n < 400; n++) {
      close(logGamma(n), factorial, 1e-14)
      factorial += Math.log(n)
    }
    close(logGamma(0.5), Math.log(Math.PI) / 2, 1e-14)
    close(logGamma(1e-9), Math.log(1e9), 1e-9)
  })

  it("the tail of a negative binomial is the exact one, also where it is 1e-400", () => {
    for (const mean of [1, 3, 40, 300]) {
      for (const size of [1, 7, 100]) {
        for (const count of [1, 2, 5, 39, 40, 100, 400]) {
          close(logTail(count, { mean, size }), exactNegativeBinomial(count, mean, size))
        }
      }
    }
    expect(logTail(400, { mean: 1, size: 100 }) / Math.LN10).toBeLessThan(-400)
  })

  it("the tail of a rate that stands still is the exact one of Poisson", () => {
    for (const [count, mean] of [[1, 1], [5, 3], [42, 6], [300, 6], [90, 100], [100, 100], [170, 100]] as const) {
      close(logTail(count, { mean, size: 1e8 }), exactPoisson(count, mean), 1e-5)
    }
  })

  it("the tail of a binomial is the exact one", () => {
    for (
      const [count, n, a, b] of [[1, 1, 1, 1], [3, 10, 1, 9], [10, 10, 1, 99], [60, 100, 1, 1], [
        2,
        500,
        1,
        999
      ]] as const
    ) {
      close(logBinomialTail(count, n, a / b), exactBinomial(count, n, a, b))
    }
    expect(logBinomialTail(0, 10, 1)).toBe(0)
    expect(logBinomialTail(11, 10, 1)).toBe(-Infinity)
  })

  it("the tail of a hypergeometric distribution is the exact one", () => {
    for (
      const [count, drawn, marked, total] of [[1, 1, 1, 2], [17, 19, 29, 133], [3, 10, 20, 1000], [
        60,
        80,
        90,
        400
      ]] as const
    ) {
      let sum = 0n
      for (let k = count; k <= Math.min(drawn, marked); k++) sum += ways(marked, k) * ways(total - marked, drawn - k)
      close(logHypergeometricTail(count, { drawn, marked, total }), log(sum * one / ways(total, drawn)))
    }
    expect(logHypergeometricTail(0, { drawn: 5, marked: 5, total: 50 })).toBeCloseTo(0, 12)
  })

  const counts = FastCheck.record({
    mean: FastCheck.double({ min: 1e-9, max: 1e5, noNaN: true }),
    size: FastCheck.double({ min: 0.01, max: 1000, noNaN: true })
  })

  it("tails are logarithms of probabilities, the smaller the higher the count, the greater the higher the mean", () => {
    FastCheck.assert(
      FastCheck.property(counts, FastCheck.integer({ min: 1, max: 100_000 }), ({ mean, size }, count) => {
        const log = logTail(count, { mean, size })
        expect(log).toBeLessThanOrEqual(0)
        expect(logTail(count + 1, { mean, size })).toBeLessThanOrEqual(log + 1e-9 * Math.abs(log))
        expect(logTail(count, { mean: mean * 1.1, size })).toBeGreaterThanOrEqual(log - 1e-9 * Math.abs(log))
        expect(logTail(0, { mean, size })).toBe(0)
      })
    )
  })

  it("what is above and what is below make 1", () => {
    const positive = FastCheck.double({ min: 1e-3, max: 1e4, noNaN: true })
    FastCheck.assert(FastCheck.property(positive, positive, positive, (a, b, odds) => {
      close(Math.exp(logBeta(a, b, odds)) + Math.exp(logBeta(b, a, 1 / odds)), 1, 1e-9)
    }))
  })

  it("a quantile is the first count that is exceeded rarely enough", () => {
    const p = FastCheck.double({ min: 1e-9, max: 0.99, noNaN: true })
    FastCheck.assert(FastCheck.property(counts, p, (counts, p) => {
      const n = quantileAbove(p, counts)
      expect(logTail(n + 1, counts)).toBeLessThanOrEqual(Math.log(p))
      if (n > 0) expect(logTail(n, counts)).toBeGreaterThan(Math.log(p))
    }))
  })
})
