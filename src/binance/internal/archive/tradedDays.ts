/**
 * The first and the last day of an instrument, as two parts of the archive show them: the names of its daily files, and
 * the monthly files of candles of a day. The archive has lost files, so one part alone proves nothing.
 */
import * as Effect from "effect/Effect"
import * as Interval from "../../Interval.js"
import type { FileDays } from "./fileDays.js"

interface Lists<R> {
  /** The start of the request. An earlier first day need not be exact. */
  readonly start: number
  /** The first day with daily files, or the first one after a time. `Infinity` if there is none, `undefined` if unknown. */
  readonly listed: (after?: number) => Effect.Effect<number | undefined, never, R>
  /** The days with candles in the monthly file of a month. None if there is no such file, `undefined` if unknown. */
  readonly ofMonth: (month: number) => Effect.Effect<ReadonlyArray<number> | undefined, never, R>
}

const dayMillis = 86_400_000

/**
 * The first day of an instrument, or the first one after a time, by both parts. Notes in `days.agreed` which end of the
 * instrument both show.
 */
export const firstTradedDay = <R>(days: FileDays, { listed, ofMonth, start }: Lists<R>, after?: number) =>
  days.first(
    after,
    Effect.gen(function*() {
      const day = yield* listed(after)
      const isInside = after === undefined
        ? day !== undefined && day < Infinity && start < day + dayMillis
        : day === Infinity
      if (day === undefined || !isInside) return day
      // The day before the first one, or the day after the last one.
      const beyond = after === undefined ? day - dayMillis : Interval.floor("1d", after) + dayMillis
      const month = Interval.floor("1M", beyond)
      const traded = yield* ofMonth(month)
      if (traded === undefined) return day
      const found = after === undefined ? traded.find((open) => open < day) : traded.find((open) => open >= beyond)
      if (found !== undefined) {
        if (after === undefined) days.agreed.add("first")
        return found
      }
      // A month with daily files has a monthly file too. If it is absent, it is lost.
      const isWhole = traded.length > 0 ||
        (after === undefined ? month < Interval.floor("1M", day) : (yield* listed(month - 1)) === Infinity)
      if (isWhole) days.agreed.add(after === undefined ? "first" : "last")
      return day
    })
  )
