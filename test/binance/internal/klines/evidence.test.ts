import { describe, expect, it } from "@effect/vitest"
import { anchorIn, Evidence } from "../../../../src/binance/internal/klines/evidence.js"

const proven = (...ranges: ReadonlyArray<readonly [number, number]>) => {
  const evidence = new Evidence()
  for (const [start, end] of ranges) evidence.proveEmpty({ start, end })
  return evidence
}

describe("Evidence, of empty ranges", () => {
  it("ranges that touch or overlap are one, in any order", () => {
    const evidence = proven([30, 40], [10, 20], [20, 25], [24, 30], [50, 60])
    expect(evidence.emptyFrom(10)).toEqual({ start: 10, end: 40 })
    expect(evidence.emptyFrom(39)).toEqual({ start: 39, end: 40 })
    expect([9, 40, 49, 60].map((instant) => evidence.emptyFrom(instant))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined
    ])
    expect([0, 9, 10, 49, 50].map((instant) => evidence.nextEmpty(instant))).toEqual([10, 10, 50, 50, undefined])
  })

  it.each([[20, 20], [20, 10]] as const)("from %d to %d is no range", (start, end) => {
    const evidence = proven([start, end])
    expect(evidence.nextEmpty(-Infinity)).toBeUndefined()
  })

  it("before the first candle, and empty ranges from there on", () => {
    expect(proven([10, 20]).isEmptyBefore(0)).toBe(false)
    const evidence = proven([10, 20])
    evidence.nothingBefore = 5
    expect([4, 5, 6, 20].map((instant) => evidence.isEmptyBefore(instant))).toEqual([true, true, false, false])
    evidence.nothingBefore = 10
    expect([10, 20, 21].map((instant) => evidence.isEmptyBefore(instant))).toEqual([true, true, false])
  })

  it("after the last candle, and empty ranges up to there", () => {
    expect(proven([10, 20]).isEmptyAfter(1000)).toBe(false)
    const evidence = proven([10, 20])
    evidence.nothingAfter = 20
    expect([9, 10, 15, 20, 21].map((instant) => evidence.isEmptyAfter(instant))).toEqual([
      false,
      true,
      true,
      true,
      true
    ])
    evidence.nothingAfter = 21
    expect([15, 20, 21].map((instant) => evidence.isEmptyAfter(instant))).toEqual([false, false, true])
  })

  it("has none at first", () => {
    const evidence = new Evidence()
    expect([evidence.spare, evidence.unsure, evidence.emptyFrom(0), evidence.doubts]).toEqual([[], [], undefined, 0])
  })

  it("two answers prove that there is nothing; four after one that was wrong", () => {
    const evidence = new Evidence()
    expect(evidence.required).toBe(2)
    evidence.doubts = 1
    expect(evidence.required).toBe(4)
  })
})

describe("Evidence, of candles", () => {
  it("keeps the earliest and the latest", () => {
    const evidence = new Evidence()
    evidence.candles(50, 60)
    evidence.candles(55, 58)
    expect([evidence.first, evidence.last]).toEqual([50, 60])
    evidence.candles(40, 70)
    expect([evidence.first, evidence.last]).toEqual([40, 70])
  })

  it("only the grid of 3d depends on a candle", () => {
    const evidence = new Evidence()
    expect([anchorIn("3d", evidence, 7), anchorIn("1h", evidence, 7)]).toEqual([7, 7])
    evidence.anchor = 0
    expect([anchorIn("3d", evidence, 7), anchorIn("1h", evidence, 7)]).toEqual([0, 7])
  })
})

describe("Evidence, of another fetch", () => {
  const full = (own: Partial<Evidence> = {}) =>
    Object.assign(
      proven([10, 20]),
      { first: 5, last: 90, mostRows: 500, anchor: 3, nothingBefore: 4, nothingAfter: 95, now: 99, isTimed: true },
      own
    )
  const read = (
    { anchor, doubts, first, isTimed, last, mostRows, nothingAfter, nothingBefore, now, unsure }: Evidence
  ) => ({
    anchor,
    doubts,
    first,
    isTimed,
    last,
    mostRows,
    nothingAfter,
    nothingBefore,
    now,
    unsure
  })

  it("of the past, all of it is adopted", () => {
    const evidence = new Evidence()
    evidence.learn(full(), true)
    expect(read(evidence)).toEqual(read(full()))
    expect(evidence.emptyFrom(10)).toEqual({ start: 10, end: 20 })
  })

  it("of the present, neither the time of the exchange nor the end of the instrument", () => {
    const evidence = new Evidence()
    evidence.learn(full(), false)
    expect(read(evidence)).toEqual(read(full({ nothingAfter: Infinity, now: -Infinity, isTimed: false })))
    expect(evidence.emptyFrom(10)).toEqual({ start: 10, end: 20 })
  })

  it("what is known better is kept", () => {
    const better = {
      first: 1,
      last: 100,
      mostRows: 1000,
      anchor: 2,
      nothingBefore: 4.5,
      nothingAfter: 94,
      now: 101,
      isTimed: true
    }
    const evidence = full(better)
    evidence.learn(full({ isTimed: false }), true)
    expect(read(evidence)).toEqual(read(full(better)))
  })

  it("what doubted answers have proven is unsure, unless it was proven before; bounds of theirs are not adopted", () => {
    const evidence = proven([0, 12])
    evidence.unsure = [{ start: 40, end: 41 }]
    const doubted = full({ doubts: 1, unsure: [{ start: 30, end: 31 }] })
    evidence.learn(doubted, true)
    expect(evidence.unsure).toEqual([{ start: 12, end: 20 }, { start: 30, end: 31 }, { start: 40, end: 41 }])
    expect([evidence.nothingBefore, evidence.nothingAfter, evidence.doubts]).toEqual([-Infinity, Infinity, 0])
    expect([evidence.now, evidence.isTimed, evidence.first]).toEqual([99, true, 5])
    expect(evidence.emptyFrom(0)).toEqual({ start: 0, end: 20 })
  })

  it("what answers without a doubt have proven is sure", () => {
    const evidence = new Evidence()
    evidence.learn(full(), true)
    expect(evidence.unsure).toEqual([])
  })
})
