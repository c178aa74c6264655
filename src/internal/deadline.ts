/**
 * A race of an effect against time that leaves nothing in Effect's own log.
 *
 * The runtime logs the raw cause of every fiber that fails, observed or not, at DEBUG: URLs with keys, messages of
 * servers. `Effect.timeout*`, `Effect.race*` and `Effect.disconnect` fork, so nothing else in `src` puts them on an
 * effect that can fail.
 */
import type * as Chunk from "effect/Chunk"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

export interface Deadline<E> {
  readonly duration: Duration.DurationInput
  readonly onTimeout: () => E
}

/**
 * Fails with `onTimeout` when the effect takes longer than `duration`. Returns at once then, in uninterruptible regions
 * too: the effect is interrupted in the background, if it can be, and its outcome is dropped.
 *
 * Fibers that the effect forks, as streams do, log nothing raw either.
 */
export const withDeadline =
  <E2>({ duration, onTimeout }: Deadline<E2>) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R> =>
    Effect.uninterruptibleMask((restore) =>
      self.pipe(
        // An exit is a value, so the fibers of the race do not fail.
        Effect.exit,
        restore,
        Effect.disconnect,
        Effect.interruptible,
        Effect.timeoutFail({ duration, onTimeout }),
        restore,
        // One that is interrupted, and whose finalizer dies, ends with that defect all the same.
        Effect.locally(FiberRef.unhandledErrorLogLevel, Option.none())
      )
    ).pipe(Effect.flatten)

/** Fails with `onTimeout` when the next chunk of the stream takes longer than `duration`. */
export const withIdleDeadline =
  <E2>({ duration, onTimeout }: Deadline<E2>) => <A, E, R>(self: Stream.Stream<A, E, R>): Stream.Stream<A, E | E2, R> =>
    Stream.fromPull(
      Effect.map(
        Stream.toPull(self),
        (pull: Effect.Effect<Chunk.Chunk<A>, Option.Option<E | E2>, R>) =>
          withDeadline({ duration, onTimeout: () => Option.some(onTimeout()) })(pull)
      )
    )
