/** A wall clock that is set, as by NTP or by hand, while the monotonic clock goes on. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

export interface SteppedClock {
  readonly clock: Clock.Clock
  /** Sets the wall clock forward, or back, by so many milliseconds. */
  readonly step: (millis: number) => void
}

/** On top of the clock of the test, which says how time goes on. */
export const steppedClock: Effect.Effect<SteppedClock> = Effect.map(Effect.clock, (clock) => {
  let offset = 0
  const wall = () => clock.unsafeCurrentTimeMillis() + offset
  return {
    clock: {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: wall,
      unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
      currentTimeMillis: Effect.sync(wall),
      currentTimeNanos: clock.currentTimeNanos,
      sleep: (duration) => clock.sleep(duration)
    },
    step: (millis) => {
      offset += millis
    }
  }
})
