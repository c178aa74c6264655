/** The families of the states of retry policies. Pure. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { State } from "../retry/policyModel.js"
import type { Family, Sample } from "../tracker/measures/family.js"

/** The names of the families. Policies of one source are one sample. */
const policyNames = {
  circuits: "errata_circuit_breakers_open",
  waits: "errata_rate_limit_wait_seconds"
} as const

export const policyFamilies = (states: ReadonlyArray<State>): ReadonlyArray<Family> => {
  if (states.length === 0) return []
  const open = bySource(states, ({ circuit }) => circuit === "closed" ? 0 : 1, (a, b) => a + b)
  const wait = ({ gate }: State) => Option.match(gate, { onNone: () => 0, onSome: Duration.toSeconds })
  return [
    {
      name: policyNames.circuits,
      type: "gauge",
      help: "The number of circuit breakers that are not closed.",
      labels: ["source"],
      samples: open
    },
    {
      name: policyNames.waits,
      type: "gauge",
      unit: "seconds",
      help: "The time until requests may be sent again after a rate limit.",
      labels: ["source"],
      samples: bySource(states, wait, Math.max)
    }
  ]
}

const bySource = (
  states: ReadonlyArray<State>,
  valueOf: (state: State) => number,
  both: (a: number, b: number) => number
): ReadonlyArray<Sample> => {
  const values = new Map<string, number>()
  for (const state of states) {
    const source = Option.getOrElse(state.source, () => "")
    const known = values.get(source)
    values.set(source, known === undefined ? valueOf(state) : both(known, valueOf(state)))
  }
  return Array.from(values, ([source, value]) => ({ labels: [source], value }))
}
