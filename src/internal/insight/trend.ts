/** The present level and the trend of a rate, estimated from the last hours. */

/**
 * The rate as a multiple of the usual rate: eˡᵉᵛᵉˡ at present, growing by the factor eˢˡᵒᵖᵉ per hour. The variances and the
 * covariance say how uncertain both are.
 */
export interface Trend {
  readonly level: number
  readonly slope: number
  readonly varLevel: number
  readonly varSlope: number
  readonly covariance: number
}

/** In minutes. */
const step = 5
const memory = 180
const halfLife = 60

// The prior: the usual rate within a factor of 4, constant within a factor of 2 per hour.
const priorLevel = 1 / 1.5 ** 2
const priorSlope = 1 / 0.7 ** 2

/**
 * A Poisson regression on the logarithm of the rate, by Newton's method (McCullagh, Nelder: Generalized linear models,
 * 1989, sections 2.5 and 9.2), with more weight on recent minutes. `dispersion` is the variance of the counts as a
 * multiple of the Poisson variance: the weight of a count decreases with it.
 */
export const trend = (
  minutes: ReadonlyArray<number>,
  options: { readonly usual: (minute: number) => number; readonly dispersion: number }
): Trend => {
  const steps = Array.from({ length: Math.floor(Math.min(memory, minutes.length) / step) }, (_, i) => {
    const at = -(i + 0.5) * step
    const counts = minutes.slice(minutes.length - (i + 1) * step, minutes.length - i * step)
    return {
      count: counts.reduce((sum, count) => sum + count, 0),
      usual: options.usual(at) * step,
      hours: at / 60,
      weight: 2 ** (at / halfLife) / options.dispersion
    }
  })
  let level = 0
  let slope = 0
  for (let round = 0;; round++) {
    let ofLevel = priorLevel
    let ofBoth = 0
    let ofSlope = priorSlope
    let upLevel = -level * priorLevel
    let upSlope = -slope * priorSlope
    for (const { count, hours, usual, weight } of steps) {
      const rate = usual * Math.exp(level + slope * hours)
      upLevel += weight * (count - rate)
      upSlope += weight * (count - rate) * hours
      ofLevel += weight * rate
      ofBoth += weight * rate * hours
      ofSlope += weight * rate * hours ** 2
    }
    const determinant = ofLevel * ofSlope - ofBoth ** 2
    const varLevel = ofSlope / determinant
    const varSlope = ofLevel / determinant
    const covariance = -ofBoth / determinant
    const moveLevel = varLevel * upLevel + covariance * upSlope
    const moveSlope = covariance * upLevel + varSlope * upSlope
    const move = Math.max(Math.abs(moveLevel), Math.abs(moveSlope))
    if (move < 1e-6 || round === 50) return { level, slope, varLevel, varSlope, covariance }
    // Steps are limited to 1: far from the solution, Newton's method overshoots.
    level += moveLevel / Math.max(1, move)
    slope += moveSlope / Math.max(1, move)
  }
}
