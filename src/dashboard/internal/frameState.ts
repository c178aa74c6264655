/** The frame of the reads. Pure: the same reads make the same frame. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as ErrorTracker from "../../ErrorTracker.js"
import { alertRows, resolvedRows } from "./alertRows.js"
import type { Frame } from "./frameModel.js"
import { guardsOf } from "./guardRows.js"
import { headlineOf } from "./headline.js"
import { type BarRow, ofCode } from "./minuteBars.js"
import { recentRows } from "./recentRows.js"
import type { CodeFacts, LatencyReads, Reads } from "./trackerReads.js"
import { worstOf } from "./worstRows.js"

const windows = ["minute", "hour", "day"] as const

export const frameOf = (reads: Reads): Frame => {
  const alerts = alertRows(reads.alerts)
  const calls = callsOf(reads)
  const worst = reads.slow.dimensions.map(worstOf).filter(({ total }) => total > 0)
  const forecast = forecastOf(reads)
  const guards = guardsOf(reads)
  const codes = codeRows(reads)
  const recent = reads.recent.filter(({ expected }) => !expected)
  return {
    build: reads.build,
    at: DateTime.unsafeMake(reads.at),
    since: DateTime.unsafeMake(reads.slow.since),
    process: { name: reads.name, detail: reads.detail },
    headline: headlineOf({ ...reads, recent }, { alerts, calls, forecast, guards, worst }),
    alerts,
    resolved: resolvedRows(reads),
    codes,
    quietCodes: reads.facts.size - codes.length,
    bars: {
      hour: barsOf(reads.bars.hour),
      sixHours: barsOf(reads.bars.sixHours),
      day: barsOf(reads.bars.day)
    },
    calls,
    worst,
    latency: latencyOf([{ name: "source", rows: reads.latency }, ...reads.slow.latencies]),
    empty: emptyOf(reads.empty),
    guards,
    forecast,
    recent: recentRows(recent),
    recentTotal: recent.length
  }
}

const barsOf = ({ start, ...rest }: BarRow): Frame["bars"]["hour"] => ({ start: DateTime.unsafeMake(start), ...rest })

const maxLatencyRows = 32

/** The dimensions with durations. */
const latencyOf = (reads: ReadonlyArray<LatencyReads>): Frame["latency"] =>
  reads.filter(({ rows }) => rows.length > 0).map(({ name, rows }) => ({
    dimension: name,
    rows: rows.slice(0, maxLatencyRows).map(({ count, p50, p90, p99, value }) => ({
      value,
      count,
      p50: Duration.toMillis(p50),
      p90: Duration.toMillis(p90),
      p99: Duration.toMillis(p99)
    })),
    total: rows.length
  }))

const unknown: CodeFacts = { severity: "ERROR", category: "Other" }

/** The codes with a limit or an error in the last day, those nearest to a limit first. */
const codeRows = ({ facts, limits, windows: counted }: Reads): Frame["codes"] => {
  const ofCodes = limits.filter(({ rule }) => Option.isNone(rule))
  const limitOf = (code: string, window: string) =>
    ofCodes.find((limit) => limit.code === code && limit.window === window)?.limit ?? null
  const names = new Set([...facts.keys(), ...ofCodes.map(({ code }) => code), ...Object.keys(counted.day.errors)])
  const rows = [...names].map((code) => ({
    code,
    ...(facts.get(code) ?? unknown),
    counts: windows.map((window) => ofCode(counted[window].errors, code, 0)),
    limits: windows.map((window) => limitOf(code, window))
  }))
  const nearness = ({ counts, limits }: (typeof rows)[number]) =>
    Math.max(...limits.map((limit, i) => limit === null ? 0 : counts[i]! / limit))
  return rows
    .filter(({ counts, limits }) => limits.some((limit) => limit !== null) || counts[2]! > 0)
    .sort((a, b) => nearness(b) - nearness(a) || b.counts[2]! - a.counts[2]! || (a.code < b.code ? -1 : 1))
}

/** Without retry policies no calls are counted, and the attempts stand for them. */
const callsOf = ({ attempts, budgets, calls, failedAttempts, isCalls }: Reads): Frame["calls"] =>
  isCalls
    ? {
      isCalls,
      ...calls,
      direct: Math.max(0, calls.made - calls.recovered - calls.failed - calls.refused),
      objective: objectiveOf(budgets)
    }
    : {
      isCalls,
      made: attempts,
      direct: Math.max(0, attempts - failedAttempts),
      recovered: 0,
      failed: failedAttempts,
      refused: 0,
      objective: objectiveOf(budgets)
    }

/** The objective of all calls or attempts whose budget is nearest to its end. One without events has met nothing yet. */
const objectiveOf = (budgets: Reads["budgets"]): Frame["calls"]["objective"] => {
  const [worst] = budgets.filter(({ by, events }) => Option.isNone(by) && events > 0).toSorted((a, b) =>
    a.left - b.left
  )
  return worst === undefined ? null : {
    name: worst.name,
    target: worst.objective,
    budget: worst.left,
    burn: Option.getOrNull(worst.burnRate),
    exhaustedIn: Option.getOrNull(Option.map(worst.exhaustedIn, Duration.toMillis))
  }
}

const forecastOf = ({ facts, slow }: Reads): Frame["forecast"] =>
  slow.forecast.slice(0, 3).map(({ code, count, earliest, latest, likely, limit, window }) => ({
    code,
    severity: (facts.get(code) ?? unknown).severity,
    window,
    count,
    limit,
    earliest,
    likely,
    latest: Option.getOrNull(latest)
  }))

const maxSources = 6

/** A row for each reason, a column for each source; sources beyond the sixth are one column. */
const emptyOf = ({ rows }: ErrorTracker.EmptyData): Frame["empty"] => {
  const bySource = new Map<string, number>()
  for (const { expected, source, unexpected } of rows) {
    bySource.set(source, (bySource.get(source) ?? 0) + expected + unexpected)
  }
  const ordered = [...bySource].sort((a, b) => b[1] - a[1]).map(([source]) => source)
  const named = ordered.length > maxSources ? ordered.slice(0, maxSources - 1) : ordered
  const sources = ordered.length > maxSources ? [...named, "others"] : named
  const reasons = [...new Set(rows.map(({ reason }) => reason))]
  const row = (reason: string, isExpected: boolean) => ({
    reason,
    isExpected,
    counts: sources.map((column, i) =>
      rows
        .filter((row) =>
          row.reason === reason && (i < named.length ? row.source === column : !named.includes(row.source))
        )
        .reduce((sum, { expected, unexpected }) => sum + (isExpected ? expected : unexpected), 0)
    )
  })
  const sum = (counts: ReadonlyArray<number>) => counts.reduce((sum, count) => sum + count, 0)
  return {
    sources,
    rows: [false, true].flatMap((isExpected) =>
      reasons.map((reason) => row(reason, isExpected))
        .filter(({ counts }) => sum(counts) > 0)
        .sort((a, b) => sum(b.counts) - sum(a.counts))
    )
  }
}
