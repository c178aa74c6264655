/**
 * Counts of events over any window, in memory that does not grow with their number.
 *
 * An exponential histogram (Datar, Gionis, Indyk, Motwani: Maintaining Stream Statistics over Sliding Windows, SIAM
 * Journal on Computing 31(6), 2002) of precision 1,024: the newest 1,024 events are kept one by one; older ones are
 * merged two by two, then four by four, and so on, with at least 1,024 buckets of every size but the largest.
 *
 * Guide: [Limits and alerts](../docs/alerts.md).
 *
 * @since 0.1.0
 * @module
 */

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A sliding window over a stream of events. It is mutable and reads no clock: the caller passes the time. Stamps, windows
 * and the horizon are in one unit of the caller's choice.
 *
 * Counts are exact as long as at most 1,024 events are in the window, and within 1/2048 of the truth beyond.
 *
 * @since 0.1.0
 * @category models
 */
export interface SlidingWindow {
  /** The longest window that can be counted. */
  readonly horizon: number
  /** The size of the stamps in bytes: at most about 16 kB per doubling of the number of events beyond 1,024. */
  readonly bytes: number
  /** Adds an event. Time does not go back: an event before the latest one gets the stamp of the latest one. */
  readonly add: (stamp: number) => void
  /** The number of events at most `window` old at `now`. An event of age exactly `window` is inside. */
  readonly count: (window: number, now: number) => number
  /** True if `count(window, now)` is greater than `limit`, a whole number. Reads one stamp. */
  readonly exceeds: (limit: number, window: number, now: number) => boolean
  /**
   * The number of events that can be added before `count(window, later)` can be greater than `limit`, a whole number,
   * whenever they are added: a lower bound, which is exact up to a limit of 1,024. Until then, a limit needs no evaluation.
   */
  readonly headroom: (limit: number, window: number, now: number) => number
  /**
   * The stamp of the n-th newest event, the newest being the first; `-Infinity` if there are fewer. `count(window, now)`
   * is at least n as long as this stamp is inside.
   */
  readonly nth: (n: number) => number
  /**
   * Adds to `counts[i]` the number of events at least `i × step` and less than `(i + 1) × step` old at `now`: all the
   * differences of {@link count} in one pass.
   */
  readonly steps: (step: number, now: number, counts: Float64Array) => void
  /** Frees the events older than the horizon. Changes no result. */
  readonly prune: (now: number) => void
  /** An independent copy. */
  readonly copy: () => SlidingWindow
  /** The window as plain data, for {@link restore}. */
  readonly snapshot: (now: number) => Snapshot
}

/**
 * A window as plain data: the ages of its buckets, one list per bucket size (1, 2, 4, …). A bucket of one event is its age;
 * every other bucket is two ages, of its oldest and its newest event. In each list the oldest comes first.
 *
 * @since 0.1.0
 * @category models
 */
export type Snapshot = ReadonlyArray<ReadonlyArray<number>>

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes an empty window.
 *
 * @example
 * import { SlidingWindow } from "effect-errata"
 *
 * const window = SlidingWindow.make({ horizon: 86_400 })
 * for (const second of [0, 10, 20, 20, 90]) window.add(second)
 *
 * assert.strictEqual(window.count(60, 90), 1)
 * assert.strictEqual(window.count(70, 90), 3)
 * assert.strictEqual(window.exceeds(2, 70, 90), true)
 * assert.strictEqual(window.headroom(5, 70, 90), 2)
 * assert.strictEqual(window.nth(2), 20)
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: { readonly horizon: number }): SlidingWindow => new Histogram(options.horizon)

/**
 * Makes a window from a snapshot. Its events are as old at `now` as they were when the snapshot was taken.
 *
 * @example
 * import { SlidingWindow } from "effect-errata"
 *
 * const window = SlidingWindow.make({ horizon: 60 })
 * window.add(1000)
 * const later = SlidingWindow.restore({ horizon: 60, snapshot: window.snapshot(1010), now: 0 })
 *
 * assert.strictEqual(later.count(30, 20), 1)
 * assert.strictEqual(later.count(30, 21), 0)
 *
 * @since 0.1.0
 * @category constructors
 */
