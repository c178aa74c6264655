/** The counts of one code, and the limits that watch them. */
import type { Severity } from "../../../FetchError.js"
import type { Evaluator } from "../alerting/evaluator.js"
import { countAt } from "../alerting/watch.js"
import type { WatchedEvents } from "../alerting/watchedEvents.js"
import type * as Snapshot from "../snapshotModel.js"
import { noEvents } from "../snapshotModel.js"
import type { Classification } from "./classification.js"
import type { CodeIndex } from "./dimension.js"
import type { CurrentHour } from "./hourly.js"
import { Hours } from "./hourly.js"
import type { RecentKinds } from "./recentKinds.js"
import { Tally } from "./tally.js"

/** Counts from a snapshot, with the instant at which it was taken. */
export interface Before {
  readonly snapshot: Snapshot.Code
  readonly hand: CurrentHour
  readonly now: number
}

export class CodeCount {
  readonly code: string
  readonly category: string
  readonly severity: Severity
  /** The errors that limits count, with these limits. */
  readonly watched: WatchedEvents
  /** The index of this code in each dimension. */
  readonly inDimensions: ReadonlyArray<CodeIndex>
  readonly recent: RecentKinds
  // Limits ignore expected empties, which only one code has: they are counted separately.
  readonly unexpected = new Tally()
  private readonly hours = new Hours()
  expected: Tally | undefined

  constructor(
    { category, code, severity }: Omit<Classification, "tag">,
    evaluator: Evaluator,
    inDimensions: ReadonlyArray<CodeIndex>,
    recent: RecentKinds,
    before?: Before
  ) {
    this.code = code
    this.category = category
    this.severity = severity
    this.inDimensions = inDimensions
    this.recent = recent
    if (before !== undefined) {
      const { hand, now, snapshot: { errors, expected, hours } } = before
      this.unexpected.restore(errors, now)
      if (expected.total > 0) (this.expected = new Tally()).restore(expected, now)
      hand.enter(this.hours, hours)
    }
    this.watched = evaluator.watch(code, severity, this.unexpected.events)
  }

  get bytes(): number {
    return this.unexpected.events.bytes + (this.expected?.events.bytes ?? 0) + this.hours.bytes
  }

  add(now: number, hour: number, expected: boolean): void {
    if (expected) (this.expected ??= new Tally()).add(now)
    else {
      this.unexpected.add(now)
      this.hours.add(hour)
    }
  }

  count(window: number | undefined, now: number): number {
    return this.unexpected.count(window, now) + this.countExpected(window, now)
  }

  countExpected(window: number | undefined, now: number): number {
    return this.expected === undefined ? 0 : this.expected.count(window, now)
  }

  /** The count of a window that ended some time ago. */
  countAt(window: number, age: number, now: number): number {
    return countAt(this.unexpected, window, age, now) + this.countExpectedAt(window, age, now)
  }

  countExpectedAt(window: number, age: number, now: number): number {
    return this.expected === undefined ? 0 : countAt(this.expected, window, age, now)
  }

  /** See `SlidingWindow.steps`. */
  steps(step: number, now: number, counts: Float64Array): void {
    this.unexpected.events.steps(step, now, counts)
    this.expected?.events.steps(step, now, counts)
  }

  /** A snapshot whose tallies are made when they are read. */
  snapshot(now: number, hand: CurrentHour): Snapshot.Code {
    const { category, code, severity } = this
    const errors = this.unexpected.copy()
    const expected = this.expected?.copy()
    return {
      code,
      category,
      severity,
      get errors() {
        return errors.snapshot(now)
      },
      get expected() {
        return expected?.snapshot(now) ?? noEvents
      },
      hours: hand.of(this.hours)
    }
  }

  prune(now: number): void {
    this.unexpected.events.prune(now)
    this.expected?.events.prune(now)
  }
}
