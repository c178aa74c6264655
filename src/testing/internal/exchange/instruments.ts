/** What an exchange lists, and the rows it has of it. */
import type { Interval } from "../../../binance/Interval.js"
import type { Market } from "../../../binance/Market.js"
import { mergeRows, type Row, type Selection, type Series, takeRows } from "./series.js"
import { type Instrument, syntheticRows } from "./syntheticKlines.js"

export interface Listing {
  readonly symbols: Readonly<Record<Market, ReadonlySet<string>>>
  readonly instrument: (market: Market, symbol: string) => Instrument | undefined
  /** Of what opens until `now`; a symbol that is listed but was not recorded at this interval has none. */
  readonly rows: (
    market: Market,
    symbol: string,
    interval: Interval,
    now: number,
    selection: Selection
  ) => ReadonlyArray<Row>
}

/** Recorded rows, and rows out of the seed for instruments that were not recorded at the interval asked for. */
export const makeListing = (
  seed: number,
  instruments: ReadonlyArray<Instrument>,
  series: ReadonlyArray<Series>
): Listing => {
  const listed = new Map(instruments.map((instrument) => [`${instrument.market} ${instrument.symbol}`, instrument]))
  const recorded = new Map<string, ReadonlyArray<Row>>()
  for (const { interval, market, rows, symbol } of series) {
    const key = `${market} ${symbol} ${interval}`
    recorded.set(key, mergeRows([recorded.get(key) ?? [], rows]))
  }
  const symbols = (market: Market) =>
    new Set([...instruments, ...series].filter((one) => one.market === market).map(({ symbol }) => symbol))
  return {
    symbols: { SPOT: symbols("SPOT"), FUTURES_USDT: symbols("FUTURES_USDT"), FUTURES_COIN: symbols("FUTURES_COIN") },
    instrument: (market, symbol) => listed.get(`${market} ${symbol}`),
    rows: (market, symbol, interval, now, selection) => {
      const rows = recorded.get(`${market} ${symbol} ${interval}`)
      if (rows !== undefined) return takeRows(rows, { ...selection, to: Math.min(selection.to, now) })
      const instrument = listed.get(`${market} ${symbol}`)
      return instrument === undefined ? [] : syntheticRows(seed, instrument, interval, now, selection)
    }
  }
}
