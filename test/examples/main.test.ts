import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Ref, Stream } from "effect"
import { type Alert, ErrorTracker } from "effect-errata"
import { DataSourceManager } from "effect-errata/binance"
import { LogCapture } from "effect-errata/testing"
import { spawn } from "node:child_process"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { clockFrom } from "../../examples/job/ClockFrom.js"
import * as Demo from "../../examples/job/Demo.js"
import * as Job from "../../examples/job/Job.js"
import * as Report from "../../examples/job/Report.js"
import { Screen } from "../../examples/job/Screen.js"
import { bundleProgram, sourceAlias } from "../bundleProgram.js"

const silent = Layer.succeed(Screen, { line: () => Effect.void, progress: () => Effect.void })

const sources = DataSourceManager.layer().pipe(
  Layer.provide([Demo.layer(Demo.exchange, Demo.patience), Demo.cache]),
  Layer.provideMerge(ErrorTracker.layer(Demo.tracker)),
  Layer.provideMerge(Layer.merge(silent, LogCapture.layer))
)

let folder = ""
const program = () => join(folder, "main.mjs")

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "effect-errata-main-"))
  bundleProgram(new URL("../../examples/main.ts", import.meta.url), program(), sourceAlias)
})

afterAll(() => rm(folder, { recursive: true, force: true }))

interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Both in the order of writing. */
  readonly both: string
}

const run = (...args: ReadonlyArray<string>): Promise<Run> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program(), ...args], {
      stdio: "pipe",
      env: { ...process.env, NO_COLOR: "1", COLUMNS: "80" }
    })
    let stdout = ""
    let stderr = ""
    let both = ""
    child.stdout.on("data", (chunk) => both += String(chunk))
    child.stderr.on("data", (chunk) => both += String(chunk))
    child.stdout.on("data", (chunk) => stdout += String(chunk))
    child.stderr.on("data", (chunk) => stderr += String(chunk))
    child.on("error", reject)
    child.on("close", (code) => resolve({ code, stdout, stderr, both }))
  })

