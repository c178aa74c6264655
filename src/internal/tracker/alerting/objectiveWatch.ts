/**
 * The evaluation of an objective over one pair of windows, for all events or for each value of a dimension. It takes place at
 * every full minute since the tracker started, so that counting costs nothing. Instants are nanoseconds.
 *
 * A step evaluates at most {@link perStep} values, since thousands of them would block the event loop. Further steps
 * continue, with the counts of the same full minute: the gauge leaves out what was counted after it.
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
  /** The outcomes in the window of so many minutes that ended at an instant, which is at most a minute before `now`. */
  readonly read: (value: string, minutes: number, at: number, now: number) => Outcomes
  /** The outcomes of each of so many minutes before an instant, newest first. */
  readonly minutes: (value: string, minutes: number, at: number, now: number) => ReadonlyArray<Outcomes>
  /** The values that may have a failure in the long window. They may be read while events are counted. */
  readonly values: () => Iterable<string>
  /** The outcomes in the window of so many minutes at the instants of a trend. */
  readonly trend: (value: string, minutes: number, now: number) => ReadonlyArray<Outcomes>
}

/** The failure rate of the long window of a value, and its counts. */
interface Rate extends Outcomes {
  readonly value: string
  readonly amount: number
}

interface Recovery extends Rate {
  readonly reason?: Ended
}

/** The evaluation of all values at one full minute. */
interface Pass {
  readonly at: number
  /** The values that are still to be evaluated. */
  readonly values: Iterator<string>
  /** Of the values that exceed the limit, the one with the highest rate. */
  highest: Rate | undefined
  /** Of the values that recovered, the one with the highest rate. */
  recovered: Recovery | undefined
}

