/** The states of alerts in other forms: for transitions, verdicts and snapshots. Pure. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as Edges from "../../../internal/tracker/alerting/edges.js"
import type * as Snapshot from "../../../internal/tracker/snapshotModel.js"
import type { ActiveState } from "./alertState.js"
import type { Decision } from "./decisions.js"
import { firingOf } from "./decisions.js"
import type { CountLimit, FleetLimit } from "./fleetLimits.js"

export const firingIn = (active: ActiveState): Edges.Firing =>
  Option.getOrElse(firingOf(active), () => ({ since: 0, escalations: 0, peak: 0 }))

export const decisionOf = ([firing, edges]: Edges.Step, active?: ActiveState): Decision => ({
  firing,
  values: active?.values ?? [],
  decided: edges.map((edge) => ({ edge }))
})

/** Of the limits that are exceeded, the one with the shortest window. */
export const verdictOf = (limits: ReadonlyArray<CountLimit>, counts: ReadonlyMap<string, number>) => {
  const exceeded = limits
    .map(({ key, limit }) => ({ ...limit, count: counts.get(key) ?? 0 }))
    .filter(({ count, limit }) => count > limit)
    .sort((a, b) => Duration.Order(a.window, b.window))
  return {
    verdict: exceeded.length === 0 ? "normal" as const : "extraordinary" as const,
    exceeded: Option.map(
      Option.fromNullable(exceeded[0]),
      ({ count, limit, name }) => ({ window: name, limit, count })
    )
  }
}

/** An active alert as a snapshot has it. */
export const activeOf = (
  limit: FleetLimit | undefined,
  active: ActiveState | undefined
): ReadonlyArray<Snapshot.Active> =>
  active === undefined ? [] : [{
    alert: active.alert,
    since: DateTime.unsafeMake(active.since),
    escalations: active.escalations,
    peak: active.peak,
    values: active.values,
    limit: {
      window: Duration.millis(active.window),
      recovered: active.recovered,
      ...limit?.group?.minAttempts === undefined ? {} : { minAttempts: limit.group.minAttempts },
      ...limit?.objective === undefined
        ? {}
        : { minAttempts: limit.objective.minEvents, short: limit.objective.short }
    }
  }]
