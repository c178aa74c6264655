import { describe, expect, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import { distance, nearest } from "../../../src/internal/hints/nearest.js"

/** The definition of the distance, without a table. */
const naive = (a: string, b: string): number => {
  if (a === "" || b === "") return a.length + b.length
  const [restA, restB] = [a.slice(0, -1), b.slice(0, -1)]
  const edits = [naive(restA, b) + 1, naive(a, restB) + 1, naive(restA, restB) + (a.at(-1) === b.at(-1) ? 0 : 1)]
  const isSwap = a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1)
  return Math.min(...edits, isSwap ? naive(a.slice(0, -2), b.slice(0, -2)) + 1 : Infinity)
}

describe("distance", () => {
  const word = fc.stringOf(fc.constantFrom("a", "b", "c"), { maxLength: 5 })

  it("is that of its definition, and symmetric", () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(distance(a, b)).toBe(naive(a, b))
        expect(distance(a, b)).toBe(distance(b, a))
      }),
      { seed: 1, numRuns: 200 }
    )
  })
})

describe("nearest", () => {
  it.each<readonly [string, ReadonlyArray<string>, string | undefined]>([
    ["treshold", ["thresholds", "rules", "recent"], "thresholds"],
    ["timeuot", ["timeout", "idleTimeout"], "timeout"],
    ["idletimeout", ["timeout", "idleTimeout"], "idleTimeout"],
    ["per-minute", ["perMinute", "perHour"], "perMinute"],
    ["PERMINUTE", ["perMinute", "perHour"], "perMinute"],
    // The nearest, not the one with the longest common beginning.
    ["files-without-matches", ["files-with-matches", "files-without-match"], "files-without-match"],
    ["alignmentScorr", ["alignmentStart", "alignmentScore"], "alignmentScore"],
    // Names that have nothing to do with each other.
    ["foo", ["bar", "rules"], undefined],
    ["x", ["y"], undefined],
    ["", ["y"], undefined],
    ["retries", ["base", "cap"], undefined],
    ["a".repeat(1000), ["a".repeat(999)], undefined]
  ])("of %j among %j is %j", (name, known, expected) => {
    expect(nearest(name, known)).toBe(expected)
  })
})
