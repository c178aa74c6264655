/** Fibers, timers and a clock that move only when a test says so, one step of one fiber at a time. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Scheduler from "effect/Scheduler"

interface Timer {
  readonly at: number
  readonly wake: () => void
}

export interface SteppedProgram {
  /** The number of operations so far, if there are pauses. */
  readonly operations: () => number
  /** Monotonic milliseconds since the start. */
  readonly now: () => number
  /** Moves the clocks on, without waking a timer. The wall clock differs from the monotonic one by `wallShift`. */
  readonly advanceTo: (millis: number) => void
  /** Sets the wall clock ahead of the monotonic one, or behind it. */
  readonly shiftWall: (millis: number) => void
  /** Wakes the timers that are due. */
  readonly wakeTimers: () => void
  /** Starts a fiber, which runs up to its first yield. */
  readonly fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.RuntimeFiber<A, E>
  /** Runs the task that was scheduled first; false if there is none. */
  readonly step: () => boolean
  /** Runs until no fiber has anything to do. */
  readonly flush: () => void
  /** Runs an effect, and everything else that can run, until nothing is left to do. Throws if the effect has not ended. */
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => A
}

/** `pauseAt`: the operations, counted over all fibers, before which a fiber yields. Default: only where it must. */
export const make = (options: { readonly pauseAt?: ReadonlyArray<number> | undefined } = {}): SteppedProgram => {
  const tasks: Array<() => void> = []
  const timers = new Set<Timer>()
  const { pauseAt } = options
  let operations = 0
  const scheduler = Scheduler.make(
    (task) => {
      tasks.push(task)
    },
    pauseAt === undefined ? undefined : () => pauseAt.includes(++operations) ? 0 : false
  )
  let now = 0
  let shift = 0
  const millis = () => Math.floor(now + shift)
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
  const step = () => {
    const task = tasks.shift()
    task?.()
    return task !== undefined
  }
  const flush = () => {
    while (step());
  }
  const quiet = Logger.withMinimumLogLevel(LogLevel.None)
  const fork = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.runFork(quiet(Effect.withClock(effect, clock)), { scheduler })
  return {
    operations: () => operations,
    now: () => now,
    advanceTo: (millis) => {
      now = Math.max(now, millis)
    },
    shiftWall: (millis) => {
      shift = millis
    },
    wakeTimers: () => {
      for (const timer of timers) {
        if (timer.at > now) continue
        timers.delete(timer)
        timer.wake()
      }
    },
    fork,
    step,
    flush,
    run: (effect) => {
      const fiber = fork(effect)
      flush()
      const exit = fiber.unsafePoll()
      if (exit === null) throw new Error("the effect has not ended")
      return Exit.getOrElse(exit, (cause) => {
        throw new Error(`the effect failed: ${String(cause)}`)
      })
    }
  }
}
