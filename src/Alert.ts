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
  /** The code whose count passed the limit. */
  code: Schema.String,
  /** `minute`, `hour`, `day`, or the name of a limit of your own. */
  window: Schema.String as Schema.Schema<WindowName, string>,
  /** The limit: one error more than this is one too many. */
  limit: Schema.Number,
  /** How many errors were in the window at that moment. */
  count: Schema.Number,
  severity: Severity,
  /** When it happened, by the wall clock. */
  at: Schema.DateTimeUtc
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
    return `THRESHOLD EXCEEDED: ${this.code} occurred ${this.count} times in ${
      lastOf(this.window)
    } (threshold: ${this.limit})`
  }
}

/**
 * A count that had passed its limit doubled: the first time it exceeds twice the limit, the second time four times the
 * limit, and so on.
 *
 * @since 0.1.0
 * @category models
 */
export class Escalated extends Schema.TaggedClass<Escalated>("effect-errata/Alert/Escalated")("Escalated", edge) {
  /** One line for a log or a pager. */
  get message(): string {
    return `THRESHOLD ESCALATED: ${this.code} occurred ${this.count} times in ${
      lastOf(this.window)
    } (threshold: ${this.limit})`
  }
}

/**
 * A count that had passed its limit is well below it again. `at` is the moment that became true, not the moment
 * somebody looked, and `count` what was left then.
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
  /** The highest count in between. */
  peak: Schema.Number
}) {
  /** One line for a log or a pager. */
  get message(): string {
    return `THRESHOLD RESOLVED: ${this.code} is down to ${this.count} in ${
      lastOf(this.window)
    } (threshold: ${this.limit}, peak: ${this.peak})`
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

const lastOf = (window: WindowName): string =>
  window === "minute" || window === "hour" || window === "day" ? `the last ${window}` : `the window ${window}`
