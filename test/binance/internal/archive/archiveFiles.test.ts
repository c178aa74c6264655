import { Interval, type Market } from "effect-errata/binance"
import * as FastCheck from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import { daysOf, filesOf, mayCome, monthsOf } from "../../../../src/binance/internal/archive/archiveFiles.js"

const utc = Date.UTC
const day = 86_400_000
const spot = { market: "SPOT", symbol: "BTCUSDT", interval: "1h" } as const
const later = utc(2024, 5, 15, 12)

const names = (interval: Interval.Interval, start: string, end: string, now = later) =>
  filesOf({ ...spot, interval }, { start: Date.parse(`${start}Z`), end: Date.parse(`${end}Z`) }, now)
    .map(({ name }) => name.slice(`BTCUSDT-${interval}-`.length))

describe("filesOf", () => {
  it.each<[string, Interval.Interval, string, string, ReadonlyArray<string>]>([
    ["a day", "1h", "2024-01-05T00:00", "2024-01-06T00:00", ["2024-01-05"]],
    ["an hour", "1h", "2024-01-05T03:00", "2024-01-05T04:00", ["2024-01-05"]],
    ["two hours on two days", "1h", "2024-01-05T23:00", "2024-01-06T01:00", ["2024-01-05", "2024-01-06"]],
    ["a window shorter than an interval, in which nothing opens", "1h", "2024-01-05T03:10", "2024-01-05T03:50", []],
    ["a window without an open at its end", "4h", "2024-01-05T22:00", "2024-01-06T00:00", []],
    ["a month", "1h", "2024-01-01T00:00", "2024-02-01T00:00", ["2024-01"]],
    ["a month but for a moment that opens nothing", "1h", "2023-12-31T23:30", "2024-01-31T23:30", ["2024-01"]],
    ["a month but for an hour", "1d", "2024-01-01T01:00", "2024-01-04T00:00", ["2024-01-02", "2024-01-03"]],
    ["a leap month", "1m", "2024-02-01T00:00", "2024-03-01T00:00", ["2024-02"]],
    ["whole months by the month, the rest by the day", "1m", "2024-01-30T12:00", "2024-04-02T06:00", [
      "2024-01-30",
      "2024-01-31",
      "2024-02",
      "2024-03",
      "2024-04-01",
      "2024-04-02"
    ]],
    [
      "this month, of which there are days until yesterday",
      "1h",
      "2024-06-01T00:00",
      "2024-07-01T00:00",
      Array.from({ length: 14 }, (_, i) => `2024-06-${String(i + 1).padStart(2, "0")}`)
    ],
    ["today and the future", "1h", "2024-06-15T00:00", "2024-09-01T00:00", []],
    ["days before there was an exchange", "1d", "2010-01-01T00:00", "2017-08-02T00:00", ["2017-07", "2017-08-01"]]
  ])("%s", (_, interval, start, end, expected) => expect(names(interval, start, end)).toEqual(expected))

  it("what is longer than a day has months only, and of these all that are touched and over", () => {
    expect(names("3d", "2024-01-30T00:00", "2024-02-02T00:00")).toEqual(["2024-01", "2024-02"])
    expect(names("1w", "2024-04-30T00:00", "2024-06-11T00:00")).toEqual(["2024-04", "2024-05"])
    const months = filesOf({ ...spot, interval: "1M" }, { start: utc(2024, 0), end: utc(2024, 2) }, later)
    expect(months.map(({ name }) => name)).toEqual(["BTCUSDT-1mo-2024-01", "BTCUSDT-1mo-2024-02"])
  })

  it.each<[Market.Market, string, Interval.Interval, string]>([
    ["SPOT", "BTCUSDT", "1h", "data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01"],
    ["FUTURES_USDT", "币安人生USDT", "1m", "data/futures/um/monthly/klines/币安人生USDT/1m/币安人生USDT-1m-2024-01"],
    ["FUTURES_COIN", "BTCUSD_PERP", "1M", "data/futures/cm/monthly/klines/BTCUSD_PERP/1mo/BTCUSD_PERP-1mo-2024-01"]
  ])("%s has them where the archive has them", (market, symbol, interval, path) => {
    const [file] = filesOf({ market, symbol, interval }, { start: utc(2024, 0), end: utc(2024, 1) }, later)
    expect(file).toEqual({
      period: "monthly",
      start: utc(2024, 0),
      end: utc(2024, 1),
      name: path.slice(path.lastIndexOf("/") + 1),
      path
    })
  })

  it("the files contain each closed candle once, and none is empty", () => {
    const intervals = FastCheck.constantFrom<Interval.Interval>("1m", "15m", "1h", "12h", "1d")
    const instants = FastCheck.integer({ min: utc(2023, 10), max: utc(2024, 7) })
    FastCheck.assert(
      FastCheck.property(intervals, instants, instants, (interval, a, b) => {
        const range = { start: Math.min(a, b), end: Math.max(a, b) }
        const files = filesOf({ ...spot, interval }, range, later)
        const wanted = Interval.opens(interval, range.start, Math.min(range.end, utc(2024, 5, 15)))
        for (const open of [wanted[0], wanted.at(-1)].filter((open) => open !== undefined)) {
          expect(files.filter(({ end, start }) => start <= open && open < end).length).toBe(1)
        }
        const held = files.map(({ end, start }) =>
          Interval.count(interval, Math.max(start, range.start), Math.min(end, range.end))
        )
        expect(held.every((count) => count > 0)).toBe(true)
        expect(held.reduce((sum, count) => sum + count, 0)).toBe(wanted.length)
        for (const file of files) {
          if (file.period === "monthly") expect(range.start - file.start).toBeLessThanOrEqual(0)
        }
      })
    )
  })
})

