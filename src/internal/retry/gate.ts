/**
 * Holds back the calls to a host that has answered with a rate limit, and lets them pass one by one when it is over. Pure:
 * the time is an argument, in milliseconds of a clock that does not go back.
 */
import type * as FetchError from "../../FetchError.js"
import type * as Shared from "./sharedGateModel.js"

// The distance between two places in the queue: fifty calls a second are within the limits of most servers.
const pace = 20
// A timer may go off so much too early.
const early = 2

/**
 * The longest pause that a gate believes in: one day. A time that a server or an error states in the wrong unit must not
 * stop a program for years; after a day the next call asks again.
 */
const ceiling = 86_400_000

/** A closed gate. Durations are in milliseconds. */
export interface Closed {
  readonly error: FetchError.ApiRateLimit
  /** The time until it opens. */
  readonly wait: number
  /** The time until the first free place in the queue. */
  readonly turn: number
}

/** A place in the queue: the call passes at `at`, which is within the pace after `start`. */
export interface Place {
  readonly start: number
  readonly at: number
}

export class Gate {
  private error: FetchError.ApiRateLimit | undefined
  private until = -Infinity
  // The starts of the taken places, sorted. They outlive the gate: if it closes again, waiting calls keep their places.
  private taken: Array<number> = []
  /** How often it has closed. An attempt keeps the number it was sent at: a result with an older number is out of date. */
  closings = 0

  private readonly shared: Shared.Host | undefined
  /** The newest pause of other processes that has been taken over. */
  private known: Shared.Closing | undefined

  /** With a shared gate it closes for the rate limits of other processes, too, and reports its own. */
  constructor(shared?: Shared.Host) {
    this.shared = shared
  }

  /** Whether it is known to be open without looking at the clock. */
  get isOpen(): boolean {
    return this.error === undefined && this.shared?.closing === this.known
  }

  closed(now: number): Closed | undefined {
    if (now >= this.until) this.error = undefined
    const closing = this.shared?.closing
    if (closing !== this.known) {
      this.known = closing
      if (closing !== undefined) this.pause(closing.error, Math.min(closing.until, now + ceiling), now)
    }
    return this.error && { error: this.error, wait: this.until - now, turn: this.free(now) - now }
  }

  /**
   * Closes the gate, or extends the pause, for as long as the rate limit says. One that answers an attempt from before the
   * last pause is out of date, unless it is a ban, which names its end. Returns whether the gate was open before.
   */
  close(error: FetchError.ApiRateLimit, wait: number, closings: number, now: number): boolean {
    const isOpen = this.closed(now) === undefined
    if (isOpen && closings < this.closings && !error.banned) return false
    const until = now + Math.min(wait, ceiling)
    if (!(wait > 0) || !this.pause(error, until, now)) return false
    this.shared?.close({ error, until })
    return isOpen
  }

  /** Returns whether the pause is later than that of before. */
  private pause(error: FetchError.ApiRateLimit, until: number, now: number): boolean {
    if (until <= this.until || until <= now) return false
    if (this.error === undefined) this.closings++
    this.until = until
    this.error = error
    return true
  }

  /**
   * Takes the first free place that is no earlier than `earliest`. `draw`, from 0 to 1, spreads the calls within their
   * places. A call whose time comes while the gate is closed queues again.
   */
  enqueue(draw: number, earliest: number, now: number): Place {
    const gone = this.taken.findIndex((start) => start + pace > now)
    this.taken.splice(0, gone === -1 ? this.taken.length : gone)
    const start = this.free(earliest)
    this.taken.splice(this.taken.findLastIndex((taken) => taken < start) + 1, 0, start)
    return { start, at: start + early + draw * (pace - early) }
  }

  /** The number of calls in the queue whose turn has not come. */
  waiting(now: number): number {
    return this.taken.filter((start) => start + pace > now).length
  }

  /** Frees the place of a call that does not wait for it any longer. */
  leave({ start }: Place): void {
    const i = this.taken.indexOf(start)
    if (i !== -1) this.taken.splice(i, 1)
  }

  private free(earliest: number): number {
    let start = Math.max(this.until, earliest)
    for (const taken of this.taken) {
      if (taken >= start + pace) break
      if (taken + pace > start) start = taken + pace
    }
    return start
  }
}
