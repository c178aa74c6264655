/**
 * Limits on the number of errors per code and window, and the edges of a limit.
 *
 * Guide: [Limits and alerts](../docs/alerts.md).
 *
 * @since 0.1.0
 * @module
 */
import * as Either from "effect/Either"
import { isRecord, wrong } from "./internal/options.js"
import * as Edges from "./internal/tracker/alerting/edges.js"
import type * as Options from "./internal/tracker/alerting/limitOptions.js"
import { limitsOf, notTag } from "./internal/tracker/alerting/limits.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A limit over a custom window.
 *
 * @since 0.1.0
 * @category models
 */
export type Custom = Options.Custom

/**
 * The limits of one code: whole numbers of at least 1. A limit of n is exceeded by the n+1-th error.
 *
 * @since 0.1.0
 * @category models
 */
export type Limits = Options.Limits

/**
 * Limits by code: one of the 17 codes, or the code of an error of your own.
 *
 * @since 0.1.0
 * @category models
 */
export type Thresholds = Options.Thresholds

/**
 * The options of every rule. Expected empties count towards no rule.
 *
 * @since 0.1.0
 * @category models
 */
export type RuleOptions = Options.RuleOptions

/**
 * A limit on a count, over any window up to a day.
 *
 * @since 0.1.0
 * @category models
 */
export type CountRule = Options.CountRule

/**
 * A limit on the count of each value of a dimension. One alert names all values that exceed it. The value `other`, which
 * stands for many values, is ignored.
 *
 * @since 0.1.0
 * @category models
 */
export type ValueRule = Options.ValueRule

/**
 * A limit on the share of attempts that fail, over all attempts or for each value of a dimension. It requires that
 * successes are counted: see the option `attempts` of `Fetch.tracked`.
 *
 * With fewer attempts than `minAttempts` in the window, nothing fires. An active alert then resolves by the next longer
 * window that holds enough attempts, or with the reason `silence` if not even the last day does.
 *
 * @since 0.1.0
 * @category models
 */
export type RatioRule = Options.RatioRule

/**
 * An objective: the share of calls, or of attempts, that are to succeed. It alerts when failures spend its error budget too
 * fast, over two windows at once: the failure rate of the last hour and that of the last 5 minutes exceed 14.4 times the rate
 * that the objective allows, or those of the last 6 hours and 30 minutes exceed 6 times that rate. Each pair of windows, `1h`
 * and `6h`, has alerts of its own.
 *
 * - It is evaluated at every full minute since the tracker started.
 * - A single bad minute never fires: the rate of the short window must exceed the limit without any two adjacent minutes too.
 * - Without at least `minEvents` in the long window nothing fires.
 * - An alert resolves when the rate of either window is at or below `recoverAt` times the limit, which the short one is 5 or 30
 *   minutes after the last failure. Where nothing is counted in the short window, the alert stays active; where nothing is
 *   counted in the long one, it resolves with the reason `silence`.
 * - Refused calls fail. Expected empties do not, whether as calls or as attempts.
 * - With `by`, windows are steps of a minute, or 24 minutes for the 6 hours.
 *
 * @since 0.1.0
 * @category models
 */
export type ObjectiveRule = Options.ObjectiveRule

/**
 * A rule: a limit across codes, per value of a dimension, or on a failure rate, or an objective.
 *
 * @since 0.1.0
 * @category models
 */
export type Rule = Options.Rule

/**
 * A limit in force, with its default values filled in.
 *
 * @since 0.1.0
 * @category models
 */
export type Limit = Edges.Limit

/**
 * The state of a limit that was exceeded and has not recovered.
 *
 * @since 0.1.0
 * @category models
 */
export type Firing = Edges.Firing

/**
 * The state of a limit: None unless it was exceeded and has not recovered.
 *
 * @since 0.1.0
 * @category models
 */
export type State = Edges.State

/**
 * A count at some instant. Instants are numbers in any unit.
 *
 * @since 0.1.0
 * @category models
 */
export type Reading = Edges.Reading

/**
 * The reason for the end of an alert whose count did not fall. `silence`: for a day there were too few attempts for a
 * failure rate. `withdrawn`: its limit was changed or removed, or its counts were reset.
 *
 * @since 0.1.0
 * @category models
 */
export type Ended = Edges.Ended

/**
 * A change of the state of a limit, from which a tracker makes an alert.
 *
 * @since 0.1.0
 * @category models
 */
export type Edge = Edges.Edge

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The default limits.
 *
 * @since 0.1.0
 * @category constructors
 */
