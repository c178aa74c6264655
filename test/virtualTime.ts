/** Time for tests with a thousand timers: `TestClock` looks at every fiber, and waits, before each of them. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

export interface VirtualTime {
  /** Lets so much time pass, one timer after the other. */
  readonly pass: (duration: Duration.DurationInput) => Effect.Effect<void>
  /** How many timers there are. */
  readonly timers: () => number
}

// Fibers that have something to do do it in microtasks.
const quiet = Effect.promise(() => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve))))

/** Runs a test in a time of its own, which begins at 0. */
export const inVirtualTime = <A, E, R>(body: (time: VirtualTime) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    let now = 0
    const timers = new Set<{ readonly at: number; readonly wake: () => void }>()
    const millis = () => now
    const nanos = () => BigInt(Math.round(now * 1e6))
    const clock: Clock.Clock = {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: millis,
      unsafeCurrentTimeNanos: nanos,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanos: Effect.sync(nanos),
      sleep: (duration) =>
        Effect.async((resume) => {
          const timer = { at: now + Duration.toMillis(duration), wake: () => resume(Effect.void) }
          timers.add(timer)
          return Effect.sync(() => timers.delete(timer))
        })
    }
    const pass = (duration: Duration.DurationInput) =>
      Effect.gen(function*() {
        const end = now + Duration.toMillis(duration)
        yield* quiet
        for (;;) {
          const next = Math.min(...Array.from(timers, ({ at }) => at))
          if (!(next <= end)) break
          now = Math.max(now, next)
          for (const timer of timers) {
            if (timer.at > now) continue
            timers.delete(timer)
            timer.wake()
          }
          yield* quiet
        }
        now = end
      })
    return Effect.withClock(body({ pass, timers: () => timers.size }), clock)
  })
