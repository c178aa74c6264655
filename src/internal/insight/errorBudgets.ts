/** The error budgets of the objectives of a snapshot. */
import * as SlidingWindow from "../../SlidingWindow.js"
import type * as Snapshot from "../../Snapshot.js"
import type { ErrorBudget, Spent } from "../tracker/alerting/errorBudget.js"
import { budgetsOf } from "../tracker/alerting/errorBudget.js"
import type { Outcomes } from "../tracker/alerting/objective.js"
import { other } from "../tracker/counting/dimension.js"

const hour = 3_600_000
const day = 24 * hour

type Count = (tally: Snapshot.Tally | undefined) => number

export const errorBudgetsOf = (snapshot: Snapshot.Snapshot): ReadonlyArray<ErrorBudget> =>
  (snapshot.objectives ?? []).flatMap((objective) => {
    const { by, of } = objective
    if (by !== undefined) return budgetsOf(objective, spentBy(snapshot, by))
    const outcomes = of === "calls" ? ofCalls(snapshot) : ofAttempts(snapshot)
    return budgetsOf(objective, [{ value: undefined, day: outcomes(within(day)), hour: outcomes(within(hour)) }])
  })

const within = (window: number): Count => (tally) =>
  tally === undefined
    ? 0
    : SlidingWindow.restore({ horizon: day, snapshot: tally.ages, now: 0 }).count(window, 0)

const ofCalls =
  ({ calls: { failed, made, refused }, expectedCalls }: Snapshot.Snapshot) => (count: Count): Outcomes => ({
    failures: Math.max(0, count(failed) - count(expectedCalls)) + count(refused),
    events: count(made)
  })

const ofAttempts = ({ attempted, codes, successes }: Snapshot.Snapshot) => (count: Count): Outcomes => {
  if (!attempted) return { failures: 0, events: 0 }
  const failures = sum(codes.map(({ errors }) => count(errors)))
  return { failures, events: failures + sum(codes.map(({ expected }) => count(expected))) + count(successes) }
}

/** The values with a failure in the last day. */
const spentBy = ({ dimensions }: Snapshot.Snapshot, by: string): ReadonlyArray<Spent> =>
  (dimensions.find(({ name }) => name === by)?.values ?? [])
    .filter(({ attempted, value }) => attempted && value !== other)
    .map((value) => ({ value: value.value, day: outcomesOf(value, "day"), hour: outcomesOf(value, "hour") }))
    .filter(({ day }) => day.failures > 0)

const outcomesOf = ({ errors, expected, rest, successes }: Snapshot.Value, window: "day" | "hour"): Outcomes => {
  const all = sum(errors.map(({ series }) => sum(series[window]))) + sum(rest[window])
  return { failures: Math.max(0, all - sum(expected[window])), events: all + sum(successes[window]) }
}

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, n) => total + n, 0)
