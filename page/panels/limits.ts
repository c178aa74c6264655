/** Every code with a limit or an error today: its counts in the last minute, hour and day, against the limits. */
import { full, plural, short, times } from "../../src/dashboard/internal/numerals.js"
import { h, show, type Tree } from "../dom.js"
import { cut, heading, limitMeter, nothing, remark, severity } from "../parts.js"
import { type Frame, matches } from "../view.js"

const titles = ["Minute", "Hour", "Day"]

const limitText = (limit: number): string =>
  limit >= 1000 && limit % 100 === 0 ? `of ${full(limit / 1000)}k` : `of ${short(limit)}`

const cell = (count: number, limit: number | null): Tree => {
  const isOver = limit !== null && count > limit
  const title = limit === null
    ? `${full(count)}, no limit`
    : `${full(count)} of ${full(limit)}${isOver ? `, ${times(count / limit)}` : ""}`
  return h(
    "td",
    {},
    h(
      "div",
      { class: `lim ${count === 0 ? "zero" : ""}`, title },
      h("b", { class: isOver ? "t-error" : "" }, short(count)),
      limit !== null &&
        h("span", { class: "of" }, limitText(limit), isOver && h("span", { class: "sr" }, ", exceeded")),
      limit === null ? h("div", { class: "meter none" }) : limitMeter(count, limit)
    )
  )
}

export const limits = ({ codes, quietCodes }: Frame): void => {
  const shown = codes.filter(({ category, code }) => matches(code, category))
  show(
    "limits",
    heading("limits", "Counts and limits", "in the last minute, hour and day"),
    codes.length > 0 && shown.length === 0
      ? nothing("No code matches the filter.")
      : h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { class: "w-code", scope: "col" }, "Code"),
            titles.map((title) => h("th", { scope: "col" }, title))
          )
        ),
        h(
          "tbody",
          {},
          shown.map(({ code, counts, limits, severity: name }) =>
            h(
              "tr",
              { key: code },
              h(
                "th",
                { scope: "row" },
                h("span", { class: `who ${(counts[1] ?? 0) === 0 ? "off" : ""}` }, severity(name), cut(code, "mono"))
              ),
              counts.map((count, i) => cell(count, limits[i] ?? null))
            )
          )
        )
      ),
    quietCodes > 0 && remark(`${plural(quietCodes, "more code")} without an error today and without a limit.`)
  )
}
