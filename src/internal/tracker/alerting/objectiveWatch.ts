/**
 * The evaluation of an objective over one pair of windows, for all events or for each value of a dimension. It takes place at
 * every full minute since the tracker started, so that counting costs nothing. Instants are nanoseconds.
 */
import * as Option from "effect/Option"
import type { Edge, Ended, Firing, Limit, State, Step } from "./edges.js"
import { next, noEdges, rejudge, withdraw } from "./edges.js"
import type { Amounts } from "./groupWatch.js"
import type { Objective, Outcomes } from "./objective.js"
import { exceedsWithoutWorst, shareOf } from "./objective.js"
import type { Standing, Watch } from "./watch.js"
import { isOther, trendAges } from "./watch.js"

/** The counts that an objective is evaluated on. */
export interface ObjectiveGauge {
  /** The outcomes in the window of so many minutes that ended at an instant, which is not after `now`. */
  readonly read: (value: string, minutes: number, at: number, now: number) => Outcomes
  /** The outcomes of each of so many minutes before an instant, newest first. */
  readonly minutes: (value: string, minutes: number, at: number, now: number) => ReadonlyArray<Outcomes>
  /** The values that may have a failure in the long window. */
  readonly failing: () => Iterable<string>
  /** The outcomes in the window of so many minutes at the instants of a trend. */
  readonly trend: (value: string, minutes: number, now: number) => ReadonlyArray<Outcomes>
}

interface Recovery extends Outcomes {
  readonly amount: number
  readonly reason?: Ended
}

const minute = 60e9
// After so many minutes, every event has left every window.
const minutesInside = 400

const none: Amounts = { errors: 0, attempts: 0 }

export class ObjectiveWatch implements Watch {
  readonly limit: Limit
  readonly objective: Objective
  private readonly gauge: ObjectiveGauge
  // The values that have exceeded the limit and not recovered since.
  private readonly exceeding = new Set<string>()
  // The instant up to which everything has been evaluated.
  private settled = 0
  private state: State = Option.none()
  /** The counts of the last edge: those of the highest value, or of the last value that recovered. */
  amounts: Amounts = none

  constructor(limit: Limit, objective: Objective, gauge: ObjectiveGauge) {
    this.limit = limit
    this.objective = objective
    this.gauge = gauge
  }

  /** As a rule on a ratio has it. */
  get group(): { readonly by: string | undefined; readonly minAttempts: number } {
    return { by: this.objective.by, minAttempts: this.objective.minEvents }
  }

  get firing(): State {
    return this.state
  }

  /** The next full minute. */
  get quietUntil(): number {
    return (Math.floor(this.settled / minute) + 1) * minute
  }

  exceeded(): Option.Option<number> {
    return Option.none()
  }

  isActive(now: number): boolean {
    return Option.isSome(this.state) && this.remaining(now).length > 0
  }

  values(now: number): ReadonlyArray<string> {
    return this.ranked(this.remaining(now), now, now).map(({ value }) => value)
  }

  trend(now: number): ReadonlyArray<number> {
    const [highest] = this.ranked(this.remaining(now), now, now)
    return highest === undefined
      ? trendAges.map(() => 0)
      : [...this.gauge.trend(highest.value, this.objective.long, now).slice(0, -1), highest].map(shareOf)
  }

  /** The edges of the first full minute that has any. */
  settle(now: number): ReadonlyArray<Edge> {
    for (const at of this.due(now)) {
      this.settled = at
      const edges = this.evaluate(at, now)
      if (edges.length > 0) return edges
    }
    this.settled = Math.max(this.settled, (Math.ceil(now / minute) - 1) * minute)
    return noEdges
  }

  start(now: number): ReadonlyArray<Edge> {
    this.settled = now
    return this.evaluate(now, now)
  }

  /** Continues from an instant without an alert. */
  skipTo(now: number): void {
    this.settled = now
  }

  resume(firing: Firing, values: ReadonlyArray<string>, then: number): void {
    for (const value of values) this.exceeding.add(value)
    this.settled = then
    this.state = Option.some(firing)
  }

