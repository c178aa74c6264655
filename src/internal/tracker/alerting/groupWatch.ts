/**
 * The evaluation of one rule on the values of a dimension, or on the share of attempts that fail. Its counts move in
 * steps, see `slots.ts`: the passing of time changes a count only where a step begins.
 */
import * as Option from "effect/Option"
import type { Window } from "../counting/windows.js"
import type { Edge, Ended, Firing, Limit, Reading, State, Step } from "./edges.js"
import { next, nextEdge, noEdges, rejudge, withdraw } from "./edges.js"
import type { Group } from "./limits.js"
import type { Standing, Watch } from "./watch.js"
import { isOther, trendAges } from "./watch.js"

/** Errors other than expected empties, and attempts; no attempts where only errors are counted. */
export interface Amounts {
  readonly errors: number
  readonly attempts: number
}

/** The counts that a rule is evaluated on. */
export interface Gauge {
  /** The counts of a value. `now` is at or after the last event. */
  readonly read: (value: string, window: Window, now: number) => Amounts
  readonly values: () => Iterable<string>
  /** The counts of a value at the instants of a trend. */
  readonly trend: (value: string, window: Window, now: number) => ReadonlyArray<Amounts>
}

/** The recovery of one value. */
interface Recovery extends Amounts {
  readonly at: number
  readonly amount: number
  readonly reason?: Ended
}

const windows: ReadonlyArray<Window> = ["minute", "hour", "day"]
const widths: { readonly [W in Window]: number } = { minute: 1e9, hour: 60e9, day: 1440e9 }
// Events of one step have left the window when this many steps have begun after it.
const stepsInside = 61

const noAmounts: Amounts = { errors: 0, attempts: 0 }

/** By time; at the same instant, the highest amount last. */
const order = (a: Recovery, b: Recovery): number => a.at - b.at || a.amount - b.amount || a.attempts - b.attempts

export class GroupWatch implements Watch {
  readonly limit: Limit
  readonly group: Group
  private readonly gauge: Gauge
  // The window of the rule; for a ratio also the longer ones, which decide where attempts are too few in it.
  private readonly windows: ReadonlyArray<Window>
  // The values that have exceeded the limit and not recovered since.
  private readonly exceeding = new Set<string>()
  // The instant up to which the passing of time has been evaluated.
  private settled = 0
  private peak = 0
  private edgeAbove: number
  private state: State = Option.none()
  /** The counts of the last edge: those of the highest value, or of the last value that recovered. */
  amounts: Amounts = noAmounts

  constructor(limit: Limit, group: Group, gauge: Gauge) {
    this.limit = limit
    this.group = group
    this.gauge = gauge
    this.windows = group.minAttempts === undefined ? [group.window] : windows.slice(windows.indexOf(group.window))
    this.edgeAbove = limit.limit
  }

  values(now: number): ReadonlyArray<string> {
    return this.ranked(this.remaining(now), now).map(({ value }) => value)
  }

  get firing(): State {
    return Option.map(this.state, (firing) => ({ ...firing, peak: this.peak }))
  }

  /** The end of the step that is under way. */
  get quietUntil(): number {
    const width = widths[this.group.window]
    return this.exceeding.size === 0 ? Infinity : Math.ceil(this.settled / width) * width
  }

  exceeded(): Option.Option<number> {
    return Option.none()
  }

  isActive(now: number): boolean {
    return this.remaining(now).length > 0
  }

  /** That of the value with the most. */
  trend(now: number): ReadonlyArray<number> {
    const [highest] = this.ranked(this.remaining(now), now)
    if (highest === undefined) return trendAges.map(() => 0)
    const isRatio = this.group.minAttempts !== undefined
    const before = this.gauge.trend(highest.value, this.group.window, now).map(({ attempts, errors }) =>
      isRatio ? attempts === 0 ? 0 : errors / attempts : errors
    )
    return [...before.slice(0, -1), highest.amount]
  }

  settle(now: number): ReadonlyArray<Edge> {
    const starts = this.startsUntil(now)
    this.settled = now
    let last: Recovery | undefined
    for (const value of starts.length === 0 ? [] : this.exceeding) {
      const recovery = this.recovery(value, starts)
      if (recovery === undefined) continue
      this.exceeding.delete(value)
      if (last === undefined || order(recovery, last) > 0) last = recovery
    }
    return last === undefined || this.exceeding.size > 0 ? noEdges : this.resolve(last)
  }

  /** The edges that an event of a value caused. */
  counted(value: string, now: number): ReadonlyArray<Edge> {
    this.settled = now
    const amount = this.amountOf(this.gauge.read(value, this.group.window, now))
    if (amount !== undefined && amount > this.limit.limit) {
      this.exceeding.add(value)
      this.peak = Math.max(this.peak, amount)
      return amount > this.edgeAbove || this.hasSpread() ? this.look(now) : noEdges
    }
    const recovery = this.exceeding.has(value) ? this.recoveryAt(value, now, now) : undefined
    if (recovery === undefined) return noEdges
    this.exceeding.delete(value)
    return this.exceeding.size > 0 ? noEdges : this.resolve(recovery)
  }

  start(now: number): ReadonlyArray<Edge> {
    this.settled = now
    this.findExceeding(now)
    return this.exceeding.size === 0 ? noEdges : this.look(now)
  }

  resume(firing: Firing, values: ReadonlyArray<string>, then: number): void {
    for (const value of values) this.exceeding.add(value)
    this.settled = then
    this.stand(Option.some(firing))
  }

