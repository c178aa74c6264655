/** Keeps an `ExchangeClock` up to date from the answers of a host. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import { writeDetached } from "../../../internal/log/write.js"
import { monotonicMillis as monotonic } from "../../../internal/monotonicMillis.js"
import type { ExchangeClock } from "./exchangeClock.js"

/**
 * Records the time that the headers of an answer state, which was requested at `sent`: its `Date`, plus its `Age` if it
 * comes from a cache, as files of the archive often do. Logs one warning per host when the local clock is wrong. Returns
 * the time at which the exchange made the answer, its `Date`, and its age, in milliseconds; NaN without one.
 */
export const heardDate = (
  clock: ExchangeClock,
  host: string,
  { age = "", date = "" }: Readonly<Record<string, string | undefined>>,
  sent: number
): Effect.Effect<{ readonly date: number; readonly age: number }> => {
  const made = Date.parse(date)
  const old = /^\d{1,8}$/.test(age) ? Number(age) * 1000 : 0
  const stated = { date: made, age: old }
  if (Number.isNaN(made)) return Effect.succeed(stated)
  return Effect.flatMap(Effect.zip(monotonic, Clock.currentTimeMillis), ([received, local]) => {
    clock.heard(made + old, 1000, sent, received)
    return Effect.as(warned(clock, host, local, received), stated)
  })
}

const warned = (clock: ExchangeClock, host: string, local: number, now: number): Effect.Effect<void> => {
  if (!clock.shouldWarn(local, now)) return Effect.void
  const error = clock.error(local, now)
  const off = Duration.format(Duration.millis(Math.round(Math.abs(error) / 1000) * 1000))
  const direction = error > 0 ? "ahead of" : "behind"
  return writeDetached(
    LogLevel.Warning,
    `The local clock is ${off} ${direction} the clock of ${host}. Candles are judged by the clock of the exchange.`,
    { host, clock_error_millis: Math.round(error) }
  )
}
