/** The time of a tracker: read from the Clock of its layer, never from the Clock of the fiber that uses the tracker. */
import type * as Clock from "effect/Clock"
import { attempt } from "../safe/json.js"

/** The instant of one step. */
export interface Moment {
  /** Nanoseconds since the tracker started, monotonic. */
  readonly now: number
  /** The wall clock in milliseconds, for display and for hours of the day. */
  readonly wall: number
}

// Nanoseconds. After a clock goes back by less, time stands still until the clock has caught up. A clock that goes back
// further was set: time continues from its new reading.
const tolerance = 1e9

/**
 * Time that never goes back and never stands still for long. A clock that throws or returns NaN is ignored until it works
 * again. There is one instance per tracker, reused for every step, so that a step allocates nothing.
 */
export class Timekeeper implements Moment {
  now = 0
  private readonly clock: Clock.Clock
  private origin: bigint | undefined
  // Readings of the clock, in nanoseconds since `origin`: the last one, and the highest one with the time it stood for.
  private latest = 0
  private highest = 0
  private nowAtHighest = 0
  private latestWall = 0

  constructor(clock: Clock.Clock) {
    this.clock = clock
    this.read()
  }

  /** Reads the clock. */
  read(): Moment {
    const reading = this.reading()
    if (reading >= this.highest) {
      // The clock may return to its old course after it was set: the time that it jumps over has not passed.
      this.now = Math.max(this.now, this.nowAtHighest + (reading - this.highest))
      this.latest = this.highest = reading
      this.nowAtHighest = this.now
    } else if (reading < this.latest - tolerance) {
      this.latest = reading
    } else if (reading > this.latest && this.latest < this.highest) {
      this.now += reading - this.latest
      this.latest = reading
    }
    return this
  }

  /** Continues from another instant, that of a restored tracker. */
  continueFrom(now: number): void {
    this.now = this.nowAtHighest = now
    this.highest = this.latest
  }

  // Read on demand: few steps use it.
  get wall(): number {
    const wall = attempt(() => this.clock.unsafeCurrentTimeMillis()) ?? NaN
    if (Number.isFinite(wall)) this.latestWall = wall
    return this.latestWall
  }

  private reading(): number {
    try {
      const nanos: unknown = this.clock.unsafeCurrentTimeNanos()
      return typeof nanos === "bigint" ? Number(nanos - (this.origin ??= nanos)) : this.latest
    } catch {
      return this.latest
    }
  }
}
