import { describe, it } from "@effect/vitest"
import { Interval, Klines } from "effect-errata/binance"
import * as FastCheck from "effect/FastCheck"
import { pipe } from "effect/Function"
import { expect } from "vitest"

const hour = 3_600_000
const start = Date.UTC(2024, 0, 1)

/** Candles that open at these instants. The price identifies each. */
const columns = (
  opens: ReadonlyArray<number>,
  price: (open: number, i: number) => number = () => 10
): Klines.Columns => {
  const all = (value: (open: number, i: number) => number) => Float64Array.from(opens, value)
  return {
    length: opens.length,
    openTime: all((open) => open),
    open: all(price),
    high: all((open, i) => price(open, i) + 1),
    low: all((open, i) => price(open, i) - 1),
    close: all(price),
    volume: all(() => 1),
    closeTime: all((open) => open + hour - 1),
    quoteVolume: all(price),
    trades: all(() => 1),
    takerBuyBase: all(() => 0),
    takerBuyQuote: all(() => 0)
  }
}

const make = (
  opens: ReadonlyArray<number>,
  options: {
    readonly end?: number
    readonly interval?: Interval.Interval
    readonly source?: Klines.Source
    readonly columns?: Klines.Columns
    readonly reason?: Klines.Reason
  } = {}
) => {
  const end = options.end ?? start + 6 * hour
  return Klines.make({
    interval: options.interval ?? "1h",
    source: options.source ?? "rest",
    columns: options.columns ?? columns(opens),
    start,
    end,
    reasons: [{ start, end, reason: options.reason ?? "source_gap" }]
  })
}

const at = (...hours: ReadonlyArray<number>) => hours.map((n) => start + n * hour)
const hours = (klines: Klines.Klines) => Array.from(klines.openTime, (open) => (open - start) / hour)
const gaps = (klines: Klines.Klines) =>
  klines.missing.map(({ end, reason, start: from }) => [(from - start) / hour, (end - start) / hour, reason])

const interval = FastCheck.constantFrom(...Interval.Interval.literals)

/** A range of the grid of an interval, and the opens that are present and absent. */
const holey = FastCheck.tuple(
  interval,
  FastCheck.integer({ min: Date.UTC(2018, 0), max: Date.UTC(2030, 0) }),
  FastCheck.array(FastCheck.boolean(), { maxLength: 60 })
).map(([interval, from, isThere]) => {
  const first = Interval.index(interval, from)
  const at = (i: number) => Interval.at(interval, first + i)
  return {
    interval,
    start: at(0),
    end: at(isThere.length),
    there: isThere.flatMap((is, i) => is ? [at(i)] : []),
    absent: isThere.flatMap((is, i) => is ? [] : [at(i)])
  }
})

const opensIn = (klines: Klines.Klines) =>
  klines.missing.flatMap(({ end, start }) => Interval.opens(klines.interval, start, end, start))

