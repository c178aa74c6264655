import { describe, expect, it } from "@effect/vitest"
import { LogLevel } from "effect"
import { FetchError } from "effect-errata"
import * as FastCheck from "effect/FastCheck"
import { Windows } from "../../../src/internal/log/stormGuard.js"

const timeout = new FetchError.NetworkTimeout({ context: { source: "rest" } })

const from = (source: string) => new FetchError.NetworkTimeout({ context: { source } })

const admit = (windows: Windows, error: FetchError.Trackable, now: number, times = 1) =>
  Array.from({ length: times }, () => windows.admit(error, LogLevel.Warning, now)).at(-1)!

describe("the windows of a storm", () => {
  it("the first five in full, then counts at 10, 100, 1,000 …", () => {
    const windows = new Windows()
    const answers = Array.from({ length: 1_100 }, (_, i) => ({ i, ...windows.admit(timeout, LogLevel.Warning, 0) }))
    expect(answers.filter(({ inFull }) => inFull).map(({ i }) => i)).toEqual([0, 1, 2, 3, 4])
    expect(answers.flatMap(({ due, i }) => due.map(({ closed, count }) => [i, count, closed]))).toEqual([
      [14, 10, false],
      [104, 100, false],
      [1_004, 1_000, false]
    ])
  })

  it("last ten seconds from their first error, to the millisecond", () => {
    const windows = new Windows()
    admit(windows, timeout, 1_000, 6)
    expect(windows.next()).toBe(11_000)
    expect(windows.close(10_999)).toEqual([])
    expect(admit(windows, timeout, 10_999)).toEqual({ inFull: false, due: [] })
    expect(admit(windows, timeout, 11_000)).toMatchObject({ inFull: true, due: [{ count: 2, closed: true }] })
    expect(windows.next()).toBe(undefined)
  })

  it("the sum is told once, by whoever comes first", () => {
    const windows = new Windows()
    admit(windows, timeout, 0, 8)
    expect(windows.close(10_000)).toEqual([
      { code: "NETWORK_TIMEOUT", source: "rest", level: LogLevel.Warning, count: 3, closed: true }
    ])
    expect(windows.close(10_000)).toEqual([])
    expect(admit(windows, timeout, 10_000)).toEqual({ inFull: true, due: [] })
  })

  it("nothing held back, nothing told", () => {
    const windows = new Windows()
    admit(windows, timeout, 0, 5)
    expect(windows.next()).toBe(undefined)
    expect(windows.open()).toEqual([])
    expect(admit(windows, timeout, 10_000)).toEqual({ inFull: true, due: [] })
  })

  it("a count told already is not told again", () => {
    const windows = new Windows()
    expect(admit(windows, timeout, 0, 15).due).toMatchObject([{ count: 10, closed: false }])
    expect(windows.next()).toBe(undefined)
    expect(admit(windows, timeout, 10_000)).toEqual({ inFull: true, due: [] })
  })

  it("what is open can be told before its time, and its sum after that if more came", () => {
    const windows = new Windows()
    admit(windows, timeout, 0, 8)
    expect(windows.open()).toMatchObject([{ count: 3, closed: false }])
    expect(windows.open()).toEqual([])
    admit(windows, timeout, 0, 2)
    expect(windows.close(10_000)).toMatchObject([{ count: 5, closed: true }])
  })

  it("the next sum is that of the window that ends first, among those that have one", () => {
    const windows = new Windows()
    admit(windows, from("quiet"), 0)
    admit(windows, from("a"), 100, 6)
    admit(windows, from("b"), 200, 6)
    expect(windows.next()).toBe(10_100)
    expect(windows.close(10_100)).toMatchObject([{ source: "a" }])
    expect(windows.next()).toBe(10_200)
  })

  it("codes, sources and levels are apart; each tells what any other held back", () => {
    const windows = new Windows()
    admit(windows, timeout, 0, 8)
    expect(admit(windows, from("vision"), 0).inFull).toBe(true)
    expect(admit(windows, new FetchError.NetworkDns({ context: { source: "rest" } }), 0).inFull).toBe(true)
    expect(windows.admit(timeout, LogLevel.Debug, 0).inFull).toBe(true)
    expect(admit(windows, new FetchError.Internal(), 10_000)).toEqual({
      inFull: true,
      due: [{ code: "NETWORK_TIMEOUT", source: "rest", level: LogLevel.Warning, count: 3, closed: true }]
    })
  })

  it("no more than 256 at a time: further errors share one", () => {
    const windows = new Windows()
    const inFull = (now: number) =>
      Array.from({ length: 10_000 }, (_, i) => admit(windows, from(`s${i}`), now)).filter((a) => a.inFull)
    expect(inFull(0).length).toBe(256 + 5)
    expect(admit(windows, from("s1"), 0).inFull).toBe(true)
    expect(admit(windows, timeout, 10_000).due).toMatchObject([{ code: "OTHER", count: 9_739, closed: true }])
    expect(inFull(30_000).length).toBe(256 + 5)
  })

  it("names are bounded: an error of one's own may have any", () => {
    const windows = new Windows()
    const error: FetchError.Trackable = {
      _tag: "Mine",
      code: "C".repeat(1e6),
      category: "App",
      severity: "ERROR",
      message: "m",
      context: { source: "s".repeat(1e6) }
    }
    admit(windows, error, 0, 6)
    expect(JSON.stringify(windows.open()).length).toBeLessThan(500)
  })

  it("however many come, the lines of a window are few, and the counts add up", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.integer({ min: 0, max: 20_000 }), (n) => {
        const windows = new Windows()
        const answers = Array.from({ length: n }, () => windows.admit(timeout, LogLevel.Warning, 0))
        const full = answers.filter(({ inFull }) => inFull).length
        const told = answers.flatMap(({ due }) => due)
        expect(full + told.length).toBeLessThanOrEqual(10)
        const sum = windows.close(10_000).at(-1)?.count ?? told.at(-1)?.count ?? 0
        expect(full + sum).toBe(n)
      }),
      { numRuns: 50 }
    )
  })
})
