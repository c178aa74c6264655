/**
 * The schemas of the reads of a tracker. Their JSON is plain: instants are ISO 8601, durations milliseconds, and a field
 * that is None is absent.
 */
import * as Schema from "effect/Schema"
import * as Alert from "../../Alert.js"
import * as FetchContext from "../../FetchContext.js"
import * as FetchError from "../../FetchError.js"
import { recordOf } from "../safe/recordSchema.js"
import { ErrorBudget } from "./alerting/errorBudget.js"
import type * as Model from "./model.js"

// A tracker of a user's own may return any number: it is encoded as the nearest finite one that is not negative.
const Count = Schema.transform(Schema.NonNegative, Schema.Number, {
  strict: true,
  decode: (n) => n,
  encode: (n) => n > 0 ? Math.min(n, Number.MAX_VALUE) : 0
})

const counts = recordOf(Count, { type: "number" })

const window = Schema.optionalWith(Schema.DurationFromMillis, { as: "Option" })

const errorRatio = Schema.optionalWith(Count, { as: "Option" })

const WindowName: Schema.Schema<Alert.WindowName, string> = Schema.String

const stats = Schema.Struct({
  at: Schema.DateTimeUtc,
  window,
  total: Count,
  attempts: Count,
  errorRatio,
  dropped: Count,
  byCode: recordOf(Schema.Struct({ count: Count, severity: FetchError.Severity }), {
    type: "object",
    required: ["count", "severity"],
    properties: { count: { type: "number" }, severity: { type: "string", enum: FetchError.Severity.literals } },
    additionalProperties: false
  }),
  bySeverity: Schema.Struct({ INFO: Count, WARNING: Count, ERROR: Count }),
  byCategory: counts,
  retry: Schema.Struct({
    retries: Count,
    giveUps: Count,
    gateWaits: Count,
    refusals: Count,
    openCircuits: Count
  }),
  calls: Schema.Struct({ made: Count, recovered: Count, failed: Count, refused: Count })
})

const rates = Schema.Struct({ minute: counts, hour: counts, day: counts })

const breakdownRow = Schema.Struct({
  value: Schema.String,
  count: Count,
  attempts: Count,
  errorRatio,
  share: Count
})

const worstRow = Schema.Struct({
  value: Schema.String,
  failures: Count,
  attempts: Count,
  errorRatio,
  timesTheRest: Schema.optionalWith(Count, { as: "Option" }),
  mostly: Schema.optionalWith(Schema.String, { as: "Option" })
})

const worst = Schema.Struct({
  rows: Schema.Array(worstRow),
  errorRatio,
  values: Count,
  leftOut: Count,
  histogram: Schema.Array(Count)
})

const timelineStep = Schema.Struct({ at: Schema.DateTimeUtc, count: Count })

const callStep = Schema.Struct({
  at: Schema.DateTimeUtc,
  made: Count,
  recovered: Count,
  failed: Count,
  refused: Count
})

const activeAlert = Schema.Union(Alert.Fired, Alert.Escalated)

const alertStatus = Schema.Struct({
  alert: activeAlert,
  since: Schema.DateTimeUtc,
  amount: Count,
  peak: Count,
  escalations: Count,
  trend: Schema.Array(Count)
})

const limitRow = Schema.Struct({
  code: Schema.String,
  window: WindowName,
  duration: Schema.DurationFromMillis,
  limit: Count,
  isRatio: Schema.Boolean,
  rule: Schema.optionalWith(Schema.String, { as: "Option" }),
  by: Schema.optionalWith(Schema.String, { as: "Option" })
})

const emptyRow = Schema.Struct({
  reason: FetchError.EmptyReason,
  source: Schema.String,
  expected: Count,
  unexpected: Count
})

const emptyData = Schema.Struct({
  at: Schema.DateTimeUtc,
  window,
  expected: Count,
  unexpected: Count,
  rows: Schema.Array(emptyRow)
})

const verdict = Schema.Struct({
  verdict: Schema.Literal("normal", "extraordinary"),
  exceeded: Schema.optionalWith(
    Schema.Struct({ window: WindowName, limit: Count, count: Count }),
    { as: "Option" }
  )
})

const recentError = Schema.Struct({
  at: Schema.DateTimeUtc,
  tag: Schema.String,
  code: Schema.String,
  category: Schema.String,
  severity: FetchError.Severity,
  message: Schema.String,
  context: FetchContext.FetchContext,
  expected: Schema.optionalWith(Schema.Boolean, { default: () => false }),
  causes: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] })
})

