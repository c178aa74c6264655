/**
 * How many errors are normal: limits per code and window, and what passing one of them means.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { facts } from "./FetchError.js"
import { isRecord, wrong } from "./internal/options.js"
import { limitsOf, notTag } from "./internal/tracker/alerting/limits.js"
import type { DimensionName as Dimension } from "./internal/tracker/counting/dimensionReader.js"
import type { Window } from "./internal/tracker/counting/windows.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A limit over a window of your own.
 *
 * @since 0.1.0
 * @category models
 */
export interface Custom {
  /** How alerts call the window. */
  readonly name: string
  /** More than nothing, at most one day. */
  readonly window: Duration.DurationInput
  readonly limit: number
}

/**
 * The limits of one code: whole numbers of at least 1. A limit of n is exceeded by the n+1-th error.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  readonly perMinute?: number | undefined
  readonly perHour?: number | undefined
  readonly perDay?: number | undefined
  readonly custom?: ReadonlyArray<Custom> | undefined
  /** An alert resolves when the count is at or below this share of its limit. Above 0, at most 1; default 0.8. */
  readonly recoverAt?: number | undefined
}

/**
 * Limits by code: one of the 17, or one of your own.
 *
 * @since 0.1.0
 * @category models
 */
export type Thresholds =
  // The 17 by name, so that editors know them.
  & { readonly [T in keyof typeof facts as (typeof facts)[T]["code"]]?: Limits | undefined }
  & { readonly [code: string]: Limits | undefined }

/**
 * What every rule has: a limit on the errors of any code, of any value of a dimension, as a count or as a share of the
 * attempts. Expected empties are no errors to any rule.
 *
 * @since 0.1.0
 * @category models
 */
export interface RuleOptions {
  /** How alerts call the rule. */
  readonly name: string
  /** Default: the errors of all codes. */
  readonly code?: string | undefined
  /** An alert resolves when the count is at or below this share of the limit. Above 0, at most 1; default 0.8. */
  readonly recoverAt?: number | undefined
}

/**
 * A limit on a count, over any window up to a day.
 *
 * @since 0.1.0
 * @category models
 */
export interface CountRule extends RuleOptions {
  readonly by?: undefined
  readonly window: Window | Duration.DurationInput
  /** A whole number of at least 1, exceeded by one more error. */
  readonly limit: number
}

/**
 * A limit on the count of each value of a dimension: one alert names all values that exceed it. `other`, which is many
 * values, is not looked at.
 *
 * @since 0.1.0
 * @category models
 */
export interface ValueRule extends RuleOptions {
  readonly by: Dimension
  readonly window: Window
  /** A whole number of at least 1, exceeded by one more error. */
  readonly limit: number
}

/**
 * A limit on the share of the attempts that fail, over all attempts or for each value of a dimension, where successes are
 * counted (see the option `attempts` of `Fetch.tracked`).
 *
 * As long as there are fewer attempts than `minAttempts` there is nothing to tell: silence fires nothing, and is no
 * recovery. What has fired then resolves by the next longer window that holds as many; and where not even the last day
 * does, by nobody knowing any better.
 *
 * @since 0.1.0
 * @category models
 */
export interface RatioRule extends RuleOptions {
  readonly by?: Dimension | undefined
  readonly window: Window
  /** Above 0 and below 1; exceeded by a greater share. */
  readonly ratio: number
  /** A whole number of at least 1. */
  readonly minAttempts: number
}

/**
 * A limit of your own making.
 *
 * @since 0.1.0
 * @category models
 */
export type Rule = CountRule | ValueRule | RatioRule

/**
 * One limit, ready to be compared with.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limit {
  /** `minute`, `hour`, `day`, or the name of a limit of your own. */
  readonly name: string
  readonly window: Duration.Duration
  /** Exceeded by a count above it; that of a ratio is a share. */
  readonly limit: number
  /** Recovered from by a count at or below it. */
  readonly recovered: number
}

/**
 * Where a limit stands that has been exceeded and not recovered from.
 *
 * @since 0.1.0
 * @category models
 */
export interface Firing {
  /** When it was exceeded. */
  readonly since: number
  /** How often the count has doubled since. */
  readonly escalations: number
  /** The highest count since. */
  readonly peak: number
  /** Of a rule on a dimension: how many values the last edge named. */
  readonly named?: number | undefined
}

/**
 * Where a limit stands: None as long as nothing is wrong.
 *
 * @since 0.1.0
 * @category models
 */
export type State = Option.Option<Firing>

