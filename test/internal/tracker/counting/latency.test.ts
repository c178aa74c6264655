import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { bucketOf } from "../../../../src/internal/tracker/counting/durationSketch.js"
import { Latencies, maxLatencyValues } from "../../../../src/internal/tracker/counting/latency.js"
import type { WindowIndex } from "../../../../src/internal/tracker/counting/windows.js"
import { windowIndex } from "../../../../src/internal/tracker/counting/windows.js"

const { day, hour, minute } = windowIndex

/** The shortest that at least so large a share did not exceed. */
const quantile = (sorted: ReadonlyArray<number>, share: number) => sorted[Math.ceil(share * sorted.length) - 1]!

const add = (latencies: Latencies, name: string, millis: number, second: number) =>
  latencies.add(name, millis, bucketOf(millis), second)

const rowOf = (latencies: Latencies, window: WindowIndex | undefined, second: number) =>
  latencies.rows(window, second)[0]

const durations = FastCheck.double({ min: Math.log(0.01), max: Math.log(7_200_000), noNaN: true }).map(Math.exp)

/** Every duration, with its second: windows are counted as they are defined. */
class Exact {
  private readonly samples: Array<readonly [name: string, millis: number, second: number]> = []

  add(...sample: readonly [name: string, millis: number, second: number]): void {
    this.samples.push(sample)
  }

  /** The durations of a value in the step under way and the six before it, in ascending order. */
  sorted(name: string, window: WindowIndex | undefined, second: number): ReadonlyArray<number> {
    const step = (at: number) => window === undefined ? 0 : Math.ceil(at / [10, 600, 14_400][window]!)
    return this.samples
      .filter(([own, , at]) => own === name && step(at) > step(second) - 7)
      .map(([, millis]) => millis)
      .sort((a, b) => a - b)
  }
}

