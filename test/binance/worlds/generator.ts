/** Random worlds. A seed determines a world. */
import { spelled } from "./archive.js"
import { type ArchiveFault, type FileKind, fileKinds, type RestFault, type RestKind, restKinds } from "./faults.js"
import type { DiskFault } from "./memoryFiles.js"
import { makeRandom, type Random } from "./random.js"
import {
  day,
  hour,
  type Interval,
  intervals,
  makeTruth,
  type Market,
  monthStart,
  type Span,
  type Traded
} from "./truth.js"
import type { Ask, Source, Step, World } from "./world.js"

const symbols: Readonly<Record<Market, readonly [string, string]>> = {
  SPOT: ["BTCUSDT", "ETHUSDT"],
  FUTURES_USDT: ["BTCUSDT", "ETHUSDT"],
  FUTURES_COIN: ["BTCUSD_PERP", "ETHUSD_PERP"]
}

// The keys of a literal are its keys.
const allIntervals = Object.keys(intervals) as ReadonlyArray<string> as ReadonlyArray<Interval>

const countOf = (random: Random): number => {
  const kind = random.unit()
  if (kind < 0.08) return 1
  if (kind < 0.6) return random.integer(2, 60)
  if (kind < 0.87) return random.integer(60, 500)
  return random.integer(500, kind < 0.985 ? 2600 : 12_000)
}

/** The instant, or a round one before it. */
const snapped = (random: Random, instant: number): number => {
  const kind = random.unit()
  if (kind < 0.25) return Math.floor(instant / day) * day
  if (kind < 0.4) return monthStart(instant)
  return kind < 0.9 ? Math.floor(instant / hour) * hour : instant
}

export const makeWorld = (seed: number): World => {
  const random = makeRandom(seed)
  const market = random.pick<Market>(["SPOT", "SPOT", "FUTURES_USDT", "FUTURES_COIN"])
  const interval = random.pick(allIntervals.filter((name) => market === "SPOT" || name !== "1s"))
  const length = intervals[interval]
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
  // Requests are what a world costs, and most faults need only a few: few worlds have many files or pages.
  const isLarge = random.chance(0.05)
  const mostDays = isLarge ? 120 : random.chance(0.75) ? 5 : 20
  const mostOfFiles = length <= day
    ? Math.max(2, Math.floor(mostDays * day / length))
    : Math.max(2, Math.floor(mostDays * 20 * day / length))
  const most = Math.min(
    interval === "1M" ? 40 : interval === "1w" ? 180 : interval === "3d" ? 400 : 12_000,
    sources.some((source) => source !== "rest") ? mostOfFiles : Infinity
  )
  const candles = Math.min(most, countOf(random))

  const rough = random.chance(0.2)
    ? Date.UTC(random.integer(2021, 2025), random.integer(0, 11)) + random.integer(0, 6 * hour)
    : Date.UTC(random.integer(2021, 2025), random.integer(0, 11), random.integer(1, 28)) + random.integer(0, day - 1)
  // The moment in which a candle closes.
  const border = random.pick([minute, hour, day])
  const now = random.chance(0.15)
    ? Math.floor(rough / border) * border + random.pick([-2, -1, 0, 1, 500, 1500])
    : rough

  const range = rangeOf(random, now, candles, length)
  const { end, start } = range
  const subject: Traded = {
    market,
    symbol: symbols[market][0],
    interval,
    ...lifeOf(random, range, length),
    gaps: [],
    anchor: interval === "3d" && random.chance(0.3) ? random.integer(0, 2) * day : day
  }
  const gaps = [...gapsOf(random, subject, range, candles), ...interval === "1s" ? [around(range)] : []]
  const other: Traded = {
    ...subject,
    symbol: symbols[market][1],
    gaps: random.chance(0.5) ? gaps : [],
    // The archive shows a listing only where it has earlier files of another instrument.
    ...random.chance(0.5) ? { listed: Math.max(opened, subject.listed - random.integer(0, 60 * day)) } : {}
  }
  const pair: World["series"] = [{ ...subject, gaps }, ...random.chance(0.25) ? [other] : []]
  const isSwapped = pair.length > 1 && random.chance(0.5)
  const series: World["series"] = isSwapped
    ? [{ ...pair[0], symbol: symbols[market][1] }, { ...other, symbol: symbols[market][0] }]
    : pair

  const floor = Math.ceil(candles / (isLarge ? 40 : 8))
  const pageSize = random.chance(0.5)
    ? random.pick([1000, 1500])
    : Math.max(floor, random.pick([1, 2, 3, 5, 7, 50, 100, 499, 500, 999]))

  const density = random.pick([0, 0, 0, 0.03, 0.1, 0.25, 0.4, 0.8])
  // An exchange that often gives the same wrong answer refutes itself too rarely.
  const kinds = density > 0.5 || random.chance(0.5)
    ? restKinds
    : Array.from({ length: 3 }, () => random.pick(restKinds))
  const restFaults = Array.from(
    { length: 160 },
    (_, i): RestFault | undefined => random.chance(density) ? { nth: i + 1, kind: random.pick(kinds) } : undefined
  )
  const archiveFaults = series.flatMap(({ symbol }) =>
    fileNames(symbol, interval, range).map((name): ArchiveFault | undefined =>
      random.chance(Math.min(0.5, density * 1.5))
        ? { name, kind: random.pick<FileKind>(fileKinds), times: random.pick([1, 2, 3, 1000]) }
        : undefined
    )
  )
  const listing = random.chance(0.6)
  const isLossy = random.chance(0.15)
  const lost = fileNames(series[0].symbol, interval, range).filter(() => isLossy && random.chance(0.3))
  return {
    seed,
    series,
    now,
    clientOffset: random.chance(0.4)
      ? 0
      : random.chance(0.5)
      ? random.integer(-90_000, 90_000)
      : random.integer(-2 * day, 2 * day),
    pageSize,
    lag: random.chance(0.93) ? 0 : random.integer(500, 90_000),
    dateHeader: random.chance(0.93),
    listing,
    sources,
    concurrency: random.pick([1, 2, 4, 4, 16]),
    archive: {
      delay: random.chance(0.8) ? 4 * hour : random.integer(0, 4 * day),
      monthDelay: random.chance(0.8) ? 4 * hour : random.integer(0, 12 * day),
      begins: random.chance(0.85)
        ? 0
        : Math.floor((start + random.unit() * (end - start)) / day) * day,
      lost,
      header: random.chance(0.5),
      micros: random.chance(0.7),
      deflate: random.chance(0.7)
    },
    restFaults: restFaults.filter((fault) => fault !== undefined),
    archiveFaults: archiveFaults.filter((fault) => fault !== undefined),
    ...oddsOf(random, range),
    steps: stepsOf(random, range, series.length, interval, restFaults.some((fault) => fault?.kind === "bannedLong")),
    unsettled: random.chance(0.9) ? 0 : random.integer(100, 60_000)
  }
}

