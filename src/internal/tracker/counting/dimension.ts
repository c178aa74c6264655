/**
 * The counts of one dimension by its values: errors, attempts, and errors by code; since the start, and over the last
 * minute, hour and day. The number of values is capped; further ones are counted as `other`, so that totals stay exact.
 */
import { safeText } from "../../safe/json.js"
import type { ValueReading } from "../measures/readings.js"
import type * as Snapshot from "../snapshotModel.js"
import { emptyCode } from "./classification.js"
import { ownerOf, type SeriesOwner } from "./seriesOwner.js"
import type { CurrentSecond } from "./slots.js"
import { minutesKept, Slots } from "./slots.js"
import type { WindowIndex } from "./windows.js"

export const other = "other"

const maxName = 128
const none = -1
const nothing: Snapshot.Series = { total: 0, minute: [], hour: [], day: [] }

/** The series of one code, by value. */
export interface CodeIndex {
  readonly code: string
  /** The series of each value except `other`: an error is counted with one lookup. */
  readonly series: Map<string, number>
  /** The value counted last, and its series: consecutive errors often have the same value. */
  latest: string | undefined
  latestSeries: number
  /** The sum over the `rest` of all values: reported as `other` in a breakdown of this code. */
  rest: number
}

/** The series of one value; `none` where nothing has been counted yet. */
interface Value {
  readonly name: string
  readonly errors: Map<CodeIndex, number>
  /** Errors of codes without a series of their own, since the number of pairs is capped. */
  rest: number
  expected: number
  successes: number
  /** True if attempts are counted, and not only errors. */
  attempted: boolean
}

export interface Row {
  readonly value: string
  readonly count: number
  readonly expected: number
  readonly attempts: number
}

/** The name under which a value is counted. Values come from contexts, which are redacted. */
export const nameOf = (raw: string): string => raw.length > maxName ? safeText(raw, maxName) : raw

const newCode = (code: string): CodeIndex => ({
  code,
  series: new Map(),
  latest: undefined,
  latestSeries: none,
  rest: none
})

/** A code of which nothing has been counted. */
const noCode = newCode("")

const rowOf = (
  { attempted, errors, expected, name, rest, successes }: Value,
  count: (series: number | undefined) => number,
  index: CodeIndex | undefined
): Row => {
  let all = 0
  if (index === undefined || attempted) {
    all = count(rest)
    for (const series of errors.values()) all += count(series)
  }
  return {
    value: name,
    count: index === undefined ? all : count(errors.get(index)),
    expected: count(expected),
    attempts: attempted ? count(successes) + all : 0
  }
}

export class Dimension {
  private readonly values = new Map<string, Value>()
  private readonly codes = new Map<string, CodeIndex>()
  readonly slots: Slots<SeriesOwner>
  private readonly maxValues: number
  private readonly maxPairs: number
  private others: Value | undefined
  // The number of pairs of value and code with a series, except those of `other`.
  private pairs = 0

  constructor(maxValues: number, hands: CurrentSecond) {
    this.maxValues = maxValues
    this.maxPairs = 2 * maxValues
    this.slots = new Slots(hands)
  }

  get size(): number {
    return this.values.size
  }

  get bytes(): number {
    return this.slots.bytes
  }

  /** The index of a code. */
  of(code: string): CodeIndex {
    const known = this.codes.get(code)
    if (known !== undefined) return known
    const index = newCode(code)
    this.codes.set(code, index)
    return index
  }

  /** Counts an error. False if it was counted as `other`. */
  failed(name: string, index: CodeIndex, expected: boolean, attempt: boolean): boolean {
    if (expected || attempt) return this.failedOf(this.valueOf(name), index, expected, attempt)
    if (name !== index.latest) {
      const series = index.series.get(name)
      if (series === undefined) return this.failedOf(this.valueOf(name), index, expected, attempt)
      index.latest = name
      index.latestSeries = series
    }
    this.slots.add(index.latestSeries)
    return true
  }

  private failedOf(value: Value, index: CodeIndex, expected: boolean, attempt: boolean): boolean {
    if (attempt) value.attempted = true
    if (expected) this.slots.add(value.expected = this.made(value.expected, value, "expected"))
    const errors = this.errorsOf(value, index)
    if (errors !== none) {
      this.slots.add(errors)
      return value !== this.others
    }
    this.slots.add(value.rest = this.made(value.rest, value, "rest"))
    this.slots.add(index.rest = this.made(index.rest, undefined, "rest", index.code))
    return false
  }

  succeeded(name: string): boolean {
    const value = this.valueOf(name)
    value.attempted = true
    this.slots.add(value.successes = this.made(value.successes, value, "successes"))
    return value !== this.others
  }

