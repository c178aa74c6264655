import { describe, expect, it } from "@effect/vitest"
import { Draws } from "../../../src/internal/insight/draws.js"

/** splitmix32 in integers of any length. */
function* splitmix32(): Generator<number> {
  const bits = 2n ** 32n
  for (let state = 0n;;) {
    state = (state + 0x9e3779b9n) % bits
    let z = state
    z = ((z ^ (z >> 16n)) * 0x21f0aaadn) % bits
    z = ((z ^ (z >> 15n)) * 0x735a2d97n) % bits
    yield (Number(z ^ (z >> 15n)) + 0.5) / 2 ** 32
  }
}

const moments = (draw: () => number) => {
  const drawn = Array.from({ length: 20_000 }, draw)
  const mean = drawn.reduce((sum, x) => sum + x, 0) / drawn.length
  return {
    mean,
    variance: drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / drawn.length,
    least: Math.min(...drawn)
  }
}

describe("Draws", () => {
  it("are those of splitmix32, from the same seed each time", () => {
    const draws = new Draws()
    const expected = splitmix32()
    for (let i = 0; i < 200; i++) expect(draws.uniform()).toBe(expected.next().value)
  })

  it("differ by the seed from the first one on, and do not meet for thousands of draws", () => {
    const seen = new Set<number>()
    for (let seed = 0; seed < 200; seed++) {
      const draws = new Draws(seed)
      for (let i = 0; i < 100; i++) seen.add(draws.uniform())
    }
    expect(seen.size).toBe(20_000)
  })

  // The standard errors of the means are below 0.02, those of the variances below 0.1, of 20,000 draws.
  it.each<readonly [string, (draws: Draws) => number, number, number]>([
    ["uniform", (draws) => draws.uniform(), 1 / 2, 1 / 12],
    ["exponential", (draws) => draws.exponential(), 1, 1],
    ["normal", (draws) => draws.normal(), 0, 1],
    ["gamma of shape 0.3", (draws) => draws.gamma(0.3), 0.3, 0.3],
    ["gamma of shape 1", (draws) => draws.gamma(1), 1, 1],
    ["gamma of shape 1.2", (draws) => draws.gamma(1.2), 1.2, 1.2],
    ["gamma of shape 4", (draws) => draws.gamma(4), 4, 4]
  ])("%s: mean and variance", (name, draw, mean, variance) => {
    const draws = new Draws()
    const found = moments(() => draw(draws))
    expect(Math.abs(found.mean - mean)).toBeLessThan(0.05)
    expect(Math.abs(found.variance - variance)).toBeLessThan(0.06 * Math.max(1, variance))
    expect(found.least > 0).toBe(name !== "normal")
  })
})
