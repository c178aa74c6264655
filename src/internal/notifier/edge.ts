/** The alerts that a receiver gets: redacted copies with an identity. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Alert from "../../Alert.js"
import type { Severity } from "../../FetchError.js"
import { safeText } from "../safe/json.js"

/** An alert about a limit, as opposed to one about its subscriber. */
export type Edge = Exclude<Alert.Alert, Alert.Missed>

/** An alert whose limit is exceeded. */
export type Active = Exclude<Edge, Alert.Resolved>

/** When an alert fired, and its highest count or share since. */
export interface Course {
  readonly since: DateTime.Utc
  readonly peak: number
}

const maxText = 256

/** The identity of an edge among those of one alert. A replay of the edge has the same one. */
export const keyOf = ({ _tag, at, count }: Edge): string => `${_tag}-${DateTime.toEpochMillis(at)}-${count}`

/** The amount that `peak` is the highest of. */
export const amountOf = ({ attempts, count }: Edge): number =>
  attempts === undefined ? count : count / Math.max(1, attempts)

const ranks: Readonly<Record<Severity, number>> = { INFO: 0, WARNING: 1, ERROR: 2 }

export const isAtLeast = (severity: Severity, least: Severity): boolean => ranks[severity] >= ranks[least]

// The types guarantee what the schema would check.
const unchecked = { disableValidation: true }

/** The id of an alert. One without an id, of a tracker of the user's own, is named by its limit. */
export const idOf = ({ by, code, id, rule, window }: Edge): string =>
  id === "" ? [rule, code, window, by].filter((name) => name !== undefined).join("/") : id

/** The name of an edge among all edges of all alerts. An alert has one end, whichever process found it. */
export const nameOf = (alert: Edge): string => alert._tag === "Resolved" ? endOf(alert) : `${alert.id} ${keyOf(alert)}`

/** The name of the end of an alert. */
export const endOf = ({ id }: Edge): string => `${id} Resolved`

/** The names of a delivered edge, with their times. */
export const deliveredNames = (alert: Edge, replaces: ReadonlyArray<string>): ReadonlyMap<string, number> => {
  const at = DateTime.toEpochMillis(alert.at)
  const names = [nameOf(alert), ...replaces.map((key) => `${alert.id} ${key}`)]
  return new Map(names.map((name) => [name, at]))
}

/** Whether an edge, or the end of its alert, was delivered. */
export const isDelivered = (alert: Edge, delivered: ReadonlyMap<string, number>): boolean =>
  delivered.has(nameOf(alert)) || delivered.has(endOf(alert))

/** A copy with an id and with secrets masked. */
export const safeEdge = (alert: Edge): Edge => {
  const { by, code, rule, values, window } = alert
  const safe = {
    id: idOf(alert),
    code: safeText(code, maxText),
    window: safeText(window, maxText),
    ...rule === undefined ? {} : { rule: safeText(rule, maxText) },
    ...by === undefined ? {} : { by: safeText(by, maxText) },
    ...values === undefined ? {} : { values: values.map((value) => safeText(value, maxText)) }
  }
  switch (alert._tag) {
    case "Fired":
      return new Alert.Fired({ ...alert, ...safe }, unchecked)
    case "Escalated":
      return new Alert.Escalated({ ...alert, ...safe }, unchecked)
    case "Resolved":
      return new Alert.Resolved({ ...alert, ...safe }, unchecked)
  }
}

/** The end of an alert that was found to be over. */
export const unobservedEnd = (
  { _tag, replayed: _replayed, ...alert }: Active,
  { peak, since }: Course,
  now: DateTime.Utc
): Alert.Resolved =>
  new Alert.Resolved({
    ...alert,
    count: 0,
    ...alert.attempts === undefined ? {} : { attempts: 0 },
    at: now,
    since,
    duration: Duration.millis(Math.max(0, DateTime.distance(since, now))),
    peak,
    reason: "unobserved"
  }, unchecked)
