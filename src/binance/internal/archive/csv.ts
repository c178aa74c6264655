/**
 * A streaming parser of the archive's CSV into columns. Hand-written, since a month of seconds has thirty million
 * values: digits are read eight at a time, without intermediate strings.
 *
 * Strict, so that an edited file is rejected and not misread: twelve values a line; times in milliseconds or in
 * microseconds, all in the same unit; decimals as the exchange writes them. The twelfth value is ignored, as the
 * exchange documents. The consistency of the rows is not checked here.
 */
import * as Either from "effect/Either"
import { bounded } from "../../../internal/safe/json.js"
import { allocate, type Columns, names, resized } from "../klines/columns.js"
import { decimal, type Fault, powers } from "../klines/restRows.js"

export interface CsvReader {
  /** Parses the next piece of the file. Returns its first fault, if any. The piece is not used afterwards. */
  readonly push: (piece: Uint8Array) => Fault | undefined
  /** All rows, in the order of the file. Valid after the last piece. */
  readonly finish: () => Either.Either<Columns, Fault>
  /** The open times of the omitted rows: well-formed, but with a value that is invalid for a candle. */
  readonly impossible: () => ReadonlyArray<number>
}

const newline = 10
const comma = 44
const width = names.length + 1
const maxLine = 4096
const maxExcerpt = 512

/** A parser with an initial capacity in rows. The capacity grows when needed. */
export const makeCsvReader = (expected: number): CsvReader => {
  const cursor = new Cursor()
  let columns = allocate(Math.max(1, expected))
  let rows = 0
  let lines = 0
  const impossible: Array<number> = []
  // The beginning of a line that continues in the next piece.
  let rest = new Uint8Array(0)

  /** Parses whole lines. */
  const take = (bytes: Uint8Array): Fault | undefined => {
    if (bytes.length === 0) return undefined
    cursor.begin(bytes)
    if (lines === 0 && !isDigit(bytes[0]!)) {
      const header = lineAt(bytes, 0)
      if (!isHeader(header)) {
        return {
          message: "The file starts with neither a row nor a header",
          line: 1,
          excerpt: bounded(header, maxExcerpt)
        }
      }
      lines++
      cursor.at = bytes.indexOf(newline) + 1
    }
    while (cursor.at < bytes.length) {
      if (rows === columns.length) columns = resized(columns, 2 * rows)
      const before = rows
      rows = cursor.rows(columns, rows)
      lines += rows - before
      if (cursor.at === bytes.length || rows === columns.length) continue
      const line = lineAt(bytes, cursor.at)
      lines++
      const open = openOfImpossible(line)
      if (open === undefined) return faultIn(line, lines, cursor.unit)
      impossible.push(open)
      cursor.at = bytes.indexOf(newline, cursor.at) + 1
    }
    return undefined
  }

  return {
    impossible: () => impossible,
    push: (piece) => {
      const end = piece.lastIndexOf(newline) + 1
      const begun = rest
      if (end === 0) {
        rest = joined(begun, piece)
        return rest.length > maxLine ? faultIn(lineAt(rest, 0), lines + 1, cursor.unit) : undefined
      }
      // A copy: the piece is reused. The method `slice` of a `Buffer` does not copy.
      rest = new Uint8Array(piece.subarray(end))
      if (begun.length === 0) return take(piece.subarray(0, end))
      const first = piece.indexOf(newline) + 1
      return take(joined(begun, piece.subarray(0, first))) ?? take(piece.subarray(first, end))
    },
    finish: () => {
      // The last line may lack a newline.
      const fault = rest.length === 0 ? undefined : take(joined(rest, Uint8Array.of(newline)))
      return fault === undefined ? Either.right(resized(columns, rows)) : Either.left(fault)
    }
  }
}

