/** The schedule of the watch on limits: often while there are errors, less and less often afterwards. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Unavailable } from "../storeError.js"
import { loud } from "./loud.js"

const shortest = 1000
// The pause while the counts of the store have yet to fall: its windows are longer by a step than those of this process.
const retry = 200

export interface Watching {
  /** Returns the longest time in milliseconds until the next watch. */
  readonly watch: Effect.Effect<number, Unavailable>
  /** Opened by an edge of another process, after which more may follow. */
  readonly changed: Effect.Latch
  /** The time in milliseconds until an alert may resolve if nothing is counted. */
  readonly dueIn: Effect.Effect<number>
}

/** The pause doubles up to the longest one. An edge starts it again. */
export const repeatWatch = ({ changed, dueIn, watch }: Watching): Effect.Effect<void, never, Scope.Scope> =>
  Effect.suspend(() => {
    let pause = shortest
    const wait = Effect.flatMap(dueIn, (due) => {
      const millis = Math.min(pause, due <= 0 ? retry : due + 1)
      return Effect.raceFirst(
        Effect.sleep(millis),
        Effect.map(changed.await, () => {
          pause = shortest / 2
        })
      )
    })
    return wait.pipe(
      Effect.zipRight(changed.close),
      Effect.zipRight(watch),
      Effect.catchAll(() => Effect.void),
      loud,
      Effect.map((longest) => {
        pause = Math.min(longest ?? shortest, pause * 2)
      }),
      Effect.forever,
      Effect.forkScoped,
      Effect.asVoid
    )
  })
