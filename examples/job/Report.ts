/** What the main job tells in the end: as one document for programs, as a page for people. */
import { Array as Arr, DateTime, Duration, Effect, Option, Order } from "effect"
import { type Alert, ErrorTracker, Insight } from "effect-errata"
import type { Klines } from "effect-errata/binance"
import type { Outcome } from "./Job.js"

export interface Report {
  readonly from: string
  readonly runs: ReadonlyArray<Run>
  readonly ignored: ReadonlyArray<{ readonly file: string; readonly reason: string }>
  readonly errors: ReadonlyArray<{
    readonly code: string
    readonly severity: string
    readonly minute: number
    readonly hour: number
    readonly day: number
  }>
  readonly total: number
  readonly attempts: number
  readonly errorRatio: number | null
  /** What became of failed attempts. */
  readonly retry: ErrorTracker.RetryCounts
  readonly alerts: ReadonlyArray<{ readonly at: string; readonly edge: string; readonly message: string }>
  /** In milliseconds where it is about time; `null` where nothing succeeded. */
  readonly sources: ReadonlyArray<Failing & { readonly p50: number | null; readonly p99: number | null }>
  readonly worst: Readonly<Record<"symbol" | "market", ReadonlyArray<Failing>>>
  readonly empty: ReadonlyArray<{
    readonly reason: string
    readonly source: string
    readonly expected: number
    readonly unexpected: number
  }>
  /** In words: what is not normal, which limits will be exceeded, which timeouts would fit. */
  readonly insight: Readonly<Record<"remarkable" | "forecast" | "timeouts", ReadonlyArray<string>>>
}

export interface Run {
  readonly seconds: number
  readonly rowsBySource: Readonly<Record<Klines.Source, number>>
  readonly series: ReadonlyArray<Outcome>
}

interface Failing {
  readonly value: string
  readonly errors: number
  readonly attempts: number
  readonly errorRatio: number | null
}

export const runOf = (seconds: number, series: ReadonlyArray<Outcome>): Run => ({
  seconds,
  rowsBySource: series.reduce(
    (sum, { rowsBySource: { cache, rest, vision } }) => ({
      cache: sum.cache + cache,
      vision: sum.vision + vision,
      rest: sum.rest + rest
    }),
    { cache: 0, vision: 0, rest: 0 }
  ),
  series
})

export const make = (job: {
  readonly from: string
  readonly runs: ReadonlyArray<Run>
  readonly ignored: Report["ignored"]
  readonly alerts: ReadonlyArray<Alert.Alert>
}): Effect.Effect<Report, never, ErrorTracker.ErrorTracker> =>
  Effect.gen(function*() {
    const tracker = yield* ErrorTracker.ErrorTracker
    const { attempts, byCode, errorRatio, retry, total } = yield* tracker.stats()
    const rates = yield* tracker.rates
    const failing = (by: "symbol" | "market" | "source") =>
      Effect.map(tracker.breakdown({ by, limit: 5 }), (rows) =>
        rows.map(({ attempts, count, errorRatio, value }): Failing => ({
          value,
          errors: count,
          attempts,
          errorRatio: Option.getOrNull(errorRatio)
        })))
    const worst = (by: "symbol" | "market") =>
      Effect.map(
        failing(by),
        Arr.filter(({ errors }) =>
          errors > 0
        )
      )
    const latencies = yield* tracker.latency()
    const snapshot = yield* tracker.snapshot
    return {
      from: job.from,
      runs: job.runs,
      ignored: job.ignored,
      errors: Object.entries(byCode).map(([code, { severity }]) => ({
        code,
        severity,
        minute: rates.minute[code] ?? 0,
        hour: rates.hour[code] ?? 0,
        day: rates.day[code] ?? 0
      })).sort(Order.mapInput(Order.reverse(Order.number), ({ day }) => day)),
      total,
      attempts,
      errorRatio: Option.getOrNull(errorRatio),
      retry,
      alerts: job.alerts.flatMap((alert) =>
        alert._tag === "Missed" ? [] : [{
          at: DateTime.formatIso(alert.at),
          edge: alert._tag.toLowerCase(),
          message: alert.message
        }]
      ),
      sources: (yield* failing("source")).map((row) => {
        const latency = latencies.find(({ source }) => source === row.value)
        return {
          ...row,
          p50: latency === undefined ? null : Duration.toMillis(latency.p50),
          p99: latency === undefined ? null : Duration.toMillis(latency.p99)
        }
      }),
      worst: { symbol: yield* worst("symbol"), market: yield* worst("market") },
      empty: (yield* tracker.emptyData()).rows,
      insight: {
        remarkable: [...Insight.anomalies(snapshot), ...Insight.offenders(snapshot)].map(({ message }) => message),
        forecast: Insight.forecast(snapshot).map(({ message }) => message),
        timeouts: Insight.suggestTimeout(snapshot).filter(({ timeout }) => Option.isSome(timeout)).map(({ message }) =>
          message
        )
      }
    }
  })

// ---------------------------------------------------------------------------------------------------------------------
// as a page
// ---------------------------------------------------------------------------------------------------------------------

