/**
 * Numbers that look random and are a function of what they are asked for: the same question gets the same answer, in any
 * order and in any process. The mixing steps are those of MurmurHash3's 32-bit finalizer.
 */

const mix = (hash: number, value: number): number => {
  let h = hash ^ value
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Numbers and texts as one 32-bit key. */
export const key = (...parts: ReadonlyArray<number | string>): number => {
  let hash = 0x9e3779b9
  for (const part of parts) {
    if (typeof part === "number") hash = mix(mix(hash, part % 0x1_0000_0000), Math.floor(part / 0x1_0000_0000))
    else for (let i = 0; i < part.length; i++) hash = mix(hash, part.charCodeAt(i) + 1)
  }
  return hash
}

/** The number under this key, in [0, 1). */
export const uniform = (key: number, ...at: ReadonlyArray<number>): number => at.reduce(mix, key) / 0x1_0000_0000

const octaves = Array.from({ length: 14 }, (_, k) => 4 ** k)

/** Volatility of a walk, as a share of the price and the square root of a second: about 3 % a day. */
const volatility = 1e-4

/**
 * A walk through time that can be entered anywhere: the logarithm of a price at an instant in milliseconds. Noise on 14
 * scales, from a second to two years, each as strong as the square root of its scale, as in a random walk.
 */
export const walk = (key: number, instant: number): number => {
  const seconds = instant / 1000
  return octaves.reduce((sum, scale, octave) => {
    const cell = Math.floor(seconds / scale)
    const left = uniform(key, octave, cell)
    const right = uniform(key, octave, cell + 1)
    const noise = left + (right - left) * (seconds / scale - cell)
    return sum + (2 * noise - 1) * volatility * Math.sqrt(scale)
  }, 0)
}
