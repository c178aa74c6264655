/** Options with every default filled in, and every number checked. */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as FetchError from "../../FetchError.js"
import * as Threshold from "../../Threshold.js"
import { only, wrong } from "../options.js"
import type { Limits } from "./alerting/evaluator.js"
import { rulesOf } from "./alerting/limits.js"
import type { Options, PersistedOptions } from "./model.js"
import type { Place } from "./persisted.js"

export interface Settings extends Limits {
  /** Codes that always have a row of their own. */
  readonly codes: ReadonlySet<string>
  readonly dimensions: ReadonlyArray<string>
  readonly maxValues: number
  readonly sweepEvery: Duration.Duration
  readonly recent: number
}

const maxDimensions = 6
const defaultDimensions = ["symbol", "source", "market", "interval"]

const keys: ReadonlyArray<keyof Options> = [
  "thresholds",
  "rules",
  "codes",
  "dimensions",
  "maxValues",
  "sweepEvery",
  "recent"
]

/** The codes of the 17 types of error. */
export const ownCodes: ReadonlyArray<string> = Object.values(FetchError.facts).map(({ code }) => code)

/** Left says what is wrong, where, and what would be right. */
export const settings = (options: Options): Either.Either<Settings, string> =>
  Either.gen(function*() {
    yield* only("options", options, keys)
    const {
      codes = [],
      dimensions = defaultDimensions,
      maxValues = 2000,
      recent = 100,
      sweepEvery = "1 minute"
    } = options
    if (!isTexts(codes)) return yield* wrong("codes", codes, "a list of texts")
    if (
      !isTexts(dimensions) || dimensions.length > maxDimensions ||
      new Set(["", ...dimensions]).size <= dimensions.length
    ) {
      return yield* wrong(
        "dimensions",
        dimensions,
        `at most ${maxDimensions} different names, none of them empty`
      )
    }
    return {
      ...yield* limitsOf(options, dimensions),
      codes: new Set([...ownCodes, ...codes]),
      dimensions,
      maxValues: yield* whole("maxValues", maxValues, 1, 100_000),
      sweepEvery: yield* every("sweepEvery", sweepEvery),
      recent: yield* whole("recent", recent, 0, 10_000)
    }
  })

/** Besides, where snapshots are kept, and how often they are saved. */
export const persistedSettings = (
  options: PersistedOptions
): Either.Either<{ readonly settings: Settings; readonly place: Place }, string> =>
  Either.gen(function*() {
    yield* only("options", options, [...keys, "key", "saveEvery"])
    const { key = "error-tracker", saveEvery = "1 minute", ...rest } = options
    if (!Predicate.isString(key) || key === "") return yield* wrong("key", key, "a text that is not empty")
    return { settings: yield* settings(rest), place: { key, saveEvery: yield* every("saveEvery", saveEvery) } }
  })

/** What is to be watched, from now on or instead of what was. */
export const limitsOf = (
  { rules = [], thresholds }: Pick<Options, "rules" | "thresholds">,
  dimensions: ReadonlyArray<string>
): Either.Either<Limits, string> =>
  Either.all({ limits: Threshold.resolve(thresholds), rules: rulesOf(rules, dimensions) })

const every = (option: string, given: Duration.DurationInput): Either.Either<Duration.Duration, string> => {
  const duration = Option.getOrElse(Duration.decodeUnknown(given), () => Duration.zero)
  return Duration.isFinite(duration) && !Duration.isZero(duration)
    ? Either.right(duration)
    : wrong(option, given, "longer than nothing and less than for ever")
}

const isTexts = (list: unknown): boolean => Array.isArray(list) && list.every(Predicate.isString)

const whole = (option: string, value: number, least: number, most: number): Either.Either<number, string> =>
  Number.isInteger(value) && value >= least && value <= most
    ? Either.right(value)
    : wrong(option, value, `a whole number from ${least} to ${most}`)