const latencyRow = Schema.Struct({
  value: Schema.String,
  count: Count,
  p50: Schema.DurationFromMillis,
  p90: Schema.DurationFromMillis,
  p99: Schema.DurationFromMillis,
  max: Schema.DurationFromMillis
})

// The type and the schema of each read share a name.

export type Stats = Model.Stats
interface StatsJson extends Schema.Schema.Encoded<typeof stats> {}
export const Stats: Schema.Schema<Stats, StatsJson> = stats

export type Rates = Model.Rates
interface RatesJson extends Schema.Schema.Encoded<typeof rates> {}
export const Rates: Schema.Schema<Rates, RatesJson> = rates

export type BreakdownRow = Model.BreakdownRow
interface BreakdownRowJson extends Schema.Schema.Encoded<typeof breakdownRow> {}
export const BreakdownRow: Schema.Schema<BreakdownRow, BreakdownRowJson> = breakdownRow

export type TimelineStep = Model.TimelineStep
interface TimelineStepJson extends Schema.Schema.Encoded<typeof timelineStep> {}
export const TimelineStep: Schema.Schema<TimelineStep, TimelineStepJson> = timelineStep

export type EmptyRow = Model.EmptyRow
interface EmptyRowJson extends Schema.Schema.Encoded<typeof emptyRow> {}
export const EmptyRow: Schema.Schema<EmptyRow, EmptyRowJson> = emptyRow

export type EmptyData = Model.EmptyData
interface EmptyDataJson extends Schema.Schema.Encoded<typeof emptyData> {}
export const EmptyData: Schema.Schema<EmptyData, EmptyDataJson> = emptyData

export type Verdict = Model.Verdict
interface VerdictJson extends Schema.Schema.Encoded<typeof verdict> {}
export const Verdict: Schema.Schema<Verdict, VerdictJson> = verdict

export type RecentError = Model.RecentError
interface RecentErrorJson extends Schema.Schema.Encoded<typeof recentError> {}
export const RecentError: Schema.Schema<RecentError, RecentErrorJson> = recentError

export type WorstRow = Model.WorstRow
interface WorstRowJson extends Schema.Schema.Encoded<typeof worstRow> {}
export const WorstRow: Schema.Schema<WorstRow, WorstRowJson> = worstRow

export type Worst = Model.Worst
interface WorstJson extends Schema.Schema.Encoded<typeof worst> {}
export const Worst: Schema.Schema<Worst, WorstJson> = worst

export type CallStep = Model.CallStep
interface CallStepJson extends Schema.Schema.Encoded<typeof callStep> {}
export const CallStep: Schema.Schema<CallStep, CallStepJson> = callStep

export type AlertStatus = Model.AlertStatus
interface AlertStatusJson extends Schema.Schema.Encoded<typeof alertStatus> {}
export const AlertStatus: Schema.Schema<AlertStatus, AlertStatusJson> = alertStatus

export type LimitRow = Model.LimitRow
interface LimitRowJson extends Schema.Schema.Encoded<typeof limitRow> {}
export const LimitRow: Schema.Schema<LimitRow, LimitRowJson> = limitRow

export type LatencyRow = Model.LatencyRow
interface LatencyRowJson extends Schema.Schema.Encoded<typeof latencyRow> {}
export const LatencyRow: Schema.Schema<LatencyRow, LatencyRowJson> = latencyRow

/** Lets `JSON.stringify` write a value as its schema does. */
const encodable = <A extends object, I>(schema: Schema.Schema<A, I>): (value: A) => A => {
  const encode = Schema.encodeSync(schema)
  function toJSON(this: A): I {
    return encode(this)
  }
  return (value) => Object.defineProperty(value, "toJSON", { value: toJSON })
}

export const encodableStats = encodable(stats)
export const encodableBreakdown = encodable(Schema.Array(breakdownRow))
export const encodableTimeline = encodable(Schema.Array(timelineStep))
export const encodableEmptyData = encodable(emptyData)
export const encodableVerdict = encodable(verdict)
export const encodableRecent = encodable(Schema.Array(recentError))
export const encodableLatency = encodable(Schema.Array(latencyRow))
export const encodableCalls = encodable(Schema.Array(callStep))
export const encodableAlerts = encodable(Schema.Array(activeAlert))
export const encodableResolved = encodable(Schema.Array(Alert.Resolved))
export const encodableStatus = encodable(Schema.Array(alertStatus))
export const encodableLimits = encodable(Schema.Array(limitRow))
export const encodableBudgets = encodable(Schema.Array(ErrorBudget))
export const encodableWorst = encodable(worst)
