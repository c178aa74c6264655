/** The evaluation of one limit on a count. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { SlidingWindow } from "../../../SlidingWindow.js"
import type { Edge, Firing, Limit, State, Step } from "./edges.js"
import { next, nextEdge, noEdges, rejudge, withdraw } from "./edges.js"
import type { Standing, Watch } from "./watch.js"
import { countAt, isOther, trendAges } from "./watch.js"

/** The events that a limit counts: those of one code, or of all codes. */
export type Counted = Pick<SlidingWindow, "count" | "exceeds" | "headroom" | "nth">

/** The stream of events that a limit watches. */
export interface Source {
  readonly events: Counted
  /** Passes on the events that were skipped. Must precede every read of the peak. */
  readonly catchUp: () => void
  /** Skips no further event: the state of a limit has changed. */
  readonly wake: () => void
}

// The headroom costs as much as a few evaluations. A count that stays at its peak has none: it is rarely read then.
const worthwhileRoom = 8

export class LimitWatch implements Watch {
  readonly limit: Limit
  private readonly source: Source
  private readonly events: Counted
  private readonly window: number
  private state: State = Option.none()
  // The highest count since the alert fired; the limit as long as there is no alert.
  private peak: number
  // A count above this one is an edge.
  private edgeAbove: number
  // The count after the last event, and the instant up to which none of the events counted leaves the window; `-Infinity`
  // while the count is not above the peak and not known.
  private current = 0
  private fullUntil = -Infinity
  // The number of evaluations to go until the headroom is read again.
  private unplanned = 0
  quietUntil = Infinity

  constructor(limit: Limit, source: Source) {
    this.limit = limit
    this.source = source
    this.events = source.events
    this.window = Duration.toMillis(limit.window) * 1e6
    this.peak = this.edgeAbove = limit.limit
  }

  get firing(): State {
    this.source.catchUp()
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

  trend(now: number): ReadonlyArray<number> {
    return trendAges.map((age) => countAt(this.events, this.window, age, now))
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

  /** The edges that an event caused. Must be called after every event but those that {@link skipped} gets. */
  added(now: number): ReadonlyArray<Edge> {
    const { peakOrEdge } = this
    if (now <= this.fullUntil) this.current++
    else if (this.events.exceeds(peakOrEdge, this.window, now)) {
      this.current = this.events.count(this.window, now)
      this.fullUntil = this.events.nth(this.current) + this.window
    } else {
      this.fullUntil = -Infinity
      return noEdges
    }
    if (this.current <= peakOrEdge) return noEdges
    if (this.current > this.peak) this.peak = this.current
    return this.current > this.edgeAbove ? this.evaluate(now, this.current) : noEdges
  }

  /** Takes account of events that caused no edge: at most {@link spare}, none of them after {@link spareUntil}. */
  skipped(events: number): void {
    if (this.fullUntil === -Infinity) return
    this.current += events
    if (this.current > this.peak) this.peak = this.current
  }

  /** The number of further events that cause no edge, up to {@link spareUntil}. A lower bound. */
  spare(now: number): number {
    if (this.fullUntil !== -Infinity) return this.edgeAbove - this.current
    if (this.unplanned > 0) {
      this.unplanned--
      return 0
    }
    const room = this.events.headroom(this.peakOrEdge, this.window, now)
    if (room < worthwhileRoom) this.unplanned = 2 * worthwhileRoom
    return room
  }

  get spareUntil(): number {
    return this.fullUntil === -Infinity ? Infinity : this.fullUntil
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

  /** The peak as a rule; the next edge where a lowered limit has edges below the peak. */
  private get peakOrEdge(): number {
    return Math.min(this.peak, this.edgeAbove)
  }

  private evaluate(now: number, count: number): ReadonlyArray<Edge> {
    return this.move(next(this.limit, this.firing, { now, count, recovered: Option.none() }))
  }

  private move([state, edges]: Step): ReadonlyArray<Edge> {
    this.stand(state)
    return edges
  }

  private stand(state: State): void {
    this.source.wake()
    this.state = state
    this.peak = Option.match(state, { onNone: () => this.limit.limit, onSome: ({ peak }) => peak })
    this.edgeAbove = nextEdge(this.limit, state)
    this.quietUntil = Option.isNone(state) ? Infinity : this.fallsAt()
  }
}
