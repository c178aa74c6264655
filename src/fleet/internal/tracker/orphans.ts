/** Alerts whose limit no process has any more: after a change of the limits in a new version of the application, above all. */
import * as Effect from "effect/Effect"
import { withdrawn } from "../../../internal/tracker/alerting/alertBuilder.js"
import type { Unavailable } from "../storeError.js"
import type { AlertBoard } from "./alertBoard.js"
import { type Deciding, isUnder } from "./alertDecider.js"
import type { AlertState } from "./alertState.js"
import { firingIn } from "./stateViews.js"

/** A process that has the limit lists its limits again within this time, in milliseconds. */
const orphanedMillis = 60_000

export const make = ({ apply, board, counts, limits }: Pick<Deciding, "board" | "counts" | "limits"> & {
  readonly apply: (
    key: string,
    before: ReturnType<AlertBoard["of"]>,
    next: { readonly state: AlertState; readonly alerts: ReadonlyArray<ReturnType<typeof withdrawn>> }
  ) => Effect.Effect<boolean, Unavailable>
}) => {
  const since = new Map<string, number>()

  return {
    /** Continues the alerts of processes that are gone under the same limits of this one, and ends those of other limits. */
    settle: Effect.gen(function*() {
      const now = yield* counts.storeNow
      const { all, fingerprint } = limits()
      for (const [key, before] of board.all) {
        const { active, ended: _ended, ...rest } = before.state
        if (active === undefined || active.set === fingerprint || counts.isListed(active.set)) {
          since.delete(key)
          continue
        }
        const own = all.get(key)
        const version = before.state.version + 1
        if (own !== undefined && isUnder(own, before.state)) {
          yield* apply(key, before, {
            state: { ...before.state, version, active: { ...active, set: fingerprint } },
            alerts: []
          })
          continue
        }
        const first = since.get(key) ?? now
        since.set(key, first)
        if (now - first < orphanedMillis) continue
        since.delete(key)
        const firing = firingIn(active)
        const ended = withdrawn(active.alert, { ...firing, since: firing.since * 1e6 }, { now: now * 1e6, wall: now })
        yield* apply(key, before, { state: { ...rest, version, published: version, ended }, alerts: [ended] })
      }
    })
  }
}
