/** The symbols, sources and intervals with the highest failure rates. */
import { full, percent, plural, short, times } from "../../src/dashboard/internal/numerals.js"
import { h, show, type Tree } from "../dom.js"
import { allClear, clipped, count, cut, heading, nothing, remark, shareMeter, sum } from "../parts.js"
import { capitalized, clean, tabs } from "../tabs.js"
import { change, type Frame, matches, view } from "../view.js"

type Worst = Frame["worst"][number]
type Row = Worst["rows"][number]

const fill = (ratio: number, isCounted: boolean): string | undefined =>
  !isCounted ? undefined : ratio > 0.3 ? "var(--error-fill)" : ratio > 0.05 ? "var(--warn-fill)" : undefined

const line = ({ attempts, code, failed, ratio, times: multiple, value }: Row): Tree => {
  const isCounted = attempts > 0
  return h(
    "tr",
    { key: value },
    h("th", { scope: "row" }, cut(value, "mono")),
    h(
      "td",
      {},
      h(
        "div",
        { class: "ratebar" },
        shareMeter(ratio, fill(ratio, isCounted)),
        h("span", { class: "r" }, percent(ratio))
      )
    ),
    h(
      "td",
      { class: "r nw" },
      count(failed, "strong"),
      isCounted && h("span", { class: "dim", title: full(attempts) }, ` of ${short(attempts)}`)
    ),
    h("td", { class: "hide-s" }, code === null ? "–" : cut(code, "mono sub")),
    h(
      "td",
      { class: "r hide-s" },
      multiple === null ? "–" : h("span", { class: multiple > 1.5 ? "strong" : "dim" }, times(multiple))
    )
  )
}

const table = ({ dimension }: Worst, rows: ReadonlyArray<Row>): Tree => {
  const isCounted = rows.some(({ attempts }) => attempts > 0)
  return h(
    "table",
    {},
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", { scope: "col" }, cut(capitalized(dimension))),
        h("th", { scope: "col", class: "w-rate" }, isCounted ? "Failure rate" : "Share of errors"),
        h("th", { scope: "col", class: "w-num r" }, isCounted ? "Failed attempts" : "Errors"),
        h("th", { scope: "col", class: "w-c hide-s" }, "Mostly"),
        h("th", { scope: "col", class: "w-x r hide-s" }, "Times the rest")
      )
    ),
    h("tbody", {}, rows.map(line))
  )
}

/** With many values, how they are spread says more than the worst eight. */
const spread = ({ dimension, few, histogram, total }: Worst): Tree | false => {
  const known = total - few
  if (known < 100 || histogram.length === 0) return false
  const top = Math.max(...histogram)
  const failing = sum(histogram.slice(histogram.length / 2))
  return h(
    "div",
    { class: "callout spread" },
    h(
      "span",
      {},
      h("span", { class: "strong" }, `${plural(known, clean(dimension))} by failure rate. `),
      `${full(failing)} fail in at least half of their attempts, ${full(histogram[0]!)} in less than a tenth.`
    ),
    h(
      "div",
      { "aria-hidden": "true" },
      h("div", { class: "hist" }, histogram.map((n) => h("i", { vars: { "--v": n / top * 100 } }))),
      h("div", { class: "scale" }, h("span", {}, "0 %"), h("span", {}, "100 %"))
    )
  )
}

const missing = ({ dimension, few, rows, total }: Worst): string => {
  const name = clean(dimension)
  return [
    total > rows.length ? `${full(rows.length)} of ${plural(total, name)} shown.` : "",
    few > 0 ? `${plural(few, name)} with fewer than 20 attempts ${few === 1 ? "is" : "are"} left out.` : ""
  ].join(" ").trim()
}

const verdictOf = ({ dimension, message }: Worst): string =>
  message === null ? `No ${clean(dimension)} stands out.` : `${clipped(capitalized(message), 400)}.`

export const worst = ({ worst }: Frame): void => {
  const chosen = worst.find(({ dimension }) => dimension === view.by) ?? worst[0]
  if (chosen === undefined || worst.every(({ rows }) => rows.length === 0)) {
    const sizes = worst.map(({ dimension, total }) => plural(total, clean(dimension))).join(", ")
    const few = worst.some(({ few, total }) => few === total && total > 0)
    show(
      "worst",
      heading("worst", "Worst symbols, sources, intervals", "last hour"),
      allClear(
        sizes === ""
          ? "No errors and no attempts in the last hour."
          : few
          ? `${sizes}: too few attempts for failure rates.`
          : `No failures: ${sizes}.`
      )
    )
    return
  }
  const rows = chosen.rows.filter(({ code, value }) => matches(value, code))
  const note = missing(chosen)
  show(
    "worst",
    heading(
      "worst",
      "Worst",
      "by failure rate, last hour",
      tabs("worst", worst.map(({ dimension }) => dimension), chosen.dimension, (by) => change({ by }))
    ),
    h(
      "div",
      {
        id: "worst-body",
        role: "tabpanel",
        "aria-labelledby": worst.length > 1 ? `worst-tab-${worst.indexOf(chosen)}` : "worst-h",
        tabindex: "0"
      },
      chosen.rows.length === 0
        ? nothing(`No ${clean(chosen.dimension)} with enough attempts fails.`)
        : rows.length === 0
        ? nothing("Nothing matches the filter.")
        : table(chosen, rows)
    ),
    spread(chosen),
    chosen.rows.length > 0 && h("p", { class: "callout" }, verdictOf(chosen)),
    note !== "" && remark(note)
  )
}
