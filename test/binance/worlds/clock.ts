/** A clock that costs nothing: time passes only when nothing else can happen. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"

interface Timer {
  readonly at: number
  readonly wake: () => void
}

export interface FreeClock {
  readonly clock: Clock.Clock
  readonly scheduler: Scheduler.Scheduler
  /** Milliseconds since the beginning. */
  readonly elapsed: () => number
  readonly pass: (millis: number) => void
  /** Sets the wall clock; durations do not change. */
  readonly step: (millis: number) => void
  /** Lets time pass until a fiber has ended, but for no longer than so many milliseconds. True if it has ended. */
  readonly drive: (fiber: Fiber.RuntimeFiber<unknown, unknown>, patience: number) => Promise<boolean>
}

// The number of turns of the event loop without any work of a fiber after which all of them wait for the time. Reading a
// zip takes several turns.
const quietTurns = 25

export const makeFreeClock = (start: number): FreeClock => {
  let elapsed = 0
  let offset = start
  let work = 0
  const timers = new Set<Timer>()
  const inner = new Scheduler.MixedScheduler(2048)
  const scheduler: Scheduler.Scheduler = {
    shouldYield: (fiber) => inner.shouldYield(fiber),
    scheduleTask: (task, priority, fiber) => {
      work++
      inner.scheduleTask(task, priority, fiber)
    }
  }
  const nanos = () => BigInt(Math.round(elapsed * 1e6))
  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => elapsed + offset,
    unsafeCurrentTimeNanos: nanos,
    currentTimeMillis: Effect.sync(() => elapsed + offset),
    currentTimeNanos: Effect.sync(nanos),
    sleep: (duration) =>
      Effect.async((resume) => {
        const timer = { at: elapsed + Duration.toMillis(duration), wake: () => resume(Effect.void) }
        timers.add(timer)
        return Effect.sync(() => timers.delete(timer))
      })
  }

  const quiet = async (isDone: () => boolean) => {
    for (let turns = 0; turns < quietTurns && !isDone(); turns++) {
      const before = work
      await new Promise<void>((resolve) => setImmediate(resolve))
      if (work !== before) turns = -1
    }
  }

  return {
    clock,
    scheduler,
    elapsed: () => elapsed,
    pass: (millis) => {
      elapsed += millis
    },
    step: (millis) => {
      offset += millis
    },
    drive: async (fiber, patience) => {
      const end = elapsed + patience
      let isDone = false
      fiber.addObserver(() => {
        isDone = true
      })
      for (;;) {
        await quiet(() => isDone)
        if (isDone) return true
        let next = Infinity
        for (const { at } of timers) next = Math.min(next, at)
        if (!(next <= end)) return false
        elapsed = Math.max(elapsed, next)
        for (const timer of timers) {
          if (timer.at > elapsed) continue
          timers.delete(timer)
          timer.wake()
        }
      }
    }
  }
}