describe("Klines.make", () => {
  it("does not copy valid rows", () => {
    const given = columns(at(0, 1, 2, 3, 4, 5))
    const klines = make([], { columns: given })
    expect(klines.length).toBe(6)
    expect(klines.missing).toEqual([])
    expect(klines.close.buffer).toBe(given.close.buffer)
    expect(klines.source).toEqual(["rest", "rest", "rest", "rest", "rest", "rest"])
  })

  it("sorts rows, keeps the last of duplicates, and omits rows outside of the range", () => {
    const klines = make([], { columns: columns(at(-1, 2, 1, 1, 0, 6), (_, i) => 10 + i) })
    expect(hours(klines)).toEqual([0, 1, 2])
    expect([...klines.open]).toEqual([14, 13, 11])
    expect(gaps(klines)).toEqual([[3, 6, "source_gap"]])
  })

  it("a row off the grid does not shift the grid", () => {
    const klines = make([], {
      columns: columns([...at(0), ...at(1, 2).map((open) => open + 1_694_789), ...at(3, 4, 5)])
    })
    expect(hours(klines)).toEqual([0, 3, 4, 5])
    expect(gaps(klines)).toEqual([[1, 3, "invalid"]])
  })

  it("keeps a candle during which a row off the grid opens", () => {
    const klines = make([], { columns: columns([...at(0), start + 5, ...at(1, 2, 3, 4, 5)]) })
    expect(hours(klines)).toEqual([0, 1, 2, 3, 4, 5])
    expect(klines.missing).toEqual([])
  })

  it.each(["low", "high"] as const)("omits a row whose prices are beyond its %s", (bound) => {
    const broken = columns(at(0, 1, 2, 3, 4, 5))
    broken[bound][2] = 10 + (bound === "low" ? 0.5 : -0.5)
    expect(gaps(make([], { columns: broken }))).toEqual([[2, 3, "invalid"]])
  })

  it.each(["open", "close"] as const)("omits a row whose %s is outside of low and high", (price) => {
    for (const value of [8, 12]) {
      const broken = columns(at(0, 1, 2, 3, 4, 5))
      broken[price][5] = value
      expect(gaps(make([], { columns: broken }))).toEqual([[5, 6, "invalid"]])
    }
  })

  it("keeps a damaged close time and derives nothing from it", () => {
    const damaged = columns(at(0, 1, 2, 3, 4, 5))
    damaged.closeTime[3] = start + 3 * hour + 814_773
    const klines = make([], { columns: damaged })
    expect(klines.missing).toEqual([])
    expect(klines.closeTime[3]).toBe(start + 3 * hour + 814_773)
  })

  it("a missing candle has the reason of its range", () => {
    const klines = Klines.make({
      interval: "1h",
      source: "rest",
      columns: columns(at(2, 3)),
      start,
      end: start + 6 * hour,
      reasons: [
        { start, end: start + 2 * hour, reason: "not_listed_yet" },
        { start: start + 2 * hour, end: start + 5 * hour, reason: "source_gap" },
        { start: start + 5 * hour, end: start + 6 * hour, reason: "unfinished" },
        { start: start + 6 * hour, end: start + 8 * hour, reason: "not_published_yet" }
      ]
    })
    expect(gaps(klines)).toEqual([[0, 2, "not_listed_yet"], [4, 5, "source_gap"], [5, 6, "unfinished"], [
      6,
      8,
      "not_published_yet"
    ]])
  })

  it("learns the grid of 3d from the first row", () => {
    const days = Interval.millis["3d"]
    const first = start + Interval.millis["1d"]
    const opens = [0, 1, 3].map((n) => first + n * days)
    expect(Interval.floor("3d", first)).not.toBe(first)
    const klines = make([], { interval: "3d", end: first + 4 * days, columns: columns(opens) })
    expect([...klines.openTime]).toEqual(opens)
    expect(klines.missing).toEqual([{ start: first + 2 * days, end: first + 3 * days, reason: "source_gap" }])
  })

  it("`missing` is the grid without the rows, for every interval", () =>
    FastCheck.assert(FastCheck.property(holey, ({ absent, end, interval, start, there }) => {
      const klines = Klines.make({
        interval,
        source: "rest",
        columns: columns(there),
        start,
        end,
        reasons: [{ start, end, reason: "source_gap" }]
      })
      expect([...klines.openTime]).toEqual(there)
      expect(opensIn(klines)).toEqual(absent)
      // Adjacent ranges are merged.
      expect(klines.missing.every(({ start }, i) => klines.missing[i - 1]?.end !== start)).toBe(true)
    })))
})

