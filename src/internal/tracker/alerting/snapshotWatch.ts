/** The watch of an alert in a snapshot, under the limit that was in force when the snapshot was taken. */
import * as Duration from "effect/Duration"
import { isWindow } from "../counting/windows.js"
import type * as Snapshot from "../snapshotModel.js"
import type { Limit } from "./edges.js"
import type { Gauge } from "./groupWatch.js"
import { GroupWatch } from "./groupWatch.js"
import type { Group } from "./limits.js"
import type { Counted } from "./limitWatch.js"
import { LimitWatch } from "./limitWatch.js"
import { type Objective, pairs } from "./objective.js"
import { type ObjectiveGauge, ObjectiveWatch } from "./objectiveWatch.js"
import type { Watch } from "./watch.js"
import { WatchedEvents } from "./watchedEvents.js"

/** The counts that a rule is evaluated on; undefined for a dimension that is not kept. */
export type GaugeOf = (group: Group, code: string | undefined) => Gauge | undefined

export type ObjectiveGaugeOf = (objective: Objective) => ObjectiveGauge | undefined

/** The present counts, by code; undefined stands for all codes. */
interface Counts {
  readonly gaugeOf: GaugeOf
  readonly objectiveGaugeOf: ObjectiveGaugeOf
  readonly eventsOf: (code: string | undefined) => Counted | undefined
}

/** Makes the watch. `present` is the limit of the same name that is in force now. */
export const snapshotWatch = (
  { alert, limit }: Snapshot.Active,
  present: Limit | undefined,
  { eventsOf, gaugeOf, objectiveGaugeOf }: Counts
): Watch => {
  const { attempts, by, limit: number, window: name } = alert
  const code = alert.code === "*" ? undefined : alert.code
  // Snapshots of earlier versions do not have the limit.
  const { recovered = number, window = Duration.minutes(1) } = limit ?? present ?? {}
  const isRatio = attempts !== undefined
  const before = { name, window, limit: number, recovered: isRatio ? recovered : wholeCount(recovered) }
  if (by === undefined && !isRatio) return new LimitWatch(before, new WatchedEvents(eventsOf(code) ?? unknownEvents))
  if (alert.objective !== undefined) {
    const pair = pairs.find((pair) => pair.name === name) ?? pairs[0]
    const objective: Objective = {
      objective: alert.objective,
      of: alert.of ?? "calls",
      by,
      minEvents: limit?.minAttempts ?? 1,
      long: pair.long,
      short: limit?.short ?? pair.short
    }
    const gauge = objectiveGaugeOf(objective)
    return gauge === undefined
      ? new LimitWatch(before, new WatchedEvents(unknownEvents))
      : new ObjectiveWatch(before, objective, gauge)
  }
  const minAttempts = isRatio ? limit?.minAttempts ?? 1 : undefined
  const group = isWindow(name) ? { by, window: name, minAttempts } : undefined
  const gauge = group && gaugeOf(group, code)
  return group === undefined || gauge === undefined
    ? new LimitWatch(before, new WatchedEvents(unknownEvents))
    : new GroupWatch(before, group, gauge)
}

/** A count as windows take it: a snapshot may hold any number. */
const wholeCount = (n: number): number => Math.max(0, Math.min(Math.floor(n), 2 ** 30)) || 0

// Not counted any more: nothing says that such an alert has recovered.
const unknownEvents: Counted = {
  count: () => Infinity,
  exceeds: () => true,
  headroom: () => 0,
  nth: () => Infinity
}
