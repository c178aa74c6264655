import { describe, expect, it } from "@effect/vitest"
import { Option } from "effect"
import { Insight } from "effect-errata"
import * as SlidingWindow from "effect-errata/SlidingWindow"
import type * as Snapshot from "../../../src/internal/tracker/snapshotModel.js"
import { snapshotOf } from "./snapshots.js"

/** Events of these ages, in minutes: so many of each. */
const tally = (...events: ReadonlyArray<readonly [count: number, age: number]>): Snapshot.Tally => {
  const window = SlidingWindow.make({ horizon: 86_400_000 })
  let total = 0
  for (const [count, age] of events.toSorted(([, a], [, b]) => b - a)) {
    for (let i = 0; i < count; i++) window.add(-age * 60_000)
    total += count
  }
  return { total, ages: window.snapshot(0) }
}

const read = (budgets: ReadonlyArray<Insight.ErrorBudget>) =>
  budgets.map(({ burnRate, events, failures, value }) => ({
    value: Option.getOrUndefined(value),
    events,
    failures,
    // The failure rate of the last hour: a burn rate of 1 is one tenth.
    lastHour: Option.getOrUndefined(Option.map(burnRate, (rate) => Math.round(rate * 1e6) / 1e7))
  }))

const budgets = (objective: Partial<Snapshot.Objective>, rest: Partial<Snapshot.Snapshot>) =>
  read(
    Insight.errorBudgets({
      ...snapshotOf({ age: 2000 }),
      ...rest,
      objectives: [{ name: "it", objective: 0.9, of: "calls", ...objective }]
    })
  )

describe("Insight.errorBudgets", () => {
  it("none without an objective", () => {
    expect(Insight.errorBudgets(snapshotOf({ age: 100 }))).toEqual([])
    expect(Insight.errorBudgets({ ...snapshotOf({ age: 100 }), objectives: [] })).toEqual([])
  })

  it("of calls: those that failed, without expected empties, and those that were refused", () => {
    const calls = {
      made: tally([100, 30], [60, 600], [1000, 2000]),
      recovered: tally([50, 30]),
      failed: tally([10, 30], [6, 600], [500, 2000]),
      refused: tally([5, 30], [4, 600])
    }
    expect(budgets({}, { calls, expectedCalls: tally([3, 30], [2, 600]) })).toEqual([
      { value: undefined, events: 160, failures: 16 - 5 + 9, lastHour: (10 - 3 + 5) / 100 }
    ])
    // Earlier versions did not count the expected ones.
    expect(budgets({}, { calls })).toEqual([
      { value: undefined, events: 160, failures: 25, lastHour: 15 / 100 }
    ])
    // The window of one count may reach further back than that of the other.
    expect(budgets({}, { calls, expectedCalls: tally([99, 30]) })).toMatchObject([{ failures: 9, lastHour: 5 / 100 }])
  })

  it("of attempts: the errors of all codes; expected empties are attempts", () => {
    const code = (name: string, errors: Snapshot.Tally, expected: Snapshot.Tally): Snapshot.Code => ({
      code: name,
      category: "Network",
      severity: "ERROR",
      hours: [],
      errors,
      expected
    })
    const codes = [code("A", tally([3, 10], [4, 100]), tally([2, 10])), code("B", tally([5, 10]), tally([1, 100]))]
    const successes = tally([10, 10], [20, 100])
    expect(budgets({ of: "attempts" }, { attempted: true, codes, successes })).toEqual([
      { value: undefined, events: 12 + 3 + 30, failures: 12, lastHour: 8 / 20 }
    ])
    expect(budgets({ of: "attempts" }, { attempted: false, codes, successes })).toEqual([
      { value: undefined, events: 0, failures: 0, lastHour: undefined }
    ])
  })

  describe("of the values of a dimension", () => {
    const series = (hour: number, before: number): Snapshot.Series => ({
      total: 99 * (hour + before),
      minute: [],
      hour: [hour],
      day: [before, hour]
    })
    const value = (name: string, own: Partial<Snapshot.Value>): Snapshot.Value => ({
      value: name,
      errors: [],
      rest: series(0, 0),
      expected: series(0, 0),
      successes: series(0, 0),
      attempted: true,
      ...own
    })
    const failing = { errors: [{ code: "A", series: series(1, 1) }], successes: series(10, 10) }
    const dimensions = (...values: ReadonlyArray<Snapshot.Value>): Partial<Snapshot.Snapshot> => ({
      dimensions: [
        { name: "source", rest: [], values: [value("other dimension", failing)] },
        { name: "symbol", rest: [], values }
      ]
    })
    const bySymbol = { by: "symbol", of: "attempts" } as const

    it("the errors of all codes, those of rare codes included, without the expected ones", () => {
      const all = value("BTC", {
        errors: [{ code: "A", series: series(1, 2) }, { code: "B", series: series(3, 4) }],
        rest: series(5, 6),
        expected: series(2, 1),
        successes: series(10, 20)
      })
      expect(budgets(bySymbol, dimensions(all))).toEqual([
        { value: "BTC", events: 21 + 30, failures: 21 - 3, lastHour: Math.round(7 / 19 * 1e7) / 1e7 }
      ])
    })

    it("only of values with a failure in the last day, and with attempts; not of those beyond the limit", () => {
      const fine = value("fine", { successes: series(10, 10) })
      const expected = value("expected", { ...failing, expected: series(1, 1) })
      const more = value("more expected than counted", { ...failing, expected: series(2, 2) })
      const unattempted = value("unattempted", { ...failing, attempted: false })
      const some = dimensions(fine, expected, more, unattempted, value("other", failing), value("ETH", failing))
      expect(budgets(bySymbol, some).map(({ value }) => value)).toEqual(["ETH"])
    })

    it("none of a dimension that is not kept", () => {
      expect(budgets({ by: "host", of: "attempts" }, dimensions(value("BTC", failing)))).toEqual([])
      expect(budgets({ by: "host", of: "attempts" }, {})).toEqual([])
    })
  })
})
