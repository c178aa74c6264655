/**
 * The edges that the subscribers of a process have seen, and the newest edges that the process knows. Pure.
 *
 * A store that loses data may lose an edge that one process has published and others have not. Each process keeps the newest
 * edges of each alert: whoever puts a state back publishes its edges again, and each process passes on those that are new to
 * its subscribers.
 */
import type { Edge } from "../../../internal/tracker/alerting/alertBuilder.js"

/** The edges of one change of a state. */
export interface EdgeChange {
  readonly version: number
  /** The number of escalations after the change. */
  readonly escalations: number
  readonly alerts: ReadonlyArray<Edge>
}

interface Heard {
  readonly version: number
  readonly isActive: boolean
  readonly escalations: number
}

const unheard: Heard = { version: 0, isActive: false, escalations: 0 }

/** An alert escalates once for each doubling of its count: more are rare. */
const maxKept = 12

export class HeardEdges {
  private readonly heard = new Map<string, Heard>()
  private readonly kept = new Map<string, ReadonlyArray<EdgeChange>>()

  /** Starts with a state whose edges are over. */
  start(key: string, heard: Heard): void {
    this.heard.set(key, heard)
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

  /** The known changes after a version whose alerts are not older than `since`, in milliseconds since 1970. */
  after(key: string, version: number, since: number): ReadonlyArray<EdgeChange> {
    return (this.kept.get(key) ?? []).filter((change) =>
      change.version > version && change.alerts.some(({ at }) => at.epochMillis >= since)
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
    let { isActive } = before
    const fresh = alerts.filter((alert, i) => {
      switch (alert._tag) {
        case "Fired": {
          const isNew = !isTwin || !isActive
          isActive = true
          return isNew
        }
        case "Escalated":
          return !isTwin || (isActive && (numbers[i] ?? 0) > before.escalations)
        case "Resolved": {
          const isNew = !isTwin || isActive
          isActive = false
          return isNew
        }
      }
    })
    this.heard.set(key, {
      version,
      isActive,
      escalations: isTwin && isActive ? Math.max(before.escalations, escalations) : escalations
    })
    return fresh
  }
}

/** The number of each escalation, given how many there are after the last one. */
const numbersOf = (alerts: ReadonlyArray<Edge>, last: number): ReadonlyArray<number> => {
  const numbers: Array<number> = []
  let next = last
  for (const { _tag } of [...alerts].reverse()) numbers.unshift(_tag === "Escalated" ? next-- : 0)
  return numbers
}
