/**
 * The weight that one address has used of a host's limit per minute. Pure: `mono` is milliseconds of a monotonic clock,
 * `wall` is milliseconds since 1970.
 *
 * The exchange counts by minutes of the wall clock, so the wall clock determines the end of a minute. The time until
 * then is measured by the monotonic clock, since the wall clock may be adjusted in between.
 */
const minute = 60_000
// The share of the limit that is used. The rest is for other clients on the same address, and for clock differences.
const share = 0.9
// The maximum delay of the exchange's clock: its minute may begin this much later.
const margin = 1000

export class MinuteWeight {
  /** The weight that the host allows a minute. */
  readonly perMinute: number
  private readonly limit: number
  private used = 0
  /** The weight of the requests in flight. */
  private pending = 0
  /** The end of the minute. */
  private end = -Infinity
  private current = 0

  constructor(weightPerMinute: number) {
    this.perMinute = weightPerMinute
    this.limit = weightPerMinute * share
  }

  /** Counts a request if its weight fits. Returns the number of the minute, or the time until the next attempt. */
  enter(weight: number, mono: number, wall: number): { readonly minute: number } | { readonly wait: number } {
    this.roll(mono, wall)
    if (this.used + this.pending + weight > this.limit) return { wait: this.end + margin - mono }
    this.pending += weight
    return { minute: this.current }
  }

  /**
   * Records the result of a request that was sent in the minute. `reported` is the used weight that its answer states.
   */
  leave(weight: number, sent: number, reported: number, mono: number, wall: number): void {
    this.roll(mono, wall)
    this.pending -= weight
    // Answers may arrive out of order, and an answer to a request of an earlier minute may state the weight of that
    // minute.
    this.used = reported >= 0 && sent === this.current ? Math.max(this.used, reported) : this.used + weight
  }

  /** The weight used in the current minute, requests in flight included, and the time until the next minute. */
  usage(mono: number, wall: number): { readonly used: number; readonly left: number } {
    const isOver = mono >= this.end
    return {
      used: (isOver ? 0 : this.used) + this.pending,
      left: isOver ? minute - (wall - Math.floor(wall / minute) * minute) : this.end - mono
    }
  }

  private roll(mono: number, wall: number): void {
    if (mono < this.end) return
    this.end = mono + minute - (wall - Math.floor(wall / minute) * minute)
    this.used = 0
    this.current++
  }
}
