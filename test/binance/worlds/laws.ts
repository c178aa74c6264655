/** The laws of the data path, checked against the truth by brute force. */
import * as Option from "effect/Option"
import type { Outcome, Ran } from "./run.js"
import { type Candle, candlesIn, firstIn, grid, intervals, lastClosedIn, type Span } from "./truth.js"
import { lasting, pagesOf, type World } from "./world.js"

export interface Violation {
  readonly law: string
  readonly says: string
}

const iso = (instant: number): string => new Date(instant).toISOString()

const excuses: ReadonlySet<string> = new Set(["source_gap", "not_listed_yet", "delisted"])

const day = 86_400_000

export const violations = (world: World, { broken, outcomes }: Ran): ReadonlyArray<Violation> => {
  const found: Array<Violation> = []
  if (broken !== undefined) found.push({ law: "World law 0: a fetch ends, with a value", says: broken })
  for (const [i, outcome] of outcomes.entries()) {
    for (const { law, says } of ofFetch(world, outcome, i)) found.push({ law, says: `fetch ${i + 1}: ${says}` })
  }
  return found
}

const ofFetch = (world: World, outcome: Outcome, index: number): ReadonlyArray<Violation> => {
  const { begun, delivered, ended, requests, result, span } = outcome
  const found: Array<Violation> = []
  const violated = (law: string, says: string) => void found.push({ law, says })
  const { data, error, missing } = result
  const truth = candlesIn(world, span)
  const byOpen = new Map(truth.map((candle) => [candle.start, candle]))
  const closed = truth.filter(({ end }) => end <= begun)
  const opens = [...data.openTime]
  const rows = new Set(opens)

  // Nothing invented.
  for (const [i, open] of opens.entries()) {
    const law = "World law 1: nothing invented"
    const candle = byOpen.get(open)
    if (candle === undefined) {
      violated(law, `a row that opens at ${iso(open)}, where the exchange has none`)
      break
    }
    if (candle.end > ended) {
      violated(law, `the candle of ${iso(open)} is still forming`)
      break
    }
    const wrong = columns.find((name, column) => data[name][i] !== Number(candle.row[column]))
    if (wrong !== undefined) {
      violated(law, `${wrong} of ${iso(open)} is ${data[wrong][i]}, not ${candle.row[columns.indexOf(wrong)]}`)
      break
    }
  }
  if (opens.some((open, i) => i > 0 && open <= opens[i - 1]!)) {
    violated("World law 1: nothing invented", "rows are not ascending")
  }

  // Rows and missing are the range.
  const grids = grid(world.interval, span)
  const covered = new Map<number, string>()
  let last = -Infinity
  for (const hole of missing) {
    if (hole.start < last || hole.start >= hole.end) {
      violated("World law 2: rows and missing are the range", `missing overlaps at ${iso(hole.start)}`)
    }
    last = hole.end
  }
  let at = 0
  for (const { start } of grids) {
    while (at < missing.length && missing[at]!.end <= start) at++
    const hole = missing[at]
    const reason = hole !== undefined && hole.start <= start ? hole.reason : undefined
    if (reason !== undefined) covered.set(start, reason)
    if ((reason !== undefined) === rows.has(start)) {
      violated(
        "World law 2: rows and missing are the range",
        `${iso(start)} is ${reason === undefined ? "neither a row nor missing" : `a row, and missing: ${reason}`}`
      )
      break
    }
  }

  // Excuses are proven.
  const excused = closed.find(({ start }) => excuses.has(covered.get(start) ?? ""))
  if (excused !== undefined) {
    violated(
      "World law 3: a hole is excused only by proof",
      `${iso(excused.start)} exists, and is called ${covered.get(excused.start)}`
    )
  }
  const early = closed.find(({ start }) => covered.get(start) === "unfinished")
  if (early !== undefined) {
    violated("World law 7: the exchange's clock decides", `${iso(early.start)} has closed, and is called unfinished`)
  }
  const listing = { start: world.listed - 2 * intervals[world.interval], end: Math.max(world.listed, span.end) }
  const firstOpen = firstIn(world, listing)?.start ?? Infinity
  // Only where something is called delisted does it matter when trading stopped.
  const lastOpen = [...covered.values()].includes("delisted")
    ? lastClosedIn(world, { start: span.start, end: begun })?.start ?? -Infinity
    : -Infinity
  const wrong = [...covered].find(([start, reason]) =>
    (reason === "not_listed_yet" && start >= firstOpen) ||
    (reason === "delisted" && start <= lastOpen) ||
    (reason === "source_gap" && (start < firstOpen || start >= (world.delisted ?? Infinity)))
  )
  if (wrong !== undefined) {
    violated("World law 3: a hole is excused only by proof", `${iso(wrong[0])} is called ${wrong[1]}`)
  }

  // Success means all.
  const absent = closed.filter(({ start }) => !rows.has(start))
  if (Option.isNone(error) && absent.length > 0) {
    violated(
      "World law 4: success means all",
      `no error, and ${absent.length} of ${closed.length} are missing, the first ${iso(absent[0]!.start)}: ${
        covered.get(absent[0]!.start)
      }`
    )
  }
  const reasons = new Set(absent.map(({ start }) => covered.get(start)))
  const hard = world.faults.some(({ kind }) => lasting.has(kind)) || isRefusedSymbol(world, ended)
  if (
    Option.isSome(error) && !error.value.retryable && !hard && world.sources.includes("rest") &&
    absent.length > 0 && [...reasons].every((reason) => reason === "not_fetched" || reason === "not_published_yet")
  ) {
    const { _tag, message } = error.value
    violated(
      "World law 4: what cannot be known now can be tried again",
      `${_tag} is not retryable, with ${[...reasons].join(", ")}: ${message}`
    )
  }

  // Nothing wrong is kept: after the faults the truth comes back.
  if (index === 2) {
    const canTell = world.sources.includes("rest") && !isRefusedSymbol(world, ended)
    if (canTell && absent.length > 0) {
      violated(
        "World law 5: nothing wrong is kept",
        `${absent.length} of ${closed.length} are missing, the first ${iso(absent[0]!.start)}: ${
          covered.get(absent[0]!.start)
        }`
      )
    }
    // Whether an instrument that stopped will go on is for the future to tell.
    const goesOn = candlesIn(world, {
      start: Math.min(span.end, begun) - 7_200_000 - 2 * intervals[world.interval],
      end: begun
    })
      .some(({ end, start }) =>
        end <= begun && start >= Math.min(span.end, begun) - 3_600_000 - 2 * intervals[world.interval]
      )
    if (canTell && Option.isSome(error) && goesOn && closed.length > 0) {
      violated("World law 5: nothing wrong is kept", `fails with ${error.value._tag}: ${error.value.message}`)
    }
    const published = world.sources.includes("vision")
      ? closed.filter(({ start }) => dayIsPublished(world, start, begun))
      : []
    const lost = published.find(({ start }) => !rows.has(start))
    if (lost !== undefined) {
      violated("World law 5: nothing wrong is kept", `the archive has ${iso(lost.start)}: ${covered.get(lost.start)}`)
    }
  }

  // What was fetched is given back.
  const given = closed.find(({ start }) => delivered.has(start) && !rows.has(start))
  if (given !== undefined) {
    violated(
      "World law 6: the unit of loss is the unit of failure",
      `an answer held ${iso(given.start)}: ${covered.get(given.start)}`
    )
  }

  // Few calls.
  if (world.faults.length === 0) {
    const asked = requests.filter(({ source }) => source === "rest").length
    const most = 1.2 * pagesOf(world, span, closed) + 10
    if (asked > most) violated("World law 8: asking is cheap", `${asked} requests to REST, at most ${most}`)
    const files = requests.filter(({ source }) => source === "vision").length
    const mostFiles = 10 + 6 * filesIn(world, span, closed)
    if (files > mostFiles) {
      violated("World law 8: asking is cheap", `${files} requests to the archive, at most ${mostFiles}`)
    }
  }
  return found
}

/** Futures answer about a symbol that has been delisted as about one that never was. */
const isRefusedSymbol = ({ delisted, market }: World, at: number): boolean =>
  market !== "SPOT" && delisted !== undefined && delisted <= at

const dayIsPublished = ({ interval }: World, open: number, now: number): boolean => {
  const date = new Date(open)
  if (interval === "3d" || interval === "1w" || interval === "1M") {
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1) + 8 * day < now
  }
  return Math.floor(open / day) * day + day + day / 6 + 3_600_000 < now
}

/** The number of days, or of months where days are whole, that hold candles. */
const filesIn = ({ interval }: World, span: Span, closed: ReadonlyArray<Candle>): number => {
  const days = new Set(closed.map(({ start }) => Math.floor(start / day)))
  const months = Math.ceil((span.end - span.start) / (28 * day))
  return interval === "3d" || interval === "1w" || interval === "1M" ? months : Math.min(days.size, months + 62)
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
