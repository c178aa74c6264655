import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { Latencies } from "../../../../src/internal/tracker/counting/latency.js"
import type { WindowIndex } from "../../../../src/internal/tracker/counting/windows.js"
import { windowIndex } from "../../../../src/internal/tracker/counting/windows.js"

const { day, hour, minute } = windowIndex

/** The shortest that at least so large a share did not exceed. */
const quantile = (sorted: ReadonlyArray<number>, share: number) => sorted[Math.ceil(share * sorted.length) - 1]!

const rowOf = (latencies: Latencies, window: WindowIndex | undefined, second: number) =>
  latencies.rows(window, second)[0]

describe("Latencies", () => {
  it("quantiles are within 2 %, the maximum is exact", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(FastCheck.double({ min: Math.log(0.01), max: Math.log(7_200_000), noNaN: true }), {
          minLength: 1,
          maxLength: 300
        }),
        (logarithms) => {
          const latencies = new Latencies()
          const millis = logarithms.map(Math.exp)
          for (const one of millis) latencies.add("rest", one, 1)
          millis.sort((a, b) => a - b)
          for (const window of [undefined, minute, hour, day] as const) {
            const row = rowOf(latencies, window, 1)!
            expect(row.count).toBe(millis.length)
            expect(row.max).toBe(millis.at(-1))
            for (const [share, told] of [[0.5, row.p50], [0.9, row.p90], [0.99, row.p99]] as const) {
              const truth = quantile(millis, share)
              expect(Math.abs(told - truth) / truth).toBeLessThan(0.0200001)
            }
          }
        }
      ),
      { numRuns: 200 }
    )
  })

  it("durations of zero and beyond two hours are counted", () => {
    const latencies = new Latencies()
    latencies.add("rest", 0, 1)
    expect(rowOf(latencies, minute, 1)).toMatchObject({ count: 1, p50: 0, max: 0 })
    latencies.add("rest", 86_400_000, 1)
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
            latencies.add("rest", 100, now += gap)
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

  it("Law 6: sources are capped, memory is bounded, names are redacted", () => {
    const latencies = new Latencies()
    for (let i = 0; i < 3000; i++) latencies.add(`https://x.test/?apiKey=abc&n=${i}`, i, i * 60)
    const rows = latencies.rows(undefined, 180_000)
    expect(rows).toHaveLength(33)
    expect(rows.find(({ source }) => source === "other")?.count).toBe(3000 - 32)
    expect(JSON.stringify(rows)).not.toContain("abc")
    expect(latencies.bytes).toBeLessThan(3e6)
  })

  it("hostile names are counted like any other", () => {
    const latencies = new Latencies()
    for (const name of ["__proto__", "constructor", ""]) latencies.add(name, 5, 1)
    expect(latencies.rows(hour, 1).map(({ source }) => source)).toEqual(["__proto__", "constructor", ""])
  })

  it("restoring a snapshot keeps the totals", () => {
    const latencies = new Latencies()
    for (let i = 0; i < 1000; i++) latencies.add(`S${i % 3}`, i * i / 10, i)
    const restored = new Latencies()
    restored.restore(JSON.parse(JSON.stringify(latencies.snapshot())))
    expect(restored.snapshot()).toEqual(latencies.snapshot())
    for (const [i, row] of restored.rows(undefined, 0).entries()) {
      const { max, ...rest } = latencies.rows(undefined, 0)[i]!
      expect(row).toMatchObject(rest)
      expect(Math.abs(row.max - max) / max).toBeLessThan(0.02)
    }
    expect(restored.rows(hour, 0)).toEqual([])
  })
})
