/**
 * What a tracker has to say unasked: a code passed one of its limits, passed it by far, or came back.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Severity } from "./FetchError.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The window of a limit by name: one of the three that every tracker knows, or the name of a limit of your own.
 *
 * @since 0.1.0
 * @category models
 */
export type WindowName = "minute" | "hour" | "day" | (string & {})

const edge = {
  /** The code whose count passed the limit; `*` where a rule is on the errors of all codes. */
  code: Schema.String,
  /** `minute`, `hour`, `day`, or the name of a limit of your own. */
  window: Schema.String as Schema.Schema<WindowName, string>,
  /** The limit: one error more than this is one too many. That of a ratio is a share of the attempts, 0 to 1. */
  limit: Schema.Number,
  /** How many errors were in the window at that moment; of several values, how many of the worst one. */
  count: Schema.Number,
  severity: Severity,
  /** When it happened, by the wall clock. */
  at: Schema.DateTimeUtc,
  /** The name of the rule, where it is a rule that says so. */
  rule: Schema.optional(Schema.String),
  /** Of a ratio: how many attempts there were in the window; of several values, of the worst one. */
  attempts: Schema.optional(Schema.Number),
  /** The dimension of a rule that has one. */
  by: Schema.optional(Schema.String),
  /** The values that exceed the limit of a rule on a dimension, the worst first, at most 20. */
  values: Schema.optional(Schema.Array(Schema.String)),
  /** How many values there are besides. */
  more: Schema.optional(Schema.Number)
}

/**
 * The count in a window passed its limit.
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
export class Fired extends Schema.TaggedClass<Fired>("effect-errata/Alert/Fired")("Fired", edge) {
  /** One line for a log or a pager. */
  get message(): string {
    return `THRESHOLD EXCEEDED: ${happened(this)} (threshold: ${amount(this, this.limit)})`
  }
}

/**
 * A count that had passed its limit doubled: the first time it exceeds twice the limit, the second time four times the
 * limit, and so on. Or, of a rule on a dimension, it is twice as many values as were named before.
 *
 * @since 0.1.0
 * @category models
 */
export class Escalated extends Schema.TaggedClass<Escalated>("effect-errata/Alert/Escalated")("Escalated", edge) {
  /** One line for a log or a pager. */
  get message(): string {
    return `THRESHOLD ESCALATED: ${happened(this)} (threshold: ${amount(this, this.limit)})`
  }
}

/**
 * A count that had passed its limit is well below it again. `at` is the moment that became true, not the moment
 * somebody looked, and `count` what was left then. The values are those that were named last.
 *
 * @since 0.1.0
 * @category models
 */
export class Resolved extends Schema.TaggedClass<Resolved>("effect-errata/Alert/Resolved")("Resolved", {
  ...edge,
  /** When it had fired. */
  since: Schema.DateTimeUtc,
  /** From `since` to `at`. */
  duration: Schema.DurationFromMillis,
  /** The highest count in between; of a ratio, the highest share. */
  peak: Schema.Number,
  /**
   * `recovered` as a rule; `silence` where the attempts of a ratio were too few to tell for so long that nobody knows any
   * better; `withdrawn` where the limit was changed or taken away, or what it counted was forgotten.
   */
  reason: Schema.Literal("recovered", "silence", "withdrawn").pipe(
    Schema.optionalWith({ default: () => "recovered" as const })
  )
}) {
  /** One line for a log or a pager. */
  get message(): string {
    return `THRESHOLD RESOLVED: ${came[this.reason](this)} (threshold: ${amount(this, this.limit)}, peak: ${
      amount(this, this.peak)
    })`
  }
}

/**
 * A subscriber was too slow: so many alerts were thrown away, the oldest first, before the next one it gets.
 *
 * @since 0.1.0
 * @category models
 */
export class Missed
  extends Schema.TaggedClass<Missed>("effect-errata/Alert/Missed")("Missed", { count: Schema.Number })
{
  /** One line for a log or a pager. */
  get message(): string {
    return `${this.count} ${this.count === 1 ? "alert was" : "alerts were"} missed by a subscriber that was too slow`
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
 * What a tracker has to say unasked.
 *
 * @since 0.1.0
 * @category models
 */
export type Alert = typeof Alert.Type

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

interface Edge extends Schema.Struct.Type<typeof edge> {}

const lastOf = ({ window }: Edge): string =>
  window === "minute" || window === "hour" || window === "day" ? `the last ${window}` : `the window ${window}`

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`

const amount = ({ attempts }: Edge, limit: number): string => attempts === undefined ? `${limit}` : percent(limit)

const subject = ({ code, rule }: Edge): string =>
  `${rule === undefined ? "" : `${rule}: `}${code === "*" ? "errors" : code}`

const named = ({ by, more = 0, values = [] }: Edge): string =>
  values.length === 0 ? "" : `, ${by} ${values.join(", ")}${more === 0 ? "" : ` and ${more} more`}`

const happened = (edge: Edge): string =>
  edge.attempts === undefined
    ? `${subject(edge)} occurred ${edge.count} times in ${lastOf(edge)}${named(edge)}`
    : `${subject(edge)} occurred in ${edge.count} of ${edge.attempts} attempts in ${lastOf(edge)}${named(edge)}`

const came = {
  recovered: (edge: Edge): string =>
    `${subject(edge)} is down to ${edge.count}${
      edge.attempts === undefined ? "" : ` of ${edge.attempts} attempts`
    } in ${lastOf(edge)}${named(edge)}`,
  silence: (edge: Edge): string => `${subject(edge)}: nothing was heard for too long to know${named(edge)}`,
  withdrawn: (edge: Edge): string => `${subject(edge)} is no longer held to this limit${named(edge)}`
}