describe("Latencies", () => {
  it("agree with exact samples: quantiles within 2 %, counts and maxima exactly, by value and window", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(
          FastCheck.tuple(
            FastCheck.constantFrom("A", "B", "C"),
            durations,
            FastCheck.oneof(FastCheck.constant(0), FastCheck.nat(12), FastCheck.nat(700), FastCheck.nat(30_000)),
            FastCheck.oneof(FastCheck.constant(1), FastCheck.integer({ min: 1, max: 60 }))
          ),
          { minLength: 1, maxLength: 40 }
        ),
        FastCheck.nat(120_000),
        (events, later) => {
          const [latencies, exact] = [new Latencies(), new Exact()]
          let now = 0
          for (const [name, millis, gap, times] of events) {
            now += gap
            for (let i = 0; i < times; i++) {
              const own = Math.min(7_200_000, millis * (1 + i / 10))
              add(latencies, name, own, now)
              exact.add(name, own, now)
            }
          }
          for (const second of [now, now + later]) {
            for (const window of [undefined, minute, hour, day]) {
              const rows = new Map(latencies.rows(window, second).map((row) => [row.value, row]))
              for (const name of ["A", "B", "C"]) {
                const sorted = exact.sorted(name, window, second)
                const row = rows.get(name)
                expect([name, window, row?.count ?? 0]).toEqual([name, window, sorted.length])
                if (row === undefined) continue
                // The maximum of a window is exact, too: steps are never shared between windows.
                expect(row.max).toBe(sorted.at(-1))
                for (const [share, read] of [[0.5, row.p50], [0.9, row.p90], [0.99, row.p99]] as const) {
                  const truth = quantile(sorted, share)
                  expect(Math.abs(read - truth) / truth).toBeLessThan(0.0200001)
                }
              }
            }
          }
          const total = latencies.readings("hour", now)
          for (const { count, sumMillis = 0, value } of total) {
            const sorted = exact.sorted(value, undefined, now)
            const sum = sorted.reduce((sum, millis) => sum + millis, 0)
            expect(count).toBe(sorted.length)
            expect(Math.abs(sumMillis - sum) / sum).toBeLessThan(0.0200001)
          }
        }
      ),
      { seed: 5, numRuns: 150 }
    )
  })

  it("durations of zero and beyond two hours are counted", () => {
    const latencies = new Latencies()
    add(latencies, "rest", 0, 1)
    expect(rowOf(latencies, minute, 1)).toMatchObject({ count: 1, p50: 0, max: 0 })
    add(latencies, "rest", 86_400_000, 1)
    expect(rowOf(latencies, undefined, 1)).toMatchObject({ count: 2, p90: 86_400_000, max: 86_400_000 })
  })

  it("a window counts everything inside, and at most one sixth more", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(FastCheck.nat(30_000), { maxLength: 40 }),
        FastCheck.nat(100_000),
        (gaps, later) => {
          const latencies = new Latencies()
          let now = 0
          const stamps = gaps.map((gap) => {
            add(latencies, "rest", 100, now += gap)
            return now
          })
          for (const at of [now, now + later]) {
            for (const [window, width] of [[minute, 60], [hour, 3600], [day, 86_400]] as const) {
              const count = rowOf(latencies, window, at)?.count ?? 0
              expect(count).toBeGreaterThanOrEqual(stamps.filter((stamp) => at - stamp <= width).length)
              expect(count).toBeLessThanOrEqual(stamps.filter((stamp) => at - stamp < width * 7 / 6).length)
            }
          }
          expect(rowOf(latencies, undefined, now)?.count ?? 0).toBe(stamps.length)
        }
      ),
      { numRuns: 200 }
    )
  })

  it("Law 6: values are capped, memory is bounded for any durations, long names are cut off", () => {
    const latencies = new Latencies(2000)
    for (let i = 0; i < 3000; i++) add(latencies, `${i} ${"x".repeat(300)}`, i, i * 60)
    const rows = latencies.rows(undefined, 180_000)
    expect(rows).toHaveLength(maxLatencyValues + 1)
    expect(rows.find(({ value }) => value === "other")?.count).toBe(3000 - maxLatencyValues)
    expect(Math.max(...rows.map(({ value }) => value.length))).toBeLessThanOrEqual(128)

    // Every step of every window holds durations from 10 microseconds to two hours.
    const worst = new Latencies()
    for (let second = 0; second < 8 * 14_400; second += second < 100_000 ? 4000 : 10) {
      for (let bucket = 0; bucket < 512; bucket += 8) worst.add("A", 0.01 * 1.0408 ** bucket, bucket, second)
    }
    expect(worst.bytes * (maxLatencyValues + 1)).toBeLessThan(10e6)
  })

  it("values without a success for more than a day make room for others", () => {
    const latencies = new Latencies(2)
    for (const name of ["A", "B", "C"]) add(latencies, name, 10, 100)
    const counts = (second: number) => latencies.rows(undefined, second).map(({ count, value }) => [value, count])
    expect(counts(100)).toEqual([["A", 1], ["B", 1], ["other", 1]])
    add(latencies, "B", 20, 80_000)
    latencies.evict(100_000)
    expect(counts(100_000)).toEqual([["A", 1], ["B", 2], ["other", 1]])
    latencies.evict(110_000)
    expect(counts(110_000)).toEqual([["B", 2], ["other", 2]])
    add(latencies, "C", 40, 110_000)
    add(latencies, "D", 40, 110_000)
    expect(counts(110_000)).toEqual([["B", 2], ["other", 3], ["C", 1]])
    expect(latencies.rows(day, 110_000).map(({ count, value }) => [value, count])).toEqual([
      ["B", 1],
      ["other", 1],
      ["C", 1]
    ])
  })

  it("values of a restored snapshot are not silent at once", () => {
    const latencies = new Latencies(2)
    latencies.restore(["A", "B"].map((value) => ({ value, maxMillis: 5, counts: [{ millis: 5, count: 3 }] })), 500_000)
    latencies.evict(500_010)
    expect(latencies.rows(undefined, 500_010).map(({ value }) => value)).toEqual(["A", "B"])
    latencies.evict(700_000)
    expect(latencies.rows(undefined, 700_000).map(({ count, value }) => [value, count])).toEqual([["other", 6]])
  })

  it("hostile names are counted like any other", () => {
    const latencies = new Latencies()
    for (const name of ["__proto__", "constructor", ""]) add(latencies, name, 5, 1)
    expect(latencies.rows(hour, 1).map(({ value }) => value)).toEqual(["__proto__", "constructor", ""])
  })

  it("restoring a snapshot keeps the totals", () => {
    const latencies = new Latencies()
    for (let i = 0; i < 1000; i++) add(latencies, `S${i % 3}`, i * i / 10, i)
    const restored = new Latencies()
    restored.restore(JSON.parse(JSON.stringify(latencies.snapshot())), 0)
    expect(JSON.stringify(restored.snapshot())).toBe(JSON.stringify(latencies.snapshot()))
    for (const [i, row] of restored.rows(undefined, 0).entries()) {
      const { max, ...rest } = latencies.rows(undefined, 0)[i]!
      expect(row).toMatchObject(rest)
      expect(Math.abs(row.max - max) / max).toBeLessThan(0.02)
    }
    expect(restored.rows(hour, 0)).toEqual([])
  })

  it("a snapshot is of its instant, whenever it is read", () => {
    const latencies = new Latencies()
    add(latencies, "A", 5, 1)
    const snapshot = latencies.snapshot()
    add(latencies, "A", 500, 1)
    expect(snapshot[0]?.counts.map(({ count }) => count)).toEqual([1])
    expect(snapshot[0]?.maxMillis).toBe(5)
  })
})
