/**
 * Durations of successful fetches by source: since the start, and over the last minute, hour and day in steps of one sixth
 * of the window. Instants are whole seconds since the tracker started.
 */
import { safeText } from "../../safe/json.js"
import type { LatencyReading } from "../measures/readings.js"
import type * as Snapshot from "../snapshotModel.js"
import { other } from "./dimension.js"
import type { Window, WindowIndex } from "./windows.js"
import { windowIndex } from "./windows.js"

const maxSources = 32
const maxName = 128

// Each bucket ends 4 % above the one before, from 10 microseconds to two hours, so that its middle is at most 2 % off (Masson, Rim, Lee: DDSketch, PVLDB 12(12), 2019).
const error = 0.02
const growth = (1 + error) / (1 - error)
const shortest = 0.01
const buckets = 512

const bucketOf = (millis: number): number => {
  const bucket = Math.ceil(Math.log(millis / shortest) / Math.log(growth))
  return Math.max(0, Math.min(buckets - 1, bucket))
}

const millisOf = (bucket: number): number => shortest * 2 * growth ** bucket / (growth + 1)

const middles = Float64Array.from({ length: buckets }, (_, bucket) => millisOf(bucket))

/** A histogram of durations. Every index is that of a bucket. */
class Sketch {
  readonly counts = new Float64Array(buckets)
  count = 0
  max = 0
  /** The sum of the durations, within 2 %. */
  sum = 0
  // The buckets with a count lie between these.
  private first: number = buckets
  private last = -1

  add(millis: number, bucket: number, count = 1): void {
    this.counts[bucket] = this.counts[bucket]! + count
    this.count += count
    this.sum += count * middles[bucket]!
    if (millis > this.max) this.max = millis
    this.span(bucket, bucket)
  }

  merge({ count, counts, first, last, max, sum }: Sketch): void {
    for (let i = first; i <= last; i++) this.counts[i] = this.counts[i]! + counts[i]!
    this.count += count
    this.sum += sum
    this.max = Math.max(this.max, max)
    this.span(first, last)
  }

  clear(): void {
    this.counts.fill(0)
    this.count = this.max = this.sum = 0
    this.first = buckets
    this.last = -1
  }

  /** The durations that these shares of the fetches did not exceed, in ascending order. NaN without a fetch. */
  quantiles(shares: ReadonlyArray<number>): Array<number> {
    let bucket = Math.min(this.first, buckets - 1)
    let sum = this.counts[bucket]!
    return shares.map((share) => {
      if (this.count === 0) return NaN
      while (sum < share * this.count) sum += this.counts[++bucket]!
      return bucket === buckets - 1 ? this.max : Math.min(middles[bucket]!, this.max)
    })
  }

  private span(first: number, last: number): void {
    if (first < this.first) this.first = first
    if (last > this.last) this.last = last
  }
}

const shares = [0.5, 0.9, 0.99]

// A step is open at its start. A window is the current step and the six before it, which is at most one sixth too much.
const widths = [10, 600, 14_400] as const
const kept = 7

// Windows are read often, and a sketch is four kilobytes.
const scratch = new Sketch()

class OfSource {
  readonly total = new Sketch()
  // Created on first use, and then reused.
  private readonly steps = widths.map((width) => ({
    width,
    ring: Array.from({ length: kept }, (): { step: number; readonly sketch: Sketch } | undefined => undefined)
  }))

  add(millis: number, second: number): void {
    const bucket = bucketOf(millis)
    this.total.add(millis, bucket)
    for (const { ring, width } of this.steps) {
      const step = Math.ceil(second / width)
      const slot = ring[step % kept] ??= { step, sketch: new Sketch() }
      if (slot.step !== step) {
        slot.step = step
        slot.sketch.clear()
      }
      slot.sketch.add(millis, bucket)
    }
  }

  /** Of a window. The next call returns the same object with other counts. */
  within(window: WindowIndex, second: number): Sketch {
    const sketch = scratch
    sketch.clear()
    const { ring, width } = this.steps[window]!
    const current = Math.ceil(second / width)
    for (const slot of ring) if (slot !== undefined && slot.step > current - kept) sketch.merge(slot.sketch)
    return sketch
  }

  get bytes(): number {
    return buckets * 8 * (1 + this.steps.flatMap(({ ring }) => ring.filter((slot) => slot !== undefined)).length)
  }
}

/** In milliseconds. */
export interface Row {
  readonly source: string
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

export class Latencies {
  private readonly sources = new Map<string, OfSource>()

  get bytes(): number {
    return Array.from(this.sources.values()).reduce((sum, { bytes }) => sum + bytes, 0)
  }

  add(source: string, millis: number, second: number): void {
    const latency = this.sources.get(source) ?? this.of(safeText(source, maxName))
    latency.add(millis, second)
  }

  /** One row for each source with a success. */
  rows(window: WindowIndex | undefined, second: number): Array<Row> {
    return Array.from(this.sources, ([source, latency]) => {
      const sketch = window === undefined ? latency.total : latency.within(window, second)
      const { count, max } = sketch
      const [p50 = 0, p90 = 0, p99 = 0] = sketch.quantiles(shares)
      return { source, count, p50, p90, p99, max }
    }).filter(({ count }) => count > 0)
  }

  /** The count and the sum of each source since the start, and the quantiles of a window. */
  readings(window: Window, second: number): ReadonlyArray<LatencyReading> {
    return Array.from(this.sources, ([source, latency]) => {
      const quantiles = latency.within(windowIndex[window], second).quantiles(shares)
      return {
        source,
        count: latency.total.count,
        sumMillis: latency.total.sum,
        // Without a fetch in the window there is no quantile.
        quantiles: shares.map((share, i) => [share, quantiles[i]!] as const)
      }
    }).filter(({ count }) => count > 0)
  }

  snapshot(): ReadonlyArray<Snapshot.Latency> {
    return Array.from(this.sources, ([source, { total }]) => ({
      source,
      maxMillis: total.max,
      counts: Array.from(total.counts.entries())
        .filter(([, count]) => count > 0)
        .map(([bucket, count]) => ({ millis: millisOf(bucket), count }))
    }))
  }

  restore(sources: ReadonlyArray<Snapshot.Latency>): void {
    for (const { counts, maxMillis, source } of sources) {
      for (const { count, millis } of counts) this.of(source).total.add(maxMillis, bucketOf(millis), count)
    }
  }

  private of(source: string): OfSource {
    const known = this.sources.get(source)
    if (known !== undefined) return known
    if (source !== other && this.sources.size >= maxSources) return this.of(other)
    const latency = new OfSource()
    this.sources.set(source, latency)
    return latency
  }
}
