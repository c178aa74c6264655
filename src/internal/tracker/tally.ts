/** A count since the start, and over any window up to a day. Instants are nanoseconds since the tracker started. */
import * as SlidingWindow from "../../SlidingWindow.js"

/** One day. */
export const horizon = 86_400e9

export class Tally {
  total = 0
  readonly events = SlidingWindow.make({ horizon })

  add(now: number): void {
    this.total++
    this.events.add(now)
  }

  /** Without a window: since the start. */
  count(window: number | undefined, now: number): number {
    return window === undefined ? this.total : this.events.count(window, now)
  }
}
