/** The types of the answers of `Insight`, which publishes them. */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Option from "effect/Option"
import type * as Alert from "../../Alert.js"
import type * as Threshold from "../../Threshold.js"
import type { ErrorBudget } from "../tracker/alerting/errorBudget.js"
import type { DimensionName } from "../tracker/counting/dimensionReader.js"
import type { Window } from "../tracker/counting/windows.js"

export type { ErrorBudget }

export interface Normal {
  readonly mean: number
  readonly low: number
  readonly high: number
}

export interface Baseline {
  readonly code: string
  /** The number of whole hours of history behind the answer. */
  readonly hours: number
  /** Whether there was a week of history, enough to distinguish the hours of the day. */
  readonly byHourOfDay: boolean
  /** Errors per minute. None with less than half an hour of history. */
  readonly perMinute: Option.Option<Normal>
  /** Errors per hour. None with less than 6 whole hours of history. */
  readonly perHour: Option.Option<Normal>
  readonly message: string
}

export interface Anomaly {
  readonly code: string
  readonly window: "minute" | "hour"
  /** Errors in the last minute, or in the last 60 minutes. */
  readonly count: number
  readonly normal: Normal
  /** The probability of a count this high at the usual rate: below 1e-5 for an hour, below a sixtieth of that for a minute. */
  readonly p: number
  readonly message: string
}

export interface Forecast {
  readonly code: string
  /** The name of the limit: `minute`, `hour`, `day`, or that of a custom limit. */
  readonly window: Alert.WindowName
  readonly limit: number
  /** The present count within the window of the limit. */
  readonly count: number
  /** The probability that the limit is exceeded within a day: at least 0.5. */
  readonly probability: number
  /** The start of the interval that holds the instant with a probability of 80 %. */
  readonly earliest: DateTime.Utc
  /** The median instant. */
  readonly likely: DateTime.Utc
  /** The end of the interval. None if the probability of exceeding the limit within a day is below 0.9. */
  readonly latest: Option.Option<DateTime.Utc>
  readonly message: string
}

export interface ThresholdSuggestions {
  /** For the `thresholds` of a tracker. Codes with too little history are left out. */
  readonly thresholds: { readonly [code: string]: Threshold.Limits }
  /** For each code, the reason for these limits, or for none. */
  readonly reasons: ReadonlyArray<{ readonly code: string; readonly message: string }>
}

export interface TimeoutSuggestion {
  readonly source: string
  /** The number of successful fetches behind the answer. */
  readonly samples: number
  /** None with too few samples, or with too many timeouts among the fetches. */
  readonly timeout: Option.Option<Duration.Duration>
  readonly message: string
}

export interface Offender {
  readonly value: string
  /** The number of errors, without expected empties. */
  readonly errors: number
  /** Successes and failures where attempts are counted, else 0. */
  readonly attempts: number
  /** The share of the errors of all values, 0 to 1. */
  readonly share: number
  /**
   * The failure rate as a multiple of the rate of the values that do not stand out: errors per attempt where attempts
   * are counted, else errors per value.
   */
  readonly ratio: number
}

export interface Common {
  /** `code`, a field of the context, or `begins with` or `ends with` for the names of the offenders. */
  readonly what: string
  readonly value: string
}

export interface Offenders {
  readonly dimension: string
  readonly offenders: ReadonlyArray<Offender>
  readonly common: ReadonlyArray<Common>
  readonly message: string
}

export interface Report {
  /** When the snapshot was taken. */
  readonly at: DateTime.Utc
  /** When counting began. */
  readonly since: DateTime.Utc
  readonly baseline: ReadonlyArray<Baseline>
  readonly anomalies: ReadonlyArray<Anomaly>
  readonly forecast: ReadonlyArray<Forecast>
  /** Of all dimensions, in the last day. */
  readonly offenders: ReadonlyArray<Offenders>
  readonly thresholds: ThresholdSuggestions
  readonly timeouts: ReadonlyArray<TimeoutSuggestion>
  readonly errorBudgets: ReadonlyArray<ErrorBudget>
}

export interface OffendersOptions {
  /** Default: all dimensions of the tracker. */
  readonly by?: DimensionName | undefined
  /** Default: all codes. */
  readonly code?: string | undefined
  /** Default: `day`. */
  readonly window?: Window | undefined
}
