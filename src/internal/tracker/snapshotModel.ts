/** The state of a tracker as plain data. `Snapshot` publishes these types. */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Alert from "../../Alert.js"
import type * as FetchContext from "../../FetchContext.js"
import type * as FetchError from "../../FetchError.js"
import { atOnce, mapped, type Pieces } from "../pauses.js"

export interface Tally {
  /** Since the start. */
  readonly total: number
  /** The ages of the events of the last day in milliseconds, in the form of `SlidingWindow.Snapshot`. */
  readonly ages: ReadonlyArray<ReadonlyArray<number>>
}

export interface Series {
  /** Since the start. */
  readonly total: number
  readonly minute: ReadonlyArray<number>
  readonly hour: ReadonlyArray<number>
  readonly day: ReadonlyArray<number>
}

export interface Code {
  readonly code: string
  readonly category: string
  readonly severity: FetchError.Severity
  /** The errors, expected empties excluded. */
  readonly errors: Tally
  /** The expected empties. */
  readonly expected: Tally
  /** The errors in each hour of the wall clock in UTC, oldest first; as many hours as `watched` has. */
  readonly hours: ReadonlyArray<number>
}

export interface CodeSeries {
  readonly code: string
  readonly series: Series
}

export interface Value {
  readonly value: string
  /** The errors by code, expected empties included. */
  readonly errors: ReadonlyArray<CodeSeries>
  /** Errors beyond the number of pairs of value and code that are counted separately. */
  readonly rest: Series
  /** The expected empties, which `errors` includes. */
  readonly expected: Series
  readonly successes: Series
  /** True if attempts are counted, and not only errors. */
  readonly attempted: boolean
}

export interface Dimension {
  readonly name: string
  readonly values: ReadonlyArray<Value>
  /** The `rest` of all values, by code. */
  readonly rest: ReadonlyArray<CodeSeries>
}

export interface Retry {
  readonly retries: Tally
  readonly giveUps: Tally
  readonly gateWaits: Tally
  readonly refusals: Tally
  readonly openCircuits: Tally
}

export interface Calls {
  readonly made: Tally
  readonly recovered: Tally
  readonly failed: Tally
  readonly refused: Tally
}

export interface Limit {
  readonly code: string
  /** `minute`, `hour`, `day`, or the name of a custom limit. */
  readonly name: Alert.WindowName
  readonly window: Duration.Duration
  /** A count above it exceeds the limit. */
  readonly limit: number
  /** A count at or below it resolves the alert. */
  readonly recovered: number
}

export interface Objective {
  readonly name: string
  /** The share of events that are to succeed. */
  readonly objective: number
  readonly of: "calls" | "attempts"
  readonly by?: string | undefined
}

export interface Active {
  /** The last alert published. */
  readonly alert: Alert.Fired | Alert.Escalated
  readonly since: DateTime.Utc
  readonly escalations: number
  /** The highest count since then; for a rule on a ratio, the highest ratio. */
  readonly peak: number
  /** The values that exceed a rule on a dimension, highest first. */
  readonly values: ReadonlyArray<string>
  /** The fields of the limit that `alert` does not have. Undefined in snapshots of earlier versions. */
  readonly limit?: {
    readonly window: Duration.Duration
    /** A count at or below it resolves the alert; for a rule on a ratio, a share. */
    readonly recovered: number
    /** For a rule on a ratio. */
    readonly minAttempts?: number | undefined
    /** For an objective: its short window in minutes. */
    readonly short?: number | undefined
  } | undefined
}

interface Durations {
  /** The longest duration. */
  readonly maxMillis: number
  /** The number of successful attempts per bucket of the histogram, shortest duration first. */
  readonly counts: ReadonlyArray<{ readonly millis: number; readonly count: number }>
}

export interface Latency extends Durations {
  readonly source: string
}

export interface ValueLatency extends Durations {
  readonly value: string
}

export interface DimensionLatency {
  readonly name: string
  readonly values: ReadonlyArray<ValueLatency>
}

