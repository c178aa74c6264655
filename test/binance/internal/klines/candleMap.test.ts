import { describe, expect, it } from "@effect/vitest"
import { Interval } from "effect-errata/binance"
import * as FastCheck from "effect/FastCheck"
import { CandleMap } from "../../../../src/binance/internal/klines/candleMap.js"
import { allocate } from "../../../../src/binance/internal/klines/columns.js"
import type { Range } from "../../../../src/binance/internal/klines/ranges.js"

const hour = 3_600_000
const half = hour / 2
// The grid is of hours; ranges may start and end between two of them.
const hours = Array.from({ length: 16 }, (_, i) => i * hour)
const halves = Array.from({ length: 32 }, (_, i) => i * half)

const holds = ({ end, start }: Range, instant: number) => start <= instant && instant < end

/** The longest ranges of neighbours that a test accepts. */
const runs = (cells: ReadonlyArray<number>, size: number, accepts: (cell: number) => boolean): ReadonlyArray<Range> =>
  cells.filter((cell) => accepts(cell) && !(cells.includes(cell - size) && accepts(cell - size))).map((start) => ({
    start,
    end: cells.find((cell) => cell >= start && !accepts(cell)) ?? cells.at(-1)! + size
  }))

interface Answer {
  readonly opens: ReadonlyArray<number>
  readonly invalid: ReadonlyArray<number>
  readonly coverage: Range | undefined
}

/** The candles as a set, each vote and each request on its own. */
class Model {
  readonly opens = new Set<number>()
  votes: Array<Range> = []
  readonly handled: Array<Range> = []

  add({ coverage, invalid, opens }: Answer): boolean {
    const found = new Set([...opens, ...invalid].map((instant) => instant - instant % hour))
    const fresh = [...found].filter((open) => !this.opens.has(open))
    const agreeing = this.votes.filter((vote) => !fresh.some((open) => holds(vote, open)))
    let consistent = agreeing.length === this.votes.length
    this.votes = agreeing
    if (coverage !== undefined) {
      if ([...this.opens].some((open) => holds(coverage, open) && !found.has(open))) consistent = false
      else this.votes.push(coverage)
      this.handled.push(coverage)
    }
    for (const open of fresh) this.opens.add(open)
    return consistent
  }
}

const bounds = FastCheck.tuple(FastCheck.nat(31), FastCheck.nat(31)).map(([a, b]): Range => ({
  start: Math.min(a, b) * half,
  end: Math.max(a, b) * half
}))
const answer: FastCheck.Arbitrary<Answer> = FastCheck.record({
  opens: FastCheck.subarray(hours, { maxLength: 5 }),
  // A row that opens off the grid is invalid.
  invalid: FastCheck.oneof(
    { weight: 4, arbitrary: FastCheck.constant<ReadonlyArray<number>>([]) },
    { weight: 1, arbitrary: FastCheck.subarray(halves, { maxLength: 2 }) }
  ),
  coverage: FastCheck.option(bounds, { nil: undefined })
})
const event = FastCheck.oneof(answer, FastCheck.record({ handle: bounds }))

