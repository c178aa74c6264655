/** Builds alerts from the edges of a limit. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Alert from "../../../Alert.js"
import type { Severity } from "../../../FetchError.js"
import type * as Edges from "./edges.js"
import { GroupWatch } from "./groupWatch.js"
import { ObjectiveWatch } from "./objectiveWatch.js"
import type { Watched } from "./watch.js"

/** An alert about a limit, as opposed to one about its subscriber. */
export type Edge = Exclude<Alert.Alert, Alert.Missed>

/** The alert of a limit that is exceeded. */
export type Active = Alert.Fired | Alert.Escalated

/** The fields of an alert besides those of its edge. */
export interface About {
  readonly id: string
  readonly severity: Severity
}

/** The current instant on the monotonic clock, in nanoseconds, and on the wall clock, in milliseconds. */
export interface Instants {
  readonly now: number
  readonly wall: number
}

/** The wall clock in milliseconds, read on demand: most steps have no edge. */
export type WallClock = Pick<Instants, "wall">

const maxNamed = 20

// The types guarantee what the schema would check.
const unchecked = { disableValidation: true }

export const missed = (count: number): Alert.Missed => new Alert.Missed({ count }, unchecked)

export const alertOf = (
  { alert, code = "*", rule, watch }: Watched,
  { id, severity }: About,
  edge: Edges.Edge,
  { now, wall }: Instants
): Edge => {
  const { limit, name } = watch.limit
  const objective = watch instanceof ObjectiveWatch ? watch : undefined
  const group = watch instanceof GroupWatch ? watch : objective
  const common = {
    id,
    code,
    window: name,
    limit,
    count: group === undefined ? edge.count : group.amounts.errors,
    severity,
    at: wallOf(edge.at, now, wall),
    ...rule === undefined ? {} : { rule },
    ...group?.group.minAttempts === undefined ? {} : { attempts: group.amounts.attempts },
    ...group?.group.by === undefined ? {} : { by: group.group.by },
    ...objective === undefined ? {} : { objective: objective.objective.objective, of: objective.objective.of }
  }
  if (edge._tag === "Resolved") {
    return new Alert.Resolved({
      ...common,
      // The values that the last edge named: none exceeds the limit any more.
      ...namedBy(alert),
      since: wallOf(edge.since, now, wall),
      duration: Duration.millis(Math.max(0, Math.round(edge.at - edge.since)) / 1e6),
      peak: edge.peak,
      reason: edge.reason ?? "recovered"
    }, unchecked)
  }
  const named = {
    ...common,
    replayed: false,
    ...group?.group.by === undefined ? {} : names(group.values(edge.at))
  }
  return edge._tag === "Fired" ? new Alert.Fired(named, unchecked) : new Alert.Escalated(named, unchecked)
}

/** The alert under another limit than the one it was published with. */
export const limitedTo = (alert: Active, { limit }: Edges.Limit): Active => copy(alert, { limit })

/** The alert with the values that exceed the limit now. */
export const naming = (alert: Active, values: ReadonlyArray<string>): Active => copy(alert, names(values))

export const withId = (alert: Active, id: string): Active => copy(alert, { id })

/** The alert for a subscriber that may know it already. */
export const replayOf = (alert: Active): Active => copy(alert, { replayed: true })

/** The end of an alert whose limit was removed. */
export const withdrawn = (
  { _tag, replayed: _replayed, ...alert }: Active,
  { peak, since }: Edges.Firing,
  { now, wall }: Instants
): Alert.Resolved =>
  new Alert.Resolved({
    ...alert,
    count: 0,
    ...alert.attempts === undefined ? {} : { attempts: 0 },
    at: wallOf(now, now, wall),
    since: wallOf(since, now, wall),
    duration: Duration.millis(Math.max(0, Math.round(now - since)) / 1e6),
    peak,
    reason: "withdrawn"
  }, unchecked)

// The first and the last instant that a date can represent.
const lastMillis = 8.64e15

/** The time of an instant by the wall clock, provided that the clock has not been set since. */
export const wallOf = (instant: number, now: number, wall: number): DateTime.Utc =>
  DateTime.unsafeMake(Math.max(-lastMillis, Math.min(lastMillis, Math.round(wall - (now - instant) / 1e6))))

const copy = (alert: Active, change: Partial<Active>): Active => {
  const { _tag, ...edge } = { ...alert, ...change }
  return _tag === "Fired" ? new Alert.Fired(edge, unchecked) : new Alert.Escalated(edge, unchecked)
}

const names = (values: ReadonlyArray<string>) => ({
  values: values.slice(0, maxNamed),
  more: Math.max(0, values.length - maxNamed)
})

const namedBy = (alert: Active | undefined) =>
  alert?.values === undefined ? {} : { values: alert.values, more: alert.more ?? 0 }
