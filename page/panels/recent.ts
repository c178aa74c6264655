/** The last errors, with like ones in one row; the details of a row have its context and its causes. */
import { clock, full, short } from "../../src/dashboard/internal/numerals.js"
import { h, s, show, type Tree } from "../dom.js"
import { allClear, clipped, code, cut, heading, nothing, severity, visible } from "../parts.js"
import { type Frame, matches } from "../view.js"

type Row = Frame["recent"][number]

const maxRows = 30
const hour = 3_600_000

const keyOf = ({ code, message }: Row): string => `${code} ${message.slice(0, 200)}`

const summary = ({ about, at, code, count, message, severity: name }: Row): Tree =>
  h(
    "summary",
    {},
    s("svg", { class: "chev", viewBox: "0 0 10 10", "aria-hidden": "true" }, s("path", { d: "M3 1.5 7 5 3 8.5" })),
    h("time", { class: "e-time sub", datetime: at, title: at }, clock(Date.parse(at), true)),
    h("span", { class: "e-sev" }, severity(name)),
    cut(code, "mono e-code strong"),
    cut(message, "e-msg"),
    cut(about, "e-about dim"),
    h(
      "span",
      { class: "e-n r sub", title: count > 1 ? `${full(count)} alike` : null },
      count > 1 ? `× ${short(count)}` : ""
    )
  )

const details = ({ causes, context, message }: Row): Tree =>
  h(
    "div",
    { class: "detail" },
    h("p", { class: "full" }, visible(message)),
    h(
      "div",
      {},
      h("h3", {}, "Context"),
      context.length === 0
        ? nothing("None.")
        : h(
          "dl",
          {},
          context.map(([name, value]) => [
            h("dt", { class: "cut", title: clipped(name) }, clipped(name, 60)),
            h("dd", { title: clipped(value) }, clipped(value, 500))
          ])
        )
    ),
    causes.length > 0 && h(
      "div",
      {},
      h("h3", {}, causes.length > 1 ? "Caused by, outermost first" : "Cause"),
      h("ol", { class: "chain" }, causes.map((cause) => h("li", {}, clipped(cause, 500))))
    )
  )

const none = ({ codes, recent: [last] }: Frame): Tree =>
  last === undefined
    ? allClear(codes.some(({ counts }) => counts[2]! > 0) ? "None in the last hour." : "None in the last day.")
    : allClear(
      "None in the last hour. The last one: ",
      code(last.code),
      last.about === "" ? "" : ` for ${clipped(last.about, 80)}`,
      ` at ${clock(Date.parse(last.at))}.`
    )

export const recent = (frame: Frame): void => {
  const at = Date.parse(frame.at)
  const isOld = frame.recent.every((row) => at - Date.parse(row.at) > hour)
  const rows = frame.recent.filter(({ about, code, context, message }) =>
    matches(code, message, about, ...context.map(([, value]) => value))
  )
  const hidden = rows.length - maxRows
  show(
    "recent",
    heading(
      "recent",
      "Last errors",
      frame.recent.length > 0 && !isOld ? `of the last ${full(frame.recentTotal)}, like ones as one row` : ""
    ),
    isOld
      ? none(frame)
      : rows.length === 0
      ? nothing("No error matches the filter.")
      : h(
        "ul",
        { class: "errs" },
        rows.slice(0, maxRows).map((row) => h("li", { key: keyOf(row) }, h("details", {}, summary(row), details(row))))
      ),
    hidden > 0 && !isOld && h("p", { class: "remark" }, `${full(hidden)} older ones are not shown.`)
  )
}
