/**
 * How many errors are normal: limits per code and window.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A limit over a window of your own.
 *
 * @since 0.1.0
 * @category models
 */
export interface Custom {
  /** How alerts call the window. */
  readonly name: string
  /** At most one day. */
  readonly window: Duration.DurationInput
  readonly limit: number
}

/**
 * The limits of one code. A limit of n is exceeded by the n+1-th error.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  readonly perMinute?: number | undefined
  readonly perHour?: number | undefined
  readonly perDay?: number | undefined
  readonly custom?: ReadonlyArray<Custom> | undefined
  /** An alert resolves when the count is at or below this share of its limit. Above 0, at most 1; default 0.8. */
  readonly recoverAt?: number | undefined
}

/**
 * Limits by code.
 *
 * @since 0.1.0
 * @category models
 */
export type Thresholds = Readonly<Record<string, Limits>>

/**
 * The limits that hold unless others are given.
 *
 * @since 0.1.0
 * @category constructors
 */
export const defaults = {
  DATA_EMPTY: { perMinute: 10, perHour: 100, perDay: 1000 },
  API_RATE_LIMIT: { perMinute: 5, perHour: 20, perDay: 50 },
  NETWORK_TIMEOUT: { perMinute: 3, perHour: 10, perDay: 30 }
} as const satisfies Thresholds
