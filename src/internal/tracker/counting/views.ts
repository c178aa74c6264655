/** The reads of the service, made from counts. Windows are in nanoseconds, `wall` in milliseconds. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as FetchError from "../../../FetchError.js"
import type * as Model from "../model.js"
import type { View } from "../view.js"
import { emptyCode } from "./classification.js"
import type * as Dimension from "./dimension.js"
import type * as Empties from "./empties.js"
import { horizon, windowIndex } from "./windows.js"

/** The counts of one code. */
export interface Counted {
  readonly code: string
  readonly category: string
  readonly severity: FetchError.Severity
  readonly count: number
  readonly expected: number
}

/** In nanoseconds, at most one day. */
export const nanos = (window: Duration.Duration): number => Math.min(Duration.toMillis(window) * 1e6, horizon)

const durationOf = (window: number | undefined): Option.Option<Duration.Duration> =>
  window === undefined ? Option.none() : Option.some(Duration.millis(window / 1e6))

const ratio = (failures: number, attempts: number): Option.Option<number> =>
  attempts === 0 ? Option.none() : Option.some(failures / attempts)

const sumOf = <A>(rows: ReadonlyArray<A>, f: (row: A) => number): number => rows.reduce((sum, row) => sum + f(row), 0)

/** The errors without expected empties, except in a row of their own code. */
export const errorsOf = (
  { count, expected }: { readonly count: number; readonly expected: number },
  code: string | undefined
): number => code === undefined || code === emptyCode ? count - expected : count

/** Without `successes`, attempts are not counted. */
export const stats = (
  counted: ReadonlyArray<Counted>,
  successes: number | undefined,
  others: Pick<Model.Stats, "dropped" | "retry" | "calls">,
  window: number | undefined,
  wall: number
): Model.Stats => {
  const byCategory = new Map<string, number>()
  const bySeverity = { INFO: 0, WARNING: 0, ERROR: 0 }
  for (const { category, count, severity } of counted) {
    byCategory.set(category, (byCategory.get(category) ?? 0) + count)
    bySeverity[severity] += count
  }
  const total = sumOf(counted, ({ count }) => count)
  const attempts = successes === undefined ? 0 : successes + total
  return {
    at: DateTime.unsafeMake(wall),
    window: durationOf(window),
    total,
    attempts,
    errorRatio: ratio(total - sumOf(counted, ({ expected }) => expected), attempts),
    dropped: others.dropped,
    byCode: Object.fromEntries(counted.map(({ code, count, severity }) => [code, { count, severity }])),
    bySeverity,
    byCategory: Object.fromEntries(byCategory),
    retry: others.retry,
    calls: others.calls
  }
}

/** Highest count first. */
export const breakdown = (
  rows: ReadonlyArray<Dimension.Row>,
  code: string | undefined,
  limit: number
): ReadonlyArray<Model.BreakdownRow> => {
  const total = sumOf(rows, ({ count }) => count)
  return rows
    .toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, Math.max(0, limit))
    .map(({ value, ...row }) => ({
      value,
      count: row.count,
      attempts: row.attempts,
      errorRatio: ratio(errorsOf(row, code), row.attempts),
      share: total === 0 ? 0 : row.count / total
    }))
}

export const emptyData = (
  rows: ReadonlyArray<Empties.Row>,
  window: number | undefined,
  wall: number
): Model.EmptyData => ({
  at: DateTime.unsafeMake(wall),
  window: durationOf(window),
  expected: sumOf(rows, ({ expected }) => expected),
  unexpected: sumOf(rows, ({ unexpected }) => unexpected),
  rows
})

/** Highest 99th percentile first. */
export const latencyIn = (
  { counts }: View,
  { by = "source", limit = Infinity, window }: Model.LatencyOptions
): ReadonlyArray<Model.LatencyRow> => {
  const rows = counts.latenciesOf(by)?.rows(window && windowIndex[window], counts.hands.second) ?? []
  return rows
    .sort((a, b) => b.p99 - a.p99 || (a.value < b.value ? -1 : 1))
    .slice(0, Math.max(0, limit))
    .map(({ count, max, p50, p90, p99, value }) => ({
      value,
      count,
      p50: Duration.millis(p50),
      p90: Duration.millis(p90),
      p99: Duration.millis(p99),
      max: Duration.millis(max)
    }))
}
