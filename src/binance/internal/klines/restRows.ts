/**
 * The body of a klines answer as columns. Written out by hand: a page is 12,000 values, and a schema takes several
 * times as long as `JSON.parse` itself.
 */
import * as Either from "effect/Either"
import { bounded } from "../../../internal/safe/json.js"
import { allocate, type Columns, type Name } from "./columns.js"

/** What is wrong with a body, and where. */
export interface Fault {
  readonly message: string
  /** The number of the row, counted from 1. */
  readonly line?: number
  readonly excerpt: string
}

const maxExcerpt = 512
const width = 12

export const decodeRows = (body: string): Either.Either<Columns, Fault> => {
  let rows: unknown
  try {
    rows = JSON.parse(body)
  } catch {
    return Either.left({ message: "The answer is not JSON", excerpt: bounded(body, maxExcerpt) })
  }
  if (!Array.isArray(rows)) {
    return Either.left({ message: "The answer is no list of candles", excerpt: bounded(body, maxExcerpt) })
  }
  const columns = allocate(rows.length)
  for (let i = 0; i < rows.length; i++) {
    const name = fill(columns, i, rows[i])
    if (name !== undefined) return Either.left(fault(i, rows[i], name))
  }
  return Either.right(columns)
}

const fault = (i: number, row: unknown, name: Name | "row"): Fault => ({
  message: name === "row"
    ? `Row ${i + 1} of the answer is no list of ${width} values`
    : `Row ${i + 1} of the answer has no valid ${name}`,
  line: i + 1,
  excerpt: bounded(JSON.stringify(row), maxExcerpt)
})

/** Writes a row; what comes back is what is wrong with it, if anything is. Without a loop it takes a quarter less. */
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

// Milliseconds from 2010 to 2099: neither seconds nor microseconds lie there.
const time = (u: unknown): number =>
  typeof u === "number" && Number.isInteger(u) && u >= 1_262_304_000_000 && u < 4_102_444_800_000 ? u : NaN

const amount = (u: unknown): number => typeof u === "number" && Number.isSafeInteger(u) && u >= 0 ? u : NaN

/** The powers of ten that a double holds exactly. */
export const powers = Array.from({ length: 23 }, (_, n) => 10 ** n)

/**
 * A decimal as the exchange writes it: digits, and perhaps a point with digits on both sides. NaN for anything else.
 *
 * While the digits are an integer that a double holds, one division by an exact power of ten gives the very double that
 * `Number` gives (Clinger, "How to read floating point numbers accurately", 1990). Longer ones are left to `Number`.
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
