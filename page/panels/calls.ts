/** The calls of the last hour by their outcome, and their success rate by the minute. */
import { full, percent, roughly } from "../../src/dashboard/internal/numerals.js"
import { h, s, show, type Tree } from "../dom.js"
import { heading, nothing, remark } from "../parts.js"
import type { Frame } from "../view.js"

type Calls = Frame["calls"]

interface Outcome {
  readonly label: string
  readonly count: number
  readonly colour: string
  readonly hatched: boolean
}

const outcomes = ({ direct, failed, isCalls, recovered, refused }: Calls): ReadonlyArray<Outcome> => {
  const ok = "var(--ok-fill)"
  const error = "var(--error-fill)"
  return isCalls
    ? [
      { label: "Successful at once", count: direct, colour: ok, hatched: false },
      { label: "Recovered by a retry", count: recovered, colour: "var(--info-fill)", hatched: false },
      { label: "Failed in the end", count: failed, colour: error, hatched: true },
      { label: "Refused, not sent", count: refused, colour: "var(--quiet-fill)", hatched: true }
    ]
    : [
      { label: "Successful", count: direct, colour: ok, hatched: false },
      { label: "Failed", count: failed, colour: error, hatched: true }
    ]
}

const figure = (label: string, value: string, isBad: boolean, ...notes: ReadonlyArray<string>): Tree =>
  h(
    "div",
    { class: "fig" },
    h("span", { class: "k" }, label),
    h("b", { class: isBad ? "t-error" : "" }, value),
    h("span", { class: "second" }, notes.flatMap((note, i) => i === 0 ? [note] : [h("br"), note]))
  )

const goal = (target: number): string => `${Number((target * 100).toPrecision(9))} %`

const figures = ({ made, failed, objective, refused }: Calls): Tree => {
  const rate = 1 - (failed + refused) / made
  return h(
    "div",
    { class: "figures" },
    figure(
      "Success rate",
      percent(rate),
      false,
      objective === null
        ? "no objective is set"
        : `objective ${goal(objective.target)}, ${rate >= objective.target ? "met" : "missed"}`
    ),
    objective !== null && figure(
      "Error budget left, last day",
      percent(objective.budget).replace(".0", ""),
      objective.budget <= 0,
      ...spending(objective)
    )
  )
}

const spending = ({ budget, burn, exhaustedIn }: NonNullable<Calls["objective"]>): ReadonlyArray<string> => {
  if (burn === null || burn <= 1) return ["does not shrink"]
  return [
    `spent ${burn < 10 ? burn.toFixed(1) : full(Math.round(burn))} times too fast`,
    budget <= 0 ? "used up" : exhaustedIn === null ? "" : `empty in about ${roughly(exhaustedIn)}`
  ].filter((text) => text !== "")
}

const trend = (ratios: ReadonlyArray<number>, target: number | undefined): Tree => {
  const low = Math.min(...ratios, (target ?? 1) - 0.001)
  const top = 1 + (1 - low) * 0.06
  const y = (v: number) => (58 - (v - low) / (top - low) * 56).toFixed(1)
  const x = (i: number) => (i / Math.max(1, ratios.length - 1) * 100).toFixed(1)
  const line = ratios.map((v, i) => `${i === 0 ? "M" : "L"}${x(i)} ${y(v)}`).join("")
  return s(
    "svg",
    { class: "spark", viewBox: "0 0 100 60", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("path", { class: "s-area", d: `${line}L100 60L0 60Z` }),
    target !== undefined && s("path", { class: "s-limit goal", d: `M0 ${y(target)}H100` }),
    s("path", { class: "s-line", d: line })
  )
}

/** The success rate of every finished minute; a minute without calls has that of the one before. */
const ratesOf = ({ calls, failures }: Frame["bars"]["hour"]): ReadonlyArray<number> => {
  let last = 1
  const first = calls.findIndex((made) => made > 0)
  return calls.slice(Math.max(0, first), -1).map((made, i) => {
    const failed = failures[i + Math.max(0, first)] ?? 0
    return last = made === 0 ? last : Math.max(0, 1 - failed / made)
  })
}

export const calls = ({ bars, calls }: Frame): void => {
  const rows = outcomes(calls)
  const rates = ratesOf(bars.hour)
  const low = Math.min(...rates)
  const noun = calls.isCalls ? "Calls" : "Attempts"
  show(
    "calls",
    heading("calls", noun, calls.made > 0 ? `${full(calls.made)} in the last hour` : "in the last hour"),
    calls.made === 0
      ? [nothing("No calls in the last hour."), remark("Calls are counted by Fetch.retry, attempts by Fetch.tracked.")]
      : h(
        "div",
        { class: "calls" },
        figures(calls),
        h(
          "div",
          {},
          h(
            "div",
            { class: "split", "aria-hidden": "true" },
            rows.filter(({ count }) => count > 0).map(({ colour, count, hatched }) =>
              h("i", { class: hatched ? "hatch" : "", vars: { "--n": count, "--c": colour } })
            )
          ),
          h(
            "div",
            { class: "kv" },
            rows.map(({ colour, count, hatched, label }) => [
              h("span", { class: `sw ${hatched ? "hatch" : ""}`, vars: { "--c": colour } }),
              h("span", {}, label),
              h("span", { class: "r strong" }, full(count)),
              h("span", { class: "r dim" }, percent(count / calls.made))
            ])
          )
        ),
        low < 1 && rates.length > 1 && h(
          "div",
          { class: "trend" },
          h(
            "div",
            { class: "second" },
            `Success rate by the minute, ${percent(low)} to ${percent(Math.max(...rates))}`
          ),
          trend(rates, calls.objective?.target)
        )
      )
  )
}
