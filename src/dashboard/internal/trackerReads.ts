/** What a frame is made of: the reads of a tracker at one instant. */
import type * as Alert from "../../Alert.js"
import type * as ErrorTracker from "../../ErrorTracker.js"
import type * as FetchError from "../../FetchError.js"
import type * as Insight from "../../Insight.js"
import type * as Snapshot from "../../Snapshot.js"
import type { BarRow, ranges, Totals } from "./minuteBars.js"

export interface CodeFacts {
  readonly severity: FetchError.Severity
  readonly category: string
}

/** The reads that take longest: they are made less often. */
export interface SlowReads {
  readonly since: number
  readonly limits: ReadonlyArray<Snapshot.Limit>
  /** The active alerts by id. */
  readonly active: ReadonlyMap<string, Pick<Snapshot.Active, "escalations" | "since" | "peak">>
  readonly dimensions: ReadonlyArray<DimensionReads>
  readonly forecast: ReadonlyArray<Insight.Forecast>
}

/** A dimension, and the values that had an attempt or an error in the last hour. */
export interface DimensionReads {
  readonly name: string
  readonly rows: ReadonlyArray<{
    readonly value: string
    /** Errors without expected empties. */
    readonly failed: number
    /** 0 where attempts are not counted. */
    readonly attempts: number
    /** The most frequent code. */
    readonly code: string | undefined
  }>
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
  /** Attempts in the last hour, and the share of them that failed. */
  readonly attempts: number
  readonly failedAttempts: number
  readonly bars: Readonly<Record<keyof typeof ranges, BarRow>>
  readonly alerts: ReadonlyArray<Alert.Fired | Alert.Escalated>
  /** When alerts fired that the slow reads do not know yet, by id. */
  readonly fired: ReadonlyMap<string, number>
  /** Newest first. */
  readonly resolved: ReadonlyArray<Alert.Resolved>
  readonly latency: ReadonlyArray<ErrorTracker.LatencyRow>
  readonly empty: ErrorTracker.EmptyData
  /** Newest first. */
  readonly recent: ReadonlyArray<ErrorTracker.RecentError>
  readonly slow: SlowReads
}
