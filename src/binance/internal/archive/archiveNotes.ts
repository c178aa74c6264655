/** Results from the archive that the pieces of a fetch share, so that no request is made twice. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

export class ArchiveNotes {
  private readonly known = new Map<string, Deferred.Deferred<unknown>>()

  /** Runs an effect once per key. Concurrent callers wait for its result; one that is interrupted is run again. */
  once<A, R>(key: string, effect: Effect.Effect<A, never, R>): Effect.Effect<A, never, R> {
    return Effect.suspend(() => {
      const before = this.known.get(key)
      // Results are stored under the key of their effect, so they have its type.
      if (before !== undefined) return Deferred.await(before) as Effect.Effect<A>
      return Effect.flatMap(Deferred.make<unknown>(), (deferred) => {
        this.known.set(key, deferred)
        return Effect.onExit(effect, (exit) =>
          exit._tag === "Success"
            ? Deferred.succeed(deferred, exit.value)
            : Effect.zipRight(Effect.sync(() => this.known.delete(key)), Deferred.failCause(deferred, exit.cause)))
      })
    })
  }
}
