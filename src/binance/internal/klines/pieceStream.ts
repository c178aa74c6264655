/** The pieces of a range as a stream: in order, with a limited prefetch. */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/**
 * Fetches pieces and emits their results in order. While the consumer processes a result, at most `prefetch` later
 * pieces are being fetched or buffered. With 0, a piece is fetched when it is pulled. The stream fails with the first
 * piece that fails, after it has emitted all pieces before. If it ends early, pending fetches are interrupted.
 */
export const pieceStream = <P, A, E, R>(
  pieces: Iterable<P>,
  prefetch: number,
  fetch: (piece: P) => Effect.Effect<A, E, R>
): Stream.Stream<A, E, R> =>
  Stream.unwrapScoped(
    Effect.gen(function*() {
      const scope = yield* Effect.scope
      const iterator = pieces[Symbol.iterator]()
      const fetched: Array<Fiber.Fiber<Exit.Exit<A, E>>> = []

      const fetchAhead = Effect.fnUntraced(function*(count: number) {
        while (fetched.length < count) {
          const next = iterator.next()
          if (next.done === true) return
          // A failed fiber would be logged, but the failure belongs to the consumer.
          fetched.push(yield* Effect.forkIn(Effect.exit(Effect.suspend(() => fetch(next.value))), scope))
        }
      })

      return Stream.repeatEffectOption(Effect.gen(function*() {
        yield* fetchAhead(prefetch + 1)
        const next = fetched.shift()
        if (next === undefined) return yield* Effect.fail(Option.none())
        const exit = yield* Effect.flatten(Fiber.await(next))
        yield* fetchAhead(prefetch)
        return yield* Effect.mapError(exit, Option.some)
      }))
    })
  )
