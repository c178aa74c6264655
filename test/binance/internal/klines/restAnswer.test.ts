import { describe, expect, it } from "@effect/vitest"
import { Interval } from "effect-errata/binance"
import * as FastCheck from "effect/FastCheck"
import { allocate, type Columns, pick } from "../../../../src/binance/internal/klines/columns.js"
import { answersLatest, ascending, coverageOf, mismatch } from "../../../../src/binance/internal/klines/restAnswer.js"

const hour = 3_600_000
const day = 24 * hour
const monday = Date.UTC(2024, 0, 1)

const rowsOf = (rows: ReadonlyArray<readonly [open: number, end: number]>): Columns => ({
  ...allocate(rows.length),
  openTime: Float64Array.from(rows, ([open]) => open),
  closeTime: Float64Array.from(rows, ([, end]) => end - 1)
})

describe("coverageOf", () => {
  const asked = { start: 10 * hour, end: 20 * hour, limit: 3 }

  it.each(
    [
      ["SPOT", asked, [11, 12, 13], [10, 14]],
      ["FUTURES_USDT", asked, [11, 12, 13], [10, 14]],
      ["SPOT", asked, [11, 19], [10, 20]],
      ["SPOT", asked, [], [10, 20]],
      // The unfinished candle ends after the range.
      ["SPOT", { ...asked, end: 19.5 * hour }, [19], [10, 19.5]],
      // COIN-M answers with the latest rows of a window.
      ["FUTURES_COIN", asked, [17, 18, 19], [17, 20]],
      ["FUTURES_COIN", asked, [], [10, 20]],
      ["FUTURES_COIN", asked, [21], [20, 20]],
      // The latest before an instant: an answer without rows says nothing.
      ["SPOT", { ...asked, start: undefined }, [], [20, 20]],
      ["FUTURES_COIN", { ...asked, start: undefined }, [18, 19], [18, 20]]
    ] as const
  )("on %s, asked for %o, the opens %o", (market, question, opens, [start, end]) => {
    expect(coverageOf(market, "1h", question, { opens: opens.map((open) => open * hour) })).toEqual({
      start: start * hour,
      end: end * hour
    })
  })

  it("a candle of 3d ends three days after it opens, on any grid", () => {
    const question = { start: 0, end: 90 * day, limit: 1000 }
    expect(coverageOf("SPOT", "3d", question, { opens: [5 * day, 8 * day] })).toEqual({ start: 0, end: 11 * day })
  })

  it("only COIN-M answers with the latest", () => {
    expect((["SPOT", "FUTURES_USDT", "FUTURES_COIN"] as const).map(answersLatest)).toEqual([false, false, true])
  })
})

describe("mismatch", () => {
  const question = { start: monday, end: monday + 100 * day, limit: 1000 }
  const of = (interval: Interval.Interval, from: number = monday, n = 4) =>
    rowsOf(
      Array.from({ length: n }, () => 0).map((_, i) => {
        const open = Interval.at(interval, Interval.index(interval, from) + i)
        return [open, Interval.next(interval, open)]
      })
    )

  it.each(Interval.Interval.literals)("rows of %s are an answer to that, and to no other interval", (interval) => {
    const from = interval === "3d" ? Interval.ceil("3d", monday) : monday
    const wide = { ...question, end: Infinity }
    expect(mismatch(interval, wide, of(interval, from))).toBeUndefined()
    const others = Interval.Interval.literals.filter((other) => mismatch(other, wide, of(interval, from)) === undefined)
    // The first days of an instrument may be shorter than its candle of 3d, and a first month may be any number of them.
    const alike = interval === "1d" ? ["1d", "3d"] : interval === "1M" ? ["1d", "1M"] : [interval]
    expect(others).toEqual(alike)
  })

  it.each([
    [monday - 1, monday, "1 of 4 candles open outside of the range asked for"],
    [monday, monday + 100 * day, undefined],
    [monday, monday + 3 * hour, "1 of 4 candles open outside of the range asked for"],
    [monday + 1, monday + 100 * day, "1 of 4 candles open outside of the range asked for"],
    [undefined, monday + 2 * hour, "2 of 4 candles open outside of the range asked for"],
    [undefined, monday + 4 * hour, undefined]
  ])("from %s to %s", (start, end, expected) => {
    const asked = { start, end, limit: 1000 }
    expect(mismatch("1h", asked, of("1h"))).toBe(
      start === monday - 1 ? "4 of 4 candles open outside of the range asked for" : expected
    )
  })

  it("more than half of the rows of another interval are no answer; a wrong close time is no other interval", () => {
    const rows = (wrong: number, length: number) =>
      rowsOf([0, 1, 2, 3].map((i) => {
        const open = monday + i * hour
        return [open, open + (i < wrong ? length : hour)]
      }))
    expect(mismatch("1h", question, rows(2, 60_000))).toBeUndefined()
    expect(mismatch("1h", question, rows(3, 60_000))).toBe("3 of 4 candles are of another interval")
    expect(mismatch("1h", question, rows(4, 61_000))).toBeUndefined()
    expect(mismatch("1h", question, rowsOf([]))).toBeUndefined()
    // The first candle of a month, and one that ends with a month, are no months.
    expect(mismatch("1h", question, rowsOf([[monday, monday + 61_000]]))).toBeUndefined()
    expect(mismatch("1h", question, rowsOf([[monday + 9.5 * day, Date.UTC(2024, 1, 1)]]))).toBeUndefined()
  })
})

describe("ascending", () => {
  it("sorts by open time, keeps the order of equal ones, and copies nothing that is sorted", () =>
    FastCheck.assert(
      FastCheck.property(FastCheck.array(FastCheck.nat(5), { maxLength: 8 }), (opens) => {
        const rows = {
          ...allocate(opens.length),
          openTime: Float64Array.from(opens),
          trades: Float64Array.from(opens, (_, i) => i)
        }
        const order = opens.map((open, i) => ({ open, i })).toSorted((a, b) => a.open - b.open).map(({ i }) => i)
        const sorted = ascending(rows)
        expect([...sorted.trades]).toEqual(order)
        expect(sorted).toEqual(pick(rows, order))
        expect(sorted === rows).toBe(order.every((row, i) => row === i))
      }),
      { seed: 1, numRuns: 200 }
    ))
})
