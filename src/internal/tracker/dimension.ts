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

/** The series of one value; `none` where nothing was counted yet. */
interface Value {
  readonly errors: number
  expected: number
  successes: number
  readonly codes: Array<{ readonly code: string; readonly errors: number }>
}

export interface Row {
  readonly value: string
  readonly count: number
  readonly expected: number
  readonly attempts: number
}

const texts = ["symbol", "interval", "market", "source", "operation", "url"] as const

/** How a dimension is read from a context: a key of its own, or an attribute. */
export const reader = (name: string): (context: FetchContext.FetchContext) => string | undefined => {
  const key = texts.find((text) => text === name)
  if (key !== undefined) return (context) => context[key]
  return ({ attributes }) =>
    attributes !== undefined && Object.hasOwn(attributes, name) ? String(attributes[name]) : undefined
}

export class Dimension {
  private readonly values = new Map<string, Value>()
  private rest: Value | undefined
  private readonly slots: Slots
  private readonly maxValues: number
  // Pairs of value and code that are told apart, not counting those of `other`.
  private pairs = 0

  constructor(maxValues: number, hands: Hands) {
    this.maxValues = maxValues
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
    this.slots.add(value.errors)
    if (expected) this.slots.add(value.expected === none ? value.expected = this.slots.make() : value.expected)
    const told = this.pair(value, code)
    return value !== this.rest && told
  }

  succeeded(name: string): boolean {
    const value = this.valueOf(name)
    this.slots.add(value.successes === none ? value.successes = this.slots.make() : value.successes)
    return value !== this.rest
  }

  /** One row for each value that counts anything. */
  rows(window: WindowIndex | undefined, code: string | undefined): Array<Row> {
    const count = (series: number) =>
      series === none ? 0 : window === undefined ? this.slots.total(series) : this.slots.sum(series, window)
    const rows: Array<Row> = []
    for (const [name, value] of this.values) {
      const errors = count(value.errors)
      const ofCode = value.codes.find((pair) => pair.code === code)
      const row = {
        value: name,
        count: code === undefined ? errors : ofCode === undefined ? 0 : count(ofCode.errors),
        expected: count(value.expected),
        // A value that never had a success is one whose attempts nobody counts.
        attempts: value.successes === none ? 0 : count(value.successes) + errors
      }
      if (row.count > 0 || (code === undefined && row.attempts > 0)) rows.push(row)
    }
    return rows
  }

  /** Where places are short, values that were silent for more than a day give theirs; their totals go to `other`. */
  sweep(): void {
    if (this.values.size < this.maxValues && this.pairs < this.maxValues) return
    for (const [name, value] of this.values) {
      if (name === other || !this.slots.isSilent(value.errors)) continue
      if (value.successes !== none && !this.slots.isSilent(value.successes)) continue
      const rest = this.others()
      this.values.delete(name)
      this.move(value.errors, rest.errors)
      if (value.expected !== none) {
        this.move(value.expected, rest.expected === none ? rest.expected = this.slots.make() : rest.expected)
      }
      if (value.successes !== none) {
        this.move(value.successes, rest.successes === none ? rest.successes = this.slots.make() : rest.successes)
      }
      for (const { code, errors } of value.codes) this.move(errors, this.seriesOf(rest, code))
      this.pairs -= value.codes.length
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
    if (name === other) return this.others()
    return this.values.size - (this.rest === undefined ? 0 : 1) < this.maxValues ? this.add(name) : this.others()
  }

  private add(name: string): Value {
    const value = { errors: this.slots.make(), expected: none, successes: none, codes: [] }
    this.values.set(name, value)
    return value
  }

  private others(): Value {
    return this.rest ??= this.add(other)
  }

  /** Counts the error for the pair of value and code, or for that of `other` where pairs are short. */
  private pair(value: Value, code: string): boolean {
    const { codes } = value
    for (let i = 0; i < codes.length; i++) {
      const pair = codes[i]
      if (pair === undefined || pair.code !== code) continue
      this.slots.add(pair.errors)
      return true
    }
    if (value === this.rest || this.pairs < this.maxValues) {
      if (value !== this.rest) this.pairs++
      this.slots.add(this.seriesOf(value, code))
      return true
    }
    this.slots.add(this.seriesOf(this.others(), code))
    return false
  }

  private seriesOf(value: Value, code: string): number {
    const known = value.codes.find((pair) => pair.code === code)
    if (known !== undefined) return known.errors
    const errors = this.slots.make()
    value.codes.push({ code, errors })
    return errors
  }
}
