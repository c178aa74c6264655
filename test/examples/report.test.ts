import { describe, expect, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as Colour from "../../examples/job/Colour.js"
import * as Report from "../../examples/job/Report.js"
import { sparkline } from "../../examples/job/Sparkline.js"

const outcome = {
  market: "FUTURES_USDT",
  symbol: "BTCUSDT",
  interval: "1h",
  from: "2024-02-23T00:00:00.000Z",
  to: "2024-03-01T00:00:00.000Z",
  outcome: "incomplete" as const,
  rows: 168,
  rowsBySource: { cache: 0, vision: 144, rest: 24 },
  failures: 2,
  note: "source_gap",
  missing: [{ start: "2024-02-25T02:00:00.000Z", end: "2024-02-25T05:00:00.000Z", reason: "source_gap" }]
}

const row = (code: string, severity: string, lastHour: ReadonlyArray<number>) => ({
  code,
  severity,
  minute: lastHour.at(-1) ?? 0,
  hour: lastHour.reduce((sum, n) => sum + n, 0),
  day: 1234,
  lastHour
})

const hour = Array.from({ length: 60 }, (_, i) => i % 8)

const report: Report.Report = {
  from: "a simulated exchange with faults",
  runs: [Report.runOf(12.3, [outcome]), Report.runOf(0.4, [outcome])],
  ignored: [{ file: "BTCUSDT-1h-2024-02-25.zip", reason: "the checksum does not fit" }],
  errors: [
    row("NETWORK_CONNECTION", "ERROR", hour),
    row("API_RATE_LIMIT", "WARNING", []),
    row("DATA_EMPTY", "INFO", [])
  ],
  total: 3702,
  expected: 4,
  withSource: 12,
  attempts: 9000,
  errorRatio: 0.15,
  calls: { made: 40, recovered: 3, failed: 2, refused: 1 },
  retry: { retries: 5, giveUps: 1, gateWaits: 2, refusals: 1, openCircuits: 1 },
  alerts: [
    {
      at: "2024-03-01T00:30:05.000Z",
      edge: "fired",
      message: "THRESHOLD EXCEEDED: NETWORK_CONNECTION occurred 3 times"
    },
    { at: "2024-03-01T00:30:19.000Z", edge: "resolved", message: "THRESHOLD RESOLVED: NETWORK_CONNECTION is down to 2" }
  ],
  sources: [{ value: "rest", errors: 12, attempts: 244, errorRatio: 0.05, p50: 41, p99: 3000 }],
  worst: { symbol: [{ value: "BTCUSDT", errors: 12, attempts: 100, errorRatio: 0.12 }], market: [] },
  empty: [{ reason: "source_gap", source: "vision", expected: 4, unexpected: 0 }],
  insight: {
    remarkable: ["symbol BTCUSDT stands out"],
    forecast: ["NETWORK_DNS: 64 of 120 (hour), exceeded in about 25 minutes"],
    timeouts: ["rest: 3 seconds"]
  }
}

const lines = (width: number) => Report.render(report, width).split("\n")

describe("report", () => {
  it.each([32, 40, 41, 60, 80, 132])("fits %i columns, and names every code", (width) => {
    expect(Math.max(...lines(width).map(({ length }) => length))).toBeLessThanOrEqual(width)
    for (const { code } of report.errors) expect(Report.render(report, width)).toContain(code)
  })

  it("has a sparkline of the last hour at 80 columns, a longer one where there is room, and none at 40", () => {
    const chart = (width: number) => lines(width).find((line) => /ERROR +NETWORK/.test(line))?.match(/[▁-█]+/)?.[0]
    expect(chart(80)).toHaveLength(20)
    expect(chart(132)).toBe("▁▂▃▄▅▆▇█".repeat(8).slice(0, 60))
    expect(chart(40)).toBeUndefined()
  })

  it("writes wide tables as sentences at 40 columns", () => {
    expect(Report.render(report, 40)).toContain("  first: seconds 12.3, rows 168, cache")
    expect(Report.render(report, 80)).not.toContain("first: seconds")
  })

  it("has colours on a terminal only", () => {
    expect(Colour.isWanted({ isTTY: true }, {})).toBe(true)
    expect(Colour.isWanted({ isTTY: true }, { NO_COLOR: "" })).toBe(true)
    expect(Colour.isWanted({ isTTY: true }, { NO_COLOR: "1" })).toBe(false)
    expect(Colour.isWanted({ isTTY: true }, { TERM: "dumb" })).toBe(false)
    expect(Colour.isWanted({ isTTY: false }, {})).toBe(false)
    expect(Colour.isWanted({}, {})).toBe(false)
  })

  it("is the same text with colours, apart from these", () => {
    for (const width of [40, 80]) {
      const text = Report.render(report, width)
      expect(text).not.toContain("\u001b")
      const coloured = Colour.coloured(text)
      // oxlint-disable-next-line no-control-regex -- colours begin with a control character
      expect(coloured.replace(/\u001b\[\d+m/g, "")).toBe(text)
      expect(coloured).toContain("\u001b[31mERROR\u001b[0m")
      expect(coloured).toContain("\u001b[31mfired:\u001b[0m")
      expect(coloured).toContain("\u001b[1mAlerts\u001b[0m")
    }
  })
})

describe("sparkline", () => {
  it.each([
    [[], 10, ""],
    [[0, 0, 0], 10, "▁▁▁"],
    [[1, 2, 4, 8], 10, "▂▂▄█"],
    [[1, 1, 0, 0], 2, "█▁"],
    [[0, 1_000_000], 10, "▁█"],
    [[1, 1_000_000], 10, "▂█"]
  ])("of %j in %i columns is %s", (counts, columns, text) => {
    expect(sparkline(counts, columns)).toBe(text)
  })

  it("is never wider than its columns, and shows every event", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 80 }), fc.integer({ min: 1, max: 60 }), (counts, columns) => {
        const text = sparkline(counts, columns)
        expect(text.length).toBeLessThanOrEqual(columns)
        expect(/[▂-█]/.test(text)).toBe(counts.some((count) => count > 0))
      }),
      { seed: 7, numRuns: 200 }
    )
  })
})
