/** Everything that is watched: what to tell when, and to whom. Instants are nanoseconds since the tracker started. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import type * as Alert from "../../Alert.js"
import type * as ErrorTracker from "../../ErrorTracker.js"
import type { Severity } from "../../FetchError.js"
import type { SlidingWindow } from "../../SlidingWindow.js"
import type * as Threshold from "../../Threshold.js"
import type { Edge } from "./alerts.js"
import { alertOf } from "./alerts.js"
import type { Subscribers } from "./subscribers.js"
import { Watch } from "./watch.js"

/** A limit of a code, and the alert it gave last if that is still active. */
export interface Watched {
  readonly watch: Watch
  readonly code: string
  readonly severity: Severity
  alert: Alert.Fired | Alert.Escalated | undefined
}

export const noEdges: ReadonlyArray<Edge> = []

export class Alarms {
  private readonly all: Array<Watched> = []
  private readonly limits: ReadonlyMap<string, ReadonlyArray<Threshold.Limit>>
  readonly subscribers: Subscribers<Alert.Alert>

  constructor(limits: ReadonlyMap<string, ReadonlyArray<Threshold.Limit>>, subscribers: Subscribers<Alert.Alert>) {
    this.limits = limits
    this.subscribers = subscribers
  }

  /** Watches the limits of a code that is new. */
  watch(code: string, severity: Severity, events: SlidingWindow): ReadonlyArray<Watched> {
    const watched = (this.limits.get(code) ?? []).map((limit) => ({
      watch: new Watch(limit, events),
      code,
      severity,
      alert: undefined
    }))
    this.all.push(...watched)
    return watched
  }

  /** Tells all that happened because time went by, in the order in which it happened. */
  settle(now: number, wall: number): ReadonlyArray<Edge> {
    return this.tellAll((watch) => watch.settle(now), now, wall)
  }

  /** Forgets where the limits stand, and tells what was active and is so no more. */
  reset(now: number, wall: number): ReadonlyArray<Edge> {
    return this.tellAll((watch) => watch.reset(now), now, wall)
  }

  /** How long until an alert can be over; for ever if there is none. */
  due(now: number): number {
    return Math.min(...this.all.map(({ watch }) => watch.due(now)))
  }

  active(now: number): ReadonlyArray<Alert.Fired | Alert.Escalated> {
    return this.all
      .flatMap(({ alert, watch }) => alert !== undefined && watch.isActive(now) ? [alert] : [])
      .sort((a, b) => DateTime.Order(a.at, b.at))
  }

  verdict(code: string, now: number): ErrorTracker.Verdict {
    for (const { watch, ...watched } of this.all) {
      const count = watched.code === code ? watch.exceeded(now) : Option.none()
      if (Option.isNone(count)) continue
      const exceeded = { window: watch.limit.name, limit: watch.limit.limit, count: count.value }
      return { verdict: "extraordinary", exceeded: Option.some(exceeded) }
    }
    return { verdict: "normal", exceeded: Option.none() }
  }

  tell(
    told: ReadonlyArray<Edge>,
    watched: Watched,
    edges: ReadonlyArray<Threshold.Edge>,
    now: number,
    wall: number
  ): ReadonlyArray<Edge> {
    const alerts = edges.map((edge) => alertOf(watched, edge, now, wall))
    for (const alert of alerts) {
      watched.alert = alert._tag === "Resolved" ? undefined : alert
      this.subscribers.publish(alert)
    }
    return [...told, ...alerts]
  }

  private tellAll(
    what: (watch: Watch) => ReadonlyArray<Threshold.Edge>,
    now: number,
    wall: number
  ): ReadonlyArray<Edge> {
    return this.all
      .map((watched) => ({ watched, edges: what(watched.watch) }))
      .filter(({ edges }) => edges.length > 0)
      .sort((a, b) => (a.edges[0]?.at ?? 0) - (b.edges[0]?.at ?? 0))
      .reduce((told, { edges, watched }) => this.tell(told, watched, edges, now, wall), noEdges)
  }
}
