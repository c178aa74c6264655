/** Fetches without data in the last day, by reason and source: those that were not expected first. */
import { full } from "../../src/dashboard/internal/numerals.js"
import { h, show, type Tree } from "../dom.js"
import { allClear, count, cut, heading, remark, sum } from "../parts.js"
import type { Frame } from "../view.js"

type Row = Frame["empty"]["rows"][number]

const reasons: Record<string, string> = {
  api_response: "The server answered with nothing",
  date_range: "The range holds no data",
  not_published_yet: "Not published yet",
  not_listed_yet: "Before the listing",
  delisted: "After the delisting",
  source_gap: "A gap of the source",
  filter_result: "Filtered out"
}

const line = ({ counts, isExpected, reason }: Row): Tree =>
  h(
    "tr",
    { key: `${reason} ${isExpected}` },
    h("th", { scope: "row" }, h("span", { class: "cut", title: reason }, reasons[reason] ?? reason)),
    counts.map((n) =>
      h("td", { class: "r" }, n === 0 ? h("span", { class: "dim" }, "–") : count(n, `heat ${isExpected ? "" : "un"}`))
    ),
    h("td", { class: "r" }, count(sum(counts), "strong"))
  )

const group = (rows: ReadonlyArray<Row>, title: string, columns: number): ReadonlyArray<Tree> =>
  rows.length === 0 ? [] : [
    h(
      "tr",
      { key: title, class: "grouprow" },
      h(
        "th",
        { colspan: columns, scope: "rowgroup" },
        title,
        h("span", { class: "dim" }, ` ${full(sum(rows.map(({ counts }) => sum(counts))))}`)
      )
    ),
    ...rows.map(line)
  ]

export const empties = ({ empty: { rows, sources } }: Frame): void => {
  const unexpected = rows.filter(({ isExpected }) => !isExpected)
  const columns = sources.length + 2
  show(
    "empties",
    heading("empties", "Empty data", rows.length > 0 ? "by reason and source, last day" : "last day"),
    rows.length === 0
      ? allClear("No fetch was empty.")
      : [
        h(
          "table",
          {},
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              h("th", { class: "w-reason", scope: "col" }, "Reason"),
              sources.map((source) => h("th", { class: "r", scope: "col" }, cut(source))),
              h("th", { class: "r", scope: "col" }, "All")
            )
          ),
          h(
            "tbody",
            {},
            group(unexpected, "Not expected: counts towards the limits", columns),
            group(rows.filter(({ isExpected }) => isExpected), "Expected: counted apart", columns)
          )
        ),
        unexpected.length === 0 && remark("Nothing was empty that should not have been.")
      ]
  )
}
