/**
 * All candles of a range from the REST API, page by page, with proof of nonexistence for absent ones.
 *
 * Each page starts after the last candle of the page before, until the end of the range or an empty answer. A gap is
 * requested again, from its start, until enough answers agree. A failed page affects only its own candles.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FetchError from "../../../FetchError.js"
import * as Interval from "../../Interval.js"
import * as Klines from "../../Klines.js"
import * as Market from "../../Market.js"
import { CandleMap } from "./candleMap.js"
import * as columns from "./columns.js"
import { anchorIn } from "./evidence.js"
import { isLastWord, type KlinesError } from "./failure.js"
import { capacity, fullAt } from "./pages.js"
import { intersect, overlay, type Range, subtract } from "./ranges.js"
import { answersLatest, coverageOf, type Question } from "./restAnswer.js"
import type { Asked, Series } from "./restSeries.js"
import { hasAfter, hasBefore, hasLongBefore } from "./restSurroundings.js"

/** The result for a range. */
export interface RangeResult {
  readonly klines: Klines.Klines
  /** The failures that no later request recovered from. */
  readonly errors: ReadonlyArray<KlinesError>
  /** The time of the exchange at its answer, in milliseconds; `undefined` without any answer. */
  readonly now: number | undefined
}

// The time after the close of an absent candle within which it may still be published.
const settling = 300_000
// The time without candles after which an instrument counts as delisted. Before that, it may be paused.
const longestPause = 86_400_000
// The number of failed pages of a range after which its other pages are not requested.
const patience = 3
const mostRounds = 40

