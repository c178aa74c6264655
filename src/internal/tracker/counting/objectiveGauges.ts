/** The counts that objectives are evaluated on. Instants are in nanoseconds. */
import { budgetsOf, type ErrorBudget, objectivesOf } from "../alerting/errorBudget.js"
import type { Objective, Outcomes } from "../alerting/objective.js"
import type { ObjectiveGauge } from "../alerting/objectiveWatch.js"
import { countAt, trendAges } from "../alerting/watch.js"
import type { View } from "../view.js"
import type { Counts } from "./counts.js"
import type { Dimension } from "./dimension.js"
import { trendOf } from "./gauges.js"
import type { Tally } from "./tally.js"

const minute = 60e9
const day = 1440

/** Undefined for a dimension that is not kept. */
export const objectiveGauge = (
  counts: Counts,
  { by, of }: Pick<Objective, "by" | "of">
): ObjectiveGauge | undefined => {
  if (by === undefined) return of === "calls" ? ofCalls(counts) : ofAttempts(counts)
  const dimension = counts.of(by)
  return dimension === undefined ? undefined : ofValues(dimension)
}

/** The outcomes of all events in a window that ended some time ago, exactly. */
const exactly = (read: (count: (tally: Tally) => number) => Outcomes): ObjectiveGauge => {
  const within = (minutes: number, at: number, now: number) =>
    minutes === 0 ? none : read((tally) => countAt(tally.events, minutes * minute, now - at, now))
  return {
    values: () => [""],
    read: (_, minutes, at, now) => within(minutes, at, now),
    minutes: (_, minutes, at, now) => {
      const sums = Array.from({ length: minutes + 1 }, (_, i) => within(i, at, now))
      return sums.slice(1).map((sum, i) => ({
        failures: sum.failures - sums[i]!.failures,
        events: sum.events - sums[i]!.events
      }))
    },
    trend: (_, minutes, now) =>
      trendAges.map((age) => read((tally) => countAt(tally.events, minutes * minute, age, now)))
  }
}

const none: Outcomes = { failures: 0, events: 0 }

/** Refused calls fail; calls that end with an expected empty do not. */
const ofCalls = ({ calls: { failed, made, refused }, expectedCalls }: Counts): ObjectiveGauge =>
  exactly((count) => ({
    failures: Math.max(0, count(failed) - count(expectedCalls)) + count(refused),
    events: count(made)
  }))

const ofAttempts = (counts: Counts): ObjectiveGauge =>
  exactly((count) => {
    if (!counts.attempted) return none
    let failures = 0
    let expected = 0
    for (const code of counts.codes.values()) {
      failures += count(code.unexpected)
      if (code.expected !== undefined) expected += count(code.expected)
    }
    return { failures, events: failures + expected + count(counts.successes) }
  })

/** The steps of a dimension: a minute up to an hour, 24 minutes beyond. */
const ofValues = (dimension: Dimension): ObjectiveGauge => ({
  values: () => dimension.attempted(),
  read: (value, minutes, at) => dimension.outcomes(value, minutes, Math.ceil(at / 1e9)),
  minutes: (value, minutes, at) => dimension.lastMinutes(value, minutes, Math.ceil(at / 1e9)),
  trend: (value, minutes, now) =>
    trendOf(dimension, value, undefined, minutes, now).map(({ attempts, errors }) => ({
      failures: errors,
      events: attempts
    }))
})

/** The error budgets of the objectives in force. */
export const budgetsIn = ({ counts, evaluator: { limits }, now }: View): ReadonlyArray<ErrorBudget> =>
  objectivesOf(limits.rules).flatMap((objective) => {
    const { by, of } = objective
    const gauge = objectiveGauge(counts, { by, of })
    if (gauge === undefined) return []
    const spent = Array.from(gauge.values(), (value) => ({ value, day: gauge.read(value, day, now, now) }))
    return budgetsOf(
      objective,
      by === undefined ? spent : spent.filter(({ day }) => day.failures > 0),
      (value) => gauge.read(value, 60, now, now)
    )
  })
