/** Limits that fit the normal range of a code. */
import * as Duration from "effect/Duration"
import type * as Snapshot from "../../Snapshot.js"
import type * as Threshold from "../../Threshold.js"
import type { Normal } from "./baseline.js"
import { expected, normals } from "./baseline.js"
import { quantileAbove } from "./distribution.js"
import type { History } from "./history.js"
import { usualMinute } from "./history.js"
import { number, range } from "./sentences.js"

const leastHours = 24
const leastDays = 7

// Fewer errors are not worth an alert.
const leastLimit = 3

// Each limit is exceeded about once in 30 days.
const rare = { minute: 1 / 43_200, hour: 1 / 720, day: 1 / 30 }

export const limitsFor = (
  history: History,
  inForce: ReadonlyArray<Snapshot.Limit>
): { readonly limits: Threshold.Limits | undefined; readonly reason: string } => {
  const { hours, usual } = history
  const minute = usualMinute(history)
  if (hours.length < leastHours || usual === undefined || minute === undefined) {
    return {
      limits: undefined,
      reason: `not enough data: ${hours.length} of ${leastHours} whole hours of history`
    }
  }
  const busiest = Array.from({ length: 24 }, (_, i) => usual.at(i * 60)).reduce((a, b) => a.mean >= b.mean ? a : b)
  const days = daysOf(hours.map(({ count }) => count))
  const [day] = days.length < leastDays ? [] : normals([days])

  const limitOf = (normal: Normal, p: number, least: number) => Math.max(least, quantileAbove(p, expected(normal)))
  const perMinute = limitOf({ ...minute, mean: busiest.mean / 60 }, rare.minute, leastLimit)
  const perHour = limitOf(busiest, rare.hour, perMinute)
  const perDay = day === undefined ? undefined : limitOf(day, rare.day, perHour)

  const suggested = [["minute", "a minute", perMinute], ["hour", "an hour", perHour], ["day", "a day", perDay]] as const
  const changes = suggested.flatMap(([window, per, limit]) => {
    if (limit === undefined) return []
    const now = inForce.find(({ name }) => name === window)
    return [`${number(limit)} ${per}${now === undefined || now.limit === limit ? "" : ` (now ${number(now.limit)})`}`]
  })
  const hour = expected(busiest)
  return {
    limits: { perMinute, perHour, ...(perDay === undefined ? {} : { perDay }), ...kept(inForce) },
    reason: `${changes.join(", ")}: the busiest hour of the day normally has ` +
      `${range(quantileAbove(0.95, hour), quantileAbove(0.05, hour))}; each limit is exceeded about once a month` +
      (perDay === undefined
        ? `; not enough data for a day: ${days.length} of ${leastDays} days of history`
        : "")
  }
}

/** Sums of 24 hours each, counted back from the newest hour. */
const daysOf = (hours: ReadonlyArray<number>): ReadonlyArray<number> =>
  Array.from({ length: Math.floor(hours.length / 24) }, (_, i) => {
    const end = hours.length - i * 24
    return hours.slice(end - 24, end).reduce((sum, count) => sum + count, 0)
  })

/** What a suggestion keeps, in the form of the options: custom limits and `recoverAt`. */
const kept = (inForce: ReadonlyArray<Snapshot.Limit>): Pick<Threshold.Limits, "custom" | "recoverAt"> => {
  const custom = inForce
    .filter(({ name }) => !["minute", "hour", "day"].includes(name))
    .map(({ limit, name, window }) => ({ name, window: Duration.decode(window), limit }))
  // The highest limit gives the share most exactly, since `recovered` is rounded.
  const [highest] = inForce.toSorted((a, b) => b.limit - a.limit)
  const isDefault = highest === undefined || highest.recovered === Math.floor(highest.limit * 0.8 + 1e-9)
  return {
    ...(custom.length === 0 ? {} : { custom }),
    ...(isDefault ? {} : { recoverAt: Math.max(highest.recovered, 0.5) / highest.limit })
  }
}
