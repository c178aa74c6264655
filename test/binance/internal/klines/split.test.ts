import { describe, expect, it } from "@effect/vitest"
import { Interval } from "effect-errata/binance"
import * as FastCheck from "effect/FastCheck"
import { Evidence } from "../../../../src/binance/internal/klines/evidence.js"
import type { Range } from "../../../../src/binance/internal/klines/ranges.js"
import { byEvidence, byFile } from "../../../../src/binance/internal/klines/split.js"

const day = 86_400_000

/** The pieces follow each other from the start to the end of the range. */
const tiles = (pieces: ReadonlyArray<Range>, { end, start }: Range) => {
  expect(pieces.every((piece) => piece.start < piece.end)).toBe(true)
  expect([start, ...pieces.map((piece) => piece.end)]).toEqual([...pieces.map((piece) => piece.start), end])
}

describe("byFile", () => {
  const from = Date.UTC(2023, 10, 1)
  const range = FastCheck.tuple(FastCheck.nat(120 * 24), FastCheck.integer({ min: 1, max: 120 * 24 })).map((
    [start, length]
  ) => ({ start: from + start * 3_600_000, end: from + (start + length) * 3_600_000 }))

  it("whole months, and the days of the others", () =>
    FastCheck.assert(
      FastCheck.property(range, (range) => {
        const pieces = byFile("1h")(range)
        tiles(pieces, range)
        for (const { end, start } of pieces) {
          const month = Interval.floor("1M", start)
          const isMonth = start === month && end === Interval.next("1M", month)
          expect(isMonth || end <= Interval.next("1d", start)).toBe(true)
          // No whole month is taken apart.
          if (!isMonth) expect(range.start > month || range.end < Interval.next("1M", month)).toBe(true)
        }
      }),
      { seed: 2, numRuns: 40 }
    ))

  it.each(["3d", "1w", "1M"] as const)("%s has no files of days", (interval) =>
    FastCheck.assert(
      FastCheck.property(range, (range) => {
        const pieces = byFile(interval)(range)
        tiles(pieces, range)
        for (const { end, start } of pieces) expect(end).toBeLessThanOrEqual(Interval.next("1M", start))
        expect(pieces).toHaveLength(
          Interval.index("1M", range.end - 1) - Interval.index("1M", range.start) + 1
        )
      }),
      { seed: 2, numRuns: 20 }
    ))
})

describe("byEvidence", () => {
  const evidenceOf = (now: number, ...empty: ReadonlyArray<readonly [number, number]>) => {
    const evidence = new Evidence()
    evidence.now = now
    for (const [start, end] of empty) evidence.proveEmpty({ start: start * day, end: end * day })
    return evidence
  }
  const split = (evidence: Evidence, start: number, end: number, candles = 3) =>
    byEvidence("1d", candles, evidence, { start: start * day, end: end * day }).map((piece) => [
      piece.start / day,
      piece.end / day
    ])

  it.each<readonly [string, Evidence, number, number, ReadonlyArray<ReadonlyArray<number>>]>([
    ["nothing is known", evidenceOf(-Infinity), 10, 17, [[10, 13], [13, 16], [16, 17]]],
    ["it starts between two candles", evidenceOf(-Infinity), 10.5, 15, [[10.5, 13], [13, 15]]],
    ["all of it is past", evidenceOf(50 * day), 10, 14, [[10, 13], [13, 14]]],
    // The candle of the present ends at 13.
    ["a part of it is to come", evidenceOf(12.5 * day), 10, 90, [[10, 90]]],
    ["more than a piece of it is past", evidenceOf(14.5 * day), 10, 90, [[10, 13], [13, 90]]],
    ["all of it is to come", evidenceOf(5 * day), 10, 90, [[10, 90]]],
    ["it has no length", evidenceOf(90 * day), 10, 10, []],
    ["its beginning is empty", evidenceOf(90 * day, [0, 40]), 10, 44, [[10, 40], [40, 43], [43, 44]]],
    ["its end is empty", evidenceOf(90 * day, [12, 99]), 10, 44, [[10, 12], [12, 44]]],
    ["there is a gap in it", evidenceOf(90 * day, [12, 30]), 10, 32, [[10, 12], [12, 30], [30, 32]]],
    ["there are two gaps in it", evidenceOf(90 * day, [11, 20], [21, 30]), 10, 31, [
      [10, 11],
      [11, 20],
      [20, 21],
      [21, 30],
      [30, 31]
    ]],
    ["all of it is empty", evidenceOf(90 * day, [0, 99]), 10, 44, [[10, 44]]],
    ["it starts before the first candle of a gap", evidenceOf(90 * day, [11, 20]), 10.5, 22, [[10.5, 20], [20, 22]]],
    ["what is to come follows a gap that lasts", evidenceOf(20.5 * day, [12, 21]), 10, 90, [[10, 12], [12, 90]]],
    ["what is to come follows a gap that is over", evidenceOf(20.5 * day, [12, 20]), 10, 90, [
      [10, 12],
      [12, 20],
      [20, 90]
    ]]
  ])("%s", (_, evidence, start, end, pieces) => expect(split(evidence, start, end)).toEqual(pieces))

  it("for any evidence, the pieces are the range, and no other piece but gaps and the last one is longer", () => {
    const gap = FastCheck.tuple(FastCheck.nat(60), FastCheck.integer({ min: 1, max: 20 }))
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(gap, { maxLength: 4 }),
        FastCheck.integer({ min: 1, max: 7 }),
        FastCheck.tuple(FastCheck.nat(600), FastCheck.integer({ min: 1, max: 400 })),
        FastCheck.option(FastCheck.nat(800)),
        (gaps, candles, [start, length], now) => {
          const evidence = evidenceOf(
            now === null ? -Infinity : now * day / 10,
            ...gaps.map(([from, days]) => [from, from + days] as const)
          )
          const range = { start: start * day / 10, end: (start + length) * day / 10 }
          const pieces = byEvidence("1d", candles, evidence, range)
          tiles(pieces, range)
          for (const { end, start } of pieces.slice(0, -1)) {
            const isEmpty = Interval.opens("1d", start, end).every((open) =>
              (evidence.emptyFrom(open)?.end ?? 0) >= end
            )
            expect(isEmpty || Interval.count("1d", start, end) <= candles).toBe(true)
          }
        }
      ),
      { seed: 4, numRuns: 120 }
    )
  })
})
