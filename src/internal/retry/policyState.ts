/** The state of a policy at one instant, and the schema of its JSON. Durations are in milliseconds. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { safeText } from "../safe/json.js"
import type { Budget } from "./budget.js"
import type { Circuit } from "./circuit.js"
import type { Gate } from "./gate.js"
import type * as Model from "./policyModel.js"

/** The parts of a policy that its calls share. */
interface Parts {
  readonly name: string | undefined
  readonly source: string | undefined
  readonly budget: Budget
  readonly circuit: Circuit<{ readonly message: string }>
  readonly gate: Gate
}

const maxReason = 256

const millis = (wait: number | undefined): Option.Option<Duration.Duration> =>
  wait === undefined ? Option.none() : Option.some(Duration.millis(Math.ceil(wait)))

export const stateOf = ({ budget, circuit, gate, name, source }: Parts, now: number): Model.State => {
  const opened = circuit.opened(now)
  const closed = gate.closed(now)
  const left = Option.liftPredicate(budget.left(now), Number.isFinite)
  return {
    name: Option.fromNullable(name ?? source),
    source: Option.fromNullable(source),
    circuit: circuit.status,
    openFor: millis(opened?.openFor),
    probeIn: millis(opened?.probeIn),
    ...circuit.recent(now),
    gate: millis(closed?.wait),
    waiting: gate.waiting(now),
    budget: left,
    budgetSize: Option.map(left, () => Math.floor(budget.capacity)),
    reason: Option.map(Option.fromNullable(opened ?? closed), ({ error }) => safeText(error.message, maxReason))
  }
}

const duration = Schema.optionalWith(Schema.DurationFromMillis, { as: "Option" })
const count = Schema.optionalWith(Schema.NonNegative, { as: "Option" })
const text = Schema.optionalWith(Schema.String, { as: "Option" })

const state = Schema.Struct({
  name: text,
  source: text,
  circuit: Schema.Literal("closed", "open", "half-open"),
  openFor: duration,
  probeIn: duration,
  attempts: Schema.NonNegative,
  failures: Schema.NonNegative,
  gate: duration,
  waiting: Schema.NonNegative,
  budget: count,
  budgetSize: count,
  reason: text
})

export type State = Model.State
interface StateJson extends Schema.Schema.Encoded<typeof state> {}
export const State: Schema.Schema<State, StateJson> = state