  adopt({ firing, limit, values }: Standing, now: number): ReadonlyArray<Edge> {
    this.settled = now
    const isNew = isOther(this.limit, limit)
    if (isNew) this.findExceeding(now)
    // Recovery by time is evaluated where a step begins. Only another `recovered` is a reason to evaluate within a step.
    else {
      for (const value of values) {
        if (limit.recovered === this.limit.recovered || this.recoveryAt(value, now, now) === undefined) {
          this.exceeding.add(value)
        }
      }
    }
    const [highest] = this.ranked(this.exceeding.size === 0 ? values : this.exceeding, now)
    this.amounts = highest ?? noAmounts
    const count = highest?.amount ?? 0
    if (this.exceeding.size === 0) return this.move(withdraw(firing, now, count))
    if (!isNew) return this.move([Option.some(firing), noEdges])
    return this.move(rejudge(this.limit, firing, { now, count, values: this.size, recovered: Option.none() }))
  }

  reset(now: number): ReadonlyArray<Edge> {
    const due = this.settle(now)
    if (due.length > 0) return due
    this.exceeding.clear()
    this.amounts = noAmounts
    return Option.match(this.firing, {
      onNone: () => noEdges,
      onSome: (firing) => this.move(withdraw(firing, now, 0))
    })
  }

  skipEscalations(escalations: number): void {
    this.stand(Option.map(this.firing, (firing) => ({
      ...firing,
      escalations: Math.max(firing.escalations, escalations)
    })))
  }

  private get size(): number | undefined {
    return this.group.by === undefined ? undefined : this.exceeding.size
  }

  private findExceeding(now: number): void {
    for (const value of this.gauge.values()) {
      const amount = this.amountOf(this.gauge.read(value, this.group.window, now))
      if (amount !== undefined && amount > this.limit.limit) this.exceeding.add(value)
    }
  }

  /** True if twice as many values exceed the limit as the last edge named. */
  private hasSpread(): boolean {
    const named = Option.isSome(this.state) ? this.state.value.named : undefined
    return named !== undefined && this.exceeding.size >= named * 2
  }

  private look(now: number): ReadonlyArray<Edge> {
    const [highest] = this.ranked(this.exceeding, now)
    if (highest === undefined) return noEdges
    this.amounts = highest
    return this.read({ now, count: highest.amount, values: this.size, recovered: Option.none() })
  }

  private resolve({ amount, at, reason, ...amounts }: Recovery): ReadonlyArray<Edge> {
    this.amounts = amounts
    const recovered = { at, count: amount, ...reason === undefined ? {} : { reason } }
    return this.read({ now: at, count: this.peak, recovered: Option.some(recovered) })
  }

  private read(reading: Reading): ReadonlyArray<Edge> {
    return this.move(next(this.limit, this.state, reading))
  }

  private move([state, edges]: Step): ReadonlyArray<Edge> {
    this.stand(state)
    return edges
  }

  private stand(state: State): void {
    this.state = state
    this.peak = Option.match(state, { onNone: () => 0, onSome: ({ peak }) => Math.max(this.peak, peak) })
    this.edgeAbove = nextEdge(this.limit, state)
  }

  private ranked(values: Iterable<string>, now: number) {
    return Array.from(values, (value) => {
      const amounts = this.gauge.read(value, this.group.window, now)
      return { value, ...amounts, amount: this.amountOf(amounts) ?? 0 }
    }).sort((a, b) => b.amount - a.amount || b.errors - a.errors || (a.value < b.value ? -1 : 1))
  }

  /** The amount that the limit is compared with: the errors, or their share of the attempts unless there are too few. */
  private amountOf({ attempts, errors }: Amounts): number | undefined {
    const { minAttempts } = this.group
    return minAttempts === undefined ? errors : attempts >= minAttempts ? errors / attempts : undefined
  }

  /** The values that have not recovered by now. */
  private remaining(now: number): ReadonlyArray<string> {
    const starts = this.startsUntil(now)
    return Array.from(this.exceeding).filter((value) => this.recovery(value, starts) === undefined)
  }

  private recovery(value: string, starts: ReadonlyArray<number>): Recovery | undefined {
    for (const start of starts) {
      // A step does not include the instant at which it starts.
      const recovery = this.recoveryAt(value, start, start + 1)
      if (recovery !== undefined) return recovery
    }
    return undefined
  }

  /** The recovery of a value by the shortest window that holds enough attempts; undefined if it has not recovered. */
  private recoveryAt(value: string, at: number, now: number): Recovery | undefined {
    for (const window of this.windows) {
      const amounts = this.gauge.read(value, window, now)
      const amount = this.amountOf(amounts)
      if (amount !== undefined) return amount > this.limit.recovered ? undefined : { at, amount, ...amounts }
    }
    return { at, amount: 0, ...noAmounts, reason: "silence" }
  }

  /** The starts of the steps that have not been evaluated, as many as it takes for every event to leave its window. */
  private startsUntil(now: number): ReadonlyArray<number> {
    if (this.exceeding.size === 0) return []
    const starts = new Set<number>()
    for (const window of this.windows) {
      const width = widths[window]
      const first = Math.ceil(this.settled / width)
      const last = Math.min(Math.ceil(now / width), first + stepsInside)
      for (let step = first; step < last; step++) starts.add(step * width)
    }
    return Array.from(starts).sort((a, b) => a - b)
  }
}
