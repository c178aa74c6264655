import { FetchHttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Layer, Stream } from "effect"
import { ErrorTracker } from "effect-errata"
import { BinanceRest } from "effect-errata/binance"
import { FaultyExchange, LogCapture } from "effect-errata/testing"
import { spawn } from "node:child_process"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Demo from "../../examples/job/Demo.js"
import * as Job from "../../examples/job/Job.js"
import * as Report from "../../examples/job/Report.js"
import { Screen } from "../../examples/job/Screen.js"

const silent = Layer.succeed(Screen, { line: () => Effect.void, progress: () => Effect.void })

const exchange = Layer.unwrapEffect(
  Effect.map(
    FaultyExchange.FaultyExchange,
    ({ baseUrls }) => BinanceRest.layer({ baseUrls, timeout: Demo.pageTimeout })
  )
).pipe(Layer.provide(FaultyExchange.layer(Demo.exchange)), Layer.provide(FetchHttpClient.layer))

interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const run = (...args: ReadonlyArray<string>): Promise<Run> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", "tsx", "examples/main.ts", ...args], { stdio: "pipe" })
    let stdout = ""
    let stderr = ""
    child.stdout.on("data", (chunk) => stdout += String(chunk))
    child.stderr.on("data", (chunk) => stderr += String(chunk))
    child.on("error", reject)
    child.on("close", (code) => resolve({ code, stdout, stderr }))
  })

describe("the main job", () => {
  it.live("every series ends as the plan has it, and the report tells", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const alerts = yield* Effect.fork(
        Stream.runCollect(Stream.takeUntil(tracker.alerts, ({ _tag }) => _tag === "Resolved"))
      )
      const series = yield* Job.run(Demo.requests.map((request): Job.Series => [request]))
      const edges = Chunk.toReadonlyArray(yield* Fiber.join(alerts))
      const report = yield* Report.make({ from: "the test", seconds: 1, series, ignored: [], alerts: edges })

      expect(report.series.map((s) => [s.market, s.symbol, s.interval, s.outcome, s.rows])).toEqual([
        ["FUTURES_USDT", "BTCUSDT", "1h", "complete", 366 * 24],
        ["SPOT", "BTCUSDT", "1h", "complete", 366 * 24],
        ["SPOT", "BTCUSDT", "1m", "incomplete", 7 * 1440 + 30],
        ["SPOT", "ETHUSDT", "1h", "incomplete", 29 * 24 - 3],
        ["SPOT", "JUPUSDT", "1d", "incomplete", 30],
        ["SPOT", "SOLUSDT", "15m", "failed", 0],
        ["SPOT", "SOLUSDT", "1d", "empty", 0],
        ["SPOT", "BNBUSDT", "1d", "empty", 0],
        ["FUTURES_COIN", "BTCUSD_PERP", "1h", "complete", 366 * 24],
        ["FUTURES_COIN", "ETHUSD_PERP", "1M", "complete", 42],
        ["FUTURES_COIN", "ETHUSD_PERP", "4h", "failed", 0],
        ["FUTURES_COIN", "ETHUSD_PERP", "1w", "failed", 0],
        ["FUTURES_USDT", "ETHUSDT", "5m", "complete", 29 * 288],
        ["FUTURES_USDT", "DODOUSDT", "1h", "failed", 0],
        ["SPOT", "NOSUCHUSDT", "1h", "failed", 0],
        ["FUTURES_COIN", "BTCUSDT", "1h", "refused", 0],
        ["FUTURES_USDT", "ethusdt", "1s", "refused", 0]
      ])
      const tries = report.series.reduce((sum, { attempts }) => sum + attempts, 0)
      const withRows = report.series.filter(({ rows }) => rows > 0).length
      expect(report.total).toBe(tries - withRows)
      expect(report.attempts).toBe(tries)
      expect(report.errors.map(({ code }) => code)).toEqual(
        expect.arrayContaining(["NETWORK_CONNECTION", "NETWORK_TIMEOUT", "API_RATE_LIMIT", "DATA_TRANSFORMATION"])
      )
      expect(report.alerts.map(({ edge }) => edge)).toEqual(expect.arrayContaining(["fired", "resolved"]))
      expect(Report.render(report)).toContain("45579 rows (5 complete, 3 incomplete, 5 failed, 2 empty, 2 refused)")
    }).pipe(
      Effect.provide([exchange, ErrorTracker.layer(Demo.tracker), silent]),
      Effect.provide(LogCapture.layer)
    ), 30_000)

  it("bad options get the usage and exit code 2", async () => {
    const runs = await Promise.all([run("--bad"), run("--data", "/no/such")])
    for (const { code, stderr, stdout } of runs) {
      expect([code, stdout]).toEqual([2, ""])
      expect(stderr).toContain("Usage: npm start -- [options]")
    }
    expect(runs[0].stderr).toContain("--bad")
    expect(runs[1].stderr).toContain("/no/such")
  }, 30_000)

  it("recorded answers: what is usable is served, merged and fetched, what is not is named", async () => {
    const directory = await mkdtemp(join(tmpdir(), "recorded-"))
    const hour = 3_600_000
    const row = (open: number) => [open, "1.0", "2.0", "0.5", "1.5", "10", open + hour - 1, "15", 3, "4", "6", "0"]
    const from = Date.UTC(2024, 0, 1)
    const answer = (...opens: ReadonlyArray<number>) => ({
      market: "spot",
      request: { symbol: "ABCUSDT", interval: "1h" },
      status: 200,
      body: opens.map((i) => row(from + i * hour))
    })
    try {
      await mkdir(join(directory, "rest"))
      await Promise.all(
        Object.entries({
          "a.json": JSON.stringify(answer(0, 1, 2, 3)),
          "b.json": JSON.stringify(answer(2, 3, 5)),
          "c.json": "{",
          "d.json": JSON.stringify({ ...answer(), status: 400, body: { code: -1121, msg: "Invalid symbol." } })
        }).map(([file, text]) => writeFile(join(directory, "rest", file), text))
      )
      const { code, stderr, stdout } = await run("--data", directory, "--json")
      expect({ code, bar: stderr.includes("\u001b") }).toEqual({ code: 0, bar: false })
      const report: Report.Report = JSON.parse(stdout)
      expect(report.series).toEqual([{
        market: "SPOT",
        symbol: "ABCUSDT",
        interval: "1h",
        from: "2024-01-01T00:00:00.000Z",
        to: "2024-01-01T06:00:00.000Z",
        outcome: "incomplete",
        rows: 5,
        attempts: 1,
        note: "source_gap",
        missing: [{ start: "2024-01-01T04:00:00.000Z", end: "2024-01-01T05:00:00.000Z", reason: "source_gap" }]
      }])
      expect(report.ignored.map(({ file }) => file)).toEqual(["c.json", "d.json"])
    } finally {
      await rm(directory, { recursive: true })
    }
  }, 30_000)
})
