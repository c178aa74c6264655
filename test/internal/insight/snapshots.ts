/** Snapshots as a tracker would take them, of histories that are made up. */
import { DateTime, Duration } from "effect"
import * as SlidingWindow from "effect-errata/SlidingWindow"
import type * as Snapshot from "effect-errata/Snapshot"

const hour = 3_600_000
const day = 24 * hour
const none = { total: 0, ages: [] }

export interface CodeHistory {
  readonly code: string
  /** Errors in each hour, the oldest first, the last one under way; those of the last day are in `errors` besides. */
  readonly hours?: ReadonlyArray<number>
  /** When the errors of the last day happened, in minutes, the oldest first; now is 0. */
  readonly errors?: ReadonlyArray<number>
}

const codeOf = ({ code, errors = [], hours = [] }: CodeHistory): Snapshot.Code => {
  const window = SlidingWindow.make({ horizon: day })
  for (const at of errors) window.add(Math.round(at * 60_000))
  return {
    code,
    category: "Network",
    severity: "ERROR",
    errors: { total: errors.length, ages: window.snapshot(0) },
    expected: { total: 0, ages: [] },
    hours
  }
}

export const limitOf = (code: string, name: string, minutes: number, limit: number): Snapshot.Limit => ({
  code,
  name,
  window: Duration.minutes(minutes),
  limit,
  recovered: Math.floor(limit * 0.8)
})

/** `age`: for how many minutes the tracker has been there, all the time. */
export const snapshotOf = (
  { age, at = "2024-06-01T12:00:00Z", codes = [], ...rest }: {
    readonly age: number
    readonly at?: DateTime.DateTime.Input
    readonly codes?: ReadonlyArray<CodeHistory>
  } & Partial<Omit<Snapshot.Snapshot, "age" | "at" | "codes">>
): Snapshot.Snapshot => {
  const now = DateTime.unsafeMake(at)
  const until = now.epochMillis
  const since = until - age * 60_000
  const first = Math.max(Math.floor(since / hour), Math.floor(until / hour) - 671)
  const watched = Array.from({ length: Math.floor(until / hour) - first + 1 }, (_, i) => {
    const begin = (first + i) * hour
    return Math.round((Math.min(until, begin + hour) - Math.max(since, begin)) / 1000)
  })
  return {
    version: 1,
    at: DateTime.toUtc(now),
    since: DateTime.unsafeMake(since),
    age: age * 60_000,
    watched,
    codes: codes.map((code) => ({
      ...codeOf(code),
      hours: watched.map((_, i) => code.hours?.[code.hours.length - watched.length + i] ?? 0)
    })),
    successes: none,
    attempted: false,
    dimensions: [],
    empties: [],
    latency: [],
    calls: { made: none, recovered: none, failed: none, refused: none },
    retry: { retries: none, giveUps: none, gateWaits: none, refusals: none, openCircuits: none },
    recent: [],
    limits: [],
    alerts: [],
    dropped: 0,
    ...rest
  }
}
