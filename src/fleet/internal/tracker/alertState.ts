/** The states of alerts and their edges, as the store keeps them: JSON. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Alert from "../../../Alert.js"

const edges = Schema.Union(Alert.Fired, Alert.Escalated, Alert.Resolved)

const active = Schema.Struct({
  /** When it fired, in milliseconds since 1970 by the clock of the store. */
  since: Schema.Number,
  escalations: Schema.Number,
  peak: Schema.Number,
  /** For a rule on a dimension, the number of values that the last edge named. */
  named: Schema.optional(Schema.Number),
  /** For a rule on a dimension or a ratio, the values that have not recovered. */
  values: Schema.Array(Schema.String),
  /** The limit that it is under: processes with another one leave it alone. */
  limit: Schema.Number,
  recovered: Schema.Number,
  window: Schema.Number,
  /** The set of limits of the process that changed it. */
  set: Schema.String,
  alert: Schema.Union(Alert.Fired, Alert.Escalated)
})

const state = Schema.Struct({
  /** Increases with each change: a state is never the same twice. */
  version: Schema.Number,
  /** The version of the last change with an edge. */
  published: Schema.Number,
  active: Schema.optional(active),
  /** The last end of the alert. */
  ended: Schema.optional(Alert.Resolved)
})

export interface ActiveState extends Schema.Schema.Type<typeof active> {}
export interface AlertState extends Schema.Schema.Type<typeof state> {}

const edge = Schema.Struct({
  key: Schema.String,
  state: Schema.String,
  version: Schema.Number,
  /** The number of escalations after the change. */
  escalations: Schema.Number,
  alerts: Schema.Array(edges)
})

/** A change of one alert that every process hears. */
export interface FleetEdge extends Schema.Schema.Type<typeof edge> {}

export const none: AlertState = { version: 0, published: 0 }

const fleet = Schema.Struct({
  version: Schema.Number,
  /** Changes when the store has lost its counts. */
  epoch: Schema.String,
  /** The number of resets. The counts of each generation have keys of their own. */
  generation: Schema.Number
})

/** What a fleet agrees on besides alerts. */
export interface FleetState extends Schema.Schema.Type<typeof fleet> {}

/** The name of the state of the fleet among those of alerts. Names of limits are JSON lists. */
export const fleetKey = "fleet"

/** The begin of the names of the states that list the sets of limits of all processes. */
export const setPrefix = "set:"

/** The key of an edge with which a process that starts makes itself known. */
export const helloKey = "hello"

const fleetJson = Schema.parseJson(fleet)
const decodeFleetJson = Schema.decodeUnknownOption(fleetJson)
export const encodeFleet: (state: FleetState) => string = Schema.encodeSync(fleetJson)
export const decodeFleet = (text: string | undefined): FleetState | undefined =>
  text === undefined ? undefined : Option.getOrUndefined(decodeFleetJson(text))

const stateJson = Schema.parseJson(state)
const edgeJson = Schema.parseJson(edge)

const decodeStateJson = Schema.decodeUnknownOption(stateJson)
export const encodeState: (state: AlertState) => string = Schema.encodeSync(stateJson)
export const decodeEdge: (text: string) => Option.Option<FleetEdge> = Schema.decodeUnknownOption(edgeJson)
export const encodeEdge: (edge: FleetEdge) => string = Schema.encodeSync(edgeJson)

/** A state that cannot be read counts as none: it is replaced by the next change. */
export const decodeState = (text: string): AlertState =>
  text === "" ? none : Option.getOrElse(decodeStateJson(text), () => none)

/**
 * Whether a state is newer than another one. Edges come first: after a loss of states, two processes may each have continued
 * from another one, and the edge of one of them is known to all.
 */
export const isNewer = (a: AlertState, b: AlertState): boolean =>
  a.published > b.published || (a.published === b.published && a.version > b.version)
