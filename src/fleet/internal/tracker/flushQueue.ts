/**
 * The counts on their way to the store: what waits, what was sent and not acknowledged, and what was acknowledged lately. Pure.
 * Times are milliseconds on a monotonic clock.
 */
import type { Change } from "./changes.js"

/** What was counted in a span of time, by group and field. */
interface Cut {
  readonly from: number
  readonly at: number
  readonly counts: Map<string, Map<string, number>>
}

/** A batch of series that are counted in the same windows. */
export interface SentBatch {
  readonly seq: number
  readonly at: number
  readonly windows: ReadonlyArray<number>
  readonly series: ReadonlyArray<Change>
}

/** While the store is away, cuts are merged: there are at most so many, with at most so many series. */
const maxCuts = 64
const maxSeries = 100_000
/** The number of series in a batch: about 3 ms of the server. */
const maxBatch = 500
/** A failover to a replica that lags behind loses what was acknowledged in the last seconds. */
const keptMillis = 30_000

export class FlushQueue {
  private cuts: Array<Cut> = []
  private sent: Array<SentBatch> = []
  private acknowledged: Array<SentBatch> = []
  private seq = 0
  private readonly windowsOf: (group: string, field: string) => ReadonlyArray<number>

  constructor(windowsOf: (group: string, field: string) => ReadonlyArray<number>) {
    this.windowsOf = windowsOf
  }

  get isEmpty(): boolean {
    return this.cuts.length === 0 && this.sent.length === 0
  }

  /** Adds what was counted since the last call. */
  add(changes: ReadonlyArray<Change>, at: number): void {
    const counts: Cut["counts"] = new Map()
    for (const change of changes) addTo(counts, change)
    if (counts.size === 0) return
    this.cuts.push({ from: this.cuts.at(-1)?.at ?? at, at, counts })
    while (this.cuts.length > maxCuts || (this.cuts.length > 1 && this.size > maxSeries)) this.merge()
  }

  /** The next batch to send, the same one until it is acknowledged. */
  next(): SentBatch | undefined {
    if (this.sent.length === 0) {
      const cut = this.cuts.shift()
      if (cut !== undefined) this.sent = this.batchesOf(cut)
    }
    return this.sent[0]
  }

  /** Returns whether counts were acknowledged so lately that they would be sent again if the store lost them. */
  hasRecent(now: number): boolean {
    return this.acknowledged.some(({ at, series }) => series.length > 0 && at >= now - keptMillis)
  }

  /** Adds a batch without counts. Its answer shows whether the store has all batches before it. */
  addProbe(at: number): void {
    this.sent.push({ seq: ++this.seq, at, windows: [], series: [] })
  }

  acknowledge(now: number): void {
    const batch = this.sent.shift()
    if (batch === undefined) return
    this.acknowledged.push(batch)
    let size = this.acknowledged.reduce((sum, { series }) => sum + series.length, 0)
    while (this.acknowledged[0] !== undefined && (this.acknowledged[0].at < now - keptMillis || size > maxSeries)) {
      size -= this.acknowledged.shift()?.series.length ?? 0
    }
  }

  /**
   * Sends what was acknowledged after the batch `last` again, which is the newest that the store knows. Returns the newest
   * batch that the store lacks and this process no longer has, which the store must accept as known.
   */
  replayAfter(last: number): number {
    const again = this.acknowledged.filter(({ seq }) => seq > last)
    this.acknowledged = this.acknowledged.filter(({ seq }) => seq <= last)
    this.sent = [...again, ...this.sent]
    return (this.sent[0]?.seq ?? this.seq + 1) - 1
  }

  /** Forgets everything, for counts that were replaced. The next batch is the first of a new process. */
  clear(): void {
    this.cuts = []
    this.sent = []
    this.acknowledged = []
    this.seq = 0
  }

  /** Adds batches of the past: the counts of this process that the store has lost. */
  addBatches(batches: ReadonlyArray<Omit<SentBatch, "seq">>): void {
    for (const batch of batches) {
      for (let i = 0; i < batch.series.length; i += maxBatch) {
        this.sent.push({ ...batch, seq: ++this.seq, series: batch.series.slice(i, i + maxBatch) })
      }
    }
  }

  private get size(): number {
    let size = 0
    for (const { counts } of this.cuts) for (const { size: fields } of counts.values()) size += fields
    return size
  }

  /** Merges the two neighbours with the shortest time between them. Their events count as those of the later one. */
  private merge(): void {
    let [best, shortest] = [0, Infinity]
    for (let i = 0; i + 1 < this.cuts.length; i++) {
      const span = this.cuts[i + 1]!.at - this.cuts[i]!.from
      if (span < shortest) [best, shortest] = [i, span]
    }
    const [first, second] = [this.cuts[best]!, this.cuts[best + 1]!]
    for (const [group, fields] of second.counts) {
      for (const [field, count] of fields) addTo(first.counts, { group, field, count })
    }
    this.cuts.splice(best, 2, { from: first.from, at: second.at, counts: first.counts })
  }

  private batchesOf({ at, counts }: Cut): Array<SentBatch> {
    const byWindows = new Map<string, { readonly windows: ReadonlyArray<number>; readonly series: Array<Change> }>()
    for (const [group, fields] of counts) {
      for (const [field, count] of fields) {
        const windows = this.windowsOf(group, field)
        const key = windows.join(" ")
        const batch = byWindows.get(key) ?? { windows, series: [] }
        byWindows.set(key, batch)
        // Counts of a group may be corrected downwards within one batch; the sum is never below 0.
        batch.series.push({ group, field, count: Math.max(0, count) })
      }
    }
    return Array.from(byWindows.values()).flatMap(({ series, windows }) =>
      Array.from({ length: Math.ceil(series.length / maxBatch) }, (_, i) => ({
        seq: ++this.seq,
        at,
        windows,
        series: series.slice(i * maxBatch, (i + 1) * maxBatch)
      }))
    )
  }
}

const addTo = (counts: Cut["counts"], { count, field, group }: Change): void => {
  const fields = counts.get(group) ?? new Map<string, number>()
  counts.set(group, fields)
  fields.set(field, (fields.get(field) ?? 0) + count)
}
