/** Limits from a ConfigProvider, read by name. */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Threshold from "../../Threshold.js"
import { ownCodes } from "./trackerOptions.js"

const optional = (
  name: string,
  isValid: (n: number) => boolean,
  expected: string
): Config.Config<Option.Option<number>> =>
  Config.option(Config.mapOrFail(Config.number(name), (n) =>
    isValid(n)
      ? Either.right(n)
      : Either.left(ConfigError.InvalidData([], `Expected ${expected} but received ${n}`))))

const limit = (name: string) => optional(name, (n) => Number.isSafeInteger(n) && n >= 1, "a whole number of at least 1")

const share = (name: string) => optional(name, (n) => n > 0 && n <= 1, "a number above 0 and at most 1")

const defaults: Threshold.Thresholds = Threshold.defaults

/** The limits set for a code, on top of its defaults; None where none is set. */
const limitsOf = (code: string): Config.Config<Option.Option<readonly [string, Threshold.Limits]>> => {
  const name = `THRESHOLDS_${code.toUpperCase().replace(/[^A-Z0-9]+/g, "_")}`
  return Config.map(
    Config.all({
      perMinute: limit(`${name}_PER_MINUTE`),
      perHour: limit(`${name}_PER_HOUR`),
      perDay: limit(`${name}_PER_DAY`),
      recoverAt: share(`${name}_RECOVER_AT`)
    }),
    (limits) => {
      const set = Object.entries(limits).flatMap(([key, value]) => Option.isSome(value) ? [[key, value.value]] : [])
      const before = Object.hasOwn(defaults, code) ? defaults[code] : undefined
      return set.length === 0 ? Option.none() : Option.some([code, { ...before, ...Object.fromEntries(set) }] as const)
    }
  )
}

export const thresholds = (codes: ReadonlyArray<string>): Config.Config<Threshold.Thresholds> =>
  Config.map(
    Config.all(Array.from(new Set([...ownCodes, ...codes]), limitsOf)),
    (limits) => Object.fromEntries(limits.flatMap(Option.toArray))
  )