  adopt({ firing, limit, values }: Standing, now: number): ReadonlyArray<Edge> {
    this.settled = now
    const isNew = isOther(this.limit, limit)
    for (const value of values.length === 0 && this.objective.by === undefined ? [""] : values) {
      if (!isNew || this.recovery(value, now, now) === undefined) this.exceeding.add(value)
    }
    const [highest] = this.ranked(this.exceeding, now, now)
    this.amounts = highest === undefined ? none : amountsOf(highest)
    const count = highest?.amount ?? 0
    if (highest === undefined) return this.move(withdraw(firing, now, count))
    if (!isNew) return this.move([Option.some(firing), noEdges])
    return this.move(rejudge(this.limit, firing, { now, count, values: this.size, recovered: Option.none() }))
  }

  reset(now: number): ReadonlyArray<Edge> {
    const { state } = this
    this.settled = now
    this.exceeding.clear()
    this.amounts = none
    return Option.match(state, {
      onNone: () => noEdges,
      onSome: (firing) => this.move(withdraw(firing, now, 0))
    })
  }

  skipEscalations(escalations: number): void {
    this.state = Option.map(this.state, (firing) => ({
      ...firing,
      escalations: Math.max(firing.escalations, escalations)
    }))
  }

  private get size(): number | undefined {
    return this.objective.by === undefined ? undefined : this.exceeding.size
  }

  /** The full minutes that have passed and not been evaluated. */
  private due(now: number): ReadonlyArray<number> {
    const first = Math.floor(this.settled / minute) + 1
    const length = Math.min(minutesInside, Math.ceil(now / minute) - first)
    return Array.from({ length: Math.max(0, length) }, (_, i) => (first + i) * minute)
  }

  private evaluate(at: number, now: number): ReadonlyArray<Edge> {
    let last: Recovery | undefined
    for (const value of this.exceeding) {
      const recovery = this.recovery(value, at, now)
      if (recovery === undefined) continue
      this.exceeding.delete(value)
      if (last === undefined || recovery.amount > last.amount) last = recovery
    }
    for (const value of this.gauge.failing()) {
      if (!this.exceeding.has(value) && this.isExceeded(value, at, now)) this.exceeding.add(value)
    }
    const [highest] = this.ranked(this.exceeding, at, now)
    if (highest !== undefined) {
      this.amounts = amountsOf(highest)
      return this.move(
        next(this.limit, this.state, { now: at, count: highest.amount, values: this.size, recovered: Option.none() })
      )
    }
    if (last === undefined) return noEdges
    const { amount, reason, ...outcomes } = last
    this.amounts = amountsOf(outcomes)
    const recovered = Option.some({ at, count: amount, ...reason === undefined ? {} : { reason } })
    return this.move(next(this.limit, this.state, { now: at, count: amount, recovered }))
  }

  private isExceeded(value: string, at: number, now: number): boolean {
    const { limit: { limit }, objective: { long, minEvents, short } } = this
    const within = (minutes: number) => this.gauge.read(value, minutes, at, now)
    // The shares are compared first: they are cheap to read, and few values exceed the limit.
    const all = within(long)
    if (all.events < minEvents || shareOf(all) <= limit || shareOf(within(short)) <= limit) return false
    return exceedsWithoutWorst(this.gauge.minutes(value, short, at, now), limit)
  }

  /** The recovery of a value; undefined if it still exceeds the limit, or if nothing has happened since. */
  private recovery(value: string, at: number, now: number): Recovery | undefined {
    const { limit: { recovered }, objective: { long, short } } = this
    const all = this.gauge.read(value, long, at, now)
    if (all.events === 0) return { ...all, amount: 0, reason: "silence" }
    const recent = this.gauge.read(value, short, at, now)
    const amount = shareOf(all)
    return amount <= recovered || (recent.events > 0 && shareOf(recent) <= recovered) ? { ...all, amount } : undefined
  }

  /** The values that have not recovered by now. */
  private remaining(now: number): ReadonlyArray<string> {
    const due = this.due(now)
    return Array.from(this.exceeding).filter((value) => due.every((at) => this.recovery(value, at, now) === undefined))
  }

  private ranked(values: Iterable<string>, at: number, now: number) {
    return Array.from(values, (value) => {
      const outcomes = this.gauge.read(value, this.objective.long, at, now)
      return { value, ...outcomes, amount: shareOf(outcomes) }
    }).sort((a, b) => b.amount - a.amount || b.failures - a.failures || (a.value < b.value ? -1 : 1))
  }

  private move([state, edges]: Step): ReadonlyArray<Edge> {
    this.state = state
    return edges
  }
}

const amountsOf = ({ events, failures }: Outcomes): Amounts => ({ errors: failures, attempts: events })