export const searchRange = Effect.fnUntraced(function*(series: Series, range: Range) {
  const { evidence, interval, market } = series
  const { end, start } = range
  const anchor = () => anchorIn(interval, evidence, Interval.anchorOf(interval))
  const map = new CandleMap(interval, anchor)
  const { maxWindow } = Market.facts[market]
  const errors: Array<KlinesError> = []
  let failed: ReadonlyArray<Range> = []
  let unproven: ReadonlyArray<Range> = []
  let isOver = false
  let failures = 0

  const fail = (error: KlinesError, lost: Range) => {
    errors.push(error)
    failures++
    isOver ||= isLastWord(error) || failures >= patience
    failed = overlay(failed, [lost])
    map.handle(lost)
  }

  const note = (question: Question, answer: Asked): void => {
    evidence.now = Math.max(evidence.now, answer.now)
    const covered = coverageOf(market, interval, question, answer)
    // An answer proves nothing about candles that have not closed yet.
    const closed = { start: covered.start, end: Math.min(covered.end, Interval.floor(interval, answer.now, anchor())) }
    if (answer.failure === undefined) {
      if (!map.add(answer, closed)) evidence.doubts++
      map.handle(covered)
    } else {
      map.add(answer, undefined)
      fail(answer.failure, covered)
    }
  }

  const until = () => Math.min(end, evidence.now === -Infinity ? Infinity : evidence.now + 1)

  /** The end of a page that starts at an instant, such that the page holds all candles of its window. */
  const pageEnd = (from: number, to: number) =>
    answersLatest(market) ? Math.min(to, from + maxWindow, fullAt(interval, from, evidence.pageRows)) : to

  const ask = (question: Question) => Effect.either(series.ask(question))

  const pages = Effect.gen(function*() {
    // While no candle is found, windows are as long as the market allows. Then they are halved down to a page.
    let width = 0
    let cut: { readonly first: number; readonly rows: number } | undefined
    for (;;) {
      if (isOver) break
      const gap = map.unhandled({ start, end: until() })
      if (gap === undefined) return
      const skipped = evidence.emptyFrom(gap.start)
      if (skipped !== undefined) {
        map.handle(skipped)
        continue
      }
      const page = { start: gap.start, end: pageEnd(gap.start, gap.end) }
      const isWide = width > 0 && page.end < Math.min(gap.end, gap.start + width)
      const question = isWide
        ? { start: gap.start, end: Math.min(gap.end, gap.start + width), limit: 1 }
        : { ...page, limit: Math.min(Market.pageLimit, capacity(interval, page.start, page.end)) }
      const answer = yield* ask(question)
      if (Either.isLeft(answer)) {
        fail(answer.left, { start: page.start, end: Math.min(page.end, fullAt(interval, page.start)) })
        continue
      }
      const isEmpty = answer.right.opens.length === 0
      width = isEmpty ? width === 0 ? maxWindow : width : isWide ? (question.end - question.start) / 2 : 0
      if (!answersLatest(market)) width = 0
      if (isWide && !isEmpty) {
        // A wide answer only shows that candles exist, and narrows the search.
        evidence.now = Math.max(evidence.now, answer.right.now)
        map.add(answer.right, undefined)
        continue
      }
      note(question, answer.right)
      const { opens } = answer.right
      // An answer with the candles just before those of the answer before shows that the other one was cut.
      const isJoined = opens.length > 0 && question.end === cut?.first &&
        Interval.next(interval, opens.at(-1)!, anchor()) === question.end
      if (isJoined) evidence.cutAt(cut!.rows)
      cut = opens.length > 0 && opens[0]! > question.start ? { first: opens[0]!, rows: opens.length } : undefined
    }
    const left = map.unhandled({ start, end: until() })
    if (left !== undefined) failed = overlay([{ start: left.start, end: until() }], failed)
  })

  /**
   * The number of answers required for a part of a gap. A gap with no candle behind it requires one more, since an answer
   * that is cut looks the same, and so does an instrument without any known candle. Of a gap that is longer than the longest request, only the part next
   * to a candle is confirmed.
   */
  const required = (gap: Range, part: Range) => {
    const isFollowed = map.openFrom(gap.end) !== undefined
    const more = (isFollowed ? 0 : 1) + (evidence.first === Infinity ? 1 : 0)
    if (!answersLatest(market) || gap.end - gap.start <= maxWindow) return evidence.required + more
    const isFar = !isFollowed
      ? part.start >= gap.start + maxWindow
      : part.end <= gap.end - maxWindow
    return isFar ? evidence.required / 2 : evidence.required
  }

  const doubtful = (zone: Range) =>
    map.gaps(zone).flatMap((gap) =>
      subtract([gap], [...failed, ...unproven].sort((a, b) => a.start - b.start)).flatMap((part) =>
        map.votesOn(part).filter((piece) => {
          const proven = evidence.emptyFrom(piece.start)
          return !(proven !== undefined && proven.end >= piece.end) && piece.votes < required(gap, piece)
        })
      )
    )

  /**
   * A request for gaps and for the known candles on both sides, so that an answer that is wrongly empty or cut is
   * detected.
   */
  const check = (parts: ReadonlyArray<Range & { readonly votes: number }>): Question => {
    const [first] = parts
    const { start: from, votes } = first!
    const reach = Math.min(from + maxWindow, fullAt(interval, from))
    let to = first!.end
    for (const part of parts) {
      if (part.end <= reach || (part.start === to && part.end <= from + maxWindow)) to = Math.max(to, part.end)
    }
    const known = map.openBefore(from)
    const before = known !== undefined && Interval.next(interval, known, anchor()) === from ? known : undefined
    const after = map.openFrom(to)
    // An answer describes a gap only if it has the candle behind it, or on COIN-M the candle before it. It has both
    // unless the exchange returns a single row at most. A candle may open off the grid, after the time of its place there.
    const hasBoth = evidence.mostRows > 1
    const behind = after === undefined ? to : Interval.next(interval, after, anchor())
    const closed = { start: from, end: Math.min(to, from + maxWindow) }
    const question = !answersLatest(market)
      ? after === undefined
        ? { start: from, end: until() }
        : { start: hasBoth ? before ?? from : from, end: behind }
      : before === undefined
      ? closed
      : [{ start: before, end: hasBoth && after === to ? behind : to }, { start: before, end: to }].find(isPage) ??
        closed
    const limit = Math.min(Market.pageLimit, Math.max(1, capacity(interval, question.start, question.end)))
    return { ...question, limit: varied(limit, votes) }
  }

  const isPage = (range: Range) =>
    range.end - range.start <= maxWindow && capacity(interval, range.start, range.end) <= Market.pageLimit

  const prove = Effect.fnUntraced(function*(zone: Range) {
    for (let round = 0;; round++) {
      const parts = doubtful(zone)
      if (parts.length === 0) return
      if (isOver || round >= mostRounds) {
        if (!isOver) errors.push(contradictory(series))
        unproven = overlay(unproven, parts.map(({ end, start }) => ({ start, end })))
        return
      }
      const question = check(parts)
      const answer = yield* ask(question)
      if (Either.isLeft(answer)) {
        errors.push(answer.left)
        isOver ||= isLastWord(answer.left)
        unproven = overlay(unproven, [{ start: parts[0]!.start, end: Math.max(question.end, parts[0]!.end) }])
      } else note(question, answer.right)
    }
  })

  // Candles close during the search. Those that have closed meanwhile are requested in a second pass.
  let forming = -Infinity
  for (let pass = 0; pass < 2; pass++) {
    yield* pages
    if (evidence.now === -Infinity) break
    forming = Interval.floor(interval, evidence.now, anchor())
    const zone = { start, end: Math.min(end, forming) }
    yield* prove({ start, end: settled(map, zone, forming, evidence.now, interval, anchor()) })
    if (isOver || Interval.floor(interval, evidence.now, anchor()) <= forming || end <= forming) break
  }

  if (evidence.now === -Infinity) {
    const nothing = Klines.empty(interval, missingOf({ start, end }, "not_fetched", interval, anchor()))
    return { klines: nothing, errors, now: undefined } satisfies RangeResult
  }
  const zone = { start, end: Math.min(end, forming) }
  const fresh = settled(map, zone, forming, evidence.now, interval, anchor())
  const reasons: Array<Klines.Missing> = []
  for (const gap of map.gaps(zone)) {
    for (const part of subtract([gap], [...failed, ...unproven].sort((a, b) => a.start - b.start))) {
      const reason = yield* evidence.search.withPermits(1)(
        reasonOf(series, map, part, { start, end }, forming, isOver)
      )
      reasons.push({ ...part, reason })
      if (reason === "source_gap" || reason === "not_listed_yet") evidence.proveEmpty(part)
      if (reason === "not_listed_yet" || part.end <= fresh) continue
      reasons.pop()
      if (part.start < fresh) reasons.push({ start: part.start, end: fresh, reason })
      reasons.push({ start: Math.max(part.start, fresh), end: part.end, reason: "not_published_yet" })
    }
  }
  const upcoming = Interval.next(interval, forming, anchor())
  const invalid = [...map.invalid].sort((a, b) => a - b).map((open): Klines.Missing => ({
    start: open,
    end: Interval.next(interval, open, anchor()),
    reason: "invalid"
  }))
  const known = overlay(
    overlay(
      overlay(
        [{ start: -Infinity, end: Infinity, reason: "date_range" as Klines.Reason }],
        reasons.sort((a, b) => a.start - b.start)
      ),
      failed.map((range): Klines.Missing => ({ ...range, reason: "not_fetched" }))
    ),
    invalid
  )
  const klines = Klines.make({
    interval,
    source: "rest",
    // The last of several rows with one open time takes precedence.
    columns: columns.join([...evidence.spare.map((rows) => columns.between(rows, start, end)), ...map.parts]),
    start,
    end: Math.min(end, forming),
    reasons: intersect(
      overlay(
        known,
        evidence.isTimed
          ? [
            { start: forming, end: upcoming, reason: "unfinished" },
            { start: upcoming, end: Infinity, reason: "not_published_yet" }
          ]
          : [{ start: forming, end: Infinity, reason: "not_fetched" }]
      ),
      [{ start, end }]
    )
  })
  return { klines, errors, now: evidence.isTimed ? evidence.now : undefined } satisfies RangeResult
})

