const step = 0x9e3779b9

/** Pseudorandom numbers from a fixed seed, so that a simulation of one snapshot always gives the same answer. */
export class Draws {
  private state: number
  // Normal deviates come in pairs.
  private spare: number | undefined

  /** The sequences of different seeds below 200 do not overlap: each has 20 million numbers of its own. */
  constructor(seed = 0) {
    this.state = Math.imul(seed * 20_000_000, step)
  }

  /** Uniform in (0, 1) (splitmix32: Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
  uniform(): number {
    this.state = (this.state + step) | 0
    let bits = this.state
    bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad)
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97)
    return (((bits ^ (bits >>> 15)) >>> 0) + 0.5) / 2 ** 32
  }

  exponential(): number {
    return -Math.log(this.uniform())
  }

  /** Normal with mean 0 and variance 1 (Box, Muller: A note on the generation of random normal deviates, 1958). */
  normal(): number {
    const spare = this.spare
    if (spare !== undefined) {
      this.spare = undefined
      return spare
    }
    const radius = Math.sqrt(2 * this.exponential())
    const angle = 2 * Math.PI * this.uniform()
    this.spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }

  /** Gamma with mean and variance `shape` (Marsaglia, Tsang: A simple method for generating gamma variables, 2000). */
  gamma(shape: number): number {
    if (shape === 1) return this.exponential()
    if (shape < 1) return this.gamma(shape + 1) * this.uniform() ** (1 / shape)
    const d = shape - 1 / 3
    for (;;) {
      const x = this.normal()
      const v = (1 + x / Math.sqrt(9 * d)) ** 3
      if (v > 0 && Math.log(this.uniform()) < x * x / 2 + d * (1 - v + Math.log(v))) return d * v
    }
  }
}
