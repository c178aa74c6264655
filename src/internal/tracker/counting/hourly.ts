/** Counts per hour of the wall clock in UTC, for 28 days. An hour is the number of hours since 1970. */

const kept = 28 * 24
const hour = 3_600_000

/** The current hour, and for how much of each hour the tracker was running. */
export class CurrentHour {
  private readonly millis = new Hours()
  private first = Infinity
  private settled = 0
  /** The end of the current hour, in nanoseconds since the tracker started. */
  ends = 0
  hour = 0

  /** `wall` in milliseconds. A wall clock that is set back counts on in the hour it had reached. */
  turn(now: number, wall: number): void {
    this.hour = Math.max(this.hour, Math.floor(wall / hour))
    this.first = Math.min(this.first, this.hour)
    this.ends = now + (hour - wall % hour) * 1e6
    // The time since the last turn ends now: it fills this hour from its beginning, and the hours before with the rest.
    let left = Math.round((now - this.settled) / 1e6)
    this.settled = now
    for (let at = this.hour, part = wall % hour; left > 0 && at > this.hour - kept; at--, part = hour) {
      this.millis.add(at, Math.min(left, part))
      left -= part
    }
  }

  /** The seconds of running in each hour until now, oldest first. */
  get watched(): ReadonlyArray<number> {
    return this.of(this.millis).map((millis) => Math.min(3600, Math.round(millis / 1000)))
  }

  of(hours: Hours | undefined): ReadonlyArray<number> {
    const length = Math.min(kept, this.hour - this.first + 1)
    return Array.from({ length }, (_, i) => hours?.at(this.hour - length + 1 + i) ?? 0)
  }

  /** The time until now does not count as running. */
  skip(now: number): void {
    this.settled = this.ends = now
  }

  /** Continues from a snapshot taken at an instant. */
  restore(watched: ReadonlyArray<number>, now: number, wall: number): void {
    this.settled = now
    this.hour = Math.floor(wall / hour)
    this.first = this.hour - Math.max(0, watched.length - 1)
    this.enter(this.millis, watched.map((seconds) => seconds * 1000))
  }

  enter(hours: Hours, counts: ReadonlyArray<number>): void {
    for (const [i, count] of counts.slice(-kept).entries()) {
      hours.add(this.hour - Math.min(counts.length, kept) + 1 + i, count)
    }
  }
}

export class Hours {
  private readonly counts = new Uint32Array(kept)
  private last = 0
  private lastIndex = 0

  add(hour: number, count = 1): void {
    if (hour === this.last) {
      this.counts[this.lastIndex] = this.counts[this.lastIndex]! + count
      return
    }
    if (hour > this.last) {
      for (let passed = Math.max(this.last, hour - kept) + 1; passed <= hour; passed++) this.counts[passed % kept] = 0
      this.last = hour
      this.lastIndex = hour % kept
    }
    this.counts[hour % kept] = (this.counts[hour % kept] ?? 0) + count
  }

  at(hour: number): number {
    return hour > this.last || hour <= this.last - kept ? 0 : this.counts[hour % kept] ?? 0
  }

  get bytes(): number {
    return this.counts.byteLength
  }
}
