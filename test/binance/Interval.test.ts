import { describe, it } from "@effect/vitest"
import { Interval, Market } from "effect-errata/binance"
import * as FastCheck from "effect/FastCheck"
import { expect } from "vitest"

const utc = Date.UTC
const day = 86_400_000

const interval = FastCheck.constantFrom(...Interval.Interval.literals)
const instant = FastCheck.integer({ min: utc(2017, 0), max: utc(2040, 0) })

describe("Interval", () => {
  it("is one of 16 names; a second only on the spot market", () => {
    expect(Interval.Interval.literals).toHaveLength(16)
    for (const market of Market.Market.literals) {
      const offered = Interval.Interval.literals.filter((name) => Interval.isOn(name, market))
      expect(offered).toEqual(Interval.Interval.literals.filter((name) => name !== "1s" || market === "SPOT"))
    }
  })

  // What the exchange has been seen to answer.
  it.each(
    [
      ["1m", utc(2020, 4, 6, 4, 41, 28), utc(2020, 4, 6, 4, 41), utc(2020, 4, 6, 4, 42)],
      ["1h", 1706628191000, 1706626800000, 1706630400000],
      ["1w", 1499040000000, 1499040000000, 1499040000000],
      ["1w", utc(2024, 2, 10, 23, 59, 59, 999), utc(2024, 2, 4), utc(2024, 2, 11)],
      ["3d", utc(2017, 7, 17), utc(2017, 7, 17), utc(2017, 7, 17)],
      ["3d", utc(2026, 6, 3), utc(2026, 6, 1), utc(2026, 6, 4)],
      ["1M", utc(2020, 7, 31, 23, 59, 59, 999), utc(2020, 7, 1), utc(2020, 8, 1)],
      ["1M", utc(2023, 11, 5), utc(2023, 11, 1), utc(2024, 0, 1)]
    ] as const
  )("%s: %i lies between %i and %i", (name, instant, floor, ceil) => {
    expect(Interval.floor(name, instant)).toBe(floor)
    expect(Interval.ceil(name, instant)).toBe(ceil)
  })

  it("counts calendar months, leap days and windows shorter than a candle", () => {
    expect(Interval.count("1M", utc(2020, 0), utc(2024, 0))).toBe(48)
    expect(Interval.count("1d", utc(2024, 0), utc(2025, 0))).toBe(366)
    expect(Interval.count("1h", utc(2024, 0, 1, 0, 10), utc(2024, 0, 1, 0, 50))).toBe(0)
    expect(Interval.count("1h", utc(2024, 0, 1, 0, 50), utc(2024, 0, 1, 1, 0, 0, 1))).toBe(1)
    expect(Interval.count("1h", utc(2024, 0, 2), utc(2024, 0, 1))).toBe(0)
  })

  it("takes the anchor of the caller", () => {
    expect(Interval.floor("3d", utc(2024, 0, 2), utc(2024, 0, 1))).toBe(utc(2024, 0, 1))
    expect(Interval.floor("3d", utc(2024, 0, 2), utc(2024, 0, 2))).toBe(utc(2024, 0, 2))
    expect(Interval.next("3d", utc(2024, 0, 2), utc(2024, 0, 5))).toBe(utc(2024, 0, 5))
  })

  it("numbers candles without gaps, and returns the open time of a number", () =>
    FastCheck.assert(FastCheck.property(interval, instant, (name, instant) => {
      const index = Interval.index(name, instant)
      const open = Interval.floor(name, instant)
      expect(Interval.at(name, index)).toBe(open)
      expect(Interval.at(name, index + 1)).toBe(Interval.next(name, instant))
      expect(Interval.index(name, open)).toBe(index)
      expect(open <= instant && instant < Interval.next(name, instant)).toBe(true)
      expect(Interval.next(name, open) - open).toBeLessThanOrEqual(31 * day)
      expect(Interval.ceil(name, instant)).toBe(open === instant ? open : Interval.next(name, instant))
    })))

  it("lists as many opens as it counts, all on the grid, one after the other", () =>
    FastCheck.assert(
      FastCheck.property(interval, instant, FastCheck.integer({ min: 0, max: 200 }), (name, start, candles) => {
        const end = Interval.at(name, Interval.index(name, start) + candles) + (start % 3)
        const opens = Interval.opens(name, start, end)
        expect(opens).toHaveLength(Interval.count(name, start, end))
        opens.forEach((open) => {
          expect(start <= open && open < end).toBe(true)
          expect(Interval.floor(name, open)).toBe(open)
        })
        expect(opens.map((open) => Interval.next(name, open)).slice(0, -1)).toEqual(opens.slice(1))
      })
    ))

  const extreme = FastCheck.oneof(
    instant,
    FastCheck.constantFrom(...[0, 8.64e15, 8.64e15 + 2, 1e20, 1e300, Infinity].flatMap((bound) => [bound, -bound]))
  )

  it("accepts infinite and huge instants", () =>
    FastCheck.assert(FastCheck.property(interval, extreme, extreme, (name, start, end) => {
      const isDate = !Number.isNaN(new Date(start).getTime())
      const [floor, ceil, next] = [Interval.floor, Interval.ceil, Interval.next].map((of) => of(name, start))
      if (isDate || Math.abs(start) === Infinity) {
        expect(floor).toBeLessThanOrEqual(start)
        expect(ceil).toBeGreaterThanOrEqual(start)
        expect(next).toBeGreaterThanOrEqual(start)
      } else if (name === "1M") expect([floor, ceil, next]).toEqual(Array(3).fill(start * Infinity))
      const count = Interval.count(name, start, end)
      expect(count).toBeGreaterThanOrEqual(0)
      if (start >= end) expect(count).toBe(0)
      const isCounted = name !== "1M" || end > -8.64e15
      if (start === -Infinity && end > start) expect(count).toBe(isCounted ? Infinity : 0)
    })))

  it("lists no infinite range", () => {
    for (const name of Interval.Interval.literals) expect(() => Interval.opens(name, 0, Infinity)).toThrow(RangeError)
  })

  it("failure 22: opens a week on Monday and a month on the first", () =>
    FastCheck.assert(FastCheck.property(instant, (instant) => {
      expect(new Date(Interval.floor("1w", instant)).getUTCDay()).toBe(1)
      expect(new Date(Interval.floor("1M", instant)).getUTCDate()).toBe(1)
    })))
})
