/** The columns of candles, and the operations that make them ascending, unique, on the grid and valid. */
import * as Interval from "../../Interval.js"

/** The fields of a candle, in the order of the exchange. Times are milliseconds since the epoch. */
export const names = [
  "openTime",
  "open",
  "high",
  "low",
  "close",
  "volume",
  "closeTime",
  "quoteVolume",
  "trades",
  "takerBuyBase",
  "takerBuyQuote"
] as const

export type Name = (typeof names)[number]

export interface Columns extends Readonly<Record<Name, Float64Array>> {
  readonly length: number
}

export const make = (length: number, column: (name: Name) => Float64Array): Columns => ({
  length,
  openTime: column("openTime"),
  open: column("open"),
  high: column("high"),
  low: column("low"),
  close: column("close"),
  volume: column("volume"),
  closeTime: column("closeTime"),
  quoteVolume: column("quoteVolume"),
  trades: column("trades"),
  takerBuyBase: column("takerBuyBase"),
  takerBuyQuote: column("takerBuyQuote")
})

export const allocate = (length: number): Columns => make(length, () => new Float64Array(length))

/** The first `length` rows as views. If there are fewer, a copy with capacity for `length` rows. */
export const resized = (columns: Columns, length: number): Columns =>
  make(length, (name) => {
    if (length <= columns.length) return columns[name].subarray(0, length)
    const longer = new Float64Array(length)
    longer.set(columns[name])
    return longer
  })

/** The rows with these indices, in this order. */
export const pick = (columns: Columns, rows: ArrayLike<number>): Columns =>
  make(rows.length, (name) => {
    const from = columns[name]
    const picked = new Float64Array(rows.length)
    for (let i = 0; i < rows.length; i++) picked[i] = from[rows[i]!]!
    return picked
  })

/** The rows of all parts, one part after the other. */
export const join = (parts: ReadonlyArray<Columns>): Columns => {
  if (parts.length === 1 && parts[0] !== undefined) return parts[0]
  const joined = allocate(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    for (const name of names) joined[name].set(part[name], at)
    at += part.length
  }
  return joined
}

/** The index of the first row that opens at or after an instant; the rows are ascending. */
export const lowerBound = (openTime: Float64Array, instant: number): number => {
  let low = 0
  let high = openTime.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (openTime[middle]! < instant) low = middle + 1
    else high = middle
  }
  return low
}

/** The rows that open in `[start, end)`, as views, or the same object if that is all of them; the rows are ascending. */
export const between = (columns: Columns, start: number, end: number): Columns => {
  const from = lowerBound(columns.openTime, start)
  const to = Math.max(from, lowerBound(columns.openTime, end))
  if (to - from === columns.length) return columns
  return make(to - from, (name) => columns[name].subarray(from, to))
}

/**
 * The order that merges two ascending columns, as indices into both of them joined. Of two rows that open at the same
 * time, only the second is kept.
 */
export const mergeOrder = (first: Float64Array, second: Float64Array): Uint32Array => {
  const order = new Uint32Array(first.length + second.length)
  let kept = 0
  let a = 0
  let b = 0
  while (a < first.length || b < second.length) {
    const left = a < first.length ? first[a]! : Infinity
    const right = b < second.length ? second[b]! : Infinity
    if (left < right) order[kept++] = a
    else order[kept++] = first.length + b++
    if (left <= right) a++
  }
  return order.subarray(0, kept)
}

/** An instant on the grid of these rows. Only the grid of `3d` depends on the rows. */
export const anchorOf = (interval: Interval.Interval, openTime: Float64Array): number => {
  const first = openTime[0]
  return interval === "3d" && first !== undefined && Interval.floor("1d", first) === first
    ? first
    : Interval.anchorOf(interval)
}

/** The grid of gaps between these rows. The grid of `3d` is unknown without a row, but candles open at midnight. */
export const gridOf = (interval: Interval.Interval, openTime: Float64Array): Interval.Interval =>
  interval === "3d" && openTime.length === 0 ? "1d" : interval

/** The length of a candle in milliseconds. NaN for months, whose lengths differ. */
export const stepOf = (interval: Interval.Interval): number => interval === "1M" ? NaN : Interval.millis[interval]

/** The function from the open of a candle on the grid to its end. */
export const endOf = (interval: Interval.Interval, anchor: number): (open: number) => number => {
  if (interval === "1M") return (open) => Interval.next(interval, open, anchor)
  const length = Interval.millis[interval]
  return (open) => open + length
}

export interface Sound {
  readonly columns: Columns
  /** The opens of the candles during which the omitted rows open; ascending and unique. */
  readonly unsound: ReadonlyArray<number>
}

/**
 * Sorts rows, keeps the last of those that open at the same time, and omits invalid ones: those that open off the grid,
 * and those whose open or close is outside of low and high. Rows that are in order are not copied.
 */
export const sound = (columns: Columns, interval: Interval.Interval, anchor: number): Sound => {
  const { length, openTime } = columns
  if (soundRows(columns, interval, anchor) === length) return { columns, unsound: [] }

  const unsound = new Set<number>()
  const rows = new Uint32Array(length)
  let kept = 0
  for (let i = 0; i < length; i++) {
    if (isPriced(columns, i) && Interval.floor(interval, openTime[i]!, anchor) === openTime[i]!) rows[kept++] = i
    else unsound.add(Interval.floor(interval, openTime[i]!, anchor))
  }
  const order = rows.subarray(0, kept).sort((a, b) => openTime[a]! - openTime[b]! || a - b)
  const isLast = (row: number, i: number) => i + 1 === kept || openTime[row] !== openTime[order[i + 1]!]
  return { columns: pick(columns, order.filter(isLast)), unsound: [...unsound].sort((a, b) => a - b) }
}

/** The number of rows before the first one that is invalid or out of order. */
const soundRows = (columns: Columns, interval: Interval.Interval, anchor: number): number => {
  const { length, openTime } = columns
  const step = stepOf(interval)
  let row = 0
  let before = -Infinity
  while (row < length && isPriced(columns, row)) {
    const open = openTime[row]!
    // Most rows open at the end of the row before, which is cheaper to check than the grid.
    if (open !== before + step && !(open > before && Interval.floor(interval, open, anchor) === open)) break
    before = open
    row++
  }
  return row
}

/** True if the open and the close are within low and high. */
const isPriced = ({ close, high, low, open }: Columns, row: number): boolean => {
  const bottom = low[row]!
  const top = high[row]!
  return bottom <= open[row]! && open[row]! <= top && bottom <= close[row]! && close[row]! <= top
}
