/** The sum of two snapshots of one tracker: what it counted before a restart, and since. */
import * as DateTime from "effect/DateTime"
import * as SlidingWindow from "../../SlidingWindow.js"
import { bucketOf } from "./counting/durationSketch.js"
import type * as Model from "./snapshotModel.js"
import { noCalls, noEvents } from "./snapshotModel.js"

const dayMillis = 86_400_000
const hourMillis = 3_600_000
const maxHours = 28 * 24
const maxSteps = 61
const noSeries: Model.Series = { total: 0, minute: [], hour: [], day: [] }

/**
 * Adds the counts of `older` to `newer`, which began to count after `older` was taken. Sliding windows stay as exact as they
 * were; a step of a series may shift by one.
 */
export const merge = (older: Model.Snapshot, newer: Model.Snapshot): Model.Snapshot => {
  const sinceOlder = DateTime.toEpochMillis(newer.at) - DateTime.toEpochMillis(older.at)
  // The wall clock may have been set back: the newer tracker has been running for its age at least.
  const passed = Math.max(newer.age, sinceOlder)
  const age = older.age + passed
  const tally = addTally(passed)
  const series = addSeries(older.age, age)
  const hours = addHours(older, newer)
  return {
    version: 1,
    at: newer.at,
    since: older.since,
    age,
    watched: hours(older.watched, newer.watched).map((seconds) => Math.min(3600, seconds)),
    codes: union(older.codes, newer.codes, ({ code }) => code, (a, b) => ({
      ...(a ?? b!),
      errors: tally(a?.errors, b?.errors),
      expected: tally(a?.expected, b?.expected),
      hours: hours(a?.hours ?? [], b?.hours ?? [])
    })),
    successes: tally(older.successes, newer.successes),
    attempted: older.attempted || newer.attempted,
    dimensions: union(older.dimensions, newer.dimensions, ({ name }) => name, (a, b) => ({
      name: (a ?? b!).name,
      values: union(a?.values ?? [], b?.values ?? [], ({ value }) => value, (a, b) => ({
        value: (a ?? b!).value,
        errors: byCode(series, a?.errors, b?.errors),
        rest: series(a?.rest, b?.rest),
        expected: series(a?.expected, b?.expected),
        successes: series(a?.successes, b?.successes),
        attempted: a?.attempted === true || b?.attempted === true
      })),
      rest: byCode(series, a?.rest, b?.rest)
    })),
    empties: union(older.empties, newer.empties, ({ reason, source }) => `${reason} ${source}`, (a, b) => ({
      ...(a ?? b!),
      expected: tally(a?.expected, b?.expected),
      unexpected: tally(a?.unexpected, b?.unexpected)
    })),
    latency: union(older.latency, newer.latency, ({ source }) => source, (a, b) => ({
      source: (a ?? b!).source,
      ...addDurations(a, b)
    })),
    latencies: union(older.latencies ?? [], newer.latencies ?? [], ({ name }) => name, (a, b) => ({
      name: (a ?? b!).name,
      values: union(a?.values ?? [], b?.values ?? [], ({ value }) => value, (a, b) => ({
        value: (a ?? b!).value,
        ...addDurations(a, b)
      }))
    })),
    retry: {
      retries: tally(older.retry.retries, newer.retry.retries),
      giveUps: tally(older.retry.giveUps, newer.retry.giveUps),
      gateWaits: tally(older.retry.gateWaits, newer.retry.gateWaits),
      refusals: tally(older.retry.refusals, newer.retry.refusals),
      openCircuits: tally(older.retry.openCircuits, newer.retry.openCircuits)
    },
    calls: addCalls(tally, older.calls, newer.calls),
    expectedCalls: tally(older.expectedCalls, newer.expectedCalls),
    recent: [...newer.recent, ...older.recent],
    limits: newer.limits,
    objectives: newer.objectives,
    alerts: union(older.alerts, newer.alerts, alertKey, (a, b) => ({
      // The newer alert is the one that subscribers have seen last.
      ...(b ?? a!),
      since: (a ?? b!).since,
      peak: Math.max(a?.peak ?? 0, b?.peak ?? 0),
      escalations: Math.max(a?.escalations ?? 0, b?.escalations ?? 0)
    })),
    resolved: [...newer.resolved ?? [], ...older.resolved ?? []],
    dropped: older.dropped + newer.dropped
  }
}

type Add<A> = (older: A | undefined, newer: A | undefined) => A

