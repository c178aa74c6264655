/** The types of the tracker: options, results, service. `ErrorTracker` publishes them. */
import type * as Cause from "effect/Cause"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type * as Alert from "../../Alert.js"
import type * as FetchContext from "../../FetchContext.js"
import type { EmptyReason, Severity, Trackable } from "../../FetchError.js"
import type * as Threshold from "../../Threshold.js"
import type { ErrorBudget } from "./alerting/errorBudget.js"
import type { DimensionName } from "./counting/dimensionReader.js"
import type { Window } from "./counting/windows.js"
import type * as Snapshot from "./snapshotModel.js"

// ---------------------------------------------------------------------------------------------------------------------
// options
// ---------------------------------------------------------------------------------------------------------------------

export interface Limits {
  /** Limits by code. They replace the default limits of that code; `{}` removes them. See `Threshold.defaults`. */
  readonly thresholds?: Threshold.Thresholds | undefined
  /** Limits across codes, per value of a dimension, and on failure rates. Default: none. */
  readonly rules?: ReadonlyArray<Threshold.Rule> | undefined
}

export interface Options extends Limits {
  /**
   * The codes of your own errors. An undeclared code gets a row of its own while there are fewer than 64 codes; after
   * that its errors are counted under the code `other`.
   */
  readonly codes?: ReadonlyArray<string> | undefined
  /**
   * The dimensions to count by, at most six: fields of the context, fields of the error (`status`, `apiCode`, `reason`,
   * `errno`, `hostname`, …), and names of attributes. Default: symbol, source, market, interval.
   */
  readonly dimensions?: ReadonlyArray<DimensionName> | undefined
  /**
   * The number of values counted separately per dimension, and half the number of pairs of value and code. Further
   * values are counted as `other`. When the limit is reached, values without an event for a day are merged into
   * `other`. Default 2,000.
   */
  readonly maxValues?: number | undefined
  /** The shortest time between two clean-ups, which resolve alerts and free memory. Default 1 minute. */
  readonly sweepEvery?: Duration.DurationInput | undefined
  /**
   * The number of recent errors kept with their context. Default 100. Unless it is 0, the last error of each kind is kept
   * besides, for the last 8 kinds of each code. Errors of one kind have the same source and, apart from numbers and the
   * symbol, the same message.
   */
  readonly recent?: number | undefined
}

export interface PersistedOptions extends Options {
  /** The key under which snapshots are stored. Each tracker needs its own. Default `error-tracker`. */
  readonly key?: string | undefined
  /** The time between two saved snapshots, which is also the most that a killed process loses. Default 1 minute. */
  readonly saveEvery?: Duration.DurationInput | undefined
}

export interface BreakdownOptions {
  readonly by: DimensionName
  /** Default: since the start or the last reset. */
  readonly window?: Window | undefined
  /** Default: all codes. */
  readonly code?: string | undefined
  /** The maximum number of rows. Default: all. */
  readonly limit?: number | undefined
}

export interface WorstOptions {
  readonly by: DimensionName
  /** Default: `hour`. */
  readonly window?: Window | undefined
  /** The maximum number of rows. Default 8. */
  readonly limit?: number | undefined
  /** Values with fewer attempts are left out, where attempts are counted. Default 20. */
  readonly minAttempts?: number | undefined
}

export interface CallTimelineOptions {
  /** The length of the timeline, at most one day. */
  readonly window: Duration.DurationInput
  /** The length of one step. Widened so that there are at most 1,440 steps. */
  readonly step: Duration.DurationInput
}

export interface TimelineOptions extends CallTimelineOptions {
  /** Default: all codes. */
  readonly code?: string | undefined
}

export interface LatencyOptions {
  /** A dimension that the tracker keeps, or `source`, whose durations are always kept. Default `source`. */
  readonly by?: DimensionName | undefined
  /** Default: since the start or the last reset. */
  readonly window?: Window | undefined
  /** The maximum number of rows. Default: all. */
  readonly limit?: number | undefined
}