describe("Klines.concat", () => {
  it("fills the missing candles of one with the rows of the other, in any order", () => {
    const cached = make(at(0, 1, 4), { source: "cache" })
    const fetched = Klines.make({
      interval: "1h",
      source: "rest",
      columns: columns(at(2)),
      start: start + 2 * hour,
      end: start + 4 * hour,
      reasons: [{ start: start + 2 * hour, end: start + 4 * hour, reason: "delisted" }]
    })
    for (const both of [Klines.concat(cached, fetched), Klines.concat(fetched, cached)]) {
      expect(hours(both)).toEqual([0, 1, 2, 4])
      expect(both.source).toEqual(["cache", "cache", "rest", "cache"])
    }
    expect(gaps(Klines.concat(cached, fetched))).toEqual([[3, 4, "delisted"], [5, 6, "source_gap"]])
  })

  it("keeps the row of the second where both have one", () => {
    const first = make([], { columns: columns(at(0, 1, 2)), source: "vision" })
    const second = make([], { columns: columns(at(1), () => 20), source: "rest" })
    const both = Klines.concat(first, second)
    expect([...both.open]).toEqual([10, 20, 10])
    expect(both.source).toEqual(["vision", "rest", "vision"])
  })

  it("does not change its arguments", () => {
    const first = make(at(0, 1))
    const second = make(at(3))
    Klines.concat(first, second).open.fill(0)
    expect([...first.open, ...second.open]).toEqual([10, 10, 10])
  })

  it("has empty klines as its identity", () => {
    const klines = make(at(0, 2))
    expect(Klines.concat(klines, Klines.empty("1h"))).toEqual(klines)
    expect(Klines.concat(Klines.empty("1h"), klines)).toEqual(klines)
  })

  it("refuses different intervals", () => {
    expect(() => Klines.concat(Klines.empty("1h"), Klines.empty("1d"))).toThrow(
      "Klines of 1h cannot be concatenated with klines of 1d"
    )
  })

  it("has the rows of either, and misses what both miss", () =>
    FastCheck.assert(FastCheck.property(holey, FastCheck.array(FastCheck.boolean(), { maxLength: 60 }), (one, keep) => {
      const { end, interval, start } = one
      const make = (opens: ReadonlyArray<number>) =>
        Klines.make({
          interval,
          source: "rest",
          columns: columns(opens),
          start,
          end,
          reasons: [{ start, end, reason: "source_gap" }]
        })
      const grid = Interval.opens(interval, start, end)
      const others = grid.filter((_, i) => keep[i])
      const both = Klines.concat(make(one.there), make(others))
      const there = grid.filter((open) => one.there.includes(open) || others.includes(open))
      expect([...both.openTime]).toEqual(there)
      expect(opensIn(both)).toEqual(grid.filter((open) => !there.includes(open)))
      expect(both.source).toHaveLength(both.length)
    })))
})

describe("Klines.slice", () => {
  it("has the rows and the missing ranges of [start, end)", () => {
    const klines = Klines.slice(make(at(0, 1, 3, 5)), start + hour, start + 4 * hour + 1)
    expect(hours(klines)).toEqual([1, 3])
    expect(klines.source).toHaveLength(2)
    expect(gaps(klines)).toEqual([[2, 3, "source_gap"], [4, 5, "source_gap"]])
  })

  const bound = FastCheck.oneof(
    FastCheck.constantFrom(-Infinity, -1e300, -8.64e15 - 2, 0, 8.64e15 + 2, 1e300, Infinity),
    FastCheck.integer({ min: start - 400 * hour, max: start + 40_000 * hour })
  )

  it("accepts infinite and huge bounds", () =>
    FastCheck.assert(FastCheck.property(holey, bound, bound, ({ absent, interval, start, end, there }, from, to) => {
      const klines = Klines.make({
        interval,
        source: "rest",
        columns: columns(there),
        start,
        end,
        reasons: [{ start: -Infinity, end: start, reason: "not_listed_yet" }, { start, end, reason: "source_gap" }]
      })
      const isIn = (open: number) => from <= open && open < to
      const part = Klines.slice(klines, from, to)
      expect([...part.openTime]).toEqual(there.filter(isIn))
      const gaps = { ...part, missing: part.missing.filter(({ reason }) => reason === "source_gap") }
      expect(opensIn(gaps)).toEqual(absent.filter(isIn))
      if (from === -Infinity && to >= start) {
        expect(part.missing[0]).toEqual({ start: -Infinity, end: start, reason: "not_listed_yet" })
      }
    })))

  it("two slices at one instant concatenate to the original", () =>
    FastCheck.assert(FastCheck.property(holey, FastCheck.nat(60), ({ end, interval, start, there }, n) => {
      const klines = Klines.make({
        interval,
        source: "vision",
        columns: columns(there),
        start,
        end,
        reasons: [{ start, end, reason: "source_gap" }]
      })
      const middle = Interval.at(interval, Interval.index(interval, start) + n) - (n % 2)
      expect(Klines.concat(Klines.slice(klines, start, middle), Klines.slice(klines, middle, end))).toEqual(klines)
    })))

  it("is empty if the end is not after the start", () => {
    expect(Klines.slice(make(at(0, 1)), start + hour, start)).toEqual(Klines.empty("1h"))
  })
})