export const restore = (options: {
  readonly horizon: number
  readonly snapshot: Snapshot
  readonly now: number
}): SlidingWindow => {
  const histogram = new Histogram(options.horizon)
  histogram.restore(options.snapshot, options.now)
  return histogram
}

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const precision = 1024
// Buckets are merged in batches; merged one by one, every event would touch every level.
const batch = 64
const capacity = precision + batch
const firstCapacity = 16

// Every index comes from `Level.index`, which stays in bounds.
const read = (stamps: Float64Array, index: number): number => stamps[index]!

/** The buckets of one size, oldest first, in a ring. */
class Level {
  // The oldest event of a bucket of one is its newest: the first level keeps one stamp.
  private newest = new Float64Array(firstCapacity)
  private oldest: Float64Array
  private head = 0
  size = 0
  /** The number of events in each bucket. */
  readonly events: number

  constructor(events: number) {
    this.events = events
    this.oldest = events === 1 ? this.newest : new Float64Array(firstCapacity)
  }

  copy(): Level {
    const level = new Level(this.events)
    level.newest = this.newest.slice()
    level.oldest = this.oldest === this.newest ? level.newest : this.oldest.slice()
    level.head = this.head
    level.size = this.size
    return level
  }

  private index(i: number): number {
    const index = this.head + i
    return index < this.newest.length ? index : index - this.newest.length
  }

  oldestOf(i: number): number {
    return read(this.oldest, this.index(i))
  }

  newestOf(i: number): number {
    return read(this.newest, this.index(i))
  }

  get bytes(): number {
    return this.newest.byteLength + (this.oldest === this.newest ? 0 : this.oldest.byteLength)
  }

  push(oldest: number, newest: number): void {
    if (this.size === this.newest.length) this.grow()
    const index = this.index(this.size++)
    this.oldest[index] = oldest
    this.newest[index] = newest
  }

  /** Drops the oldest buckets. */
  drop(buckets: number): void {
    this.head = this.index(buckets)
    this.size -= buckets
  }

  /**
   * Merges pairs of the oldest buckets into the next level, down to the precision. Buckets before the edge are dropped,
   * which bounds the number of levels.
   */
  mergeInto(next: Level, edge: number): void {
    while (this.size > precision) {
      const oldest = read(this.oldest, this.head)
      this.drop(1)
      const newest = read(this.newest, this.head)
      this.drop(1)
      if (newest >= edge) next.push(oldest, newest)
    }
  }

  /** The first bucket whose newest event is at or after `edge`. */
  firstFrom(edge: number): number {
    let low = 0
    let high = this.size
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.newestOf(middle) >= edge) high = middle
      else low = middle + 1
    }
    return low
  }

  private grow(): void {
    const unrolled = (stamps: Float64Array) => {
      const next = new Float64Array(Math.min(stamps.length * 2, capacity))
      next.set(stamps.subarray(this.head))
      next.set(stamps.subarray(0, this.head), stamps.length - this.head)
      return next
    }
    const newest = unrolled(this.newest)
    this.oldest = this.oldest === this.newest ? newest : unrolled(this.oldest)
    this.newest = newest
    this.head = 0
  }
}

class Histogram implements SlidingWindow {
  private single = new Level(1)
  /** The first is `single`. */
  private levels = [this.single]
  private latest = -Infinity
  readonly horizon: number

  constructor(horizon: number) {
    this.horizon = horizon
  }

  get bytes(): number {
    return this.levels.reduce((sum, level) => sum + level.bytes, 0)
  }

  add(stamp: number): void {
    if (stamp > this.latest) this.latest = stamp
    this.single.push(this.latest, this.latest)
    if (this.single.size === capacity) this.merge(0, this.single)
  }

  private merge(index: number, level: Level): void {
    const next = this.levels[index + 1] ?? this.grow()
    if (next.size > capacity - batch / 2) this.merge(index + 1, next)
    level.mergeInto(next, this.latest - this.horizon)
  }

  private grow(): Level {
    const level = new Level(2 ** this.levels.length)
    this.levels.push(level)
    return level
  }

  private edge(window: number, now: number): number {
    return Math.max(now, this.latest) - Math.min(window, this.horizon)
  }

