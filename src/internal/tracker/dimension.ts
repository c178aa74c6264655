/**
 * What is counted by the values of one dimension: errors, attempts, and errors by code; since the start, and over the
 * last minute, hour and day. Only so many values are told apart; the rest is `other`, so that totals stay exact.
 */
import type * as FetchContext from "../../FetchContext.js"
import { safeText } from "../json.js"
import type { Hands, WindowIndex } from "./slots.js"
import { Slots } from "./slots.js"

export const other = "other"

const maxName = 128
const none = -1

/** The errors of one code; a series. */
interface OfCode {
  readonly code: string
  readonly errors: number
}

/** The series of one value; `none` where nothing was counted yet. */
interface Value {
  readonly codes: Array<OfCode>
  /** Errors of codes for which there was no series left. */
  rest: number
  expected: number
  successes: number
}

export interface Row {
  readonly value: string
  readonly count: number
  readonly expected: number
  readonly attempts: number
}

type Reader = (context: FetchContext.FetchContext) => string | undefined

const texts = new Map<string, Reader>([
  ["symbol", ({ symbol }) => symbol],
  ["interval", ({ interval }) => interval],
  ["market", ({ market }) => market],
  ["source", ({ source }) => source],
  ["operation", ({ operation }) => operation],
  ["url", ({ url }) => url]
])

/** How a dimension is read from a context: a key of its own, or an attribute. */
export const reader = (name: string): Reader =>
  texts.get(name) ??
    (({ attributes }) =>
      attributes !== undefined && Object.hasOwn(attributes, name) ? String(attributes[name]) : undefined)

export class Dimension {
  private readonly values = new Map<string, Value>()
  private readonly slots: Slots
  private readonly maxValues: number
  private readonly maxPairs: number
  private others: Value | undefined
  // What is in the `rest` of some value, by code: told as `other` where one code is asked for.
  private readonly restByCode: Array<OfCode> = []
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

  /** Was there a place for everything, or was something counted as `other`? */
  failed(name: string, code: string, expected: boolean): boolean {
    const value = this.valueOf(name)
    if (expected) this.slots.add(value.expected === none ? value.expected = this.slots.make() : value.expected)
    const errors = this.find(value.codes, code)
    if (errors !== none) {
      this.slots.add(errors)
      return value !== this.others
    }
    if (value === this.others || this.pairs < this.maxPairs) {
      if (value !== this.others) this.pairs++
      this.slots.add(this.make(value.codes, code))
      return value !== this.others
    }
    this.slots.add(value.rest === none ? value.rest = this.slots.make() : value.rest)
    const rest = this.find(this.restByCode, code)
    this.slots.add(rest === none ? this.make(this.restByCode, code) : rest)
    return false
  }

  succeeded(name: string): boolean {
    const value = this.valueOf(name)
    this.slots.add(value.successes === none ? value.successes = this.slots.make() : value.successes)
    return value !== this.others
  }

  /** One row for each value that counts anything. */
  rows(window: WindowIndex | undefined, code: string | undefined): Array<Row> {
    const count = (series: number) =>
      series === none ? 0 : window === undefined ? this.slots.total(series) : this.slots.sum(series, window)
    const untold = code === undefined ? 0 : count(this.find(this.restByCode, code))
    const rows: Array<Row> = []
    for (const [name, value] of this.values) {
      const errors = value.codes.reduce((sum, { errors }) => sum + count(errors), count(value.rest))
      const row = {
        value: name,
        count: code === undefined
          ? errors
          : count(this.find(value.codes, code)) + (value === this.others ? untold : 0),
        expected: count(value.expected),
        // A value that never had a success is one whose attempts nobody counts.
        attempts: value.successes === none ? 0 : count(value.successes) + errors
      }
      if (row.count > 0 || (code === undefined && row.attempts > 0)) rows.push(row)
    }
    if (untold > 0 && this.others === undefined) rows.push({ value: other, count: untold, expected: 0, attempts: 0 })
    return rows
  }

  /** Where places are short, values that were silent for more than a day give theirs; their totals go to `other`. */
  sweep(): void {
    if (this.values.size < this.maxValues && this.pairs < this.maxPairs) return
    for (const [name, value] of this.values) {
      const { codes, expected, rest, successes } = value
      const series = [...codes.map(({ errors }) => errors), expected, rest, successes].filter((series) =>
        series !== none
      )
      if (value === this.others || !series.every((series) => this.slots.isSilent(series))) continue
      const others = this.others ??= this.add(other)
      this.values.delete(name)
      this.pairs -= codes.length
      for (const { code, errors } of codes) {
        const known = this.find(others.codes, code)
        this.move(errors, known === none ? this.make(others.codes, code) : known)
      }
      if (rest !== none) this.move(rest, others.rest === none ? others.rest = this.slots.make() : others.rest)
      if (expected !== none) {
        this.move(expected, others.expected === none ? others.expected = this.slots.make() : others.expected)
      }
      if (successes !== none) {
        this.move(successes, others.successes === none ? others.successes = this.slots.make() : others.successes)
      }
    }
  }

  private move(from: number, to: number): void {
    this.slots.addTotal(to, this.slots.total(from))
    this.slots.release(from)
  }

  private valueOf(raw: string): Value {
    const known = this.values.get(raw)
    if (known !== undefined) return known
    const name = raw.length > maxName ? safeText(raw, maxName) : raw
    const told = this.values.get(name)
    if (told !== undefined) return told
    const places = this.maxValues + (this.others === undefined ? 0 : 1)
    return name !== other && this.values.size < places ? this.add(name) : this.others ??= this.add(other)
  }

  private add(name: string): Value {
    const value = { codes: [], rest: none, expected: none, successes: none }
    this.values.set(name, value)
    return value
  }

  private find(codes: ReadonlyArray<OfCode>, code: string): number {
    // A value has few codes, most often one: a walk is faster than a hash.
    for (let i = 0; i < codes.length; i++) {
      const ofCode = codes[i]
      if (ofCode !== undefined && ofCode.code === code) return ofCode.errors
    }
    return none
  }

  private make(codes: Array<OfCode>, code: string): number {
    const errors = this.slots.make()
    codes.push({ code, errors })
    return errors
  }
}
