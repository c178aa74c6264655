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
  private readonly isKept: (group: string) => boolean

  constructor(isKept: (group: string) => boolean) {
    this.isKept = isKept
  }

  clear(): void {
    this.rings.clear()
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
