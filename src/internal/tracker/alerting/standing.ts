/** The active alerts with their limits, for a change of the limits and for a snapshot. */
import * as Option from "effect/Option"
import type * as Snapshot from "../snapshotModel.js"
import { wallOf } from "./alertBuilder.js"
import { GroupWatch } from "./groupWatch.js"
import { ObjectiveWatch } from "./objectiveWatch.js"
import type { Standing, Watch, Watched } from "./watch.js"

/** The dimension and the least number of attempts of a rule that has them. */
export const groupOf = (watch: Watch) =>
  watch instanceof GroupWatch || watch instanceof ObjectiveWatch ? watch.group : undefined

export const standingOf = ({ alert, watch }: Watched, now: number): ReadonlyArray<Standing> => {
  const { firing, limit } = watch
  return alert === undefined || Option.isNone(firing)
    ? []
    : [{ alert, firing: firing.value, values: watch.values(now), limit }]
}

/** An active alert as a snapshot has it. */
export const activeOf = ({ alert, watch }: Watched, now: number, wall: number): ReadonlyArray<Snapshot.Active> => {
  const { firing, limit } = watch
  if (alert === undefined || Option.isNone(firing)) return []
  const { escalations, peak, since } = firing.value
  const minAttempts = groupOf(watch)?.minAttempts
  return [{
    alert,
    since: wallOf(since, now, wall),
    escalations,
    peak,
    values: watch.values(now),
    limit: {
      window: limit.window,
      recovered: limit.recovered,
      ...minAttempts === undefined ? {} : { minAttempts },
      ...watch instanceof ObjectiveWatch ? { short: watch.objective.short } : {}
    }
  }]
}
