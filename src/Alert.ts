/**
 * The alerts of a tracker: a limit is exceeded, the count doubles, the count recovers.
 *
 * Guide: [Limits and alerts](../docs/alerts.md).
 *
 * @since 0.1.0
 * @module
 */
import * as Schema from "effect/Schema"
import { Severity } from "./FetchError.js"
import { visible } from "./internal/log/line.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The name of the window of a limit: one of the windows that every tracker has, the name of a custom limit, or the length
 * of the window of a rule, such as `10s`.
 *
 * @since 0.1.0
 * @category models
 */
export type WindowName = "minute" | "hour" | "day" | (string & {})

const edge = {
  /**
   * The identifier of the alert, which is the same from `Fired` to `Resolved`, and in a process that restores the alert
   * from a snapshot. Different alerts have different ids, across processes too. Empty in an alert that no tracker made.
   */
  id: Schema.String.pipe(Schema.optionalWith({ default: () => "" })),
  /** The code whose limit is exceeded; `*` for a rule on the errors of all codes. */
  code: Schema.String,
  /** `minute`, `hour`, `day`, the name of a custom limit, or the length of the window of a rule. */
  window: Schema.String as Schema.Schema<WindowName, string>,
  /** The limit, which a higher count exceeds. For a rule on a ratio, a share of the attempts, 0 to 1. */
  limit: Schema.Number,
  /** The number of errors in the window at that moment. For a rule on a dimension, that of the value with the most. */
  count: Schema.Number,
  severity: Severity,
  /** The time of the edge, by the wall clock. */
  at: Schema.DateTimeUtc,
  /** The name of the rule; absent for a limit of a code. */
  rule: Schema.optional(Schema.String),
  /** For a rule on a ratio: the number of attempts in the window, of the same value as `count`. */
  attempts: Schema.optional(Schema.Number),
  /** For an objective: the share of calls or attempts that are to succeed. `limit` is the failure rate that fires. */
  objective: Schema.optional(Schema.Number),
  /** For an objective: what it counts, also in `count` and `attempts`. */
  of: Schema.optional(Schema.Literal("calls", "attempts")),
  /** The dimension of a rule on the values of a dimension. */
  by: Schema.optional(Schema.String),
  /** The values that exceed the limit of a rule on a dimension, highest count first, at most 20. */
  values: Schema.optional(Schema.Array(Schema.String)),
  /** The number of further values. */
  more: Schema.optional(Schema.Number)
}

const active = {
  ...edge,
  /**
   * True if the alert was active before the subscriber that gets it subscribed, or before a snapshot with it was
   * restored. Other subscribers, or an earlier process, may have handled it: compare the `id`.
   */
  replayed: Schema.Boolean.pipe(Schema.optionalWith({ default: () => false }))
}

/**
 * The count in a window exceeds its limit.
 *
 * @example
 * import { Alert } from "effect-errata"
 * import { DateTime } from "effect"
 *
 * const fired = new Alert.Fired({
 *   code: "DATA_EMPTY",
 *   window: "minute",
 *   limit: 10,
 *   count: 11,
 *   severity: "INFO",
 *   at: DateTime.unsafeMake(0)
 * })
 *
 * assert.strictEqual(fired.message, "THRESHOLD EXCEEDED: DATA_EMPTY occurred 11 times in the last minute (threshold: 10)")
 *
 * @since 0.1.0
 * @category models
 */
export class Fired extends Schema.TaggedClass<Fired>("effect-errata/Alert/Fired")("Fired", active) {
  /** A summary for a log or a pager: one line, with control characters escaped. */
  get message(): string {
    return visible(`THRESHOLD EXCEEDED: ${occurred(this)} (threshold: ${amount(this, this.limit)})`)
  }
}

/**
 * The count of an active alert has doubled: it exceeds twice the limit, four times the limit, and so on, once each. For a
 * rule on a dimension, also: twice as many values exceed the limit as the last alert named.
 *
 * @since 0.1.0
 * @category models
 */
export class Escalated extends Schema.TaggedClass<Escalated>("effect-errata/Alert/Escalated")("Escalated", active) {
  /** A summary for a log or a pager: one line, with control characters escaped. */
  get message(): string {
    return visible(`THRESHOLD ESCALATED: ${occurred(this)} (threshold: ${amount(this, this.limit)})`)
  }
}

/**
 * An active alert has ended. `at` is the time at which the count recovered, which may be earlier than the publication;
 * `count` is the count at that time. `values` are those of the last alert.
 *
 * @since 0.1.0
 * @category models
 */
