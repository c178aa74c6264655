/** Candles as CSV, in the columns of Binance's archive. */
import { type Columns, names } from "./columns.js"
import { maxLength, putNumber } from "./numberText.js"

const header = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume," +
  "taker_buy_quote_volume,ignore\n"

const comma = 44
const zero = 48
const newline = 10

const maxRow = names.length * (maxLength + 1) + 2
// The initial size of a row in bytes. Most rows are shorter; the buffer grows for longer ones.
const usualRow = 144

/** The bytes of the CSV, which are ASCII. */
export const encode = (columns: Columns, hasHeader: boolean): Uint8Array<ArrayBuffer> => {
  const {
    close,
    closeTime,
    high,
    length,
    low,
    open,
    openTime,
    quoteVolume,
    takerBuyBase,
    takerBuyQuote,
    trades,
    volume
  } = columns
  let bytes = new Uint8Array(header.length + maxRow + usualRow * length)
  let at = hasHeader ? new TextEncoder().encodeInto(header, bytes).written : 0
  for (let i = 0; i < length; i++) {
    if (at + maxRow > bytes.length) {
      const longer = new Uint8Array(2 * bytes.length)
      longer.set(bytes)
      bytes = longer
    }
    at = putNumber(bytes, at, openTime[i]!)
    bytes[at++] = comma
    at = putNumber(bytes, at, open[i]!)
    bytes[at++] = comma
    at = putNumber(bytes, at, high[i]!)
    bytes[at++] = comma
    at = putNumber(bytes, at, low[i]!)
    bytes[at++] = comma
    at = putNumber(bytes, at, close[i]!)
    bytes[at++] = comma
    at = putNumber(bytes, at, volume[i]!)
    bytes[at++] = comma
    at = putNumber(bytes, at, closeTime[i]!)
    bytes[at++] = comma
    at = putNumber(bytes, at, quoteVolume[i]!)
    bytes[at++] = comma
    at = putNumber(bytes, at, trades[i]!)
    bytes[at++] = comma
    at = putNumber(bytes, at, takerBuyBase[i]!)
    bytes[at++] = comma
    at = putNumber(bytes, at, takerBuyQuote[i]!)
    bytes[at++] = comma
    bytes[at++] = zero
    bytes[at++] = newline
  }
  return bytes.subarray(0, at)
}
