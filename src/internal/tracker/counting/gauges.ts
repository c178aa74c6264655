/** The counts that rules on values and on failure rates read. Instants and windows are in nanoseconds. */
import type { Amounts, Gauge } from "../alerting/groupWatch.js"
import { countAt, trendAges, trendStep } from "../alerting/watch.js"
import type { CodeCount } from "./codeCounts.js"
import type { Dimension } from "./dimension.js"
import type { Tally } from "./tally.js"
import { errorsOf } from "./views.js"
import { windowIndex, windows } from "./windows.js"

const noAmounts: Amounts = { errors: 0, attempts: 0 }

/** The counts of all values of a dimension, in steps of one sixtieth of the window. */
export const gaugeOfDimension = (counts: Dimension, code: string | undefined): Gauge => ({
  values: () => counts.names(),
  read: (value, window, now) => {
    const row = counts.row(value, windowIndex[window], code, secondOf(now))
    return row === undefined ? noAmounts : { errors: errorsOf(row, code), attempts: row.attempts }
  },
  trend: (value, window, now) => trendOf(counts, value, code, windows[window] / trendStep, now)
})

/** The counts of a value at the instants of a trend, in a window of so many minutes. */
export const trendOf = (
  counts: Dimension,
  value: string,
  code: string | undefined,
  length: number,
  now: number
): ReadonlyArray<Amounts> => {
  const minutes = counts.minutes(value, code, secondOf(now))
  if (minutes === undefined) return trendAges.map(() => noAmounts)
  const [errors, attempts] = minutes
  return trendAges.map((age) => {
    const end = errors.length - age / trendStep
    const within = (counts: Float64Array) => counts.subarray(end - length, end).reduce((sum, n) => sum + n, 0)
    return { errors: within(errors), attempts: within(attempts) }
  })
}

interface AllCounts {
  readonly codes: ReadonlyMap<string, CodeCount>
  readonly successes: Tally
  readonly attempted: boolean
}

/** The exact counts of everything. */
export const gaugeOfAll = (all: AllCounts, code: string | undefined): Gauge => {
  const amountsAt = (window: number, age: number, now: number): Amounts => {
    let errors = 0
    let total = 0
    for (const counts of all.codes.values()) {
      const count = counts.countAt(window, age, now)
      total += count
      if (code === undefined || code === counts.code) errors += count - counts.countExpectedAt(window, age, now)
    }
    const successes = all.attempted ? countAt(all.successes, window, age, now) : 0
    return { errors, attempts: all.attempted ? total + successes : 0 }
  }
  return {
    values: () => [""],
    read: (_, window, now) => amountsAt(windows[window], 0, now),
    trend: (_, window, now) => trendAges.map((age) => amountsAt(windows[window], age, now))
  }
}

const secondOf = (now: number): number => Math.ceil(now / 1e9)
