/** Options with every default filled in, and every number checked. Durations are milliseconds. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type { Options, Retry, Row, Rows } from "../../RetryPolicy.js"
import { isRecord, only, wrong } from "../options.js"
import { notTag } from "../tracker/alerting/limits.js"
import type { Curve } from "./backoff.js"
import type { BudgetSettings } from "./budget.js"
import type { CircuitSettings } from "./circuit.js"
import { defaults, usual, type Whole } from "./rows.js"

interface Plan extends Curve {
  readonly retries: number
  readonly always: boolean
  /** Is there a row for it, and not only the usual one? */
  readonly isGiven: boolean
}

export interface Settings {
  readonly source: string | undefined
  readonly planOf: (code: string) => Plan
  readonly budget: BudgetSettings
  readonly circuit: CircuitSettings
  readonly maxWait: number
  readonly onRetry: (retry: Retry) => Effect.Effect<void>
}

const keys: ReadonlyArray<keyof Options> = ["source", "rows", "budget", "breaker", "maxWait", "onRetry"]

const unlimited: BudgetSettings = { ratio: 1, perSecond: Infinity }
const never: CircuitSettings = { failures: Infinity, lasting: 0, openFor: 1 }

/** Left says what is wrong, where, and what would be right. */
export const settings = (options: Options): Either.Either<Settings, string> =>
  Either.gen(function*() {
    yield* only("options", options, keys)
    const { breaker = {}, budget = {}, maxWait = "2 minutes", onRetry = () => Effect.void, rows = {}, source } = options
    if (source !== undefined && !(Predicate.isString(source) && source !== "")) {
      return yield* wrong("source", source, "a text that is not empty")
    }
    if (!Predicate.isFunction(onRetry)) return yield* wrong("onRetry", onRetry, "a function")
    return {
      source,
      onRetry,
      planOf: yield* plans(rows),
      budget: budget === false ? unlimited : yield* budgetOf(budget),
      circuit: breaker === false ? never : yield* circuitOf(breaker),
      maxWait: yield* millis("maxWait", maxWait, 0)
    }
  })

const plans = (rows: Rows): Either.Either<Settings["planOf"], string> =>
  Either.gen(function*() {
    if (!isRecord(rows)) return yield* wrong("rows", rows, "an object of rows by code")
    const found = new Map<string, Plan>()
    for (const code of new Set([...Object.keys(defaults), ...Object.keys(rows)])) {
      yield* notTag(`rows.${code}`, code)
      const given = Object.hasOwn(rows, code) ? rows[code] : undefined
      found.set(code, yield* planOf(`rows.${code}`, { ...usual, ...defaults[code] }, given))
    }
    const others = yield* planOf("rows", usual, undefined)
    return (code: string) => found.get(code) ?? others
  })

const planOf = (path: string, row: Whole, own: Row | undefined): Either.Either<Plan, string> =>
  Either.gen(function*() {
    const given = own === undefined ? {} : own
    yield* only(path, given, ["retries", "base", "cap", "always"])
    const { always = row.always, cap = row.cap, retries = row.retries } = given
    if (!Number.isInteger(retries) || retries < 0) {
      return yield* wrong(`${path}.retries`, retries, "a whole number from 0")
    }
    if (!Predicate.isBoolean(always)) return yield* wrong(`${path}.always`, always, "true or false")
    const most = yield* millis(`${path}.cap`, cap, 1)
    // A cap below the usual first delay is the first delay, too; one below a delay that is given is a mistake.
    const base = yield* millis(`${path}.base`, given.base ?? Math.min(yield* millis(path, row.base, 1), most), 1)
    return base <= most
      ? { retries, always, base, cap: most, isGiven: own !== undefined }
      : yield* wrong(
        `${path}.base`,
        given.base,
        `at most as long as the cap, ${Duration.format(Duration.millis(most))}`
      )
  })

const budgetOf = (given: Exclude<Options["budget"], false | undefined>): Either.Either<BudgetSettings, string> =>
  Either.gen(function*() {
    if (!isRecord(given)) return yield* wrong("budget", given, "false, or an object with any of ratio, perSecond")
    yield* only("budget", given, ["ratio", "perSecond"])
    const { perSecond = 1, ratio = 0.2 } = given
    if (!isWithin(ratio, 0, 1)) return yield* wrong("budget.ratio", ratio, "a number from 0 to 1")
    if (!isWithin(perSecond, 0, Number.MAX_VALUE)) {
      return yield* wrong("budget.perSecond", perSecond, "a number from 0")
    }
    return { ratio, perSecond }
  })

const circuitOf = (given: Exclude<Options["breaker"], false | undefined>): Either.Either<CircuitSettings, string> =>
  Either.gen(function*() {
    if (!isRecord(given)) {
      return yield* wrong("breaker", given, "false, or an object with any of failures, lasting, openFor")
    }
    yield* only("breaker", given, ["failures", "lasting", "openFor"])
    const { failures = 10, lasting = "3 seconds", openFor = "2 seconds" } = given
    if (!Number.isInteger(failures) || failures < 1) {
      return yield* wrong("breaker.failures", failures, "a whole number from 1")
    }
    return {
      failures,
      lasting: yield* millis("breaker.lasting", lasting, 0),
      openFor: yield* millis("breaker.openFor", openFor, 1)
    }
  })

const isWithin = (given: unknown, least: number, most: number): boolean =>
  Predicate.isNumber(given) && given >= least && given <= most

// What is longer, no timer can tell from for ever.
const longest = 2 ** 31 - 1

const millis = (option: string, given: Duration.DurationInput, least: 0 | 1): Either.Either<number, string> => {
  const duration = Option.getOrUndefined(Duration.decodeUnknown(given))
  if (duration === undefined || isNoTime(given) || Duration.toMillis(duration) < least) {
    return wrong(option, given, `a duration of ${least === 0 ? "nothing" : "a millisecond"} or more, as in "3 seconds"`)
  }
  return Duration.toMillis(duration) <= longest
    ? Either.right(Duration.toMillis(duration))
    : wrong(option, given, "a duration of at most 24 days")
}

/** What is negative, or no number, and would read as nothing. */
const isNoTime = (given: unknown): boolean =>
  Predicate.isString(given)
    ? given.startsWith("-")
    : Array.isArray(given)
    ? given.some(isNoTime)
    : (Predicate.isNumber(given) || Predicate.isBigInt(given)) && !(given >= 0)
