/** Failover: the sources are called in order until one of them succeeds. */
import * as Effect from "effect/Effect"
import type { ErrorTracker } from "../../ErrorTracker.js"
import { withEarlier } from "../error/copy.js"
import { HasAlternative } from "./ambient.js"
import { attemptFailed } from "./callLog.js"
import type { Classified, Source } from "./fetchModel.js"
import { track } from "./tracking.js"

type Thrown<S extends ReadonlyArray<Source>> = Effect.Effect.Error<S[number]["fetch"]>

/** The failover over these sources. A failure for which `goesOn` returns false is not followed by another source. */
export const inOrder = <const S extends readonly [Source, ...Array<Source>]>(
  sources: S,
  goesOn: (error: Classified<Thrown<S>>) => boolean
) => {
  type A = Effect.Effect.Success<S[number]["fetch"]>
  type E = Classified<Thrown<S>>
  type R = Effect.Effect.Context<S[number]["fetch"]> | ErrorTracker
  const from = (i: number, earlier: ReadonlyArray<E>): Effect.Effect<A, E, R> => {
    // The recursion ends at the last source.
    const { fetch, source } = sources[i]!
    const tracked = track<A, Thrown<S>, R>(fetch, { source }, {})
    const next = sources[i + 1]
    if (next === undefined) return Effect.mapError(tracked, (error) => withEarlier(error, earlier))
    return Effect.flatMap(HasAlternative, (outside) =>
      // Inside, it is called with errors of this source only.
      Effect.provideService(tracked, HasAlternative, (error) => goesOn(error as E) || outside(error))).pipe(
        Effect.catchAll((error) =>
          goesOn(error)
            ? Effect.zipRight(
              attemptFailed(error, `; source ${source} failed, ${next.source} is next`, { source }),
              from(i + 1, [...earlier, error])
            )
            : Effect.fail(withEarlier(error, earlier))
        )
      )
  }
  return from(0, [])
}