describe("the laws of concat, slice and empty", () => {
  /** Klines of parts of one grid, each with another price and reason. */
  const parts = FastCheck.tuple(
    interval,
    FastCheck.array(
      FastCheck.record({
        from: FastCheck.nat(20),
        isThere: FastCheck.array(FastCheck.boolean(), { maxLength: 20 }),
        source: FastCheck.constantFrom<Klines.Source>("cache", "vision", "rest"),
        reason: FastCheck.constantFrom<Klines.Reason>("source_gap", "not_fetched", "invalid")
      }),
      { minLength: 3, maxLength: 3 }
    )
  ).map(([interval, parts]) => {
    const first = Interval.index(interval, start)
    const at = (i: number) => Interval.at(interval, first + i)
    return parts.map(({ from, isThere, reason, source }, price) =>
      Klines.make({
        interval,
        source,
        columns: columns(isThere.flatMap((is, i) => is ? [at(from + i)] : []), () => 10 + price),
        start: at(from),
        end: at(from + isThere.length),
        reasons: [{ start: at(from), end: at(from + isThere.length), reason }]
      })
    )
  })

  it("concat is associative, idempotent, and has empty as its identity", () =>
    FastCheck.assert(FastCheck.property(parts, ([a, b, c]) => {
      if (a === undefined || b === undefined || c === undefined) return
      expect(Klines.concat(Klines.concat(a, b), c)).toEqual(Klines.concat(a, Klines.concat(b, c)))
      expect(Klines.concat(a, a)).toEqual(a)
      expect(Klines.concat(a, Klines.empty(a.interval))).toEqual(a)
      expect(Klines.concat(Klines.empty(a.interval), a)).toEqual(a)
    })))

  it("a slice of a slice is the slice of both ranges, and a slice of a concatenation concatenates the slices", () => {
    const bound = FastCheck.integer({ min: 0, max: 40 })
    FastCheck.assert(
      FastCheck.property(parts, bound, bound, bound, bound, ([a, b], from, to, later, sooner) => {
        if (a === undefined || b === undefined) return
        const first = Interval.index(a.interval, start)
        const at = (i: number) => Interval.at(a.interval, first + i)
        expect(Klines.slice(Klines.slice(a, at(from), at(to)), at(later), at(sooner))).toEqual(
          Klines.slice(a, at(Math.max(from, later)), at(Math.min(to, sooner)))
        )
        expect(Klines.slice(Klines.concat(a, b), at(from), at(to))).toEqual(
          Klines.concat(Klines.slice(a, at(from), at(to)), Klines.slice(b, at(from), at(to)))
        )
        expect(Klines.slice(a, at(0), at(100))).toEqual(a)
      })
    )
  })

  it("both are dual", () => {
    const [a, b] = [make(at(0, 1)), make(at(3))]
    expect(pipe(a, Klines.concat(b))).toEqual(Klines.concat(a, b))
    expect(pipe(a, Klines.slice(start, start + hour))).toEqual(Klines.slice(a, start, start + hour))
  })
})

describe("Klines.rows", () => {
  it("yields the candles as objects", () => {
    expect([...Klines.rows(make(at(0), { end: start + hour }))]).toEqual([{
      openTime: start,
      open: 10,
      high: 11,
      low: 9,
      close: 10,
      volume: 1,
      closeTime: start + hour - 1,
      quoteVolume: 10,
      trades: 1,
      takerBuyBase: 0,
      takerBuyQuote: 0,
      source: "rest"
    }])
    expect([...Klines.rows(Klines.empty("1m"))]).toEqual([])
  })

  it("can be iterated repeatedly, independently, and in part", () => {
    const rows = Klines.rows(make(at(0, 1, 2)))
    const opens = () => Array.from(rows, ({ openTime }) => (openTime - start) / hour)
    const [first] = rows
    expect(first?.openTime).toBe(start)
    expect([opens(), opens()]).toEqual([[0, 1, 2], [0, 1, 2]])
    const iterator = rows[Symbol.iterator]()
    iterator.next()
    expect(opens()).toEqual([0, 1, 2])
    expect(iterator.next().value?.openTime).toBe(start + hour)
  })
})
