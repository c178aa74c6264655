/** Limits and rules, checked and resolved to the values that are compared with counts. */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"

import { facts } from "../../../FetchError.js"
import * as Check from "../../options.js"
import type { Window } from "../counting/windows.js"
import type * as Edges from "./edges.js"
import type * as Options from "./limitOptions.js"
import { limitOf, type Objective, pairs } from "./objective.js"

/** A resolved rule. */
export interface Rule {
  readonly name: string
  readonly code: string | undefined
  readonly limit: Edges.Limit
  /** Undefined for a rule on the count of all errors, with any values. */
  readonly group: Group | undefined
  /** An objective has one rule for each pair of windows. */
  readonly objective?: Objective | undefined
}

/** What is counted in buckets: the values of a dimension, or failure rates. */
export interface Group {
  /** Undefined: the sum over all values. */
  readonly by: string | undefined
  readonly window: Window
  /** Undefined where the limit is a count. */
  readonly minAttempts: number | undefined
}

const windows = { minute: Duration.minutes(1), hour: Duration.hours(1), day: Duration.days(1) }
const windowNames: ReadonlyArray<Window> = ["minute", "hour", "day"]

// ---------------------------------------------------------------------------------------------------------------------
// codes
// ---------------------------------------------------------------------------------------------------------------------

/** Refuses the tag of an error in place of its code: the two are easily mistaken for each other. */
export const notTag = (path: string, code: string): Check.Checked<void> => {
  const fact = Object.entries(facts).find(([tag]) => tag === code)?.[1]
  return fact === undefined
    ? Either.void
    : Either.left(`${path}: ${JSON.stringify(code)} is the tag of an error, write its code, "${fact.code}"`)
}

const codes: ReadonlyArray<string> = Object.values(facts).map(({ code }) => code)

/**
 * Refuses a code that is almost one of the 17. A code of one's own may have any name: one that is near is accepted if it
 * is listed, or if it has a digit, which none of the 17 has.
 */
export const knownCode = (
  path: string,
  code: string,
  own?: ReadonlySet<string>
): Check.Checked<void> => {
  if (codes.includes(code) || own?.has(code) === true) return Either.void
  const tag = notTag(path, code)
  if (Either.isLeft(tag) || /\d/.test(code)) return tag
  const near = Check.didYouMean(code, codes, 2)
  return near === ""
    ? Either.void
    : Either.left(
      `${path}: unknown code ${JSON.stringify(code)}${near}${
        own === undefined ? "" : " List a code of your own in the option codes"
      }`
    )
}

// ---------------------------------------------------------------------------------------------------------------------
// limits
// ---------------------------------------------------------------------------------------------------------------------

const count = Check.wholeNumber(1)
const recoverAt = Check.withDefault(Check.number("a number above 0 and at most 1", (n) => n > 0 && n <= 1), 0.8)
const window = Check.duration({ most: windows.day })

// 0.57 × 100 is 56.99…: a result within a rounding error of a whole number is that number.
const recovered = (limit: number, recoverAt: number): number => Math.floor(limit * recoverAt + 1e-9)

const customName: Check.Check<string> = (path, value) =>
  Either.isRight(Check.text(path, value)) && !windowNames.some((name) => name === value)
    ? Check.text(path, value)
    : Check.wrong(path, value, `a non-empty string other than ${windowNames.join(", ")}`)

const custom = Check.struct(
  { name: customName, window, limit: count } satisfies Check.Checks<Options.Custom>
)

const limits = Check.struct(
  {
    perMinute: Check.optional(count),
    perHour: Check.optional(count),
    perDay: Check.optional(count),
    custom: Check.withDefault(Check.listOf("a list of { name, window, limit }", custom), []),
    recoverAt
  } satisfies Check.Checks<Options.Limits>
)

/** The limits of one code, the shortest window first. */
export const limitsOf = (path: string, value: unknown): Check.Checked<ReadonlyArray<Edges.Limit>> =>
  Either.flatMap(limits(path, value), ({ custom, perDay, perHour, perMinute, recoverAt }) => {
    const named = [["minute", perMinute], ["hour", perHour], ["day", perDay]] as const
    const all = [
      ...named.flatMap(([name, limit]) => limit === undefined ? [] : [{ name, window: windows[name], limit }]),
      ...custom
    ]
    const twice = firstRepeated(custom.map(({ name }) => name))
    return twice === undefined
      ? Either.right(
        all.map((limit) => ({ ...limit, recovered: recovered(limit.limit, recoverAt) }))
          .sort((a, b) => Duration.toMillis(a.window) - Duration.toMillis(b.window))
      )
      : Either.left(`${path}.custom: two limits have the name ${JSON.stringify(twice)}, names must differ`)
  })

const firstRepeated = (names: ReadonlyArray<string>): string | undefined =>
  names.find((name, i) => names.indexOf(name) !== i)

const defaultMinEvents = 50

// ---------------------------------------------------------------------------------------------------------------------
// rules
// ---------------------------------------------------------------------------------------------------------------------

/** The options of all rules but objectives: which of them exclude each other is checked afterwards. */
type AnyRule = { readonly [K in keyof Options.CountRule | keyof Options.RatioRule]?: unknown }

