/** A log message about wrong close times. Nothing depends on close times, so the rows are kept. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import * as FetchContext from "../../../FetchContext.js"
import { write } from "../../../internal/log/write.js"
import type * as Klines from "../../Klines.js"
import { anchorOf, endOf } from "./columns.js"

/** Logs the number of candles with a wrong close time, if any. */
export const warnOfCloseTimes = (found: Klines.Klines, context: FetchContext.Input): Effect.Effect<void> => {
  const { closeTime, interval, openTime } = found
  const end = endOf(interval, anchorOf(interval, openTime))
  let damaged = 0
  let first = NaN
  for (let i = 0; i < found.length; i++) {
    if (closeTime[i] === end(openTime[i]!) - 1) continue
    if (damaged++ === 0) first = openTime[i]!
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
