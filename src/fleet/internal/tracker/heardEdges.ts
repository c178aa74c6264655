/**
 * The edges that the subscribers of a process have seen, and the newest edges that the process knows. Pure.
 *
 * A store that loses data may lose an edge that one process has published and others have not. Each process keeps the newest
 * edges of each alert: whoever puts a state back publishes its edges again, and each process passes on those that are new to
 * its subscribers.
 */
import * as DateTime from "effect/DateTime"
import * as Alert from "../../../Alert.js"
import type { Edge } from "../../../internal/tracker/alerting/alertBuilder.js"
import type { AlertState } from "./alertState.js"

/** The edges of one change of a state. */
export interface EdgeChange {
  readonly version: number
  /** The number of escalations after the change. */
  readonly escalations: number
  readonly alerts: ReadonlyArray<Edge>
}

interface Heard {
  readonly version: number
  /** The id of the active alert. */
  readonly active: string | undefined
  readonly escalations: number
}

const unheard: Heard = { version: 0, active: undefined, escalations: 0 }

const heardOf = ({ active, published }: AlertState): Heard => ({
  version: published,
  active: active?.alert.id,
  escalations: active?.escalations ?? 0
})

/** An alert escalates once for each doubling of its count: more are rare. */
const maxKept = 12

export class HeardEdges {
  private readonly heard = new Map<string, Heard>()
  private readonly kept = new Map<string, ReadonlyArray<EdgeChange>>()

  /** Starts with a state whose edges are over. */
  start(key: string, state: AlertState): void {
    this.heard.set(key, heardOf(state))
  }

  /** The version of the last change whose edges subscribers have seen. */
  versionOf(key: string): number {
    return (this.heard.get(key) ?? unheard).version
  }

  /** Remembers a change, whether subscribers have seen it or not. */
  keep(key: string, change: EdgeChange): void {
    const kept = this.kept.get(key) ?? []
    if (kept.some(({ version }) => version === change.version)) return
    this.kept.set(key, [...kept, change].sort((a, b) => a.version - b.version).slice(-maxKept))
  }

  /**
   * The changes that lead from a version to a state, as far as they are known, and are not older than `since`, in milliseconds
   * since 1970. Of a last change that this process has not heard, the state has the last alert.
   */
  after(key: string, version: number, state: AlertState, since: number): ReadonlyArray<EdgeChange> {
    const kept = this.kept.get(key) ?? []
    const { active, ended, published } = state
    const last = active?.alert ?? ended
    const isKept = last === undefined || kept.some((change) => change.version === published)
    const all = isKept
      ? kept
      : [...kept, { version: published, escalations: active?.escalations ?? 0, alerts: [last] }]
    return all.filter((change) =>
      change.version > version && change.version <= published && change.alerts.some(({ at }) => at.epochMillis >= since)
    )
  }

  /**
   * Takes a change, and returns those of its edges that are new to subscribers. After a loss, two processes may each have
   * continued from the same state: of the second change of one version, only what the first one did not have is new.
   */
  hear(key: string, { alerts, escalations, version }: EdgeChange): ReadonlyArray<Edge> {
    const before = this.heard.get(key) ?? unheard
    if (version < before.version) return []
    const isTwin = version === before.version
    const numbers = numbersOf(alerts, escalations)
    let { active } = before
    const fresh = alerts.filter((alert, i) => {
      const wasActive = active !== undefined
      switch (alert._tag) {
        case "Fired":
          active = alert.id
          return !isTwin || !wasActive
        case "Escalated":
          if (isTwin) return wasActive && (numbers[i] ?? 0) > before.escalations
          active = alert.id
          return true
        case "Resolved":
          active = undefined
          return wasActive
      }
    })
    const isContinued = isTwin && active !== undefined
    this.heard.set(key, {
      version,
      active,
      escalations: isContinued ? Math.max(before.escalations, escalations) : escalations
    })
    return fresh
  }

  /**
   * The edges that lead from what subscribers have seen to a state, for changes that are lost: fewer than there were, if the
   * alert has escalated or ended more than once.
   */
  catchUp(key: string, state: AlertState): ReadonlyArray<Edge> {
    const before = this.heard.get(key) ?? unheard
    if (before.version >= state.published) return []
    this.heard.set(key, heardOf(state))
    const { active, ended } = state
    const edges: Array<Edge> = []
    const isOther = before.active !== active?.alert.id
    if (before.active !== undefined && isOther && ended !== undefined) edges.push(resolvedAs(ended, before.active))
    if (active === undefined) return edges
    const { alert, escalations, since } = active
    if (isOther) edges.push(alert._tag === "Fired" ? alert : firedBefore(alert, since))
    if (alert._tag === "Escalated" && (isOther || escalations > before.escalations)) edges.push(alert)
    return edges
  }
}

/** The end of an alert under the id that subscribers know. */
export const resolvedAs = ({ _tag, ...alert }: Alert.Resolved, id: string): Alert.Resolved =>
  // The types guarantee what the schema would check.
  new Alert.Resolved({ ...alert, id }, { disableValidation: true })

const firedBefore = ({ _tag, ...alert }: Alert.Escalated, since: number): Alert.Fired =>
  // The types guarantee what the schema would check.
  new Alert.Fired({ ...alert, at: DateTime.unsafeMake(Math.round(since)) }, { disableValidation: true })

/** The number of each escalation, given how many there are after the last one. */
const numbersOf = (alerts: ReadonlyArray<Edge>, last: number): ReadonlyArray<number> => {
  const numbers: Array<number> = []
  let next = last
  for (const { _tag } of [...alerts].reverse()) numbers.unshift(_tag === "Escalated" ? next-- : 0)
  return numbers
}
