/** The options of alert rules, checked. */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Check from "../options.js"
import type { Limits } from "../tracker/alerting/evaluator.js"
import { objectiveShare } from "../tracker/alerting/limits.js"
import type { Options as TrackerOptions } from "../tracker/model.js"
import { settings } from "../tracker/trackerOptions.js"
import type { Style } from "./alertRules.js"

export interface RuleOptions {
  readonly groupBy?: ReadonlyArray<string> | undefined
  readonly keepFiringFor?: Duration.DurationInput | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// limits
// ---------------------------------------------------------------------------------------------------------------------

// The tracker checks its own options.
const later: Check.Check<unknown> = (_, value) => Either.right(value)

const limitChecks = Check.struct(
  {
    thresholds: later,
    rules: later,
    codes: later,
    dimensions: later,
    maxValues: later,
    sweepEvery: later,
    recent: later,
    objective: Check.optional(objectiveShare)
  } satisfies Check.Checks<TrackerOptions & { readonly objective?: number | undefined }>
)

/** The limits and rules of a tracker with these options, and an objective for all calls. */
export const alertedOf = (options: unknown): Check.Checked<Limits> =>
  Either.flatMap(limitChecks("", options), ({ objective, rules, ...rest }) => {
    // The tracker refuses a second rule of this name.
    const ofCalls = objective === undefined ? [] : [{ name: "calls", objective }]
    const all: unknown = rules === undefined ? ofCalls : Array.isArray(rules) ? [...rules, ...ofCalls] : rules
    return settings({ ...rest, rules: all } as TrackerOptions)
  })

// ---------------------------------------------------------------------------------------------------------------------
// style
// ---------------------------------------------------------------------------------------------------------------------

const labelNameText =
  "it must consist of letters, digits and underscores, and not start with a digit or two underscores"

const labelName: Check.Check<string> = (path, value) =>
  Either.flatMap(Check.text(path, value), (name) =>
    /^(?!__)[a-zA-Z_]\w*$/.test(name)
      ? Either.right(name)
      : Either.left(`${path}: ${JSON.stringify(name)} is no label name: ${labelNameText}`))

const labels: Check.Check<Readonly<Record<string, string>>> = (path, value) =>
  Either.gen(function*() {
    if (!Check.isRecord(value)) return yield* Check.wrong(path, value, "an object of labels")
    const entries: Array<readonly [string, string]> = []
    for (const [name, label] of Object.entries(value)) {
      entries.push([yield* labelName(path, name), yield* Check.text(`${path}.${name}`, label)])
    }
    return Object.fromEntries(entries)
  })

const styleChecks = Check.struct(
  {
    groupBy: Check.withDefault(Check.listOf("a list of label names", labelName), ["job"]),
    keepFiringFor: Check.withDefault(Check.duration({ least: Duration.zero }), "1 minute"),
    labels: Check.withDefault(labels, {})
  } satisfies Check.Checks<RuleOptions>
)

export const styleOf = (options: RuleOptions): Check.Checked<Style> =>
  Either.map(styleChecks("", options), ({ keepFiringFor, ...rest }) => ({
    ...rest,
    keepFiringFor: Duration.isZero(keepFiringFor)
      ? undefined
      : durationText(Math.ceil(Duration.toMillis(keepFiringFor)))
  }))

/** A duration as Prometheus reads it. */
const durationText = (millis: number): string =>
  millis % 60_000 === 0 ? `${millis / 60_000}m` : millis % 1000 === 0 ? `${millis / 1000}s` : `${millis}ms`
