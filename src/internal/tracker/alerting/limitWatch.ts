/** One limit on a count: where it stands, and what to tell when that changes. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { SlidingWindow } from "../../../SlidingWindow.js"
import * as Threshold from "../../../Threshold.js"

const nothing: ReadonlyArray<Threshold.Edge> = []

/** What a limit is held against: one window, or several together. */
export type Counted = Pick<SlidingWindow, "count" | "exceeds" | "nth">

/** A limit of any kind. */
export interface Watchable {
  readonly limit: Threshold.Limit
  /** Where it stands now, and not only as of the last edge. */
  readonly firing: Threshold.State
  /** What the count is, if it is above the limit; None where the limit is not on a count alone. */
  readonly exceeded: (now: number) => Option.Option<number>
  /** Is there an alert that has not resolved by now, whether anybody has noticed or not? */
  readonly isActive: (now: number) => boolean
  /** What happened because time went by. To be asked before anything is counted. */
  readonly settle: (now: number) => ReadonlyArray<Threshold.Edge>
  /** What happened because the limit is new. */
  readonly look: (now: number) => ReadonlyArray<Threshold.Edge>
  /** Goes on where another one of the same limit stood at an earlier instant, because of some values. */
  readonly resume: (firing: Threshold.Firing, values: ReadonlyArray<string>, then: number) => void
  /** Goes on where one of another limit stands, because of some values. */
  readonly rejudge: (
    firing: Threshold.Firing,
    values: ReadonlyArray<string>,
    now: number
  ) => ReadonlyArray<Threshold.Edge>
  /** Forgets where the limit stands: what is active is over now, and what was over before became so then. */
  readonly reset: (now: number) => ReadonlyArray<Threshold.Edge>
  /** How long until the alert can be over; for ever if there is none. */
  readonly due: (now: number) => number
}

export class Watch implements Watchable {
  readonly limit: Threshold.Limit
  private readonly events: Counted
  private readonly window: number
  private state: Threshold.State = Option.none()
  // The highest count since the alert fired; the limit as long as there is none.
  private highest: number
  // The count after the last event that raised it, and until when none of what was counted then is out of the window.
  private current = 0
  private fullUntil = -Infinity
  // A count above this one is news.
  private newsAbove: number
  // An alert is not over before this, and later if more has happened since; for ever as long as there is none.
  private activeUntil = Infinity

  constructor(limit: Threshold.Limit, events: Counted) {
    this.limit = limit
    this.events = events
    this.window = Duration.toMillis(limit.window) * 1e6
    this.highest = this.newsAbove = limit.limit
  }

  get firing(): Threshold.State {
    return Option.map(this.state, (firing) => ({ ...firing, peak: this.highest }))
  }

  exceeded(now: number): Option.Option<number> {
    return this.events.exceeds(this.limit.limit, this.window, now)
      ? Option.some(this.events.count(this.window, now))
      : Option.none()
  }

  isActive(now: number): boolean {
    return Option.isSome(this.state) && this.events.exceeds(this.limit.recovered, this.window, now)
  }

  settle(now: number): ReadonlyArray<Threshold.Edge> {
    return now <= this.activeUntil ? nothing : this.step(now)
  }

  /** What happened because an event was added. */
  added(now: number): ReadonlyArray<Threshold.Edge> {
    // Looked at after every event, for that is when a count can rise: no verdict is ahead of the alerts.
    if (now <= this.fullUntil) this.current++
    else {
      if (!this.events.exceeds(this.highest, this.window, now)) return nothing
      this.current = this.events.count(this.window, now)
      this.fullUntil = this.events.nth(this.current) + this.window
    }
    if (this.current <= this.highest) return nothing
    this.highest = this.current
    return this.highest > this.newsAbove ? this.step(now) : nothing
  }

  reset(now: number): ReadonlyArray<Threshold.Edge> {
    if (!this.isActive(now)) return this.step(now)
    return this.move({ now, count: this.highest, recovered: Option.some({ at: now, count: 0, reason: "withdrawn" }) })
  }

  look(now: number): ReadonlyArray<Threshold.Edge> {
    return this.step(now)
  }

  resume(firing: Threshold.Firing): void {
    this.stand(Option.some(firing))
  }

  rejudge(firing: Threshold.Firing, _values: ReadonlyArray<string>, now: number): ReadonlyArray<Threshold.Edge> {
    const count = this.events.count(this.window, now)
    const [state, edges] = Threshold.rejudge(this.limit, firing, { now, count, recovered: Option.none() })
    this.stand(state)
    return edges
  }

  due(now: number): number {
    return this.activeUntil + 1 - now
  }

  /**
   * The instant after which the count is no longer above `recovered`, if nothing is added: the oldest of the newest
   * events that are one too many turns as old as the window then.
   */
  private fallsAt(): number {
    return this.events.nth(this.limit.recovered + 1) + this.window
  }

  private step(now: number): ReadonlyArray<Threshold.Edge> {
    const count = this.events.count(this.window, now)
    const at = this.fallsAt()
    return this.move({
      now,
      count: Math.max(count, this.highest),
      recovered: count > this.limit.recovered
        ? Option.none()
        : Option.some({ at, count: this.events.count(this.window, at + 1) })
    })
  }

  private move(reading: Threshold.Reading): ReadonlyArray<Threshold.Edge> {
    const [state, edges] = Threshold.next(this.limit, this.state, reading)
    this.stand(state)
    return edges
  }

  private stand(state: Threshold.State): void {
    this.state = state
    this.highest = Option.match(state, { onNone: () => this.limit.limit, onSome: ({ peak }) => peak })
    this.newsAbove = Threshold.nextEdge(this.limit, state)
    this.activeUntil = Option.isNone(state) ? Infinity : this.fallsAt()
  }
}
