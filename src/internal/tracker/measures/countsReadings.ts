/** The readings of the counts of a tracker in memory. Instants are nanoseconds since the tracker started. */
import * as Duration from "effect/Duration"
import type { Evaluator } from "../alerting/evaluator.js"
import type { Rule } from "../alerting/limits.js"
import type { Objective } from "../alerting/objective.js"
import type { Counts } from "../counting/counts.js"
import { objectiveGauge } from "../counting/objectiveGauges.js"
import type { Tally } from "../counting/tally.js"
import type { Window } from "../counting/windows.js"
import { windowIndex } from "../counting/windows.js"
import type { Count, LimitReading, Readings, RuleReading, RuleValue } from "./readings.js"

export const countsReadings = (counts: Counts, evaluator: Evaluator, now: number): Readings => {
  // Series of values count in steps, which begin as time passes.
  counts.hands.turn(now)
  const countOf = (tally: Tally | undefined): Count =>
    tally === undefined || tally.total === 0
      ? nothing
      : { total: tally.total, within: (millis) => tally.events.count(millis * 1e6, now) }
  return {
    codes: Array.from(counts.codes.values(), (code) => ({
      code: code.code,
      severity: code.severity,
      errors: countOf(code.unexpected),
      expected: countOf(code.expected)
    })),
    limits: limitsOf(evaluator),
    rules: evaluator.limits.rules.map((rule) => ruleOf(rule, counts, now)),
    alerts: evaluator.active(now),
    attempted: counts.attempted,
    successes: countOf(counts.successes),
    calls: { ...counts.called(countOf), expected: countOf(counts.expectedCalls) },
    retry: counts.retried(({ total }) => total),
    dropped: counts.dropped,
    empties: counts.empties.rows(undefined, now),
    latency: counts.latencies.readings("hour", counts.hands.second),
    dimension: (name) => counts.of(name)?.readings(),
    latencyBy: (name) => counts.latenciesOf(name)?.readings("hour", counts.hands.second)
  }
}

const day = 1440

const nothing: Count = { total: 0, within: () => 0 }

const limitsOf = (evaluator: Evaluator): ReadonlyArray<LimitReading> => {
  const limits: Array<LimitReading> = []
  for (const [code, ofCode] of evaluator.limits.limits) {
    for (const { limit, name, window } of ofCode) {
      limits.push({ code, window: name, millis: Duration.toMillis(window), limit })
    }
  }
  return limits
}

const ruleOf = (rule: Rule, counts: Counts, now: number): RuleReading => ({
  name: rule.name,
  code: rule.code,
  window: rule.limit.name,
  limit: rule.limit.limit,
  by: rule.group?.by ?? rule.objective?.by ?? "",
  values: () => rule.objective === undefined ? valuesOf(rule, counts, now) : outcomesOf(rule.objective, counts, now)
})

/** The failures and attempts of an objective by value. Those of all calls or attempts are families of their own. */
const outcomesOf = (objective: Objective, counts: Counts, now: number): ReadonlyArray<RuleValue> => {
  const gauge = objective.by === undefined ? undefined : objectiveGauge(counts, objective)
  if (gauge === undefined) return []
  return Array.from(gauge.values()).flatMap((value) =>
    // A value without failures has no samples.
    gauge.read(value, day, now, now).failures === 0 ? [] : [objective.long, objective.short].map((minutes) => {
      const { events, failures } = gauge.read(value, minutes, now, now)
      return {
        value,
        window: minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`,
        errors: failures,
        attempts: events
      }
    })
  )
}

const valuesOf = ({ code, group, limit }: Rule, counts: Counts, now: number): ReadonlyArray<RuleValue> => {
  if (group === undefined) {
    const window = Duration.toMillis(limit.window) * 1e6
    let errors = 0
    for (const known of counts.codes.values()) {
      if (code === undefined || code === known.code) errors += known.unexpected.events.count(window, now)
    }
    return [{ value: "", window: limit.name, errors, attempts: undefined }]
  }
  const gauge = counts.gauge(group, code)
  if (gauge === undefined) return []
  const isRatio = group.minAttempts !== undefined
  return Array.from(gauge.values()).flatMap((value) =>
    (isRatio ? from(group.window) : [group.window]).map((window) => {
      const { attempts, errors } = gauge.read(value, window, now)
      return { value, window, errors, attempts: isRatio ? attempts : undefined }
    })
  )
}

/** The window and the longer ones: where attempts are too few in one, the next one decides. */
const from = (window: Window): ReadonlyArray<Window> => {
  const names: ReadonlyArray<Window> = ["minute", "hour", "day"]
  return names.slice(windowIndex[window])
}
