/** What is counted by code, and against which limits. */
import type { Severity } from "../../FetchError.js"
import type { Alarms, Watched } from "./alarms.js"
import type { OfCode } from "./dimension.js"
import type { Kind } from "./entry.js"
import { Tally } from "./tally.js"

export class CodeCount {
  readonly code: string
  readonly category: string
  readonly severity: Severity
  readonly watched: ReadonlyArray<Watched>
  /** With what it is counted in each dimension. */
  readonly inDimensions: ReadonlyArray<OfCode>
  // Expected empties are no errors to any limit: they are counted apart, by the one code that has them.
  private readonly unexpected = new Tally()
  private expected: Tally | undefined

  constructor(
    { category, code, severity }: Omit<Kind, "tag">,
    alarms: Alarms,
    inDimensions: ReadonlyArray<OfCode>
  ) {
    this.code = code
    this.category = category
    this.severity = severity
    this.inDimensions = inDimensions
    this.watched = alarms.watch(code, severity, this.unexpected.events)
  }

  get bytes(): number {
    return this.unexpected.events.bytes + (this.expected?.events.bytes ?? 0)
  }

  add(now: number, expected: boolean): void {
    if (expected) (this.expected ??= new Tally()).add(now)
    else this.unexpected.add(now)
  }

  count(window: number | undefined, now: number): number {
    return this.unexpected.count(window, now) + this.countExpected(window, now)
  }

  countExpected(window: number | undefined, now: number): number {
    return this.expected === undefined ? 0 : this.expected.count(window, now)
  }

  /** See `SlidingWindow.steps`. */
  steps(step: number, now: number, counts: Float64Array): void {
    this.unexpected.events.steps(step, now, counts)
    this.expected?.events.steps(step, now, counts)
  }

  prune(now: number): void {
    this.unexpected.events.prune(now)
    this.expected?.events.prune(now)
  }
}
