/** The states of retry policies: circuit breakers, rate limits, budgets. Pure. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as RetryPolicy from "../../RetryPolicy.js"
import type { Frame } from "./frameModel.js"
import { full, plural, span } from "./numerals.js"
import type { Reads } from "./trackerReads.js"

/** Null without policies and request weights. */
export const guardsOf = (
  { at, policies, weights }: Pick<Reads, "at" | "policies" | "weights">
): Frame["guards"] => {
  if (policies.length + weights.length === 0) return null
  const named = withNames(policies)
  const after = (duration: Duration.Duration) => DateTime.unsafeMake(Math.round(at + Duration.toMillis(duration)))
  return {
    circuits: named.map(([name, state]) => ({
      name,
      state: state.circuit,
      detail: circuitDetail(state),
      probeAt: Option.getOrNull(Option.map(state.probeIn, after))
    })),
    gates: named.flatMap(([name, { circuit, gate, reason, waiting }]) =>
      Option.isNone(gate)
        ? []
        : [{
          name,
          until: after(gate.value),
          detail: [
            // While the circuit is not closed, the reason is that of the circuit.
            ...(circuit === "closed" ? Option.toArray(reason) : []),
            ...(waiting > 0 ? [`${plural(waiting, "call")} ${waiting === 1 ? "waits" : "wait"}`] : [])
          ].join(", ") || null
        }]
    ),
    budgets: named.flatMap(([name, { budget, budgetSize }]) =>
      Option.isNone(budget)
        ? []
        : [{ name, left: budget.value, capacity: Option.getOrElse(budgetSize, () => budget.value) }]
    ),
    weights: weights.map(({ host, limit, used }) => ({ name: host, used, limit }))
  }
}

/** Policies of one name, which have none of their own but that of their source, are numbered. */
const withNames = (
  states: ReadonlyArray<RetryPolicy.State>
): ReadonlyArray<readonly [string, RetryPolicy.State]> => {
  const seen = new Map<string, number>()
  return states.map((state) => {
    const name = Option.getOrElse(state.name, () => "policy")
    const n = (seen.get(name) ?? 0) + 1
    seen.set(name, n)
    return [n === 1 ? name : `${name} (${n})`, state]
  })
}

const circuitDetail = ({ attempts, circuit, failures, openFor, reason }: RetryPolicy.State): string | null => {
  if (circuit === "closed") {
    return failures === 0 ? "no failures" : `${full(failures)} of the last ${plural(attempts, "attempt")} failed`
  }
  const since = Option.match(openFor, {
    onNone: () => "",
    onSome: (duration) => `for ${span(Duration.toMillis(duration))}`
  })
  const text = [since, ...Option.toArray(reason)].filter((part) => part !== "").join(": ")
  return text === "" ? null : text
}