/** What few worlds have. */
const oddsOf = (random: Random, { end, start }: Span): Partial<World> => ({
  isListingDown: random.chance(0.1),
  latency: random.chance(0.85) ? 0 : random.pick([10, 150, 1200, 5000]),
  retries: random.chance(0.95),
  isServedAfter: random.chance(0.3),
  barred: random.chance(0.93)
    ? undefined
    : {
      instant: start + Math.floor(random.unit() * (end - start)),
      kind: random.pick<RestKind>(["status403", "status500", "silence", "cutJson", "html", "shortRow", "notNumber"])
    }
})

/** A gap after a range of seconds, since a whole day of them takes as long as a hundred worlds. */
const around = ({ end }: Span): Span => ({ start: end + 1_500_000, end: Math.floor(end / day) * day + 2 * day })

const minute = 60_000

/** The intervals of pieces of a stream: the interval itself, or one that its candles fill. */
const longer = (interval: Interval): ReadonlyArray<Interval> =>
  [interval, "1h", "1d", "1M"].filter((name): name is Interval =>
    name in intervals && intervals[name as Interval] >= intervals[interval] &&
    (name === interval || interval !== "3d" && interval !== "1w")
  )

// Binance opened then.
const opened = Date.UTC(2017, 6)

const rangeOf = (random: Random, now: number, candles: number, length: number): Span => {
  const span = candles * length
  const place = random.unit()
  const rough = place < 0.35
    ? now - random.integer(0, Math.ceil(length * 1.5)) // to now, or a little before
    : place < 0.5
    ? now + random.integer(0, Math.ceil(span / 2)) // into the future
    : place < 0.52
    ? now + span + random.integer(0, 2 * day) // all of it in the future
    : place < 0.8
    ? now - random.integer(0, 40 * day)
    : now - random.integer(0, 300 * day)
  let end = snapped(random, rough)
  let start = end - span
  const early = snapped(random, start)
  if (random.chance(0.3) && (end - early) / length < Math.max(2 * candles, 40)) start = early
  if (random.chance(0.04)) end = start + random.integer(1, Math.max(1, Math.floor(length / 2)))
  return { start: Math.max(opened, start >= end ? end - length : start), end }
}

