/**
 * Tail probabilities of counts, as logarithms: the probabilities themselves underflow.
 *
 * Counts of errors are Poisson at a constant rate. A rate that varies with a gamma distribution makes them negative
 * binomial, with variance mean + mean² / size: the more the rate varies, the smaller the size. This family covers steady
 * rates, bursts, and rates that are known only roughly.
 */

/** A negative binomial distribution. */
export interface Counts {
  /** Positive. */
  readonly mean: number
  /** Positive: 1 / the squared coefficient of variation of the rate. */
  readonly size: number
}

/** log Γ(x), x > 0: Stirling's series (DLMF 5.11.1) from 12 on, and the recurrence (DLMF 5.5.1) below. */
export const logGamma = (x: number): number => {
  let product = 1
  let z = x
  while (z < 12) product *= z++
  const square = 1 / (z * z)
  const series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / z
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - Math.log(product)
}

/**
 * The continued fraction of the incomplete beta function (DLMF 8.17.22) by Lentz's method; converges within some
 * √max(a, b) steps where x < (a + 1) / (a + b + 2).
 */
const fraction = (a: number, b: number, x: number): number => {
  const tiny = 1e-300
  const away = (value: number) => Math.abs(value) < tiny ? tiny : value
  let c = 1
  let d = 1 / away(1 - (a + b) * x / (a + 1))
  let result = d
  for (let m = 1; m < 100_000; m++) {
    const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / away(1 + even * d)
    c = away(1 + even / c)
    result *= d * c
    const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / away(1 + odd * d)
    c = away(1 + odd / c)
    result *= d * c
    if (Math.abs(d * c - 1) < 1e-15) break
  }
  return result
}

/**
 * The logarithm of the regularized incomplete beta function Iₓ(a, b) (DLMF 8.17), a and b > 0, for the
 * odds x / (1 − x): near x = 1 a double has no digits left for 1 − x.
 */
export const logBeta = (a: number, b: number, odds: number): number => {
  // log(1 − eˣ) without cancellation for eˣ near 1.
  if (odds > (a + 1) / (b + 1)) return Math.log(-Math.expm1(Math.min(logBeta(b, a, 1 / odds), -Number.MIN_VALUE)))
  const logX = -Math.log1p(1 / odds)
  const logRest = -Math.log1p(odds)
  return a * logX + b * logRest - Math.log(a) + logGamma(a + b) - logGamma(a) - logGamma(b) +
    Math.log(fraction(a, b, odds / (1 + odds)))
}

/** log P(X ≥ count) of a negative binomial count (DLMF 8.17.24). */
export const logTail = (count: number, { mean, size }: Counts): number =>
  count <= 0 ? 0 : logBeta(count, size, mean / size)

/** log P(X ≥ count) of a binomial count of n trials with these odds of success (DLMF 8.17.5). */
export const logBinomialTail = (count: number, n: number, odds: number): number =>
  count <= 0 ? 0 : count > n ? -Infinity : logBeta(count, n - count + 1, odds)

/**
 * log P(X ≥ count) of the marked items among `drawn` of `total` items: the hypergeometric distribution
 * (Fisher's exact test; Johnson, Kemp, Kotz: Univariate discrete distributions, 2005, section 6.2), summed term by term.
 */
export const logHypergeometricTail = (
  count: number,
  { drawn, marked, total }: { readonly drawn: number; readonly marked: number; readonly total: number }
): number => {
  const unmarked = total - marked - drawn
  const logFirst = logChoose(marked, count) + logChoose(total - marked, drawn - count) - logChoose(total, drawn)
  let [sum, term] = [1, 1]
  for (let k = count; k < marked && k < drawn && term > sum * 1e-17; k++) {
    term *= (marked - k) * (drawn - k) / ((k + 1) * (unmarked + k + 1))
    sum += term
  }
  return Math.min(0, logFirst + Math.log(sum))
}

const logChoose = (n: number, k: number): number => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1)

/** The smallest n with P(X > n) ≤ p. */
export const quantileAbove = (p: number, counts: Counts): number => {
  const isRare = (n: number) => logTail(n + 1, counts) <= Math.log(p)
  let high = Math.ceil(counts.mean) + 1
  while (!isRare(high) && high < Number.MAX_SAFE_INTEGER) high *= 2
  let low = -1
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (isRare(middle)) high = middle
    else low = middle
  }
  return high
}
