/**
 * The weight that one process may use of a minute while it cannot reach the others: its part of what was left, and of the whole
 * limit in each minute after that. Pure: times are milliseconds of the monotonic clock.
 */
const minute = 60_000
// The maximum delay of the exchange's clock: its minute may begin this much later.
const margin = 1000

export class FallbackWeight {
  private readonly limit: number
  /** The end of the minute. */
  private end = -Infinity
  /** The weight that the fleet had used of this minute when it was last heard of. */
  private used = 0
  /** The weight of the requests of this process in this minute since then. */
  private own = 0
  /** The part of it that is in flight. */
  private pending = 0
  /** The highest used weight that the exchange has reported in this minute. */
  private reported = 0
  private current = 0

  constructor(limit: number) {
    this.limit = limit
  }

  /** Takes over what the fleet knows. */
  heard(used: number, left: number, now: number): void {
    if (now >= this.end) this.current++
    this.end = now + left
    this.used = used
    this.own = 0
    this.reported = 0
  }

  /**
   * Counts a request if its weight fits. `left` is the time until the minute ends, if the fleet was never heard of. Returns the
   * number of the minute, or the time to wait.
   */
  enter(
    weight: number,
    processes: number,
    left: number,
    now: number
  ): { readonly minute: number } | { readonly wait: number } {
    this.roll(left, now)
    const part = Math.floor(Math.max(0, this.limit - this.used) / processes)
    const isFull = this.own + weight > part || Math.max(this.used, this.reported) + this.pending + weight > this.limit
    if (isFull) return { wait: this.end + margin - now }
    this.own += weight
    this.pending += weight
    return { minute: this.current }
  }

  /** Records the end of a request. `reported` is the used weight that its answer states; NaN: none. */
  leave(weight: number, sent: number, reported: number): void {
    this.pending -= weight
    if (sent === this.current && reported >= 0) this.reported = Math.max(this.reported, reported)
  }

  /** What the fleet does not know of this minute: the reported weight, and the weight whose answers report nothing. */
  unknown(now: number): { readonly reported: number; readonly spent: number } {
    if (now >= this.end) return { reported: 0, spent: this.pending }
    return { reported: this.reported, spent: this.reported > 0 ? this.pending : this.own }
  }

  /** The used weight as far as it is known, and the time until the minute ends. */
  usage(left: number, now: number): { readonly used: number; readonly left: number } {
    this.roll(left, now)
    return { used: Math.max(this.used + this.own, this.reported + this.pending), left: this.end - now }
  }

  private roll(left: number, now: number): void {
    if (now < this.end) return
    // The phase of the minutes is that of the store, if it was ever heard of.
    this.end = this.end === -Infinity ? now + left : this.end + minute * (Math.floor((now - this.end) / minute) + 1)
    this.used = 0
    this.own = 0
    this.reported = 0
    this.current++
  }
}
