import { describe, expect, it } from "@effect/vitest"
import { Interval } from "effect-errata/binance"
import * as FastCheck from "effect/FastCheck"
import {
  allocate,
  anchorOf,
  between,
  type Columns,
  endOf,
  gridOf,
  join,
  lowerBound,
  mergeOrder,
  names,
  pick,
  resized,
  sound
} from "../../../../src/binance/internal/klines/columns.js"

const hour = 3_600_000
const day = 24 * hour

interface Row {
  readonly open: number
  readonly isPriced: boolean
}

/** Rows that differ in every field: `trades` is their number. */
const columnsOf = (rows: ReadonlyArray<Row>): Columns => {
  const columns = allocate(rows.length)
  for (const [i, { isPriced, open }] of rows.entries()) {
    for (const [j, name] of names.entries()) columns[name][i] = 100 * i + j
    columns.openTime[i] = open
    columns.low[i] = 1
    columns.open[i] = 2
    columns.close[i] = 3
    columns.high[i] = isPriced ? 4 : 2.5
    columns.trades[i] = i
  }
  return columns
}

const at = (...opens: ReadonlyArray<number>) => columnsOf(opens.map((open) => ({ open: open * hour, isPriced: true })))
const ascending = FastCheck.uniqueArray(FastCheck.nat(12), { maxLength: 8 }).map((opens) =>
  opens.toSorted((a, b) => a - b)
)

const property = <A>(arbitrary: FastCheck.Arbitrary<A>, check: (value: A) => void) =>
  FastCheck.assert(FastCheck.property(arbitrary, check), { seed: 8, numRuns: 150 })

describe("columns", () => {
  it("lowerBound is the first row that is not before an instant", () =>
    property(
      FastCheck.tuple(FastCheck.array(FastCheck.nat(9)), FastCheck.integer({ min: -1, max: 11 })),
      ([some, instant]) => {
        const opens = some.toSorted((a, b) => a - b)
        const found = opens.findIndex((open) => open >= instant)
        expect(lowerBound(Float64Array.from(opens), instant)).toBe(found === -1 ? opens.length : found)
      }
    ))

  it("between has the rows that open in a range, as views, and the same object if that is all", () =>
    property(FastCheck.tuple(ascending, FastCheck.nat(13), FastCheck.nat(13)), ([opens, start, end]) => {
      const rows = at(...opens)
      const inside = between(rows, start * hour, end * hour)
      const expected = opens.filter((open) => start <= open && open < end)
      expect([...inside.openTime].map((open) => open / hour)).toEqual(expected)
      expect(inside).toEqual(pick(rows, expected.map((open) => opens.indexOf(open))))
      expect(inside.openTime.buffer).toBe(rows.openTime.buffer)
      expect(inside === rows).toBe(expected.length === opens.length)
    }))

  it("join has the rows of all parts, and copies nothing of one part", () =>
    property(FastCheck.array(ascending, { maxLength: 4 }), (parts) => {
      const columns = parts.map((opens) => at(...opens))
      const joined = join(columns)
      const names = ["openTime", "trades", "takerBuyQuote"] as const
      for (const name of names) expect([...joined[name]]).toEqual(columns.flatMap((part) => [...part[name]]))
      expect(joined).toHaveLength(parts.flat().length)
      expect(joined === columns[0]).toBe(parts.length === 1)
    }))

  it("resized has views of the first rows, or a copy with room for more", () => {
    const rows = at(1, 2, 3)
    for (const length of [0, 2, 3]) {
      expect(resized(rows, length)).toEqual(pick(rows, [0, 1, 2].slice(0, length)))
      expect(resized(rows, length).close.buffer).toBe(rows.close.buffer)
    }
    const longer = resized(rows, 5)
    expect([...longer.trades, ...longer.high]).toEqual([0, 1, 2, 0, 0, 4, 4, 4, 0, 0])
    expect(longer).toHaveLength(5)
  })

  it("mergeOrder merges two lists; of rows that open at the same time the second is kept", () =>
    property(FastCheck.tuple(ascending, ascending), ([first, second]) => {
      const order = [...mergeOrder(Float64Array.from(first), Float64Array.from(second))]
      const all = [...new Set([...first, ...second])].toSorted((a, b) => a - b)
      expect(order).toEqual(
        all.map((open) => second.includes(open) ? first.length + second.indexOf(open) : first.indexOf(open))
      )
    }))
})

