/**
 * Durations of successful attempts by the values of a dimension: since the start, and over the last minute, hour and day in
 * steps of one sixth of the window. Instants are whole seconds since the tracker started.
 */
import type { LatencyReading } from "../measures/readings.js"
import type * as Snapshot from "../snapshotModel.js"
import { nameOf, other } from "./dimension.js"
import { bucketOf, DurationSketch, DurationSum } from "./durationSketch.js"
import type { Window, WindowIndex } from "./windows.js"
import { windowIndex } from "./windows.js"

/** The most values of a dimension with durations of their own: one takes up to 49 kB. */
export const maxLatencyValues = 200

const shares = [0.5, 0.9, 0.99]

// A step is open at its start. A window is the current step and the six before it, which is at most one sixth too much.
const width = 10
const perStep = [1, 60, 1440] as const
const kept = 7
const longest = kept * width * perStep[2]

// Windows are read often, and a sum takes four kilobytes.
const scratch = new DurationSum()

interface Slot {
  step: number
  readonly sketch: DurationSketch
}

/** The steps of a window, of which the oldest is reused. */
class Steps {
  private readonly ring: Array<Slot | undefined> = Array.from({ length: kept }, () => undefined)

  /** The sketch of a step, which is not older than any before. */
  at(step: number): DurationSketch {
    const slot = this.ring[step % kept] ??= { step, sketch: new DurationSketch() }
    if (slot.step !== step) {
      slot.step = step
      slot.sketch.clear()
    }
    return slot.sketch
  }

  addTo(sum: DurationSum, current: number): void {
    for (const slot of this.ring) if (slot !== undefined && slot.step > current - kept) sum.add(slot.sketch)
  }

  get bytes(): number {
    return this.ring.reduce((sum, slot) => sum + (slot?.sketch.bytes ?? 0), 0)
  }
}

/** The durations of one value. */
class OfValue {
  private readonly total = new DurationSketch(true)
  private readonly steps = [new Steps(), new Steps(), new Steps()] as const
  // The step of ten seconds with the last duration. It is added to the longer windows and the total when the next one begins.
  private step: number
  private current: DurationSketch

  constructor(second: number) {
    this.step = Math.ceil(second / width)
    this.current = this.steps[0].at(this.step)
  }

  add(millis: number, bucket: number, second: number): void {
    if (second > this.step * width) this.turn(Math.ceil(second / width))
    this.current.add(millis, bucket)
  }

  /** Adds to the total only. */
  addTotal(millis: number, bucket: number, count: number): void {
    this.total.add(millis, bucket, count)
  }

  /** Since the start, or in a window. The next call returns the same object with other counts. */
  sum(window: WindowIndex | undefined, second: number): DurationSum {
    const sum = scratch.clear()
    if (window === undefined) return sum.add(this.total).add(this.current)
    const per = perStep[window]
    const step = Math.ceil(second / (width * per))
    this.steps[window].addTo(sum, step)
    return window === windowIndex.minute || Math.ceil(this.step / per) <= step - kept ? sum : sum.add(this.current)
  }

  /** Since the start; a copy. */
  all(): DurationSketch {
    const all = this.total.copy()
    all.addAll(this.current)
    return all
  }

  /** True if the last duration is older than the longest window. */
  isSilent(second: number): boolean {
    return second - this.step * width > longest
  }

  /** Adds the durations of a value that is silent to the total. */
  addSilent(silent: OfValue): void {
    this.total.addAll(silent.all())
  }

  get bytes(): number {
    return this.steps.reduce((sum, { bytes }) => sum + bytes, this.total.bytes)
  }

  private turn(step: number): void {
    this.total.addAll(this.current)
    for (const window of [windowIndex.hour, windowIndex.day]) {
      this.steps[window].at(Math.ceil(this.step / perStep[window])).addAll(this.current)
    }
    this.step = step
    this.current = this.steps[0].at(step)
  }
}

/** In milliseconds. */
export interface Row {
  readonly value: string
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** The durations of one dimension. Further values than `maxValues` are counted as `other`. */
export class Latencies {
  private readonly values = new Map<string, OfValue>()
  private readonly maxValues: number
  private others: OfValue | undefined

  constructor(maxValues = maxLatencyValues) {
    this.maxValues = Math.min(maxValues, maxLatencyValues)
  }

  get bytes(): number {
    return Array.from(this.values.values()).reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** Counts a duration, whose bucket is that of `bucketOf`. */
  add(name: string, millis: number, bucket: number, second: number): void {
    this.of(name, second).add(millis, bucket, second)
  }

  /** One row for each value with a success. */
  rows(window: WindowIndex | undefined, second: number): Array<Row> {
    return Array.from(this.values, ([value, latency]) => {
      const sum = latency.sum(window, second)
      const [p50 = 0, p90 = 0, p99 = 0] = sum.quantiles(shares)
      return { value, count: sum.count, p50, p90, p99, max: sum.max }
    }).filter(({ count }) => count > 0)
  }

  /** The count and the sum of each value since the start, and the quantiles of a window. Oldest value first. */
  readings(window: Window, second: number): ReadonlyArray<LatencyReading> {
    return Array.from(this.values, ([value, latency]) => {
      const quantiles = latency.sum(windowIndex[window], second).quantiles(shares)
      const { count, sum } = latency.sum(undefined, second)
      // Without a success in the window there is no quantile.
      return { value, count, sumMillis: sum, quantiles: shares.map((share, i) => [share, quantiles[i]!] as const) }
    }).filter(({ count }) => count > 0)
  }

  /** When the cap is reached, merges the values without a success for more than a day into `other`. */
  evict(second: number): void {
    if (this.size < this.maxValues) return
    for (const [name, value] of this.values) {
      if (name === other || !value.isSilent(second)) continue
      this.otherValue(second).addSilent(value)
      this.values.delete(name)
    }
  }

  /** A snapshot whose counts are made when they are read, from copies: see `Core.lazySnapshot`. */
  snapshot(): ReadonlyArray<Snapshot.ValueLatency> {
    return Array.from(this.values, ([value, latency]) => {
      const all = latency.all()
      return {
        value,
        maxMillis: all.max,
        get counts() {
          return all.histogram()
        }
      }
    })
  }

  /** Adds the totals of a snapshot. Values beyond the cap become `other`. */
  restore(values: ReadonlyArray<Snapshot.ValueLatency>, second: number): void {
    for (const { counts, maxMillis, value } of values) {
      for (const { count, millis } of counts) this.of(value, second).addTotal(maxMillis, bucketOf(millis), count)
    }
  }

  /** The number of values, without `other`. */
  private get size(): number {
    return this.values.size - (this.others === undefined ? 0 : 1)
  }

  private of(raw: string, second: number): OfValue {
    const known = this.values.get(raw)
    if (known !== undefined) return known
    const name = nameOf(raw)
    const bounded = name === raw ? undefined : this.values.get(name)
    if (bounded !== undefined) return bounded
    return name === other || this.size >= this.maxValues ? this.otherValue(second) : this.make(name, second)
  }

  private otherValue(second: number): OfValue {
    return this.others ??= this.make(other, second)
  }

  private make(name: string, second: number): OfValue {
    const value = new OfValue(second)
    this.values.set(name, value)
    return value
  }
}