  count(window: number, now: number): number {
    const edge = this.edge(window, now)
    let sum = 0
    for (const level of this.levels) {
      if (level.size === 0) break
      if (level.oldestOf(0) >= edge) {
        sum += level.size * level.events
        continue
      }
      const first = level.firstFrom(edge)
      if (first === level.size) break
      // Of the bucket across the edge, at least one event is inside and at least one outside: counting half of it is off
      // by less than half of it.
      const across = level.oldestOf(first) >= edge ? level.events : level.events / 2
      return sum + (level.size - first - 1) * level.events + across
    }
    return sum
  }

  exceeds(limit: number, window: number, now: number): boolean {
    return this.nth(limit + 1) >= this.edge(window, now)
  }

  headroom(limit: number, window: number, now: number): number {
    const room = limit - this.count(window, now)
    // An event adds at most one to a count, except when it causes buckets to be merged: that may change counts beyond the
    // precision.
    const untilMerge = limit <= precision ? Infinity : capacity - 1 - this.single.size
    return Math.max(0, Math.min(room, untilMerge))
  }

  nth(n: number): number {
    if (n <= this.single.size) return this.single.newestOf(this.single.size - n)
    let left = n
    for (const level of this.levels) {
      const events = level.size * level.events
      if (left <= events) {
        const back = Math.ceil(left / level.events)
        const i = level.size - back
        // As in `count`: half of a bucket is inside as long as its newest event is, the rest as long as its oldest is.
        return (left - (back - 1) * level.events) * 2 <= level.events ? level.newestOf(i) : level.oldestOf(i)
      }
      left -= events
    }
    return -Infinity
  }

  steps(step: number, now: number, counts: Float64Array): void {
    const at = Math.max(now, this.latest)
    const edge = at - this.horizon
    for (const level of this.levels) {
      // As in `count`: half of a bucket is as old as its newest event, the rest as old as its oldest.
      const share = level.events === 1 ? 1 : level.events / 2
      for (let i = level.size - 1; i >= 0; i--) {
        const newest = level.newestOf(i)
        const young = Math.floor((at - newest) / step)
        if (young >= counts.length || newest < edge) return
        counts[young] = read(counts, young) + share
        if (level.events === 1) continue
        const oldest = level.oldestOf(i)
        const old = Math.floor((at - oldest) / step)
        if (old >= counts.length || oldest < edge) return
        counts[old] = read(counts, old) + share
      }
    }
  }

  prune(now: number): void {
    const edge = this.edge(this.horizon, now)
    for (const level of this.levels) {
      while (level.size > 0 && level.newestOf(0) < edge) level.drop(1)
    }
    while (this.levels.length > 1 && this.levels.at(-1)?.size === 0) this.levels.pop()
    if (this.levels.length === 1 && this.single.size === 0) this.levels[0] = this.single = new Level(1)
  }

  copy(): SlidingWindow {
    const copy = new Histogram(this.horizon)
    const levels = this.levels.map((level) => level.copy())
    copy.single = levels[0] ?? copy.single
    copy.levels = levels
    copy.latest = this.latest
    return copy
  }

  snapshot(now: number): Snapshot {
    const at = Math.max(now, this.latest)
    return this.levels.map((level) => {
      const ages: Array<number> = []
      for (let i = 0; i < level.size; i++) {
        if (level.events > 1) ages.push(at - level.oldestOf(i))
        ages.push(at - level.newestOf(i))
      }
      return ages
    })
  }

  restore(snapshot: Snapshot, now: number): void {
    for (const [index, ages] of snapshot.entries()) {
      const level = index === 0 ? this.single : this.grow()
      const width = index === 0 ? 1 : 2
      // The first level is merged as soon as it is full, the others when the next bucket arrives.
      const most = index === 0 ? capacity - 1 : capacity
      const stamps = Float64Array.from(ages.slice(-width * most), (age) => now - age)
      for (let i = 0; i + width <= stamps.length; i += width) {
        const newest = read(stamps, i + width - 1)
        level.push(read(stamps, i), newest)
        if (newest > this.latest) this.latest = newest
      }
    }
  }
}
