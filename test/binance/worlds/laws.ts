/** The laws of the data path, checked against the truth by brute force. */
import type { Klines } from "effect-errata/binance"
import * as Option from "effect/Option"
import { lasting } from "./faults.js"
import type { Outcome, Ran, RanStep } from "./run.js"
import { day, intervals, monthStart, type Span, type Traded, type Truth } from "./truth.js"
import type { Step, World } from "./world.js"

export interface Violation {
  readonly law: string
  readonly says: string
}

const iso = (instant: number): string => new Date(instant).toISOString()

const law0 = "World law 0: a fetch ends, with a value"
const law1 = "World law 1: nothing invented"
const law2 = "World law 2: rows and missing are the range"
const law3 = "World law 3: a hole is excused only by proof"
const law4 = "World law 4: success means all"
const law5 = "World law 5: nothing wrong is kept"
const law6 = "World law 6: the unit of loss is the unit of failure"
const law7 = "World law 7: the exchange's clock decides"
const law8 = "World law 8: asking is cheap"

// Binance opened then.
const opened = Date.UTC(2017, 6)

const excuses: ReadonlySet<string> = new Set(["source_gap", "not_listed_yet", "delisted"])

/** What may still be published: reasons that are no mistake for candles that closed just before. */
const settling = 300_000

export const violations = (world: World, { broken, steps, truths }: Ran): ReadonlyArray<Violation> => {
  const found: Array<Violation> = []
  if (broken !== undefined) found.push({ law: law0, says: broken })
  for (const [i, ran] of steps.entries()) {
    const violated = (law: string, says: string) => void found.push({ law, says: `step ${i + 1}: ${says}` })
    const step = world.steps[i]!
    const seen = ran.outcomes.map((outcome) => {
      const truth = truths[outcome.ask.of]!
      return checked(world, world.series[outcome.ask.of]!, truth, step, outcome, violated)
    })
    checkDelivered(world, step, ran, seen, truths, violated)
    checkCalls(world, step, ran, seen, violated)
  }
  return found
}

type Violated = (law: string, says: string) => void

/** What a fetch gave back, candle by candle. */
interface Seen {
  readonly outcome: Outcome
  readonly rows: ReadonlySet<number>
  readonly reasons: ReadonlyMap<number, Klines.Reason>
  /** The opens of the candles of the range that exist and have closed. */
  readonly closed: ReadonlyArray<number>
}

