import { describe, expect, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { budgetsOf, objectivesOf } from "../../../../src/internal/tracker/alerting/errorBudget.js"
import { rulesOf } from "../../../../src/internal/tracker/alerting/limits.js"

const objective = { name: "prices", objective: 0.99, of: "calls" } as const

describe("budgetsOf", () => {
  it.each([
    [0, 0, 0, 0, "prices: no calls in the last day"],
    [
      1000,
      4,
      0,
      0,
      "prices: 60 % of the error budget of the last day left, 4 of 10 allowed failures among 1,000 calls"
    ],
    [
      1000,
      4,
      100,
      2,
      "prices: 60 % of the error budget of the last day left, 4 of 10 allowed failures among 1,000 calls; burning 2 times too fast, exhausted in about 7h 12m"
    ],
    [
      100,
      50,
      100,
      50,
      "prices: 0 % of the error budget of the last day left, 50 of 1 allowed failures among 100 calls; burning 50 times too fast"
    ]
  ])(
    "%i calls, %i of them failed, in the last hour %i and %i",
    (events, failures, hourEvents, hourFailures, message) => {
      const [budget] = budgetsOf(
        objective,
        [{ value: "", day: { events, failures } }],
        () => ({ events: hourEvents, failures: hourFailures })
      )
      expect(budget?.message).toBe(message)
    }
  )
})

describe("budgetsOf, field by field", () => {
  const budget = (
    day: readonly [events: number, failures: number],
    hour: readonly [events: number, failures: number],
    own: Partial<Parameters<typeof budgetsOf>[0]> = {}
  ) =>
    budgetsOf(
      { ...objective, ...own },
      [{ value: "BTC", day: { events: day[0], failures: day[1] } }],
      () => ({ events: hour[0], failures: hour[1] })
    )[0]!

  it("what is left, and when it will be exhausted", () => {
    expect(budget([1000, 4], [100, 2])).toEqual({
      name: "prices",
      objective: 0.99,
      of: "calls",
      by: Option.none(),
      value: Option.none(),
      events: 1000,
      failures: 4,
      allowed: 10,
      left: 0.6,
      burnRate: Option.some(expect.closeTo(2, 10)),
      exhaustedIn: Option.some(Duration.millis(0.3 * 86_400_000)),
      message: expect.any(String)
    })
  })

  it.each(
    [
      // A budget that is kept to, exactly or not, is not exhausted.
      { day: [1000, 4], hour: [100, 0], burnRate: 0 },
      { day: [1000, 4], hour: [128, 64], objective: 0.5, burnRate: 1 },
      { day: [1000, 4], hour: [0, 0], burnRate: undefined }
    ] as const
  )("a burn rate of $burnRate exhausts nothing", ({ burnRate, day, hour, ...own }) => {
    const found = budget(day, hour, own)
    expect([found.burnRate, found.exhaustedIn]).toEqual([Option.fromNullable(burnRate), Option.none()])
    expect(found.message).not.toContain("burning")
  })

  it.each(
    [
      { day: [0, 0], allowed: 0, left: 1 },
      { day: [1000, 0], allowed: 10, left: 1 },
      { day: [1000, 10], allowed: 10, left: 0 },
      { day: [1000, 11], allowed: 10, left: 0 },
      // Nothing is allowed of so few, or of none.
      { day: [0, 1], allowed: 0, left: 0 },
      { day: [10, 1], allowed: 0.1, left: 0 },
      { day: [100_000, 1], objective: 0.999_999, allowed: 0.1, left: 0 },
      { day: [1000, 0.5], objective: 0.999, allowed: 1, left: 0.5 }
    ] as const
  )("of $day, $allowed failures are allowed, and $left is left", ({ allowed, day, left, ...own }) => {
    expect(budget(day, [0, 0], own)).toMatchObject({ allowed, left: expect.closeTo(left, 10) })
  })

  it("numbers in messages have a decimal below ten", () => {
    expect(budget([1540, 1.04], [0, 0], { objective: 0.995 }).message).toBe(
      "prices: 86.5 % of the error budget of the last day left, 1 of 7.7 allowed failures among 1,540 calls"
    )
    expect(budget([2540, 10.4], [0, 0], { objective: 0.99 }).message).toBe(
      "prices: 59.1 % of the error budget of the last day left, 10 of 25 allowed failures among 2,540 calls"
    )
  })

  it("of a dimension: the values with the least left, of equal ones those with more failures, twenty at most", () => {
    const spent = Array.from({ length: 30 }, (_, i) => ({ value: `v${i}`, day: { events: 1000, failures: i } }))
    const found = budgetsOf(
      { ...objective, by: "symbol", of: "attempts" },
      [...spent, { value: "most", day: { events: 1000, failures: 99 } }],
      (value) => ({ events: 100, failures: value === "v29" ? 3 : 0 })
    )
    expect(found.map(({ value }) => Option.getOrUndefined(value))).toEqual([
      "most",
      ...Array.from({ length: 19 }, (_, i) => `v${29 - i}`)
    ])
    expect(found[1]).toMatchObject({
      by: Option.some("symbol"),
      burnRate: Option.some(expect.closeTo(3, 10)),
      message:
        "prices, symbol v29: 0 % of the error budget of the last day left, 29 of 10 allowed failures among 1,000 attempts; burning 3 times too fast"
    })
    expect(
      budgetsOf({ ...objective, by: "symbol" }, spent.slice(3, 6), () => ({ events: 0, failures: 0 })).map((
        { left }
      ) => left)
    ).toEqual([0.5, 0.6, 0.7].map((left) => expect.closeTo(left, 10)))
  })
})

describe("objectivesOf", () => {
  it("each objective of the rules once", () => {
    const rules = rulesOf([
      { name: "calls", objective: 0.99 },
      { name: "counts", window: "hour", limit: 3 },
      { name: "attempts", objective: 0.95, of: "attempts", by: "symbol" }
    ], ["symbol"])
    expect(objectivesOf(Either.getOrThrow(rules))).toStrictEqual([
      { name: "calls", objective: 0.99, of: "calls" },
      { name: "attempts", objective: 0.95, of: "attempts", by: "symbol" }
    ])
    expect(objectivesOf([])).toEqual([])
  })
})
