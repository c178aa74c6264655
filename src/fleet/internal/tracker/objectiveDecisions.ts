/** The decisions on objectives from the counts of the fleet. Pure. Times are milliseconds since 1970 by the clock of the store. */
import type * as Edges from "../../../internal/tracker/alerting/edges.js"
import type { Objective, Outcomes } from "../../../internal/tracker/alerting/objective.js"
import { type ObjectiveGauge, ObjectiveWatch } from "../../../internal/tracker/alerting/objectiveWatch.js"
import type { Decision } from "./decisions.js"

/** The outcomes of one value by step, newest first. The first step has only begun. */
export interface OutcomeSteps {
  /** In steps of a minute, for an hour. */
  readonly minutes: ReadonlyArray<Outcomes>
  /** In steps of 24 minutes, for a day. */
  readonly days: ReadonlyArray<Outcomes>
}

export interface ObjectiveReading {
  /** The full minute at which the outcomes are evaluated. */
  readonly at: number
  readonly outcomes: ReadonlyMap<string, OutcomeSteps>
}

const minutesOfStep = 24
const none: Outcomes = { failures: 0, events: 0 }

/** The sum of some steps. A count that is corrected later may be negative for a moment. */
const sumOf = (steps: ReadonlyArray<Outcomes>): Outcomes => ({
  failures: Math.max(0, steps.reduce((sum, { failures }) => sum + failures, 0)),
  events: Math.max(0, steps.reduce((sum, { events }) => sum + events, 0))
})

/** The outcomes before the last full minute. Beyond an hour, steps are longer, and the newest one is included. */
const within = ({ days, minutes }: OutcomeSteps, length: number): Outcomes =>
  length <= 60 ? sumOf(minutes.slice(1, 1 + length)) : sumOf(days.slice(0, 1 + Math.ceil(length / minutesOfStep)))

const gaugeOf = (outcomes: ObjectiveReading["outcomes"]): ObjectiveGauge => ({
  values: () => outcomes.keys(),
  read: (value, length) => {
    const steps = outcomes.get(value)
    return steps === undefined ? none : within(steps, length)
  },
  minutes: (value, length) => outcomes.get(value)?.minutes.slice(1, 1 + length) ?? [],
  trend: () => []
})

/** The same evaluation as that of one process, at one full minute. */
export const decideObjective = (
  limit: Edges.Limit,
  objective: Objective,
  { firing, values }: Pick<Decision, "firing" | "values">,
  { at, outcomes }: ObjectiveReading
): Decision => {
  const watch = new ObjectiveWatch(limit, objective, gaugeOf(outcomes))
  if (firing._tag === "Some") watch.resume(firing.value, objective.by === undefined ? [""] : values, at)
  const edges = watch.start(at)
  const exceeding = watch.values(at)
  return {
    firing: watch.firing,
    values: exceeding,
    decided: edges.map((edge) => ({ edge, amounts: watch.amounts, values: exceeding }))
  }
}