const checked = (
  world: World,
  traded: Traded,
  truth: Truth,
  step: Step,
  outcome: Outcome,
  violated: Violated
): Seen => {
  const { ask: { span }, begun, ended, error, missing } = outcome
  const closed = truth.first({ start: span.start, end: Math.min(span.end, begun) }).filter((open) =>
    truth.next(open) <= begun
  )
  const rows = checkRows(truth, outcome, world.unsettled ?? 0, violated)
  const reasons = checkRange(truth, span, rows, missing, violated)
  const reasonOf = (open: number) => `${iso(open)}: ${reasons.get(open)}`
  const absent = closed.filter((open) => !rows.has(open))

  // Excuses are proven.
  const excused = absent.find((open) => excuses.has(reasons.get(open) ?? ""))
  if (excused !== undefined) violated(law3, `exists, but ${reasonOf(excused)}`)
  checkNames(traded, truth, outcome, reasons, violated)
  const early = absent.find((open) => reasons.get(open) === "unfinished")
  if (early !== undefined) violated(law7, `has closed, but ${reasonOf(early)}`)
  const isGridKnown = truth.interval !== "3d" || rows.size > 0
  const late = [...reasons].find(([open, reason]) =>
    isGridKnown &&
    reason === "unfinished" && truth.next(open) > ended + 1000 &&
    open > ended
  )
  if (late !== undefined) violated(law7, `has not opened, but ${reasonOf(late[0])}`)

  // Success means all.
  const count = `${absent.length} of ${closed.length} are missing, the first`
  if (Option.isNone(error) && absent.length > 0) violated(law4, `no error, and ${count} ${reasonOf(absent[0]!)}`)
  const kinds = [...world.restFaults, ...world.archiveFaults].map(({ kind }): string => kind)
  const isHard = isRefused(world, traded, ended) ||
    !step.isCalm && [...kinds, world.barred?.kind ?? ""].some((kind) => lasting.has(kind))
  const unsettled = new Set(absent.map((open) => reasons.get(open)))
  if (
    Option.isSome(error) && !error.value.retryable && !isHard && world.sources.includes("rest") && absent.length > 0 &&
    [...unsettled].every((reason) => reason !== "invalid")
  ) {
    violated(law4, `${error.value._tag} is not retryable, with ${[...unsettled].join()}: ${error.value.message}`)
  }

  // Nothing wrong is kept: after the faults the truth comes back.
  if (step.isCalm) {
    const canTell = world.sources.includes("rest") && !isRefused(world, traded, ended)
    // A stream fails with the first piece that lacks a candle.
    const got = absent.filter((open) => open < (outcome.failedAt ?? Infinity))
    const lost = got.find((open) => begun - truth.next(open) >= world.lag)
    if (canTell && lost !== undefined) violated(law5, `${count} ${reasonOf(lost)}`)
    // Nothing at all, forever, is suspicious: an exchange that answers wrongly looks the same.
    const hasTraded = truth.first({ start: 0, end: begun }, 1).length > 0
    if (canTell && Option.isSome(error) && hasTraded && !isSettling(world, truth, span, begun, ended)) {
      violated(law5, `fails with ${error.value._tag}: ${error.value.message}`)
    }
    if (world.sources.includes("vision")) {
      const published = got.find((open) => isPublished(world, traded, open, begun))
      if (published !== undefined) violated(law5, `the archive has ${reasonOf(published)}`)
    }
  }
  return { outcome, rows, reasons, closed }
}

/** All rows are candles of the exchange that have closed, in order. */
const checkRows = (
  truth: Truth,
  { ask: { span }, begun, ended, parts }: Outcome,
  unsettled: number,
  violated: Violated
): ReadonlySet<number> => {
  const rows = new Set<number>()
  let last = -Infinity
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) {
      const open = part.openTime[i]!
      rows.add(open)
      const fault = open <= last
        ? "does not follow the row before"
        : open < span.start || open >= span.end
        ? "is outside of the range"
        : truth.floor(open) !== open || !truth.exists(open)
        ? "does not exist"
        : truth.next(open) > ended
        ? "is still forming"
        // The exchange has sent values that were not final, and nothing in its answer shows that.
        : truth.next(open) > begun - unsettled
        ? undefined
        : wrongColumn(truth, part, i)
      if (fault !== undefined) {
        violated(law1, `the candle of ${iso(open)} ${fault}`)
        return rows
      }
      last = open
    }
  }
  return rows
}

const columns = [
  "openTime",
  "open",
  "high",
  "low",
  "close",
  "volume",
  "closeTime",
  "quoteVolume",
  "trades",
  "takerBuyBase",
  "takerBuyQuote"
] as const

const wrongColumn = (truth: Truth, part: Klines.Klines, i: number): string | undefined => {
  const row = truth.row(part.openTime[i]!)
  for (let column = 0; column < columns.length; column++) {
    const found = part[columns[column]!][i]
    if (found !== Number(row[column])) return `has another ${columns[column]}: ${found}, not ${row[column]}`
  }
  return undefined
}

