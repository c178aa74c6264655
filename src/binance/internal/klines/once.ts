/** Effects whose results concurrent callers share, so that no request is made twice. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

export class Once {
  private readonly known = new Map<string, Deferred.Deferred<unknown>>()

  /** True if the effect of a key has been run, or is running. */
  has(key: string): boolean {
    return this.known.has(key)
  }

  /**
   * Runs an effect once per key. Concurrent callers wait for its result. It is run again after it was interrupted, and
   * after a result that `isKept` rejects.
   */
  run<A, R>(
    key: string,
    effect: Effect.Effect<A, never, R>,
    isKept: (result: A) => boolean = () => true
  ): Effect.Effect<A, never, R> {
    return Effect.suspend(() => {
      const before = this.known.get(key)
      // Results are stored under the key of their effect, so they have its type.
      if (before !== undefined) return Deferred.await(before) as Effect.Effect<A>
      return Effect.flatMap(Deferred.make<unknown>(), (deferred) => {
        this.known.set(key, deferred)
        return Effect.onExit(effect, (exit) => {
          if (exit._tag === "Failure" || !isKept(exit.value)) this.known.delete(key)
          return exit._tag === "Success"
            ? Deferred.succeed(deferred, exit.value)
            : Deferred.failCause(deferred, exit.cause)
        })
      })
    })
  }
}
