import { describe, expect, it } from "@effect/vitest"
import * as Numerals from "../../src/dashboard/internal/numerals.js"

describe("numerals", () => {
  it.each([
    [0, "0"],
    [9999, "9,999"],
    [10_000, "10.0k"],
    [15_900, "15.9k"],
    [999_499, "999k"],
    [999_500, "1.00M"],
    [1_048_576, "1.05M"],
    [2.5e9, "2.50G"],
    [-20_000, "-20.0k"]
  ])("short(%d) is %s", (n, text) => {
    expect(Numerals.short(n)).toBe(text)
  })

  it.each([
    [0, "0 %"],
    [0.0004, "< 0.1 %"],
    [0.039, "3.9 %"],
    [0.995, "99.5 %"],
    [0.99999, "99.99 %"],
    [1, "100 %"],
    [1.5, "150 %"],
    [-0.1, "0 %"]
  ])("percent(%d) is %s", (share, text) => {
    expect(Numerals.percent(share)).toBe(text)
  })

  it.each([
    [999, "0 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [3_600_000, "1 h"],
    [11_520_000, "3 h 12 min"],
    [200_000_000, "2 d"],
    [-5, "0 s"]
  ])("span(%d) is %s", (millis, text) => {
    expect(Numerals.span(millis)).toBe(text)
  })

  it("writes ratios, plurals and times", () => {
    expect([2.44, 37.4, 7021].map(Numerals.times)).toEqual(["2.4×", "37×", "7,021×"])
    expect([0, 1, 2].map((n) => Numerals.plural(n, "call"))).toEqual(["0 calls", "1 call", "2 calls"])
    expect(Numerals.clock(Date.UTC(2026, 10, 30, 12, 45, 7), true)).toBe("12:45:07")
  })
})
