/** A world: what the exchange has, how it and the clock misbehave, and what is asked. Plain data, so it can be printed. */
import { Fault } from "effect-errata/testing"
import { makeRandom, type Random } from "./random.js"
import { type Interval, intervals, type Market, type Span, type Traded } from "./truth.js"

type Source = "cache" | "vision" | "rest"

export interface World extends Traded {
  readonly seed: number
  /** The time of the exchange when the world begins. */
  readonly now: number
  /** Milliseconds by which the clock of the client is ahead of the exchange's. */
  readonly clientOffset: number
  /** The most rows that the exchange puts into one answer. */
  readonly pageSize: number
  readonly dateHeader: boolean
  /** Whether the client knows where the archive lists its files. */
  readonly listing: boolean
  readonly sources: ReadonlyArray<Source>
  readonly faults: ReadonlyArray<WorldFault>
  /** Three: the first two while the faults last, the last one after they have ended. */
  readonly fetches: readonly [Span, Span, Span]
  /** The first fetch is for another symbol. */
  readonly decoy: boolean
  /** The manager of the third fetch is new. */
  readonly restart: boolean
  readonly concurrency: number
}

export type WorldFault =
  | { readonly source: "rest"; readonly nth: number; readonly kind: RestKind }
  | { readonly source: "vision"; readonly path: string; readonly kind: FileKind; readonly times: number }

const restKinds = {
  status500: Fault.status(500),
  status502: Fault.status(502),
  status503: Fault.status(503),
  status504: Fault.status(504),
  status403: Fault.status(403),
  reset: Fault.resetBeforeHeaders,
  close: Fault.closeBeforeHeaders,
  cut: Fault.truncatedBody,
  halfReset: Fault.resetMidBody,
  silence: Fault.silence,
  stalled: Fault.stalledBody,
  slow: Fault.latency("9 seconds"),
  empty: Fault.emptyList,
  shortFirst: Fault.shortRows("first"),
  shortFirstBit: Fault.shortRows("first", 0.97),
  shortLast: Fault.shortRows("last"),
  shortOuter: Fault.shortRows("outer", 0.8),
  latest: Fault.otherRange("latest"),
  earlier: Fault.otherRange("30 days"),
  earlierBit: Fault.otherRange("3 hours"),
  html: Fault.body("<html><body>Under maintenance</body></html>", { contentType: "text/html" }),
  cutJson: Fault.body("[[1717200000000,\"1.0\","),
  null: Fault.body("null"),
  nothing: Fault.body(""),
  status202: Fault.body("", { status: 202, contentType: "" }),
  busy200: Fault.body(`{"code":-1003,"msg":"Too many requests."}`),
  symbol200: Fault.body(`{"code":-1121,"msg":"Invalid symbol."}`),
  object: Fault.body(`{"rows":[]}`),
  status429: Fault.rateLimited("10 seconds"),
  shortRow: Fault.malformedRows("short"),
  notNumber: Fault.malformedRows("notNumber"),
  nullPrice: Fault.malformedRows("null"),
  duplicate: Fault.malformedRows("duplicate"),
  unordered: Fault.malformedRows("unordered")
} as const

const fileKinds = {
  status404: Fault.status(404),
  status403: Fault.status(403),
  status500: Fault.status(500),
  reset: Fault.resetBeforeHeaders,
  cut: Fault.truncatedBody,
  flipped: Fault.corruptFile("flipped"),
  truncated: Fault.corruptFile("truncated"),
  empty: Fault.corruptFile("empty"),
  html: Fault.corruptFile("html"),
  staleChecksum: Fault.corruptFile("staleChecksum"),
  otherChecksum: Fault.corruptFile("otherChecksum"),
  noChecksum: Fault.corruptFile("noChecksum"),
  noRows: Fault.emptyList,
  shortFirst: Fault.shortRows("first"),
  shortLast: Fault.shortRows("last"),
  shortOuter: Fault.shortRows("outer", 0.8),
  shortRow: Fault.malformedRows("short"),
  notNumber: Fault.malformedRows("notNumber"),
  unordered: Fault.malformedRows("unordered")
} as const

