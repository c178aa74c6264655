/** The options of alert rules, checked. */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Check from "../options.js"
import type { Options as TrackerOptions } from "../tracker/model.js"
import { settings } from "../tracker/trackerOptions.js"
import type { Alerted, Objective, Style } from "./alertRules.js"

export interface RuleOptions {
  readonly groupBy?: ReadonlyArray<string> | undefined
  readonly keepFiringFor?: Duration.DurationInput | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// limits
// ---------------------------------------------------------------------------------------------------------------------

const share = Check.number("a number above 0 and below 1", (n) => n > 0 && n < 1)

const objectiveRule = Check.struct(
  {
    name: Check.text,
    objective: share,
    of: Check.withDefault(Check.oneOf("value", ["calls", "attempts"]), "calls"),
    by: Check.optional(Check.text)
  } satisfies Check.Checks<Objective>
)

const objectiveOf: Check.Check<Objective> = (path, value) =>
  Either.flatMap(objectiveRule(path, value), (objective) =>
    objective.by !== undefined && objective.of === "calls"
      ? Either.left(`${path} has by without of: "attempts": calls have no dimensions`)
      : Either.right(objective))

/** The limits of a tracker with these options, and the objectives among its rules. */
export const alertedOf = (options: unknown): Check.Checked<Alerted> =>
  Either.gen(function*() {
    if (!Check.isRecord(options)) return yield* Check.wrong("limits", options, "an object of limits")
    const { objective, ...rest } = options
    const all: ReadonlyArray<unknown> = Array.isArray(rest["rules"]) ? rest["rules"] : []
    const isObjective = (rule: unknown): boolean => Check.isRecord(rule) && "objective" in rule
    const objectives = yield* Either.all(
      all.flatMap((rule, i) => isObjective(rule) ? [objectiveOf(`rules[${i}]`, rule)] : [])
    )
    const rules = Array.isArray(rest["rules"]) ? all.filter((rule) => !isObjective(rule)) : rest["rules"]
    // `settings` checks values of any type.
    const { limits, rules: resolved } = yield* settings({ ...rest, rules } as TrackerOptions)
    const ofCalls = objective === undefined
      ? []
      : [{ name: "calls", objective: yield* share("objective", objective), of: "calls" as const, by: undefined }]
    return { limits, rules: resolved, objectives: [...ofCalls, ...objectives] }
  })

// ---------------------------------------------------------------------------------------------------------------------
// style
// ---------------------------------------------------------------------------------------------------------------------

const labelName: Check.Check<string> = (path, value) =>
  Either.flatMap(Check.text(path, value), (name) =>
    /^(?!__)[a-zA-Z_]\w*$/.test(name)
      ? Either.right(name)
      : Check.wrong(path, value, "the name of a label: letters, digits and underscores, a letter first"))

const labels: Check.Check<Readonly<Record<string, string>>> = (path, value) =>
  Either.gen(function*() {
    if (!Check.isRecord(value)) return yield* Check.wrong(path, value, "an object of labels")
    const entries: Array<readonly [string, string]> = []
    for (const [name, label] of Object.entries(value)) {
      entries.push([yield* labelName(`${path}: ${name}`, name), yield* Check.text(`${path}.${name}`, label)])
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
