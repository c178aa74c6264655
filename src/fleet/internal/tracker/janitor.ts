/**
 * Frees the series of busy groups whose events have left their windows. The store expires a whole group, and only after its
 * last event: a stream of ever new values would make it grow.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Unavailable } from "../storeError.js"
import type * as Model from "../storeModel.js"
import * as countWindows from "./countWindows.js"
import * as fields from "./fields.js"
import type { FleetLimits } from "./fleetLimits.js"
import { loud } from "./loud.js"

// A full window holds what was counted in it, and what was counted since it was cleaned last: at most as much again.
const shortest = 60_000
const longest = 3_600_000
const periodOf = (window: number): number => Math.min(longest, Math.max(shortest, window))

export interface Cleaning {
  /** Opened by the process that watches, while something is counted. */
  readonly due: Effect.Latch
  readonly keys: () => ReadonlyArray<Model.CountKey>
  /** Frees the series of a group in a window, by commands of half a millisecond each. */
  readonly clean: (key: Model.CountKey) => Effect.Effect<unknown, Unavailable>
  /** Takes a lease that no other process has. */
  readonly lease: (name: string, ttl: number) => Effect.Effect<boolean, Unavailable>
  /** The time of the tracker in milliseconds. */
  readonly now: Effect.Effect<number>
}

/** The groups of a tracker, without those that are counted since the start. */
export const cleanedKeys = (
  dimensions: ReadonlyArray<string>,
  { customWindows }: FleetLimits
): ReadonlyArray<Model.CountKey> => {
  const groups = [fields.events, fields.empties, ...dimensions.map(fields.dimensionGroup)]
  const custom = new Set(Array.from(customWindows.values()).flat())
  return [
    ...groups.flatMap((group) => countWindows.standard.map((window) => ({ group, window }))),
    ...Array.from(custom, (window) => ({ group: fields.events, window }))
  ]
}

export const repeatClean = (
  { clean, due, keys, lease, now: nowMillis }: Cleaning
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.suspend(() => {
    const cleaned = new Map<string, number>()
    const cleanDue: Effect.Effect<void, Unavailable> = Effect.gen(function*() {
      const now = yield* nowMillis
      for (const key of keys()) {
        const name = `clean:${key.window} ${key.group}`
        const period = periodOf(key.window)
        const since = cleaned.get(name) ?? now
        if (since === now || now - since < period) {
          cleaned.set(name, since)
          continue
        }
        cleaned.set(name, now)
        if (yield* lease(name, period / 2)) yield* clean(key)
      }
    })
    return due.await.pipe(
      Effect.zipRight(due.close),
      Effect.zipRight(Effect.ignore(cleanDue)),
      loud,
      Effect.zipRight(Effect.sleep(shortest)),
      Effect.forever,
      Effect.forkScoped,
      Effect.asVoid
    )
  })
