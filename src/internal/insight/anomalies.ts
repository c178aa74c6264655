/** The normal range of a code at present, and counts outside of it. */
import * as Option from "effect/Option"
import { expected } from "./baseline.js"
import type { Counts } from "./distribution.js"
import { logTail, quantileAbove } from "./distribution.js"
import type { History } from "./history.js"
import { lastHour, leastHours, usualMinute } from "./history.js"
import type { Anomaly, Baseline, Normal } from "./insightModel.js"
import { duration, number, probability, range } from "./sentences.js"

// An hour has 60 minutes: both windows give as many false alarms.
const improbable = { minute: 1e-5 / 60, hour: 1e-5 }

export const baselineOf = (code: string, history: History): Baseline => {
  const { perHour, perMinute } = normalNow(history)
  const hours = history.hours.length
  const byHourOfDay = history.usual?.byHourOfDay ?? false
  const summary = Option.match(Option.map(perHour, rangeOf), {
    onNone: () => `not enough data: ${hours} of ${leastHours} whole hours of history`,
    onSome: ({ high, low }) =>
      `normally ${range(low, high)} an hour${byHourOfDay ? " at this time of the day" : ""} (from ${
        duration(hours * 60)
      } of history)`
  })
  return {
    code,
    hours,
    byHourOfDay,
    perMinute: Option.map(perMinute, rangeOf),
    perHour: Option.map(perHour, rangeOf),
    message: `${code}: ${summary}`
  }
}

/** Anomalies with the logarithm of their probability, which sorts them even where the probability rounds to 0. */
export const anomaliesOf = (
  code: string,
  history: History
): ReadonlyArray<{ readonly log: number; readonly anomaly: Anomaly }> => {
  const { perHour, perMinute } = normalNow(history)
  const check = (window: Anomaly["window"], minutes: number, counts: Option.Option<Counts>) => {
    if (Option.isNone(counts)) return []
    const count = history.minutes.slice(-minutes).reduce((sum, count) => sum + count, 0)
    const log = logTail(count, counts.value)
    if (log >= Math.log(improbable[window])) return []
    const normal = rangeOf(counts.value)
    const usual = range(normal.low, normal.high) +
      (window === "hour" && history.usual?.byHourOfDay === true ? " at this time of the day" : "")
    const message = `${code}: ${number(count)} in the last ${window}, normally ${usual}: ` +
      `extraordinary (p = ${probability(log)})`
    return [{ log, anomaly: { code, window, count, normal, p: Math.exp(log), message } }]
  }
  return [...check("minute", 1, perMinute), ...check("hour", 60, perHour)]
}

const normalNow = (history: History) => ({
  perMinute: Option.map(Option.fromNullable(usualMinute(history)), expected),
  perHour: Option.map(Option.fromNullable(history.usual), (usual) => expected(lastHour(usual, history.now)))
})

const rangeOf = (counts: Counts): Normal => ({
  mean: counts.mean,
  low: quantileAbove(0.95, counts),
  high: quantileAbove(0.05, counts)
})
