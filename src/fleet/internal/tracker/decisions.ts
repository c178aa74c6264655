/** The decisions on limits from the counts of the fleet. Pure. Times are milliseconds since 1970 by the clock of the store. */
import * as Option from "effect/Option"
import * as Edges from "../../../internal/tracker/alerting/edges.js"
import type { Amounts } from "../../../internal/tracker/alerting/groupWatch.js"
import type { Group } from "../../../internal/tracker/alerting/limits.js"
import type { Window } from "../../../internal/tracker/counting/windows.js"
import type { ActiveState } from "./alertState.js"

/** An edge, with the counts and values that its alert names. */
export interface Decided {
  readonly edge: Edges.Edge
  readonly amounts?: Amounts | undefined
  readonly values?: ReadonlyArray<string> | undefined
  readonly more?: number | undefined
}

export interface Decision {
  readonly firing: Edges.State
  /** The values that have not recovered. */
  readonly values: ReadonlyArray<string>
  readonly decided: ReadonlyArray<Decided>
}

/** An edge that the counts of this process alone had, with the count of the fleet at that time. */
export interface Hint {
  readonly tag: "Fired" | "Escalated" | "Resolved"
  readonly at: number
  readonly count: number
  readonly values?: ReadonlyArray<string> | undefined
  readonly more?: number | undefined
}

/** The state of an alert as the transitions have it. */
export const firingOf = (active: ActiveState | undefined): Edges.State =>
  Option.map(Option.fromNullable(active), ({ escalations, named, peak, since }) => ({
    since,
    escalations,
    peak,
    ...named === undefined ? {} : { named }
  }))

// ---------------------------------------------------------------------------------------------------------------------
// counts
// ---------------------------------------------------------------------------------------------------------------------

export interface CountReading {
  /** In the order of time. */
  readonly hints: ReadonlyArray<Hint>
  readonly now: number
  readonly count: number
  /** Whether the counts are complete: those that the store has just lost are not. */
  readonly mayResolve: boolean
}

export const decideCount = (
  limit: Edges.Limit,
  before: Edges.State,
  { count, hints, mayResolve, now }: CountReading
): Decision => {
  let firing = before
  const decided: Array<Decided> = []
  const take = ([state, edges]: Edges.Step): void => {
    firing = state
    for (const edge of edges) decided.push({ edge })
  }
  const resolve = (at: number, count: number): void => {
    if (Option.isNone(firing) || !mayResolve || count > limit.recovered) return
    take(
      Edges.next(limit, firing, {
        now: at,
        count: 0,
        recovered: Option.some({ at: Math.max(at, firing.value.since), count })
      })
    )
  }
  for (const hint of hints) {
    if (hint.tag === "Resolved") resolve(hint.at, hint.count)
    else take(Edges.next(limit, firing, { now: hint.at, count: hint.count, recovered: Option.none() }))
  }
  take(Edges.next(limit, firing, { now, count, recovered: Option.none() }))
  resolve(now, count)
  return { firing, values: [], decided }
}

// ---------------------------------------------------------------------------------------------------------------------
// rules on values and ratios
// ---------------------------------------------------------------------------------------------------------------------

/** The counts of a value in each window. */
export type ValueAmounts = { readonly [W in Window]: Amounts }

export interface GroupReading {
  readonly hints: ReadonlyArray<Hint>
  readonly now: number
  /** The counts of the values that may have changed, and of those that have not recovered. */
  readonly amounts: ReadonlyMap<string, ValueAmounts>
  readonly mayResolve: boolean
}

const windows: ReadonlyArray<Window> = ["minute", "hour", "day"]
const noAmounts: Amounts = { errors: 0, attempts: 0 }

const amountOf = ({ minAttempts }: Group, { attempts, errors }: Amounts): number | undefined =>
  minAttempts === undefined ? errors : attempts >= minAttempts ? errors / attempts : undefined

/** The recovery of a value by the shortest window that holds enough attempts; undefined if it has not recovered. */
const recoveryOf = (limit: Edges.Limit, group: Group, amounts: ValueAmounts) => {
  const tried = group.minAttempts === undefined ? [group.window] : windows.slice(windows.indexOf(group.window))
  for (const window of tried) {
    const amount = amountOf(group, amounts[window])
    if (amount !== undefined) return amount > limit.recovered ? undefined : { amount, amounts: amounts[window] }
  }
  return { amount: 0, amounts: noAmounts, reason: "silence" as const }
}

export const exceeds = (limit: Edges.Limit, group: Group, amounts: ValueAmounts): boolean => {
  const amount = amountOf(group, amounts[group.window])
  return amount !== undefined && amount > limit.limit
}

export const decideGroup = (
  limit: Edges.Limit,
  group: Group,
  { firing: before, values }: Pick<Decision, "firing" | "values">,
  { amounts, hints, mayResolve, now }: GroupReading
): Decision => {
  let firing = before
  const decided: Array<Decided> = []
  const take = ([state, edges]: Edges.Step, about: Omit<Decided, "edge">): void => {
    firing = state
    for (const edge of edges) decided.push({ edge, ...about })
  }
  const sized = (size: number) => group.by === undefined ? {} : { values: size }
  for (const { at, count, more = 0, tag, values = [] } of hints) {
    if (tag === "Resolved") continue
    const step = Edges.next(limit, firing, { now: at, count, ...sized(values.length + more), recovered: Option.none() })
    take(step, { amounts: { errors: count, attempts: 0 }, values, more })
  }
  const exceeding = new Set(values)
  let last: ReturnType<typeof recoveryOf>
  for (const [value, of] of amounts) {
    if (exceeds(limit, group, of)) exceeding.add(value)
    else if (exceeding.has(value) && mayResolve) {
      const recovery = recoveryOf(limit, group, of)
      if (recovery === undefined) continue
      exceeding.delete(value)
      if (last === undefined || recovery.amount > last.amount) last = recovery
    }
  }
  const ranked = Array.from(exceeding, (value) => {
    const of = amounts.get(value)?.[group.window] ?? noAmounts
    return { value, amounts: of, amount: amountOf(group, of) ?? 0 }
  }).sort((a, b) => b.amount - a.amount || b.amounts.errors - a.amounts.errors || (a.value < b.value ? -1 : 1))
  const [highest] = ranked
  if (highest !== undefined) {
    const reading = { now, count: highest.amount, ...sized(exceeding.size), recovered: Option.none() }
    take(Edges.next(limit, firing, reading), { amounts: highest.amounts, values: ranked.map(({ value }) => value) })
  } else if (Option.isSome(firing) && last !== undefined) {
    const { amount, amounts, reason } = last
    const recovered = { at: now, count: amount, ...reason === undefined ? {} : { reason } }
    take(Edges.next(limit, firing, { now, count: 0, recovered: Option.some(recovered) }), { amounts })
  }
  return { firing, values: ranked.map(({ value }) => value), decided }
}
