/**
 * Saves snapshots of a tracker in a `KeyValueStore` and restores the newest one. Snapshots alternate between two slots, so
 * that one is complete at any time. A slot whose content could not be read or used is never written to: further slots take
 * its place.
 */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Classifier from "../../Classifier.js"
import * as ErrorLog from "../../ErrorLog.js"
import type * as FetchContext from "../../FetchContext.js"
import * as FetchError from "../../FetchError.js"
import { withDeadline } from "../deadline.js"
import { redacted } from "../log/errorLine.js"
import { write } from "../log/write.js"
import * as SnapshotFile from "./snapshotFile.js"
import type { Snapshot } from "./snapshotModel.js"

/** The store, the key and the interval of saved snapshots. */
export interface Place {
  readonly key: string
  readonly saveEvery: Duration.Duration
}

/** The state that is saved and restored. */
export interface Persistable {
  /** A snapshot that may be lazy: see `Core.lazySnapshot`. */
  readonly snapshot: Effect.Effect<Snapshot>
  readonly restore: (snapshot: Snapshot) => Effect.Effect<void>
  /** Adds the counts of a snapshot to those since. */
  readonly merge: (older: Snapshot) => Effect.Effect<void>
}

// A store that hangs must not hang the program, neither at its start nor at its end.
const patience = "5 seconds"

const maxSlots = 8

/** The content of a slot. */
type Reading =
  | { readonly _tag: "Empty" }
  | { readonly _tag: "Saved"; readonly saved: SnapshotFile.Saved }
  // The content cannot be used: it is damaged, foreign, or of a newer version.
  | { readonly _tag: "Unusable"; readonly error: FetchError.FetchError }
  // The store failed: the slot may hold anything.
  | { readonly _tag: "Unread"; readonly error: FetchError.FetchError }

const isWritable = ({ _tag }: Reading): boolean => _tag === "Empty" || _tag === "Saved"

export const persist = Effect.fnUntraced(function*(
  tracker: Persistable,
  { key, saveEvery }: Place
): Effect.fn.Return<void, never, KeyValueStore.KeyValueStore | Scope.Scope> {
  const store = yield* KeyValueStore.KeyValueStore
  const keyOf = (slot: number) => `${key}.${slot}`
  let slots: ReadonlyArray<Reading> = []
  // The slot that holds the newest snapshot, and the number of the next one.
  let newest = -1
  let next = 0
  let isRestored = false
  let isFailing = false

  const read = (slot: number): Effect.Effect<Reading> => {
    const context = { operation: "read", attributes: { key: keyOf(slot) } }
    return Effect.match(bounded(() => store.get(keyOf(slot)), FetchError.StorageRead, context), {
      onFailure: (error): Reading => ({ _tag: "Unread", error }),
      onSuccess: Option.match({
        onNone: (): Reading => ({ _tag: "Empty" }),
        onSome: (text): Reading => {
          const saved = SnapshotFile.read(text, context)
          return saved._tag === "Right"
            ? { _tag: "Saved", saved: saved.right }
            : { _tag: "Unusable", error: saved.left }
        }
      })
    })
  }

  /** Reads slots up to the first empty one, and until two can be written to. Stops at a store that fails. */
  const readSlots = Effect.gen(function*() {
    const found = yield* Effect.all([read(0), read(1)], { concurrency: 2 })
    const readings: Array<Reading> = [...found]
    const isDone = () =>
      readings.length >= maxSlots ||
      readings.every(({ _tag }) => _tag === "Unread") ||
      (readings.some(({ _tag }) => _tag === "Empty") && readings.filter(isWritable).length >= 2)
    while (!isDone()) readings.push(yield* read(readings.length))
    return readings
  })

  /** The newest snapshot among some slots becomes the one to continue from. */
  const continueFrom = (
    readings: ReadonlyArray<Reading>,
    use: (snapshot: Snapshot) => Effect.Effect<void>
  ): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      const [last] = readings.flatMap((reading, slot) => reading._tag === "Saved" ? [{ slot, ...reading.saved }] : [])
        .sort((a, b) => b.number - a.number)
      if (last === undefined) return Effect.succeed(false)
      newest = last.slot
      // A slot that could not be read may hold the number after this one.
      next = Math.max(next, last.number + 2)
      isRestored = true
      return Effect.as(use(last.snapshot), true)
    })

  const start = Effect.gen(function*() {
    slots = yield* readSlots
    const isFound = yield* continueFrom(slots, tracker.restore)
    const errors = slots.flatMap((reading) => "error" in reading ? [reading.error] : [])
    const outcome = isFound ? "another one is used" : "counting starts from zero"
    // A store that fails does so for every slot: once is enough.
    for (const error of new Map(errors.map((error) => [error.code, error])).values()) {
      yield* ErrorLog.log(error, {
        message:
          `A saved snapshot of the error tracker cannot be read and is left in place; ${outcome}: ${error.message}`
      })
    }
    isFailing = !slots.some(isWritable)
  })

  /** Reads the slots again that could not be read at the start, unless counting continued from another snapshot. */
  const readAgain = Effect.gen(function*() {
    if (isRestored || !slots.some(({ _tag }) => _tag === "Unread")) return
    const before = slots
    const now = slots.some(isWritable)
      ? yield* Effect.forEach(
        slots,
        (reading, slot) => reading._tag === "Unread" ? read(slot) : Effect.succeed(reading)
      )
      : yield* readSlots
    slots = now
    // The snapshots of this process are counted already.
    const late = now.map((reading, slot): Reading =>
      before[slot]?._tag === "Unread" || !(slot in before) ? reading : { _tag: "Empty" }
    )
    const isFound = yield* continueFrom(late, tracker.merge)
    if (isFound) {
      yield* write(LogLevel.Info, "A saved snapshot of the error tracker can be read again: its counts were added")
    }
  })

  const save = Effect.gen(function*() {
    yield* readAgain
    const writable = slots.flatMap((reading, slot) => isWritable(reading) ? [slot] : [])
    const slot = writable.find((slot) => slot !== newest) ?? writable[0]
    if (slot === undefined) return
    const context = { operation: "write", attributes: { key: keyOf(slot) } }
    const text = yield* SnapshotFile.write(next, yield* tracker.snapshot)
    yield* bounded(() => store.set(keyOf(slot), text), FetchError.StorageWrite, context)
    newest = slot
    next++
    if (isFailing) yield* write(LogLevel.Info, "Snapshots of the error tracker are saved again")
    isFailing = false
  }).pipe(
    Effect.catchAll((error) => {
      if (isFailing) return Effect.void
      isFailing = true
      return ErrorLog.log(error, { message: `Snapshots of the error tracker cannot be saved: ${error.message}` })
    }),
    Effect.catchAllDefect((defect) =>
      write(LogLevel.Error, "Snapshots of the error tracker cannot be saved", {}, Cause.die(redacted(defect)))
    ),
    // A save that has begun is finished before the last one, at the end of the layer, begins.
    Effect.uninterruptible
  )

  yield* start
  yield* Effect.addFinalizer(() => save)
  yield* Effect.forkScoped(Effect.schedule(save, Schedule.spaced(saveEvery)))
})

/** The result of a store operation; a store that fails, throws or hangs fails with a typed error. */
const bounded = <A>(
  effect: () => Effect.Effect<A, unknown>,
  TooLong: typeof FetchError.StorageRead | typeof FetchError.StorageWrite,
  context: FetchContext.Input
): Effect.Effect<A, FetchError.FetchError> =>
  // The save cannot be interrupted, the store can.
  Effect.interruptible(Effect.suspend(effect)).pipe(
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
