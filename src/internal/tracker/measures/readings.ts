/** What the families of a tracker are made from: counts since the start, and functions that count a window. */
import type { Severity } from "../../../FetchError.js"

/** A count since the start, and over any window up to a day, in milliseconds. */
export interface Count {
  readonly total: number
  readonly within: (millis: number) => number
}

export interface CodeReading {
  readonly code: string
  readonly severity: Severity
  /** Expected empties excluded. */
  readonly errors: Count
  readonly expected: Count
}

export interface ValueReading {
  readonly value: string
  /** By code, expected empties included. */
  readonly errors: ReadonlyArray<readonly [code: string, total: number]>
  /** Errors of codes without a series of their own. */
  readonly rest: number
  readonly expected: number
  readonly successes: number
  /** True if attempts are counted, and not only errors. */
  readonly attempted: boolean
}

export interface LimitReading {
  readonly code: string
  readonly window: string
  readonly millis: number
  readonly limit: number
}

/** Errors and attempts of one value of a rule, or of all values. */
export interface RuleValue {
  readonly value: string
  readonly window: string
  readonly errors: number
  /** Undefined for a rule on a count. */
  readonly attempts: number | undefined
}

export interface RuleReading {
  readonly name: string
  /** Undefined: all codes. */
  readonly code: string | undefined
  readonly window: string
  readonly limit: number
  /** Empty for a rule on no dimension. */
  readonly by: string
  /** Counts them, which takes a while for a rule on a dimension. */
  readonly values: () => ReadonlyArray<RuleValue>
}

interface AlertReading {
  readonly code: string
  readonly window: string
  readonly rule?: string | undefined
}

export interface LatencyReading {
  /** The source, or the value of another dimension. */
  readonly value: string
  readonly count: number
  /** Undefined where only quantiles are known. */
  readonly sumMillis: number | undefined
  readonly quantiles: ReadonlyArray<readonly [quantile: number, millis: number]>
}

export interface Readings {
  readonly codes: ReadonlyArray<CodeReading>
  readonly limits: ReadonlyArray<LimitReading>
  readonly rules: ReadonlyArray<RuleReading>
  readonly alerts: ReadonlyArray<AlertReading>
  /** True if attempts are counted, and not only errors. */
  readonly attempted: boolean
  readonly successes: Count
  readonly calls: { readonly [K in "made" | "recovered" | "failed" | "refused" | "expected"]: Count }
  readonly retry: { readonly [K in "retries" | "giveUps" | "gateWaits" | "refusals" | "openCircuits"]: number }
  readonly dropped: number
  readonly empties: ReadonlyArray<{
    readonly reason: string
    readonly source: string
    readonly expected: number
    readonly unexpected: number
  }>
  readonly latency: ReadonlyArray<LatencyReading>
  /** The values of a dimension; undefined for one that is not kept. */
  readonly dimension: (name: string) => ReadonlyArray<ValueReading> | undefined
  /** The durations by the values of a dimension, oldest value first; undefined for one that is not kept. */
  readonly latencyBy: (name: string) => ReadonlyArray<LatencyReading> | undefined
}
