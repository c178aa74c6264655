/** The pieces of a range as a stream: in order, a few of them fetched ahead, and each only once it is due. */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/**
 * Fetches one piece after the other and emits the results in the order of the pieces. While the consumer works on a result,
 * at most `prefetch` pieces behind it are being fetched or wait for the consumer; with 0, a piece is fetched when it is
 * asked for. The stream fails with the first piece that fails, after all before it were emitted. Where it ends early, what
 * is being fetched is interrupted.
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
          // A fiber that fails is logged. The failure belongs to the consumer.
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
