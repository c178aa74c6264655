/** The states of the alerts of a fleet as this process knows them, and the edges that its subscribers have seen. */
import { type Active, type Edge, naming, withId } from "../../../internal/tracker/alerting/alertBuilder.js"
import { AlertFeed } from "../../../internal/tracker/alerting/alertFeed.js"
import type { ActiveState, AlertState, FleetEdge } from "./alertState.js"
import { decodeState, encodeEdge, fleetKey, helloKey, isNewer, none, setPrefix } from "./alertState.js"
import { keyOfEdge } from "./fleetLimits.js"
import { HeardEdges, resolvedAs } from "./heardEdges.js"

interface Known {
  readonly text: string
  readonly state: AlertState
}

const unknown: Known = { text: "", state: none }

/** Edges that are older are not published again: every process that runs has seen them. */
const republishedMillis = 120_000

/** The time in which an edge arrives once its state is known, in milliseconds. */
const overdueMillis = 5000

const escalationsOf = ({ active }: AlertState): number => active?.escalations ?? 0

/** The alert with the values that exceed the limit now. */
const currentOf = ({ alert, values }: ActiveState): Active => alert.by === undefined ? alert : naming(alert, values)

export class AlertBoard {
  readonly feed = new AlertFeed()
  /** The alerts that fired here while the store was not available, by limit. */
  private readonly local = new Map<string, Active>()
  /** The ids under which subscribers know alerts of the fleet that they heard of during an outage. */
  private readonly renamed = new Map<string, string>()
  private readonly states = new Map<string, Known>()
  private readonly heard = new HeardEdges()
  /** Since when the states are known whose edges have not arrived, in milliseconds. */
  private readonly overdue = new Map<string, number>()

  of(key: string): Known {
    return this.states.get(key) ?? unknown
  }

  get all(): ReadonlyMap<string, Known> {
    return this.states
  }

  /** The active alerts, the oldest edge first. */
  get active(): ReadonlyArray<Active> {
    return Array.from(this.states)
      .flatMap(([key, { state: { active } }]) => active === undefined || this.local.has(key) ? [] : [currentOf(active)])
      .map((alert) => withId(alert, this.renamed.get(alert.id) ?? alert.id))
      .concat(Array.from(this.local.values()))
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
      const { state } = this.of(key)
      this.heard.start(key, state)
      if (state.ended !== undefined) this.feed.keep([state.ended])
    }
  }

  /** True if subscribers have seen all edges up to a state. */
  hasSeen(key: string, { published }: AlertState): boolean {
    return this.heard.versionOf(key) >= published
  }

  /** Takes the edges of a change that this process has made. */
  made(key: string, state: AlertState, alerts: ReadonlyArray<Edge>, before: AlertState): void {
    const change = { version: state.version, escalations: escalationsOf(state), alerts }
    this.heard.keep(key, change)
    // Unless edges of other processes before it have not arrived yet: then it arrives after them.
    if (this.hasSeen(key, before)) this.publish(key, this.heard.hear(key, change))
  }

  /**
   * The newest edges of an alert after a version, for a store that has lost them: of each change one text. Processes that have
   * seen them ignore them. `now` is the time of the store.
   */
  lostEdges(key: string, published: number, now: number): ReadonlyArray<string> {
    const { state, text } = this.of(key)
    return this.heard.after(key, published, state, now - republishedMillis).map(({ alerts, escalations, version }) =>
      encodeEdge({ key, state: text, version, escalations, alerts })
    )
  }

  /**
   * Publishes what led to states whose edges have not arrived for some seconds: they are lost. `now` is the time of the
   * tracker in milliseconds.
   */
  catchUp(now: number): void {
    for (const [key, { state }] of this.states) {
      if (this.hasSeen(key, state)) {
        this.overdue.delete(key)
        continue
      }
      const since = this.overdue.get(key) ?? now
      this.overdue.set(key, since)
      if (now - since < overdueMillis) continue
      this.overdue.delete(key)
      this.publish(key, this.heard.catchUp(key, state))
    }
  }

  get hasOverdue(): boolean {
    return this.overdue.size > 0
  }

  /** Publishes edges that subscribers have not seen. */
  private publish(key: string, edges: ReadonlyArray<Edge>): void {
    for (const alert of edges) {
      const local = this.local.get(key)
      if (local !== undefined) {
        // Subscribers know it from the outage, under another id.
        this.local.delete(key)
        this.renamed.set(alert.id, local.id)
        if (alert._tag === "Fired") continue
      }
      this.pass(alert)
    }
  }

  private pass(edge: Edge): void {
    const id = this.renamed.get(edge.id)
    if (edge._tag === "Resolved") {
      this.renamed.delete(edge.id)
      this.feed.publish(id === undefined ? edge : resolvedAs(edge, id))
      return
    }
    const alert = id === undefined ? edge : withId(edge, id)
    if (alert.replayed) this.feed.replay(alert)
    else this.feed.publish(alert)
  }

  /**
   * Publishes the edges of this process alone, while the store is not available, and returns them. Alerts of the fleet stay as
   * they are: their counts are not known.
   */
  publishLocal(edges: ReadonlyArray<Edge>): ReadonlyArray<Edge> {
    return edges.filter((edge) => {
      const key = keyOfEdge(edge)
      const isKnown = this.local.has(key)
      if (edge._tag === "Resolved") {
        if (!isKnown) return false
        this.local.delete(key)
      } else {
        if (this.of(key).state.active !== undefined || (edge._tag === "Fired" && isKnown)) return false
        this.local.set(key, edge)
      }
      this.feed.publish(edge)
      return true
    })
  }

  /** Publishes the ends of alerts that only this process has, and returns them. */
  endLocal(edges: ReadonlyArray<Edge>): ReadonlyArray<Edge> {
    return this.publishLocal(edges.filter(({ _tag }) => _tag === "Resolved"))
  }

  /** Takes a change that some process has published. */
  hear({ alerts, escalations, key, state, version }: FleetEdge): void {
    this.know(key, state)
    const change = { version, escalations, alerts }
    this.heard.keep(key, change)
    this.publish(key, this.heard.hear(key, change))
  }
}
