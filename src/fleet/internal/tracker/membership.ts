/**
 * Whether this process is the only one of its fleet. Its own counts are then all there are, to the nanosecond; several
 * processes must decide from the same counts, those of the store.
 */
import * as Effect from "effect/Effect"
import type { Unavailable } from "../storeError.js"
import { encodeEdge, helloKey } from "./alertState.js"
import type { TrackerStore } from "./namedStore.js"

const group = "members"
const ttlMillis = 15_000
const renewMillis = 5000

export class Membership {
  isAlone = true
  private joined = -Infinity
  private isDue = true
  private readonly store: TrackerStore

  constructor(store: TrackerStore) {
    this.store = store
  }

  /** Must precede every decision. `now` is the time of the tracker in milliseconds. */
  renew(now: number): Effect.Effect<void, Unavailable> {
    if (!this.isDue && now - this.joined < renewMillis) return Effect.void
    const isNew = now - this.joined >= ttlMillis
    return Effect.flatMap(this.store.join(group, ttlMillis), (members) => {
      this.joined = now
      this.isDue = false
      this.isAlone = members === 1
      // The others may each believe that they are alone.
      return isNew && members > 1
        ? Effect.asVoid(this.store.changeState({ id: helloKey, from: "", to: "", edges: [hello] }))
        : Effect.void
    })
  }

  /** Another process has made itself known. */
  meet(): void {
    this.isDue = true
    this.isAlone = false
  }

  get leave(): Effect.Effect<void, Unavailable> {
    return this.store.leave(group)
  }
}

const hello = encodeEdge({ key: helloKey, state: "", version: 0, alerts: [] })
