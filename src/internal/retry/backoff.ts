/** The delay before a retry. All durations are in milliseconds. */

/** The first delay and the longest one. */
export interface Curve {
  readonly base: number
  readonly cap: number
}

// Under full pressure a delay is so many times as long.
const stretch = 4

/**
 * Exponential back-off with equal jitter (Brooker, Exponential Backoff And Jitter, AWS Architecture Blog 2015):
 * `base · 2^(n − 1)` after the n-th failed attempt, stretched by the pressure and capped, of which one half is fixed and the
 * other half is multiplied by the draw. Pressure and draw are from 0 to 1.
 */
export const delayOf = ({ base, cap }: Curve, failed: number, pressure: number, draw: number): number => {
  const stretched = base * (1 + (stretch - 1) * pressure)
  return Math.min(cap, stretched * 2 ** (failed - 1)) * (1 + draw) / 2
}
