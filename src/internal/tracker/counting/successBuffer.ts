/**
 * The successful calls of at most the last second. Success is by far the most frequent report, so it only increments a
 * number here: to read a clock takes longer than the rest of a report. Every step of the tracker counts what has gathered,
 * and so does a schedule, a second after the first success.
 */
import type * as Clock from "effect/Clock"
import { attempt } from "../../safe/json.js"

/** A number of calls that succeeded within a second. */
export interface Batch {
  readonly count: number
  /** The time since the first of them, in nanoseconds. */
  readonly age: number
}

export class SuccessBuffer {
  private readonly clock: Clock.Clock
  private readonly onFirst: () => void
  private count = 0
  private first: bigint | undefined = undefined

  /** `onFirst` runs when a call is counted and nothing has gathered. */
  constructor(clock: Clock.Clock, onFirst: () => void) {
    this.clock = clock
    this.onFirst = onFirst
  }

  /** Counts one call. */
  add(): void {
    if (this.count++ > 0) return
    this.first = this.now()
    this.onFirst()
  }

  /** Takes what has gathered. */
  take(): Batch | undefined {
    if (this.count === 0) return undefined
    const now = this.now()
    const age = now === undefined || this.first === undefined ? 0 : Math.max(0, Number(now - this.first))
    const batch = { count: this.count, age }
    this.count = 0
    return batch
  }

  /** Undefined under a clock that throws. */
  private now(): bigint | undefined {
    return attempt(() => this.clock.unsafeCurrentTimeNanos())
  }
}