describe("the main job", () => {
  it.live("every series ends as the plan has it, and the report adds up", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const alerts = yield* Ref.make<ReadonlyArray<Alert.Alert>>([])
      yield* Effect.fork(Stream.runForEach(tracker.alerts, (alert) => Ref.update(alerts, (all) => [...all, alert])))
      const run = Effect.map(Job.run(Demo.requests), (series) => Report.runOf(1, series))
      const runs = [yield* run, yield* run]
      const report = yield* Report.make({ from: "the test", runs, ignored: [], alerts: yield* Ref.get(alerts) })

      const [first, second] = runs
      const table = first?.series.map((s) => [
        s.market,
        s.symbol,
        s.interval,
        s.outcome,
        s.rowsBySource.vision,
        s.rowsBySource.rest
      ])
      expect(table).toEqual([
        ["FUTURES_USDT", "BTCUSDT", "1h", "complete", 6 * 24, 24],
        // The month is corrupt: its days stand in for it.
        ["SPOT", "BTCUSDT", "1h", "complete", 38 * 24, 0],
        ["SPOT", "BTCUSDT", "1m", "incomplete", 6 * 1440, 1440 + 30],
        ["SPOT", "ETHUSDT", "1h", "incomplete", 6 * 24 - 3, 24],
        ["SPOT", "JUPUSDT", "1d", "incomplete", 8, 0],
        // Of a page with a malformed row, the others are kept.
        ["SPOT", "SOLUSDT", "15m", "incomplete", 6 * 96, 96 + 2 - 1],
        ["SPOT", "SOLUSDT", "1d", "empty", 0, 0],
        ["SPOT", "BNBUSDT", "1d", "empty", 0, 0],
        ["FUTURES_COIN", "BTCUSD_PERP", "1h", "complete", 7 * 24, 31 * 24],
        ["FUTURES_COIN", "ETHUSD_PERP", "1M", "complete", 4, 2],
        ["FUTURES_COIN", "ETHUSD_PERP", "4h", "failed", 0, 0],
        ["FUTURES_COIN", "ETHUSD_PERP", "1w", "incomplete", 5, 0],
        ["FUTURES_USDT", "ETHUSDT", "5m", "incomplete", 5 * 288, 2 * 288 + 6],
        ["FUTURES_USDT", "DODOUSDT", "1h", "failed", 0, 0],
        ["SPOT", "NOSUCHUSDT", "1h", "failed", 0, 0],
        ["FUTURES_COIN", "BTCUSDT", "1h", "refused", 0, 0],
        ["FUTURES_USDT", "ethusdt", "1s", "refused", 0, 0]
      ])
      // What is kept is whole: half an hour of today, and a week of a month of days, are asked for again.
      expect(second?.rowsBySource).toEqual({ cache: 14_820, vision: 28, rest: 133 })
      expect(second?.series.map(({ outcome, rows }) => [outcome, rows])).toEqual(
        first?.series.map(({ outcome, rows }) => [outcome, rows])
      )
      expect(report.errors.map(({ code }) => code)).toEqual(expect.arrayContaining([
        "NETWORK_CONNECTION",
        "NETWORK_TIMEOUT",
        "API_RATE_LIMIT",
        "API_PERMISSION",
        "DATA_INTEGRITY",
        "DATA_TRANSFORMATION",
        "DATA_VALIDATION"
      ]))
      expect(report.sources.map(({ value }) => value).sort()).toEqual(["cache", "rest", "vision"])
      expect(report.alerts.map(({ edge }) => edge)).toContain("fired")
      const page = Report.render(report)
      expect(page).toContain("The first run: 4 complete, 6 incomplete, 2 empty, 3 failed, 2 refused")
      expect(page).toContain("By symbol: most errors")
      for (const width of [60, 80, 100]) {
        const longest = Math.max(...Report.render(report, width).split("\n").map((line) => line.length))
        expect(longest, `a page of ${width} columns`).toBeLessThanOrEqual(width)
      }

      // What the page adds up, and what it gives a percentage of.
      const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((total, n) => total + n, 0)
      expect(sum(report.errors.map(({ day }) => day))).toBe(report.total)
      expect(page).toMatch(new RegExp(` all +total +\\d+ +\\d+ +${report.total}\n`))
      expect(sum(report.sources.map(({ errors }) => errors))).toBe(report.withSource)
      expect(page).toContain(`By source: ${report.withSource} of ${report.total} errors have one`)
      expect(report.errorRatio).toBeCloseTo((report.total - report.expected) / report.attempts, 10)
      expect(sum(report.empty.map(({ expected }) => expected))).toBe(report.expected)
      expect(page).toContain(` of ${report.withSource} errors, at least`)
      for (const { rows, rowsBySource: { cache, rest, vision } } of first?.series ?? []) {
        expect(cache + rest + vision).toBe(rows)
      }
      expect(report.retry.retries).toBeGreaterThan(5)
      expect(page).toContain(`${report.retry.retries} retries`)
      const { failed, made, recovered, refused } = report.calls
      expect(recovered, "calls that were retried").toBeGreaterThan(0)
      expect(recovered + failed + refused).toBeLessThan(made)
      expect(page).toContain(
        `  ${made} calls: ${recovered} recovered by a retry, ${failed} failed, ${refused} not sent\n`
      )
    }).pipe(
      Effect.provide(sources),
      // What is around the job goes by its clock, too.
      (job) => Effect.flatMap(clockFrom(Demo.now), (clock) => Effect.withClock(job, clock))
    ), 60_000)

  it("bad options get the usage and exit code 2", async () => {
    const runs = await Promise.all([run("--bad"), run("--data", "/no/such")])
    for (const { code, stderr, stdout } of runs) {
      expect([code, stdout]).toEqual([2, ""])
      expect(stderr).toContain("Usage: npm start -- [options]")
    }
    expect(runs[0].stderr).toContain("Unknown option '--bad'.\n")
    expect(runs[1].stderr).toContain("/no/such")
  }, 30_000)

  it("a misspelt option names the right one, and the usage fits 80 columns", async () => {
    const [misspelt, help] = await Promise.all([run("--jsno"), run("--help")])
    expect(misspelt.stderr).toContain("Unknown option '--jsno'. Did you mean --json?")
    expect(help).toMatchObject({ code: 0, stderr: "" })
    expect(help.stdout).toContain("npm start --silent -- --json | jq")
    expect(Math.max(...help.stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80)
  }, 30_000)

  it("serves the live page with --dashboard until it is ended", async () => {
    const child = spawn(process.execPath, [program(), "--dashboard"], { stdio: "pipe" })
    const ended = new Promise((resolve) => child.on("close", resolve))
    try {
      const url = await new Promise<string>((resolve, reject) => {
        let text = ""
        child.stdout.on("data", (chunk) => {
          text += String(chunk)
          const found = /^Live page: (http:\/\/127\.0\.0\.1:\d+\/)$/m.exec(text)?.[1]
          if (found !== undefined) resolve(found)
        })
        child.on("close", () => reject(new Error(text)))
      })
      const frame = await (await fetch(`${url}api/frame`)).json()
      expect(frame.headline.sentence[0].text).not.toBe("")
    } finally {
      child.kill("SIGINT")
      await ended
    }
  })

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
      expect(report.runs[0]?.series).toEqual([{
        market: "SPOT",
        symbol: "ABCUSDT",
        interval: "1h",
        from: "2024-01-01T00:00:00.000Z",
        to: "2024-01-01T06:00:00.000Z",
        outcome: "incomplete",
        rows: 5,
        rowsBySource: { cache: 0, vision: 0, rest: 5 },
        failures: 0,
        note: "source_gap",
        missing: [{ start: "2024-01-01T04:00:00.000Z", end: "2024-01-01T05:00:00.000Z", reason: "source_gap" }]
      }])
      expect(report.ignored.map(({ file }) => file)).toEqual(["rest/c.json", "rest/d.json"])
    } finally {
      await rm(directory, { recursive: true })
    }
  }, 30_000)

  it("recordings without candles give exit code 1; nothing follows the report", async () => {
    const directory = await mkdtemp(join(tmpdir(), "recorded-"))
    try {
      await mkdir(join(directory, "rest"))
      const text = JSON.stringify({
        market: "spot",
        request: { symbol: "ABCUSDT", interval: "1h", startTime: Date.UTC(2024, 0, 1), endTime: Date.UTC(2024, 0, 2) },
        status: 200,
        body: []
      })
      await writeFile(join(directory, "rest", "a.json"), text)
      const { both, code, stdout } = await run("--data", directory)
      expect(code).toBe(1)
      expect(stdout).toContain("0 series from")
      expect(both.endsWith(stdout)).toBe(true)
      expect(both).not.toContain("\u001b")
      expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80)
    } finally {
      await rm(directory, { recursive: true })
    }
  }, 30_000)
})
