/** What the main job tells in the end: as one document for programs, as a page for people. */
import { Array as Arr, DateTime, Effect, Option, Order } from "effect"
import { type Alert, ErrorTracker } from "effect-errata"
import type { Outcome } from "./Job.js"

export interface Report {
  readonly from: string
  readonly seconds: number
  readonly series: ReadonlyArray<Outcome>
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
  readonly alerts: ReadonlyArray<{ readonly at: string; readonly edge: string; readonly message: string }>
  readonly worst: Readonly<Record<"symbol" | "market" | "source", ReadonlyArray<Worst>>>
  readonly empty: ReadonlyArray<{
    readonly reason: string
    readonly source: string
    readonly expected: number
    readonly unexpected: number
  }>
}

interface Worst {
  readonly value: string
  readonly errors: number
  readonly attempts: number
  readonly errorRatio: number | null
}

export const make = (job: {
  readonly from: string
  readonly seconds: number
  readonly series: ReadonlyArray<Outcome>
  readonly ignored: Report["ignored"]
  readonly alerts: ReadonlyArray<Alert.Alert>
}): Effect.Effect<Report, never, ErrorTracker.ErrorTracker> =>
  Effect.gen(function*() {
    const tracker = yield* ErrorTracker.ErrorTracker
    const { attempts, byCode, errorRatio, total } = yield* tracker.stats()
    const rates = yield* tracker.rates
    const worst = (by: "symbol" | "market" | "source") =>
      Effect.map(tracker.breakdown({ by, limit: 5 }), (rows) =>
        rows.filter(({ count }) =>
          count > 0
        ).map(({ attempts, count, errorRatio, value }) => ({
          value,
          errors: count,
          attempts,
          errorRatio: Option.getOrNull(errorRatio)
        })))
    return {
      from: job.from,
      seconds: job.seconds,
      series: job.series,
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
      alerts: job.alerts.flatMap((alert) =>
        alert._tag === "Missed" ? [] : [{
          at: DateTime.formatIso(alert.at),
          edge: alert._tag.toLowerCase(),
          message: alert.message
        }]
      ),
      worst: { symbol: yield* worst("symbol"), market: yield* worst("market"), source: yield* worst("source") },
      empty: (yield* tracker.emptyData()).rows
    }
  })

// ---------------------------------------------------------------------------------------------------------------------
// as a page
// ---------------------------------------------------------------------------------------------------------------------

export const render = (report: Report): string => {
  const rows = Arr.reduce(report.series, 0, (sum, { rows }) => sum + rows)
  const tally = Arr.groupBy(report.series, ({ outcome }) => outcome)
  const outcomes = Object.entries(tally).map(([outcome, series]) => `${series.length} ${outcome}`).join(", ")
  return [
    `${count(report.series.length, "series", "series")} from ${report.from} in ${report.seconds.toFixed(1)} s: ${
      count(rows, "row", "rows")
    } (${outcomes})`,
    table(
      ["market", "symbol", "interval", "from", "to", "rows", "tries", "outcome", ""],
      report.series.map((s) => [
        s.market,
        s.symbol,
        s.interval,
        s.from.slice(0, 10),
        s.to.slice(0, 10),
        s.rows,
        s.attempts,
        s.outcome,
        clip(s.note, 80)
      ])
    ),
    section("Not in the data", report.series.flatMap(notInTheData)),
    section("Files that could not be used", report.ignored.map(({ file, reason }) => `${file}: ${reason}`)),
    report.total === 0 ? "No errors." : [
      `${count(report.total, "error", "errors")}${attempted(report)}, in the last minute, hour and day:`,
      table(["severity", "code", "minute", "hour", "day"], [...report.errors, ...sums(report.errors)].map(cells))
    ].join("\n"),
    section("Alerts", report.alerts.map(({ at, edge, message }) => `${at.slice(11, 23)} ${edge.padEnd(9)} ${message}`)),
    ...Object.entries(report.worst).map(([by, values]) =>
      section(
        `Worst by ${by}`,
        values.map((row) => `${row.value}: ${count(row.errors, "error", "errors")}${attempted(row)}`)
      )
    ),
    section(
      "No data, and why",
      report.empty.map((e) => `${e.reason} from ${e.source}: ${e.expected} expected, ${e.unexpected} not expected`)
    )
  ].filter((part) => part !== "").join("\n\n")
}

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