export interface TrackOptions {
  /**
   * True if this error is the failure of an attempt whose successes are reported with `succeeded`. Failure rates then
   * include it, even if no attempt has succeeded yet. Default false.
   */
  readonly attempt?: boolean | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// reads
// ---------------------------------------------------------------------------------------------------------------------

export interface CodeCount {
  readonly count: number
  /** The severity of the first error with this code. */
  readonly severity: Severity
}

export interface RetryCounts {
  /** Attempts made because an earlier one had failed. */
  readonly retries: number
  /**
   * Calls that ended with a retryable error: no attempts or no budget left, an open circuit, or a server that asked for
   * too long a wait.
   */
  readonly giveUps: number
  /** Waits for a rate limit of the server to pass. */
  readonly gateWaits: number
  /** Calls that were not sent: an open circuit, or a server that asked for too long a wait. */
  readonly refusals: number
  /** The number of times a circuit opened. */
  readonly openCircuits: number
}

export interface CallCounts {
  /** All calls that ended, however they did. */
  readonly made: number
  /** Calls that succeeded after at least one failed attempt. */
  readonly recovered: number
  /** Calls that were sent and ended with an error. */
  readonly failed: number
  /** Calls that were never sent: an open circuit, or a server that asked for too long a wait. */
  readonly refused: number
}

export interface Stats {
  readonly at: DateTime.Utc
  /** None: since the start or the last reset. */
  readonly window: Option.Option<Duration.Duration>
  /** All errors, expected empties included. */
  readonly total: number
  /** The successes and all errors, where attempts are counted; else 0. Fetches that do not count them add errors only. */
  readonly attempts: number
  /**
   * The failure rate: failures, expected empties excluded, divided by attempts. None where attempts are not counted. It is
   * too high if only some of the fetches count attempts: give `attempts: true` to all that share a tracker, or read the rates
   * by source, with `breakdown({ by: "source" })`.
   */
  readonly errorRatio: Option.Option<number>
  /**
   * The number of errors since the start that lost detail: counted as `other` because the code or a value found no
   * place of its own, or not counted at all because reading the error threw.
   */
  readonly dropped: number
  readonly byCode: { readonly [code: string]: CodeCount }
  readonly bySeverity: { readonly [S in Severity]: number }
  readonly byCategory: { readonly [category: string]: number }
  readonly retry: RetryCounts
  readonly calls: CallCounts
}

export type Rates = { readonly [W in Window]: { readonly [code: string]: number } }

export interface BreakdownRow {
  /** `other` holds the values beyond `maxValues`. */
  readonly value: string
  /** All errors, expected empties included. */
  readonly count: number
  /** Successes and failures, where attempts are counted; else 0. */
  readonly attempts: number
  /** The failure rate: failures, expected empties excluded, divided by attempts. None where attempts are not counted. */
  readonly errorRatio: Option.Option<number>
  /** The share of this value in the errors of all values, 0 to 1. */
  readonly share: number
}

export interface TimelineStep {
  readonly at: DateTime.Utc
  readonly count: number
}

export interface WorstRow {
  readonly value: string
  /** The errors without expected empties. */
  readonly failures: number
  /** Successes and failures, where attempts are counted; else 0. */
  readonly attempts: number
  /** The failures divided by the attempts. None where attempts are not counted. */
  readonly errorRatio: Option.Option<number>
  /**
   * The failure rate as a multiple of the total rate of all other values; where attempts are not counted, the failures as a
   * multiple of the mean of the other values. Half a failure is added to the others, so that it is finite. None without
   * another value.
   */
  readonly timesTheRest: Option.Option<number>
  /** The code of most of the errors. None without errors. */
  readonly mostly: Option.Option<string>
}

export interface Worst {
  /** The highest failure rate first; where attempts are not counted, the most failures first. */
  readonly rows: ReadonlyArray<WorstRow>
  /** The failure rate over all values. None where attempts are not counted. */
  readonly errorRatio: Option.Option<number>
  /** The number of values that were compared. */
  readonly values: number
  /** The number of values that were left out because they have too few attempts. */
  readonly leftOut: number
  /**
   * The number of values by failure rate, where attempts are counted: ten numbers, for rates of up to 10 %, of above 10 % up
   * to 20 %, and so on.
   */
  readonly histogram: ReadonlyArray<number>
}

export interface CallStep extends CallCounts {
  readonly at: DateTime.Utc
}

export interface AlertStatus {
  /** The last alert that was published. For a rule on a dimension, with the values that exceed the limit now. */
  readonly alert: Alert.Fired | Alert.Escalated
  /** When the alert fired. */
  readonly since: DateTime.Utc
  /**
   * The amount that is compared with the limit, as it is now: a number of errors, or for a rule on a ratio a share of the
   * attempts. For a rule on a dimension, that of the value with the most.
   */
  readonly amount: number
  /** The highest amount since the alert fired. */
  readonly peak: number
  /** The number of times that the amount has doubled beyond the limit. */
  readonly escalations: number
  /**
   * The amount at each of the last 60 minutes, oldest first; the last one is `amount`. For a rule on a dimension, amounts
   * before the last hour are known in steps of 24 minutes only.
   */
  readonly trend: ReadonlyArray<number>
}

export interface LimitRow {
  /** The code that is limited; `*` for a rule on the errors of all codes. */
  readonly code: string
  /** `minute`, `hour`, `day`, the name of a custom limit, or the length of the window of a rule. */
  readonly window: Alert.WindowName
  readonly duration: Duration.Duration
  /** A number of errors, or for a rule on a ratio a share of the attempts. */
  readonly limit: number
  /** True if the limit is a share. */
  readonly isRatio: boolean
  /** The name of the rule. None for a limit of a code. */
  readonly rule: Option.Option<string>
  /** The dimension of a rule on the values of a dimension. */
  readonly by: Option.Option<string>
}

export interface EmptyRow {
  readonly reason: EmptyReason
  /** `unknown` where the context names no source, `other` beyond the number of sources counted separately. */
  readonly source: string
  readonly expected: number
  readonly unexpected: number
}

export interface EmptyData {
  readonly at: DateTime.Utc
  /** None: since the start or the last reset. */
  readonly window: Option.Option<Duration.Duration>
  readonly expected: number
  readonly unexpected: number
  /** Highest count first. */
  readonly rows: ReadonlyArray<EmptyRow>
}

export interface Verdict {
  readonly verdict: "normal" | "extraordinary"
  readonly exceeded: Option.Option<{
    readonly window: Alert.WindowName
    readonly limit: number
    readonly count: number
  }>
}

export interface RecentError {
  readonly at: DateTime.Utc
  readonly tag: string
  readonly code: string
  readonly category: string
  readonly severity: Severity
  readonly message: string
  readonly context: FetchContext.FetchContext
  /** Whether it is expected empty data, which counts towards no limit. */
  readonly expected: boolean
  /**
   * The names and messages of the causes, outermost first, at most 8. They are read from at most 16 errors a second; of
   * further errors, only if an error with the same code and message was among those.
   */
  readonly causes: ReadonlyArray<string>
}

export interface LatencyRow {
  /** `unknown` where the context names no source, `other` beyond 200 values (or `maxValues`, if that is less). */
  readonly value: string
  /** The number of successful attempts. */
  readonly count: number
  readonly p50: Duration.Duration
  readonly p90: Duration.Duration
  readonly p99: Duration.Duration
  readonly max: Duration.Duration
}

// ---------------------------------------------------------------------------------------------------------------------
// service
// ---------------------------------------------------------------------------------------------------------------------

/** A read dies of wrong options, with a message that names the option and what it accepts. */
export interface Service {
  /** Counts one error. `Fetch.tracked` deduplicates; `track` does not. */
  readonly track: (error: Trackable, options?: TrackOptions) => Effect.Effect<void>
  /** Counts one successful attempt, for failure rates, and its duration, for `latency`. */
  readonly succeeded: (context: FetchContext.Input, duration?: Duration.DurationInput) => Effect.Effect<void>
  /** The counts within a window of at most one day; a longer one is that of a day. Without a window: since the start. */
  readonly stats: (options?: { readonly window?: Duration.DurationInput | undefined }) => Effect.Effect<Stats>
  readonly rates: Effect.Effect<Rates>
  /** Errors by the values of a dimension, highest count first. Dies for a dimension that is not kept. */
  readonly breakdown: (options: BreakdownOptions) => Effect.Effect<ReadonlyArray<BreakdownRow>>
  /** The values of a dimension with the highest failure rates. Dies for a dimension that is not kept. */
  readonly worst: (options: WorstOptions) => Effect.Effect<Worst>
  /** Errors over time, oldest step first; the last step ends now. */
  readonly timeline: (options: TimelineOptions) => Effect.Effect<ReadonlyArray<TimelineStep>>
  /** Calls over time by their outcome, oldest step first; the last step ends now. */
  readonly callTimeline: (options: CallTimelineOptions) => Effect.Effect<ReadonlyArray<CallStep>>
  readonly emptyData: (options?: { readonly window?: Duration.DurationInput | undefined }) => Effect.Effect<EmptyData>
  readonly verdict: (code: string) => Effect.Effect<Verdict>
  /** Durations by the values of a dimension, highest 99th percentile first. Dies for a dimension that is not kept. */
  readonly latency: (options?: LatencyOptions) => Effect.Effect<ReadonlyArray<LatencyRow>>
  /** The active alerts, then every further alert as it happens. */
  readonly alerts: Stream.Stream<Alert.Alert>
  readonly activeAlerts: Effect.Effect<ReadonlyArray<Alert.Fired | Alert.Escalated>>
  /** The active alerts with their present counts and trends, those furthest over their limits first. */
  readonly alertStatus: Effect.Effect<ReadonlyArray<AlertStatus>>
  /** The alerts that resolved within a window, newest first: of the last day, at most 64. Default: one hour. */
  readonly resolvedAlerts: (
    options?: { readonly window?: Duration.DurationInput | undefined }
  ) => Effect.Effect<ReadonlyArray<Alert.Resolved>>
  /** The error budgets of the objectives over the last day. */
  readonly errorBudgets: Effect.Effect<ReadonlyArray<ErrorBudget>>
  /** The limits in force: those of codes, then the rules. */
  readonly limits: Effect.Effect<ReadonlyArray<LimitRow>>
  /** The recent errors, newest first. */
  readonly recent: (
    options?: { readonly limit?: number | undefined; readonly code?: string | undefined }
  ) => Effect.Effect<ReadonlyArray<RecentError>>
  /**
   * Replaces all limits and rules, for example by those of `ErrorTracker.config`. Limits that are left out return to their
   * defaults. Fails for an invalid limit, with a message that names the option and what it accepts; the old limits then
   * stay in force. Limits are matched by name: if only the number changes, an active alert that still exceeds it stays
   * active without a second `Fired`, and one that no longer does is resolved.
   */
  readonly setLimits: (limits: Limits) => Effect.Effect<void, Cause.IllegalArgumentException>
  /** The whole state of the tracker as data; see `Snapshot`. */
  readonly snapshot: Effect.Effect<Snapshot.Snapshot>
  /**
   * Replaces the state by that of a snapshot. Ages continue by the wall clock, limits and dimensions are those of this
   * tracker. An alert that was active stays active without a second `Fired`.
   */
  readonly restore: (snapshot: Snapshot.Snapshot) => Effect.Effect<void>
  /** Discards all counts and resolves all alerts. */
  readonly reset: Effect.Effect<void>
}

/** The members of a service that `derive` makes from the others. */
export type Derived =
  | "rates"
  | "worst"
  | "timeline"
  | "callTimeline"
  | "verdict"
  | "latency"
  | "alertStatus"
  | "resolvedAlerts"
  | "errorBudgets"
  | "limits"
  | "setLimits"
  | "snapshot"
  | "restore"

export interface Store extends Omit<Service, Derived>, Partial<Pick<Service, Derived>> {}
