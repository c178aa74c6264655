/** The alert rules of limits, rules and objectives. Pure. */
import { facts } from "../../FetchError.js"
import type { Limit } from "../tracker/alerting/edges.js"
import type { Rule } from "../tracker/alerting/limits.js"
import type { Window } from "../tracker/counting/windows.js"
import { windowIndex } from "../tracker/counting/windows.js"
import { catalogue } from "../tracker/measures/family.js"
import { type AlertRule, literal, quoted, rulesFile, selector, verbatim } from "./promql.js"

/** An objective: the share of calls or attempts that succeed. */
export interface Objective {
  readonly name: string
  readonly objective: number
  readonly of: "calls" | "attempts"
  readonly by: string | undefined
}

export interface Alerted {
  readonly limits: ReadonlyMap<string, ReadonlyArray<Limit>>
  readonly rules: ReadonlyArray<Rule>
  readonly objectives: ReadonlyArray<Objective>
}

export interface Style {
  /** The labels of the targets that alerts keep. Counts are summed up over the others. */
  readonly groupBy: ReadonlyArray<string>
  /** As in `1m`; undefined: alerts end at once. */
  readonly keepFiringFor: string | undefined
  readonly labels: Readonly<Record<string, string>>
}

export const alertRules = ({ limits, objectives, rules }: Alerted, style: Style): string =>
  rulesFile([
    {
      name: "errata-limits",
      rules: Array.from(limits, ([code, limits]) => limits.map((limit) => limitRule(code, limit, style))).flat()
    },
    {
      name: "errata-rules",
      rules: rules.map((rule) =>
        rule.group?.minAttempts === undefined
          ? countRule(rule, style)
          : ratioRule(rule, rule.group.window, rule.group.minAttempts, style)
      )
    },
    { name: "errata-objectives", rules: objectives.flatMap((objective) => burnRules(objective, style)) }
  ])

// ---------------------------------------------------------------------------------------------------------------------
// limits and rules
// ---------------------------------------------------------------------------------------------------------------------

const limitRule = (code: string, limit: Limit, style: Style): AlertRule => {
  const about = { error_type: code, window: limit.name }
  const alert = "ErrataLimitExceeded"
  const count = sum(style.groupBy, selector(catalogue.windowErrors.name, about))
  return {
    alert,
    expr: held(
      `${count} > ${literal(limit.limit)}`,
      `${count} > ${literal(limit.recovered)}`,
      alert,
      about,
      style.groupBy
    ),
    keepFiringFor: style.keepFiringFor,
    labels: labelsOf(about, severityOf(code), style),
    annotations: {
      summary: `${verbatim(code)} occurred {{ $value }} times in the window ${verbatim(limit.name)} (limit: ${
        literal(limit.limit)
      })`
    }
  }
}

const countRule = ({ code, group, limit, name }: Rule, style: Style): AlertRule => {
  const about = { rule: name, window: limit.name }
  const alert = "ErrataRuleExceeded"
  const by = group?.by === undefined ? style.groupBy : [...style.groupBy, "dimension", "value"]
  const count = sum(by, selector(catalogue.ruleErrors.name, about))
  return {
    alert,
    expr: held(`${count} > ${literal(limit.limit)}`, `${count} > ${literal(limit.recovered)}`, alert, about, by),
    keepFiringFor: style.keepFiringFor,
    labels: labelsOf(about, severityOf(code), style),
    annotations: {
      summary: `${verbatim(name)}: ${verbatim(code ?? "errors")} occurred {{ $value }} times in the window ${
        verbatim(limit.name)
      }${ofValue(group?.by)} (limit: ${literal(limit.limit)})`
    }
  }
}

