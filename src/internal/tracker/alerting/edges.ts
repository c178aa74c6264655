/** The state of one limit and its edges. Pure. `Threshold` publishes what is here. */
import type * as Duration from "effect/Duration"
import * as Option from "effect/Option"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

export interface Limit {
  /** `minute`, `hour`, `day`, or the name of a custom limit. */
  readonly name: string
  readonly window: Duration.Duration
  /** A count above it exceeds the limit. For a rule on a ratio, a share of the attempts. */
  readonly limit: number
  /** A count at or below it resolves the alert. */
  readonly recovered: number
}

export interface Firing {
  /** When the limit was exceeded. */
  readonly since: number
  /** The number of times the count has doubled since. */
  readonly escalations: number
  /** The highest count since. */
  readonly peak: number
  /** For a rule on a dimension, the number of values that the last edge named. */
  readonly named?: number | undefined
}

export type State = Option.Option<Firing>

export interface Reading {
  readonly now: number
  readonly count: number
  /** For a rule on a dimension, the number of values that exceed the limit. */
  readonly values?: number | undefined
  /** When the alert ended, the count that was left, and the reason if the count did not fall. None while it is active. */
  readonly recovered: Option.Option<{ readonly at: number; readonly count: number; readonly reason?: Ended }>
}

export type Ended = "silence" | "withdrawn"

export type Edge =
  | { readonly _tag: "Fired"; readonly at: number; readonly count: number }
  | { readonly _tag: "Escalated"; readonly at: number; readonly count: number }
  | {
    readonly _tag: "Resolved"
    readonly at: number
    readonly count: number
    readonly since: number
    readonly peak: number
    readonly reason?: Ended
  }

export type Step = readonly [State, ReadonlyArray<Edge>]

export const noEdges: ReadonlyArray<Edge> = []

// ---------------------------------------------------------------------------------------------------------------------
// transitions
// ---------------------------------------------------------------------------------------------------------------------

export const next = (limit: Limit, state: State, { count, now, recovered, values }: Reading): Step => {
  if (Option.isSome(state) && Option.isSome(recovered)) {
    const { peak, since } = state.value
    return [Option.none(), [{ _tag: "Resolved", ...recovered.value, since, peak: Math.max(peak, count) }]]
  }
  if (Option.isNone(state) && count <= limit.limit) return [state, noEdges]
  const edges: Array<Edge> = Option.isNone(state) ? [{ _tag: "Fired", at: now, count }] : []
  const firing: Firing = Option.getOrElse(state, () => ({ since: now, escalations: 0, peak: 0 }))
  const escalations = Math.max(firing.escalations, doublings(limit, count))
  for (let n = firing.escalations; n < escalations; n++) edges.push({ _tag: "Escalated", at: now, count })
  const hasSpread = values !== undefined && firing.named !== undefined && values >= firing.named * 2
  if (edges.length === 0 && hasSpread) edges.push({ _tag: "Escalated", at: now, count })
  const named = edges.length > 0 ? values : firing.named
  const next = { since: firing.since, escalations, peak: Math.max(firing.peak, count) }
  return [Option.some(named === undefined ? next : { ...next, named }), edges]
}

export const rejudge = (limit: Limit, firing: Firing, { count, now, values }: Reading): Step => {
  if (count <= limit.limit) return withdraw(firing, now, count)
  const { peak, since } = firing
  const next = { since, escalations: doublings(limit, count), peak: Math.max(peak, count) }
  return [Option.some(values === undefined ? next : { ...next, named: values }), noEdges]
}

/** The end of an alert that no recovery caused: its limit changed, or its counts were reset. */
export const withdraw = ({ peak, since }: Firing, now: number, count: number): Step => [
  Option.none(),
  [{ _tag: "Resolved", at: now, count, since, peak, reason: "withdrawn" }]
]

export const nextEdge = (limit: Limit, state: State): number =>
  Option.match(state, {
    onNone: () => limit.limit,
    onSome: ({ escalations }) => edgeAfter(limit, escalations)
  })

/** The count above which an alert that has escalated so often escalates again. */
const edgeAfter = (limit: Limit, escalations: number): number => limit.limit * 2 ** (escalations + 1)

/** The number of times that a count has doubled beyond its limit. */
const doublings = (limit: Limit, count: number): number => {
  let n = 0
  while (count > edgeAfter(limit, n)) n++
  return n
}
