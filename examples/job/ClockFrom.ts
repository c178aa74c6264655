/** The clock of this machine, shifted so that it starts at another instant. */
import { Clock, Effect } from "effect"

export const clockFrom = (start: string): Effect.Effect<Clock.Clock> =>
  Effect.map(Effect.clock, (clock) => {
    const ahead = Date.parse(start) - clock.unsafeCurrentTimeMillis()
    const aheadNanos = BigInt(ahead) * 1_000_000n
    return {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis() + ahead,
      currentTimeMillis: Effect.map(clock.currentTimeMillis, (millis) => millis + ahead),
      unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos() + aheadNanos,
      currentTimeNanos: Effect.map(clock.currentTimeNanos, (nanos) => nanos + aheadNanos),
      sleep: (duration) => clock.sleep(duration)
    }
  })
