/**
 * What is counted by the values of one dimension: errors, attempts, and errors by code; since the start, and over the
 * last minute, hour and day. Only so many values are told apart; the rest is `other`, so that totals stay exact.
 */
import { safeText } from "../../safe/json.js"
import type * as Snapshot from "../snapshotModel.js"
import type { Hands } from "./slots.js"
import { Slots } from "./slots.js"
import type { WindowIndex } from "./windows.js"

export const other = "other"

const maxName = 128
const none = -1
const nothing: Snapshot.Series = { total: 0, minute: [], hour: [], day: [] }

/** The errors of one code. */
export interface OfCode {
  readonly code: string
  /** The series of each value that has one, `other` aside: an error is counted with one look. */
  readonly series: Map<string, number>
  /** The value that was counted last, and its series: most dimensions say the same most of the time. */
  latest: string | undefined
  latestSeries: number
  /** What is in the `rest` of some value: told as `other` where this code is asked for. */
  rest: number
}

/** The series of one value; `none` where nothing was counted yet. */
interface Value {
  readonly name: string
  readonly errors: Map<OfCode, number>
  /** Errors of codes for which there was no series left. */
  rest: number
  expected: number
  successes: number
  /** Does anybody count the attempts, and not only what fails? */
  attempted: boolean
}

export interface Row {
  readonly value: string
  readonly count: number
  readonly expected: number
  readonly attempts: number
}

const nameOf = (raw: string): string => raw.length > maxName ? safeText(raw, maxName) : raw

const newCode = (code: string): OfCode => ({
  code,
  series: new Map(),
  latest: undefined,
  latestSeries: none,
  rest: none
})

/** Of which nothing was counted. */
const noCode = newCode("")

const rowOf = (
  { attempted, errors, expected, name, rest, successes }: Value,
  count: (series: number | undefined) => number,
  ofCode: OfCode | undefined
): Row => {
  let all = 0
  if (ofCode === undefined || attempted) {
    all = count(rest)
    for (const series of errors.values()) all += count(series)
  }
  return {
    value: name,
    count: ofCode === undefined ? all : count(errors.get(ofCode)),
    expected: count(expected),
    attempts: attempted ? count(successes) + all : 0
  }
}

export class Dimension {
  private readonly values = new Map<string, Value>()
  private readonly codes = new Map<string, OfCode>()
  private readonly slots: Slots
  private readonly maxValues: number
  private readonly maxPairs: number
  private others: Value | undefined
  // Pairs of value and code that have a series, not counting those of `other`.
  private pairs = 0

