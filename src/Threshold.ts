/**
 * How many errors are normal: limits per code and window, and what passing one of them means.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { facts } from "./FetchError.js"
import { isRecord, only, wrong } from "./internal/tracker/given.js"

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
 * One limit, ready to be compared with.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limit {
  /** `minute`, `hour`, `day`, or the name of a limit of your own. */
  readonly name: string
  readonly window: Duration.Duration
  /** Exceeded by a count above it. */
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
  /** If the count is at or below `recovered` now: since when it has been, and what it was then. */
  readonly recovered: Option.Option<{ readonly at: number; readonly count: number }>
}

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
      const fact = Object.entries(facts).find(([tag]) => tag === code)?.[1]
      if (fact !== undefined) {
        return yield* Either.left(
          `thresholds.${code} goes by the tag of an error: it must go by its code, ${fact.code}`
        )
      }
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
  const { count, now, recovered } = reading
  if (Option.isSome(state) && Option.isSome(recovered)) {
    const { peak, since } = state.value
    return [Option.none(), [{ _tag: "Resolved", ...recovered.value, since, peak: Math.max(peak, count) }]]
  }
  if (Option.isNone(state) && count <= limit.limit) return [state, []]
  const edges: Array<Edge> = Option.isNone(state) ? [{ _tag: "Fired", at: now, count }] : []
  const firing = Option.getOrElse(state, () => ({ since: now, escalations: 0, peak: 0 }))
  let { escalations } = firing
  while (count > edgeAfter(limit, escalations)) {
    escalations++
    edges.push({ _tag: "Escalated", at: now, count })
  }
  return [Option.some({ since: firing.since, escalations, peak: Math.max(firing.peak, count) }), edges]
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

const defaultRecoverAt = 0.8

const edgeAfter = (limit: Limit, escalations: number): number => limit.limit * 2 ** (escalations + 1)

const windows = { minute: Duration.minutes(1), hour: Duration.hours(1), day: Duration.days(1) }

const limitKeys: ReadonlyArray<keyof Limits> = ["perMinute", "perHour", "perDay", "custom", "recoverAt"]
const customKeys: ReadonlyArray<keyof Custom> = ["name", "window", "limit"]

const limitsOf = (path: string, given: Limits): Either.Either<ReadonlyArray<Limit>, string> =>
  Either.gen(function*() {
    yield* only(path, given, limitKeys)
    const { custom = [], perDay, perHour, perMinute, recoverAt = defaultRecoverAt } = given
    if (!(Predicate.isNumber(recoverAt) && recoverAt > 0 && recoverAt <= 1)) {
      return yield* wrong(`${path}.recoverAt`, recoverAt, "above 0 and at most 1")
    }
    if (!Array.isArray(custom)) return yield* wrong(`${path}.custom`, custom, "a list of { name, window, limit }")
    const limits: Array<Limit> = []
    const add = (option: string, name: string, window: Duration.Duration, limit: number) => {
      if (!(Number.isSafeInteger(limit) && limit >= 1)) {
        return wrong(`${path}.${option}`, limit, "a whole number of at least 1")
      }
      if (limits.some((other) => other.name === name)) {
        return Either.left(`${path}.custom has two windows by the name of ${JSON.stringify(name)}: give each its own`)
      }
      // 0.57 × 100 is 56.99…: what is a rounding error away from a whole number is that number.
      limits.push({ name, window, limit, recovered: Math.floor(limit * recoverAt + 1e-9) })
      return Either.void
    }
    if (perMinute !== undefined) yield* add("perMinute", "minute", windows.minute, perMinute)
    if (perHour !== undefined) yield* add("perHour", "hour", windows.hour, perHour)
    if (perDay !== undefined) yield* add("perDay", "day", windows.day, perDay)
    for (const [index, item] of custom.entries()) {
      const at = `${path}.custom[${index}]`
      yield* only(at, item, customKeys)
      const { limit, name, window } = item
      const duration = Option.getOrElse(Duration.decodeUnknown(window), () => Duration.zero)
      if (!(Duration.greaterThan(duration, Duration.zero) && Duration.lessThanOrEqualTo(duration, windows.day))) {
        return yield* wrong(`${at}.window`, window, "longer than nothing and at most one day")
      }
      if (!Predicate.isString(name) || name === "" || Object.hasOwn(windows, name)) {
        return yield* wrong(`${at}.name`, name, "a text that is not empty, other than minute, hour and day")
      }
      yield* add(`custom[${index}].limit`, name, duration, limit)
    }
    return limits.sort((a, b) => Duration.toMillis(a.window) - Duration.toMillis(b.window))
  })