describe("CandleMap", () => {
  it("agrees with a set of candles and a list of answers", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(event, { maxLength: 7 }), bounds, (events, range) => {
        const map = new CandleMap("1h", () => 0)
        const model = new Model()
        for (const event of events) {
          if ("handle" in event) {
            map.handle(event.handle)
            model.handled.push(event.handle)
          } else expect(map.add({ ...event, rows: allocate(0) }, event.coverage)).toBe(model.add(event))
        }
        const opens = [...model.opens].toSorted((a, b) => a - b)
        expect(halves.map((instant) => [map.openFrom(instant), map.openBefore(instant)])).toEqual(
          halves.map((instant) => [opens.find((open) => open >= instant), opens.findLast((open) => open < instant)])
        )

        const isLeft = (cell: number) => holds(range, cell) && !model.handled.some((handled) => holds(handled, cell))
        expect(map.unhandled(range)).toEqual(
          runs(halves, half, isLeft).find((part) => hours.some((open) => holds(part, open)))
        )

        const gaps = map.gaps(range)
        expect(gaps).toEqual(runs(hours, hour, (open) => holds(range, open) && !model.opens.has(open)))
        for (const gap of gaps) {
          const parts = map.votesOn(gap)
          const inside = hours.filter((open) => holds(gap, open))
          // Each candle of the gap is in one part, which has the votes of the answers that deny the candle.
          expect(inside.map((open) => parts.filter((part) => holds(part, open)).map(({ votes }) => votes))).toEqual(
            inside.map((open) => [model.votes.filter((vote) => holds(vote, open)).length])
          )
          expect(parts.every((part) => gap.start <= part.start && part.end <= gap.end)).toBe(true)
          expect(parts.every((part) => inside.some((open) => holds(part, open)))).toBe(true)
        }
      }),
      { seed: 9, numRuns: 200 }
    )
  })

  const map = (...answers: ReadonlyArray<Partial<Answer>>) => {
    const map = new CandleMap("1h", () => 0)
    for (const { coverage, invalid = [], opens = [] } of answers) {
      map.add({ rows: allocate(0), opens, invalid }, coverage)
    }
    return map
  }
  const between = (start: number, end: number): Range => ({ start: start * hour, end: end * hour })

  it("an invalid row before the valid ones is in order with them", () => {
    const found = map({ opens: [5 * hour, 7 * hour], invalid: [2 * hour, 6 * hour] })
    expect(found.gaps(between(0, 9))).toEqual([between(0, 2), between(3, 5), between(8, 9)])
  })

  it("a candle refutes only the answers that denied it, not one that ends where it opens", () => {
    const found = map({ coverage: between(0, 3) }, { coverage: between(2, 6) }, { coverage: between(0, 9) }, {
      opens: [3 * hour]
    })
    expect(found.votesOn(between(0, 3))).toEqual([{ ...between(0, 3), votes: 1 }])
    expect(found.votesOn(between(4, 9))).toEqual([{ ...between(4, 9), votes: 0 }])
  })

  it("an empty range marks nothing, and what has no candle of the grid is not asked for", () => {
    const found = map()
    found.handle(between(5, 5))
    found.handle(between(8, 7))
    expect(found.unhandled(between(0, 9))).toEqual(between(0, 9))
    expect(found.unhandled(between(2.25, 2.75))).toBeUndefined()
    found.handle(between(0, 2.25))
    found.handle(between(2.75, 6))
    expect(found.unhandled(between(0, 9))).toEqual(between(6, 9))
  })

  it("keeps the rows of answers that have some, and the opens of invalid ones", () => {
    const map = new CandleMap("1h", () => 0)
    const rows = { ...allocate(1), openTime: Float64Array.of(hour) }
    map.add({ rows, opens: [hour], invalid: [2 * hour + 1] }, undefined)
    map.add({ rows: allocate(0), opens: [], invalid: [] }, undefined)
    expect(map.parts).toEqual([rows])
    expect([...map.invalid]).toEqual([2 * hour])
  })

  it("the grid of 3d is unknown before the first candle: any part may have one", () => {
    const day = 24 * hour
    let anchor = day
    const map = new CandleMap("3d", () => anchor)
    const range = { start: 2 * day, end: 3 * day }
    expect(map.unhandled(range)).toEqual(range)
    expect(map.unhandled({ start: 2 * day, end: 2 * day })).toBeUndefined()
    expect(map.gaps({ start: 2 * day + 1, end: 4 * day })).toEqual([{ start: 3 * day, end: 4 * day }])
    anchor = 0
    map.add({ rows: allocate(0), opens: [9 * day], invalid: [] }, undefined)
    expect(map.unhandled(range)).toBeUndefined()
    expect(map.gaps({ start: 1, end: 12 * day })).toEqual([{ start: 3 * day, end: 9 * day }])
  })

  it("months are as long as they are", () => {
    const map = new CandleMap("1M", () => 0)
    const months = Interval.opens("1M", Date.UTC(2024, 0), Date.UTC(2024, 6))
    map.add({ rows: allocate(0), opens: [months[0]!, months[2]!], invalid: [] }, undefined)
    expect(map.gaps({ start: months[0]!, end: months[5]! })).toEqual([
      { start: months[1], end: months[2] },
      { start: months[3], end: months[5] }
    ])
  })
})
