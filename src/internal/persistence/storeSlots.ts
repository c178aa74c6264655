/**
 * Saves a state in a `KeyValueStore` and restores the newest one. States alternate between two slots, so that one is
 * complete at any time. A slot whose content could not be read or used is never written to: further slots take its place.
 * An empty text holds nothing that could be lost: once all slots are in use, it is written over.
 */
import type * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as FiberRef from "effect/FiberRef"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Classifier from "../../Classifier.js"
import * as ErrorLog from "../../ErrorLog.js"
import type * as FetchContext from "../../FetchContext.js"
import * as FetchError from "../../FetchError.js"
import { withDeadline } from "../deadline.js"
import { redacted } from "../log/errorLine.js"
import { write } from "../log/write.js"

/** A state and its number, which orders the states under one key. */
export interface Numbered<A> {
  readonly number: number
  readonly value: A
}

export interface Codec<A> {
  /** Left: the reason why the text cannot be used. */
  readonly read: (text: string, context: FetchContext.Input) => Either.Either<Numbered<A>, FetchError.FetchError>
  readonly write: (state: Numbered<A>) => Effect.Effect<string>
  /**
   * Returns whether the text is what a save leaves behind when its process is killed. Nothing is lost when it is written
   * over. Default: no text is.
   */
  readonly isUnfinished?: (text: string) => boolean
}

/** The state that is saved and restored. */
interface Stateful<A> {
  readonly state: Effect.Effect<A>
  readonly restore: (state: A) => Effect.Effect<void>
  /** Adds an earlier state, which could not be read at the start, to the one since. */
  readonly merge: (earlier: A) => Effect.Effect<void>
}

export interface Options<A> {
  readonly store: KeyValueStore.KeyValueStore
  /** The slots are `KEY.0`, `KEY.1` and so on. */
  readonly key: string
  readonly codec: Codec<A>
  readonly stateful: Stateful<A>
  /** The texts of log lines. */
  readonly texts: {
    /** "Snapshots of the error tracker" */
    readonly states: string
    /** "A saved snapshot of the error tracker" */
    readonly saved: string
    /** What happens without a saved state: "counting starts from zero" */
    readonly without: string
    /** What happens when a saved state can be read again: "its counts were added" */
    readonly merged: string
  }
}

export interface Slots {
  /** Reads all slots and restores the newest state. */
  readonly start: Effect.Effect<void>
  /** Saves the state. False if the store failed. */
  readonly save: Effect.Effect<boolean>
}

// A store that hangs must not hang the program, neither at its start nor at its end.
const patience = "5 seconds"

const maxSlots = 8

const wasInterrupted = "the store was interrupted"

/** The content of a slot. */
type Reading<A> =
  | { readonly _tag: "Empty" }
  | { readonly _tag: "Unfinished" }
  | { readonly _tag: "Saved"; readonly saved: Numbered<A> }
  // The content cannot be used: it is damaged, foreign, or of a newer version.
  | { readonly _tag: "Unusable"; readonly error: FetchError.FetchError; readonly isEmpty: boolean }
  // The store failed: the slot may hold anything.
  | { readonly _tag: "Unread"; readonly error: FetchError.FetchError }

const isWritable = ({ _tag }: Reading<unknown>): boolean =>
  _tag === "Empty" || _tag === "Unfinished" || _tag === "Saved"

