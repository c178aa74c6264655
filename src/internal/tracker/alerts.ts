/** Alerts from the edges of a limit. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Alert from "../../Alert.js"
import type * as Threshold from "../../Threshold.js"
import type { Watched } from "./alarms.js"

/** What happens to a code; what happens to a subscriber is no edge. */
export type Edge = Exclude<Alert.Alert, Alert.Missed>

// What is built here is right by its type.
const unchecked = { disableValidation: true }

export const missed = (count: number): Alert.Missed => new Alert.Missed({ count }, unchecked)

export const alertOf = (
  { code, severity, watch: { limit } }: Watched,
  edge: Threshold.Edge,
  now: number,
  wall: number
): Edge => {
  const at = wallOf(edge.at, now, wall)
  const common = { code, window: limit.name, limit: limit.limit, severity }
  switch (edge._tag) {
    case "Fired":
      return new Alert.Fired({ ...common, count: edge.count, at }, unchecked)
    case "Escalated":
      return new Alert.Escalated({ ...common, count: edge.count, at }, unchecked)
    case "Resolved":
      return new Alert.Resolved({
        ...common,
        count: edge.count,
        at,
        since: wallOf(edge.since, now, wall),
        duration: Duration.nanos(BigInt(Math.round(edge.at - edge.since))),
        peak: edge.peak
      }, unchecked)
  }
}

/** What the wall clock said at some instant, if nobody has set it since. */
export const wallOf = (instant: number, now: number, wall: number): DateTime.Utc =>
  DateTime.unsafeMake(Math.round(wall - (now - instant) / 1e6))
