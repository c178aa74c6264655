/** The error budget of an objective: the failures that it allows, and how many of them are left. Pure. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Snapshot from "../snapshotModel.js"
import type { Rule } from "./limits.js"
import type { Outcomes } from "./objective.js"
import { shareOf } from "./objective.js"

const optionalText = Schema.optionalWith(Schema.String, { as: "Option" })

/**
 * The error budget of an objective over the last day, the longest window that a tracker keeps.
 */
export interface ErrorBudget {
  /** The name of the objective. */
  readonly name: string
  /** The share of calls or attempts that are to succeed. */
  readonly objective: number
  readonly of: "calls" | "attempts"
  /** The dimension of an objective for each value of a dimension. */
  readonly by: Option.Option<string>
  /** The value of this dimension. */
  readonly value: Option.Option<string>
  /** Calls or attempts in the last day. */
  readonly events: number
  readonly failures: number
  /** The number of failures that the objective allows for so many events. */
  readonly allowed: number
  /** The share of the allowed failures that is left, 0 to 1. */
  readonly left: number
  /**
   * The failure rate of the last hour as a multiple of the one that the objective allows: above 1 the budget shrinks. None
   * without events in the last hour.
   */
  readonly burnRate: Option.Option<number>
  /** The time until nothing is left at this rate. None if the budget does not shrink. */
  readonly exhaustedIn: Option.Option<Duration.Duration>
  readonly message: string
}

const budget = Schema.Struct({
  name: Schema.String,
  objective: Schema.NonNegative,
  of: Schema.Literal("calls", "attempts"),
  by: optionalText,
  value: optionalText,
  events: Schema.NonNegative,
  failures: Schema.NonNegative,
  allowed: Schema.NonNegative,
  left: Schema.NonNegative,
  burnRate: Schema.optionalWith(Schema.NonNegative, { as: "Option" }),
  exhaustedIn: Schema.optionalWith(Schema.DurationFromMillis, { as: "Option" }),
  message: Schema.String
})

export interface ErrorBudgetJson extends Schema.Schema.Encoded<typeof budget> {}

export const ErrorBudget: Schema.Schema<ErrorBudget, ErrorBudgetJson> = budget

const dayMillis = 86_400_000
const maxValues = 20

/** The outcomes of the last day: of all events, or of one value. */
export interface Spent {
  readonly value: string
  readonly day: Outcomes
}

/**
 * One budget; for an objective by a dimension those of the 20 values with the least left. `hourOf` returns the outcomes of a
 * value in the last hour.
 */
export const budgetsOf = (
  objective: Snapshot.Objective,
  spent: ReadonlyArray<Spent>,
  hourOf: (value: string) => Outcomes
): ReadonlyArray<ErrorBudget> =>
  spent.map((spent) => ({ spent, left: leftOf(objective, spent.day) }))
    .toSorted((a, b) => a.left - b.left || b.spent.day.failures - a.spent.day.failures)
    .slice(0, maxValues)
    .map(({ spent }) => budgetOf(objective, spent, hourOf(spent.value)))

// A rounding error less would make 0.1 % of 1,000 calls less than one call.
const allowedOf = ({ objective }: Snapshot.Objective, { events }: Outcomes): number =>
  Math.round((1 - objective) * events * 1e6) / 1e6

const leftOf = (objective: Snapshot.Objective, day: Outcomes): number => {
  const allowed = allowedOf(objective, day)
  return day.failures === 0 ? 1 : allowed > 0 ? Math.max(0, 1 - day.failures / allowed) : 0
}

const budgetOf = (rule: Snapshot.Objective, { day, ...spent }: Spent, hour: Outcomes): ErrorBudget => {
  const { by, name, objective, of } = rule
  const value = by === undefined ? undefined : spent.value
  const allowed = allowedOf(rule, day)
  const left = leftOf(rule, day)
  const burnRate = hour.events === 0 ? undefined : shareOf(hour) / (1 - objective)
  const millis = burnRate === undefined || burnRate <= 1 ? undefined : left / burnRate * dayMillis
  return {
    name,
    objective,
    of,
    by: Option.fromNullable(by),
    value: Option.fromNullable(value),
    events: day.events,
    failures: day.failures,
    allowed,
    left,
    burnRate: Option.fromNullable(burnRate),
    exhaustedIn: Option.map(Option.fromNullable(millis), (millis) => Duration.millis(Math.round(millis))),
    message: `${name}${value === undefined ? "" : `, ${by} ${value}`}: ${
      // Without an event, a budget that is full says nothing.
      day.events === 0 ? `no ${of} in the last day` : stateOf({ allowed, burnRate, day, left, millis, of })}`
  }
}

const stateOf = ({ allowed, burnRate, day, left, millis, of }: {
  readonly allowed: number
  readonly burnRate: number | undefined
  readonly day: Outcomes
  readonly left: number
  readonly millis: number | undefined
  readonly of: Snapshot.Objective["of"]
}): string =>
  `${percent(left)} of the error budget of the last day left, ${number(day.failures)} of ${
    number(allowed)
  } allowed failures among ${number(day.events)} ${of}` +
  (burnRate === undefined || millis === undefined
    ? ""
    : `; burning ${number(burnRate)} times too fast` +
      // A rounding error more is not another minute.
      (left === 0
        ? ""
        : `, exhausted in about ${Duration.format(Duration.minutes(Math.ceil(millis / 60_000 - 1e-6)))}`))

/** The objectives among the rules, each once: an objective has a rule for each pair of windows. */
export const objectivesOf = (rules: ReadonlyArray<Rule>): ReadonlyArray<Snapshot.Objective> => {
  const byName = new Map<string, Snapshot.Objective>()
  for (const { name, objective: rule } of rules) {
    if (rule === undefined) continue
    const { by, objective, of } = rule
    byName.set(name, { name, objective, of, ...by === undefined ? {} : { by } })
  }
  return Array.from(byName.values())
}

const number = (n: number): string => n.toLocaleString("en-US", { maximumFractionDigits: n < 10 ? 1 : 0 })

const percent = (share: number): string => `${(share * 100).toLocaleString("en-US", { maximumFractionDigits: 1 })} %`
