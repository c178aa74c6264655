/** The events of several windows as those of one. */
import type { SlidingWindow } from "../../../SlidingWindow.js"
import type { Counted } from "./limitWatch.js"

export class CombinedWindow implements Counted {
  private readonly windows: () => Iterable<SlidingWindow>

  constructor(windows: () => Iterable<SlidingWindow>) {
    this.windows = windows
  }

  count(window: number, now: number): number {
    let sum = 0
    for (const events of this.windows()) sum += events.count(window, now)
    return sum
  }

  exceeds(limit: number, window: number, now: number): boolean {
    return this.count(window, now) > limit
  }

  headroom(limit: number, window: number, now: number): number {
    const room = limit - this.count(window, now)
    let least = Math.max(0, room)
    for (const events of this.windows()) {
      least = Math.min(least, events.headroom(events.count(window, now) + room, window, now))
    }
    return least
  }

  /** The stamp of the n-th newest event, which is among the n newest events of its window. */
  nth(n: number): number {
    const all = Array.from(this.windows())
    const atLeast = (stamp: number) => all.reduce((sum, events) => sum + newer(events, stamp, n), 0)
    let found = -Infinity
    for (const events of all) {
      let low = 1
      let high = n
      while (low < high) {
        const middle = (low + high) >>> 1
        if (atLeast(events.nth(middle)) >= n) high = middle
        else low = middle + 1
      }
      found = Math.max(found, events.nth(low))
    }
    return found
  }
}

/** The number of events, at most n, that are at least as new as the stamp. */
const newer = (events: SlidingWindow, stamp: number, n: number): number => {
  let low = 0
  let high = n
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (events.nth(middle) >= stamp) low = middle
    else high = middle - 1
  }
  return low
}
