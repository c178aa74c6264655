/**
 * Objectives: the share of calls or attempts that are to succeed, and alerts on the rate at which its error budget is spent.
 * Pure.
 *
 * An alert fires if the failure rate of a long and of a short window both exceed a multiple of the rate that the objective
 * allows (Google: The Site Reliability Workbook, chapter 5, 2018). The long window shows that it matters, the short one
 * that it has not ended.
 */
import * as Duration from "effect/Duration"
import type { Limit } from "./edges.js"

/** One pair of windows of an objective. */
export interface Objective {
  readonly objective: number
  readonly of: "calls" | "attempts"
  /** Undefined: the sum over all values. */
  readonly by: string | undefined
  /** The least number of events in the long window. */
  readonly minEvents: number
  /** The windows in minutes. */
  readonly long: number
  readonly short: number
}

/** Calls or attempts. */
export interface Outcomes {
  /** Expected empties excluded. */
  readonly failures: number
  readonly events: number
}

/** 2 % and 5 % of the error budget of 30 days. */
export const pairs = [
  { name: "1h", long: 60, short: 5, burnRate: 14.4 },
  { name: "6h", long: 360, short: 30, burnRate: 6 }
] as const

/** The limit of a pair: a failure rate over its long window. */
export const limitOf = (
  { burnRate, long, name }: (typeof pairs)[number],
  objective: number,
  recoverAt: number
): Limit => {
  const limit = decimal(burnRate * (1 - objective))
  return { name, window: Duration.minutes(long), limit, recovered: decimal(limit * recoverAt) }
}

/** Without the noise of binary fractions: 14.4 × (1 − 0.999) is 0.0144. */
const decimal = (n: number): number => Number(n.toPrecision(12))

export const shareOf = ({ events, failures }: Outcomes): number => events > 0 ? failures / events : 0

/**
 * True if the failure rate exceeds the limit even without any two adjacent minutes. A single bad minute, which may lie
 * across two minutes of the clock, is what retries are for.
 */
export const exceedsWithoutWorst = (minutes: ReadonlyArray<Outcomes>, limit: number): boolean => {
  let failures = 0
  let events = 0
  for (const minute of minutes) {
    failures += minute.failures
    events += minute.events
  }
  return minutes.length > 1 && minutes.slice(1).every((minute, i) => {
    const before = minutes[i]!
    const left = {
      failures: failures - before.failures - minute.failures,
      events: events - before.events - minute.events
    }
    return shareOf(left) > limit
  })
}
