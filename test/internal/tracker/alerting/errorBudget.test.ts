import { describe, expect, it } from "@effect/vitest"
import { budgetsOf } from "../../../../src/internal/tracker/alerting/errorBudget.js"

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
