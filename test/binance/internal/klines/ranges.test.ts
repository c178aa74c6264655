import { describe, expect, it } from "@effect/vitest"
import { Interval } from "effect-errata/binance"
import * as FastCheck from "effect/FastCheck"
import {
  absent,
  intersect,
  joined,
  overlay,
  type Range,
  subtract
} from "../../../../src/binance/internal/klines/ranges.js"

interface Tagged extends Range {
  readonly tag: string
}

const cells = Array.from({ length: 55 }, (_, i) => i)
const holds = (range: Range, cell: number) => range.start <= cell && cell < range.end

/** The tag of each cell: of a range in a list that does not overlap. */
const tagsOf = (ranges: ReadonlyArray<Tagged>) => cells.map((cell) => ranges.find((range) => holds(range, cell))?.tag)

const isAscending = (ranges: ReadonlyArray<Range>) =>
  ranges.every(({ end, start }, i) => start < end && (i === 0 || ranges[i - 1]!.end <= start))

/** Ascending ranges without overlaps, some of them adjacent. */
const list = (tag: string) =>
  FastCheck.array(FastCheck.tuple(FastCheck.nat(4), FastCheck.integer({ min: 1, max: 5 })), { maxLength: 6 }).map(
    (steps) => {
      let at = 0
      return steps.map(([gap, length], i): Tagged => {
        const start = at + gap
        at = start + length
        return { start, end: at, tag: `${tag}${i}` }
      })
    }
  )

const property = (check: (a: ReadonlyArray<Tagged>, b: ReadonlyArray<Tagged>) => void) =>
  FastCheck.assert(FastCheck.property(list("a"), list("b"), check), { seed: 5, numRuns: 150 })

describe("ranges, cell by cell", () => {
  it("intersect: what both have, with the fields of the first", () =>
    property((a, b) => {
      const found = intersect(a, b)
      expect(isAscending(found)).toBe(true)
      expect(tagsOf(found)).toEqual(tagsOf(a).map((tag, i) => tagsOf(b)[i] === undefined ? undefined : tag))
    }))

  it("subtract: what only the first has", () =>
    property((a, b) => {
      const found = subtract(a, b)
      expect(isAscending(found)).toBe(true)
      expect(tagsOf(found)).toEqual(tagsOf(a).map((tag, i) => tagsOf(b)[i] === undefined ? tag : undefined))
    }))

  it("overlay: what either has, with the fields of the second where it has them", () =>
    property((a, b) => {
      const found = overlay(a, b)
      expect(isAscending(found)).toBe(true)
      expect(tagsOf(found)).toEqual(tagsOf(a).map((tag, i) => tagsOf(b)[i] ?? tag))
    }))

  it("overlay with nothing copies nothing", () =>
    property((a) => {
      expect(overlay(a, [])).toBe(a)
    }))

  it("joined: what any of them has, in as few ranges as possible", () =>
    property((a, b) => {
      const found = joined([...a, ...b].toSorted((x, y) => x.start - y.start))
      const inside = cells.map((cell) => [...a, ...b].some((range) => holds(range, cell)))
      expect(cells.map((cell) => found.some((range) => holds(range, cell)))).toEqual(inside)
      expect(found).toHaveLength(inside.filter((isInside, i) => isInside && !inside[i - 1]).length)
      expect(isAscending(found)).toBe(true)
    }))
})

describe("absent", () => {
  const minute = 60_000

  it("every candle of the ranges that is not there, once, in as few ranges as possible of one kind", () => {
    const bound = FastCheck.oneof(FastCheck.nat(12).map((n) => n * minute), FastCheck.nat(12 * minute))
    FastCheck.assert(
      FastCheck.property(
        FastCheck.uniqueArray(bound, { maxLength: 7 }),
        FastCheck.subarray(cells.slice(0, 13)),
        FastCheck.array(FastCheck.constantFrom("x", "y"), { minLength: 7, maxLength: 7 }),
        (bounds, present, tags) => {
          const sorted = bounds.toSorted((a, b) => a - b)
          const ranges = sorted.slice(1).map((end, i): Tagged => ({ start: sorted[i]!, end, tag: tags[i]! }))
            .filter((_, i) => i !== 2)
          const found = absent(
            ranges,
            Float64Array.from(present, (cell) => cell * minute),
            "1m",
            0,
            (a, b) => a.tag === b.tag
          )
          const expected = cells.map((cell) =>
            present.includes(cell) ? undefined : ranges.find((range) => holds(range, cell * minute))?.tag
          )
          expect(cells.map((cell) => found.find((range) => holds(range, cell * minute))?.tag)).toEqual(expected)
          expect(found).toHaveLength(expected.filter((tag, i) => tag !== undefined && tag !== expected[i - 1]).length)
          expect(found.every(({ end, start }) => start % minute === 0 && end % minute === 0)).toBe(true)
        }
      ),
      { seed: 5, numRuns: 150 }
    )
  })

  it.each(["1M", "3d", "1w"] as const)("of %s, candle by candle", (interval) => {
    const start = Date.UTC(2024, 0, 1)
    const opens = Interval.opens(interval, start, Date.UTC(2024, 6, 1))
    const there = Float64Array.from([opens[0]!, opens[2]!, opens[3]!])
    const range = { start: opens[0]!, end: opens[5]!, tag: "x" }
    const found = absent([range], there, interval, Interval.anchorOf(interval), () => true)
    expect(found).toEqual([
      { start: opens[1], end: opens[2], tag: "x" },
      { start: opens[4], end: opens[5], tag: "x" }
    ])
  })

  it("without any row the grid of 3d is unknown: the days are missing", () => {
    const range = { start: Date.UTC(2024, 0, 1, 5), end: Date.UTC(2024, 0, 4, 5), tag: "x" }
    expect(absent([range], new Float64Array(0), "3d", 0, () => true)).toEqual([
      { start: Date.UTC(2024, 0, 2), end: Date.UTC(2024, 0, 5), tag: "x" }
    ])
  })
})
