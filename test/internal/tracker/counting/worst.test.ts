import { describe, expect, it } from "@effect/vitest"
import { Option } from "effect"
import { other } from "../../../../src/internal/tracker/counting/dimension.js"
import { noWorst, worstIn, worstOf } from "../../../../src/internal/tracker/counting/worst.js"

const row = (value: string, count: number, attempts: number, expected = 0) => ({ value, count, attempts, expected })
const noCode = () => undefined
const namesOf = ({ rows }: { readonly rows: ReadonlyArray<{ readonly value: string }> }) =>
  rows.map(({ value }) => value)

describe("worstOf", () => {
  const rows = [row("a", 10, 100), row("b", 90, 100), row("c", 40, 50, 10), row("d", 0, 30), row("e", 19, 19)]

  it("the values with the highest failure rates, of those with twenty attempts; expected errors are none", () => {
    const worst = worstOf(rows, {}, (value) => value === "b" ? "NETWORK_DNS" : undefined)
    expect(worst).toEqual({
      rows: [
        {
          value: "b",
          failures: 90,
          attempts: 100,
          errorRatio: Option.some(0.9),
          // 90 of 100, where 40 of 180 would be expected of the others, and half a failure more.
          timesTheRest: Option.some(0.9 * 180 / 40.5),
          mostly: Option.some("NETWORK_DNS")
        },
        {
          value: "c",
          failures: 30,
          attempts: 50,
          errorRatio: Option.some(0.6),
          timesTheRest: Option.some(0.6 * 230 / 100.5),
          mostly: Option.none()
        },
        {
          value: "a",
          failures: 10,
          attempts: 100,
          errorRatio: Option.some(0.1),
          timesTheRest: Option.some(0.1 * 180 / 120.5),
          mostly: Option.none()
        }
      ],
      errorRatio: Option.some(130 / 280),
      values: 4,
      leftOut: 1,
      // 0 and 0.1 are in the first tenth, 0.6 is in the sixth, 0.9 in the ninth.
      histogram: [2, 0, 0, 0, 0, 1, 0, 0, 1, 0]
    })
  })

  it.each([
    [{ minAttempts: 19 }, ["e", "b", "c", "a"], 0],
    [{ minAttempts: 0 }, ["e", "b", "c", "a"], 0],
    [{ minAttempts: 51 }, ["b", "a"], 3],
    [{ limit: 2 }, ["b", "c"], 1],
    [{ limit: 0 }, [], 1],
    [{ limit: -1 }, [], 1],
    [{ minAttempts: 1000 }, [], 5]
  ])("%o: %o, without %d", (options, names, leftOut) => {
    const worst = worstOf(rows, options, noCode)
    expect([namesOf(worst), worst.leftOut]).toEqual([names, leftOut])
  })

  it("a value without attempts is left out where the others have some, also with minAttempts 0", () => {
    const worst = worstOf([row("a", 5, 0), row("b", 1, 30)], { minAttempts: 0 }, noCode)
    expect([namesOf(worst), worst.values, worst.leftOut]).toEqual([["b"], 1, 1])
    expect(worst.rows[0]!.timesTheRest).toEqual(Option.none())
  })

  it("of equal rates the one with more failures, then by name", () => {
    const equal = [row("c", 30, 30), row("a", 30, 30), row("d", 60, 60), row("b", 30, 30)]
    expect(namesOf(worstOf(equal, {}, noCode))).toEqual(["d", "a", "b", "c"])
  })

  it("without attempts, all values are used alike, and no ratio is known", () => {
    const worst = worstOf([row("a", 3, 0), row("b", 9, 0), row(other, 99, 0)], {}, noCode)
    expect(namesOf(worst)).toEqual(["b", "a"])
    expect(worst.rows.map(({ timesTheRest }) => timesTheRest)).toEqual([
      Option.some(9 / 3.5),
      Option.some(3 / 9.5)
    ])
    expect(worst.rows.map(({ errorRatio }) => errorRatio)).toEqual([Option.none(), Option.none()])
    expect([worst.errorRatio, worst.values, worst.histogram]).toEqual([Option.none(), 2, noWorst.histogram])
  })

  it("eight rows unless asked for more", () => {
    const many = Array.from({ length: 12 }, (_, i) => row(String(i), i + 1, 100))
    expect(worstOf(many, {}, noCode).rows).toHaveLength(8)
    expect(worstOf(many, { limit: 20 }, noCode).rows).toHaveLength(12)
  })

  it("the tenths of the histogram, from just above the one before to its end", () => {
    const rates = [0, 1, 10, 11, 20, 99, 100].map((failures) => row(String(failures), failures, 100))
    expect(worstOf(rates, {}, noCode).histogram).toEqual([3, 2, 0, 0, 0, 0, 0, 0, 0, 2])
  })

  it("of nothing", () => {
    expect(worstOf([], {}, noCode)).toEqual(noWorst)
    expect(noWorst).toMatchObject({ rows: [], errorRatio: Option.none(), values: 0, leftOut: 0 })
    expect(noWorst.histogram).toEqual(Array.from({ length: 10 }, () => 0))
    expect(worstIn({ counts: { of: () => undefined } }, { by: "symbol" })).toBe(noWorst)
  })
})
