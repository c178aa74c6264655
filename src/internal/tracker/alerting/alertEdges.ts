/** Alerts from the edges of a limit. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Alert from "../../../Alert.js"
import type { Severity } from "../../../FetchError.js"
import type * as Threshold from "../../../Threshold.js"
import type { Watched } from "./evaluator.js"
import { GroupWatch } from "./groupWatch.js"

/** What happens to a code; what happens to a subscriber is no edge. */
export type Edge = Exclude<Alert.Alert, Alert.Missed>

/** What is on as long as nothing else is told. */
export type Active = Alert.Fired | Alert.Escalated

const mostNamed = 20

// What is built here is right by its type.
const unchecked = { disableValidation: true }

export const missed = (count: number): Alert.Missed => new Alert.Missed({ count }, unchecked)

export const alertOf = (
  { alert, code = "*", rule, watch }: Watched,
  severity: Severity,
  edge: Threshold.Edge,
  now: number,
  wall: number
): Edge => {
  const { limit, name } = watch.limit
  const at = wallOf(edge.at, now, wall)
  const group = watch instanceof GroupWatch ? watch : undefined
  const common = {
    code,
    window: name,
    limit,
    count: group === undefined ? edge.count : group.told.errors,
    severity,
    at,
    ...rule === undefined ? {} : { rule: rule.name },
    ...group?.group.minAttempts === undefined ? {} : { attempts: group.told.attempts },
    ...group?.group.by === undefined ? {} : { by: group.group.by }
  }
  if (edge._tag === "Resolved") {
    return new Alert.Resolved({
      ...common,
      // What has recovered is no longer among the values.
      ...namesOf(alert),
      since: wallOf(edge.since, now, wall),
      duration: Duration.nanos(BigInt(Math.round(edge.at - edge.since))),
      peak: edge.peak,
      reason: edge.reason ?? "recovered"
    }, unchecked)
  }
  const named = { ...common, ...group?.group.by === undefined ? {} : names(group.values(edge.at)) }
  return edge._tag === "Fired" ? new Alert.Fired(named, unchecked) : new Alert.Escalated(named, unchecked)
}

/** An alert that is on against another limit than the one it was told of. */
export const limitedTo = (alert: Active, { limit }: Threshold.Limit): Active => copy(alert, { limit })

/** An alert with the values that are sick now. */
export const naming = (alert: Active, values: ReadonlyArray<string>): Active => copy(alert, names(values))

/** What was on when its limit was no longer there. */
export const withdrawn = (alert: Active, since: DateTime.Utc, peak: number, wall: number): Alert.Resolved => {
  const at = DateTime.unsafeMake(wall)
  const duration = Duration.millis(Math.max(0, DateTime.distance(since, at)))
  const { _tag, ...edge } = alert
  const left = { count: 0, ...alert.attempts === undefined ? {} : { attempts: 0 } }
  return new Alert.Resolved({ ...edge, ...left, at, since, duration, peak, reason: "withdrawn" }, unchecked)
}

// The first and the last instant there is.
const ever = 8.64e15

/** What the wall clock said at some instant, if nobody has set it since. */
export const wallOf = (instant: number, now: number, wall: number): DateTime.Utc =>
  DateTime.unsafeMake(Math.max(-ever, Math.min(ever, Math.round(wall - (now - instant) / 1e6))))

const copy = (alert: Active, change: Partial<Active>): Active => {
  const { _tag, ...edge } = { ...alert, ...change }
  return _tag === "Fired" ? new Alert.Fired(edge, unchecked) : new Alert.Escalated(edge, unchecked)
}

const names = (values: ReadonlyArray<string>) => ({
  values: values.slice(0, mostNamed),
  more: Math.max(0, values.length - mostNamed)
})

const namesOf = (alert: Active | undefined) =>
  alert?.values === undefined ? {} : { values: alert.values, more: alert.more ?? 0 }
