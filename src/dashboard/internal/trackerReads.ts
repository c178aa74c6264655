/** What a frame is made of: the reads of a tracker at one instant. */
import type * as Effect from "effect/Effect"
import type * as Alert from "../../Alert.js"
import type * as ErrorTracker from "../../ErrorTracker.js"
import type * as FetchError from "../../FetchError.js"
import type * as Insight from "../../Insight.js"
import type * as RetryPolicy from "../../RetryPolicy.js"
import type { Weight } from "./dashboardOptions.js"
import type { BarRow, ranges, Totals } from "./minuteBars.js"

export interface CodeFacts {
  readonly severity: FetchError.Severity
  readonly category: string
}

/** The reads that take longest: they are made less often. */
export interface SlowReads {
  readonly since: number
  readonly dimensions: ReadonlyArray<DimensionReads>
  readonly forecast: ReadonlyArray<Insight.Forecast>
  /** The durations by the dimensions other than the source. */
  readonly latencies: ReadonlyArray<LatencyReads>
}

/** The durations by the values of a dimension since the start, slowest value first. */
export interface LatencyReads {
  readonly name: string
  readonly rows: ReadonlyArray<ErrorTracker.LatencyRow>
}

/** The values of a dimension in the last hour. */
export interface DimensionReads {
  readonly name: string
  readonly worst: ErrorTracker.Worst
  /** What the values that stand out have in common. */
  readonly message: string | undefined
}

export interface Reads {
  readonly build: string
  readonly name: string
  readonly detail: string
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly facts: ReadonlyMap<string, CodeFacts>
  readonly windows: Readonly<Record<"minute" | "hour" | "day", Totals>>
  /** Whether calls are counted; else attempts stand for them. */
  readonly isCalls: boolean
  readonly calls: ErrorTracker.CallCounts
  /** Attempts in the last hour, and those of them that failed. */
  readonly attempts: number
  readonly failedAttempts: number
  readonly bars: Readonly<Record<keyof typeof ranges, BarRow>>
  readonly alerts: ReadonlyArray<ErrorTracker.AlertStatus>
  /** Of the last day, newest first. */
  readonly resolved: ReadonlyArray<Alert.Resolved>
  readonly limits: ReadonlyArray<ErrorTracker.LimitRow>
  readonly budgets: Effect.Effect.Success<ErrorTracker.Service["errorBudgets"]>
  /** By source. */
  readonly latency: ReadonlyArray<ErrorTracker.LatencyRow>
  readonly empty: ErrorTracker.EmptyData
  /** Newest first. */
  readonly recent: ReadonlyArray<ErrorTracker.RecentError>
  readonly policies: ReadonlyArray<RetryPolicy.State>
  readonly weights: ReadonlyArray<Weight>
  readonly slow: SlowReads
}
