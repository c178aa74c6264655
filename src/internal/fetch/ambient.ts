/** The environment of a fetch that its errors and attempts depend on. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchContext from "../../FetchContext.js"
import type { Trackable } from "../../FetchError.js"

/** The context of `Fetch.annotate`. */
export class Ambient extends Context.Reference<Ambient>()("effect-errata/Fetch/Ambient", {
  defaultValue: () => FetchContext.empty
}) {}

/** Merges a context over that of the surrounding effects. */
export const within =
  (context: FetchContext.Input) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.mapInputContext(
      self,
      (env: Context.Context<R>) => Context.add(env, Ambient, FetchContext.merge(Context.get(env, Ambient), context))
    )

/** Whether another source follows after this failure: a call then does not wait. */
export class HasAlternative extends Context.Reference<HasAlternative>()("effect-errata/Fetch/HasAlternative", {
  defaultValue: (): (error: Trackable) => boolean => () => false
}) {}

/** The circuit that this call is a probe of. Calls inside belong to the probe. */
export class Probed extends Context.Reference<Probed>()("effect-errata/Fetch/Probed", {
  defaultValue: (): object | undefined => undefined
}) {}

/** Whether the fetch may be repeated after this failure. A policy retries nothing else. */
export class Repeatable extends Context.Reference<Repeatable>()("effect-errata/Fetch/Repeatable", {
  defaultValue: (): (error: Trackable) => boolean => () => true
}) {}

/** Sets {@link Repeatable} for an effect. */
export const repeatableIf =
  (isRepeatable: (error: Trackable) => boolean) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.mapInputContext(self, (env: Context.Context<R>) => Context.add(env, Repeatable, isRepeatable))
