/** The candles of a world, computed by brute force. Nothing here is shared with the library. */

export type Market = "SPOT" | "FUTURES_USDT" | "FUTURES_COIN"

export const intervals = {
  "1s": 1000,
  "1m": 60_000,
  "3m": 180_000,
  "5m": 300_000,
  "15m": 900_000,
  "30m": 1_800_000,
  "1h": 3_600_000,
  "2h": 7_200_000,
  "4h": 14_400_000,
  "6h": 21_600_000,
  "8h": 28_800_000,
  "12h": 43_200_000,
  "1d": 86_400_000,
  "3d": 259_200_000,
  "1w": 604_800_000,
  // Of months only the order of magnitude is used.
  "1M": 2_630_000_000
} as const

export type Interval = keyof typeof intervals

export interface Span {
  readonly start: number
  readonly end: number
}

export interface Candle extends Span {
  /** The twelve values as the exchange sends them. */
  readonly row: readonly [
    number,
    string,
    string,
    string,
    string,
    string,
    number,
    string,
    number,
    string,
    string,
    string
  ]
}

const day = 86_400_000

/** All candles of the grid that open in a span, one after the other. */
export const grid = (interval: Interval, { end, start }: Span): ReadonlyArray<Span> => {
  const spans: Array<Span> = []
  if (interval === "1M") {
    const first = new Date(start)
    for (let month = first.getUTCFullYear() * 12 + first.getUTCMonth();; month++) {
      const at = new Date(0)
      at.setUTCFullYear(Math.floor(month / 12), month % 12, 1)
      const next = new Date(0)
      next.setUTCFullYear(Math.floor((month + 1) / 12), (month + 1) % 12, 1)
      if (at.getTime() >= end) return spans
      if (at.getTime() >= start) spans.push({ start: at.getTime(), end: next.getTime() })
    }
  }
  const length = intervals[interval]
  const anchor = interval === "1w" ? 4 * day : interval === "3d" ? day : 0
  let open = anchor + Math.floor((start - anchor) / length) * length
  for (; open < end; open += length) if (open >= start) spans.push({ start: open, end: open + length })
  return spans
}

const hash = (text: string): number => {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0
  return (h ^ (h >>> 13)) >>> 0
}

export interface Traded {
  readonly market: Market
  readonly symbol: string
  readonly interval: Interval
  readonly listed: number
  readonly delisted: number | undefined
  readonly gaps: ReadonlyArray<Span>
}

const candle = ({ interval, market, symbol }: Traded, { end, start }: Span): Candle => {
  const h = hash(`${market} ${symbol} ${interval} ${start}`)
  const open = 100 + (h % 1000) / 10
  const close = 100 + ((h >>> 10) % 1000) / 10
  const volume = 1 + (h >>> 8) % 5000
  return {
    start,
    end,
    row: [
      start,
      open.toFixed(2),
      (Math.max(open, close) + 1).toFixed(2),
      (Math.min(open, close) - 1).toFixed(2),
      close.toFixed(2),
      String(volume),
      end - 1,
      (volume * 150).toFixed(3),
      10 + h % 90,
      (volume / 2).toFixed(3),
      (volume * 75).toFixed(3),
      "0"
    ]
  }
}

/** Every candle of a span that there is or will be. */
export const candlesIn = (traded: Traded, span: Span): ReadonlyArray<Candle> =>
  grid(traded.interval, span).filter(({ end, start }) => {
    if (end <= traded.listed) return false
    if (traded.delisted !== undefined && start >= traded.delisted) return false
    return !traded.gaps.some((gap) => gap.start <= start && end <= gap.end)
  }).map((span) => candle(traded, span))

/** Searched in pieces of this many candles: a year of seconds in one list takes longer than the fetch. */
const piece = 500

/** The first candle of a span. */
export const firstIn = (traded: Traded, { end, start }: Span): Candle | undefined => {
  const step = piece * intervals[traded.interval]
  for (let from = start; from < end; from += step) {
    const [first] = candlesIn(traded, { start: from, end: Math.min(end, from + step) })
    if (first !== undefined) return first
  }
  return undefined
}

/** The last candle of a span that has closed by its end. */
export const lastClosedIn = (traded: Traded, { end, start }: Span): Candle | undefined => {
  const step = piece * intervals[traded.interval]
  for (let to = end; to > start; to -= step) {
    const last = candlesIn(traded, { start: Math.max(start, to - step), end: to }).findLast((one) => one.end <= end)
    if (last !== undefined) return last
  }
  return undefined
}
