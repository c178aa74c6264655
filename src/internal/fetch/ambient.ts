/** What surrounds a fetch, as far as its errors and its attempts want to know. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchContext from "../../FetchContext.js"
import type { Trackable } from "../../FetchError.js"

/** What everything inside is about. */
export class Ambient extends Context.Reference<Ambient>()("effect-errata/Fetch/Ambient", {
  defaultValue: () => FetchContext.empty
}) {}

/** Says it to what is inside, on top of what is said already. */
export const within =
  (context: FetchContext.Input) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.mapInputContext(
      self,
      (env: Context.Context<R>) => Context.add(env, Ambient, FetchContext.merge(Context.get(env, Ambient), context))
    )

/** Would somebody else be asked after this failure, so that it makes no sense to wait? */
export class HasAlternative extends Context.Reference<HasAlternative>()("effect-errata/Fetch/HasAlternative", {
  defaultValue: (): (error: Trackable) => boolean => () => false
}) {}

/** The circuit that this call is a probe of: whatever is asked for inside belongs to the probe. */
export class Probed extends Context.Reference<Probed>()("effect-errata/Fetch/Probed", {
  defaultValue: (): object | undefined => undefined
}) {}
