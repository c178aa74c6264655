/** A log message about wrong close times. Nothing depends on close times, so the rows are kept. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import * as FetchContext from "../../../FetchContext.js"
import { write } from "../../../internal/log/write.js"
import * as Interval from "../../Interval.js"
import type * as Klines from "../../Klines.js"
import { anchorOf, stepOf } from "./columns.js"

/** Logs the number of candles with a wrong close time, if any. */
export const warnOfCloseTimes = (found: Klines.Klines, context: FetchContext.Input): Effect.Effect<void> => {
  const { closeTime, interval, openTime } = found
  const anchor = anchorOf(interval, openTime)
  const step = stepOf(interval)
  let damaged = 0
  let first = NaN
  for (let i = 0; i < found.length; i++) {
    const open = openTime[i]!
    const end = interval === "1M" ? Interval.next(interval, open, anchor) : open + step
    if (closeTime[i] === end - 1) continue
    if (damaged++ === 0) first = open
  }
  if (damaged === 0) return Effect.void
  return write(
    LogLevel.Warning,
    `Candles whose close time is not their end: ${damaged}, the first opens at ${
      DateTime.formatIso(DateTime.unsafeMake(first))
    }`,
    FetchContext.toRecord(FetchContext.make({ ...context, operation: "validate" }))
  )
}
