/** The states of the alerts of a fleet as this process knows them, and the edges that its subscribers have seen. */
import type * as Alert from "../../../Alert.js"
import { type Active, type Edge, naming } from "../../../internal/tracker/alerting/alertBuilder.js"
import { AlertFeed } from "../../../internal/tracker/alerting/alertFeed.js"
import type { ActiveState, AlertState, FleetEdge } from "./alertState.js"
import { decodeState, fleetKey, helloKey, isNewer, none, setPrefix } from "./alertState.js"

interface Known {
  readonly text: string
  readonly state: AlertState
}

const unknown: Known = { text: "", state: none }

/** The alert with the values that exceed the limit now. */
const currentOf = ({ alert, values }: ActiveState): Active => alert.by === undefined ? alert : naming(alert, values)

export class AlertBoard {
  readonly feed = new AlertFeed()
  private readonly states = new Map<string, Known>()
  /** The last published version of each alert that subscribers have seen. */
  private readonly seen = new Map<string, number>()

  of(key: string): Known {
    return this.states.get(key) ?? unknown
  }

  get all(): ReadonlyMap<string, Known> {
    return this.states
  }

  /** The active alerts, the oldest edge first. */
  get active(): ReadonlyArray<Active> {
    return Array.from(this.states.values())
      .flatMap(({ state: { active } }) => active === undefined ? [] : [currentOf(active)])
      .sort((a, b) => a.at.epochMillis - b.at.epochMillis)
  }

  /** Takes a state of the store. An older one than the known one is ignored: the store has lost the newer one. */
  know(key: string, text: string): void {
    if (key === fleetKey || key === helloKey || key.startsWith(setPrefix)) return
    const state = decodeState(text)
    if (isNewer(this.of(key).state, state)) return
    this.states.set(key, { text, state })
  }

  /** Takes the states at the start: their edges are over. */
  start(states: ReadonlyMap<string, string>): void {
    for (const [key, text] of states) {
      this.know(key, text)
      const { ended, published } = this.of(key).state
      this.seen.set(key, published)
      if (ended !== undefined) this.feed.keep([ended])
    }
  }

  /** True if subscribers have seen all edges up to a state. */
  hasSeen(key: string, { published }: AlertState): boolean {
    return (this.seen.get(key) ?? 0) >= published
  }

  /** Publishes the edges of a change, once. */
  publish(key: string, version: number, alerts: ReadonlyArray<Edge>): boolean {
    if ((this.seen.get(key) ?? 0) >= version) return false
    this.seen.set(key, version)
    for (const alert of alerts) {
      if (alert._tag !== "Resolved" && alert.replayed) this.feed.replay(alert)
      else this.feed.publish(alert)
    }
    return true
  }

  /** Takes an edge that some process has published. */
  hear({ alerts, key, state, version }: FleetEdge): void {
    this.know(key, state)
    this.publish(key, version, alerts)
  }

  /** Publishes the last edge of each alert whose edges are lost, such as those of an emptied store. */
  catchUp(): ReadonlyArray<Alert.Alert> {
    return Array.from(this.states).flatMap(([key, { state }]) => {
      if (this.hasSeen(key, state)) return []
      const last = state.active?.alert ?? state.ended
      const alerts = last === undefined ? [] : [last]
      this.publish(key, state.published, alerts)
      return alerts
    })
  }
}
