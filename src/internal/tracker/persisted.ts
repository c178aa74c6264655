/** A tracker that outlives its process: its snapshots, saved in turn under two keys, so that one is always whole. */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Classifier from "../../Classifier.js"
import * as ErrorLog from "../../ErrorLog.js"
import type * as FetchContext from "../../FetchContext.js"
import * as FetchError from "../../FetchError.js"
import { withDeadline } from "../deadline.js"
import type { Service } from "./model.js"
import * as Stored from "./snapshotFile.js"

/** Where, and how often. */
export interface Place {
  readonly key: string
  readonly saveEvery: Duration.Duration
}

// A store that hangs must not hang the program, neither at its start nor at its end.
const patience = "5 seconds"

export const persist = Effect.fnUntraced(function*(
  tracker: Service,
  { key, saveEvery }: Place
): Effect.fn.Return<void, never, KeyValueStore.KeyValueStore | Scope.Scope> {
  const store = yield* KeyValueStore.KeyValueStore
  const keyOf = (number: number) => `${key}.${number % 2}`
  let next = 0
  let failing = false

  const load = (number: number): Effect.Effect<Option.Option<Stored.Stored>, FetchError.FetchError> => {
    const context = { operation: "read", attributes: { key: keyOf(number) } }
    return Effect.flatMap(
      impatiently(store.get(keyOf(number)), FetchError.StorageRead, context),
      Option.match({
        onNone: () => Effect.succeedNone,
        onSome: (text) => Effect.asSome(Stored.read(text, context))
      })
    )
  }

  const save = Effect.gen(function*() {
    const context = { operation: "write", attributes: { key: keyOf(next) } }
    const snapshot = yield* tracker.snapshot
    yield* impatiently(
      Effect.suspend(() => store.set(keyOf(next), Stored.write(next, snapshot))),
      FetchError.StorageWrite,
      context
    )
    next++
    if (failing) yield* Effect.logInfo("Snapshots of the error tracker are saved again")
    failing = false
  }).pipe(
    Effect.catchAll((error) => {
      if (failing) return Effect.void
      failing = true
      return ErrorLog.log(error, {
        message: `Snapshots of the error tracker cannot be saved for now: ${error.message}`
      })
    }),
    // What is begun is finished before another one begins.
    Effect.uninterruptible
  )

  const [unusable, found] = yield* Effect.partition([0, 1], load, { concurrency: 2 })
  const [last] = found.flatMap(Option.toArray).sort((a, b) => b.number - a.number)
  const then = last === undefined ? "counting begins anew" : "the other one is used"
  // What is wrong with the store is wrong with both; and as long as it is, saving need not tell it again.
  for (const error of new Map(unusable.map((error) => [error.code, error])).values()) {
    if (error.category !== "Data") failing = true
    yield* ErrorLog.log(error, { message: `A snapshot of the error tracker cannot be read, ${then}: ${error.message}` })
  }
  if (last !== undefined) {
    yield* tracker.restore(last.snapshot)
    next = last.number + 1
  }
  yield* Effect.addFinalizer(() => save)
  yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Effect.sleep(saveEvery), save)))
})

/** What a store does, or why it does not. */
const impatiently = <A>(
  effect: Effect.Effect<A, unknown>,
  TooLong: typeof FetchError.StorageRead | typeof FetchError.StorageWrite,
  context: FetchContext.Input
): Effect.Effect<A, FetchError.FetchError> =>
  // Saving is uninterruptible, the store is not.
  Effect.interruptible(effect).pipe(
    withDeadline({
      duration: patience,
      onTimeout: () => new TooLong({ message: `the store did not answer within ${patience}`, context })
    }),
    Effect.catchAllCause((cause) =>
      Effect.flatMap(
        Classifier.classifyCause(cause, { context }),
        Effect.mapError(() => new FetchError.Unexpected({ message: "the store was interrupted", context }))
      ).pipe(Effect.flatMap(Effect.fail))
    )
  )
