/** The durations of successful attempts by the values of a dimension, on one logarithmic axis. */
import { plural } from "../../src/dashboard/internal/numerals.js"
import { h, s, show, type Tree } from "../dom.js"
import { clipped, cut, heading, nothing, remark } from "../parts.js"
import { capitalized, clean, tabs } from "../tabs.js"
import { change, type Frame, matches, view } from "../view.js"

const [least, most] = [Math.log10(0.3), Math.log10(20_000)]
const slow = 2000
const marks = [[1, "1 ms"], [10, "10"], [100, "100"], [1000, "1 s"], [10_000, "10 s"]] as const

const place = (millis: number): string => {
  const share = (Math.log10(Math.max(0.3, millis)) - least) / (most - least)
  return `${(Math.min(1, share) * 100).toFixed(1)}%`
}

const duration = (millis: number): string =>
  millis < 1
    ? "< 1 ms"
    : millis < 1000
    ? `${Math.round(millis)} ms`
    : millis < 60_000
    ? `${(millis / 1000).toFixed(1)} s`
    : `${Math.round(millis / 60_000)} min`

type Latency = Frame["latency"][number]

const row = ({ count, p50, p90, p99, value }: Latency["rows"][number]): ReadonlyArray<Tree> => [
  h(
    "span",
    { class: "lat-who" },
    cut(value, "strong"),
    h("span", { class: "second nb" }, plural(count, "success", "successes"))
  ),
  s(
    "svg",
    {
      class: "bar",
      role: "img",
      "aria-label": `${clipped(value, 60)}: half within ${duration(p50)}, 90 % within ${duration(p90)}, 99 % within ${
        duration(p99)
      }`
    },
    marks.map(([v]) => s("line", { class: "lat-grid", x1: place(v), x2: place(v), y1: 0, y2: "100%" })),
    s("line", { class: "lat-far", x1: place(p90), x2: place(p99), y1: "50%", y2: "50%" }),
    s("line", { class: "lat-near", x1: place(p50), x2: place(p90), y1: "50%", y2: "50%" }),
    s("circle", { class: "lat-50", cx: place(p50), cy: "50%", r: 6 }),
    s("circle", { class: "lat-90", cx: place(p90), cy: "50%", r: 4.5 }),
    s("svg", { x: place(p99), y: "50%", class: "tick" }, s("line", { x1: 0, x2: 0, y1: -8, y2: 8 }))
  ),
  h("span", { class: "r strong" }, duration(p50)),
  h("span", { class: "r" }, duration(p90)),
  h("span", { class: `r ${p99 >= slow ? "strong t-warn" : ""}` }, duration(p99))
]

const maxRows = 8

const table = ({ dimension }: Latency, rows: Latency["rows"]): Tree =>
  h(
    "div",
    { class: "lat" },
    h("span", { class: "h" }, capitalized(clean(dimension))),
    h("span", { class: "h h-bar" }),
    ["p50", "p90", "p99"].map((name) => h("span", { class: "h r" }, name)),
    rows.map(row),
    h("span", { class: "h-bar" }),
    s(
      "svg",
      { class: "axis h-bar", height: 16, width: "100%", "aria-hidden": "true" },
      marks.map(([v, text]) => s("text", { class: "lat-axis", x: place(v), y: 12, "text-anchor": "middle" }, text))
    )
  )

export const latency = ({ latency }: Frame): void => {
  const chosen = latency.find(({ dimension }) => dimension === view.latencyBy) ?? latency[0]
  if (chosen === undefined) {
    show(
      "latency",
      heading("latency", "Latency", "successful attempts, since the start"),
      nothing("No durations yet."),
      remark("Durations are those of successful attempts: Fetch.tracked with attempts.")
    )
    return
  }
  const matching = chosen.rows.filter(({ value }) => matches(value))
  const shown = (matching.length > 0 ? matching : chosen.rows).slice(0, maxRows)
  const hidden = (matching.length > 0 ? matching.length : chosen.total) - shown.length
  show(
    "latency",
    heading(
      "latency",
      "Latency",
      "successful attempts, since the start",
      tabs("latency", latency.map(({ dimension }) => dimension), chosen.dimension, (latencyBy) => change({ latencyBy }))
    ),
    h(
      "div",
      {
        id: "latency-body",
        ...(latency.length > 1 && {
          role: "tabpanel",
          "aria-labelledby": `latency-tab-${latency.indexOf(chosen)}`,
          tabindex: "0"
        })
      },
      table(chosen, shown)
    ),
    remark(
      hidden > 0 ? `${plural(hidden, `faster ${clean(chosen.dimension)}`)} not shown. ` : "",
      "Dot: half of the attempts. Ring: 90 %. Bar: 99 %. The scale is logarithmic."
    )
  )
}
