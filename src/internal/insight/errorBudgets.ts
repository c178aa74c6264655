/** The error budgets of the objectives of a snapshot. */
import * as SlidingWindow from "../../SlidingWindow.js"
import type * as Snapshot from "../../Snapshot.js"
import { mapped, type Pieces } from "../pauses.js"
import type { ErrorBudget } from "../tracker/alerting/errorBudget.js"
import { budgetsOf } from "../tracker/alerting/errorBudget.js"
import type { Outcomes } from "../tracker/alerting/objective.js"
import { other } from "../tracker/counting/dimension.js"
import type { Objective } from "../tracker/snapshotModel.js"

const hour = 3_600_000
const day = 24 * hour

type Count = (tally: Snapshot.Tally | undefined) => number

export function* errorBudgetsOf(snapshot: Snapshot.Snapshot): Pieces<ReadonlyArray<ErrorBudget>> {
  const budgets: Array<ErrorBudget> = []
  for (const objective of snapshot.objectives ?? []) {
    const { by, of } = objective
    const outcomes = of === "calls" ? ofCalls(snapshot) : ofAttempts(snapshot)
    budgets.push(
      ...(by === undefined
        ? budgetsOf(objective, [{ value: "", day: outcomes(within(day)) }], () => outcomes(within(hour)))
        : yield* ofValues(objective, valuesOf(snapshot, by)))
    )
    yield
  }
  return budgets
}

const valuesPerPiece = 200

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

/** Of the values with a failure in the last day. */
function* ofValues(
  objective: Objective,
  values: ReadonlyMap<string, Snapshot.Value>
): Pieces<ReadonlyArray<ErrorBudget>> {
  const spent = yield* mapped(values, valuesPerPiece, ([value, counts]) => ({ value, day: outcomesOf(counts, "day") }))
  return budgetsOf(
    objective,
    spent.filter(({ day }) => day.failures > 0),
    (value) => outcomesOf(values.get(value)!, "hour")
  )
}

const valuesOf = ({ dimensions }: Snapshot.Snapshot, by: string): ReadonlyMap<string, Snapshot.Value> =>
  new Map(
    (dimensions.find(({ name }) => name === by)?.values ?? [])
      .filter(({ attempted, value }) => attempted && value !== other)
      .map((value) => [value.value, value])
  )

const outcomesOf = ({ errors, expected, rest, successes }: Snapshot.Value, window: "day" | "hour"): Outcomes => {
  const all = sum(errors.map(({ series }) => sum(series[window]))) + sum(rest[window])
  return { failures: Math.max(0, all - sum(expected[window])), events: all + sum(successes[window]) }
}

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, n) => total + n, 0)
