/** The progress of a receiver in a store: what it has accepted, and what waits for it. */
import type * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Slots from "../persistence/storeSlots.js"
import type { Outbox, Saved } from "./outbox.js"
import { outboxCodec } from "./outboxCodec.js"

export interface Options {
  readonly store: Option.Option<KeyValueStore.KeyValueStore>
  /** The name of the receiver. */
  readonly name: string
  readonly outbox: Outbox
  /** Called when the progress of an earlier process was read late, and merged. */
  readonly onMerged: () => void
}

export interface Progress {
  /** Restores the progress of an earlier process. */
  readonly restore: Effect.Effect<void>
  /** Called after each change of the outbox. */
  readonly change: () => void
  /** Saves changes. */
  readonly save: Effect.Effect<void>
  /** Saves changes unless the store fails: an alert must not wait for the store again and again. */
  readonly saveUnlessFailing: Effect.Effect<void>
  /** Saves changes as they come. While the store fails, once a minute. */
  readonly saveChanges: Effect.Effect<never>
  /** Returns whether the last save succeeded. */
  readonly isStored: () => boolean
}

const afterFailure = Duration.minutes(1)

const nothing: Progress = {
  restore: Effect.void,
  change: () => {},
  save: Effect.void,
  saveUnlessFailing: Effect.void,
  saveChanges: Effect.never,
  isStored: () => false
}

export const make = ({ name, onMerged, outbox, store }: Options): Effect.Effect<Progress> =>
  Option.match(store, {
    onNone: () => Effect.succeed(nothing),
    onSome: (store) => inStore(store, name, outbox, onMerged)
  })

const inStore = Effect.fnUntraced(function*(
  store: KeyValueStore.KeyValueStore,
  name: string,
  outbox: Outbox,
  onMerged: () => void
): Effect.fn.Return<Progress> {
  const changed = yield* Effect.makeLatch()
  const saving = yield* Effect.makeSemaphore(1)
  let isDirty = false
  let isFailing = false

  const slots = Slots.make<Saved>({
    store,
    key: `notifier.${name}`,
    codec: outboxCodec,
    stateful: {
      state: Effect.sync(() => outbox.saved),
      restore: (saved) => Effect.sync(() => outbox.restore(saved)),
      merge: (earlier) =>
        Effect.sync(() => {
          outbox.restore(earlier)
          onMerged()
        })
    },
    texts: {
      states: `The progress of the receiver ${JSON.stringify(name)}`,
      saved: `The stored progress of the receiver ${JSON.stringify(name)}`,
      without: "active alerts are sent again",
      merged: "it was merged"
    }
  })

  const change = () => {
    isDirty = true
    changed.unsafeOpen()
  }

  const saveIf = (isDue: () => boolean): Effect.Effect<void> =>
    saving.withPermits(1)(Effect.suspend(() => {
      if (!isDirty || !isDue()) return Effect.void
      isDirty = false
      return Effect.map(slots.save, (isSaved) => {
        isFailing = !isSaved
        isDirty ||= isFailing
      })
    }))

  const save = saveIf(() => true)

  return {
    restore: slots.start,
    change,
    save,
    saveUnlessFailing: saveIf(() => !isFailing),
    saveChanges: Effect.suspend(() => {
      changed.unsafeClose()
      return save
    }).pipe(
      Effect.zipRight(
        Effect.suspend(() =>
          isFailing ? Effect.zipRight(Effect.sleep(afterFailure), Effect.sync(change)) : changed.await
        )
      ),
      Effect.forever
    ),
    isStored: () => !isFailing
  }
})
