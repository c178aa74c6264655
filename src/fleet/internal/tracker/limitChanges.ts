/** The alerts of a fleet when the limits of a process change, or its counts are replaced. All effects must run one after the other. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Edges from "../../../internal/tracker/alerting/edges.js"
import type { Unavailable } from "../storeError.js"
import type * as AlertDecider from "./alertDecider.js"
import type { FleetLimit, FleetLimits } from "./fleetLimits.js"
import type { SharedCounts } from "./sharedCounts.js"
import { decisionOf, firingIn } from "./stateViews.js"

export const make = ({ counts, decider, limits }: {
  readonly decider: ReturnType<typeof AlertDecider.make>
  readonly counts: SharedCounts
  readonly limits: () => FleetLimits
}) => {
  /** Ends the alert of a limit, if it is active. */
  const withdraw = (
    limit: FleetLimit,
    { count, now }: { readonly now: number; readonly count: number }
  ): Effect.Effect<void, Unavailable> =>
    decider.replace(limit, (active) => Effect.succeed(decisionOf(Edges.withdraw(firingIn(active), now, count))))

  return {
    withdraw,

    /** Ends all alerts. */
    withdrawAll: Effect.gen(function*() {
      const now = yield* counts.storeNow
      for (const limit of limits().all.values()) yield* withdraw(limit, { now, count: 0 })
    }),

    /** Continues the alerts under the limits in force. */
    carryOver: (before: ReadonlyMap<string, FleetLimit>): Effect.Effect<void, Unavailable> =>
      Effect.gen(function*() {
        const now = yield* counts.storeNow
        const { all, counts: limitsOnCounts } = limits()
        const ofFleet = yield* decider.countsOf(limitsOnCounts)
        for (const [key, old] of before) {
          const next = all.get(key)
          if (next === undefined) yield* withdraw(old, { now, count: 0 })
          else if (next.limit.limit !== old.limit.limit || next.limit.recovered !== old.limit.recovered) {
            yield* decider.replace(next, (active) =>
              Effect.sync(() => {
                const firing = firingIn(active)
                const count = ofFleet.get(key) ?? firing.peak
                const step = next.limit.limit === old.limit.limit
                  ? count > next.limit.recovered
                    ? [Option.some(firing), []] as const
                    : Edges.withdraw(firing, now, count)
                  : Edges.rejudge(next.limit, firing, { now, count, recovered: Option.none() })
                return decisionOf(step, active)
              }))
          }
        }
        yield* decider.all(() => [])
      })
  }
}
