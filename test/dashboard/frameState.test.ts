import { describe, expect, it } from "@effect/vitest"
import { DateTime, Duration, FastCheck as fc, Option, Schema } from "effect"
import { Alert, type ErrorTracker } from "effect-errata"
import { encodeFrame, Frame } from "../../src/dashboard/internal/frameModel.js"
import { frameOf } from "../../src/dashboard/internal/frameState.js"
import { type BarRow, ranges, type Totals } from "../../src/dashboard/internal/minuteBars.js"
import type { Reads } from "../../src/dashboard/internal/trackerReads.js"

const at = Date.UTC(2026, 10, 30, 12, 45, 7)
const instant = (millis: number) => DateTime.unsafeMake(millis)
const minute = 60_000

const noTotals: Totals = { errors: {}, calls: 0, failures: 0 }

const bars = ({ step, steps }: { readonly step: number; readonly steps: number }): BarRow => ({
  step,
  start: Math.floor(at / step) * step - (steps - 1) * step,
  errors: {},
  calls: Array.from({ length: steps }, () => 0),
  failures: Array.from({ length: steps }, () => 0)
})

const nothing: Reads = {
  build: "build",
  name: "worker",
  detail: "pid 1",
  at,
  facts: new Map([
    ["NETWORK_TIMEOUT", { severity: "WARNING", category: "Network" }],
    ["DATA_EMPTY", { severity: "INFO", category: "Data" }],
    ["API_AUTH", { severity: "ERROR", category: "Api" }]
  ]),
  windows: { minute: noTotals, hour: noTotals, day: noTotals },
  isCalls: true,
  calls: { made: 0, recovered: 0, failed: 0, refused: 0 },
  attempts: 0,
  failedAttempts: 0,
  bars: { hour: bars(ranges.hour), sixHours: bars(ranges.sixHours), day: bars(ranges.day) },
  alerts: [],
  resolved: [],
  limits: [],
  budgets: [],
  policies: [],
  weights: [],
  latency: [],
  empty: { at: instant(at), window: Option.none(), expected: 0, unexpected: 0, rows: [] },
  recent: [],
  slow: { since: at - 3 * minute, dimensions: [], forecast: [], latencies: [] }
}

const counted = (errors: Readonly<Record<string, number>>): Totals => ({ ...noTotals, errors })

const inHour = (errors: Readonly<Record<string, number>>) => ({
  windows: { minute: noTotals, hour: counted(errors), day: counted(errors) }
})

const limit = (code: string, name: "minute" | "hour" | "day", limit: number) => ({
  code,
  window: name,
  duration: Duration.hours(1),
  limit,
  isRatio: false,
  rule: Option.none(),
  by: Option.none()
})

const fired = (fields: Partial<ConstructorParameters<typeof Alert.Fired>[0]> = {}) =>
  new Alert.Fired({
    id: "1",
    code: "NETWORK_TIMEOUT",
    window: "hour",
    limit: 10,
    count: 11,
    severity: "WARNING",
    at: instant(at - 41 * minute),
    ...fields
  })

const status = (
  amount: number,
  fields: Parameters<typeof fired>[0] = {},
  rest: Partial<ErrorTracker.AlertStatus> = {}
): ErrorTracker.AlertStatus => ({
  alert: fired(fields),
  since: instant(at - 41 * minute),
  amount,
  peak: amount,
  escalations: 0,
  trend: [],
  ...rest
})

const sentence = (reads: Partial<Reads>): string =>
  frameOf({ ...nothing, ...reads }).headline.sentence.map(({ text }) => text).join("")

const facts = (reads: Partial<Reads>): ReadonlyArray<string> =>
  frameOf({ ...nothing, ...reads }).headline.facts.map((fact) => fact.map(({ text }) => text).join(""))