/** Each candle of the grid is a row, or is missing once. */
const checkRange = (
  truth: Truth,
  span: Span,
  rows: ReadonlySet<number>,
  missing: ReadonlyArray<Klines.Missing>,
  violated: Violated
): ReadonlyMap<number, Klines.Reason> => {
  const reasons = new Map<number, Klines.Reason>()
  let last = -Infinity
  for (const { end, start } of missing) {
    if (start < last || start >= end) {
      violated(law2, `missing is not ascending at ${iso(start)}`)
      break
    }
    last = end
  }
  let at = 0
  let isBroken = false
  for (const open of truth.grid(span)) {
    while (at < missing.length && missing[at]!.end <= open) at++
    const hole = missing[at]
    const reason = hole !== undefined && hole.start <= open ? hole.reason : undefined
    if (reason !== undefined) reasons.set(open, reason)
    // The grid of 3d is unknown without a row.
    if ((reason !== undefined) !== rows.has(open) || isBroken || (truth.interval === "3d" && rows.size === 0)) continue
    isBroken = true
    violated(
      law2,
      `${iso(open)} is ${reason === undefined ? "neither a row nor missing" : `a row, and missing: ${reason}`}`
    )
  }
  return reasons
}

/** The longest range of a request to COIN-M. Nothing shows that a longer gap began with trading. */
const longestWindow = 200 * day

/** A reason is right: before the first candle, after the last, or in between. */
const checkNames = (
  { market }: Traded,
  truth: Truth,
  { begun }: Outcome,
  reasons: ReadonlyMap<number, Klines.Reason>,
  violated: Violated
): void => {
  const first = lazy(() => truth.first({ start: 0, end: Infinity }, 1)[0] ?? Infinity)
  const last = lazy(() =>
    truth.last({ start: 0, end: begun }, 2).findLast((open) => truth.next(open) <= begun) ?? -Infinity
  )
  for (const [open, reason] of reasons) {
    const isWrong = reason === "not_listed_yet"
      ? open >= first() &&
        (market !== "FUTURES_COIN" || truth.first({ start: open - longestWindow, end: open }, 1).length > 0)
      : reason === "delisted"
      ? open <= last()
      : reason === "source_gap"
      ? open < first()
      : false
    if (!isWrong) continue
    violated(law3, `${iso(open)} is called ${reason}`)
    return
  }
}

const lazy = <A>(make: () => A): () => A => {
  let made: { readonly value: A } | undefined
  return () => (made ??= { value: make() }).value
}

/** Whether candles of a range closed so shortly before that they may still be published. */
const isSettling = ({ lag }: World, truth: Truth, span: Span, begun: number, ended: number): boolean =>
  truth.grid({
    start: Math.max(span.start, begun - settling - lag - 2 * intervals[truth.interval]),
    end: Math.min(span.end, ended)
  })
    .some((open) =>
      truth.next(open) > begun - settling - lag && (!truth.exists(open) || begun - truth.next(open) < lag)
    )

/** What sound answers held is given back. */
const checkDelivered = (
  { dateHeader }: World,
  { asks }: Step,
  { delivered }: RanStep,
  seen: ReadonlyArray<Seen>,
  truths: ReadonlyArray<Truth>,
  violated: Violated
): void => {
  for (const { outcome, reasons, rows } of seen) {
    const { ask: { by, of, span }, begun, failedAt = Infinity } = outcome
    // Concurrent requests for one series do not share their answers.
    if (by === "stream" || asks.filter((ask) => ask.of === of).length > 1) continue
    const last = Math.max(...delivered[of]!)
    for (const open of delivered[of]!) {
      // Without a time and a candle behind it, a candle may be forming.
      if (!dateHeader && open === last) continue
      if (rows.has(open) || open < span.start || open >= Math.min(span.end, failedAt)) continue
      if (truths[of]!.next(open) > begun) continue
      violated(law6, `an answer held ${iso(open)}: ${reasons.get(open)}`)
      break
    }
  }
}

