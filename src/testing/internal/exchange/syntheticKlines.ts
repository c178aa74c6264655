/**
 * Candles out of a seed. All intervals of an instrument follow one price path, so that opens and closes agree between
 * them; highs, lows and volumes are drawn for each interval on its own and do not add up.
 */
import * as Interval from "../../../binance/Interval.js"
import type { Market } from "../../../binance/Market.js"
import { key, uniform, walk } from "../wire/seeded.js"
import type { Row, Selection } from "./series.js"

/** Something traded, with instants in milliseconds. */
export interface Instrument {
  readonly market: Market
  readonly symbol: string
  readonly listed: number
  readonly delisted: number
  /** Times without trading, [start, end): a candle that lies in them altogether does not exist. */
  readonly outages: ReadonlyArray<{ readonly start: number; readonly end: number }>
  /** What the price path swings about. */
  readonly price: number
}

export const syntheticRows = (
  seed: number,
  instrument: Instrument,
  interval: Interval.Interval,
  now: number,
  { from, limit, take, to }: Selection
): ReadonlyArray<Row> => {
  const candle = candles(seed, instrument, interval, now)
  const first = Interval.index(interval, Math.max(from - 1, Interval.floor(interval, instrument.listed) - 1)) + 1
  const last = Interval.index(interval, Math.min(to, now, instrument.delisted))
  const rows: Array<Row> = []
  const step = take === "first" ? 1 : -1
  for (let i = take === "first" ? first : last; i >= first && i <= last && rows.length < limit; i += step) {
    const row = candle(i)
    if (row !== undefined) rows.push(row)
  }
  return take === "first" ? rows : rows.reverse()
}

/** The candle of an index of the grid; none where nothing was traded. */
const candles = (seed: number, instrument: Instrument, interval: Interval.Interval, now: number) => {
  const path = key(seed, instrument.market, instrument.symbol)
  const draws = key(path, interval)
  const write = formats[instrument.market](instrument)
  const price = (instant: number) => instrument.price * Math.exp(walk(path, instant))

  return (index: number): Row | undefined => {
    const opens = Interval.at(interval, index)
    const ends = Interval.at(interval, index + 1)
    const start = Math.max(opens, instrument.listed)
    const end = Math.min(ends, instrument.delisted)
    if (!trades(instrument, start, end)) return undefined
    const draw = (column: number) => uniform(draws, index, column)
    // A candle that is forming ends now.
    const until = Math.min(end, Math.max(start, now))
    const open = price(start)
    const close = price(until)
    const seconds = (until - start) / 1000
    const wick = 2e-4 * Math.sqrt(seconds)
    const high = Math.max(open, close) * (1 + wick * draw(0))
    const low = Math.min(open, close) * (1 - wick * draw(1))
    const turnover = 20_000 * seconds * (0.2 + draw(2))
    const [volume, quote, takerBase, takerQuote] = write.volumes(turnover, (open + close) / 2, 0.3 + 0.4 * draw(3))
    return [
      opens,
      write.price(open),
      write.price(high),
      write.price(low),
      write.price(close),
      volume,
      ends - 1,
      quote,
      Math.floor(turnover / (500 + 500 * draw(4))),
      takerBase,
      takerQuote,
      "0"
    ]
  }
}

/** Is there any trading in [start, end)? */
const trades = ({ outages }: Instrument, start: number, end: number): boolean => {
  let open = start
  for (const outage of outages) if (outage.start <= open && open < outage.end) open = outage.end
  return open < end
}

interface Format {
  readonly price: (price: number) => string
  /** volume, quote volume, and the takers' part of both */
  readonly volumes: (turnover: number, price: number, takers: number) => readonly [string, string, string, string]
}

const decimals = (price: number, most: number): number => price >= 100 ? most : price >= 1 ? most + 2 : most + 4

// As recorded: eight decimals on spot; fewer on futures; and COIN-M counts contracts, with the coins in place of a
// quote volume.
const formats: Readonly<Record<Market, (instrument: Instrument) => Format>> = {
  SPOT: (instrument) => {
    const digits = Math.min(decimals(instrument.price, 2), 8)
    const amount = (value: number) => `${value.toFixed(5)}000`
    return {
      price: (price) => price.toFixed(digits) + "0".repeat(8 - digits),
      volumes: (turnover, price, takers) => [
        amount(turnover / price),
        turnover.toFixed(8),
        amount(takers * turnover / price),
        (takers * turnover).toFixed(8)
      ]
    }
  },
  FUTURES_USDT: (instrument) => ({
    price: (price) => price.toFixed(decimals(instrument.price, 2)),
    volumes: (turnover, price, takers) => [
      (turnover / price).toFixed(3),
      turnover.toFixed(5),
      (takers * turnover / price).toFixed(3),
      (takers * turnover).toFixed(5)
    ]
  }),
  FUTURES_COIN: (instrument) => {
    const dollars = instrument.symbol.startsWith("BTC") ? 100 : 10
    const contracts = (turnover: number) => Math.floor(turnover / dollars)
    const coins = (turnover: number, price: number) => (contracts(turnover) * dollars / price).toFixed(8)
    return {
      price: (price) => price.toFixed(decimals(instrument.price, 1)),
      volumes: (turnover, price, takers) => [
        String(contracts(turnover)),
        coins(turnover, price),
        String(contracts(takers * turnover)),
        coins(takers * turnover, price)
      ]
    }
  }
}