describe("frameOf", () => {
  it("is JSON that decodes to the same frame, and the same for the same reads", () => {
    const frame = frameOf({ ...nothing, ...inHour({ NETWORK_TIMEOUT: 12 }), alerts: [status(24)] })
    const json = encodeFrame(frame)
    expect(JSON.parse(JSON.stringify(json))).toEqual(json)
    expect(Schema.decodeSync(Frame)(json)).toEqual(frame)
    expect(frameOf({ ...nothing, ...inHour({ NETWORK_TIMEOUT: 12 }), alerts: [status(24)] })).toEqual(frame)
  })

  describe("headline", () => {
    it.each<readonly [string, Partial<Reads>, string, string]>([
      ["nothing counted", {}, "ok", "No errors in the last hour."],
      [
        "calls without an error",
        { calls: { made: 12_431, recovered: 0, failed: 0, refused: 0 } },
        "ok",
        "No errors in the last hour. 12,431 calls, all successful."
      ],
      [
        "attempts without calls",
        { isCalls: false, attempts: 1 },
        "ok",
        "No errors in the last hour. 1 attempt, successful."
      ],
      [
        "errors within the limits",
        { ...inHour({ API_AUTH: 1 }), calls: { made: 1000, recovered: 0, failed: 1, refused: 0 } },
        "ok",
        "1 error in the last hour, no limit is exceeded. 99.9 % of 1,000 calls succeed."
      ],
      [
        "an alert",
        { ...inHour({ NETWORK_TIMEOUT: 24 }), alerts: [status(24)] },
        "warning",
        "NETWORK_TIMEOUT is at 2.4 times its hourly limit since 12:04."
      ],
      [
        "an alert of a custom limit",
        { alerts: [status(30, { window: "10 seconds" })] },
        "warning",
        `NETWORK_TIMEOUT is at 3.0 times its "10 seconds" limit since 12:04.`
      ],
      [
        "a rule on a failure rate",
        { alerts: [status(0.64, { rule: "Symbols", code: "*", by: "symbol", limit: 0.3, count: 16, attempts: 25 })] },
        "warning",
        "Symbols: 64.0 % fail, limit 30.0 %, since 12:04."
      ],
      [
        "an outage",
        {
          ...inHour({ NETWORK_TIMEOUT: 900, API_AUTH: 100 }),
          calls: { made: 1000, recovered: 0, failed: 300, refused: 661 },
          alerts: [status(900, {}, { since: instant(at - 38 * minute) })]
        },
        "error",
        "Almost every call fails: 1,000 errors in the last hour, most of them NETWORK_TIMEOUT. 1 limit is exceeded since 12:07."
      ],
      [
        "an outage without limits",
        { ...inHour({ API_AUTH: 60 }), calls: { made: 100, recovered: 0, failed: 60, refused: 0 } },
        "error",
        "Most calls fail: 60 errors in the last hour, most of them API_AUTH."
      ],
      [
        "few calls that all fail",
        { ...inHour({ API_AUTH: 3 }), calls: { made: 3, recovered: 0, failed: 3, refused: 0 } },
        "ok",
        "3 errors in the last hour, no limit is exceeded. 0 % of 3 calls succeed."
      ]
    ])("%s", (_, reads, level, text) => {
      expect(frameOf({ ...nothing, ...reads }).headline.level).toBe(level)
      expect(sentence(reads)).toBe(text)
      expect(facts(reads).length).toBeLessThanOrEqual(3)
    })

    it("names the next limit", () => {
      const forecast = (millis: number) => ({
        code: "NETWORK_TIMEOUT",
        window: "day",
        limit: 30,
        count: 24,
        probability: 0.9,
        earliest: instant(at),
        likely: instant(at + millis),
        latest: Option.none(),
        message: ""
      })
      const next = (millis: number) =>
        facts({ ...inHour({ NETWORK_TIMEOUT: 3 }), slow: { ...nothing.slow, forecast: [forecast(millis)] } }).at(-1)
      expect(next(25 * minute)).toBe("Next: NETWORK_TIMEOUT passes its daily limit in about 25 min")
      expect(next(20.4 * 60 * minute)).toBe("Next: NETWORK_TIMEOUT passes its daily limit in about 20 h")
      expect(next(5000)).toBe("Next: NETWORK_TIMEOUT passes its daily limit within a minute")
      expect(facts(inHour({ NETWORK_TIMEOUT: 3 }))).toEqual(["No limit is likely to be exceeded within a day"])
      // Without errors there is nothing to forecast.
      expect(facts({})).toEqual([])
      expect(facts({ slow: { ...nothing.slow, forecast: [forecast(minute)] } })).toEqual([])
    })
  })

  describe("alerts", () => {
    it("has one row for a code, led by the window furthest over its limit", () => {
      const alerts = [
        status(4, { id: "m", window: "minute", limit: 3 }),
        status(48, { id: "h", window: "hour", limit: 10 }, { trend: [1, 48], escalations: 2 }),
        status(61, { id: "d", window: "day", limit: 30 }),
        status(101, { id: "r", rule: "All", code: "*", window: "1h", limit: 100 })
      ]
      const rows = frameOf({ ...nothing, alerts }).alerts
      expect(rows.map(({ id, others, times, value }) => [id, value, times, others.map(({ window }) => window)]))
        .toEqual([
          ["h", 48, 4.8, ["day", "minute"]],
          ["r", 101, 1.01, []]
        ])
      expect(rows[0]).toMatchObject({ trend: [1, 48], escalations: 2 })
    })

    it("keeps the last that resolved, and those of the last hour", () => {
      const resolved = (ago: number) =>
        new Alert.Resolved({
          ...fired(),
          since: instant(at - ago - minute),
          at: instant(at - ago),
          duration: Duration.minutes(1),
          peak: 12
        })
      const rows = (...ago: ReadonlyArray<number>) =>
        frameOf({ ...nothing, resolved: ago.map((minutes) => resolved(minutes * minute)) }).resolved.length
      expect(rows(5, 30, 90, 200)).toBe(2)
      expect(rows(90, 200)).toBe(1)
      expect(rows()).toBe(0)
    })
  })

  it("has rows for codes with a limit or an error today, those nearest to a limit first", () => {
    const { codes, quietCodes } = frameOf({
      ...nothing,
      windows: {
        minute: noTotals,
        hour: counted({ API_AUTH: 90 }),
        day: counted({ API_AUTH: 90, NETWORK_TIMEOUT: 5 })
      },
      limits: [limit("NETWORK_TIMEOUT", "day", 10)]
    })
    expect(codes.map(({ code, counts, limits }) => [code, counts, limits])).toEqual([
      ["NETWORK_TIMEOUT", [0, 0, 5], [null, null, 10]],
      ["API_AUTH", [0, 90, 90], [null, null, null]]
    ])
    expect(quietCodes).toBe(1)
  })

  it("leaves out expected empties from the last errors", () => {
    const empty = {
      at: instant(at - minute),
      tag: "DataEmpty",
      code: "DATA_EMPTY",
      category: "Data",
      severity: "INFO" as const,
      message: "",
      context: {},
      expected: true,
      causes: []
    }
    const unexpected = { ...empty, at: instant(at - 2 * minute), expected: false }
    const { recent, recentTotal } = frameOf({
      ...nothing,
      ...inHour({ DATA_EMPTY: 1 }),
      recent: [empty, unexpected, empty]
    })
    expect(recent.map(({ at, count }) => [at, count])).toEqual([[unexpected.at, 1]])
    expect(recentTotal).toBe(1)
    expect(frameOf({ ...nothing, recent: [empty] }).recent).toEqual([])
  })

  it("puts like errors into one row, the newest first", () => {
    const error = (message: string, symbol: string, seconds: number) => ({
      at: instant(at - seconds * 1000),
      tag: "ApiFormat",
      code: "API_FORMAT",
      category: "Api",
      severity: "ERROR" as const,
      message,
      context: { symbol, source: "rest", attributes: { status: 503 } },
      expected: false,
      causes: ["BinanceError -1003", "x".repeat(2000)]
    })
    const { recent } = frameOf({
      ...nothing,
      recent: [
        error("HTTP 503 of BTCUSDT (GET http://a/b?symbol=BTCUSDT)", "BTCUSDT", 1),
        error("no JSON", "BTCUSDT", 2),
        error("HTTP 502 of ETHUSDT (GET http://a/c)", "ETHUSDT", 3)
      ]
    })
    expect(recent.map(({ about, count, message }) => [message, about, count])).toEqual([
      ["HTTP 503 of BTCUSDT (GET http://a/b?symbol=BTCUSDT)", "2 symbols · rest", 2],
      ["no JSON", "BTCUSDT · rest", 1]
    ])
    expect(recent[0]?.context).toEqual([["symbol", "BTCUSDT"], ["source", "rest"], ["status", "503"]])
    expect(recent[0]?.causes.map(({ length }) => length)).toEqual([18, 1000])
  })

  it.each([
    [
      "symbol",
      [2, 0, 0, 0, 0, 0, 0, 3, 5, 10],
      undefined,
      "No symbol stands out: 18 of 20 symbols fail more often than not. Look at the hosts, not at the symbols"
    ],
    [
      "source",
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 12],
      undefined,
      "No source stands out: 12 of 12 sources fail more often than not"
    ],
    ["symbol", [15, 0, 0, 0, 0, 0, 0, 0, 0, 5], undefined, null],
    ["symbol", [0, 0, 0, 0, 0, 0, 0, 0, 0, 3], undefined, null],
    ["symbol", [2, 0, 0, 0, 0, 0, 0, 3, 5, 10], "symbol A: 90 % of 100 errors", "symbol A: 90 % of 100 errors"]
  ])("says of %s that fail by %j what they have in common", (name, histogram, message, expected) => {
    const values = histogram.reduce((sum, n) => sum + n, 0)
    const worst = { rows: [], errorRatio: Option.none(), values, leftOut: 0, histogram }
    const frame = frameOf({ ...nothing, slow: { ...nothing.slow, dimensions: [{ name, worst, message }] } })
    expect(frame.worst.map(({ message }) => message)).toEqual([expected])
  })

  it("has the objective whose budget is nearest to its end", () => {
    const budget = (name: string, left: number, by: Option.Option<string> = Option.none()) => ({
      name,
      objective: 0.999,
      of: "calls" as const,
      by,
      value: by,
      events: 1000,
      failures: 1,
      allowed: 1,
      left,
      burnRate: Option.some(5.1),
      exhaustedIn: Option.some(Duration.hours(2)),
      message: ""
    })
    const { calls } = frameOf({
      ...nothing,
      budgets: [budget("a", 0.5), budget("b", 0.32), budget("c", 0, Option.some("symbol"))]
    })
    expect(calls.objective).toEqual({ name: "b", target: 0.999, budget: 0.32, burn: 5.1, exhaustedIn: 7_200_000 })
    // An objective without calls has met nothing yet.
    const unused = { ...budget("d", 1), events: 0, failures: 0 }
    expect(frameOf({ ...nothing, budgets: [unused] }).calls.objective).toBeNull()
    expect(frameOf(nothing).calls.objective).toBeNull()
  })

  it("has the state of each policy, with names of their own", () => {
    const none = Option.none()
    const state = {
      name: Option.some("rest"),
      source: Option.some("rest"),
      circuit: "closed" as const,
      openFor: none,
      probeIn: none,
      attempts: 120,
      failures: 2,
      gate: none,
      waiting: 0,
      budget: Option.some(37),
      budgetSize: Option.some(100),
      reason: none
    }
    const open = {
      ...state,
      circuit: "open" as const,
      openFor: Option.some(Duration.seconds(90)),
      probeIn: Option.some(Duration.seconds(52)),
      gate: Option.some(Duration.seconds(102)),
      waiting: 6,
      budget: none,
      budgetSize: none,
      reason: Option.some("HTTP 503")
    }
    const { guards, headline } = frameOf({
      ...nothing,
      policies: [state, open, { ...state, name: none, source: none }]
    })
    expect(guards).toEqual({
      circuits: [
        { name: "rest", state: "closed", detail: "2 of the last 120 attempts failed", probeAt: null },
        { name: "rest (2)", state: "open", detail: "for 1 min: HTTP 503", probeAt: instant(at + 52_000) },
        { name: "policy", state: "closed", detail: "2 of the last 120 attempts failed", probeAt: null }
      ],
      gates: [{ name: "rest (2)", until: instant(at + 102_000), detail: "6 calls wait" }],
      budgets: [{ name: "rest", left: 37, capacity: 100 }, { name: "policy", left: 37, capacity: 100 }],
      weights: []
    })
    expect(headline.level).toBe("warning")
    expect(headline.sentence[0]?.text).toBe("No errors in the last hour. 2 circuits closed, 1 open.")
    expect(frameOf(nothing).guards).toBeNull()
  })

  it("shows request weights, also without policies", () => {
    const { guards } = frameOf({ ...nothing, weights: [{ host: "api.binance.com", used: 4812, limit: 6000 }] })
    expect(guards?.weights).toEqual([{ name: "api.binance.com", used: 4812, limit: 6000 }])
    expect(guards?.circuits).toEqual([])
  })

  it("has the durations of each dimension that has some, those of sources first, with at most 32 rows", () => {
    const row = (value: string, millis: number) => ({
      value,
      count: 1,
      p50: Duration.millis(millis),
      p90: Duration.millis(millis),
      p99: Duration.millis(millis),
      max: Duration.millis(millis)
    })
    const { latency } = frameOf({
      ...nothing,
      latency: [row("rest", 20)],
      slow: {
        ...nothing.slow,
        latencies: [
          { name: "endpoint", rows: Array.from({ length: 40 }, (_, i) => row(`/${i}`, 100 - i)) },
          { name: "market", rows: [] }
        ]
      }
    })
    expect(latency.map(({ dimension, rows, total }) => [dimension, rows.length, total])).toEqual([
      ["source", 1, 1],
      ["endpoint", 32, 40]
    ])
    expect(latency[1]?.rows[0]).toEqual({ value: "/0", count: 1, p50: 100, p90: 100, p99: 100 })
    expect(frameOf(nothing).latency).toEqual([])
  })

  it("makes a frame of any numbers", () => {
    const count = fc.nat({ max: 2_000_000 })
    fc.assert(
      fc.property(count, count, count, count, count, (made, recovered, failed, refused, errors) => {
        const frame = frameOf({
          ...nothing,
          ...inHour({ NETWORK_TIMEOUT: errors }),
          calls: { made: made + recovered + failed + refused, recovered, failed, refused },
          alerts: [status(24)]
        })
        const text = JSON.stringify(encodeFrame(frame))
        expect(text).not.toMatch(/NaN|Infinity|undefined/)
        const { direct } = frame.calls
        expect(direct + recovered + failed + refused).toBe(frame.calls.made)
      }),
      { seed: 7, numRuns: 200 }
    )
  })
})
