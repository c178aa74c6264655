/**
 * The body of a klines answer as columns. Hand-written: a page has 12,000 values, and a schema takes several times as
 * long as `JSON.parse` itself.
 */
import * as Either from "effect/Either"
import { attempt, bounded } from "../../../internal/safe/json.js"
import { allocate, type Columns, type Name, names, resized } from "./columns.js"

/** A defect of a body, and its position. */
export interface Fault {
  readonly message: string
  /** The number of the row, counted from 1. */
  readonly line?: number | undefined
  readonly excerpt: string
}

/** The rows of an answer. */
export interface Decoded {
  /** The valid rows, in the order of the answer. */
  readonly columns: Columns
  /** The open times of well-formed rows with a value that is invalid for a candle, such as a negative volume. */
  readonly impossible: ReadonlyArray<number>
  /** The open times of rows with another malformed value. */
  readonly malformed: ReadonlyArray<number>
  /** The defect of the first malformed row. */
  readonly fault: Fault | undefined
}

const maxExcerpt = 512
const width = 12

/** The rows of a body, or the reason why it is not a list. */
export const decodeRows = (body: string): Either.Either<Decoded, Fault> => {
  let rows: unknown
  try {
    rows = JSON.parse(body)
  } catch {
    return Either.left({ message: "The response is not JSON", excerpt: bounded(body, maxExcerpt) })
  }
  if (!Array.isArray(rows)) {
    return Either.left({ message: "The response is not a list of candles", excerpt: bounded(body, maxExcerpt) })
  }
  const columns = allocate(rows.length)
  const impossible: Array<number> = []
  const malformed: Array<number> = []
  let first: Fault | undefined
  let kept = 0
  for (let i = 0; i < rows.length; i++) {
    const name = fill(columns, kept, rows[i])
    if (name === undefined) {
      kept++
      continue
    }
    const row: unknown = rows[i]
    const open = Array.isArray(row) ? time(row[0]) : NaN
    if (isImpossible(row)) impossible.push(open)
    else {
      if (!Number.isNaN(open)) malformed.push(open)
      first ??= fault(i, row, name)
    }
  }
  return Either.right({ columns: resized(columns, kept), impossible, malformed, fault: first })
}

/** A row with the form of a candle, all of whose values are numbers. */
const isImpossible = (row: unknown): boolean =>
  Array.isArray(row) && row.length === width && names.every((name, i) => {
    const value: unknown = row[i]
    if (name === "openTime" || name === "closeTime") return !Number.isNaN(time(value))
    return name === "trades" ? Number.isSafeInteger(value) : typeof value === "string" && signed.test(value)
  })

const signed = /^-?\d+(?:\.\d+)?$/

const fault = (i: number, row: unknown, name: Name | "row"): Fault => ({
  message: name === "row"
    ? `Row ${i + 1} of the response is not a list of ${width} values`
    : `Row ${i + 1} of the response has no valid ${name}`,
  line: i + 1,
  // A deeply nested row cannot be serialized.
  excerpt: bounded(attempt(() => JSON.stringify(row)) ?? "", maxExcerpt)
})

/** Writes a row. Returns the name of the first invalid value. Unrolled, since a loop takes a third longer. */
const fill = (columns: Columns, i: number, row: unknown): Name | "row" | undefined => {
  if (!Array.isArray(row) || row.length !== width) return "row"
  if (!put(columns.openTime, i, time(row[0]))) return "openTime"
  if (!put(columns.open, i, decimal(row[1]))) return "open"
  if (!put(columns.high, i, decimal(row[2]))) return "high"
  if (!put(columns.low, i, decimal(row[3]))) return "low"
  if (!put(columns.close, i, decimal(row[4]))) return "close"
  if (!put(columns.volume, i, decimal(row[5]))) return "volume"
  if (!put(columns.closeTime, i, time(row[6]))) return "closeTime"
  if (!put(columns.quoteVolume, i, decimal(row[7]))) return "quoteVolume"
  if (!put(columns.trades, i, amount(row[8]))) return "trades"
  if (!put(columns.takerBuyBase, i, decimal(row[9]))) return "takerBuyBase"
  if (!put(columns.takerBuyQuote, i, decimal(row[10]))) return "takerBuyQuote"
  return undefined
}

const put = (column: Float64Array, i: number, value: number): boolean => {
  column[i] = value
  return !Number.isNaN(value)
}

// Milliseconds from 2010 to 2099. Times in seconds or microseconds are outside of this range.
const time = (u: unknown): number =>
  typeof u === "number" && Number.isInteger(u) && u >= 1_262_304_000_000 && u < 4_102_444_800_000 ? u : NaN

const amount = (u: unknown): number => typeof u === "number" && Number.isSafeInteger(u) && u >= 0 ? u : NaN

/** The powers of ten that a double holds exactly. */
export const powers = Array.from({ length: 23 }, (_, n) => 10 ** n)

/**
 * A decimal as the exchange writes it: digits, optionally with a point that has digits on both sides. NaN for anything
 * else.
 *
 * While the digits form an integer that a double holds, one division by an exact power of ten gives the same double as
 * `Number` (Clinger, "How to read floating point numbers accurately", 1990). Longer decimals are parsed by `Number`.
 */
export const decimal = (u: unknown): number => {
  if (typeof u !== "string") return NaN
  const { length } = u
  if (length === 0) return NaN
  let digits = 0
  let point = length - 1
  for (let i = 0; i < length; i++) {
    const digit = u.charCodeAt(i) - 48
    if (digit >= 0 && digit <= 9) digits = digits * 10 + digit
    else if (digit === -2 && point === length - 1 && i > 0 && i < length - 1) point = i
    else return NaN
  }
  const decimals = length - 1 - point
  if (digits <= Number.MAX_SAFE_INTEGER && decimals < powers.length) return digits / powers[decimals]!
  const value = Number(u)
  return value === Infinity ? NaN : value
}