/** What is in one list or both, by key; the older ones first. */
const union = <A>(
  older: ReadonlyArray<A>,
  newer: ReadonlyArray<A>,
  keyOf: (item: A) => string,
  // At least one of them is defined.
  add: (older: A | undefined, newer: A | undefined) => A
): ReadonlyArray<A> => {
  const left = new Map(newer.map((item) => [keyOf(item), item]))
  const first = older.map((item) => {
    const key = keyOf(item)
    const other = left.get(key)
    left.delete(key)
    return add(item, other)
  })
  return [...first, ...Array.from(left.values(), (item) => add(undefined, item))]
}

/** The events of `newer` are added one by one to the window of `older`, oldest first. */
const addTally = (passed: number): Add<Model.Tally> => (older = noEvents, newer = noEvents) => {
  if (older.total === 0) return newer
  const window = SlidingWindow.restore({ horizon: dayMillis, snapshot: older.ages, now: 0 })
  for (let level = newer.ages.length - 1; level >= 0; level--) {
    const perStamp = level === 0 ? 1 : 2 ** (level - 1)
    for (const age of newer.ages[level] ?? []) {
      for (let i = 0; i < perStamp; i++) window.add(passed - age)
    }
  }
  window.prune(passed)
  return { total: older.total + newer.total, ages: window.snapshot(passed) }
}

type Durations = Omit<Model.ValueLatency, "value">

/** Times are those of buckets, which are equal up to the rounding of a saved snapshot. */
const addDurations: Add<Durations> = (older, newer) => ({
  maxMillis: Math.max(older?.maxMillis ?? 0, newer?.maxMillis ?? 0),
  counts: union(older?.counts ?? [], newer?.counts ?? [], ({ millis }) => String(bucketOf(millis)), (a, b) => ({
    millis: (a ?? b!).millis,
    count: (a?.count ?? 0) + (b?.count ?? 0)
  })).toSorted((a, b) => a.millis - b.millis)
})

const addCalls = (
  tally: Add<Model.Tally>,
  older: Model.Calls = noCalls,
  newer: Model.Calls = noCalls
): Model.Calls => ({
  made: tally(older.made, newer.made),
  recovered: tally(older.recovered, newer.recovered),
  failed: tally(older.failed, newer.failed),
  refused: tally(older.refused, newer.refused)
})

/** The last step of a series is the one under way at the age of its tracker. */
const addSeries = (olderAge: number, age: number): Add<Model.Series> => (older = noSeries, newer = noSeries) => {
  const steps = (window: "minute" | "hour" | "day", seconds: number): ReadonlyArray<number> => {
    const stepOf = (millis: number) => Math.ceil(Math.ceil(millis / 1000) / seconds)
    const shift = Math.min(maxSteps, stepOf(age) - stepOf(olderAge))
    const before = older[window].length === 0 ? [] : [...older[window], ...Array.from({ length: shift }, () => 0)]
    return addFromEnd(before, newer[window], maxSteps)
  }
  return {
    total: older.total + newer.total,
    minute: steps("minute", 1),
    hour: steps("hour", 60),
    day: steps("day", 1440)
  }
}

const byCode = (
  series: Add<Model.Series>,
  older: ReadonlyArray<Model.CodeSeries> = [],
  newer: ReadonlyArray<Model.CodeSeries> = []
): ReadonlyArray<Model.CodeSeries> =>
  union(older, newer, ({ code }) => code, (a, b) => ({ code: (a ?? b!).code, series: series(a?.series, b?.series) }))

/** Lists by the hour of the wall clock, which end with the hour in which their snapshot was taken. */
const addHours = (older: Model.Snapshot, newer: Model.Snapshot) => {
  const hourOf = ({ at }: Model.Snapshot) => Math.floor(DateTime.toEpochMillis(at) / hourMillis)
  const shift = Math.max(0, hourOf(newer) - hourOf(older))
  const length = Math.min(maxHours, Math.max(older.watched.length + shift, newer.watched.length))
  return (a: ReadonlyArray<number>, b: ReadonlyArray<number>): ReadonlyArray<number> => {
    const shifted = [...a, ...Array.from({ length: Math.min(shift, maxHours) }, () => 0)]
    const sum = addFromEnd(shifted, b, length)
    return [...Array.from({ length: length - sum.length }, () => 0), ...sum]
  }
}

/** The sums of two lists aligned at their ends. */
const addFromEnd = (a: ReadonlyArray<number>, b: ReadonlyArray<number>, most: number): ReadonlyArray<number> => {
  const length = Math.min(most, Math.max(a.length, b.length))
  return Array.from({ length }, (_, i) => (a[a.length - length + i] ?? 0) + (b[b.length - length + i] ?? 0))
}

const alertKey = ({ alert: { attempts, by, code, objective, rule, window } }: Model.Active): string =>
  JSON.stringify([rule, code, window, by, attempts !== undefined, objective !== undefined])