type RestKind = keyof typeof restKinds
type FileKind = keyof typeof fileKinds

/** Kinds after which a client may give up for good. */
export const lasting: ReadonlySet<string> = new Set<string>(["status403", "symbol200", "html", "busy200"])

export const faultOf = (fault: WorldFault): Fault.Fault =>
  fault.source === "rest"
    ? Fault.on({ source: "rest", nth: fault.nth }, restKinds[fault.kind])
    : Fault.on(
      {
        source: "vision",
        path: fault.kind.endsWith("Checksum") ? `${fault.path}.CHECKSUM` : fault.path,
        times: fault.times
      },
      fileKinds[fault.kind]
    )

const day = 86_400_000
const hour = 3_600_000

const keysOf = <K extends string | number>(record: Readonly<Record<K, unknown>>): ReadonlyArray<K> =>
  // The keys of a literal are its keys.
  Object.keys(record) as ReadonlyArray<string> as ReadonlyArray<K>

export const symbolOf = (market: Market, decoy: boolean): string =>
  market === "FUTURES_COIN" ? decoy ? "ETHUSD_PERP" : "BTCUSD_PERP" : decoy ? "ETHUSDT" : "BTCUSDT"

/** The names of the files of the archive that touch a span. */
const filesOf = (symbol: string, interval: Interval, span: Span): ReadonlyArray<string> => {
  const spelled = interval === "1M" ? "1mo" : interval
  const names = new Set<string>()
  const steps = Math.min(400, Math.ceil((span.end - span.start) / day) + 1)
  for (let i = 0; i <= steps; i++) {
    const date = new Date(Math.min(span.start + i * day, span.end)).toISOString()
    names.add(`${symbol}-${spelled}-${date.slice(0, 7)}.zip`)
    names.add(`${symbol}-${spelled}-${date.slice(0, 10)}.zip`)
  }
  return [...names]
}

const lengths = (random: Random): number => {
  const kind = random.unit()
  if (kind < 0.08) return 1
  if (kind < 0.5) return random.integer(2, 60)
  if (kind < 0.8) return random.integer(60, 700)
  return random.integer(700, 2600)
}

const snapped = (random: Random, instant: number): number => {
  const kind = random.unit()
  if (kind < 0.25) return Math.floor(instant / day) * day
  if (kind < 0.4) {
    const date = new Date(instant)
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
  }
  return kind < 0.9 ? Math.floor(instant / hour) * hour : instant
}

