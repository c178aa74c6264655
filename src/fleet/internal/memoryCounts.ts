/** The counts of a fleet in memory. Pure: `now` is the time in milliseconds. The scripts of Redis do the same. */
import * as ring from "./ring.js"
import type * as Model from "./storeModel.js"

const nameOf = ({ group, window }: Model.CountKey): string => `${window} ${group}`

export class Counts {
  private readonly last = new Map<string, number>()
  private readonly series = new Map<string, Map<string, ring.Ring>>()

  flush({ age, process, seq, series, windows }: Model.Batch, now: number): Model.Flushed {
    const last = this.last.get(process) ?? 0
    if (seq <= last) return { _tag: "Duplicate", last, now }
    if (seq > last + 1) return { _tag: "Gap", last, now }
    for (const { count, field, group } of series) {
      for (const window of windows) {
        const rings = this.ringsOf({ group, window })
        rings.set(field, ring.add(rings.get(field), stepAt(window, now - age), count))
      }
    }
    this.last.set(process, seq)
    return {
      _tag: "Counted",
      now,
      sums: series.filter(({ isWanted }) => isWanted).map(({ field, group }) =>
        windows.map((window) => ring.sum(this.ringsOf({ group, window }).get(field), stepAt(window, now)))
      )
    }
  }

  resume(process: string, seq: number): void {
    this.last.set(process, seq)
  }

  counts(key: Model.CountKey, now: number): ReadonlyMap<string, number> {
    const sums = Array.from(
      this.ringsOf(key),
      ([field, counts]) => [field, ring.sum(counts, stepAt(key.window, now))] as const
    )
    return new Map(sums.filter(([, sum]) => sum > 0))
  }

  timeline(key: Model.CountKey, fields: ReadonlyArray<string>, now: number): Model.Timeline {
    const rings = this.ringsOf(key)
    return { now, counts: fields.map((field) => ring.timeline(rings.get(field), stepAt(key.window, now))) }
  }

  clean(key: Model.CountKey, now: number): number {
    const rings = this.ringsOf(key)
    const gone = Array.from(rings).filter(([, { newest }]) => stepAt(key.window, now) - newest > ring.steps)
    for (const [field] of gone) rings.delete(field)
    return gone.length
  }

  /** The number of series in a window. */
  sizeOf(window: number): number {
    let size = 0
    for (const [name, rings] of this.series) if (name.startsWith(`${window} `)) size += rings.size
    return size
  }

  private ringsOf(key: Model.CountKey): Map<string, ring.Ring> {
    const name = nameOf(key)
    const rings = this.series.get(name) ?? new Map<string, ring.Ring>()
    this.series.set(name, rings)
    return rings
  }
}

const stepAt = (window: number, at: number): number => Math.floor(at / ring.stepOf(window))
