/**
 * The weight that one address has used of what a host allows a minute. Pure: `mono` is milliseconds of a monotonic clock,
 * `wall` is milliseconds since 1970.
 *
 * The exchange counts by minutes of the wall clock, so the wall clock says where a minute ends; how long that takes is
 * measured by the monotonic clock, since the wall clock may be set while the minute lasts.
 */
const minute = 60_000
// The rest is for others on the same address, and for clocks that differ.
const share = 0.9
// By the clock of the exchange, the minute may begin so much later.
const margin = 1000

export class MinuteWeight {
  private readonly limit: number
  private used = 0
  /** The weight of the requests in flight. */
  private pending = 0
  /** When the minute ends. */
  private end = -Infinity
  private current = 0

  constructor(weightPerMinute: number) {
    this.limit = weightPerMinute * share
  }

  /** Counts a request, if its weight fits. Returns the number of the minute, or the time until the next attempt. */
  enter(weight: number, mono: number, wall: number): { readonly minute: number } | { readonly wait: number } {
    this.roll(mono, wall)
    if (this.used + this.pending + weight > this.limit) return { wait: this.end + margin - mono }
    this.pending += weight
    return { minute: this.current }
  }

  /** Takes the result of a request that was sent in the minute: `reported` is the used weight that its answer names. */
  leave(weight: number, sent: number, reported: number, mono: number, wall: number): void {
    this.roll(mono, wall)
    this.pending -= weight
    // Answers overtake each other, and the count of an answer to a request of an earlier minute may be about that one.
    this.used = reported >= 0 && sent === this.current ? Math.max(this.used, reported) : this.used + weight
  }

  private roll(mono: number, wall: number): void {
    if (mono < this.end) return
    this.end = mono + minute - (wall - Math.floor(wall / minute) * minute)
    this.used = 0
    this.current++
  }
}