/** Without faults, few requests are sent. */
const checkCalls = (
  world: World,
  { asks }: Step,
  { requests }: RanStep,
  seen: ReadonlyArray<Seen>,
  violated: Violated
): void => {
  const { archiveFaults, barred, lag, restFaults } = world
  const isFaulty = restFaults.length > 0 || archiveFaults.length > 0 || barred !== undefined || lag > 0
  if (isFaulty || asks.some(({ patience }) => patience !== undefined)) return
  const asked = requests.filter(({ source }) => source === "rest").length
  // A stream fetches piece by piece, and is resumed.
  const pieces = seen.reduce(
    (sum, { outcome: { ask, parts } }) => sum + (ask.by === "stream" ? parts.length + 8 : 1),
    0
  )
  const most = seen.reduce((sum, one) => sum + 1.2 * pagesOf(world, one) + moreWindows(world, one), 0) + 10 * pieces
  if (asked > most) violated(law8, `${asked} requests to REST, at most ${most}`)
  const files = requests.length - asked
  const mostFiles = seen.reduce((sum, one) => sum + 6 * filesOf(world, one), 0) + 10 * pieces +
    Math.min(4, world.concurrency)
  if (files > mostFiles) {
    violated(law8, `${files} requests to the archive, at most ${mostFiles}`)
  }
}

/** The number of pages that the closed candles of a range take. */
const pagesOf = ({ pageSize, series: [{ market }] }: World, { closed, outcome: { ask: { span } } }: Seen): number => {
  const size = Math.min(1000, pageSize)
  if (market !== "FUTURES_COIN") return Math.ceil(closed.length / size)
  // No question may span more than 200 days.
  const windows = new Map<number, number>()
  for (const open of closed) {
    const window = Math.floor((open - span.start) / (200 * day))
    windows.set(window, (windows.get(window) ?? 0) + 1)
  }
  return [...windows.values()].reduce((sum, count) => sum + Math.ceil(count / size), 0)
}

/**
 * The number of windows of 200 days before the first candle, beyond five. On COIN-M each takes a request: trading may have
 * paused for longer than a request covers.
 */
const moreWindows = ({ series: [{ market }] }: World, { closed, outcome: { ask: { span } } }: Seen): number =>
  market !== "FUTURES_COIN" || closed.length === 0
    ? 0
    : Math.max(0, Math.ceil((closed[0]! - Math.max(span.start, opened)) / (200 * day)) - 5)

/**
 * The number of files that hold the closed candles of a range: months, and days at most for the two at its ends. Without
 * a listing, only requests show that a day has no file.
 */
const filesOf = ({ isListingDown, listing }: World, { closed, outcome: { ask: { span } } }: Seen): number => {
  const days = new Set(closed.map((open) => Math.floor(open / day))).size
  const length = span.end - span.start
  return Math.min(listing && isListingDown !== true ? days : length / day, Math.ceil(length / (28 * day)) + 62)
}

/** Futures answer about a symbol that has been delisted as about one that never was. */
const isRefused = ({ isServedAfter }: World, { delisted, market }: Traded, at: number): boolean =>
  market !== "SPOT" && delisted !== undefined && delisted <= at && isServedAfter !== true

/** Whether the archive has a file with a candle. */
const isPublished = ({ archive }: World, { interval, symbol }: Traded, open: number, now: number): boolean => {
  const { begins, delay, lost, monthDelay } = archive
  const month = monthStart(open)
  const end = monthStart(open, 1)
  const monday = 4 * day + Math.ceil((end - 4 * day) / (7 * day)) * 7 * day
  const spelling = interval === "1M" ? "1mo" : interval
  const nameOf = (length: number) => `${symbol}-${spelling}-${iso(open).slice(0, length)}.zip`
  const inMonth = month >= begins && now > monday + monthDelay && !lost.includes(nameOf(7))
  if (intervals[interval] > day) return inMonth
  const start = Math.floor(open / day) * day
  const inDay = start >= begins && now > start + day + delay && !lost.includes(nameOf(10))
  // A month of seconds is too large to complete a day.
  return inDay || (inMonth && interval !== "1s")
}
