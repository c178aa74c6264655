/** The turns of the processes of a fleet to deliver alerts: one process at a time delivers to a receiver. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { monotonicMillis } from "../../../internal/monotonicMillis.js"
import type { DeliveryTurn, TurnTaken } from "../../../internal/tracker/deliveryTurn.js"
import type { Unavailable } from "../storeError.js"
import type { TrackerStore } from "./namedStore.js"

const ttl = Duration.seconds(10)
const renewal = Duration.seconds(3)
// Shorter outages are those of a failover, in which no alert is to be delivered twice.
const graceMillis = 3000
// Marks that could not be stored: more are of no use, since alerts are few.
const maxUnstored = 1000

const none: ReadonlyMap<string, number> = new Map()

/** While the store is not available, each process delivers its alerts itself. */
export const deliveryTurn = (store: TrackerStore, receiver: string): DeliveryTurn => {
  const name = `deliver ${receiver}`
  const lease = store.lease(name, Duration.toMillis(ttl))
  let isHeld = false
  let awaySince: number | undefined
  let unstored: ReadonlyMap<string, number> = none

  const storeMarks: Effect.Effect<void, Unavailable> = Effect.suspend(() => {
    const marks = unstored
    return Effect.map(store.mark(name, marks), () => {
      unstored = new Map(Array.from(unstored).filter(([edge]) => !marks.has(edge)))
    })
  })

  // The turn comes first: what the process before this one has delivered is marked by then.
  const taken = (names: ReadonlyArray<string>): Effect.Effect<TurnTaken, Unavailable> =>
    Effect.gen(function*() {
      isHeld = yield* lease
      yield* storeMarks
      const delivered = yield* store.marks(name, names)
      awaySince = undefined
      return { isHeld, delivered }
    })

  const alone: Effect.Effect<TurnTaken> = Effect.map(monotonicMillis, (now) => {
    awaySince ??= now
    return { isHeld: now - awaySince >= graceMillis, delivered: none }
  })

  return {
    take: (names) => Effect.catchAll(taken(names), () => alone),
    delivered: (edges) =>
      Effect.suspend(() => {
        unstored = new Map([...unstored, ...edges].slice(-maxUnstored))
        return Effect.ignore(storeMarks)
      }),
    release: Effect.suspend(() => {
      if (!isHeld) return Effect.void
      isHeld = false
      // Without the marks another process would deliver again: it waits for the end of the lease, and they are tried again.
      return Effect.ignore(Effect.zipRight(storeMarks, store.release(name)))
    }),
    keep: Effect.sleep(renewal).pipe(
      Effect.zipRight(Effect.suspend(() => Effect.ignore(Effect.zipRight(isHeld ? lease : Effect.void, storeMarks)))),
      Effect.forever
    )
  }
}
