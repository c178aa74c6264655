/** A model of the counts on their way to a store that loses answers, and what it has acknowledged lately. */
import { describe, expect, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import { FlushQueue, type SentBatch } from "../../src/fleet/internal/tracker/flushQueue.js"

/** A store that counts each batch once, and can go back to an earlier state. */
class ModelStore {
  last = 0
  totals = new Map<string, number>()
  private readonly earlier: Array<{ readonly last: number; readonly totals: Map<string, number> }> = []

  flush({ seq, series }: SentBatch): "Counted" | "Duplicate" | "Gap" {
    if (seq <= this.last) return "Duplicate"
    if (seq > this.last + 1) return "Gap"
    this.earlier.push({ last: this.last, totals: new Map(this.totals) })
    for (const { count, field, group } of series) {
      const name = `${group} ${field}`
      this.totals.set(name, (this.totals.get(name) ?? 0) + count)
    }
    this.last = seq
    return "Counted"
  }

  /** A replica that lags behind by some batches takes over. */
  rollBack(batches: number): void {
    const state = this.earlier.at(-batches)
    if (state === undefined) return
    this.last = state.last
    this.totals = new Map(state.totals)
  }
}

const change = fc.record({
  group: fc.constantFrom("e", "m", "v:symbol"),
  field: fc.constantFrom("a", "b", "c", "d"),
  count: fc.integer({ min: 1, max: 9 })
})
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("add" as const), changes: fc.array(change, { maxLength: 4 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("send" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("lose the answer" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("roll back" as const), batches: fc.integer({ min: 1, max: 5 }) })
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const) }) }
)

const windowsOf = (group: string) => group === "e" ? [1, 2, 3, 4] : [1, 2, 3]

/** What a process does with the next batch. Returns whether there was one. */
const send = (queue: FlushQueue, store: ModelStore, now: number): boolean => {
  const batch = queue.next()
  if (batch === undefined) return false
  if (store.flush(batch) === "Gap") {
    const first = queue.replayAfter(store.last)
    if (first > store.last) store.last = first
  } else queue.acknowledge(now)
  return true
}

describe("the queue of flushes", () => {
  it.prop("every count reaches the store once, whatever answers are lost and whatever the store forgets", [
    fc.array(step, { maxLength: 80 })
  ], ([steps]) => {
    const queue = new FlushQueue(windowsOf)
    const store = new ModelStore()
    const truth = new Map<string, number>()
    let now = 0
    for (const step of steps) {
      now += 100
      switch (step.do) {
        case "add":
          queue.add(step.changes, now)
          for (const { count, field, group } of step.changes) {
            const name = `${group} ${field}`
            truth.set(name, (truth.get(name) ?? 0) + count)
          }
          break
        case "send":
          send(queue, store, now)
          break
        case "lose the answer": {
          const batch = queue.next()
          if (batch !== undefined) store.flush(batch)
          break
        }
        case "roll back":
          store.rollBack(step.batches)
          break
        case "wait":
          now += 2000
      }
    }
    // One more batch shows the store what it lacks.
    queue.add([{ group: "e", field: "last", count: 1 }], now)
    while (send(queue, store, now)) now += 1
    expect(store.totals).toEqual(truth.set("e last", 1))
    expect(queue.isEmpty).toBe(true)
  })

  it("where nothing more is counted, a probe shows the store what it lacks, for half a minute", () => {
    const queue = new FlushQueue(windowsOf)
    const store = new ModelStore()
    expect(queue.hasRecent(0)).toBe(false)
    queue.add([{ group: "e", field: "a", count: 3 }], 1000)
    while (send(queue, store, 1000)) continue
    store.rollBack(1)
    expect([31_000, 31_001].map((now) => queue.hasRecent(now))).toEqual([true, false])
    queue.addProbe(2000)
    while (send(queue, store, 2000)) continue
    expect(store.totals).toEqual(new Map([["e a", 3]]))
    // A probe itself is nothing to lose.
    expect([31_000, 31_001].map((now) => queue.hasRecent(now))).toEqual([true, false])
  })

  it.prop("while the store is away, cuts are merged: few batches, the same counts, and times that do not go back", [
    fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 65, maxLength: 300 })
  ], ([waits]) => {
    const queue = new FlushQueue(() => [1])
    let now = 0
    for (const wait of waits) {
      now += wait
      queue.add([{ group: "e", field: "a", count: 1 }], now)
    }
    const batches: Array<SentBatch> = []
    for (let batch = queue.next(); batch !== undefined; batch = queue.next()) {
      batches.push(batch)
      queue.acknowledge(now)
    }
    expect(batches.length).toBeLessThanOrEqual(64)
    expect(batches.map(({ seq }) => seq)).toEqual(batches.map((_, i) => i + 1))
    const times = batches.map(({ at }) => at)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(times.at(-1)).toBe(now)
    expect(batches.reduce((sum, { series }) => sum + (series[0]?.count ?? 0), 0)).toBe(waits.length)
  })

  it("a cut with many series is sent in batches of at most 500, by windows", () => {
    const queue = new FlushQueue(windowsOf)
    const many = (group: string) => Array.from({ length: 1200 }, (_, i) => ({ group, field: `${i}`, count: 1 }))
    queue.add([...many("e"), ...many("m")], 5)
    const sizes: Array<readonly [number, number]> = []
    for (let batch = queue.next(); batch !== undefined; batch = queue.next()) {
      sizes.push([batch.windows.length, batch.series.length])
      queue.acknowledge(5)
    }
    expect(sizes).toEqual([[4, 500], [4, 500], [4, 200], [3, 500], [3, 500], [3, 200]])
  })

  it("what was acknowledged more than 30 seconds ago is not sent again: the store continues after it", () => {
    const queue = new FlushQueue(() => [1])
    for (const at of [0, 1000, 40_000]) {
      queue.add([{ group: "e", field: "a", count: 1 }], at)
      queue.next()
      queue.acknowledge(at)
    }
    expect(queue.replayAfter(0)).toBe(2)
    expect(queue.next()?.seq).toBe(3)
  })
})