/** Varies the limit with the number of answers, since an answer to an identical request may come from a cache. */
const varied = (limit: number, votes: number): number =>
  limit + votes <= Market.pageLimit ? limit + votes : Market.pageLimit - votes

/** The time from which absent candles may still be published: they closed recently, and no closed candle follows. */
const settled = (
  map: CandleMap,
  { end, start }: Range,
  forming: number,
  now: number,
  interval: Interval.Interval,
  anchor: number
): number => {
  if (end < forming) return end
  const last = map.openBefore(end)
  const recent = Interval.floor(interval, now - settling, anchor)
  return Math.min(end, Math.max(recent, last === undefined ? start : Interval.next(interval, last, anchor)))
}

/** The reason for a gap. It depends on the existence of candles before and after the gap. */
const reasonOf = Effect.fnUntraced(function*(
  series: Series,
  map: CandleMap,
  gap: Range,
  range: Range,
  forming: number,
  isOver: boolean
) {
  let before = map.openBefore(gap.start) !== undefined || (yield* hasBefore(series, gap, isOver))
  const after = map.openFrom(gap.end) !== undefined ||
    (range.end > forming ? false : yield* hasAfter(series, gap, range.end, isOver))
  // Without any known candle, an exchange that answers wrongly is suspected.
  if (before === false && after === false && range.end <= forming) {
    before = yield* hasLongBefore(series, gap.start, isOver)
  }
  if (before === undefined || after === undefined) return "date_range" as const
  if (before) return after || !hasStopped(series, gap) ? "source_gap" as const : "delisted" as const
  return after || range.end > forming ? "not_listed_yet" as const : "api_response" as const
})

/** True if no candle has followed a gap for so long that the instrument counts as delisted. */
const hasStopped = ({ evidence: { last, now } }: Series, { start }: Range): boolean =>
  now - Math.max(last, start) > longestPause

const missingOf = (
  { end, start }: Range,
  reason: Klines.Reason,
  interval: Interval.Interval,
  anchor: number
): ReadonlyArray<Klines.Missing> => {
  const grid = interval === "3d" ? "1d" : interval
  const bounds = { start: Interval.ceil(grid, start, anchor), end: Interval.ceil(grid, end, anchor) }
  return bounds.start < bounds.end ? [{ ...bounds, reason }] : []
}

const contradictory = ({ context }: Series): FetchError.DataIntegrity =>
  new FetchError.DataIntegrity({
    message: "The answers of the exchange contradict each other about which candles exist",
    retryable: true,
    context
  })
