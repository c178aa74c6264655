/** Nobody calls before the time that the server named; and then not all at once. Instants are milliseconds. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as FetchError from "../../FetchError.js"

// Who waited goes on so long after the one before: fifty calls a second are within the limits of most servers.
const pace = 20
// A timer may go off so much too early.
const early = 2

/** What was said, and how long it holds still. */
export interface Closed {
  readonly error: FetchError.ApiRateLimit
  readonly wait: number
  /** In how long one more caller may go on, at the earliest: after those that queue already. */
  readonly turn: number
}

export class Gate {
  private error: FetchError.ApiRateLimit | undefined
  private until = -Infinity
  // The end of the queue. It outlives the gate: who queues still when that closes again keeps the place.
  private free = -Infinity
  /** How often it has closed: what was sent before is told by it. */
  closings = 0

  /** Has nobody closed it, as far as is known without looking at the clock? */
  get isOpen(): boolean {
    return this.error === undefined
  }

  closed(now: number): Closed | undefined {
    if (now >= this.until) this.error = undefined
    return this.error && { error: this.error, wait: this.until - now, turn: this.turn - now }
  }

  /**
   * The server said to wait, to a call that was sent when the gate had closed so many times. What it said about a time
   * that is over is no news, unless it is a ban, which names its end. Has that closed it?
   */
  refused(error: FetchError.ApiRateLimit, wait: number, closings: number, now: number): boolean {
    const isOpen = this.closed(now) === undefined
    if (isOpen && closings < this.closings && !error.banned) return false
    if (wait <= 0 || now + wait <= this.until) return false
    if (isOpen) this.closings++
    this.until = now + wait
    this.error = error
    return isOpen
  }

  /**
   * When one more caller may go on. The draw is a number from 0 to 1. Who comes back to find that it takes longer queues
   * again, at the end.
   */
  slot(draw: number): number {
    const { turn } = this
    this.free = turn + pace
    return turn + early + draw * (pace - early)
  }

  /** Somebody has left the queue. */
  left(): void {
    this.free -= pace
  }

  private get turn(): number {
    return Math.max(this.until, this.free)
  }
}

/** How long the error says to wait, in milliseconds. */
export const namedBy = ({ retryAfter }: FetchError.Trackable): number =>
  retryAfter === undefined ? 0 : Option.match(retryAfter, { onNone: () => 0, onSome: Duration.toMillis })