const joined = (a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> => {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

/**
 * True for a header: as many names as a row has values, none of them a number. A row that begins with garbage is a row.
 */
const isHeader = (line: string): boolean => {
  const titles = line.split(",")
  return titles.length === width && titles.every((title) => Number.isNaN(decimal(title)))
}

const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57

// ---------------------------------------------------------------------------------------------------------------------
// the hot path
// ---------------------------------------------------------------------------------------------------------------------

const zero = 48

// Byte values relative to "0".
const point = -2
const separator = -4

/** Nine digits always fit into 32 bits. */
const maxInteger = 9

// Milliseconds from 2010 to 2099. Times in seconds or microseconds are outside of this range.
const earliest = 1_262_304_000_000
const latest = 4_102_444_800_000

/** Milliseconds or microseconds; 0 before the first time was read. */
type Unit = 0 | 1 | 1000

/**
 * Reads consecutive values, each into a row of its column, and skips the comma after it. A read that fails returns
 * false and does not advance, so that nothing is read beyond the line. (Values are not returned, since each would be an
 * object: a million for a day of seconds.)
 */
class Cursor {
  at = 0
  unit: Unit = 0
  private bytes: Uint8Array = new Uint8Array(0)
  private view: DataView = new DataView(new ArrayBuffer(0))
  // The latest first eight digits of a time: as read, and their value.
  private first = 0
  private second = 0
  private high = 0

  /** The last byte must be a newline. */
  begin(bytes: Uint8Array): void {
    this.at = 0
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /**
   * Reads lines into the rows from `row` on, until a line is malformed, the bytes end or the columns are full. Returns the
   * row after the last one. (A method, not a closure of each reader: V8 would compile the loop again for each file.)
   */
  rows(columns: Columns, row: number): number {
    const { length } = this.bytes
    let start = this.at
    while (start < length && row < columns.length && this.row(columns, row)) {
      start = this.at
      row++
    }
    this.at = start
    return row
  }

  /** Reads a whole line. Returns false if it is malformed. */
  private row(columns: Columns, i: number): boolean {
    const isRow = this.time(columns.openTime, i) &&
      this.decimal(columns.open, i) &&
      this.decimal(columns.high, i) &&
      this.decimal(columns.low, i) &&
      this.decimal(columns.close, i) &&
      this.decimal(columns.volume, i) &&
      this.time(columns.closeTime, i) &&
      this.decimal(columns.quoteVolume, i) &&
      this.count(columns.trades, i) &&
      this.decimal(columns.takerBuyBase, i) &&
      this.decimal(columns.takerBuyQuote, i)
    if (!isRow) return false
    // The last microsecond of a candle lies in its last millisecond.
    columns.closeTime[i] = Math.floor(columns.closeTime[i]!)
    let end = this.at
    while (this.bytes[end] !== newline) {
      if (this.bytes[end] === comma) return false
      end++
    }
    this.at = end + 1
    return true
  }

  /** Thirteen or sixteen digits, converted to milliseconds. Microseconds become a fraction. */
  private time(column: Float64Array, i: number): boolean {
    const { at, bytes, view } = this
    if (this.unit === 0) this.unit = bytes[at + 13] === comma ? 1 : 1000
    const isMillis = this.unit === 1
    const end = isMillis ? at + 13 : at + 16
    if (bytes[end] !== comma) return false
    // The first eight digits change every hundred seconds.
    const first = view.getInt32(at, true)
    const second = view.getInt32(at + 4, true)
    if (first !== this.first || second !== this.second) {
      const high = eight(first, second)
      if (high < 0) return false
      this.first = first
      this.second = second
      this.high = high
    }
    const rest = isMillis ? at + 5 : at + 8
    const low = eight(view.getInt32(rest, true), view.getInt32(rest + 4, true))
    if (low < 0) return false
    const time = isMillis ? this.high * 1e5 + low % 1e5 : (this.high * 1e8 + low) / 1000
    column[i] = time
    this.at = end + 1
    return time >= earliest && time < latest
  }

  /**
   * Reads the same double as `Number`. While all digits form an integer that a double holds, that is one division by an
   * exact power of ten (Clinger, "How to read floating point numbers accurately", 1990).
   *
   * With eight decimals a sum is exact beyond that, up to 2^45. No such number lies halfway between two doubles, since
   * it would have more than eight binary places and therefore more than eight decimal ones. The nearest to halfway is
   * further away (2^8 / 1e8 of a binary place) than the error of the fraction, 2^-54.
   *
   * The digits are added up as 32-bit integers, which is several times as fast as with doubles.
   */
  private decimal(column: Float64Array, i: number): boolean {
    const { at, bytes, view } = this
    let whole = bytes[at]! - zero
    if (whole >>> 0 > 9) return false
    let end = at + 1
    let digit = bytes[end]! - zero
    while (digit >>> 0 < 10 && end - at < maxInteger) {
      whole = (Math.imul(whole, 10) + digit) | 0
      digit = bytes[++end]! - zero
    }
    if (digit === separator) {
      column[i] = whole
      this.at = end + 1
      return true
    }
    // Eight decimals, as in all files of the spot market. Where there are fewer, zeros are added.
    const first = end + 1
    if (digit !== point || first + 9 > bytes.length) return this.longDecimal(column, i)
    // The first byte that is no digit, and all after it, become zeros.
    let a = view.getInt32(first, true) ^ zeros
    let b = view.getInt32(first + 4, true) ^ zeros
    let decimals = 8
    const marksOfA = nonDigits(a)
    const marks = marksOfA === 0 ? nonDigits(b) : marksOfA
    if (marks !== 0) {
      const mark = marks & -marks
      const before = (mark >>> 7) - 1
      decimals = (31 - Math.clz32(mark)) >>> 3
      if (marksOfA === 0) {
        b &= before
        decimals += 4
      } else {
        a &= before
        b = 0
      }
    }
    if (decimals === 0 || bytes[first + decimals] !== comma) return this.longDecimal(column, i)
    const fraction = four(a) * 10_000 + four(b)
    column[i] = whole < 90_071_992 ? (whole * 1e8 + fraction) / 1e8 : whole + fraction / 1e8
    this.at = first + decimals + 1
    return true
  }

  /** Reads any decimal. */
  private longDecimal(column: Float64Array, i: number): boolean {
    const { at, bytes } = this
    let end = at
    let whole = 0
    let digit = bytes[end]! - zero
    while (digit >>> 0 < 10) {
      whole = whole * 10 + digit
      digit = bytes[++end]! - zero
    }
    if (end === at) return false
    let decimals = 0
    if (digit === point) {
      const first = end + 1
      const integer = whole
      digit = bytes[++end]! - zero
      while (digit >>> 0 < 10) {
        whole = whole * 10 + digit
        digit = bytes[++end]! - zero
      }
      decimals = end - first
      if (decimals === 0) return false
      if (decimals === 8 && digit === separator && integer < 35_184_372_088_832) {
        this.at = end + 1
        const fraction = eight(this.view.getInt32(first, true), this.view.getInt32(first + 4, true))
        column[i] = integer < 90_071_992 ? (integer * 1e8 + fraction) / 1e8 : integer + fraction / 1e8
        return true
      }
    }
    if (digit !== separator) return false
    this.at = end + 1
    column[i] = whole <= Number.MAX_SAFE_INTEGER && decimals < powers.length
      ? whole / powers[decimals]!
      // More digits than a double holds.
      : decimal(String.fromCharCode(...bytes.subarray(at, Math.min(end, at + maxLine))))
    return !Number.isNaN(column[i])
  }

  private count(column: Float64Array, i: number): boolean {
    const { at, bytes } = this
    let end = at
    let count = 0
    let digit = bytes[end]! - zero
    while (digit >>> 0 < 10) {
      count = count * 10 + digit
      digit = bytes[++end]! - zero
    }
    column[i] = count
    this.at = end + 1
    return end > at && digit === separator && count <= Number.MAX_SAFE_INTEGER
  }
}

// Four ASCII characters are processed at a time in the four bytes of an integer, the first in the lowest byte.

const zeros = 0x3030_3030

/** Marks each byte that is no digit, by its highest bit. */
const nonDigits = (word: number): number =>
  // Adding 118 to seven bits sets the highest bit when they are above 9.
  (((word & 0x7f7f_7f7f) + 0x7676_7676) | word) & 0x8080_8080

/** The number in four digits: first each pair of digits, then both pairs. */
const four = (word: number): number => {
  const pairs = (Math.imul(word, 10) + (word >>> 8)) & 0x00ff_00ff
  return (pairs & 0xff) * 100 + (pairs >>> 16)
}

/** The number in eight ASCII digits, or -1 if one is not a digit. */
const eight = (first: number, second: number): number => {
  const high = first ^ zeros
  const low = second ^ zeros
  return (nonDigits(high) | nonDigits(low)) === 0 ? four(high) * 10_000 + four(low) : -1
}

// ---------------------------------------------------------------------------------------------------------------------
// faults
// ---------------------------------------------------------------------------------------------------------------------

/** The line that begins at an offset, without its newline. */
const lineAt = (bytes: Uint8Array, start: number): string => {
  const end = bytes.indexOf(newline, start)
  const line = bytes.subarray(start, Math.min(end < 0 ? bytes.length : end, start + maxLine))
  return new TextDecoder().decode(line)
}

/** Describes the fault of a malformed line. */
const faultIn = (text: string, line: number, unit: Unit): Fault => {
  const values = text.split(",")
  const at = names.findIndex((name, i) => !isValid(name, values[i] ?? ""))
  const message = values.length !== width
    ? `Line ${line} has ${values.length} values, not ${width}`
    : at >= 0
    ? `Line ${line} has no valid ${names[at]}: ${bounded(values[at]!, 64)}${hint(values[at]!)}`
    : `Line ${line} has times in another unit than those before it, which are in ${
      unit === 1 ? "milliseconds" : "microseconds"
    }`
  return { message, line, excerpt: bounded(text, maxExcerpt) }
}

const signed = /^-?\d+(?:\.\d+)?$/

/** The open time of a line whose values are all numbers, some of them negative. */
const openOfImpossible = (line: string): number | undefined => {
  const values = line.split(",")
  if (values.length !== width || !values.slice(0, width - 1).every((value) => signed.test(value))) return undefined
  if (!isValid("openTime", values[0]!) || !isValid("closeTime", values[6]!)) return undefined
  if (!values.some((value) => value.startsWith("-"))) return undefined
  return values[0]!.length === 16 ? Number(values[0]) / 1000 : Number(values[0])
}

const isValid = (name: (typeof names)[number], value: string): boolean => {
  switch (name) {
    case "openTime":
    case "closeTime": {
      const millis = value.length === 16 ? Number(value) / 1000 : Number(value)
      return /^(?:\d{13}|\d{16})$/.test(value) && millis >= earliest && millis < latest
    }
    case "trades":
      return /^\d+$/.test(value) && Number(value) <= Number.MAX_SAFE_INTEGER
    default:
      return !Number.isNaN(decimal(value))
  }
}

const hint = (value: string): string =>
  /^\d+(?:\.\d+)?E[+-]?\d+$/i.test(value) ? "; it was rounded, as by a spreadsheet, and cannot be restored" : ""
