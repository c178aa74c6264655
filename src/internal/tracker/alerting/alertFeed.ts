/** The alerts that a tracker publishes, across resets and restores: their subscribers, their ids, which have ended. */
import * as Hash from "effect/Hash"
import type * as Alert from "../../../Alert.js"
import type { Active, Edge } from "./alertBuilder.js"
import { missed, replayOf } from "./alertBuilder.js"
import { Subscribers } from "./subscribers.js"

// Enough for a page that shows what has ended lately.
const maxKept = 64
const keptMillis = 86_400_000

// A snapshot that is older than so many alerts may bring back one that has ended.
const maxResolved = 1024

export class AlertFeed {
  readonly subscribers = new Subscribers<Alert.Alert>(missed)
  private readonly active = new Set<string>()
  // The newest ones, oldest first.
  private readonly resolved = new Set<string>()
  // The last ones to end, oldest first.
  private ended: ReadonlyArray<Alert.Resolved> = []

  /**
   * The id of an alert of the limit `name` that fires at `millis` by the wall clock. It depends on nothing else, so that
   * a restored tracker makes the same ids as the one before. No two alerts of one feed share an id.
   */
  newId(name: string, millis: number): string {
    const id = `${millis.toString(36)}-${(Hash.string(name) >>> 0).toString(36)}`
    for (let n = 1;; n++) {
      const unique = n === 1 ? id : `${id}-${n}`
      if (!this.active.has(unique) && !this.resolved.has(unique)) return unique
    }
  }

  publish(alert: Edge): void {
    if (alert._tag === "Resolved") {
      this.end(alert.id)
      this.keep([alert])
    }
    if (alert._tag !== "Resolved") this.active.add(alert.id)
    this.subscribers.publish(alert)
  }

  /** Publishes an alert that fired in an earlier process or before a reset. */
  replay(alert: Active): void {
    this.resolved.delete(alert.id)
    this.ended = this.ended.filter(({ id }) => id !== alert.id)
    this.active.add(alert.id)
    this.subscribers.publish(replayOf(alert))
  }

  /** True if subscribers have seen the alert, and not its end. */
  isActive(id: string): boolean {
    return this.active.has(id)
  }

  /** True if subscribers have seen the end of the alert. */
  hasResolved(id: string): boolean {
    return this.resolved.has(id)
  }

  /** The alerts that ended at most so many milliseconds ago, at most a day, newest first. */
  endedWithin(millis: number, wall: number): ReadonlyArray<Alert.Resolved> {
    return this.ended.filter(({ at }) => wall - at.epochMillis <= Math.min(millis, keptMillis)).toReversed()
  }

  /** Keeps alerts that have ended, also in an earlier process. */
  keep(alerts: ReadonlyArray<Alert.Resolved>): void {
    const known = new Set(this.ended.map(({ id }) => id))
    this.ended = [...this.ended, ...alerts.filter(({ id }) => id === "" || !known.has(id))]
      .toSorted((a, b) => a.at.epochMillis - b.at.epochMillis || (a.id < b.id ? -1 : 1))
      .slice(-maxKept)
  }

  private end(id: string): void {
    this.active.delete(id)
    this.resolved.add(id)
    const [oldest] = this.resolved
    if (this.resolved.size > maxResolved && oldest !== undefined) this.resolved.delete(oldest)
  }
}