it("monthsOf: each month once that is over, and none of seconds", () => {
  const months = (interval: Interval.Interval) =>
    monthsOf({ ...spot, interval }, [
      { start: utc(2024, 0, 5), end: utc(2024, 0, 6) },
      { start: utc(2024, 0, 31), end: utc(2024, 1, 2) },
      { start: utc(2024, 4, 31), end: later }
    ], later).map(({ path }) => path.slice(path.lastIndexOf("/") + 1))
  expect(months("1h")).toEqual(["BTCUSDT-1h-2024-01", "BTCUSDT-1h-2024-02", "BTCUSDT-1h-2024-05"])
  expect(months("1s")).toEqual([])
})

describe("daysOf", () => {
  const days = (interval: Interval.Interval, ...ranges: ReadonlyArray<readonly [number, number]>) =>
    daysOf({ ...spot, interval }, ranges.map(([start, end]) => ({ start, end })), later).map(({ name }) =>
      name.slice(-10)
    )

  it("each day once, of which something is missing", () => {
    const start = utc(2024, 0, 5)
    expect(
      days("1h", [start + 1, start + 3 * 3_600_000], [start + day - 1, start + day + 1], [
        start + day + 5,
        start + day + 9
      ])
    )
      .toEqual(["2024-01-05", "2024-01-06"])
    expect(days("1d", [start, start + 3 * day])).toEqual(["2024-01-05", "2024-01-06", "2024-01-07"])
  })

  it("none that is not over, and none of what has no days", () => {
    expect(days("1h", [utc(2024, 5, 14), utc(2024, 5, 18)])).toEqual(["2024-06-14"])
    expect(days("3d", [utc(2024, 0, 5), utc(2024, 1, 5)])).toEqual([])
  })
})

it("a day may come for a week, a month for two", () => {
  const [file] = filesOf(spot, { start: utc(2024, 0, 5), end: utc(2024, 0, 6) }, later)
  const [month] = filesOf(spot, { start: utc(2024, 0), end: utc(2024, 1) }, later)
  expect([mayCome(file!, utc(2024, 0, 13) - 1), mayCome(file!, utc(2024, 0, 13))]).toEqual([true, false])
  expect([mayCome(month!, utc(2024, 1, 15) - 1), mayCome(month!, utc(2024, 1, 15))]).toEqual([true, false])
})
