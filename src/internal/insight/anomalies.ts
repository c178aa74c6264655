/** What is normal for a code at present, and whether what happens is. */
import * as Option from "effect/Option"
import type { Anomaly, Baseline, Normal } from "../../Insight.js"
import { expected } from "./baseline.js"
import type { Counts } from "./distribution.js"
import { logTail, quantileAbove } from "./distribution.js"
import type { History } from "./history.js"
import { lastHour, leastHours, usualMinute } from "./history.js"
import { duration, number, probability, range } from "./sentences.js"

// As seldom in an hour of minutes as in an hour.
const improbable = { minute: 1e-5 / 60, hour: 1e-5 }

export const baselineOf = (code: string, history: History): Baseline => {
  const { perHour, perMinute } = normalNow(history)
  const hours = history.hours.length
  const byHourOfDay = history.usual?.byHourOfDay ?? false
  const words = Option.match(Option.map(perHour, rangeOf), {
    onNone: () => `not enough data: ${hours} of ${leastHours} whole hours of history`,
    onSome: ({ high, low }) =>
      `${range(low, high)} an hour are normal${byHourOfDay ? " at this hour" : ""} (told from ${duration(hours * 60)})`
  })
  return {
    code,
    hours,
    byHourOfDay,
    perMinute: Option.map(perMinute, rangeOf),
    perHour: Option.map(perHour, rangeOf),
    message: `${code}: ${words}`
  }
}

/** With the logarithm of the probability, by which they can be sorted even where that is 0. */
export const anomaliesOf = (
  code: string,
  history: History
): ReadonlyArray<{ readonly log: number; readonly anomaly: Anomaly }> => {
  const { perHour, perMinute } = normalNow(history)
  const judged = (window: Anomaly["window"], minutes: number, counts: Option.Option<Counts>) => {
    if (Option.isNone(counts)) return []
    const count = history.minutes.slice(-minutes).reduce((sum, count) => sum + count, 0)
    const log = logTail(count, counts.value)
    if (log >= Math.log(improbable[window])) return []
    const normal = rangeOf(counts.value)
    const usual = range(normal.low, normal.high) +
      (window === "hour" && history.usual?.byHourOfDay === true ? " at this hour" : "")
    const message = `${code}: ${number(count)} in the last ${window}, normally ${usual}: ` +
      `extraordinary (p = ${probability(log)})`
    return [{ log, anomaly: { code, window, count, normal, p: Math.exp(log), message } }]
  }
  return [...judged("minute", 1, perMinute), ...judged("hour", 60, perHour)]
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
