/** Builds the alerts of a fleet from its decisions. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as Alert from "../../../Alert.js"
import type { Severity } from "../../../FetchError.js"
import type { Active, Edge } from "../../../internal/tracker/alerting/alertBuilder.js"
import type { ActiveState, AlertState } from "./alertState.js"
import * as countWindows from "./countWindows.js"
import type { Decided, Decision } from "./decisions.js"
import type { FleetLimit } from "./fleetLimits.js"

const maxNamed = 20
const unchecked = { disableValidation: true }

/** The next state of an alert, and the alerts of its edges. */
export interface Change {
  readonly state: AlertState
  readonly alerts: ReadonlyArray<Edge>
}

/** The id of an alert: different for each time that it fires, across processes. */
const newId = (key: string, at: number, version: number): string =>
  [Math.round(at).toString(36), (Hash.string(key) >>> 0).toString(36), version.toString(36)].join("-")

/** Undefined if nothing changes. */
export const changeOf = (
  limit: FleetLimit,
  before: AlertState,
  { decided, firing, values }: Decision,
  { set, severity }: { readonly set: string; readonly severity: Severity }
): Change | undefined => {
  const old = before.active
  const isSame = decided.length === 0 && (Option.isNone(firing)
    ? old === undefined
    : old !== undefined && firing.value.peak === old.peak && sameValues(values, old.values))
  if (isSame) return undefined
  const version = before.version + 1
  let last: Active | undefined = old?.alert
  const alerts = decided.map((one, i) => {
    // Each time it fires it is another alert, even within one change.
    const id = last?.id ?? newId(limit.key, one.edge.at, version * 100 + i)
    const alert = alertOf(limit, id, severity, one, last)
    last = alert._tag === "Resolved" ? undefined : alert
    return alert
  })
  const published = alerts.length === 0 ? before.published : version
  const end = alerts.findLast((alert) => alert._tag === "Resolved")
  const ended = end === undefined ? before.ended : end
  const common = { version, published, ...ended === undefined ? {} : { ended } }
  if (Option.isNone(firing) || last === undefined) return { state: common, alerts }
  const { escalations, named, peak, since } = firing.value
  const active: ActiveState = {
    since,
    escalations,
    peak,
    ...named === undefined ? {} : { named },
    values,
    limit: limit.limit.limit,
    recovered: limit.limit.recovered,
    window: countWindows.millis(limit.limit.window),
    set,
    alert: last
  }
  return { state: { ...common, active }, alerts }
}

const sameValues = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean =>
  a.length === b.length && new Set([...a, ...b]).size === a.length

const alertOf = (
  { code = "*", group, limit, objective, rule }: FleetLimit,
  id: string,
  severity: Severity,
  { amounts, edge, more, values = [] }: Decided,
  last: Active | undefined
): Edge => {
  const by = group?.by ?? objective?.by
  const isRatio = group?.minAttempts !== undefined || objective !== undefined
  const common = {
    id,
    code,
    window: limit.name,
    limit: limit.limit,
    count: amounts === undefined ? edge.count : amounts.errors,
    severity,
    at: DateTime.unsafeMake(Math.round(edge.at)),
    ...rule === undefined ? {} : { rule },
    ...isRatio ? { attempts: amounts?.attempts ?? 0 } : {},
    ...by === undefined ? {} : { by },
    ...objective === undefined ? {} : { objective: objective.objective, of: objective.of }
  }
  if (edge._tag === "Resolved") {
    return new Alert.Resolved({
      ...common,
      ...last?.values === undefined ? {} : { values: last.values, more: last.more ?? 0 },
      since: DateTime.unsafeMake(Math.round(edge.since)),
      duration: Duration.millis(Math.max(0, Math.round(edge.at - edge.since))),
      peak: edge.peak,
      reason: edge.reason ?? "recovered"
    }, unchecked)
  }
  const named = by === undefined ? {} : {
    values: values.slice(0, maxNamed),
    more: more ?? Math.max(0, values.length - maxNamed)
  }
  const props = { ...common, ...named, replayed: false }
  return edge._tag === "Fired" ? new Alert.Fired(props, unchecked) : new Alert.Escalated(props, unchecked)
}