  /** One row for each value with a count. */
  rows(window: WindowIndex | undefined, code: string | undefined): Array<Row> {
    const count = this.counter(window)
    const index = code === undefined ? undefined : this.codes.get(code)
    const restOfCode = count(index?.rest)
    const rows: Array<Row> = []
    for (const value of this.values.values()) {
      const row = rowOf(value, count, code === undefined ? undefined : index ?? noCode)
      const complete = value === this.others ? { ...row, count: row.count + restOfCode } : row
      if (complete.count > 0 || (code === undefined && complete.attempts > 0)) rows.push(complete)
    }
    if (restOfCode > 0 && this.others === undefined) {
      rows.push({ value: other, count: restOfCode, expected: 0, attempts: 0 })
    }
    return rows
  }

  /** The totals of every value, oldest value first. */
  readings(): ReadonlyArray<ValueReading> {
    const total = (series: number) => series === none ? 0 : this.slots.total(series)
    return Array.from(this.values.values(), ({ attempted, errors, expected, name, rest, successes }) => ({
      value: name,
      errors: Array.from(errors, ([{ code }, series]) => [code, total(series)] as const),
      rest: total(rest),
      expected: total(expected),
      successes: total(successes),
      attempted
    }))
  }

  /** The names of all values but `other`. */
  names(): ReadonlyArray<string> {
    return Array.from(this.values.keys()).filter((name) => name !== other)
  }

  /** The row of one value at a second not before the last event; undefined for `other` and for what is counted there. */
  row(raw: string, window: WindowIndex, code: string | undefined, second: number): Row | undefined {
    const value = this.values.get(raw) ?? this.values.get(nameOf(raw))
    if (value === undefined || value === this.others) return undefined
    return rowOf(value, this.counter(window, second), code === undefined ? undefined : this.codes.get(code) ?? noCode)
  }

  /** The failures and attempts of a value in a window, see `Slots.within`. */
  outcomes(raw: string, minutes: number, second: number): { readonly failures: number; readonly events: number } {
    const value = this.values.get(raw) ?? this.values.get(nameOf(raw))
    if (value === undefined || value === this.others || !value.attempted) return { failures: 0, events: 0 }
    let errors = this.countIn(value.rest, minutes, second)
    for (const series of value.errors.values()) errors += this.countIn(series, minutes, second)
    const events = errors + this.countIn(value.successes, minutes, second)
    return events === 0
      ? { failures: 0, events }
      : { failures: errors - this.countIn(value.expected, minutes, second), events }
  }

  private countIn(series: number, minutes: number, second: number): number {
    return series === none ? 0 : this.slots.within(series, minutes, second)
  }

  /** The values with attempts and errors, in the order in which they came. May be read while values are added and evicted. */
  *attempted(): Generator<string> {
    for (const value of this.values.values()) {
      if (value.attempted && value !== this.others && (value.errors.size > 0 || value.rest !== none)) yield value.name
    }
  }

  /** The failures and attempts of a value in each of so many minutes before a second, at most an hour, newest first. */
  lastMinutes(
    raw: string,
    minutes: number,
    second: number
  ): ReadonlyArray<{ readonly failures: number; readonly events: number }> {
    const value = this.values.get(raw) ?? this.values.get(nameOf(raw))
    const [failures, events] = [new Float64Array(minutes), new Float64Array(minutes)]
    if (value !== undefined && value !== this.others && value.attempted) {
      const add = (series: number, sign: number, counts: Float64Array) => {
        if (series !== none) this.slots.lastMinutes(series, second, sign, counts)
      }
      for (const series of value.errors.values()) add(series, 1, failures)
      add(value.rest, 1, failures)
      events.set(failures)
      add(value.successes, 1, events)
      add(value.expected, -1, failures)
    }
    return Array.from(failures, (failures, i) => ({ failures, events: events[i]! }))
  }

  /** The code of most of the errors of a value in a window; undefined without errors. */
  mostly(raw: string, window: WindowIndex | undefined): string | undefined {
    const count = this.counter(window)
    let [most, code]: [number, string | undefined] = [0, undefined]
    for (const [index, series] of this.values.get(raw)?.errors ?? []) {
      const errors = count(series)
      if (errors > most) [most, code] = [errors, index.code]
    }
    return code
  }

  /** The counts of one value per minute, see `Slots.minutes`: errors of a code without expected empties, and attempts. */
  minutes(raw: string, code: string | undefined, second: number): readonly [Float64Array, Float64Array] | undefined {
    const value = this.values.get(raw) ?? this.values.get(nameOf(raw))
    if (value === undefined || value === this.others) return undefined
    const [errors, attempts] = [new Float64Array(minutesKept), new Float64Array(minutesKept)]
    for (const [index, series] of value.errors) {
      if (code === undefined || code === index.code) this.slots.minutes(series, second, 1, errors)
      this.slots.minutes(series, second, 1, attempts)
    }
    if (value.rest !== none) {
      if (code === undefined) this.slots.minutes(value.rest, second, 1, errors)
      this.slots.minutes(value.rest, second, 1, attempts)
    }
    // Only one code has expected empties.
    if (value.expected !== none && (code === undefined || code === emptyCode)) {
      this.slots.minutes(value.expected, second, -1, errors)
    }
    if (value.successes !== none) this.slots.minutes(value.successes, second, 1, attempts)
    return [errors, attempts]
  }