/** The rules of a tracker with these dimensions. */
export const rulesOf = (
  rules: unknown,
  dimensions: ReadonlyArray<string>,
  ownCodes: ReadonlySet<string> = new Set()
): Check.Checked<ReadonlyArray<Rule>> =>
  Either.flatMap(
    Check.withDefault(Check.listOf("a list of rules", ruleOf(dimensions, ownCodes)), [])("rules", rules),
    (rules) => {
      const twice = firstRepeated(rules.flatMap(([rule]) => rule === undefined ? [] : [rule.name]))
      return twice === undefined
        ? Either.right(rules.flat())
        : Either.left(`rules: two rules have the name ${JSON.stringify(twice)}, names must differ`)
    }
  )

/** The rules of one item of the list. */
const ruleOf = (dimensions: ReadonlyArray<string>, ownCodes: ReadonlySet<string>): Check.Check<ReadonlyArray<Rule>> => {
  const code: Check.Check<string> = (path, value) =>
    Either.flatMap(Check.text(path, value), (code) => Either.map(knownCode(path, code, ownCodes), () => code))
  const fields = Check.struct(
    {
      name: Check.text,
      code: Check.optional(code),
      by: Check.optional(Check.oneOf("dimension", dimensions)),
      window: (_, value) => Either.right(value),
      limit: Check.optional(count),
      ratio: Check.optional(Check.number("a number above 0 and below 1", (n) => n > 0 && n < 1)),
      minAttempts: Check.optional(count),
      recoverAt
    } satisfies Check.Checks<AnyRule>
  )
  const objective = objectiveOf(dimensions)
  return (path, value) =>
    Either.gen(function*() {
      if (Check.isRecord(value) && value["objective"] !== undefined) return yield* objective(path, value)
      const { by, code, limit, minAttempts, name, ratio, recoverAt, window } = yield* fields(path, value)
      if (ratio !== undefined && limit !== undefined) {
        return yield* Either.left(`${path} has both limit and ratio: it must have one of them`)
      }
      if (ratio === undefined && limit === undefined) {
        return yield* Either.left(`${path} has none of limit, ratio, objective: it must have one of them`)
      }
      if (ratio === undefined && minAttempts !== undefined) {
        return yield* Either.left(
          `${path} has minAttempts without ratio: minAttempts is for rules on a ratio`
        )
      }
      if (ratio !== undefined && minAttempts === undefined) yield* count(`${path}.minAttempts`, minAttempts)
      const amount = ratio ?? (yield* count(`${path}.limit`, limit))
      const amounts = {
        limit: amount,
        recovered: ratio === undefined ? recovered(amount, recoverAt) : amount * recoverAt
      }
      const known = windowNames.find((name) => name === window)
      if (known !== undefined) {
        return [{
          name,
          code,
          limit: { name: known, window: windows[known], ...amounts },
          group: by === undefined && ratio === undefined ? undefined : { by, window: known, minAttempts }
        }]
      }
      if (by !== undefined || ratio !== undefined) {
        return yield* Check.wrong(`${path}.window`, window, "\"minute\", \"hour\" or \"day\"")
      }
      const length = yield* windowOf(`${path}.window`, window)
      return [{ name, code, limit: { name: Duration.format(length), window: length, ...amounts }, group: undefined }]
    })
}

/** The share of calls or attempts that are to succeed. */
export const objectiveShare = Check.number(
  "a number from 0.9 to below 1, as in 0.999 for 99.9 %",
  (n) => n >= 0.9 && n < 1
)

/** One rule for each pair of windows whose limit can be exceeded. */
const objectiveOf = (dimensions: ReadonlyArray<string>): Check.Check<ReadonlyArray<Rule>> => {
  const fields = Check.struct(
    {
      name: Check.text,
      objective: objectiveShare,
      of: Check.withDefault(Check.oneOf("value", ["calls", "attempts"]), "calls"),
      by: Check.optional(Check.oneOf("dimension", dimensions)),
      minEvents: Check.withDefault(count, defaultMinEvents),
      recoverAt
    } satisfies Check.Checks<Options.ObjectiveRule>
  )
  return (path, value) =>
    Either.flatMap(
      fields(path, value),
      ({ name, recoverAt, ...objective }) =>
        objective.by !== undefined && objective.of === "calls"
          ? Either.left(`${path} has by without of: "attempts": calls are not counted by dimension`)
          : Either.right(pairs.flatMap((pair) => {
            const limit = limitOf(pair, objective.objective, recoverAt)
            const { long, short } = pair
            return limit.limit < 1
              ? [{ name, code: undefined, limit, group: undefined, objective: { ...objective, long, short } }]
              : []
          }))
    )
}

/** The window of a rule on a count: a duration, or a name that almost is one of the three. */
const windowOf: Check.Check<Duration.Duration> = (path, value) =>
  Either.orElse(
    window(path, value),
    (message) =>
      typeof value === "string" && Check.didYouMean(value, windowNames) !== ""
        ? Check.unknownName(path, "window", value, windowNames)
        : Either.left(message)
  )
