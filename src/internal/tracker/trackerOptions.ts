/** The options of a tracker, checked, with their defaults. */
import type * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as FetchError from "../../FetchError.js"
import * as Threshold from "../../Threshold.js"
import * as Check from "../options.js"
import type { Limits } from "./alerting/evaluator.js"
import { knownCode, rulesOf } from "./alerting/limits.js"
import { checkDimension } from "./counting/dimensionReader.js"
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

const dimension: Check.Check<string> = (path, value) =>
  Either.flatMap(
    Check.text(path, value),
    (name) =>
      Either.mapBoth(checkDimension(name), {
        onLeft: (message) => `${path}: ${message}`,
        onRight: () => name
      })
  )

const names: Check.Check<ReadonlyArray<string>> = Check.listOf("a list of strings", Check.text)

const dimensions: Check.Check<ReadonlyArray<string>> = (path, value) =>
  Either.flatMap(
    Check.listOf("a list of strings", dimension)(path, value),
    (dimensions) =>
      dimensions.length > maxDimensions
        ? Check.wrong(path, dimensions, `a list of at most ${maxDimensions} names`)
        : new Set(dimensions).size < dimensions.length
        ? Check.wrong(path, dimensions, "a list of different names")
        : Either.right(dimensions)
  )

/** Thresholds and rules name codes and dimensions of the other options: they are checked after these. */
const later: Check.Check<unknown> = (_, value) => Either.right(value)

/** The checks of the options of every tracker. */
export const checks = {
  thresholds: later,
  rules: later,
  codes: Check.withDefault(names, []),
  dimensions: Check.withDefault(dimensions, defaultDimensions),
  maxValues: Check.withDefault(Check.wholeNumber(1, 100_000), 2000),
  sweepEvery: Check.withDefault(Check.duration(), "1 minute"),
  recent: Check.withDefault(Check.wholeNumber(0, 10_000), 100)
} satisfies Check.Checks<Options>

const persistedChecks = {
  ...checks,
  key: Check.withDefault(Check.text, "error-tracker"),
  saveEvery: Check.withDefault(Check.duration(), "1 minute")
} satisfies Check.Checks<PersistedOptions>

/** The codes of the 17 types of error. */
export const ownCodes: ReadonlyArray<string> = Object.values(FetchError.facts).map(({ code }) => code)

/** The settings of checked options. */
export const settingsOf = (
  checked: { readonly [K in keyof typeof checks]: Check.Output<(typeof checks)[K]> }
): Check.Checked<Settings> => {
  const { codes, dimensions, maxValues, recent, rules, sweepEvery, thresholds } = checked
  return Either.map(limitsOf({ rules, thresholds }, dimensions, codes), (limits) => ({
    ...limits,
    codes: new Set([...ownCodes, ...codes]),
    dimensions,
    maxValues,
    sweepEvery,
    recent
  }))
}

/** Left is a message. */
export const settings = (options: Options): Check.Checked<Settings> =>
  Either.flatMap(Check.struct(checks)("", options), settingsOf)

/** The settings of a persisted tracker: also where snapshots are kept, and how often they are saved. */
export const persistedSettings = (
  options: PersistedOptions
): Check.Checked<{ readonly settings: Settings; readonly place: Place }> =>
  Either.flatMap(
    Check.struct(persistedChecks)("", options),
    ({ key, saveEvery, ...rest }) =>
      Either.map(settingsOf(rest), (settings) => ({ settings, place: { key, saveEvery } }))
  )

/** `codes` only declares codes that `thresholds` may name: the options of `ErrorTracker.config` have it. */
const limitChecks = { thresholds: later, rules: later, codes: Check.withDefault(names, []) } satisfies Check.Checks<
  Pick<Options, "thresholds" | "rules" | "codes">
>

/** The limits and rules that replace those of a tracker. */
export const newLimits = (
  limits: Pick<Options, "rules" | "thresholds">,
  { codes, dimensions }: Settings
): Check.Checked<Limits> =>
  Either.flatMap(
    Check.struct(limitChecks)("", limits),
    (limits) => limitsOf(limits, dimensions, [...codes, ...limits.codes])
  )

const limitsOf = (
  { rules, thresholds }: { readonly rules: unknown; readonly thresholds: unknown },
  dimensions: ReadonlyArray<string>,
  codes: Iterable<string>
): Check.Checked<Limits> => {
  const own = new Set(codes)
  return Either.gen(function*() {
    const limits = yield* Threshold.resolve(thresholds as Threshold.Thresholds | undefined)
    for (const code of Object.keys(thresholds ?? {})) yield* knownCode(`thresholds.${code}`, code, own)
    return { limits, rules: yield* rulesOf(rules, dimensions, own) }
  })
}
