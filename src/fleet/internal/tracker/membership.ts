/**
 * Whether this process is the only one of its fleet. Its own counts are then all there are, to the nanosecond; several
 * processes must decide from the same counts, those of the store.
 */
import * as Effect from "effect/Effect"
import type { Unavailable } from "../storeError.js"
import { encodeEdge, helloKey } from "./alertState.js"
import type { TrackerStore } from "./namedStore.js"

const ttlMillis = 15_000
const renewMillis = 5000

export class Membership {
  /** The number of processes at the last renewal. */
  private size = 0
  private joined = -Infinity
  private isDue = true
  private hasMet = false
  // Until then there may be processes that have not renewed their membership yet.
  private sharedUntil = -Infinity
  private isShared = false
  // After a loss: the number of processes before it, and the time after which they are all back or gone.
  private expected = 0
  private completeAt = -Infinity
  private group = ""
  private readonly store: TrackerStore

  constructor(store: TrackerStore) {
    this.store = store
  }

  get isAlone(): boolean {
    return !this.isShared
  }

  /**
   * Must precede every decision, and follow a flush: the members of an epoch are those whose counts it has. `now` is the time
   * of the tracker in milliseconds.
   */
  renew(now: number, epoch: string): Effect.Effect<void, Unavailable> {
    if (!this.isDue && now - this.joined < renewMillis) return Effect.void
    const isNew = now - this.joined >= ttlMillis
    this.group = `members ${epoch}`
    return Effect.flatMap(this.store.join(this.group, ttlMillis), (size) => {
      this.joined = now
      this.isDue = size < this.expected && now < this.completeAt
      if (this.expected > 0 && !this.isDue) {
        this.expected = 0
        this.completeAt = Math.min(this.completeAt, now)
      }
      if (size > 1 || this.hasMet) this.sharedUntil = now + ttlMillis
      this.hasMet = false
      this.size = size
      this.isShared = now < this.sharedUntil
      // The others may each believe that they are alone.
      return isNew && size > 1
        ? Effect.asVoid(this.store.changeState({ id: helloKey, from: "", to: "", edges: [hello] }))
        : Effect.void
    })
  }

  /** Another process has made itself known. */
  meet(): void {
    this.isDue = true
    this.hasMet = true
    this.isShared = true
  }

  /** The store was not available, or has lost its data: it may not know the other processes any more. */
  doubt(): void {
    this.isDue = true
    this.hasMet ||= this.isShared
  }

  /** The store has lost counts, which each process puts back. */
  lose(now: number): void {
    this.doubt()
    this.expected = Math.max(this.expected, this.size)
    this.completeAt = now + ttlMillis
  }

  /** False while processes that were there before a loss have not put back their counts. */
  isComplete(now: number): boolean {
    return now >= this.completeAt
  }

  get leave(): Effect.Effect<void, Unavailable> {
    return this.store.leave(this.group)
  }
}

const hello = encodeEdge({ key: helloKey, state: "", version: 0, escalations: 0, alerts: [] })