/** The listing and the delisting. */
const lifeOf = (random: Random, { end, start }: Span, length: number): Pick<Traded, "listed" | "delisted"> => {
  const long = end - start
  const history = Math.min(length === 1000 ? 1500 * length : 600 * length, 900 * day)
  const kind = random.unit()
  const listed = Math.max(
    opened,
    kind < 0.55
      ? start - random.integer(length, Math.max(length, history))
      : kind < 0.9
      ? start + random.integer(0, long)
      : kind < 0.95
      ? end + random.integer(0, 3 * length)
      : snapped(random, start + random.integer(0, long))
  )
  const delisted = random.chance(0.2)
    ? random.chance(0.1) ? listed + length : listed + random.integer(length, Math.max(length, end - listed))
    : undefined
  return { listed, delisted }
}

/** Gaps anywhere, and at the borders of months, days and pages, at the listing and at the delisting. */
const gapsOf = (random: Random, traded: Traded, { end, start }: Span, candles: number): ReadonlyArray<Span> => {
  if (random.chance(0.5)) return []
  const { delisted = end, interval, listed } = traded
  const length = intervals[interval]
  const truth = makeTruth(traded)
  return Array.from({ length: random.integer(1, 4) }, (): Span => {
    const count = random.chance(0.8) ? random.integer(1, 5) : random.integer(1, Math.max(1, Math.floor(candles / 3)))
    const size = random.chance(0.05) ? random.pick([day, 3 * day, 35 * day]) : count * length
    const inside = start + Math.floor(random.unit() * (end - start))
    const place = random.unit()
    const at = place < 0.5
      ? inside
      : place < 0.6
      ? monthStart(inside)
      : place < 0.7
      ? Math.floor(inside / day) * day - random.integer(0, 2) * length
      : place < 0.8
      ? listed
      : place < 0.9
      ? delisted - size
      : truth.floor(start) + random.pick([1, 7, 100, 500, 1000]) * length
    return { start: at, end: at + size }
  })
}

/** The names of the files of the archive that touch a range. */
const fileNames = (symbol: string, interval: Interval, { end, start }: Span): ReadonlyArray<string> => {
  const names = new Set<string>()
  const steps = Math.min(400, Math.ceil((end - start) / day) + 1)
  for (let i = 0; i <= steps; i++) {
    const date = new Date(Math.min(start + i * day, end)).toISOString()
    names.add(`${symbol}-${spelled(interval)}-${date.slice(0, 7)}.zip`)
    names.add(`${symbol}-${spelled(interval)}-${date.slice(0, 10)}.zip`)
  }
  return [...names]
}

/** Two steps under faults, and one after them. */
const stepsOf = (
  random: Random,
  { end, start }: Span,
  series: number,
  interval: Interval,
  isBannedLong: boolean
): ReadonlyArray<Step> => {
  const long = end - start
  const part = (): Span => {
    if (random.chance(0.5)) return { start, end }
    const a = start + Math.floor(random.unit() * long)
    const b = start + Math.floor(random.unit() * long)
    return a === b ? { start, end } : { start: Math.min(a, b), end: Math.max(a, b) }
  }
  const isStreamed = random.chance(0.15)
  const isRefreshed = random.chance(0.1)
  const isImpatient = random.chance(0.1)
  const by = (): Pick<Ask, "by" | "pieces"> =>
    isStreamed && random.chance(0.6)
      ? { by: "stream", pieces: isFine ? random.pick(longer(interval)) : undefined }
      : { by: isRefreshed && random.chance(0.4) ? "refresh" : "fetch" }
  const isFine = random.chance(0.5) && long / intervals[interval] < 1500
  const hasDiskFaults = random.chance(0.1)
  const clockSteps = random.chance(0.1)
  const isCrowded = random.chance(0.15)
  const stepOf = (last: boolean): Step => ({
    asks: [
      {
        of: 0,
        span: last ? { start, end } : part(),
        ...by(),
        patience: isImpatient && !last ? random.pick([0, 5, 400, 3000, 40_000]) : undefined
      },
      ...series > 1 && !last ? [{ of: 1, span: part(), ...by() }] : [],
      ...isCrowded ? [{ of: 0, span: part(), ...by() }] : []
    ],
    pause: last ? isBannedLong ? 3 * day : 20 * 60_000 : random.pick([0, 60_000, 60_000, 3 * hour]),
    clockStep: clockSteps ? random.integer(-day, day) : 0,
    restart: random.chance(0.4),
    isCalm: last,
    damaged: hasDiskFaults && random.chance(0.5) ? random.pick([0.2, 1]) : 0,
    disk: hasDiskFaults && !last && random.chance(0.5) ? random.pick<DiskFault>(["full", "unreadable"]) : undefined
  })
  return [stepOf(false), stepOf(false), stepOf(true)]
}
