/** The counts of the fleet that limits on counts are compared with. */
import * as Effect from "effect/Effect"
import type { Memory } from "../../../internal/tracker/memory.js"
import type { Unavailable } from "../storeError.js"
import * as fields from "./fields.js"
import type { CountLimit } from "./fleetLimits.js"
import { fallsIn, localCount } from "./localCounts.js"
import type { SharedCounts, Sums } from "./sharedCounts.js"

/** The sums of the last flush by limit, and the limits by window whose sum it does not have. */
const sumsOf = (all: ReadonlyArray<CountLimit>, sums: Sums | undefined) => {
  const known: Array<{ readonly limit: CountLimit; readonly sum: number; readonly now: number }> = []
  const missing = new Map<number, Array<CountLimit>>()
  for (const limit of all) {
    const sum = sums?.of.get(fields.events)?.get(limit.field)?.get(limit.window)
    if (sums !== undefined && sum !== undefined) known.push({ limit, sum, now: sums.now })
    else missing.set(limit.window, [...missing.get(limit.window) ?? [], limit])
  }
  return { known, missing }
}

export const make = (counts: SharedCounts, memory: Memory, flushMillis: number) => {
  /** The counts of the other processes by step of the window, newest first, when they were read last. */
  const others = new Map<string, ReadonlyArray<number>>()

  /** The errors that the other processes have counted in the window of each limit. */
  const othersOf = (
    all: ReadonlyArray<CountLimit>,
    sums: Sums | undefined
  ): Effect.Effect<ReadonlyMap<string, number>, Unavailable> =>
    Effect.gen(function*() {
      const { known, missing } = sumsOf(all, sums)
      const found = new Map<string, number>()
      for (const { limit, now, sum } of known) {
        const rest = Math.max(0, sum - counts.own.sum(fields.events, limit.field, limit.window, now))
        found.set(limit.key, rest)
        if (rest === 0) others.delete(limit.key)
      }
      for (const [window, limits] of missing) {
        const lines = yield* counts.others(fields.events, window, Array.from(new Set(limits.map(({ field }) => field))))
        for (const { field, key } of limits) {
          const line = lines.get(field) ?? []
          const sum = Math.max(0, line.reduce((sum, count) => sum + count, 0))
          found.set(key, sum)
          if (sum === 0) others.delete(key)
          else others.set(key, line)
        }
      }
      return found
    })

  const countNow = (limit: CountLimit): Effect.Effect<number> =>
    memory.step((core, { now }) => localCount(core, limit, Math.max(now, core.now)))

  /** The counts of all processes in the window of each limit, as the store has them. */
  const storedOf = (
    all: ReadonlyArray<CountLimit>,
    sums: Sums | undefined
  ): Effect.Effect<ReadonlyMap<string, number>, Unavailable> =>
    Effect.gen(function*() {
      const { known, missing } = sumsOf(all, sums)
      const found = new Map(known.map(({ limit, sum }) => [limit.key, sum]))
      for (const [window, limits] of missing) {
        const { counts: lines } = yield* counts.timeline(fields.events, window, limits.map(({ field }) => field))
        for (const [i, { key }] of limits.entries()) {
          found.set(key, (lines[i] ?? []).reduce((sum, count) => sum + count, 0))
        }
      }
      return found
    })

  /** When the count of each alert was first seen as recovered. */
  const recoveredAt = new Map<string, number>()

  /**
   * Whether a count has been recovered for longer than a flush takes: what other processes had counted by then is known.
   */
  const hasStayedRecovered = (key: string, isRecovered: boolean, now: number): boolean => {
    if (!isRecovered) {
      recoveredAt.delete(key)
      return false
    }
    const since = recoveredAt.get(key) ?? now
    recoveredAt.set(key, since)
    return now - since > 1.2 * flushMillis
  }

  return {
    othersOf,
    countNow,
    storedOf,
    hasStayedRecovered,
    /** The time in milliseconds until the first of some counts falls, if nothing is counted. */
    dueIn: (active: ReadonlyArray<CountLimit>): Effect.Effect<number> =>
      active.length === 0 ?
        Effect.succeed(Infinity) :
        memory.step((core, { now }) =>
          active.some(({ key }) => recoveredAt.has(key))
            ? 1.2 * flushMillis
            : Math.min(
              ...active.map((limit) => fallsIn(core, limit, others.get(limit.key) ?? [], Math.max(now, core.now)))
            )
        )
  }
}
