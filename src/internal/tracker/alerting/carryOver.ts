/** Active alerts under other limits than those they fired under: after a change of the limits, and after a restart. */
import type { Edge, Instants } from "./alertBuilder.js"
import { limitedTo, withdrawn } from "./alertBuilder.js"
import type * as Edges from "./edges.js"
import { GroupWatch } from "./groupWatch.js"
import { ObjectiveWatch } from "./objectiveWatch.js"
import type { Standing, Watched } from "./watch.js"

/** Builds the alerts of the edges of a limit. */
export type Build = (watched: Watched, edges: ReadonlyArray<Edges.Edge>) => ReadonlyArray<Edge>

export interface CarriedOver {
  /** The ends of the alerts that the limits in force ended. */
  readonly ended: ReadonlyArray<Edge>
  /** The limits without an active alert before: they may fire at once. */
  readonly started: ReadonlyArray<Watched>
}

/**
 * Continues alerts under the limits in force. A limit of the same name continues: its alert stays active as long as the
 * new limit is exceeded. An alert whose limit was removed ends.
 */
export const carryOver = (
  all: ReadonlyArray<Watched>,
  before: ReadonlyArray<Standing>,
  instants: Instants,
  build: Build
): CarriedOver => {
  const left = new Map(before.map((standing) => [keyOfAlert(standing), standing]))
  const started: Array<Watched> = []
  const ended: Array<Edge> = []
  for (const watched of all) {
    const key = keyOf(watched)
    const standing = left.get(key)
    if (standing === undefined) {
      started.push(watched)
      continue
    }
    left.delete(key)
    watched.alert = limitedTo(standing.alert, watched.watch.limit)
    ended.push(...build(watched, watched.watch.adopt(standing, instants.now)))
  }
  const removed = Array.from(left.values(), ({ alert, firing }) => withdrawn(alert, firing, instants))
  return { ended: [...removed, ...ended], started }
}

/** The name of a limit: limits of the same name continue one another, even if their numbers differ. */
export const keyOf = ({ code = "*", rule, watch }: Watched): string => {
  const isObjective = watch instanceof ObjectiveWatch
  const group = watch instanceof GroupWatch || isObjective ? watch.group : undefined
  return JSON.stringify([rule, code, watch.limit.name, group?.by, group?.minAttempts !== undefined, isObjective])
}

export const keyOfAlert = (
  { alert: { attempts, by, code, objective, rule, window } }: Pick<Standing, "alert">
): string => JSON.stringify([rule, code, window, by, attempts !== undefined, objective !== undefined])
