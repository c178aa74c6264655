/** The guard of a log against storms of errors: see `ErrorLog.makeStorm`. */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as LogLevel from "effect/LogLevel"
import type * as Scope from "effect/Scope"
import type * as FetchError from "../../FetchError.js"
import { type Held, StormWindows, windowMillis } from "./stormWindows.js"
import { detached, write } from "./write.js"

export interface StormGuard {
  /** Writes the line of an error, or counts the error; and writes the counts that are due. */
  readonly admit: (
    error: FetchError.Trackable,
    level: LogLevel.LogLevel,
    write: Effect.Effect<void>
  ) => Effect.Effect<void>
}

export const makeStormGuard = (scope: Scope.Scope | undefined, ownClock: Clock.Clock | undefined): StormGuard => {
  const windows = new StormWindows()
  // One clock for all that is admitted: windows that began by another one would never end.
  let clock = ownClock
  const nowMillis = (fallback: Clock.Clock): number => {
    clock ??= fallback
    return Number(clock.unsafeCurrentTimeNanos() / 1_000_000n)
  }
  // Whether a fiber waits for the end of the next window. Without a scope there is none.
  let watched = scope === undefined

  const writeAll = (held: ReadonlyArray<Held>): Effect.Effect<void> =>
    detached(Effect.forEach(held, writeCount, { discard: true }))

  const watch: Effect.Effect<void> = Effect.gen(function*() {
    const fallback = yield* Effect.clock
    for (let next = windows.next(); next !== undefined; next = windows.next()) {
      yield* (clock ?? fallback).sleep(Duration.millis(next - nowMillis(fallback)))
      yield* writeAll(windows.close(nowMillis(fallback)))
    }
    watched = false
  })

  const watcher = watch.pipe(
    Effect.interruptible,
    Effect.onInterrupt(() => Effect.suspend(() => writeAll(windows.open()))),
    // It writes about many fetches, so it keeps nothing of the one that started it.
    Effect.mapInputContext<never, never>(() => Context.empty())
  )

  const startWatch: Effect.Effect<unknown> = Effect.suspend(() => {
    if (watched || scope === undefined || windows.next() === undefined) return Effect.void
    watched = true
    // Uninterruptible from its first step, so that it writes the counts even if the scope closes before that.
    return Effect.uninterruptible(Effect.forkIn(watcher, scope))
  })

  return {
    admit: (error, level, write) =>
      Effect.clockWith((fallback) => {
        const { due, inFull } = windows.admit(error, level, nowMillis(fallback))
        const next = inFull ? write : startWatch
        return due.length === 0 ? next : Effect.zipRight(writeAll(due), next)
      }).pipe(Effect.asVoid)
  }
}

const writeCount = ({ closed, code, count, level, source }: Held): Effect.Effect<void> =>
  write(
    level,
    `${code}${source === undefined ? "" : ` from ${source}`}: ${count} more ${count === 1 ? "error" : "errors"} ${
      closed ? `in ${windowMillis / 1000} seconds` : "so far"
    }, not logged one by one`,
    { error_type: code, source, count }
  )
