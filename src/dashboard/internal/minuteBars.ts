/**
 * Counts over time in steps that begin on the clock: minutes, five minutes, quarters of an hour. A finished step does not
 * change, so only the one under way is counted again for each frame.
 *
 * Steps are differences of totals: the tracker counts any window up to a day exactly.
 */

/** The counts of a window that ends now. */
export interface Totals {
  /** By code, without expected empties. */
  readonly errors: Readonly<Record<string, number>>
  readonly calls: number
  readonly failures: number
}

export interface BarRange {
  /** The length of a step, in milliseconds. */
  readonly step: number
  readonly steps: number
}

/** The value of a code. A code may have the name of a property that every object has, as in `__proto__`. */
export const ofCode = <A, B>(values: Readonly<Record<string, A>>, code: string, none: B): A | B =>
  Object.hasOwn(values, code) ? values[code]! : none

const minute = 60_000

export const ranges = {
  hour: { step: minute, steps: 60 },
  sixHours: { step: 5 * minute, steps: 72 },
  day: { step: 15 * minute, steps: 96 }
} satisfies Record<string, BarRange>

export interface BarRow {
  readonly step: number
  readonly start: number
  readonly errors: Readonly<Record<string, ReadonlyArray<number>>>
  readonly calls: ReadonlyArray<number>
  readonly failures: ReadonlyArray<number>
}

const minus = (older: Totals, newer: Totals): Totals => ({
  errors: Object.fromEntries(
    Object.entries(older.errors).flatMap(([code, count]) => {
      const rest = count - ofCode(newer.errors, code, 0)
      return rest > 0 ? [[code, rest]] : []
    })
  ),
  calls: Math.max(0, older.calls - newer.calls),
  failures: Math.max(0, older.failures - newer.failures)
})

/** The finished steps of one range. */
export class MinuteBars {
  private readonly range: BarRange
  private finished = new Map<number, Totals>()
  /** The row of the latest frame: in the same step, only the last counts of it change. */
  private latest: BarRow | undefined

  constructor(range: BarRange) {
    this.range = range
  }

  private firstOf(now: number): number {
    const { step, steps } = this.range
    return Math.floor(now / step) * step - (steps - 1) * step
  }

  private startsOf(now: number): ReadonlyArray<number> {
    return Array.from({ length: this.range.steps }, (_, i) => this.firstOf(now) + i * this.range.step)
  }

  /** The instants from which on counts are needed at `now`. */
  needed(now: number): ReadonlySet<number> {
    const first = this.firstOf(now)
    const needed = new Set([first + (this.range.steps - 1) * this.range.step])
    if (first === this.latest?.start) return needed
    for (const start of this.startsOf(now).slice(0, -1)) {
      if (!this.finished.has(start)) needed.add(start).add(start + this.range.step)
    }
    return needed
  }

  /** The steps at `now`, from the counts since the instants that are needed. */
  row(now: number, since: (start: number) => Totals): BarRow {
    const { step, steps } = this.range
    const start = this.firstOf(now)
    const last = since(start + (steps - 1) * step)
    this.latest = this.latest?.start === start
      ? this.updated(this.latest, last)
      : this.built(this.startsOf(now), last, since)
    return this.latest
  }

  private updated(row: BarRow, last: Totals): BarRow {
    const withLast = (counts: ReadonlyArray<number>, count: number) => [...counts.slice(0, -1), count]
    const none = Array.from({ length: this.range.steps }, () => 0)
    const codes = new Set([...Object.keys(row.errors), ...Object.keys(last.errors)])
    return {
      ...row,
      errors: Object.fromEntries(
        [...codes].map((code) => [code, withLast(ofCode(row.errors, code, none), ofCode(last.errors, code, 0))])
      ),
      calls: withLast(row.calls, last.calls),
      failures: withLast(row.failures, last.failures)
    }
  }

  private built(starts: ReadonlyArray<number>, last: Totals, since: (start: number) => Totals): BarRow {
    const { step } = this.range
    const finished = starts.slice(0, -1).map((start) =>
      this.finished.get(start) ?? minus(since(start), since(start + step))
    )
    this.finished = new Map(finished.map((totals, i) => [starts[i]!, totals]))
    const bars = [...finished, last]
    const codes = new Set(bars.flatMap(({ errors }) => Object.keys(errors)))
    return {
      step,
      start: starts[0]!,
      errors: Object.fromEntries([...codes].map((code) => [code, bars.map(({ errors }) => ofCode(errors, code, 0))])),
      calls: bars.map(({ calls }) => calls),
      failures: bars.map(({ failures }) => failures)
    }
  }

  /** Forgets everything: the tracker was reset or restored, or the clock was set. */
  clear(): void {
    this.finished.clear()
    this.latest = undefined
  }
}
