/** One limit as the evaluator sees it, on a count or on a group. Instants are nanoseconds since the tracker started. */
import * as Duration from "effect/Duration"
import type * as Option from "effect/Option"
import type { Active } from "./alertBuilder.js"
import type { Edge, Firing, Limit, State } from "./edges.js"

/** The evaluation of one limit. */
export interface Watch {
  readonly limit: Limit
  /** The state now, with the highest count up to now as its peak. */
  readonly firing: State
  /** No edge is due before this instant has passed, unless something is counted. Infinity without an active alert. */
  readonly quietUntil: number
  /** The count, if it exceeds the limit. None for a rule on a dimension or a ratio. */
  readonly exceeded: (now: number) => Option.Option<number>
  /** True if there is an alert that has not ended by now, whether its end has been published or not. */
  readonly isActive: (now: number) => boolean
  /** The values that exceed a rule on a dimension or have not recovered since, highest count first. */
  readonly values: (now: number) => ReadonlyArray<string>
  /** The amount that is compared with the limit at each of the last 60 minutes, oldest first; the last one is that of now. */
  readonly trend: (now: number) => ReadonlyArray<number>
  /** The edges that became due because time passed. Must be called before anything is counted. */
  readonly settle: (now: number) => ReadonlyArray<Edge>
  /** The edges of a limit that comes into force. */
  readonly start: (now: number) => ReadonlyArray<Edge>
  /** Continues with the state of the same limit at an earlier instant. */
  readonly resume: (firing: Firing, values: ReadonlyArray<string>, then: number) => void
  /** Continues with the state of the limit that was in force until now. */
  readonly adopt: (before: Standing, now: number) => ReadonlyArray<Edge>
  /** Ends the alert, if there is one. */
  readonly reset: (now: number) => ReadonlyArray<Edge>
  /** Publishes no escalation up to this one again. */
  readonly skipEscalations: (escalations: number) => void
}

/** A watch with its rule and code, and its last alert if that is active. */
export interface Watched<W extends Watch = Watch> {
  readonly watch: W
  /** The name of the rule; undefined for a limit of a code. */
  readonly rule: string | undefined
  /** Undefined: all codes. */
  readonly code: string | undefined
  alert: Active | undefined
}

/** An alert that is active at some instant. */
export interface Standing {
  readonly alert: Active
  readonly firing: Firing
  /** The values that exceed a rule on a dimension. */
  readonly values: ReadonlyArray<string>
  readonly limit: Limit
}

const trendLength = 60
/** The time between two instants of a trend. */
export const trendStep = 60e9

/** The ages of the instants of a trend, oldest first. */
export const trendAges: ReadonlyArray<number> = Array.from(
  { length: trendLength },
  (_, i) => (trendLength - 1 - i) * trendStep
)

/** The number of events in a window that ended some time ago. */
export const countAt = (
  events: { readonly count: (window: number, now: number) => number },
  window: number,
  age: number,
  now: number
): number => events.count(window + age, now) - (age === 0 ? 0 : events.count(age - 1, now))

/** True if the number or the window of a limit changed. A change of `recovered` alone does not count. */
export const isOther = (limit: Limit, before: Limit): boolean =>
  limit.limit !== before.limit || !Duration.equals(limit.window, before.window)
