/** A clock that is set by hand; sleeping takes real time. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

export interface MovableClock {
  readonly clock: Clock.Clock
  readonly set: (millis: number) => void
  /** From now on the clock goes on with real time. */
  readonly start: () => void
}

export const movableClock = (start: number): MovableClock => {
  const real = Clock.make()
  let base = start
  let since: number | undefined
  const millis = () => base + (since === undefined ? 0 : performance.now() - since)
  const nanos = () => BigInt(Math.round(millis() * 1e6))
  return {
    clock: {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: () => Math.floor(millis()),
      unsafeCurrentTimeNanos: nanos,
      currentTimeMillis: Effect.sync(() => Math.floor(millis())),
      currentTimeNanos: Effect.sync(nanos),
      sleep: (duration) => real.sleep(duration)
    },
    set: (at) => {
      base = at
    },
    start: () => {
      since = performance.now()
    }
  }
}
