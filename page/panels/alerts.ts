/** The active alerts, worst first, and those that resolved within the hour. */
import { clock, full, percent, plural, short, span, times } from "../../src/dashboard/internal/numerals.js"
import { h, show, type Tree } from "../dom.js"
import { allClear, code, cut, glyph, heading, nothing, severity, sparkline, visible } from "../parts.js"
import { change, type Frame, matches, view } from "../view.js"

type Alert = Frame["alerts"][number]
type Resolved = Frame["resolved"][number]

const shownAtFirst = 5

const amount = ({ isRatio }: { readonly isRatio: boolean }, value: number): string =>
  isRatio ? (value >= 0.1 ? `${Math.round(value * 100)} %` : percent(value)) : short(value)

const windowText = (window: string): string => `per ${visible(window)}`

const ladder = (level: number | null): ReadonlyArray<Tree | false> => {
  const steps = [0, 1, 2, 3, 4]
  const text = level === null || level === 0
    ? "fired"
    : `escalated ${level === 1 ? "once" : level === 2 ? "twice" : `${full(level)} times`}`
  return [
    h(
      "div",
      { class: `ladder ${(level ?? 0) >= 3 ? "error" : ""}`, "aria-hidden": "true" },
      steps.map((step) => h("i", { class: step <= (level ?? 0) ? "on" : "" }))
    ),
    h("span", { class: "second" }, text)
  ]
}

const named = ({ by, more, values }: Alert): string => {
  const total = values.length + more
  if (by === null || values.length === 0) return ""
  return `${plural(total, by)}: ${values.slice(0, 3).join(", ")}${total > 3 ? ` and ${full(total - 3)} more` : ""}`
}

const second = (alert: Alert): string => {
  const { escalations, isRatio, limit, others } = alert
  if (others.length > 0) {
    return `also ${
      others.map((other) => `${short(other.value)} of ${short(other.limit)} ${windowText(other.window)}`).join(", ")
    }`
  }
  return isRatio
    ? `of the attempts${alert.by === null ? "" : `, the worst ${alert.by}`}`
    : `next level above ${short(Math.max(1, limit) * 2 ** ((escalations ?? 0) + 1))}`
}

const row = (alert: Alert, at: number): Tree => {
  const { isRatio, isRule, limit, name, since, trend, value } = alert
  const detail = named(alert) || `${alert.severity.toLowerCase()}, ${windowText(alert.window)}`
  const started = since === null ? undefined : Date.parse(since)
  return h(
    "li",
    { key: alert.id || `${name} ${alert.window}` },
    h(
      "div",
      { class: "a-who" },
      severity(alert.severity),
      cut(name, `a-code ${isRule ? "" : "mono"}`),
      cut(detail, "second")
    ),
    h(
      "div",
      { class: "a-count" },
      h("b", { title: isRatio ? null : full(value) }, amount(alert, value)),
      h("span", { class: "sub" }, isRatio ? ` fail, limit ${amount(alert, limit)}` : ` of ${amount(alert, limit)}`),
      h("span", { class: "ratio" }, times(alert.times)),
      cut(second(alert), "second")
    ),
    h("div", { class: "a-steps" }, ladder(alert.escalations)),
    h(
      "div",
      { class: "a-trend" },
      trend !== null && trend.length > 1 && [
        sparkline(trend, limit),
        h(
          "span",
          { class: "sr" },
          `Trend: from ${amount(alert, trend[0]!)} an hour ago to ${amount(alert, trend.at(-1)!)} now`
        )
      ]
    ),
    h(
      "div",
      { class: "a-age" },
      started !== undefined && [
        h("span", { class: "strong" }, span(at - started)),
        h("div", { class: "second" }, `since ${clock(started)}`)
      ]
    )
  )
}

const resolvedText = (alert: Resolved) => [
  code(alert.name),
  ` ${windowText(alert.window)}, peak ${amount(alert, alert.peak)} of ${amount(alert, alert.limit)}, took ${
    span(alert.took)
  }`
]

const quiet = ({ resolved: [last] }: Frame): Tree =>
  last === undefined
    ? allClear("No limit is exceeded.")
    : allClear(
      "No limit is exceeded. The last alert: ",
      resolvedText(last),
      `; resolved at ${clock(Date.parse(last.at))}.`
    )

export const alerts = (frame: Frame): void => {
  const at = Date.parse(frame.at)
  const rows = frame.alerts.filter(({ name, values }) => matches(name, ...values))
  const shown = view.showsAllAlerts ? rows : rows.slice(0, shownAtFirst)
  const hidden = rows.length - shown.length
  const resolved = frame.resolved.filter((alert) => at - Date.parse(alert.at) <= 3_600_000)
  show(
    "alerts",
    heading(
      "alerts",
      "Active alerts",
      frame.alerts.length > 0 ? `${full(frame.alerts.length)} active, worst first` : ""
    ),
    frame.alerts.length === 0
      ? quiet(frame)
      : rows.length === 0
      ? nothing("No active alert matches the filter.")
      : h("ul", { class: "alerts" }, shown.map((alert) => row(alert, at))),
    frame.alerts.length > 0 &&
      (hidden > 0 || view.showsAllAlerts && rows.length > shownAtFirst || resolved.length > 0) &&
      h(
        "div",
        { class: "more" },
        hidden > 0 && h("button", {
          type: "button",
          class: "textbtn",
          on: { click: () => change({ showsAllAlerts: true }) }
        }, `Show ${full(hidden)} more`),
        view.showsAllAlerts && rows.length > shownAtFirst && h("button", {
          type: "button",
          class: "textbtn",
          on: { click: () => change({ showsAllAlerts: false }) }
        }, "Show the worst five"),
        resolved.length > 0 && [
          h("span", { class: "clear" }, glyph("ok"), "Resolved in the last hour:"),
          resolved.slice(0, 6).map((alert) => h("span", {}, resolvedText(alert))),
          resolved.length > 6 && h("span", {}, `and ${full(resolved.length - 6)} more`)
        ]
      )
  )
}