export const render = (report: Report): string => {
  const series = report.runs[0]?.series ?? []
  return [
    `${
      count(series.length, "series", "series")
    } from ${report.from}; the second run finds in the cache what the first kept`,
    table(
      ["run", "seconds", "rows", "from cache", "archive", "REST", "outcomes"],
      report.runs.map(({ rowsBySource: { cache, rest, vision }, seconds, series }, i) => [
        i === 0 ? "first" : "second",
        Number(seconds.toFixed(1)),
        cache + vision + rest,
        cache,
        vision,
        rest,
        outcomes(series)
      ])
    ),
    [
      "The first run: rows, and who gave them",
      table(
        ["market", "symbol", "interval", "from", "to", "rows", "archive", "REST", "failures", "outcome", ""],
        series.map((s) => [
          s.market,
          s.symbol,
          s.interval,
          s.from.slice(0, 10),
          s.to.slice(0, 10),
          s.rows,
          s.rowsBySource.vision,
          s.rowsBySource.rest,
          s.failures,
          s.outcome,
          clip(s.note, 80)
        ])
      )
    ].join("\n"),
    section("Not in the data", series.flatMap(notInTheData)),
    section("Files that could not be used", report.ignored.map(({ file, reason }) => `${file}: ${reason}`)),
    report.total === 0 ? "No errors." : [
      `${count(report.total, "error", "errors")}${attempted(report)}, in the last minute, hour and day:`,
      table(["severity", "code", "minute", "hour", "day"], [...report.errors, ...sums(report.errors)].map(cells))
    ].join("\n"),
    section("Tried again", [
      `${count(report.retry.retries, "retry", "retries")}; ${count(report.retry.giveUps, "call", "calls")} given up; ${
        count(report.retry.gateWaits, "wait", "waits")
      } because a server said so; ${count(report.retry.openCircuits, "circuit", "circuits")} opened; ${
        count(report.retry.refusals, "call", "calls")
      } not sent`
    ]),
    section("Alerts", report.alerts.map(({ at, edge, message }) => `${at.slice(11, 23)} ${edge.padEnd(9)} ${message}`)),
    [
      "By source: how many of its answers failed, and how many milliseconds half and 99 % of the others took at most",
      table(
        ["source", "attempts", "errors", "unexpected", "p50", "p99"],
        report.sources.map(({ attempts, errorRatio, errors, p50, p99, value }) => [
          value,
          attempts,
          errors,
          percent(errorRatio),
          millis(p50),
          millis(p99)
        ])
      )
    ].join("\n"),
    ...Object.entries(report.worst).map(([by, values]) =>
      section(
        `Worst by ${by}`,
        values.map((row) => `${row.value}: ${count(row.errors, "error", "errors")}${attempted(row)}`)
      )
    ),
    section(
      "No data, and why",
      report.empty.map((e) =>
        `${e.reason}${
          e.source === "unknown" ? "" : ` from ${e.source}`
        }: ${e.expected} expected, ${e.unexpected} not expected`
      )
    ),
    section("What stands out", report.insight.remarkable),
    section("Limits that will be exceeded if this goes on", report.insight.forecast.slice(0, 3)),
    section("Timeouts that would fit", report.insight.timeouts)
  ].filter((part) => part !== "").join("\n\n")
}

const outcomes = (series: ReadonlyArray<Outcome>) =>
  Object.entries(Arr.groupBy(series, ({ outcome }) => outcome)).map(([outcome, { length }]) => `${length} ${outcome}`)
    .join(", ")

const percent = (ratio: number | null) => ratio === null ? "" : `${(ratio * 100).toFixed(0)} %`

const millis = (duration: number | null) => duration === null ? "" : Math.round(duration)

const notInTheData = ({ interval, market, missing, symbol }: Outcome) =>
  missing.map(({ end, reason, start }) =>
    `${market} ${symbol} ${interval}: ${minute(start)} to ${minute(end)} ${reason}`
  )

const minute = (iso: string) => iso.slice(0, 16).replace("T", " ")

const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`

/** The ratio leaves out the empties that were expected, so it may be less than errors by attempts. */
const attempted = ({ attempts, errorRatio }: { readonly attempts: number; readonly errorRatio: number | null }) =>
  errorRatio === null
    ? ""
    : ` in ${count(attempts, "attempt", "attempts")} (${(errorRatio * 100).toFixed(0)} % failed unexpectedly)`

type ErrorRow = Report["errors"][number]

const cells = ({ code, day, hour, minute, severity }: ErrorRow) => [severity, code, minute, hour, day]

/** A line for each severity, the worst first. */
const sums = (errors: ReadonlyArray<ErrorRow>): ReadonlyArray<ErrorRow> =>
  ["ERROR", "WARNING", "INFO"].flatMap((severity) => {
    const rows = errors.filter((row) => row.severity === severity)
    const sum = (window: "minute" | "hour" | "day") => rows.reduce((total, row) => total + row[window], 0)
    return rows.length === 0
      ? []
      : [{ severity, code: "(all)", minute: sum("minute"), hour: sum("hour"), day: sum("day") }]
  })

const clip = (text: string, width: number) => text.length <= width ? text : `${text.slice(0, width - 1)}…`

/** Names come from files and servers: none of them may move the cursor. */
const visible = (text: string | number) => String(text).replace(/\p{C}/gu, "?")

const section = (title: string, lines: ReadonlyArray<string>) =>
  lines.length === 0 ? "" : [title, ...lines.map((line) => `  ${visible(line)}`)].join("\n")

/** Numbers to the right, texts to the left. */
const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string | number>>) => {
  if (rows.length === 0) return "  Nothing here that can be used."
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => String(row[i] ?? "").length)))
  const numeric = head.map((_, i) => rows.some((row) => typeof row[i] === "number"))
  const line = (cells: ReadonlyArray<string | number>) =>
    `  ${
      cells.map((cell, i) => numeric[i] ? visible(cell).padStart(widths[i]!) : visible(cell).padEnd(widths[i]!)).join(
        "  "
      )
    }`
      .trimEnd()
  return [line(head), ...rows.map(line)].join("\n")
}
