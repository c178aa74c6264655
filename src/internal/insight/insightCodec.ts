/**
 * The schemas of the answers of `Insight`. Their JSON is plain: instants are ISO 8601, durations milliseconds, and a field
 * that is None is absent.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Alert from "../../Alert.js"
import { recordOf } from "../safe/recordSchema.js"
import type { ErrorBudgetJson } from "../tracker/alerting/errorBudget.js"
import { ErrorBudget } from "../tracker/alerting/errorBudget.js"
import type * as Model from "./insightModel.js"

const Finite = Schema.Finite
const Share = Schema.NonNegative

const WindowName: Schema.Schema<Alert.WindowName, string> = Schema.String

const normal = Schema.Struct({ mean: Finite, low: Finite, high: Finite })

const maybeNormal = Schema.optionalWith(normal, { as: "Option" })

const baseline = Schema.Struct({
  code: Schema.String,
  hours: Schema.NonNegative,
  byHourOfDay: Schema.Boolean,
  perMinute: maybeNormal,
  perHour: maybeNormal,
  message: Schema.String
})

const anomaly = Schema.Struct({
  code: Schema.String,
  window: Schema.Literal("minute", "hour"),
  count: Schema.NonNegative,
  normal,
  p: Share,
  message: Schema.String
})

const forecast = Schema.Struct({
  code: Schema.String,
  window: WindowName,
  limit: Finite,
  count: Schema.NonNegative,
  probability: Share,
  earliest: Schema.DateTimeUtc,
  likely: Schema.DateTimeUtc,
  latest: Schema.optionalWith(Schema.DateTimeUtc, { as: "Option" }),
  message: Schema.String
})

const limit = Schema.optional(Finite)

const window: Schema.Schema<Duration.DurationInput, number> = Schema.transform(
  Schema.NonNegative,
  Schema.declare((u): u is Duration.DurationInput => Option.isSome(Duration.decodeUnknown(u))),
  { strict: true, decode: Duration.millis, encode: Duration.toMillis }
)

const limits = Schema.Struct({
  perMinute: limit,
  perHour: limit,
  perDay: limit,
  custom: Schema.optional(Schema.Array(Schema.Struct({ name: Schema.String, window, limit: Finite }))),
  recoverAt: limit
})

const thresholdSuggestions = Schema.Struct({
  thresholds: recordOf(limits, { type: "object" }),
  reasons: Schema.Array(Schema.Struct({ code: Schema.String, message: Schema.String }))
})

const timeoutSuggestion = Schema.Struct({
  source: Schema.String,
  samples: Schema.NonNegative,
  timeout: Schema.optionalWith(Schema.DurationFromMillis, { as: "Option" }),
  message: Schema.String
})

const offenders = Schema.Struct({
  dimension: Schema.String,
  offenders: Schema.Array(Schema.Struct({
    value: Schema.String,
    errors: Schema.NonNegative,
    attempts: Schema.NonNegative,
    share: Share,
    ratio: Share
  })),
  common: Schema.Array(Schema.Struct({ what: Schema.String, value: Schema.String })),
  message: Schema.String
})

// Named types: the compiler writes them into the declarations.
const errorBudgets: Schema.Schema<ReadonlyArray<ErrorBudget>, ReadonlyArray<ErrorBudgetJson>> = Schema.Array(
  ErrorBudget
)

const report = Schema.Struct({
  at: Schema.DateTimeUtc,
  since: Schema.DateTimeUtc,
  baseline: Schema.Array(baseline),
  anomalies: Schema.Array(anomaly),
  forecast: Schema.Array(forecast),
  offenders: Schema.Array(offenders),
  thresholds: thresholdSuggestions,
  timeouts: Schema.Array(timeoutSuggestion),
  errorBudgets
})

// The type and the schema of each answer share a name.

export { ErrorBudget }

export type Baseline = Model.Baseline
interface BaselineJson extends Schema.Schema.Encoded<typeof baseline> {}
export const Baseline: Schema.Schema<Baseline, BaselineJson> = baseline

export type Anomaly = Model.Anomaly
interface AnomalyJson extends Schema.Schema.Encoded<typeof anomaly> {}
export const Anomaly: Schema.Schema<Anomaly, AnomalyJson> = anomaly

export type Forecast = Model.Forecast
interface ForecastJson extends Schema.Schema.Encoded<typeof forecast> {}
export const Forecast: Schema.Schema<Forecast, ForecastJson> = forecast

export type ThresholdSuggestions = Model.ThresholdSuggestions
interface ThresholdSuggestionsJson extends Schema.Schema.Encoded<typeof thresholdSuggestions> {}
export const ThresholdSuggestions: Schema.Schema<ThresholdSuggestions, ThresholdSuggestionsJson> = thresholdSuggestions

export type TimeoutSuggestion = Model.TimeoutSuggestion
interface TimeoutSuggestionJson extends Schema.Schema.Encoded<typeof timeoutSuggestion> {}
export const TimeoutSuggestion: Schema.Schema<TimeoutSuggestion, TimeoutSuggestionJson> = timeoutSuggestion

export type Offenders = Model.Offenders
interface OffendersJson extends Schema.Schema.Encoded<typeof offenders> {}
export const Offenders: Schema.Schema<Offenders, OffendersJson> = offenders

export type Report = Model.Report
interface ReportJson extends Schema.Schema.Encoded<typeof report> {}
export const Report: Schema.Schema<Report, ReportJson> = report
