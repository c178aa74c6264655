/**
 * What this process has added to the counts of the fleet, in the steps of the store: the difference is what the other
 * processes have counted. Pure.
 */
import * as ring from "../ring.js"
import type { SentBatch } from "./flushQueue.js"

export class OwnCounts {
  private readonly rings = new Map<string, ring.Ring>()
  /** The newest batch that was added. */
  private seq = 0
  private round: MapIterator<[string, ring.Ring]> | undefined
  private readonly isKept: (group: string) => boolean

  constructor(isKept: (group: string) => boolean) {
    this.isKept = isKept
  }

  clear(): void {
    this.rings.clear()
    this.round = undefined
    this.seq = 0
  }

  /** Adds a batch whose events took place at a time of the store. One that is sent again is added once. */
  add({ seq, series, windows }: SentBatch, at: number): void {
    if (seq <= this.seq) return
    this.seq = seq
    for (const { count, field, group } of series) {
      if (!this.isKept(group)) continue
      for (const window of windows) {
        const name = nameOf(group, field, window)
        this.rings.set(name, ring.add(this.rings.get(name), stepAt(window, at), count))
      }
    }
    // Twice as many as a batch can add: the series do not outgrow two rounds.
    this.clean(2 * series.length * windows.length, at)
  }

  /** Frees series whose events have left their windows, among the next ones of a round over all. */
  private clean(most: number, now: number): void {
    for (let i = 0; i < most; i++) {
      this.round ??= this.rings.entries()
      const { done, value } = this.round.next()
      if (done === true) {
        this.round = undefined
        return
      }
      const [name, { newest }] = value
      const window = Number(name.slice(0, name.indexOf(" ")))
      if (stepAt(window, now) - newest > ring.steps) this.rings.delete(name)
    }
  }

  /** The number of series. */
  get size(): number {
    return this.rings.size
  }

  /** The counts by step, newest first. */
  timeline(group: string, field: string, window: number, now: number): ReadonlyArray<number> {
    return ring.timeline(this.rings.get(nameOf(group, field, window)), stepAt(window, now))
  }

  sum(group: string, field: string, window: number, now: number): number {
    return ring.sum(this.rings.get(nameOf(group, field, window)), stepAt(window, now))
  }
}

const nameOf = (group: string, field: string, window: number): string => `${window} ${group} ${field}`

const stepAt = (window: number, at: number): number => Math.floor(at / ring.stepOf(window))