/**
 * What there is to know about a count at some instant. Instants are numbers in any unit.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reading {
  readonly now: number
  /** The highest count since the last reading. */
  readonly count: number
  /** Of a rule on a dimension: how many values exceed the limit. */
  readonly values?: number | undefined
  /** If the alert is over: since when, what the count was then, and why if not because the count fell. */
  readonly recovered: Option.Option<{ readonly at: number; readonly count: number; readonly reason?: Ended }>
}

/**
 * Why an alert can be over without a count that fell: there were too few attempts to tell for so long that nobody knows
 * any better; or its limit was changed or taken away, or what it counted was forgotten.
 *
 * @since 0.1.0
 * @category models
 */
export type Ended = "silence" | "withdrawn"

/**
 * Something that is worth telling.
 *
 * @since 0.1.0
 * @category models
 */
export type Edge =
  | { readonly _tag: "Fired"; readonly at: number; readonly count: number }
  | { readonly _tag: "Escalated"; readonly at: number; readonly count: number }
  | {
    readonly _tag: "Resolved"
    readonly at: number
    readonly count: number
    readonly since: number
    readonly peak: number
    readonly reason?: Ended
  }

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The limits that hold unless others are given.
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
 * The limits of every code, the shortest window first: those given, and the default ones of the codes for which none
 * are given. Left if something makes no sense: what is wrong, where, and what would be right.
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
    const own = Object.entries<Limits | undefined>(thresholds).flatMap(([code, given]) =>
      given === undefined ? [] : [[code, given] as const]
    )
    // Own keys only, as a Map: a code may be called `constructor`.
    for (const [code, given] of new Map<string, Limits>([...Object.entries(defaults), ...own])) {
      yield* notTag(`thresholds.${code}`, code)
      const resolved = yield* limitsOf(`thresholds.${code}`, given)
      if (resolved.length > 0) limits.set(code, resolved)
    }
    return limits
  })

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What a limit makes of a reading: where it stands now, and what there is to tell, in the order in which it happened.
 *
 * | stands | count | edge |
 * |---|---|---|
 * | quiet | above the limit | Fired |
 * | quiet | at or below the limit | |
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
export const next = (limit: Limit, state: State, reading: Reading): readonly [State, ReadonlyArray<Edge>] => {
  const { count, now, recovered, values } = reading
  if (Option.isSome(state) && Option.isSome(recovered)) {
    const { peak, since } = state.value
    return [Option.none(), [{ _tag: "Resolved", ...recovered.value, since, peak: Math.max(peak, count) }]]
  }
  if (Option.isNone(state) && count <= limit.limit) return [state, []]
  const edges: Array<Edge> = Option.isNone(state) ? [{ _tag: "Fired", at: now, count }] : []
  const firing: Firing = Option.getOrElse(state, () => ({ since: now, escalations: 0, peak: 0 }))
  const escalations = Math.max(firing.escalations, doublings(limit, count))
  for (let n = firing.escalations; n < escalations; n++) edges.push({ _tag: "Escalated", at: now, count })
  const spread = values !== undefined && firing.named !== undefined && values >= firing.named * 2
  if (edges.length === 0 && spread) edges.push({ _tag: "Escalated", at: now, count })
  const named = edges.length > 0 ? values : firing.named
  const next = { since: firing.since, escalations, peak: Math.max(firing.peak, count) }
  return [Option.some(named === undefined ? next : { ...next, named }), edges]
}

/**
 * Where an active limit stands after it was changed, and what there is to tell: what exceeds the new limit stays active
 * and is not told again, what does not is over.
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
export const rejudge = (
  limit: Limit,
  { peak, since }: Firing,
  { count, now, values }: Reading
): readonly [State, ReadonlyArray<Edge>] => {
  if (count <= limit.limit) {
    return [Option.none(), [{ _tag: "Resolved", at: now, count, since, peak, reason: "withdrawn" }]]
  }
  const firing = { since, escalations: doublings(limit, count), peak: Math.max(peak, count) }
  return [Option.some(values === undefined ? firing : { ...firing, named: values }), []]
}

/**
 * The count above which there will be something to tell, unless the count falls first: the limit, then twice the limit,
 * then four times the limit.
 *
 * @since 0.1.0
 * @category combinators
 */
export const nextEdge = (limit: Limit, state: State): number =>
  Option.match(state, {
    onNone: () => limit.limit,
    onSome: ({ escalations }) => edgeAfter(limit, escalations)
  })

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const edgeAfter = (limit: Limit, escalations: number): number => limit.limit * 2 ** (escalations + 1)

/** How often a count has doubled beyond its limit. */
const doublings = (limit: Limit, count: number): number => {
  let n = 0
  while (count > edgeAfter(limit, n)) n++
  return n
}
