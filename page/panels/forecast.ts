/** The limits that will probably be exceeded within a day, on a logarithmic axis of time. */
import { full, roughly } from "../../src/dashboard/internal/numerals.js"
import { h, s, show, type Tree } from "../dom.js"
import { allClear, cut, heading, nothing, remark, severity, visible } from "../parts.js"
import { type Frame, matches } from "../view.js"

type Row = NonNullable<Frame["forecast"]>[number]

const day = Math.log(1440)
const minute = 60_000

const place = (millis: number): string =>
  `${Math.min(100, Math.log(Math.max(1, millis / minute)) / day * 100).toFixed(1)}%`

const when = (millis: number): string => millis < minute ? "a minute" : roughly(millis)

const line = ({ code, count, earliest, latest, likely, limit, severity: name, window }: Row, at: number): Tree => {
  const [from, middle] = [Date.parse(earliest) - at, Date.parse(likely) - at]
  const to = latest === null ? undefined : Date.parse(latest) - at
  return h(
    "li",
    { key: `${code} ${window}` },
    h(
      "div",
      { class: "who" },
      severity(name),
      cut(code, "mono a-code"),
      h(
        "span",
        { class: "fc-of" },
        h("span", { class: "strong" }, full(count)),
        h("span", { class: "dim" }, ` of ${full(limit)} per ${visible(window)}`)
      )
    ),
    h(
      "div",
      { class: "fc-when" },
      h("span", { class: "when" }, middle < minute ? "within a minute" : `in about ${when(middle)}`),
      h(
        "span",
        { class: "second" },
        to === undefined
          ? `not before ${when(from)} (80 %)`
          : to < minute
          ? "80 %"
          : `${from < minute ? "now" : when(from)} to ${when(to)} (80 %)`
      )
    ),
    s(
      "svg",
      { class: "fc-plot", "aria-hidden": "true" },
      s("line", { class: "fc-axis", x1: 0, x2: "100%", y1: 11, y2: 11 }),
      s("line", { class: "fc-range", x1: place(from), x2: to === undefined ? "100%" : place(to), y1: 11, y2: 11 }),
      s("circle", { class: "fc-dot", cx: place(middle), cy: 11, r: 6 })
    )
  )
}

export const forecast = ({ alerts, at, codes, forecast }: Frame): void => {
  const rows = (forecast ?? []).filter(({ code }) => matches(code))
  const limited = codes.filter(({ limits }) => limits.some((limit) => limit !== null))
  const exceeded = limited.filter(({ counts, limits }) =>
    limits.some((limit, i) => limit !== null && counts[i]! > limit)
  )
  show(
    "forecast",
    heading("forecast", "Next limit", "likely within a day"),
    forecast === null
      ? nothing("Not known for this tracker.")
      : forecast.length === 0
      ? alerts.length > 0
        ? nothing("No other limit is likely to be exceeded within a day.")
        : allClear("No limit is likely to be exceeded within a day.")
      : rows.length === 0
      ? nothing("No forecast matches the filter.")
      : [
        h("ol", { class: "fc" }, rows.map((row) => line(row, Date.parse(at)))),
        h(
          "div",
          { class: "scale", "aria-hidden": "true" },
          ["now", "6 min", "40 min", "4 h", "24 h"].map((text) => h("span", {}, text))
        )
      ],
    exceeded.length > 0 && exceeded.length === limited.length
      ? remark("Every code with a limit has exceeded one.")
      : null
  )
}