export const make = <A>({ codec, key, stateful, store, texts }: Options<A>): Slots => {
  const keyOf = (slot: number) => `${key}.${slot}`
  let slots: ReadonlyArray<Reading<A>> = []
  // The slot that holds the newest state, and the number of the next one.
  let newest = -1
  let next = 0
  let isRestored = false
  let isFailing = false

  const read = (slot: number): Effect.Effect<Reading<A>> => {
    const context = { operation: "read", attributes: { key: keyOf(slot) } }
    return Effect.match(bounded(() => store.get(keyOf(slot)), FetchError.StorageRead, context), {
      onFailure: (error): Reading<A> => ({ _tag: "Unread", error }),
      onSuccess: Option.match({
        onNone: (): Reading<A> => ({ _tag: "Empty" }),
        onSome: (text): Reading<A> => {
          if (codec.isUnfinished?.(text) === true) return { _tag: "Unfinished" }
          const saved = codec.read(text, context)
          return saved._tag === "Right"
            ? { _tag: "Saved", saved: saved.right }
            : { _tag: "Unusable", error: saved.left, isEmpty: text === "" }
        }
      })
    })
  }

  /** Reads slots up to the first empty one, and until two can be written to. Stops at a store that fails. */
  const readSlots = Effect.gen(function*() {
    const found = yield* Effect.all([read(0), read(1)], { concurrency: 2 })
    const readings: Array<Reading<A>> = [...found]
    const isDone = () =>
      readings.length >= maxSlots ||
      readings.every(({ _tag }) => _tag === "Unread") ||
      (readings.some(({ _tag }) => _tag === "Empty") && readings.filter(isWritable).length >= 2)
    while (!isDone()) readings.push(yield* read(readings.length))
    return readings
  })

  /** The newest state among some slots becomes the one to continue from. */
  const continueFrom = (
    readings: ReadonlyArray<Reading<A>>,
    use: (state: A) => Effect.Effect<void>
  ): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      const [last] = readings.flatMap((reading, slot) => reading._tag === "Saved" ? [{ slot, ...reading.saved }] : [])
        .sort((a, b) => b.number - a.number)
      if (last === undefined) return Effect.succeed(false)
      newest = last.slot
      // A slot that could not be read may hold the number after this one.
      next = Math.max(next, last.number + 2)
      isRestored = true
      return Effect.as(use(last.value), true)
    })

  const start = Effect.gen(function*() {
    slots = yield* readSlots
    const isFound = yield* continueFrom(slots, stateful.restore)
    const errors = slots.flatMap((reading) => "error" in reading ? [reading.error] : [])
    const outcome = isFound ? "another one is used" : texts.without
    // A store that fails does so for every slot: once is enough.
    for (const error of new Map(errors.map((error) => [error.code, error])).values()) {
      yield* ErrorLog.log(error, {
        message: `${texts.saved} cannot be read and is left in place; ${outcome}: ${error.message}`
      })
    }
    isFailing = !slots.some(isWritable)
  })

  /** Reads the slots again that could not be read at the start, unless another state was restored. */
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
    // The states of this process are merged already.
    const late = now.map((reading, slot): Reading<A> =>
      before[slot]?._tag === "Unread" || !(slot in before) ? reading : { _tag: "Empty" }
    )
    const isFound = yield* continueFrom(late, stateful.merge)
    if (isFound) yield* write(LogLevel.Info, `${texts.saved} can be read again: ${texts.merged}`)
  })

  const save = Effect.gen(function*() {
    yield* readAgain
    const writable = slots.flatMap((reading, slot) => isWritable(reading) ? [slot] : [])
    const empty = slots.findIndex((reading) => reading._tag === "Unusable" && reading.isEmpty)
    const slot = writable.find((slot) => slot !== newest) ?? (empty < 0 ? writable[0] : empty)
    if (slot === undefined) return false
    const context = { operation: "write", attributes: { key: keyOf(slot) } }
    const text = yield* codec.write({ number: next, value: yield* stateful.state })
    yield* bounded(() => store.set(keyOf(slot), text), FetchError.StorageWrite, context)
    // A text of this process: it can be written over.
    slots = slots.map((reading, i): Reading<A> => i === slot ? { _tag: "Empty" } : reading)
    newest = slot
    next++
    if (isFailing) yield* write(LogLevel.Info, `${texts.states} are saved again`)
    isFailing = false
    return true
  }).pipe(
    Effect.catchAll((error) =>
      Effect.flatMap(FiberRef.get(FiberRef.interruptedCause), (interruption) => {
        // The end of the scope interrupts the store, and saves for the last time.
        const isEnd = error.message === wasInterrupted && !Cause.isEmpty(interruption)
        if (isFailing || isEnd) return Effect.succeed(false)
        isFailing = true
        return Effect.as(
          ErrorLog.log(error, { message: `${texts.states} cannot be saved: ${error.message}` }),
          false
        )
      })
    ),
    Effect.catchAllDefect((defect) =>
      Effect.as(
        write(LogLevel.Error, `${texts.states} cannot be saved`, {}, Cause.die(redacted(defect))),
        false
      )
    ),
    // A save that has begun is finished before the last one begins.
    Effect.uninterruptible
  )

  return { start, save }
}

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
        Effect.mapError(() => new FetchError.Unexpected({ message: wasInterrupted, context }))
      ).pipe(Effect.flatMap(Effect.fail))
    )
  )
