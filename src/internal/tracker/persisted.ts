/** Saves snapshots of a tracker in a `KeyValueStore` on a schedule and at the end of its scope, and restores the newest. */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Slots from "../persistence/storeSlots.js"
import * as SnapshotFile from "./snapshotFile.js"
import type { Snapshot } from "./snapshotModel.js"

/** The key and the interval of saved snapshots. */
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

export const persist = Effect.fnUntraced(function*(
  { merge, restore, snapshot }: Persistable,
  { key, saveEvery }: Place
): Effect.fn.Return<void, never, KeyValueStore.KeyValueStore | Scope.Scope> {
  const { save, start } = Slots.make({
    store: yield* KeyValueStore.KeyValueStore,
    key,
    codec: SnapshotFile,
    stateful: { state: snapshot, restore, merge },
    texts: {
      states: "Snapshots of the error tracker",
      saved: "A saved snapshot of the error tracker",
      without: "counting starts from zero",
      merged: "its counts were added"
    }
  })
  yield* start
  yield* Effect.addFinalizer(() => save)
  yield* Effect.forkScoped(Effect.schedule(save, Schedule.spaced(saveEvery)))
})
