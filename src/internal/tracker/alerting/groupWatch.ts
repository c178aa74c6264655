/**
 * One rule on each value of a dimension, or on the share of the attempts that fail: where it stands, and what to tell when
 * that changes. What it goes by is counted in steps, see `slots.ts`: time changes a count only where a step begins.
 */
import * as Option from "effect/Option"
import * as Threshold from "../../../Threshold.js"
import type { Window } from "../counting/windows.js"
import type { Group } from "./limits.js"
import type { Watchable } from "./limitWatch.js"

/** Errors that were not expected, and attempts; of these 0 where nobody counts them. */
export interface Amounts {
  readonly errors: number
  readonly attempts: number
}

/** What a rule goes by. */
export interface Gauge {
  /** What was counted for a value. `now` may be later than the last event, never before it. */
  readonly read: (value: string, window: Window, now: number) => Amounts
  readonly values: () => Iterable<string>
}

/** A value by what its alert is over, and when. */
interface Left extends Amounts {
  readonly at: number
  readonly amount: number
  readonly reason?: Threshold.Ended
}

const windows: ReadonlyArray<Window> = ["minute", "hour", "day"]
const widths: { readonly [W in Window]: number } = { minute: 1e9, hour: 60e9, day: 1440e9 }
// What is counted in one step is out of the window when as many others have begun.
const inside = 61

const nothing: ReadonlyArray<Threshold.Edge> = []

/** Who leaves last; of those that leave at the same time, the worst. */
const order = (a: Left, b: Left): number => a.at - b.at || a.amount - b.amount || a.attempts - b.attempts

export class GroupWatch implements Watchable {
  readonly limit: Threshold.Limit
  readonly group: Group
  private readonly gauge: Gauge
  // The window of the rule, and where attempts can be too few to tell, those that are longer.
  private readonly windows: ReadonlyArray<Window>
  // The values that have exceeded the limit and not recovered since.
  private readonly sick = new Set<string>()
  // Until when the passing of time has been looked at.
  private settled = 0
  private highest = 0
  private newsAbove: number
  private state: Threshold.State = Option.none()
  /** What the last edge was about: of the worst value, or of the last one that recovered. */
  told: Amounts = { errors: 0, attempts: 0 }

  constructor(limit: Threshold.Limit, group: Group, gauge: Gauge) {
    this.limit = limit
    this.group = group
    this.gauge = gauge
    this.windows = group.minAttempts === undefined ? [group.window] : windows.slice(windows.indexOf(group.window))
    this.newsAbove = limit.limit
  }

  /** The values that exceed the limit or have not recovered since, the worst first. */
  values(now: number): ReadonlyArray<string> {
    return this.ranked(this.staying(now), now).map(({ value }) => value)
  }

  get firing(): Threshold.State {
    return Option.map(this.state, (firing) => ({ ...firing, peak: this.highest }))
  }

  exceeded(): Option.Option<number> {
    return Option.none()
  }

  isActive(now: number): boolean {
    return this.staying(now).length > 0
  }

  settle(now: number): ReadonlyArray<Threshold.Edge> {
    const starts = this.startsUntil(now)
    this.settled = now
    let last: Left | undefined
    for (const value of starts.length === 0 ? [] : this.sick) {
      const left = this.left(value, starts)
      if (left === undefined) continue
      this.sick.delete(value)
      if (last === undefined || order(left, last) > 0) last = left
    }
    return last === undefined || this.sick.size > 0 ? nothing : this.over(last)
  }

  /** What happened because something was counted for a value. */
  counted(value: string, now: number): ReadonlyArray<Threshold.Edge> {
    const amount = this.amountOf(this.gauge.read(value, this.group.window, now))
    if (amount !== undefined && amount > this.limit.limit) {
      this.sick.add(value)
      this.highest = Math.max(this.highest, amount)
      return amount > this.newsAbove || this.spreads() ? this.tell(now) : nothing
    }
    const left = this.sick.has(value) ? this.leaves(value, now, now) : undefined
    if (left === undefined) return nothing
    this.sick.delete(value)
    return this.sick.size > 0 ? nothing : this.over(left)
  }

  look(now: number): ReadonlyArray<Threshold.Edge> {
    this.diagnose(now)
    return this.sick.size === 0 ? nothing : this.tell(now)
  }

  reset(now: number): ReadonlyArray<Threshold.Edge> {
    if (!this.isActive(now)) return this.settle(now)
    this.sick.clear()
    return this.over({ at: now, errors: 0, attempts: 0, amount: 0, reason: "withdrawn" })
  }

  due(now: number): number {
    const width = widths[this.group.window]
    return this.sick.size === 0 ? Infinity : Math.ceil(now / width) * width + 1 - now
  }

