/**
 * Finds the first and the last candle of a long range with a few requests. Without it, each piece of the range would
 * repeat the search.
 */
import * as Effect from "effect/Effect"
import * as Interval from "../../Interval.js"
import * as Market from "../../Market.js"
import { anchorIn } from "./evidence.js"
import type { KlinesError } from "./failure.js"
import { capacity, fullAt } from "./pages.js"
import type { Range } from "./ranges.js"
import { answersLatest, type Question } from "./restAnswer.js"
import type { Series } from "./restSeries.js"
import { inquire } from "./restSurroundings.js"

/** Proves that the beginning and the end of a range are empty, if they are. Fails with the first request that fails. */
export const surveyRange = Effect.fnUntraced(function*(
  series: Series,
  { end, start }: Range
): Effect.fn.Return<void, KlinesError> {
  const { evidence, interval, market } = series
  const { maxWindow } = Market.facts[market]
  const isLatest = answersLatest(market)

  /** The open times in an answer. Fails if a part of the answer is unusable. */
  const ask = Effect.fnUntraced(function*(question: Question) {
    const answer = yield* inquire(series, question)
    evidence.now = Math.max(evidence.now, answer.now)
    return answer.failure === undefined ? answer.opens : yield* Effect.fail(answer.failure)
  })

  // The end of the range.
  const latest = yield* ask({ start: undefined, end, limit: 1 })
  const anchor = anchorIn(interval, evidence, Interval.anchorOf(interval))
  const forming = Interval.floor(interval, evidence.now, anchor)
  const last = latest.at(-1)
  if (last !== undefined) {
    const gap = { start: Interval.next(interval, last, anchor), end: Math.min(end, forming) }
    if (gap.start < gap.end && !(yield* answered(gap, (votes) => ({ ...windowOf(gap), limit: 1 + votes })))) {
      evidence.proveEmpty(gap)
    }
  }

  // The beginning of the range.
  if (evidence.first <= start || last === undefined && isLatest) return
  const { first, from } = isLatest
    ? yield* bisect(last!)
    : { first: (yield* ask({ start, end: Math.max(end, evidence.now), limit: 1 }))[0], from: undefined }
  if (first === undefined) return
  const gap = { start: Interval.ceil(interval, start, anchor), end: first }
  if (gap.start >= gap.end) return
  // A request to COIN-M covers at most 200 days. Each part of a longer gap has been covered by one answer, except for the
  // candles just before the first one: an answer with the latest candles of a window does not deny earlier ones.
  const checked = isLatest ? { start: Math.max(gap.start, gap.end - maxWindow), end: gap.end } : gap
  const isDenied = from === undefined || Interval.count(interval, from, first, anchor) === 0
  const found = yield* answered(
    checked,
    (votes) => isLatest ? { ...checked, limit: 1 + votes } : { ...checked, end: checked.end + 1, limit: 1 + votes },
    isDenied ? 1 : 0
  )
  if (found) return
  // No candle opens between the start and the first time of the grid.
  evidence.proveEmpty(evidence.doubts === 0 || checked.start === gap.start ? { start, end: first } : checked)

  function windowOf(gap: Range): Range {
    return { start: gap.start, end: Math.min(gap.end, gap.start + maxWindow) }
  }

  /** True if one of the required answers has a candle in a gap. `before` is the number of earlier answers that deny one. */
  function answered(
    gap: Range,
    question: (votes: number) => Question,
    before = 1
  ): Effect.Effect<boolean, KlinesError> {
    return Effect.gen(function*() {
      for (let votes = before; votes < evidence.required; votes++) {
        const opens = yield* ask(question(votes))
        if (opens.some((open) => gap.start <= open && open < gap.end)) {
          evidence.doubts++
          return true
        }
      }
      return false
    })
  }

  /**
   * Finds the first candle before a known one. Trading may have paused for longer than a request covers, so all of the
   * range is covered, beginning with its start. No answer denies the candles between `from` and the first one.
   */
  function bisect(known: number): Effect.Effect<{ readonly first: number; readonly from: number }, KlinesError> {
    return Effect.gen(function*() {
      let low = evidence.emptyFrom(start)?.end ?? start
      let high = known
      while (high - low > maxWindow) {
        const rows = capacity(interval, low, low + maxWindow)
        const isPage = rows <= Market.pageLimit
        const [open] = yield* ask({ start: low, end: low + maxWindow, limit: isPage ? rows : 1 })
        if (open === undefined) low += maxWindow
        else if (isPage) return { first: Math.min(high, open), from: low }
        else high = Math.min(high, open)
      }
      const isWide = () => high - low > maxWindow || Interval.count(interval, low, high, anchor) > Market.pageLimit
      while (high > low && isWide()) {
        const middle = Interval.floor(interval, (low + high) / 2, anchor)
        const opens = yield* ask({ start: Math.max(low, middle - maxWindow), end: middle, limit: 1 })
        if (opens.length > 0) high = Math.min(high, opens[0]!)
        else low = middle
      }
      if (low >= high) return { first: high, from: high }
      const page = { start: low, end: Math.min(high, fullAt(interval, low)) }
      const opens = yield* ask({ ...page, limit: Math.min(Market.pageLimit, capacity(interval, page.start, page.end)) })
      return opens[0] === undefined ? { first: high, from: high } : { first: opens[0], from: low }
    })
  }
})
