/** The options of limits and of rules, as a caller writes them. `Threshold` publishes them. */
import type * as Duration from "effect/Duration"
import type { facts } from "../../../FetchError.js"
import type { DimensionName as Dimension } from "../counting/dimensionReader.js"
import type { Window } from "../counting/windows.js"

export interface Custom {
  /** The name of the window in alerts. */
  readonly name: string
  /** A positive duration of at most one day. */
  readonly window: Duration.DurationInput
  readonly limit: number
}

export interface Limits {
  readonly perMinute?: number | undefined
  readonly perHour?: number | undefined
  readonly perDay?: number | undefined
  readonly custom?: ReadonlyArray<Custom> | undefined
  /** An alert resolves when the count is at or below this share of its limit. Above 0, at most 1; default 0.8. */
  readonly recoverAt?: number | undefined
}

export type Thresholds =
  // The 17 codes by name, for completion in editors.
  & { readonly [T in keyof typeof facts as (typeof facts)[T]["code"]]?: Limits | undefined }
  & { readonly [code: string]: Limits | undefined }

export interface RuleOptions {
  /** The name of the rule in alerts. */
  readonly name: string
  /** Default: the errors of all codes. */
  readonly code?: string | undefined
  /** An alert resolves when the count is at or below this share of the limit. Above 0, at most 1; default 0.8. */
  readonly recoverAt?: number | undefined
}

export interface CountRule extends RuleOptions {
  readonly by?: undefined
  readonly window: Window | Duration.DurationInput
  /** A whole number of at least 1, exceeded by one more error. */
  readonly limit: number
}

export interface ValueRule extends RuleOptions {
  readonly by: Dimension
  readonly window: Window
  /** A whole number of at least 1, exceeded by one more error. */
  readonly limit: number
}

export interface RatioRule extends RuleOptions {
  readonly by?: Dimension | undefined
  readonly window: Window
  /** Above 0 and below 1; exceeded by a greater share. */
  readonly ratio: number
  /** A whole number of at least 1. */
  readonly minAttempts: number
}

export interface ObjectiveRule {
  /** The name of the objective in alerts. */
  readonly name: string
  /** The share of calls or attempts that are to succeed, from 0.9 to below 1: 0.999. */
  readonly objective: number
  /** What is counted. Default `calls`. Calls are counted by `Fetch.retry` and `Fetch.failover`; refused ones fail. */
  readonly of?: "calls" | "attempts" | undefined
  /** The dimension for each of whose values the objective holds. Only for attempts. */
  readonly by?: Dimension | undefined
  /** With fewer events in the last hour, or six hours, nothing fires. Default 50. */
  readonly minEvents?: number | undefined
  /** An alert resolves when the failure rate is at or below this share of its limit. Above 0, at most 1; default 0.8. */
  readonly recoverAt?: number | undefined
}

export type Rule = CountRule | ValueRule | RatioRule | ObjectiveRule
