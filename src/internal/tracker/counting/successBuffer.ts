/**
 * The successful calls of at most the last second. Success is by far the most frequent report, so it only increments a
 * number here; every step of the tracker counts what has gathered, at the time of the last one.
 */
import type * as Clock from "effect/Clock"

/** A number of calls that succeeded at about the same time. */
export interface Batch {
  readonly count: number
  /** How long ago, in milliseconds. */
  readonly age: number
}

const longest = 1000

export class SuccessBuffer {
  private readonly clock: Clock.Clock
  private count = 0
  private first = 0
  private last = 0
  private olderCount = 0
  private olderLast = 0

  constructor(clock: Clock.Clock) {
    this.clock = clock
  }

  /** Counts one call. Returns whether what has gathered is a second old, and should be taken now. */
  add(): boolean {
    const now = this.now()
    const isDue = this.count > 0 && !(now >= this.first && now - this.first < longest)
    if (isDue) {
      this.olderCount += this.count
      this.olderLast = this.last
      this.count = 0
    }
    if (this.count++ === 0) this.first = now
    this.last = now
    return isDue
  }

  /** Takes what has gathered, the oldest first. */
  take(): ReadonlyArray<Batch> {
    if (this.count === 0 && this.olderCount === 0) return none
    const now = this.now()
    const batches = [
      { count: this.olderCount, age: ageOf(this.olderLast, now) },
      { count: this.count, age: ageOf(this.last, now) }
    ]
    this.count = this.olderCount = 0
    return batches.filter(({ count }) => count > 0)
  }

  private now(): number {
    try {
      return this.clock.unsafeCurrentTimeMillis()
    } catch {
      // Time stands still under a clock that throws.
      return this.last
    }
  }
}

const none: ReadonlyArray<Batch> = []

const minute = 60_000

/** The clean-up takes what has gathered every minute: an age beyond that is a clock that was set. */
const ageOf = (then: number, now: number): number => now >= then && now - then <= minute ? now - then : 0
