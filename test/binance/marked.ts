/** Days of minutes of two kinds, so that a reader can tell which of them it has, whole. */
import type { Klines } from "effect-errata/binance"
import { candles, day, start } from "./candles.js"

/** A day all of whose trades are this number. */
export const marked = (mark: number, at = start): Klines.Klines => {
  const klines = candles("1m", at, at + day)
  return { ...klines, trades: klines.trades.map(() => mark) }
}

/** Which number it is; none if a candle is missing or of another kind than the first. */
export const markOf = ({ length, missing, trades }: Klines.Klines): number | undefined =>
  length === 1440 && missing.length === 0 && trades.every((mark) => mark === trades[0]) ? trades[0] : undefined
