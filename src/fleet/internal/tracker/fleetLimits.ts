/** The limits and rules of a process, as the fleet watches them. */
import * as Hash from "effect/Hash"
import type { Edge } from "../../../internal/tracker/alerting/alertBuilder.js"
import { keyOfAlert } from "../../../internal/tracker/alerting/carryOver.js"
import type * as Edges from "../../../internal/tracker/alerting/edges.js"
import type { Limits } from "../../../internal/tracker/alerting/evaluator.js"
import type { Group } from "../../../internal/tracker/alerting/limits.js"
import type { Objective } from "../../../internal/tracker/alerting/objective.js"
import * as countWindows from "./countWindows.js"
import * as fields from "./fields.js"

export interface FleetLimit {
  /** The name of the limit: limits of the same name are one, even if their numbers differ. */
  readonly key: string
  readonly limit: Edges.Limit
  /** Undefined: all codes. */
  readonly code: string | undefined
  readonly rule: string | undefined
  readonly group: Group | undefined
  readonly objective: Objective | undefined
}

/** A limit on a count of errors. */
export interface CountLimit extends FleetLimit {
  readonly field: string
  readonly window: number
}

export interface FleetLimits {
  readonly all: ReadonlyMap<string, FleetLimit>
  readonly counts: ReadonlyArray<CountLimit>
  readonly groups: ReadonlyArray<FleetLimit & { readonly group: Group }>
  readonly objectives: ReadonlyArray<FleetLimit & { readonly objective: Objective }>
  /** Identifies the set of limits. */
  readonly fingerprint: string
  /** The dimensions with rules. */
  readonly dimensions: ReadonlySet<string>
  /** The windows of custom limits in addition to the standard ones, by field. */
  readonly customWindows: ReadonlyMap<string, ReadonlyArray<number>>
}

const keyOf = ({ code, group, limit, objective, rule }: Omit<FleetLimit, "key">): string =>
  // The same name as that of the alert.
  JSON.stringify([
    rule,
    code ?? "*",
    limit.name,
    group?.by ?? objective?.by,
    group?.minAttempts !== undefined || objective !== undefined,
    objective !== undefined
  ])

/** The name of the limit of an alert. */
export const keyOfEdge = (alert: Edge): string =>
  keyOfAlert({ alert: alert as Parameters<typeof keyOfAlert>[0]["alert"] })

const named = (limit: Omit<FleetLimit, "key">): FleetLimit => ({ key: keyOf(limit), ...limit })

export const fleetLimits = ({ limits, rules }: Limits): FleetLimits => {
  const all = [
    ...Array.from(
      limits,
      ([code, limits]) =>
        limits.map((limit) => named({ limit, code, rule: undefined, group: undefined, objective: undefined }))
    ).flat(),
    ...rules.map(({ code, group, limit, name, objective }) => named({ limit, code, rule: name, group, objective }))
  ]
  const counts = all.filter(({ group, objective }) => group === undefined && objective === undefined).map((limit) => ({
    ...limit,
    field: limit.code === undefined ? fields.allErrors : fields.errorsOf(limit.code),
    window: countWindows.millis(limit.limit.window)
  }))
  const customWindows = new Map<string, Array<number>>()
  for (const { field, window } of counts) {
    const windows = customWindows.get(field) ?? []
    if (!countWindows.isStandard(window) && !windows.includes(window)) customWindows.set(field, [...windows, window])
  }
  return {
    all: new Map(all.map((limit) => [limit.key, limit])),
    counts,
    groups: all.flatMap(({ group, ...limit }) => group === undefined ? [] : [{ ...limit, group }]),
    objectives: all.flatMap(({ objective, ...limit }) => objective === undefined ? [] : [{ ...limit, objective }]),
    fingerprint: (Hash.string(JSON.stringify(all)) >>> 0).toString(36),
    dimensions: new Set(
      all.flatMap(({ group, objective }) => [group?.by ?? [], objective?.by ?? []].flat())
    ),
    customWindows
  }
}
