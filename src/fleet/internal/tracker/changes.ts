/** What a tracker has counted since the last look, as series of the fleet. */
import type { Core } from "../../../internal/tracker/core.js"
import type { SeriesOwner } from "../../../internal/tracker/counting/seriesOwner.js"
import * as fields from "./fields.js"

export interface Change {
  readonly group: string
  readonly field: string
  readonly count: number
}

/** What the fleet counts in addition for the rules that a process knows. */
export interface Wanted {
  /** The dimensions with rules: failures and attempts of a value are then counted as one series each. */
  readonly dimensions: ReadonlySet<string>
}

/** The number of series that are looked at in one synchronous step: well below a millisecond. */
const slice = 4000

export class Changes {
  private core: Core | undefined
  private reported = new Map<string, number>()

  /**
   * The changes since the last call, in steps of bounded length. Must be taken in whole: what a step returns counts as
   * reported. Undefined ends.
   */
  steps(core: Core, now: number, wanted: Wanted): ReadonlyArray<() => ReadonlyArray<Change>> {
    this.core ??= core
    if (this.core !== core) throw new Error("The counts were replaced")
    return [
      () => this.events(core, now),
      ...core.counts.dimensions.flatMap(({ counts, name }) =>
        Array.from({ length: Math.ceil(counts.slots.length / slice) }, (_, i) => () => {
          const changes = new ValueChanges(name, wanted.dimensions.has(name))
          counts.slots.changes(i * slice, (i + 1) * slice, (owner, count) => changes.add(owner, count))
          return changes.all
        })
      )
    ]
  }

  /** Starts with the counts of a core as those that are reported: of a tracker that was reset or restored. */
  startFrom(core: Core, now: number): void {
    this.core = core
    this.reported = new Map()
    this.events(core, now)
    for (const { counts } of core.counts.dimensions) counts.slots.changes(0, counts.slots.length, () => {})
  }

  private events({ counts }: Core, now: number): ReadonlyArray<Change> {
    const changes: Array<Change> = []
    const add = (group: string, field: string, total: number): number => {
      const name = `${group} ${field}`
      const count = total - (this.reported.get(name) ?? 0)
      if (count !== 0) {
        this.reported.set(name, total)
        changes.push({ group, field, count })
      }
      return count
    }
    let [errors, all] = [0, 0]
    for (const { category, code, expected, severity, unexpected } of counts.codes.values()) {
      errors += unexpected.total
      all += unexpected.total + (expected?.total ?? 0)
      const isUnexpected = add(fields.events, fields.errorsOf(code), unexpected.total) !== 0
      const isExpected = expected !== undefined && add(fields.events, fields.expectedOf(code), expected.total) !== 0
      if (isUnexpected || isExpected) {
        changes.push({ group: fields.events, field: fields.codeFacts(code, severity, category), count: 1 })
      }
    }
    add(fields.events, fields.allErrors, errors)
    add(fields.events, fields.successes, counts.successes.total)
    if (counts.attempted) add(fields.events, fields.attempts, all + counts.successes.total)
    add(fields.events, fields.dropped, counts.dropped)
    for (const [what, total] of entries(counts.retried((tally) => tally.total))) {
      add(fields.events, fields.retries(what), total)
    }
    for (const [what, total] of entries(counts.called((tally) => tally.total))) {
      add(fields.events, fields.calls(what), total)
    }
    add(fields.events, fields.expectedCalls, counts.expectedCalls.total)
    for (const { expected, reason, source, unexpected } of counts.empties.rows(undefined, now)) {
      add(fields.empties, fields.emptiesOf(reason, source, true), expected)
      add(fields.empties, fields.emptiesOf(reason, source, false), unexpected)
    }
    return changes
  }
}

// The keys of these records are those of their types.
const entries = <K extends string, A>(record: Readonly<Record<K, A>>) =>
  Object.entries(record) as unknown as ReadonlyArray<readonly [K, A]>

const kindOf = { errors: "=", rest: "?", expected: "-", successes: "+" } as const

class ValueChanges {
  private readonly changes: Array<Change> = []
  private readonly sums = new Map<string, { failures: number; attempts: number; isAttempted: boolean }>()
  private readonly group: string
  private readonly hasRules: boolean

  constructor(dimension: string, hasRules: boolean) {
    this.group = fields.dimensionGroup(dimension)
    this.hasRules = hasRules
  }

  add({ code, value, what }: SeriesOwner, count: number): void {
    if (value === undefined) return this.push(fields.valueField("", "!", code), count)
    this.push(fields.valueField(value.name, kindOf[what], code), count)
    if (!this.hasRules && !value.attempted) return
    const sums = this.sums.get(value.name) ?? { failures: 0, attempts: 0, isAttempted: value.attempted }
    this.sums.set(value.name, sums)
    if (what === "expected") sums.failures -= count
    else {
      sums.attempts += count
      if (what !== "successes") sums.failures += count
    }
  }

  get all(): ReadonlyArray<Change> {
    for (const [value, { attempts, failures, isAttempted }] of this.sums) {
      // Rules on the value need both, as they are after this batch, even if one has not changed.
      if (this.hasRules) this.push(fields.valueField(value, "f"), failures)
      if (isAttempted) this.push(fields.valueField(value, "t"), attempts)
    }
    return this.changes
  }

  private push(field: string, count: number): void {
    this.changes.push({ group: this.group, field, count })
  }
}
