/**
 * The candles of a world, computed by brute force and kept. Nothing here is shared with the library.
 *
 * A candle exists if its instrument was traded during it: between the listing and the delisting, and outside of gaps.
 */

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
  // The order of magnitude of a month.
  "1M": 2_630_000_000
} as const

export type Interval = keyof typeof intervals

export interface Span {
  readonly start: number
  readonly end: number
}

export interface Traded {
  readonly market: Market
  readonly symbol: string
  readonly interval: Interval
  readonly listed: number
  readonly delisted: number | undefined
  readonly gaps: ReadonlyArray<Span>
  /** The instant, of a day, on the grid of `3d`. */
  readonly anchor: number
}

/** The twelve values of a row as the exchange sends them. */
type Row = readonly [
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

export interface Truth {
  readonly interval: Interval
  /** The open of the candle that contains an instant. */
  readonly floor: (instant: number) => number
  /** The end of the candle that contains an instant. */
  readonly next: (instant: number) => number
  readonly exists: (open: number) => boolean
  /** The opens of the candles, existing ones or not, in `[start, end)`. */
  readonly grid: (span: Span) => ReadonlyArray<number>
  /** The first `limit` opens of existing candles in `[start, end)`. */
  readonly first: (span: Span, limit?: number) => ReadonlyArray<number>
  /** The last `limit` opens of existing candles in `[start, end)`, ascending. */
  readonly last: (span: Span, limit: number) => ReadonlyArray<number>
  readonly row: (open: number) => Row
}

export const day = 86_400_000
export const hour = 3_600_000

export const monthStart = (instant: number, months = 0): number => {
  const date = new Date(instant)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months)
}

export const makeTruth = (traded: Traded): Truth => {
  const { anchor, interval, listed, market, symbol } = traded
  const { delisted = Infinity } = traded
  const length = intervals[interval]
  const from = interval === "1w" ? 4 * day : interval === "3d" ? anchor : 0
  const gaps = merged(traded.gaps)

  const floor = interval === "1M"
    ? (instant: number) => monthStart(instant)
    : (instant: number) => from + Math.floor((instant - from) / length) * length
  const next = interval === "1M"
    ? (instant: number) => monthStart(instant, 1)
    : (instant: number) => floor(instant) + length
  const before = (open: number): number => floor(open - 1)
  const ceil = (instant: number): number => floor(instant) === instant ? instant : next(instant)

  const gapAt = (open: number): Span | undefined => {
    const start = Math.max(open, listed)
    const end = Math.min(next(open), delisted)
    return gaps.find((gap) => gap.start <= start && end <= gap.end)
  }
  const exists = (open: number): boolean => next(open) > listed && open < delisted && gapAt(open) === undefined

  const first = (span: Span, limit = Infinity): ReadonlyArray<number> => {
    const opens: Array<number> = []
    const end = Math.min(span.end, delisted)
    for (let open = Math.max(ceil(span.start), floor(listed)); open < end && opens.length < limit;) {
      const gap = gapAt(open)
      if (gap === undefined) {
        if (next(open) > listed) opens.push(open)
        open = next(open)
      } else open = Math.max(next(open), floor(gap.end))
    }
    return opens
  }
  const last = (span: Span, limit: number): ReadonlyArray<number> => {
    const opens: Array<number> = []
    const start = Math.max(ceil(span.start), floor(listed))
    for (let open = floor(Math.min(span.end, delisted) - 1); open >= start && opens.length < limit;) {
      const gap = gapAt(open)
      if (gap === undefined) {
        if (next(open) > listed) opens.push(open)
        open = before(open)
      } else open = Math.min(before(open), floor(gap.start))
    }
    return opens.reverse()
  }
  const grid = (span: Span): ReadonlyArray<number> => {
    const opens: Array<number> = []
    for (let open = ceil(span.start); open < span.end; open = next(open)) opens.push(open)
    return opens
  }

  const key = hash(`${market} ${symbol} ${interval}`)
  const rows = new Map<number, Row>()
  const row = (open: number): Row => {
    const known = rows.get(open)
    if (known !== undefined) return known
    const made = rowOf(mixed(key, open / 1000), open, next(open))
    rows.set(open, made)
    return made
  }
  return { interval, floor, next, exists, grid, first, last, row }
}

const rowOf = (h: number, open: number, end: number): Row => {
  const price = 1000 + (h % 1000)
  const close = 1000 + ((h >>> 10) % 1000)
  const volume = 1 + ((h >>> 8) % 5000)
  return [
    open,
    decimal(price),
    decimal(Math.max(price, close) + 10),
    decimal(Math.min(price, close) - 10),
    decimal(close),
    String(volume),
    end - 1,
    `${volume * 150}.25`,
    10 + (h % 90),
    `${volume >> 1}.5`,
    `${volume * 75}.125`,
    "0"
  ]
}

/** Ascending gaps of which none overlaps another: a candle in two of them has not been traded either. */
const merged = (gaps: ReadonlyArray<Span>): ReadonlyArray<Span> =>
  [...gaps].sort((a, b) => a.start - b.start).reduce<ReadonlyArray<Span>>((all, gap) => {
    const last = all.at(-1)
    return last !== undefined && gap.start <= last.end
      ? [...all.slice(0, -1), { start: last.start, end: Math.max(last.end, gap.end) }]
      : [...all, gap]
  }, [])

const decimal = (tenths: number): string => `${Math.floor(tenths / 10)}.${tenths % 10}0`

const hash = (text: string): number => {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0
  return h
}

const mixed = (key: number, value: number): number => {
  let h = (key ^ (value % 4_294_967_296)) >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
