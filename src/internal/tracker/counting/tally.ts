/** A count since the start and over any window up to a day. Instants are nanoseconds since the tracker started. */
import * as SlidingWindow from "../../../SlidingWindow.js"
import type * as Snapshot from "../snapshotModel.js"
import { kept } from "./windows.js"

export class Tally {
  total = 0
  events = SlidingWindow.make({ horizon: kept })

  add(now: number): void {
    this.total++
    this.events.add(now)
  }

  /** Without a window: since the start. */
  count(window: number | undefined, now: number): number {
    return window === undefined ? this.total : this.events.count(window, now)
  }

  /** An independent copy, for a snapshot that is encoded later. */
  copy(): Tally {
    const copy = new Tally()
    copy.total = this.total
    copy.events = this.events.copy()
    return copy
  }

  /** Ages are rounded up, so that an event stays inside or outside of any window of whole milliseconds. */
  snapshot(now: number): Snapshot.Tally {
    return {
      total: this.total,
      ages: this.events.snapshot(now).map((level) => level.map((age) => Math.ceil(age / 1e6)))
    }
  }

  restore({ ages, total }: Snapshot.Tally, now: number): void {
    this.total = total
    const snapshot = ages.map((level) => level.map((age) => age * 1e6))
    this.events = SlidingWindow.restore({ horizon: kept, snapshot, now })
  }
}
