/**
 * Histograms of durations. A bucket ends 4 % above the one before, from 10 microseconds to two hours, so that its middle is
 * at most 2 % off (Masson, Rim, Lee: DDSketch, PVLDB 12(12), 2019).
 */

const error = 0.02
const growth = (1 + error) / (1 - error)
const perLogarithm = 1 / Math.log(growth)
const shortest = 0.01
const buckets = 512

export const bucketOf = (millis: number): number =>
  Math.max(0, Math.min(buckets - 1, Math.ceil(Math.log(millis / shortest) * perLogarithm)))

/** The middle of a bucket, in milliseconds. */
const millisOf = (bucket: number): number => shortest * 2 * growth ** bucket / (growth + 1)

const middles = Float64Array.from({ length: buckets }, (_, bucket) => millisOf(bucket))

// In whole nanoseconds, as snapshots are encoded.
const rounded = middles.map((millis) => Math.round(millis * 1e6) / 1e6)

const least = 16
const nothing = new Uint32Array(0)

/** A histogram that takes the memory of the buckets between its shortest and its longest duration. */
export class DurationSketch {
  private counts: Uint32Array | Float64Array = nothing
  // The bucket of the first count.
  private first = 0
  // The buckets with a count lie between these.
  private shortest = buckets
  private longest = -1
  max = 0
  private readonly Counts: Uint32ArrayConstructor | Float64ArrayConstructor

  /** Without bounds, a bucket can hold more than 2^32 durations. */
  constructor(isUnbounded = false) {
    this.Counts = isUnbounded ? Float64Array : Uint32Array
  }

  add(millis: number, bucket: number, count = 1): void {
    if (bucket < this.shortest || bucket > this.longest) this.span(bucket, bucket)
    const i = bucket - this.first
    this.counts[i] = this.counts[i]! + count
    if (millis > this.max) this.max = millis
  }

  addAll({ counts, first, longest, max, shortest }: DurationSketch): void {
    if (longest < 0) return
    this.span(shortest, longest)
    const offset = first - this.first
    for (let i = shortest - first; i <= longest - first; i++) {
      this.counts[offset + i] = this.counts[offset + i]! + counts[i]!
    }
    if (max > this.max) this.max = max
  }

  /** Keeps the memory: the next durations will be like the last ones. */
  clear(): void {
    if (this.longest >= 0) this.counts.fill(0, this.shortest - this.first, this.longest - this.first + 1)
    this.shortest = buckets
    this.longest = -1
    this.max = 0
  }

  copy(): DurationSketch {
    const copy = new DurationSketch(this.Counts === Float64Array)
    copy.addAll(this)
    return copy
  }

  /** The buckets that have a count, shortest duration first, in whole nanoseconds. */
  histogram(): ReadonlyArray<{ readonly millis: number; readonly count: number }> {
    const rows: Array<{ readonly millis: number; readonly count: number }> = []
    this.forEach((bucket, count) => {
      rows.push({ millis: rounded[bucket]!, count })
    })
    return rows
  }

  /** Calls `f` with each bucket that has a count, shortest duration first. */
  forEach(f: (bucket: number, count: number) => void): void {
    const { counts, first, longest, shortest } = this
    for (let bucket = shortest; bucket <= longest; bucket++) {
      if (counts[bucket - first]! > 0) f(bucket, counts[bucket - first]!)
    }
  }

  get bytes(): number {
    return this.counts.byteLength
  }

  /** Makes room for counts in these buckets and those between. */
  private span(from: number, to: number): void {
    if (from < this.shortest) this.shortest = from
    if (to > this.longest) this.longest = to
    const { counts, first } = this
    const end = first + counts.length
    if (counts.length > 0 && from >= first && to < end) return
    // Half the length more, so that durations that rise or fall step by step are not copied each time.
    const margin = Math.max(least, counts.length) >> 1
    const start = Math.max(0, counts.length === 0 || from < first ? from - margin : first)
    const stop = Math.min(buckets, counts.length === 0 || to >= end ? to + 1 + margin : end)
    const wider = new this.Counts(stop - start)
    if (counts.length > 0) wider.set(counts, first - start)
    this.counts = wider
    this.first = start
  }
}

/** The sum of sketches, for reads. */
export class DurationSum {
  private readonly counts = new Float64Array(buckets)
  private shortest: number = buckets
  count = 0
  max = 0

  clear(): this {
    this.counts.fill(0)
    this.shortest = buckets
    this.count = this.max = 0
    return this
  }

  add(sketch: DurationSketch): this {
    sketch.forEach((bucket, count) => {
      if (bucket < this.shortest) this.shortest = bucket
      this.counts[bucket] = this.counts[bucket]! + count
      this.count += count
    })
    if (sketch.max > this.max) this.max = sketch.max
    return this
  }

  /** The sum in milliseconds, within 2 %. */
  get sum(): number {
    let sum = 0
    for (let bucket = this.shortest; bucket < buckets; bucket++) sum += this.counts[bucket]! * rounded[bucket]!
    return sum
  }

  /** The durations that these shares of the attempts did not exceed, in ascending order. NaN without an attempt. */
  quantiles(shares: ReadonlyArray<number>): Array<number> {
    let bucket = Math.min(this.shortest, buckets - 1)
    let sum = this.counts[bucket]!
    return shares.map((share) => {
      if (this.count === 0) return NaN
      while (sum < share * this.count) sum += this.counts[++bucket]!
      return bucket === buckets - 1 ? this.max : Math.min(middles[bucket]!, this.max)
    })
  }
}