  private counter(window: WindowIndex | undefined, second?: number) {
    return (series: number | undefined): number =>
      series === undefined || series === none
        ? 0
        : window === undefined
        ? this.slots.total(series)
        : this.slots.sum(series, window, second)
  }

  /** When a cap is reached, merges the values without an event for more than a day into `other`. */
  evict(): void {
    if (this.values.size < this.maxValues && this.pairs < this.maxPairs) return
    for (const value of this.values.values()) {
      const { errors, expected, rest, successes } = value
      const series = [...errors.values(), expected, rest, successes].filter((series) => series !== none)
      if (value === this.others || !series.every((series) => this.slots.isSilent(series))) continue
      const others = this.others ??= this.add(other)
      for (const [index, from] of errors) {
        this.slots.move(from, others.errors.get(index) ?? this.pair(others, index))
        index.series.delete(value.name)
        index.latest = undefined
      }
      if (rest !== none) this.slots.move(rest, others.rest = this.made(others.rest, others, "rest"))
      if (expected !== none) this.slots.move(expected, others.expected = this.made(others.expected, others, "expected"))
      if (successes !== none) {
        this.slots.move(successes, others.successes = this.made(others.successes, others, "successes"))
      }
      if (value.attempted) others.attempted = true
      this.values.delete(value.name)
      this.pairs -= errors.size
    }
  }

  /** A snapshot whose series are made when they are read, from a copy: with thousands of values that takes a while. */
  snapshot(): Omit<Snapshot.Dimension, "name"> {
    const slots = this.slots.copy()
    const seriesOf = (series: number) => series === none ? nothing : slots.snapshot(series)
    return {
      values: Array.from(this.values.values(), ({ attempted, errors, expected, name, rest, successes }) => {
        const byCode = Array.from(errors)
        return {
          value: name,
          get errors() {
            return byCode.map(([{ code }, series]) => ({ code, series: slots.snapshot(series) }))
          },
          get rest() {
            return seriesOf(rest)
          },
          get expected() {
            return seriesOf(expected)
          },
          get successes() {
            return seriesOf(successes)
          },
          attempted
        }
      }),
      rest: Array.from(this.codes.values()).flatMap(({ code, rest }) =>
        rest === none ? [] : [{ code, series: slots.snapshot(rest) }]
      )
    }
  }

  /** Adds the counts of a snapshot that was taken at the current second. Values beyond the cap become `other`. */
  restore({ rest, values }: Omit<Snapshot.Dimension, "name">): void {
    for (const { attempted, errors, value: name, ...series } of values) {
      const value = this.valueOf(name)
      if (attempted) value.attempted = true
      value.rest = this.added(value.rest, series.rest, value, "rest")
      value.expected = this.added(value.expected, series.expected, value, "expected")
      value.successes = this.added(value.successes, series.successes, value, "successes")
      for (const { code, series } of errors) {
        const index = this.of(code)
        const errors = this.errorsOf(value, index)
        if (errors !== none) this.slots.addSeries(errors, series)
        else {
          value.rest = this.added(value.rest, series, value, "rest")
          index.rest = this.added(index.rest, series, undefined, "rest", code)
        }
      }
    }
    for (const { code, series } of rest) {
      const index = this.of(code)
      index.rest = this.added(index.rest, series, undefined, "rest", code)
    }
  }

  private valueOf(raw: string): Value {
    const known = this.values.get(raw)
    if (known !== undefined) return known
    const name = nameOf(raw)
    const bounded = this.values.get(name)
    if (bounded !== undefined) return bounded
    const places = this.maxValues + (this.others === undefined ? 0 : 1)
    return name !== other && this.values.size < places ? this.add(name) : this.others ??= this.add(other)
  }

  private add(name: string): Value {
    const value = { name, errors: new Map(), rest: none, expected: none, successes: none, attempted: false }
    this.values.set(name, value)
    return value
  }

  /** The series of a pair; `none` if the number of pairs has reached its cap. */
  private errorsOf(value: Value, index: CodeIndex): number {
    return value.errors.get(index) ??
      (value !== this.others && this.pairs >= this.maxPairs ? none : this.pair(value, index))
  }

  private pair(value: Value, index: CodeIndex): number {
    const series = this.slots.make(ownerOf(value, "errors", index.code))
    value.errors.set(index, series)
    if (value !== this.others) {
      index.series.set(value.name, series)
      this.pairs++
    }
    return series
  }

  private made(series: number, ...owner: Parameters<typeof ownerOf>): number {
    return series === none ? this.slots.make(ownerOf(...owner)) : series
  }

  private added(series: number, counts: Snapshot.Series, ...owner: Parameters<typeof ownerOf>): number {
    if (counts.total === 0) return series
    const target = this.made(series, ...owner)
    this.slots.addSeries(target, counts)
    return target
  }
}