export class Resolved extends Schema.TaggedClass<Resolved>("effect-errata/Alert/Resolved")("Resolved", {
  ...edge,
  /** When the alert fired. */
  since: Schema.DateTimeUtc,
  /** From `since` to `at`. */
  duration: Schema.DurationFromMillis,
  /** The highest count in between; for a rule on a ratio, the highest share. */
  peak: Schema.Number,
  /**
   * `recovered`: the count fell. `silence`: for a day, a ratio had fewer attempts than its `minAttempts`, or an objective had
   * no events in its window. `withdrawn`: the
   * limit was changed or removed, or the counts were reset. `unobserved`: a `Notifier` found, after a restart, that an alert
   * it had delivered is no longer active. Then `at` is the time of that finding, and `count` is 0.
   */
  reason: Schema.Literal("recovered", "silence", "withdrawn", "unobserved").pipe(
    Schema.optionalWith({ default: () => "recovered" as const })
  )
}) {
  /** A summary for a log or a pager: one line, with control characters escaped. */
  get message(): string {
    const numbers = `threshold: ${amount(this, this.limit)}, peak: ${amount(this, this.peak)}`
    return visible(`THRESHOLD RESOLVED: ${ended[this.reason](this)} (${numbers})`)
  }
}

/**
 * A subscriber was more than 256 alerts behind: `count` alerts, the oldest ones, were dropped before the next one.
 *
 * @since 0.1.0
 * @category models
 */
export class Missed
  extends Schema.TaggedClass<Missed>("effect-errata/Alert/Missed")("Missed", { count: Schema.Number })
{
  /** A summary for a log or a pager: one line, with control characters escaped. */
  get message(): string {
    return `${this.count} ${this.count === 1 ? "alert" : "alerts"} dropped: the subscriber was too slow`
  }
}

/**
 * The schema of all alerts.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Alert = Schema.Union(Fired, Escalated, Resolved, Missed)

/**
 * An alert of a tracker.
 *
 * @since 0.1.0
 * @category models
 */
export type Alert = typeof Alert.Type

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

interface Edge extends Schema.Struct.Type<typeof edge> {}

const within = ({ rule, window }: Edge): string =>
  window === "minute" || window === "hour" || window === "day" || rule !== undefined
    ? `the last ${window}`
    : `the window ${window}`

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`

/** A count, a share of the attempts, or for an objective a burn rate. */
const amount = ({ attempts, objective }: Edge, amount: number): string =>
  attempts === undefined ? `${amount}` : objective === undefined ? percent(amount) : times(amount, objective)

/** A failure rate as a multiple of the one that an objective allows. */
const times = (share: number, objective: number): string => `${Math.round(share / (1 - objective) * 10) / 10} times`

const goal = (objective: number): string => `${Number((objective * 100).toPrecision(9))} %`

const subject = ({ code, rule }: Edge): string =>
  `${rule === undefined ? "" : `${rule}: `}${code === "*" ? "errors" : code}`

/** An empty value would look like none. */
const shownValue = (value: string): string => value === "" ? "\"\"" : value

const named = ({ by, more = 0, values = [] }: Edge): string =>
  values.length === 0 ? "" : `, ${by} ${values.map(shownValue).join(", ")}${more === 0 ? "" : ` and ${more} more`}`

/** The failures of an objective, and how much faster they spend its error budget than it allows. */
const burning = (edge: Edge & { readonly attempts: number; readonly objective: number }): string =>
  `${edge.rule ?? "objective"}: ${edge.count} of ${edge.attempts} ${edge.of ?? "calls"} failed in ${within(edge)}${
    named(edge)
  }, ${times(edge.attempts === 0 ? 0 : edge.count / edge.attempts, edge.objective)} as many as the objective of ${
    goal(edge.objective)
  } allows`

const isObjective = (edge: Edge): edge is Edge & { readonly attempts: number; readonly objective: number } =>
  edge.attempts !== undefined && edge.objective !== undefined

const occurred = (edge: Edge): string =>
  isObjective(edge)
    ? burning(edge)
    : edge.attempts === undefined
    ? `${subject(edge)} occurred ${edge.count} times in ${within(edge)}${named(edge)}`
    : `${subject(edge)} occurred in ${edge.count} of ${edge.attempts} attempts in ${within(edge)}${named(edge)}`

const ended = {
  recovered: (edge: Edge): string =>
    isObjective(edge)
      ? `${burning(edge)}, and the failure rate has recovered`
      : `${subject(edge)} ${edge.code === "*" ? "are" : "is"} down to ${edge.count}${
        edge.attempts === undefined ? "" : ` of ${edge.attempts} attempts`
      } in ${within(edge)}${named(edge)}`,
  silence: (edge: Edge): string =>
    isObjective(edge)
      ? `${edge.rule ?? "objective"}: no ${edge.of ?? "calls"} in ${within(edge)}${named(edge)}`
      : `${subject(edge)} had too few attempts for a failure rate for a day${named(edge)}`,
  withdrawn: (edge: Edge): string =>
    `the limit of ${subject(edge)} was changed or removed, or its counts were reset${named(edge)}`,
  unobserved: (edge: Edge): string =>
    `the alert of ${subject(edge)} in ${within(edge)} ended while it was not observed${named(edge)}`
}