/** The number of values that one step evaluates. */
export const perStep = 200

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
  // The evaluation that is under way.
  private pass: Pass | undefined
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

  /** The next full minute; an instant that has passed while an evaluation is under way. */
  get quietUntil(): number {
    return this.isEvaluating ? this.settled : this.nextMinute
  }

  private get nextMinute(): number {
    return (Math.floor(this.settled / minute) + 1) * minute
  }

  /** True if a further step continues the evaluation of a full minute. */
  get isEvaluating(): boolean {
    return this.pass !== undefined
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
    for (let minutes = 0; this.pass !== undefined || this.nextMinute < now; minutes++) {
      // Nothing changes once every event has left every window.
      if (minutes === minutesInside) {
        this.from((Math.ceil(now / minute) - 1) * minute)
        break
      }
      const pass = this.pass ??= this.passAt(this.nextMinute)
      // The gauge leaves out only what is at most a minute newer.
      const isLate = pass.at + minute < now
      if (!this.proceed(pass, now, isLate ? Infinity : perStep)) break
      const edges = this.finish(pass)
      if (edges.length > 0) return edges
    }
    return noEdges
  }

  start(now: number): ReadonlyArray<Edge> {
    const pass = this.passAt(now)
    this.proceed(pass, now, Infinity)
    return this.finish(pass)
  }

  /** Continues from an instant without an alert. */
  skipTo(now: number): void {
    this.from(now)
  }

  resume(firing: Firing, values: ReadonlyArray<string>, then: number): void {
    for (const value of values) this.exceeding.add(value)
    this.from(then)
    this.state = Option.some(firing)
  }

  adopt({ firing, limit, values }: Standing, now: number): ReadonlyArray<Edge> {
    this.from(now)
    const isNew = isOther(this.limit, limit)
    for (const value of values.length === 0 && this.objective.by === undefined ? [""] : values) {
      if (!isNew || this.recovery(this.rateOf(value, now, now), now, now) === undefined) this.exceeding.add(value)
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
    this.from(now)
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

  /** Everything up to an instant has been evaluated. */
  private from(at: number): void {
    this.settled = at
    this.pass = undefined
  }

  /** The full minutes that have passed and not been evaluated. */
  private due(now: number): ReadonlyArray<number> {
    const first = this.nextMinute / minute
    const length = Math.min(minutesInside, Math.ceil(now / minute) - first)
    return Array.from({ length: Math.max(0, length) }, (_, i) => (first + i) * minute)
  }

  private passAt(at: number): Pass {
    return { at, values: this.toEvaluate(), highest: undefined, recovered: undefined }
  }

  /** The values that exceed the limit first, so that values that are added to them are not evaluated twice. */
  private *toEvaluate(): Generator<string> {
    const before = new Set(this.exceeding)
    yield* before
    for (const value of this.gauge.values()) if (!before.has(value)) yield value
  }

  /** Evaluates so many values. True if all are evaluated. */
  private proceed(pass: Pass, now: number, most: number): boolean {
    for (let i = 0; i < most; i++) {
      const { done, value } = pass.values.next()
      if (done === true) return true
      this.evaluate(pass, value, now)
    }
    return false
  }

  private evaluate(pass: Pass, value: string, now: number): void {
    const { at } = pass
    const all = this.rateOf(value, at, now)
    if (!this.exceeding.has(value)) {
      if (!this.isExceeded(all, at, now)) return
      this.exceeding.add(value)
    } else {
      const recovery = this.recovery(all, at, now)
      if (recovery !== undefined) {
        this.exceeding.delete(value)
        if (pass.recovered === undefined || recovery.amount > pass.recovered.amount) pass.recovered = recovery
        return
      }
    }
    if (pass.highest === undefined || byRate(all, pass.highest) < 0) pass.highest = all
  }

  private finish({ at, highest, recovered: last }: Pass): ReadonlyArray<Edge> {
    this.from(at)
    if (highest !== undefined) {
      this.amounts = amountsOf(highest)
      return this.move(
        next(this.limit, this.state, { now: at, count: highest.amount, values: this.size, recovered: Option.none() })
      )
    }
    if (last === undefined) return noEdges
    this.amounts = amountsOf(last)
    const { amount, reason } = last
    const recovered = Option.some({ at, count: amount, ...reason === undefined ? {} : { reason } })
    return this.move(next(this.limit, this.state, { now: at, count: amount, recovered }))
  }

  private rateOf(value: string, at: number, now: number): Rate {
    const { events, failures } = this.gauge.read(value, this.objective.long, at, now)
    return { value, events, failures, amount: events > 0 ? failures / events : 0 }
  }

  private isExceeded({ amount, events, value }: Rate, at: number, now: number): boolean {
    const { limit: { limit }, objective: { minEvents, short } } = this
    // The shares are compared first: they are cheap to read, and few values exceed the limit.
    if (events < minEvents || amount <= limit || shareOf(this.gauge.read(value, short, at, now)) <= limit) return false
    return exceedsWithoutWorst(this.gauge.minutes(value, short, at, now), limit)
  }

  /** The recovery of a value; undefined if it still exceeds the limit, or if nothing has happened since. */
  private recovery(all: Rate, at: number, now: number): Recovery | undefined {
    const { limit: { recovered }, objective: { short } } = this
    if (all.events === 0) return { ...all, reason: "silence" }
    if (all.amount <= recovered) return all
    const recent = this.gauge.read(all.value, short, at, now)
    return recent.events > 0 && shareOf(recent) <= recovered ? all : undefined
  }

  /** The values that have not recovered by now. */
  private remaining(now: number): ReadonlyArray<string> {
    const due = this.due(now)
    return Array.from(this.exceeding).filter((value) =>
      due.every((at) => this.recovery(this.rateOf(value, at, now), at, now) === undefined)
    )
  }

  private ranked(values: Iterable<string>, at: number, now: number): ReadonlyArray<Rate> {
    return Array.from(values, (value) => this.rateOf(value, at, now)).sort(byRate)
  }

  private move([state, edges]: Step): ReadonlyArray<Edge> {
    this.state = state
    return edges
  }
}

/** The highest rate first. */
const byRate = (a: Rate, b: Rate): number =>
  b.amount - a.amount || b.failures - a.failures || (a.value < b.value ? -1 : 1)

const amountsOf = ({ events, failures }: Outcomes): Amounts => ({ errors: failures, attempts: events })
