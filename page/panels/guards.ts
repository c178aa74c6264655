/** What holds calls back: circuit breakers, rate-limit gates, retry budgets, request weights. */
import { full, plural } from "../../src/dashboard/internal/numerals.js"
import { h, type Kid, show, type Tree } from "../dom.js"
import { clipped, cut, glyph, heading, type Mark, nothing, remark, shareMeter } from "../parts.js"
import { type Frame, view } from "../view.js"

type Guards = NonNullable<Frame["guards"]>

const states: Record<Guards["circuits"][number]["state"], readonly [Mark, string]> = {
  open: ["error", "Open"],
  closed: ["ok", "Closed"],
  "half-open": ["warn", "Half-open"]
}

/** The present by the server's clock. */
const now = (): number => view.frame === undefined ? 0 : Date.parse(view.frame.at)

const remaining = (until: number): string => {
  const seconds = Math.max(0, Math.ceil((until - now()) / 1000))
  const two = (n: number) => String(n).padStart(2, "0")
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}

const row = (key: string, name: string, state: Kid, ...rest: ReadonlyArray<Kid>): Tree =>
  h("div", { key, class: "g-row" }, cut(name), h("span", { class: "state" }, state), rest)

const second = (...text: ReadonlyArray<Kid>): Tree => h("span", { class: "second" }, text)

const circuit = ({ detail, name, probeAt, state }: Guards["circuits"][number]): Tree =>
  row(
    name,
    name,
    [glyph(states[state][0]), states[state][1]],
    second(
      detail === null ? "" : clipped(detail, 200),
      state === "open" && probeAt !== null && Date.parse(probeAt) > now() && [
        detail === null ? "next probe in " : ", next probe in ",
        h("span", { class: "count" }, remaining(Date.parse(probeAt)))
      ]
    )
  )

const gate = ({ detail, name, until }: Guards["gates"][number]): Tree =>
  row(
    name,
    name,
    [glyph("warn"), "Paused ", h("span", { class: "count" }, remaining(Date.parse(until)))],
    second(detail === null ? "the server asked to wait" : clipped(detail, 200))
  )

const ofTotal = (value: number, total: number): Kid => [
  h("span", { class: "strong" }, full(value)),
  h("span", { class: "dim" }, `\u00a0of ${full(total)}`)
]

const budget = ({ capacity, left, name }: Guards["budgets"][number]): Tree =>
  row(
    name,
    name,
    ofTotal(left, capacity),
    shareMeter(left / capacity, left < 5 ? "var(--warn-fill)" : undefined),
    second(left === 0 ? "used up: calls fail at their first error" : left === capacity ? "full" : "")
  )

const weight = ({ limit, name, used }: Guards["weights"][number]): Tree =>
  row(
    name,
    name,
    ofTotal(used, limit),
    h(
      "div",
      { class: `meter ${used >= limit ? "over" : used / limit >= 0.8 ? "near" : ""}`, "aria-hidden": "true" },
      h("i", { vars: { "--v": Math.min(100, used / limit * 100) } }),
      h("u", { vars: { "--at": 80 } })
    ),
    second(used >= limit ? "nothing left before the minute ends" : `${Math.round(used / limit * 100)} %`)
  )

const maxRows = 6

const list = <A>(rows: ReadonlyArray<A>, show: (row: A) => Tree, none: Kid): Kid =>
  rows.length === 0
    ? none
    : [
      rows.slice(0, maxRows).map(show),
      rows.length > maxRows && h("p", { class: "second" }, `${full(rows.length - maxRows)} more`)
    ]

const summary = ({ circuits, gates }: Guards): string => {
  const open = circuits.filter(({ state }) => state !== "closed").length
  return open + gates.length === 0
    ? "all calls are let through"
    : [
      open > 0 ? `${plural(open, "circuit")} not closed` : "",
      gates.length > 0 ? `${plural(gates.length, "source")} paused` : ""
    ].filter((text) => text !== "").join(", ")
}

export const guards = ({ guards }: Frame): void => {
  if (guards === null) {
    show(
      "guards",
      heading("guards", "Guards", "circuit breakers, rate limits, budgets"),
      nothing("No retry policy is in use."),
      remark("RetryPolicy.make and DataSourceManager make policies.")
    )
    return
  }
  const order = { open: 0, "half-open": 1, closed: 2 }
  show(
    "guards",
    heading("guards", "Guards", summary(guards)),
    h(
      "div",
      { class: "guards" },
      h(
        "div",
        {},
        h("h3", {}, "Circuits"),
        list(
          [...guards.circuits].sort((a, b) => order[a.state] - order[b.state]),
          circuit,
          nothing("No circuit breaker.")
        )
      ),
      h(
        "div",
        {},
        h("h3", {}, "Rate limits"),
        list(guards.gates, gate, h("p", { class: "clear" }, glyph("ok"), "No server asked to wait.")),
        h("h3", { class: "next" }, "Retry budgets"),
        list(
          [...guards.budgets].sort((a, b) => a.left / a.capacity - b.left / b.capacity),
          budget,
          nothing("No budget.")
        )
      ),
      h(
        "div",
        {},
        h("h3", {}, "Request weight, this minute"),
        list(guards.weights, weight, nothing("No request weight is reported."))
      )
    )
  )
}
