/**
 * Milliseconds for measuring durations: of a clock that goes on evenly when the wall clock is set. Whatever decides on a wait
 * compares these, never instants of the wall clock.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

export const monotonicMillis: Effect.Effect<number> = Effect.map(
  Clock.currentTimeNanos,
  (nanos) => Number(nanos) / 1e6
)
