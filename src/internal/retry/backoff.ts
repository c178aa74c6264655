/** How long to wait before another attempt. All durations are milliseconds. */

/** The first delay, and the longest one. */
export interface Curve {
  readonly base: number
  readonly cap: number
}

// Under full pressure delays are so many times as long.
const stretch = 4

/**
 * `base · 2^(n − 1)` after the n-th failed attempt, stretched by the pressure, a number from 0 to 1, and capped; one half
 * of it for certain, of the other half as much as the draw says, a number from 0 to 1 ("equal jitter": Brooker,
 * Exponential Backoff And Jitter, AWS Architecture Blog 2015).
 */
export const delayOf = ({ base, cap }: Curve, failed: number, pressure: number, draw: number): number => {
  const stretched = base * (1 + (stretch - 1) * pressure)
  return Math.min(cap, stretched * 2 ** (failed - 1)) * (1 + draw) / 2
}

// One failure of one attempt says little: so many successes are taken for granted.
const granted = 10

/** About the share of attempts that failed so; where these are not counted (0), as if all had. */
export const pressureOf = (errors: number, attempts: number): number =>
  errors > 0 ? errors / ((attempts > errors ? attempts : errors) + granted) : 0
