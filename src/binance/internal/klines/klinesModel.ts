/** Klines as objects: their columns, the missing candles, and their JSON form. */
import type * as Interval from "../../Interval.js"
import { type Columns, names } from "./columns.js"
import type { Reason, Source } from "./origins.js"

export interface Missing {
  readonly start: number
  readonly end: number
  readonly reason: typeof Reason.Type
}

export interface Model extends Columns {
  readonly interval: Interval.Interval
  /** The source of each row. */
  readonly source: ReadonlyArray<typeof Source.Type>
  readonly missing: ReadonlyArray<Missing>
}

// The class name appears in printed output. Methods are inherited: a copy, or a transfer to a worker, is plain data.
const Implementation = class Klines implements Model {
  readonly length: number
  readonly interval: Interval.Interval
  readonly openTime: Float64Array
  readonly open: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  readonly volume: Float64Array
  readonly closeTime: Float64Array
  readonly quoteVolume: Float64Array
  readonly trades: Float64Array
  readonly takerBuyBase: Float64Array
  readonly takerBuyQuote: Float64Array
  readonly source: Model["source"]
  readonly missing: Model["missing"]

  constructor(
    columns: Columns,
    interval: Interval.Interval,
    source: Model["source"],
    missing: Model["missing"]
  ) {
    this.length = columns.length
    this.interval = interval
    this.openTime = columns.openTime
    this.open = columns.open
    this.high = columns.high
    this.low = columns.low
    this.close = columns.close
    this.volume = columns.volume
    this.closeTime = columns.closeTime
    this.quoteVolume = columns.quoteVolume
    this.trades = columns.trades
    this.takerBuyBase = columns.takerBuyBase
    this.takerBuyQuote = columns.takerBuyQuote
    this.source = source
    this.missing = missing
  }

  /** Arrays instead of typed arrays, for which `JSON.stringify` writes an object with a key for each row. */
  toJSON() {
    return {
      interval: this.interval,
      length: this.length,
      missing: this.missing,
      ...Object.fromEntries(names.map((name) => [name, Array.from(this[name])])),
      source: this.source
    }
  }
}

/** Klines with these columns, which must be valid. */
export const make = (
  columns: Columns,
  rest: {
    readonly interval: Interval.Interval
    readonly source: Model["source"]
    readonly missing: Model["missing"]
  }
): Model => new Implementation(columns, rest.interval, rest.source, rest.missing)

/** True if candles that may exist are missing because of a failure. */
export const isLossy = ({ missing }: Pick<Model, "missing">): boolean =>
  missing.some(({ reason }) => reason === "not_fetched" || reason === "invalid")
