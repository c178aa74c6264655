/** Candles for tests of the cache and of formats. */
import { Interval, type KlineRequest, Klines } from "effect-errata/binance"

export const day = 86_400_000
export const start = Date.UTC(2024, 0, 1)
export const series = { market: "SPOT", symbol: "BTCUSDT" } as const

/** Valid candles of a grid, all different. */
export const candles = (
  interval: Interval.Interval,
  from: number,
  to: number,
  source: Klines.Source = "rest",
  leaveOut: (open: number) => boolean = () => false
): Klines.Klines => {
  const opens = Interval.opens(interval, from, to).filter((open) => !leaveOut(open))
  const column = (value: (open: number, i: number) => number) => Float64Array.from(opens, value)
  return Klines.make({
    interval,
    source,
    start: from,
    end: to,
    reasons: [{ start: from, end: to, reason: "source_gap" }],
    columns: {
      length: opens.length,
      openTime: column((open) => open),
      open: column((_, i) => 100.1 + i),
      high: column((_, i) => 101.3 + i),
      low: column((_, i) => 99.7 + i),
      close: column((_, i) => 100.9 + i),
      volume: column((_, i) => i / 3),
      closeTime: column((open) => Interval.next(interval, open) - 1),
      quoteVolume: column((_, i) => i * 1e9 + 0.1),
      trades: column((_, i) => i),
      takerBuyBase: column((_, i) => i / 7),
      takerBuyQuote: column(() => 5e-324)
    }
  })
}

export const request = (interval: Interval.Interval, from: number, to: number): KlineRequest.Input => ({
  ...series,
  interval,
  start: from,
  end: to
})
