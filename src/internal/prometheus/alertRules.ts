/** The alert rules of limits, rules and objectives. Pure. */
import { facts } from "../../FetchError.js"
import type { Limit } from "../tracker/alerting/edges.js"
import type { Limits } from "../tracker/alerting/evaluator.js"
import type { Rule } from "../tracker/alerting/limits.js"
import type { Objective } from "../tracker/alerting/objective.js"
import type { Window } from "../tracker/counting/windows.js"
import { windowIndex } from "../tracker/counting/windows.js"
import { catalogue } from "../tracker/measures/family.js"
import { type AlertRule, literal, quoted, rulesFile, selector, verbatim } from "./promql.js"

export interface Style {
  /** The labels of the targets that alerts keep. Counts are summed up over the others. */
  readonly groupBy: ReadonlyArray<string>
  /** As in `1m`; undefined: alerts end at once. */
  readonly keepFiringFor: string | undefined
  readonly labels: Readonly<Record<string, string>>
}

export const alertRules = ({ limits, rules }: Limits, style: Style): string =>
  rulesFile([
    {
      name: "errata-limits",
      rules: Array.from(limits, ([code, limits]) => limits.map((limit) => limitRule(code, limit, style))).flat()
    },
    {
      name: "errata-rules",
      rules: rules.flatMap((rule) =>
        rule.objective !== undefined
          ? []
          : rule.group?.minAttempts === undefined
          ? [countRule(rule, style)]
          : [ratioRule(rule, rule.group.window, rule.group.minAttempts, style)]
      )
    },
    {
      name: "errata-objectives",
      rules: rules.flatMap((rule) => rule.objective === undefined ? [] : [burnRule(rule, rule.objective, style)])
    }
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

/** One pair of windows: both must exceed the limit. Without events in the short window, an alert stays active. */
const burnRule = ({ limit, name }: Rule, objective: Objective, style: Style): AlertRule => {
  const { by, long, minEvents, of, short } = objective
  const [inLong, inShort] = [long, short].map((minutes) => outcomesIn(objective, name, windowText(minutes), style))
  const burnRate = literal(limit.limit / (1 - objective.objective))
  const about = { rule: name, window: limit.name }
  const alert = "ErrataErrorBudgetBurn"
  const exceeds = ({ events, failures }: Outcomes, share: number) => `${failures} / ${events} > ${literal(share)}`
  return {
    alert,
    expr: held(
      `${exceeds(inLong!, limit.limit)}\nand\n${exceeds(inShort!, limit.limit)}\nand\n${
        inLong!.events
      } >= ${minEvents}`,
      `${exceeds(inLong!, limit.recovered)}\nand\n(${exceeds(inShort!, limit.recovered)} or ${inShort!.events} == 0)`,
      alert,
      about,
      by === undefined ? style.groupBy : [...style.groupBy, "dimension", "value"]
    ),
    keepFiringFor: style.keepFiringFor,
    labels: labelsOf({ ...about, burn_rate: burnRate }, long > 60 ? "warning" : "critical", style),
    annotations: {
      summary: `${verbatim(name)}: {{ $value | humanizePercentage }} of the ${of} in ${limit.name} failed${
        ofValue(by)
      }, at least ${burnRate} times what the objective of ${literal(objective.objective * 100)}% allows`
    }
  }
}

const windowText = (minutes: number): string => minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`

interface Outcomes {
  readonly failures: string
  readonly events: string
}

const outcomesIn = ({ by, of }: Objective, rule: string, window: string, { groupBy }: Style): Outcomes => {
  if (by !== undefined) {
    const labels = [...groupBy, "dimension", "value"]
    return {
      failures: sum(labels, selector(catalogue.ruleErrors.name, { rule, window })),
      events: sum(labels, selector(catalogue.ruleAttempts.name, { rule, window }))
    }
  }
  const { name } = of === "calls" ? catalogue.windowCalls : catalogue.windowAttempts
  const failed = of === "calls" ? `outcome=~"failed|refused"` : `outcome="failed"`
  const inWindow = `window=${quoted(window)}`
  return { failures: sum(groupBy, `${name}{${failed},${inWindow}}`), events: sum(groupBy, `${name}{${inWindow}}`) }
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
