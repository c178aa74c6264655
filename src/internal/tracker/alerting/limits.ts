/** Limits and rules as they are given, checked; Left says what is wrong, where, and what would be right. */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { facts } from "../../../FetchError.js"
import type * as Threshold from "../../../Threshold.js"
import { only, wrong } from "../../options.js"
import type { Window } from "../counting/windows.js"

/** A rule, ready to be watched. */
export interface Rule {
  readonly name: string
  readonly code: string | undefined
  readonly limit: Threshold.Limit
  /** Undefined where nothing but the count of the errors of all values is asked for. */
  readonly group: Group | undefined
}

/** What is counted in steps: the values of a dimension, or shares of attempts. */
export interface Group {
  /** Undefined: all values together. */
  readonly by: string | undefined
  readonly window: Window
  /** Undefined where the limit is a count. */
  readonly minAttempts: number | undefined
}

type Checked<A> = Either.Either<A, string>

const windows = { minute: Duration.minutes(1), hour: Duration.hours(1), day: Duration.days(1) }

const isWindow = (name: unknown): name is Window => Predicate.isString(name) && Object.hasOwn(windows, name)

const whole = (path: string, n: unknown): Checked<number> =>
  Predicate.isNumber(n) && Number.isSafeInteger(n) && n >= 1
    ? Either.right(n)
    : wrong(path, n, "a whole number of at least 1")

const recovery = (path: string, recoverAt: unknown = 0.8): Checked<number> =>
  Predicate.isNumber(recoverAt) && recoverAt > 0 && recoverAt <= 1
    ? Either.right(recoverAt)
    : wrong(`${path}.recoverAt`, recoverAt, "above 0 and at most 1")

const duration = (path: string, window: unknown): Checked<Duration.Duration> => {
  const duration = Option.getOrElse(Duration.decodeUnknown(window), () => Duration.zero)
  return Duration.greaterThan(duration, Duration.zero) && Duration.lessThanOrEqualTo(duration, windows.day)
    ? Either.right(duration)
    : wrong(path, window, "longer than nothing and at most one day")
}

// 0.57 × 100 is 56.99…: what is a rounding error away from a whole number is that number.
const recovered = (limit: number, recoverAt: number): number => Math.floor(limit * recoverAt + 1e-9)

/** Codes and tags are easily mistaken for each other. */
export const notTag = (path: string, code: string): Checked<void> => {
  const fact = Object.entries(facts).find(([tag]) => tag === code)?.[1]
  return fact === undefined
    ? Either.void
    : Either.left(`${path} goes by the tag of an error: it must go by its code, ${fact.code}`)
}

const limitKeys: ReadonlyArray<keyof Threshold.Limits> = ["perMinute", "perHour", "perDay", "custom", "recoverAt"]
const customKeys: ReadonlyArray<keyof Threshold.Custom> = ["name", "window", "limit"]

/** The limits of one code, the shortest window first. */
export const limitsOf = (path: string, given: Threshold.Limits): Checked<ReadonlyArray<Threshold.Limit>> =>
  Either.gen(function*() {
    yield* only(path, given, limitKeys)
    const { custom = [], perDay, perHour, perMinute } = given
    const recoverAt = yield* recovery(path, given.recoverAt)
    if (!Array.isArray(custom)) return yield* wrong(`${path}.custom`, custom, "a list of { name, window, limit }")
    const limits: Array<Threshold.Limit> = []
    const add = (option: string, name: string, window: Duration.Duration, given: number) =>
      Either.flatMap(whole(`${path}.${option}`, given), (limit) => {
        if (limits.some((other) => other.name === name)) {
          return Either.left(`${path}.custom has two windows by the name of ${JSON.stringify(name)}: give each its own`)
        }
        limits.push({ name, window, limit, recovered: recovered(limit, recoverAt) })
        return Either.void
      })
    if (perMinute !== undefined) yield* add("perMinute", "minute", windows.minute, perMinute)
    if (perHour !== undefined) yield* add("perHour", "hour", windows.hour, perHour)
    if (perDay !== undefined) yield* add("perDay", "day", windows.day, perDay)
    for (const [index, item] of custom.entries()) {
      const at = `${path}.custom[${index}]`
      yield* only(at, item, customKeys)
      const { limit, name } = item
      const window = yield* duration(`${at}.window`, item.window)
      if (!Predicate.isString(name) || name === "" || isWindow(name)) {
        return yield* wrong(`${at}.name`, name, "a text that is not empty, other than minute, hour and day")
      }
      yield* add(`custom[${index}].limit`, name, window, limit)
    }
    return limits.sort((a, b) => Duration.toMillis(a.window) - Duration.toMillis(b.window))
  })