interface Empties {
  readonly reason: FetchError.EmptyReason
  readonly source: string
  readonly expected: Tally
  readonly unexpected: Tally
}

export interface Recent {
  readonly at: DateTime.Utc
  readonly tag: string
  readonly code: string
  readonly category: string
  readonly severity: FetchError.Severity
  readonly message: string
  readonly context: FetchContext.FetchContext
  /** Whether it is expected empty data. Undefined in snapshots of earlier versions. */
  readonly expected?: boolean | undefined
  /** The names and messages of the causes. Undefined in snapshots of earlier versions. */
  readonly causes?: ReadonlyArray<string> | undefined
}

export interface Snapshot {
  readonly version: 1
  /** When the snapshot was taken. */
  readonly at: DateTime.Utc
  /** When counting began: at the start, or at the last reset. */
  readonly since: DateTime.Utc
  /** The time since then by the monotonic clock, in milliseconds. The steps of a {@link Series} refer to it. */
  readonly age: number
  /**
   * The number of seconds in each hour of the wall clock in UTC during which the tracker was running, oldest first; the
   * last hour is under way. At most 28 days.
   */
  readonly watched: ReadonlyArray<number>
  readonly codes: ReadonlyArray<Code>
  readonly successes: Tally
  /** True if attempts are counted, and not only errors. */
  readonly attempted: boolean
  readonly dimensions: ReadonlyArray<Dimension>
  readonly empties: ReadonlyArray<Empties>
  readonly latency: ReadonlyArray<Latency>
  /** The durations by the dimensions other than `source`. Undefined in snapshots of earlier versions. */
  readonly latencies?: ReadonlyArray<DimensionLatency> | undefined
  /** The actions of retry policies: see `RetryCounts` of the tracker. */
  readonly retry: Retry
  /** Calls by their outcome: see `CallCounts` of the tracker. */
  readonly calls: Calls
  /** The calls among the failed ones that ended with an expected empty. Undefined in snapshots of earlier versions. */
  readonly expectedCalls?: Tally | undefined
  /** Newest first. */
  readonly recent: ReadonlyArray<Recent>
  readonly limits: ReadonlyArray<Limit>
  /** The objectives in force. Undefined in snapshots of earlier versions. */
  readonly objectives?: ReadonlyArray<Objective> | undefined
  readonly alerts: ReadonlyArray<Active>
  /** The alerts that resolved in the last day, newest first. Undefined in snapshots of earlier versions. */
  readonly resolved?: ReadonlyArray<Alert.Resolved> | undefined
  /** See `Stats` of the tracker. */
  readonly dropped: number
}

export const noEvents: Tally = { total: 0, ages: [] }

export const noCalls: Calls = { made: noEvents, recovered: noEvents, failed: noEvents, refused: noEvents }

// A value has about five series, a code more than that.
const valuesPerPiece = 50
const codesPerPiece = 4

/** A snapshot whose lazy parts, which are getters, are values: see `Core.lazySnapshot`. */
export function* evaluated(snapshot: Snapshot): Pieces<Snapshot> {
  const codes = yield* mapped(snapshot.codes, codesPerPiece, (code) => ({ ...code }))
  const dimensions: Array<Dimension> = []
  for (const dimension of snapshot.dimensions) {
    dimensions.push({
      ...dimension,
      values: yield* mapped(dimension.values, valuesPerPiece, (value) => ({ ...value }))
    })
  }
  const latencies: Array<DimensionLatency> = []
  for (const { name, values } of snapshot.latencies ?? []) {
    latencies.push({ name, values: yield* mapped(values, valuesPerPiece, (value) => ({ ...value })) })
  }
  return {
    ...snapshot,
    codes,
    dimensions,
    empties: snapshot.empties.map((row) => ({ ...row })),
    latency: snapshot.latency.map((row) => ({ ...row })),
    latencies
  }
}

export const evaluatedAtOnce = (snapshot: Snapshot): Snapshot => atOnce(evaluated(snapshot))