describe("the grid of rows", () => {
  it("only that of 3d depends on the rows: on the first one, if that opens at midnight", () => {
    const opens = Float64Array.of(9 * day)
    expect(anchorOf("3d", opens)).toBe(9 * day)
    expect(anchorOf("3d", Float64Array.of(9 * day + 1))).toBe(Interval.anchorOf("3d"))
    expect(anchorOf("3d", new Float64Array(0))).toBe(Interval.anchorOf("3d"))
    expect(anchorOf("1d", opens)).toBe(Interval.anchorOf("1d"))
    expect(anchorOf("1w", opens)).toBe(Interval.anchorOf("1w"))
  })

  it("without rows, a candle of 3d may open on any day", () => {
    const some = Float64Array.of(0)
    const none = new Float64Array(0)
    expect([gridOf("3d", none), gridOf("3d", some), gridOf("1w", none), gridOf("1w", some)]).toEqual([
      "1d",
      "3d",
      "1w",
      "1w"
    ])
  })

  it.each(Interval.Interval.literals)("a candle of %s ends where the next one opens", (interval) => {
    const open = Interval.floor(interval, Date.UTC(2024, 1, 10))
    expect(endOf(interval, Interval.anchorOf(interval))(open)).toBe(Interval.next(interval, open))
  })
})

describe("sound", () => {
  const rows = FastCheck.array(
    FastCheck.record({
      // Most rows are on the grid and follow each other.
      open: FastCheck.oneof(
        { weight: 8, arbitrary: FastCheck.nat(8).map((n) => n * hour) },
        { weight: 1, arbitrary: FastCheck.nat(8 * hour) }
      ),
      isPriced: FastCheck.integer({ min: 0, max: 6 }).map((n) => n > 0)
    }),
    { maxLength: 8 }
  )
  const sorted = FastCheck.tuple(rows, FastCheck.boolean()).map(([rows, isSorted]) =>
    isSorted ? rows.toSorted((a, b) => a.open - b.open) : rows
  )

  it("keeps the last valid row of each candle, in order, and names the candles of the others", () =>
    property(sorted, (rows) => {
      const columns = columnsOf(rows)
      const isValid = ({ isPriced, open }: Row) => isPriced && open % hour === 0
      const last = new Map(rows.flatMap((row, i) => isValid(row) ? [[row.open, i] as const] : []))
      const kept = [...last].toSorted(([a], [b]) => a - b).map(([, i]) => i)
      const invalid = new Set(rows.filter((row) => !isValid(row)).map(({ open }) => open - open % hour))
      const found = sound(columns, "1h", 0)
      expect([...found.columns.trades]).toEqual(kept)
      expect(found.columns).toEqual(pick(columns, kept))
      expect(found.unsound).toEqual([...invalid].toSorted((a, b) => a - b))
      expect(found.columns === columns).toBe(kept.length === rows.length && kept.every((row, i) => row === i))
    }))

  it.each([
    { low: 1, open: 1, close: 4, high: 4, isValid: true },
    { low: 2, open: 2, close: 2, high: 2, isValid: true },
    { low: 1, open: 0.9, close: 2, high: 4, isValid: false },
    { low: 1, open: 4.1, close: 2, high: 4, isValid: false },
    { low: 1, open: 2, close: 0.9, high: 4, isValid: false },
    { low: 1, open: 2, close: 4.1, high: 4, isValid: false },
    { low: 1, open: NaN, close: 2, high: 4, isValid: false },
    { low: NaN, open: 1, close: 2, high: 4, isValid: false }
  ])("open and close are within low and high: $low, $open, $close, $high", ({ isValid, ...prices }) => {
    const columns = at(1, 2, 3)
    for (const name of ["low", "open", "close", "high"] as const) columns[name][1] = prices[name]
    const found = sound(columns, "1h", 0)
    expect([...found.columns.trades]).toEqual(isValid ? [0, 1, 2] : [0, 2])
    expect(found.unsound).toEqual(isValid ? [] : [2 * hour])
  })

  it("of rows that open at the same time the last one is kept, also where all are in order", () => {
    const columns = at(1, 2, 2, 2, 3, 3)
    expect([...sound(columns, "1h", 0).columns.trades]).toEqual([0, 3, 5])
  })

  it("the newest first is not in order", () => {
    expect([...sound(at(3, 2, 1), "1h", 0).columns.trades]).toEqual([2, 1, 0])
  })

  it("the grid of months, and one that starts at another anchor", () => {
    const months = Interval.opens("1M", Date.UTC(2024, 0), Date.UTC(2024, 4))
    const rows = columnsOf([...months, months[3]! + day].map((open) => ({ open, isPriced: true })))
    expect(sound(rows, "1M", 0)).toEqual({ columns: pick(rows, [0, 1, 2, 3]), unsound: [months[3]] })
    const days = columnsOf([2, 5, 8, 9].map((n) => ({ open: n * day, isPriced: true })))
    expect(sound(days, "3d", 2 * day)).toEqual({ columns: pick(days, [0, 1, 2]), unsound: [8 * day] })
  })
})
