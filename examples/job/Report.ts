/** The report of the main job: as JSON and as text. */
import { Array as Arr, DateTime, Duration, Effect, Option, Order } from "effect"
import { type Alert, ErrorTracker, Insight } from "effect-errata"
import type { Klines } from "effect-errata/binance"
import type { Outcome } from "./Job.js"
import { sparkline } from "./Sparkline.js"

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
    /** The errors in each of the last 60 minutes, the oldest first. */
    readonly lastHour: ReadonlyArray<number>
  }>
  /** All errors, expected empties included. */
  readonly total: number
  readonly expected: number
  /** The errors that name their source. */
  readonly withSource: number
  readonly attempts: number
  /** The failure rate: errors, expected empties excluded, divided by attempts. */
  readonly errorRatio: number | null
  readonly calls: ErrorTracker.CallCounts
  readonly retry: ErrorTracker.RetryCounts
  readonly alerts: ReadonlyArray<{ readonly at: string; readonly edge: string; readonly message: string }>
  /** Percentiles of the durations of successes, in milliseconds; `null` without successes. */
  readonly sources: ReadonlyArray<Failing & { readonly p50: number | null; readonly p99: number | null }>
  readonly worst: Readonly<Record<"symbol" | "market", ReadonlyArray<Failing>>>
  readonly empty: ReadonlyArray<{
    readonly reason: string
    readonly source: string
    readonly expected: number
    readonly unexpected: number
  }>
  /** Messages: anomalies and offenders, limits that will be exceeded, timeouts that fit. */
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
    const { attempts, byCode, calls, errorRatio, retry, total } = yield* tracker.stats()
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
    const empty = (yield* tracker.emptyData()).rows
    const bySource = yield* tracker.breakdown({ by: "source" })
    const snapshot = yield* tracker.snapshot
    const lastHours = new Map(
      yield* Effect.forEach(Object.keys(byCode), (code) =>
        Effect.map(
          tracker.timeline({ window: "1 hour", step: "1 minute", code }),
          (steps) => [code, steps.map(({ count }) => count)] as const
        ))
    )
    return {
      from: job.from,
      runs: job.runs,
      ignored: job.ignored,
      errors: Object.entries(byCode).map(([code, { severity }]) => ({
        code,
        severity,
        minute: rates.minute[code] ?? 0,
        hour: rates.hour[code] ?? 0,
        day: rates.day[code] ?? 0,
        lastHour: lastHours.get(code) ?? []
      })).sort(Order.mapInput(Order.reverse(Order.number), ({ day }) => day)),
      total,
      expected: empty.reduce((sum, { expected }) => sum + expected, 0),
      withSource: bySource.reduce((sum, { count }) => sum + count, 0),
      attempts,
      errorRatio: Option.getOrNull(errorRatio),
      calls,
      retry,
      alerts: job.alerts.flatMap((alert) =>
        alert._tag === "Missed" ? [] : [{
          at: DateTime.formatIso(alert.at),
          edge: alert._tag.toLowerCase(),
          message: alert.message
        }]
      ),
      sources: (yield* failing("source")).map((row) => {
        const latency = latencies.find(({ value }) => value === row.value)
        return {
          ...row,
          p50: latency === undefined ? null : Duration.toMillis(latency.p50),
          p99: latency === undefined ? null : Duration.toMillis(latency.p99)
        }
      }),
      worst: { symbol: yield* worst("symbol"), market: yield* worst("market") },
      empty,
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
// text
// ---------------------------------------------------------------------------------------------------------------------

/** The report as text, with lines of at most `width` characters. */
export const render = (report: Report, width: number = 80): string => {
  const page = pageOf(width)
  const series = report.runs[0]?.series ?? []
  const { errors, insight } = report
  const chart = chartOf(errors, width)
  return [
    page.text(
      `${count(series.length, "series", "series")} from ${report.from}, fetched twice. ` +
        "The second run reads from the cache of the first run."
    ),
    page.table(
      ["run", "seconds", "rows", "cache", "archive", "REST", "without rows"],
      report.runs.map(({ rowsBySource: { cache, rest, vision }, seconds, series }, i) => [
        i === 0 ? "first" : "second",
        Number(seconds.toFixed(1)),
        cache + vision + rest,
        cache,
        vision,
        rest,
        `${series.filter(({ rows }) => rows === 0).length} of ${series.length}`
      ])
    ),
    [
      page.text(`The first run: ${outcomes(series)}`),
      page.table(
        ["series", "rows", "archive", "REST", "failures", "outcome"],
        series.map((s) => [nameOf(s), s.rows, s.rowsBySource.vision, s.rowsBySource.rest, s.failures, s.outcome])
      )
    ].join("\n"),
    page.section(
      "Series that are not complete",
      series.filter(({ note }) => note !== "").map((s) => `${nameOf(s)}: ${s.note}`)
    ),
    page.section("Missing candles", series.flatMap(missingOf)),
    page.section("Files that were ignored", report.ignored.map(({ file, reason }) => `${file}: ${reason}`)),
    report.total === 0 ? "No errors." : [
      page.text(`${errorsOf(report)}, in the last minute, hour and day`),
      page.table(
        ["severity", "code", "minute", "hour", "day", ...(chart === 0 ? [] : ["last hour"])],
        [...errors.map(cells(chart)), ...sums(errors)]
      )
    ].join("\n"),
    page.section("Retries", [
      `${count(report.retry.retries, "retry", "retries")}, ` +
      `${count(report.retry.gateWaits, "wait", "waits")} for a rate limit, ` +
      `${count(report.retry.openCircuits, "circuit", "circuits")} opened`,
      ...(report.calls.made === 0 ? [] : [
        `${count(report.calls.made, "call", "calls")}: ${report.calls.recovered} recovered by a retry, ` +
        `${report.calls.failed} failed, ${report.calls.refused} not sent`
      ])
    ]),
    page.section("Alerts", report.alerts.map(({ at, edge, message }) => `${at.slice(11, 19)} ${edge}: ${message}`)),
    [
      page.text(
        `By source: ${report.withSource} of ${count(report.total, "error", "errors")} have one; ` +
          "percentiles of the durations of successes, in milliseconds"
      ),
      page.table(
        ["source", "attempts", "errors", "failed", "50th", "99th"],
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
      values.length === 0 ? "" : [
        page.text(`By ${by}: most errors`),
        page.table(
          [by, "attempts", "errors", "failed"],
          values.map(({ attempts, errorRatio, errors, value }) => [value, attempts, errors, percent(errorRatio)])
        )
      ].join("\n")
    ),
    page.section(
      "Empty data",
      report.empty.map(({ expected, reason, source, unexpected }) =>
        `${reason}${source === "unknown" ? "" : ` from ${source}`}: ${expected} expected, ${unexpected} not expected`
      )
    ),
    page.section("Remarkable", insight.remarkable),
    page.section("Limits that will be exceeded at this rate", insight.forecast.slice(0, 3)),
    page.section("Timeouts that fit", insight.timeouts)
  ].filter((part) => part !== "").join("\n\n")
}

const outcomes = (series: ReadonlyArray<Outcome>) =>
  Object.entries(Arr.groupBy(series, ({ outcome }) => outcome)).map(([outcome, { length }]) => `${length} ${outcome}`)
    .join(", ")

const percent = (ratio: number | null) => ratio === null ? "" : `${(ratio * 100).toFixed(0)} %`

const millis = (duration: number | null) => duration === null ? "" : Math.round(duration)

const nameOf = ({ interval, market, symbol }: Outcome) => `${market} ${symbol} ${interval}`

const missingOf = (outcome: Outcome) =>
  outcome.missing.map(({ end, reason, start }) => {
    const isWholeDays = [start, end].every((instant) => instant.slice(11) === "00:00:00.000Z")
    const shown = (instant: string) => isWholeDays ? instant.slice(0, 10) : instant.slice(0, 16).replace("T", " ")
    return `${nameOf(outcome)}: ${shown(start)} to ${shown(end)} ${reason}`
  })

const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`

/** `39 errors in 244 attempts: 37 failures (15 %) and 2 expected empties` */
const errorsOf = ({ attempts, errorRatio, expected, total }: Report) =>
  errorRatio === null
    ? count(total, "error", "errors")
    : `${count(total, "error", "errors")} in ${count(attempts, "attempt", "attempts")}: ` +
      `${count(total - expected, "failure", "failures")} (${percent(errorRatio)}) and ` +
      count(expected, "expected empty", "expected empties")

type ErrorRow = Report["errors"][number]

const cells =
  (chart: number) => ({ code, day, hour, lastHour, minute, severity }: ErrorRow): ReadonlyArray<string | number> => [
    severity,
    code,
    minute,
    hour,
    day,
    ...(chart === 0 ? [] : [sparkline(lastHour, chart)])
  ]

/** The columns that are left for a sparkline of 60, 30, 20, 12 or 10 steps; 0 if there is no room. */
const chartOf = (errors: ReadonlyArray<ErrorRow>, width: number): number => {
  const longest = Math.max(4, ...errors.map(({ code }) => code.length))
  const room = width - (2 + 8 + 2 + longest + 2 + 6 + 2 + 6 + 2 + 6 + 2)
  return [60, 30, 20, 12, 10].find((columns) => columns <= room) ?? 0
}

/** A row for each severity, highest first, and one for all. */
const sums = (errors: ReadonlyArray<ErrorRow>) =>
  ["ERROR", "WARNING", "INFO", "all"].flatMap((severity) => {
    const rows = errors.filter((row) => severity === "all" || row.severity === severity)
    const sum = (window: "minute" | "hour" | "day") => rows.reduce((total, row) => total + row[window], 0)
    return rows.length === 0 ? [] : [[severity, "total", sum("minute"), sum("hour"), sum("day")]]
  })

// ---------------------------------------------------------------------------------------------------------------------
// layout
// ---------------------------------------------------------------------------------------------------------------------

/** Replaces control characters: names come from files and servers. */
const visible = (text: string | number) => String(text).replace(/\p{C}/gu, "?")

/** Lines of at most `width` characters. Longer words are cut. */
const wrapped = (text: string, width: number, first = "", rest = first): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line: string | undefined
  for (const word of visible(text).split(" ")) {
    if (line !== undefined && line.length + 1 + word.length <= width) {
      line = `${line} ${word}`
      continue
    }
    if (line !== undefined) lines.push(line)
    line = clip(`${lines.length === 0 ? first : rest}${word}`, width)
  }
  return [...lines, line ?? ""]
}

const clip = (text: string, width: number) => text.length <= width ? text : `${text.slice(0, width - 1)}…`

/** A table for a narrow page: each row in lines of its own, with the names of its cells. */
const sentences = (
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string | number>>,
  width: number
): string =>
  rows.flatMap(([first = "", ...cells]) => {
    const named = cells.flatMap((cell, i) => cell === "" ? [] : [`${head[i + 1]} ${cell}`])
    return wrapped(`${first}: ${named.join(", ")}`, width, "  ", "      ")
  }).join("\n")

const pageOf = (width: number) => ({
  text: (text: string) => wrapped(text, width).join("\n"),

  section: (title: string, lines: ReadonlyArray<string>) =>
    lines.length === 0
      ? ""
      : [...wrapped(title, width), ...lines.flatMap((line) => wrapped(line, width, "  ", "      "))].join("\n"),

  /**
   * Numbers align right, texts left. The first column shrinks if the table is too wide; if that is not enough, each row is a
   * sentence.
   */
  table: (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string | number>>) => {
    if (rows.length === 0) return "  No usable series."
    const natural = head.map((title, i) => Math.max(title.length, ...rows.map((row) => visible(row[i] ?? "").length)))
    const excess = Math.max(0, natural.reduce((sum, n) => sum + n + 2, 0) - width)
    const widths = natural.map((n, i) => i === 0 ? Math.max(8, n - excess) : n)
    if (widths.reduce((sum, n) => sum + n + 2, 0) > width) return sentences(head, rows, width)
    const numeric = head.map((_, i) => rows.some((row) => typeof row[i] === "number"))
    const line = (cells: ReadonlyArray<string | number>) => {
      const aligned = cells.map((cell, i) => {
        const shown = clip(visible(cell), widths[i]!)
        return numeric[i] ? shown.padStart(widths[i]!) : shown.padEnd(widths[i]!)
      })
      return clip(`  ${aligned.join("  ")}`.trimEnd(), width)
    }
    return [line(head), ...rows.map(line)].join("\n")
  }
})
