/** Rows of klines as the exchange sends them, and where they come from. */
import type * as Interval from "../../../binance/Interval.js"
import type { Market } from "../../../binance/Market.js"

/** One candle: what `JSON.parse` makes of a row of an answer. */
export type Row = readonly [
  openTime: number,
  open: string,
  high: string,
  low: string,
  close: string,
  volume: string,
  closeTime: number,
  quoteVolume: string,
  trades: number,
  takerBuyBase: string,
  takerBuyQuote: string,
  ignore: string
]

export interface Series {
  readonly market: Market
  readonly symbol: string
  readonly interval: Interval.Interval
  readonly rows: ReadonlyArray<Row>
}

/** Which rows: those that open in `[from, to]`, and of these the first or the last `limit`. Always ascending. */
export interface Selection {
  readonly from: number
  readonly to: number
  readonly limit: number
  readonly take: "first" | "last"
}

export const takeRows = (rows: ReadonlyArray<Row>, { from, limit, take, to }: Selection): ReadonlyArray<Row> => {
  const first = lowerBound(rows, from)
  const end = lowerBound(rows, to + 1)
  return take === "first"
    ? rows.slice(first, Math.min(end, first + limit))
    : rows.slice(Math.max(first, end - limit), end)
}

/** Several lists of rows as one: ascending, one row for every open time; of two rows that of the later list. */
export const mergeRows = (lists: ReadonlyArray<ReadonlyArray<Row>>): ReadonlyArray<Row> =>
  [...new Map(lists.flatMap((rows) => rows.map((row) => [row[0], row] as const))).values()]
    .sort((a, b) => a[0] - b[0])

/** The index of the first row that opens at or after an instant. */
const lowerBound = (rows: ReadonlyArray<Row>, instant: number): number => {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (rows[middle]![0] < instant) low = middle + 1
    else high = middle
  }
  return low
}