  constructor(maxValues: number, hands: Hands) {
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

  /** What errors of a code are counted with. */
  of(code: string): OfCode {
    const known = this.codes.get(code)
    if (known !== undefined) return known
    const ofCode = newCode(code)
    this.codes.set(code, ofCode)
    return ofCode
  }

  /** Was there a place for everything, or was something counted as `other`? */
  failed(name: string, ofCode: OfCode, expected: boolean, attempt: boolean): boolean {
    if (expected || attempt) return this.failedOf(this.valueOf(name), ofCode, expected, attempt)
    if (name !== ofCode.latest) {
      const series = ofCode.series.get(name)
      if (series === undefined) return this.failedOf(this.valueOf(name), ofCode, expected, attempt)
      ofCode.latest = name
      ofCode.latestSeries = series
    }
    this.slots.add(ofCode.latestSeries)
    return true
  }

  private failedOf(value: Value, ofCode: OfCode, expected: boolean, attempt: boolean): boolean {
    if (attempt) value.attempted = true
    if (expected) this.slots.add(value.expected = this.made(value.expected))
    const errors = this.errorsOf(value, ofCode)
    if (errors !== none) {
      this.slots.add(errors)
      return value !== this.others
    }
    this.slots.add(value.rest = this.made(value.rest))
    this.slots.add(ofCode.rest = this.made(ofCode.rest))
    return false
  }

  succeeded(name: string): boolean {
    const value = this.valueOf(name)
    value.attempted = true
    this.slots.add(value.successes = this.made(value.successes))
    return value !== this.others
  }

  /** One row for each value that counts anything. */
  rows(window: WindowIndex | undefined, code: string | undefined): Array<Row> {
    const count = this.counter(window)
    const ofCode = code === undefined ? undefined : this.codes.get(code)
    const untold = count(ofCode?.rest)
    const rows: Array<Row> = []
    for (const value of this.values.values()) {
      const row = rowOf(value, count, code === undefined ? undefined : ofCode ?? noCode)
      const told = value === this.others ? { ...row, count: row.count + untold } : row
      if (told.count > 0 || (code === undefined && told.attempts > 0)) rows.push(told)
    }
    if (untold > 0 && this.others === undefined) rows.push({ value: other, count: untold, expected: 0, attempts: 0 })
    return rows
  }

  /** The names of all values but `other`. */
  names(): ReadonlyArray<string> {
    return Array.from(this.values.keys()).filter((name) => name !== other)
  }

  /** The row of one value at a second that is not before the last event; none of `other`, and of what is counted there. */
  row(raw: string, window: WindowIndex, code: string | undefined, second: number): Row | undefined {
    const value = this.values.get(raw) ?? this.values.get(nameOf(raw))
    if (value === undefined || value === this.others) return undefined
    return rowOf(value, this.counter(window, second), code === undefined ? undefined : this.codes.get(code) ?? noCode)
  }

  private counter(window: WindowIndex | undefined, second?: number) {
    return (series: number | undefined): number =>
      series === undefined || series === none
        ? 0
        : window === undefined
        ? this.slots.total(series)
        : this.slots.sum(series, window, second)
  }

  /** Where places are short, values that were silent for more than a day give theirs; their totals go to `other`. */
  sweep(): void {
    if (this.values.size < this.maxValues && this.pairs < this.maxPairs) return
    for (const value of this.values.values()) {
      const { errors, expected, rest, successes } = value
      const series = [...errors.values(), expected, rest, successes].filter((series) => series !== none)
      if (value === this.others || !series.every((series) => this.slots.isSilent(series))) continue
      const others = this.others ??= this.add(other)
      for (const [ofCode, from] of errors) {
        this.move(from, others.errors.get(ofCode) ?? this.pair(others, ofCode))
        ofCode.series.delete(value.name)
        ofCode.latest = undefined
      }
      if (rest !== none) this.move(rest, others.rest = this.made(others.rest))
      if (expected !== none) this.move(expected, others.expected = this.made(others.expected))
      if (successes !== none) this.move(successes, others.successes = this.made(others.successes))
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

  /** For one that is empty, while the hands stand where they stood. What finds no place any more becomes `other`. */
  restore({ rest, values }: Omit<Snapshot.Dimension, "name">): void {
    for (const { attempted, errors, value: name, ...series } of values) {
      const value = this.valueOf(name)
      if (attempted) value.attempted = true
      value.rest = this.entered(value.rest, series.rest)
      value.expected = this.entered(value.expected, series.expected)
      value.successes = this.entered(value.successes, series.successes)
      for (const { code, series } of errors) {
        const ofCode = this.of(code)
        const errors = this.errorsOf(value, ofCode)
        if (errors !== none) this.slots.enter(errors, series)
        else {
          value.rest = this.entered(value.rest, series)
          ofCode.rest = this.entered(ofCode.rest, series)
        }
      }
    }
    for (const { code, series } of rest) {
      const ofCode = this.of(code)
      ofCode.rest = this.entered(ofCode.rest, series)
    }
  }

  private move(from: number, to: number): void {
    this.slots.addTotal(to, this.slots.total(from))
    this.slots.release(from)
  }

  private valueOf(raw: string): Value {
    const known = this.values.get(raw)
    if (known !== undefined) return known
    const name = nameOf(raw)
    const told = this.values.get(name)
    if (told !== undefined) return told
    const places = this.maxValues + (this.others === undefined ? 0 : 1)
    return name !== other && this.values.size < places ? this.add(name) : this.others ??= this.add(other)
  }

  private add(name: string): Value {
    const value = { name, errors: new Map(), rest: none, expected: none, successes: none, attempted: false }
    this.values.set(name, value)
    return value
  }

  /** `none` where there is no place for one pair more. */
  private errorsOf(value: Value, ofCode: OfCode): number {
    return value.errors.get(ofCode) ??
      (value !== this.others && this.pairs >= this.maxPairs ? none : this.pair(value, ofCode))
  }

  private pair(value: Value, ofCode: OfCode): number {
    const series = this.slots.make()
    value.errors.set(ofCode, series)
    if (value !== this.others) {
      ofCode.series.set(value.name, series)
      this.pairs++
    }
    return series
  }

  private made(series: number): number {
    return series === none ? this.slots.make() : series
  }

  private entered(series: number, counts: Snapshot.Series): number {
    if (counts.total === 0) return series
    const entered = this.made(series)
    this.slots.enter(entered, counts)
    return entered
  }
}