  resume(firing: Threshold.Firing, values: ReadonlyArray<string>, then: number): void {
    for (const value of values) this.sick.add(value)
    this.settled = then
    this.stand(Option.some(firing))
  }

  rejudge(firing: Threshold.Firing, values: ReadonlyArray<string>, now: number): ReadonlyArray<Threshold.Edge> {
    this.diagnose(now)
    const [worst] = this.ranked(this.sick.size === 0 ? values : this.sick, now)
    const [state, edges] = Threshold.rejudge(this.limit, firing, {
      now,
      count: worst?.amount ?? 0,
      values: this.size,
      recovered: Option.none()
    })
    this.told = worst ?? { errors: 0, attempts: 0 }
    this.stand(state)
    return edges
  }

  private get size(): number | undefined {
    return this.group.by === undefined ? undefined : this.sick.size
  }

  private diagnose(now: number): void {
    this.settled = now
    for (const value of this.gauge.values()) {
      const amount = this.amountOf(this.gauge.read(value, this.group.window, now))
      if (amount !== undefined && amount > this.limit.limit) this.sick.add(value)
    }
  }

  /** Is there twice as much to name as was named? */
  private spreads(): boolean {
    const named = Option.isSome(this.state) ? this.state.value.named : undefined
    return named !== undefined && this.sick.size >= named * 2
  }

  private tell(now: number): ReadonlyArray<Threshold.Edge> {
    const [worst] = this.ranked(this.sick, now)
    if (worst === undefined) return nothing
    this.told = worst
    return this.move({ now, count: worst.amount, values: this.size, recovered: Option.none() })
  }

  private over({ amount, at, reason, ...told }: Left): ReadonlyArray<Threshold.Edge> {
    this.told = told
    const recovered = { at, count: amount, ...reason === undefined ? {} : { reason } }
    return this.move({ now: at, count: this.highest, recovered: Option.some(recovered) })
  }

  private move(reading: Threshold.Reading): ReadonlyArray<Threshold.Edge> {
    const [state, edges] = Threshold.next(this.limit, this.state, reading)
    this.stand(state)
    return edges
  }

  private stand(state: Threshold.State): void {
    this.state = state
    this.highest = Option.match(state, { onNone: () => 0, onSome: ({ peak }) => Math.max(this.highest, peak) })
    this.newsAbove = Option.match(state, {
      onNone: () => this.limit.limit,
      onSome: () => Threshold.nextEdge(this.limit, state)
    })
  }

  private ranked(values: Iterable<string>, now: number) {
    return Array.from(values, (value) => {
      const amounts = this.gauge.read(value, this.group.window, now)
      return { value, ...amounts, amount: this.amountOf(amounts) ?? 0 }
    }).sort((a, b) => b.amount - a.amount || b.errors - a.errors || (a.value < b.value ? -1 : 1))
  }

  /** What the limit is held against: errors, or their share in the attempts unless these are too few to tell. */
  private amountOf({ attempts, errors }: Amounts): number | undefined {
    const { minAttempts } = this.group
    return minAttempts === undefined ? errors : attempts >= minAttempts ? errors / attempts : undefined
  }

  /** The values that are still sick. */
  private staying(now: number): ReadonlyArray<string> {
    const starts = this.startsUntil(now)
    return Array.from(this.sick).filter((value) => this.left(value, starts) === undefined)
  }

  private left(value: string, starts: ReadonlyArray<number>): Left | undefined {
    for (const start of starts) {
      // A step is open to the left.
      const left = this.leaves(value, start, start + 1)
      if (left !== undefined) return left
    }
    return undefined
  }

  /** Is a value no longer sick, by the shortest window that can tell? */
  private leaves(value: string, at: number, now: number): Left | undefined {
    for (const window of this.windows) {
      const amounts = this.gauge.read(value, window, now)
      const amount = this.amountOf(amounts)
      if (amount !== undefined) return amount > this.limit.recovered ? undefined : { at, amount, ...amounts }
    }
    return { at, amount: 0, errors: 0, attempts: 0, reason: "silence" }
  }

  /** When the steps have begun that were not looked at, as far as anything can have left a window then. */
  private startsUntil(now: number): ReadonlyArray<number> {
    if (this.sick.size === 0) return []
    const starts = new Set<number>()
    for (const window of this.windows) {
      const width = widths[window]
      const first = Math.ceil(this.settled / width)
      const last = Math.min(Math.ceil(now / width), first + inside)
      for (let step = first; step < last; step++) starts.add(step * width)
    }
    return Array.from(starts).sort((a, b) => a - b)
  }
}
