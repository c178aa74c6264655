/** The evaluation of one limit on a count. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { SlidingWindow } from "../../../SlidingWindow.js"
import type { Edge, Firing, Limit, State, Step } from "./edges.js"
import { next, nextEdge, noEdges, rejudge, withdraw } from "./edges.js"
import type { Standing, Watch } from "./watch.js"
import { isOther } from "./watch.js"

/** The events that a limit counts: those of one code, or of all codes. */
export type Counted = Pick<SlidingWindow, "count" | "exceeds" | "nth">

export class LimitWatch implements Watch {
  readonly limit: Limit
  private readonly events: Counted
  private readonly window: number
  private state: State = Option.none()
  // The highest count since the alert fired; the limit as long as there is no alert.
  private peak: number
  // A count above this one is an edge.
  private edgeAbove: number
  // The count after the last event that raised it, and the instant up to which none of those events leaves the window.
  private current = 0
  private fullUntil = -Infinity
  quietUntil = Infinity

  constructor(limit: Limit, events: Counted) {
    this.limit = limit
    this.events = events
    this.window = Duration.toMillis(limit.window) * 1e6
    this.peak = this.edgeAbove = limit.limit
  }

  get firing(): State {
    return Option.map(this.state, (firing) => ({ ...firing, peak: this.peak }))
  }

  exceeded(now: number): Option.Option<number> {
    return this.events.exceeds(this.limit.limit, this.window, now)
      ? Option.some(this.events.count(this.window, now))
      : Option.none()
  }

  isActive(now: number): boolean {
    return Option.isSome(this.state) && this.events.exceeds(this.limit.recovered, this.window, now)
  }

  values(): ReadonlyArray<string> {
    return []
  }

  settle(now: number): ReadonlyArray<Edge> {
    if (now <= this.quietUntil) return noEdges
    // Events since the last evaluation may keep the count up.
    this.quietUntil = this.fallsAt()
    if (now <= this.quietUntil || Option.isNone(this.state)) return noEdges
    // A count can have fallen only after the alert fired; the clamp keeps a broken history from breaking the durations.
    const at = Math.max(this.quietUntil, this.state.value.since)
    const recovered = Option.some({ at, count: this.events.count(this.window, at + 1) })
    return this.move(next(this.limit, this.firing, { now, count: 0, recovered }))
  }

  /** The edges that an event caused. Must be called after every event. */
  added(now: number): ReadonlyArray<Edge> {
    // The peak as a rule; the edge where a lowered limit has edges below the peak.
    const news = Math.min(this.peak, this.edgeAbove)
    if (now <= this.fullUntil) this.current++
    else {
      if (!this.events.exceeds(news, this.window, now)) return noEdges
      this.current = this.events.count(this.window, now)
      this.fullUntil = this.events.nth(this.current) + this.window
    }
    if (this.current <= news) return noEdges
    if (this.current > this.peak) this.peak = this.current
    return this.current > this.edgeAbove ? this.evaluate(now, this.current) : noEdges
  }

  start(now: number): ReadonlyArray<Edge> {
    return this.evaluate(now, this.events.count(this.window, now))
  }

  resume(firing: Firing): void {
    this.stand(Option.some(firing))
  }

  adopt({ firing, limit }: Standing, now: number): ReadonlyArray<Edge> {
    const count = this.events.count(this.window, now)
    if (isOther(this.limit, limit)) {
      return this.move(rejudge(this.limit, firing, { now, count, recovered: Option.none() }))
    }
    return this.move(
      this.events.exceeds(this.limit.recovered, this.window, now)
        ? [Option.some(firing), noEdges]
        : withdraw(firing, now, count)
    )
  }

  reset(now: number): ReadonlyArray<Edge> {
    const due = this.settle(now)
    return due.length > 0 ? due : Option.match(this.firing, {
      onNone: () => noEdges,
      onSome: (firing) => this.move(withdraw(firing, now, 0))
    })
  }

  skipEscalations(escalations: number): void {
    this.stand(Option.map(this.firing, (firing) => ({
      ...firing,
      escalations: Math.max(firing.escalations, escalations)
    })))
  }

  /**
   * The instant after which the count is at or below `recovered`, if nothing is added: at that instant, the age of the
   * newest event but `recovered` is the length of the window.
   */
  private fallsAt(): number {
    return this.events.nth(this.limit.recovered + 1) + this.window
  }

  private evaluate(now: number, count: number): ReadonlyArray<Edge> {
    return this.move(next(this.limit, this.firing, { now, count, recovered: Option.none() }))
  }

  private move([state, edges]: Step): ReadonlyArray<Edge> {
    this.stand(state)
    return edges
  }

  private stand(state: State): void {
    this.state = state
    this.peak = Option.match(state, { onNone: () => this.limit.limit, onSome: ({ peak }) => peak })
    this.edgeAbove = nextEdge(this.limit, state)
    this.quietUntil = Option.isNone(state) ? Infinity : this.fallsAt()
  }
}
