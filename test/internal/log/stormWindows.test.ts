import { describe, expect, it } from "@effect/vitest"
import { LogLevel } from "effect"
import { FetchError } from "effect-errata"
import * as FastCheck from "effect/FastCheck"
import { StormWindows } from "../../../src/internal/log/stormWindows.js"

const timeout = new FetchError.NetworkTimeout({ context: { source: "rest" } })

const from = (source: string) => new FetchError.NetworkTimeout({ context: { source } })

const admit = (windows: StormWindows, error: FetchError.Trackable, now: number, times = 1) =>
  Array.from({ length: times }, () => windows.admit(error, LogLevel.Warning, now)).at(-1)!

describe("the windows of a storm", () => {
  it("the first five in full, then counts at 10, 100, 1,000 …", () => {
    const windows = new StormWindows()
    const answers = Array.from({ length: 1_100 }, (_, i) => ({ i, ...windows.admit(timeout, LogLevel.Warning, 0) }))
    expect(answers.filter(({ inFull }) => inFull).map(({ i }) => i)).toEqual([0, 1, 2, 3, 4])
    expect(answers.flatMap(({ due, i }) => due.map(({ closed, count }) => [i, count, closed]))).toEqual([
      [14, 10, false],
      [104, 100, false],
      [1_004, 1_000, false]
    ])
  })

  it("last ten seconds from their first error, to the millisecond", () => {
    const windows = new StormWindows()
    admit(windows, timeout, 1_000, 6)
    expect(windows.next()).toBe(11_000)
    expect(windows.close(10_999)).toEqual([])
    expect(admit(windows, timeout, 10_999)).toEqual({ inFull: false, due: [] })
    expect(admit(windows, timeout, 11_000)).toMatchObject({ inFull: true, due: [{ count: 2, closed: true }] })
    expect(windows.next()).toBe(undefined)
  })

  it("the sum is reported once, by the first caller", () => {
    const windows = new StormWindows()
    admit(windows, timeout, 0, 8)
    expect(windows.close(10_000)).toEqual([
      { code: "NETWORK_TIMEOUT", source: "rest", level: LogLevel.Warning, count: 3, closed: true }
    ])
    expect(windows.close(10_000)).toEqual([])
    expect(admit(windows, timeout, 10_000)).toEqual({ inFull: true, due: [] })
  })

  it("without held back errors there is no sum", () => {
    const windows = new StormWindows()
    admit(windows, timeout, 0, 5)
    expect(windows.next()).toBe(undefined)
    expect(windows.open()).toEqual([])
    expect(admit(windows, timeout, 10_000)).toEqual({ inFull: true, due: [] })
  })

  it("a reported count is not reported again", () => {
    const windows = new StormWindows()
    expect(admit(windows, timeout, 0, 15).due).toMatchObject([{ count: 10, closed: false }])
    expect(windows.next()).toBe(undefined)
    expect(admit(windows, timeout, 10_000)).toEqual({ inFull: true, due: [] })
  })

  it("an open window can be reported early, and once more if further errors came", () => {
    const windows = new StormWindows()
    admit(windows, timeout, 0, 8)
    expect(windows.open()).toMatchObject([{ count: 3, closed: false }])
    expect(windows.open()).toEqual([])
    admit(windows, timeout, 0, 2)
    expect(windows.close(10_000)).toMatchObject([{ count: 5, closed: true }])
  })

  it("the next sum is that of the window that ends first, among those that have one", () => {
    const windows = new StormWindows()
    admit(windows, from("quiet"), 0)
    admit(windows, from("a"), 100, 6)
    admit(windows, from("b"), 200, 6)
    expect(windows.next()).toBe(10_100)
    expect(windows.close(10_100)).toMatchObject([{ source: "a" }])
    expect(windows.next()).toBe(10_200)
  })

  it("codes, sources and levels have separate windows; each reports the sums that are due in others", () => {
    const windows = new StormWindows()
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
    const windows = new StormWindows()
    const inFull = (now: number) =>
      Array.from({ length: 10_000 }, (_, i) => admit(windows, from(`s${i}`), now)).filter((a) => a.inFull)
    expect(inFull(0).length).toBe(256 + 5)
    expect(admit(windows, from("s1"), 0).inFull).toBe(true)
    expect(admit(windows, timeout, 10_000).due).toMatchObject([{ code: "OTHER", count: 9_739, closed: true }])
    expect(inFull(30_000).length).toBe(256 + 5)
  })

  it("names are bounded: an error of one's own may have any", () => {
    const windows = new StormWindows()
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
        const windows = new StormWindows()
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

describe("errors of one code, source and level that say different things", () => {
  const api = (status: number, apiCode?: number, symbol?: string) =>
    new FetchError.ApiFormat({
      status,
      apiCode,
      message: `HTTP ${status} of request ${symbol}`,
      context: { source: "rest", symbol }
    })

  const flooded = () => {
    const windows = new StormWindows()
    for (let i = 0; i < 1_000; i++) admit(windows, api(503, undefined, `S${i}USDT`), 0)
    return windows
  }

  const rare: ReadonlyArray<readonly [string, FetchError.Trackable]> = [
    ["another status", api(418, undefined, "S1USDT")],
    ["another API code", api(503, -1121, "S1USDT")],
    ["another message", new FetchError.ApiFormat({ status: 503, message: "maintenance", context: { source: "rest" } })]
  ]
  it.each(rare)("%s gets a line in the middle of a storm over 1,000 symbols, once", (_, error) => {
    const windows = flooded()
    expect(admit(windows, error, 1).inFull).toBe(true)
    expect(admit(windows, error, 2).inFull).toBe(false)
  })

  it("another symbol gets a line, if few symbols have failed", () => {
    const windows = new StormWindows()
    admit(windows, api(503, undefined, "BTCUSDT"), 0, 1_000)
    expect(admit(windows, api(503, undefined, "ETHUSDT"), 1).inFull).toBe(true)
    expect(admit(windows, api(503, undefined, "ETHUSDT"), 1).inFull).toBe(false)
  })

  it("numbers, ids and instants make no difference", () => {
    const windows = new StormWindows()
    const lines = Array.from({ length: 1_000 }, (_, i) =>
      admit(
        windows,
        new FetchError.ApiFormat({
          status: 503,
          message: `Overloaded (id 7f${i}c-${i}, ${new Date(i * 1e9).toISOString()}, ${i} ms)`,
          context: { source: "rest" }
        }),
        0
      )).filter(({ inFull }) => inFull)
    expect(lines.length).toBe(5)
  })

  it("lines are few however much errors differ, and every error is a line or counted", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(FastCheck.record({ message: FastCheck.string(), symbol: FastCheck.string() }), {
          maxLength: 300
        }),
        (errors) => {
          const windows = new StormWindows()
          const answers = errors.map(({ message, symbol }) =>
            windows.admit(new FetchError.ApiFormat({ message, context: { source: "rest", symbol } }), LogLevel.Error, 0)
          )
          const full = answers.filter(({ inFull }) => inFull).length
          expect(full).toBeLessThanOrEqual(5 + 16 + 8)
          const sums = [...answers.flatMap(({ due }) => due), ...windows.close(10_000)]
          expect(full + (sums.at(-1)?.count ?? 0)).toBe(errors.length)
        }
      ),
      { numRuns: 50, seed: 7 }
    )
  })
})