const ratioRule = ({ code, group, limit, name }: Rule, window: Window, least: number, style: Style): AlertRule => {
  const about = { rule: name, window: limit.name }
  const alert = "ErrataFailureRate"
  const by = group?.by === undefined ? style.groupBy : [...style.groupBy, "dimension", "value"]
  const errors = (window: string) => sum(by, selector(catalogue.ruleErrors.name, { rule: name, window }))
  const attempts = (window: string) => sum(by, selector(catalogue.ruleAttempts.name, { rule: name, window }))
  const exceeds = (window: string, share: number) =>
    `${errors(window)} / ${attempts(window)} > ${literal(share)} and ${attempts(window)} >= ${least}`
  // With too few attempts in a window the next longer one decides, as in the tracker.
  const names: ReadonlyArray<Window> = ["minute", "hour", "day"]
  const stays = names.slice(windowIndex[window]).reduceRight<string | undefined>(
    (longer, window) =>
      longer === undefined
        ? exceeds(window, limit.recovered)
        : `${exceeds(window, limit.recovered)}\nor\n(${longer}) and ${attempts(window)} < ${least}`,
    undefined
  )
  return {
    alert,
    expr: held(exceeds(window, limit.limit), stays ?? "", alert, about, by),
    keepFiringFor: style.keepFiringFor,
    labels: labelsOf(about, severityOf(code), style),
    annotations: {
      summary: `${verbatim(name)}: {{ $value | humanizePercentage }} of the attempts in the window ${
        verbatim(limit.name)
      } failed${ofValue(group?.by)} (limit: ${literal(limit.limit * 100)}%)`
    }
  }
}

const ofValue = (by: string | undefined): string => by === undefined ? "" : `, ${verbatim(by)} {{ $labels.value }}`

/** Fires above one value and stays active above a lower one, while it is firing. */
const held = (
  fires: string,
  stays: string,
  alert: string,
  about: Readonly<Record<string, string>>,
  by: ReadonlyArray<string>
): string =>
  `${fires}\nor\n(${stays})\nand on (${by.join(", ")})\n${
    selector("ALERTS", { alertname: alert, alertstate: "firing", ...about })
  }`

// ---------------------------------------------------------------------------------------------------------------------
// objectives
// ---------------------------------------------------------------------------------------------------------------------

// A month's error budget is spent in two days, and in five.
const burns = [
  { factor: 14.4, long: "1h", short: "5m", severity: "critical" },
  { factor: 6, long: "6h", short: "30m", severity: "warning" }
] as const

const burnRules = (objective: Objective, style: Style): ReadonlyArray<AlertRule> =>
  burns.map(({ factor, long, severity, short }) => {
    const { by, name } = objective
    const most = literal(factor * (1 - objective.objective))
    return {
      alert: "ErrataErrorBudgetBurn",
      expr: `${failureRate(objective, long, style)} > ${most}\nand\n${failureRate(objective, short, style)} > ${most}`,
      keepFiringFor: style.keepFiringFor,
      labels: labelsOf({ rule: name, window: long, burn_rate: literal(factor) }, severity, style),
      annotations: {
        summary: `${verbatim(name)}: {{ $value | humanizePercentage }} of the ${objective.of} in ${long} failed${
          ofValue(by)
        }, more than ${literal(factor)} times what the objective of ${literal(objective.objective * 100)}% allows`
      }
    }
  })

const failureRate = ({ by, of }: Objective, window: string, { groupBy }: Style): string => {
  const failed = of === "calls" ? `outcome=~"failed|refused"` : `outcome="failed"`
  if (by === undefined) {
    const { name } = of === "calls" ? catalogue.windowCalls : catalogue.windowAttempts
    const inWindow = `window=${quoted(window)}`
    return `${sum(groupBy, `${name}{${failed},${inWindow}}`)} / ${sum(groupBy, `${name}{${inWindow}}`)}`
  }
  const name = `${catalogue.dimensionAttempts.name}_total`
  const ofDimension = `dimension=${quoted(by)}`
  const labels = [...groupBy, "dimension", "value"]
  return `${sum(labels, `increase(${name}{${ofDimension},${failed}}[${window}])`)} / ${
    sum(labels, `increase(${name}{${ofDimension}}[${window}])`)
  }`
}

// ---------------------------------------------------------------------------------------------------------------------
// parts
// ---------------------------------------------------------------------------------------------------------------------

const sum = (by: ReadonlyArray<string>, series: string): string => `sum by (${by.join(", ")}) (${series})`

const severities = { INFO: "info", WARNING: "warning", ERROR: "error" } as const

const severityOf = (code: string | undefined): string =>
  severities[Object.values(facts).find((fact) => fact.code === code)?.severity ?? "ERROR"]

const labelsOf = (
  about: Readonly<Record<string, string>>,
  severity: string,
  { labels }: Style
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    // The labels of an alert are templates.
    Object.entries({ severity, ...labels, ...about }).map(([name, value]) => [name, verbatim(value)])
  )
