/**
 * Long computations as generators, which pause between pieces of bounded work. The event loop serves timers and sockets in the
 * pauses.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** A computation that pauses between its pieces. */
export type Pieces<A> = Generator<void, A>

/** The result without pauses. */
export const atOnce = <A>(pieces: Pieces<A>): A => {
  for (;;) {
    const { done, value } = pieces.next()
    if (done === true) return value
  }
}

/** The result with a pause after each piece. */
export const withPauses = <A>(pieces: () => Pieces<A>): Effect.Effect<A> =>
  Effect.gen(function*() {
    const all = pieces()
    for (;;) {
      const { done, value } = all.next()
      if (done === true) return value
      // A timer: a yield of the fiber runs before timers and sockets.
      yield* Effect.sleep(Duration.zero)
    }
  })

/** Maps items, with a pause after every so many. */
export function* mapped<A, B>(
  items: Iterable<A>,
  perPiece: number,
  f: (item: A) => B
): Pieces<Array<B>> {
  const results: Array<B> = []
  for (const item of items) {
    results.push(f(item))
    if (results.length % perPiece === 0) yield
  }
  return results
}