export const defaults = {
  DATA_EMPTY: { perMinute: 10, perHour: 100, perDay: 1000 },
  API_RATE_LIMIT: { perMinute: 5, perHour: 20, perDay: 50 },
  NETWORK_TIMEOUT: { perMinute: 3, perHour: 10, perDay: 30 }
} as const satisfies Thresholds

/**
 * Returns the limits of every code, shortest window first. Codes without limits get those of {@link defaults}. Left is a
 * message that names the option that is invalid and the valid values.
 *
 * @example
 * import { Threshold } from "effect-errata"
 * import { Either } from "effect"
 *
 * const limits = Either.getOrThrow(Threshold.resolve({ DATA_EMPTY: {}, MINE: { perMinute: 10 } }))
 *
 * assert.deepStrictEqual(Array.from(limits.keys()), ["API_RATE_LIMIT", "NETWORK_TIMEOUT", "MINE"])
 * assert.strictEqual(limits.get("MINE")?.[0]?.recovered, 8)
 * assert.deepStrictEqual(
 *   Threshold.resolve({ MINE: { perMinute: 0 } }),
 *   Either.left("thresholds.MINE.perMinute is 0: it must be a whole number of at least 1")
 * )
 *
 * @since 0.1.0
 * @category constructors
 */
export const resolve = (
  thresholds: Thresholds = {}
): Either.Either<ReadonlyMap<string, ReadonlyArray<Limit>>, string> =>
  Either.gen(function*() {
    if (!isRecord(thresholds)) return yield* wrong("thresholds", thresholds, "an object of limits by code")
    const limits = new Map<string, ReadonlyArray<Limit>>()
    const own = Object.entries<Limits | undefined>(thresholds).flatMap(([code, limits]) =>
      limits === undefined ? [] : [[code, limits] as const]
    )
    // Own keys only, as a Map: a code may be called `constructor`.
    for (const [code, options] of new Map<string, Limits>([...Object.entries(defaults), ...own])) {
      yield* notTag(`thresholds.${code}`, code)
      const resolved = yield* limitsOf(`thresholds.${code}`, options)
      if (resolved.length > 0) limits.set(code, resolved)
    }
    return limits
  })

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Returns the state of a limit after a reading, and its edges in the order in which they occurred.
 *
 * | state | count | edge |
 * |---|---|---|
 * | None | above the limit | Fired |
 * | None | at or below the limit | |
 * | firing | above the limit × 2, × 4, × 8, … for the first time | Escalated, once for each |
 * | firing | of at least twice as many values as the last edge named | Escalated |
 * | firing | above `recovered` | |
 * | firing | at or below `recovered` | Resolved, at the instant it fell there |
 *
 * @example
 * import { Threshold } from "effect-errata"
 * import { Duration, Option } from "effect"
 *
 * const limit = { name: "minute", window: Duration.minutes(1), limit: 10, recovered: 8 }
 * const [state, edges] = Threshold.next(limit, Option.none(), { now: 5, count: 11, recovered: Option.none() })
 *
 * assert.deepStrictEqual(state, Option.some({ since: 5, escalations: 0, peak: 11 }))
 * assert.deepStrictEqual(edges, [{ _tag: "Fired", at: 5, count: 11 }])
 *
 * @since 0.1.0
 * @category combinators
 */
export const next: (limit: Limit, state: State, reading: Reading) => readonly [State, ReadonlyArray<Edge>] = Edges.next

/**
 * Returns the state of an active alert after its limit was replaced by `limit`. If the count exceeds the new limit, the
 * alert stays active and has no edge; it escalates when the count doubles from there. Otherwise it resolves.
 *
 * @example
 * import { Threshold } from "effect-errata"
 * import { Duration, Option } from "effect"
 *
 * const limit = { name: "minute", window: Duration.minutes(1), limit: 5, recovered: 4 }
 * const firing = { since: 5, escalations: 0, peak: 11 }
 *
 * assert.deepStrictEqual(
 *   Threshold.rejudge(limit, firing, { now: 7, count: 11, recovered: Option.none() }),
 *   [Option.some({ since: 5, escalations: 1, peak: 11 }), []]
 * )
 *
 * @since 0.1.0
 * @category combinators
 */
export const rejudge: (
  limit: Limit,
  firing: Firing,
  reading: Reading
) => readonly [State, ReadonlyArray<Edge>] = Edges.rejudge

/**
 * Returns the count above which the next edge occurs, unless the count falls first: the limit, then twice the limit, then
 * four times the limit.
 *
 * @since 0.1.0
 * @category combinators
 */
export const nextEdge: (limit: Limit, state: State) => number = Edges.nextEdge