const ruleKeys = ["name", "code", "by", "window", "limit", "ratio", "minAttempts", "recoverAt"]

/** Rules on these dimensions. */
export const rulesOf = (
  rules: ReadonlyArray<Threshold.Rule>,
  dimensions: ReadonlyArray<string>
): Checked<ReadonlyArray<Rule>> =>
  Either.gen(function*() {
    if (!Array.isArray(rules)) return yield* wrong("rules", rules, "a list of rules")
    const resolved: Array<Rule> = []
    for (const [index, item] of rules.entries()) {
      const rule = yield* ruleOf(`rules[${index}]`, item, dimensions)
      if (resolved.some(({ name }) => name === rule.name)) {
        return yield* Either.left(`rules has two by the name of ${JSON.stringify(rule.name)}: give each its own`)
      }
      resolved.push(rule)
    }
    return resolved
  })

/** Every kind of rule at once, as the keys of a rule that no compiler has looked at may be. */
interface AnyRule extends Threshold.RuleOptions {
  readonly by?: string | undefined
  readonly window: Window | Duration.DurationInput
  readonly limit?: number | undefined
  readonly ratio?: number | undefined
  readonly minAttempts?: number | undefined
}

const ruleOf = (path: string, given: AnyRule, dimensions: ReadonlyArray<string>): Checked<Rule> =>
  Either.gen(function*() {
    yield* only(path, given, ruleKeys)
    const { by, code, limit, minAttempts, name, ratio, window } = given
    if (!Predicate.isString(name) || name === "") {
      return yield* wrong(`${path}.name`, name, "a text that is not empty")
    }
    if (code !== undefined) {
      if (!Predicate.isString(code)) return yield* wrong(`${path}.code`, code, "a text")
      yield* notTag(`${path}.code`, code)
    }
    if (by !== undefined && !dimensions.includes(by)) {
      return yield* wrong(`${path}.by`, by, `one of the dimensions, which are ${dimensions.join(", ") || "none"}`)
    }
    if (ratio !== undefined && limit !== undefined) {
      return yield* Either.left(`${path} has a limit and a ratio: it must have one of them`)
    }
    if (ratio === undefined && minAttempts !== undefined) {
      return yield* Either.left(`${path} has minAttempts and no ratio: a limit is exceeded by a count alone`)
    }
    const recoverAt = yield* recovery(path, given.recoverAt)
    const least = ratio === undefined ? undefined : yield* whole(`${path}.minAttempts`, minAttempts)
    const amounts = ratio === undefined
      ? Either.map(whole(`${path}.limit`, limit), (limit) => ({ limit, recovered: recovered(limit, recoverAt) }))
      : Predicate.isNumber(ratio) && ratio > 0 && ratio < 1
      ? Either.right({ limit: ratio, recovered: ratio * recoverAt })
      : wrong(`${path}.ratio`, ratio, "above 0 and below 1")
    if (isWindow(window)) {
      return {
        name,
        code,
        limit: { name: window, window: windows[window], ...yield* amounts },
        group: by === undefined && ratio === undefined ? undefined : { by, window, minAttempts: least }
      }
    }
    if (by !== undefined || ratio !== undefined) return yield* wrong(`${path}.window`, window, "minute, hour or day")
    const length = yield* duration(`${path}.window`, window)
    return { name, code, limit: { name: Duration.format(length), window: length, ...yield* amounts }, group: undefined }
  })