export const makeWorld = (seed: number): World => {
  const random = makeRandom(seed)
  const market = random.pick<Market>(["SPOT", "SPOT", "FUTURES_USDT", "FUTURES_COIN"])
  const interval = random.pick(keysOf(intervals).filter((name) => market === "SPOT" || name !== "1s"))
  const symbol = symbolOf(market, false)
  const length = intervals[interval]
  const most = interval === "1M" ? 40 : interval === "1w" ? 180 : interval === "3d" ? 400 : 2600
  const candles = Math.min(most, lengths(random))

  // 2021 to 2025, now and then at the edge of a month.
  const now = random.chance(0.2)
    ? Date.UTC(random.integer(2021, 2025), random.integer(0, 11)) + random.integer(0, 6 * hour)
    : Date.UTC(random.integer(2021, 2025), random.integer(0, 11), random.integer(1, 28)) + random.integer(0, day - 1)

  const span = candles * length
  const place = random.unit()
  const rough = place < 0.35
    ? now - random.integer(0, Math.ceil(length * 1.5)) // to now, or a little before
    : place < 0.5
    ? now + random.integer(0, Math.ceil(span / 2)) // into the future
    : place < 0.8
    ? now - random.integer(0, 40 * day)
    : now - random.integer(0, 300 * day)
  let end = snapped(random, rough)
  let start = end - span
  if (random.chance(0.3)) start = snapped(random, start)
  if (random.chance(0.04)) end = start + random.integer(1, Math.max(1, Math.floor(length / 2)))
  if (start >= end) start = end - length

  const long = end - start
  const history = Math.min(600 * length, 900 * day)
  const listedKind = random.unit()
  const listed = listedKind < 0.55
    ? start - random.integer(length, Math.max(length, history))
    : listedKind < 0.9
    ? start + random.integer(0, long)
    : listedKind < 0.95
    ? end + random.integer(0, 3 * length)
    : snapped(random, start + random.integer(0, long))
  const delisted = random.chance(0.2) ? listed + random.integer(length, Math.max(length, end - listed)) : undefined

  const gaps = Array.from({ length: random.chance(0.5) ? 0 : random.integer(1, 4) }, (): Span => {
    const at = start + Math.floor(random.unit() * long)
    const count = random.chance(0.8) ? random.integer(1, 5) : random.integer(1, Math.max(1, Math.floor(candles / 3)))
    return { start: at, end: at + count * length }
  })

  const clientOffset = random.chance(0.4)
    ? 0
    : random.chance(0.5)
    ? random.integer(-90_000, 90_000)
    : random.integer(-2 * day, 2 * day)
  const floor = Math.ceil(candles / 25)
  const pageSize = random.chance(0.5) ? 1000 : Math.max(floor, random.pick([1, 2, 7, 50, 100, 499, 500, 999]))
  const sources = random.pick<ReadonlyArray<Source>>([
    ["cache", "vision", "rest"],
    ["cache", "vision", "rest"],
    ["cache", "vision", "rest"],
    ["cache", "rest"],
    ["cache", "rest"],
    ["rest"],
    ["rest", "vision"],
    ["vision"],
    ["cache", "vision"],
    ["rest", "cache"],
    ["cache"]
  ])

  const density = random.pick([0, 0, 0.03, 0.1, 0.25])
  const kinds = random.chance(0.5)
    ? keysOf(restKinds)
    : Array.from({ length: 3 }, () => random.pick(keysOf(restKinds)))
  const ofRest = Array.from(
    { length: 160 },
    (_, i): WorldFault | undefined =>
      random.chance(density) ? { source: "rest", nth: i + 1, kind: random.pick(kinds) } : undefined
  )
  const ofFiles = filesOf(symbol, interval, { start, end }).map((path): WorldFault | undefined =>
    random.chance(density * 1.5)
      ? { source: "vision", path, kind: random.pick(keysOf(fileKinds)), times: random.pick([1, 2, 3, 1000]) }
      : undefined
  )
  const part = (): Span => {
    if (random.chance(0.5)) return { start, end }
    const a = start + Math.floor(random.unit() * long)
    const b = start + Math.floor(random.unit() * long)
    return a === b ? { start, end } : { start: Math.min(a, b), end: Math.max(a, b) }
  }
  return {
    seed,
    market,
    symbol,
    interval,
    listed,
    delisted,
    gaps,
    now,
    clientOffset,
    pageSize,
    dateHeader: random.chance(0.93),
    listing: random.chance(0.6),
    sources,
    faults: [...ofRest, ...ofFiles].filter((fault) => fault !== undefined),
    fetches: [part(), part(), { start, end }],
    decoy: random.chance(0.15),
    restart: random.chance(0.5),
    concurrency: random.pick([1, 2, 4])
  }
}

/** Where the exchange has candles: what is asked for and some around it, and the latest. */
export const history = ({ fetches: [, , { end, start }], interval, listed, now }: World): ReadonlyArray<Span> => {
  const length = intervals[interval]
  const until = now + 4 * hour + 2 * length
  const around = { start: Math.max(listed - length, start - 700 * length), end: Math.min(until, end + 700 * length) }
  const latest = { start: Math.max(around.end, Math.min(now, until) - 700 * length), end: until }
  return [around, latest].filter((span) => span.start < span.end)
}

/** The number of pages that the closed candles of a span take. */
export const pagesOf = (world: World, span: Span, closed: ReadonlyArray<Span>): number => {
  if (world.market !== "FUTURES_COIN") return Math.ceil(closed.length / Math.min(1000, world.pageSize))
  // No question may span more than 200 days.
  let pages = 0
  for (let at = span.start; at < span.end; at += 200 * day) {
    const inside = closed.filter(({ start }) => at <= start && start < at + 200 * day)
    pages += Math.ceil(inside.length / Math.min(1000, world.pageSize))
  }
  return pages
}
