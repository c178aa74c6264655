/**
 * Where the candles of a long range begin and end, in a few questions: without them every piece of the range would have
 * to find out for itself.
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

/** Proves the beginning and the end of a range empty, as far as they are. Fails with the first question that fails. */
export const surveyRange = Effect.fnUntraced(function*(
  series: Series,
  { end, start }: Range
): Effect.fn.Return<void, KlinesError> {
  const { evidence, interval, market } = series
  const { maxWindow } = Market.facts[market]
  const isLatest = answersLatest(market)

  /** The open times in an answer; none where a part of it could not be used. */
  const ask = Effect.fnUntraced(function*(question: Question) {
    const answer = yield* series.ask(question)
    evidence.now = Math.max(evidence.now, answer.now)
    return answer.failure === undefined ? answer.opens : yield* Effect.fail(answer.failure)
  })

  // The end.
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

  // The beginning.
  if (evidence.first <= start || last === undefined && isLatest) return
  const first = isLatest ? yield* bisect(last!) : (yield* ask({ start, end: Math.max(end, evidence.now), limit: 1 }))[0]
  if (first === undefined) return
  const gap = { start: Interval.ceil(interval, start, anchor), end: first }
  if (gap.start >= gap.end) return
  // Of COIN-M a question reaches 200 days back.
  const checked = isLatest ? { start: Math.max(gap.start, gap.end - maxWindow), end: gap.end } : gap
  const found = yield* answered(
    checked,
    (votes) => isLatest ? { ...checked, limit: 1 + votes } : { ...checked, end: checked.end + 1, limit: 1 + votes }
  )
  if (!found) evidence.proveEmpty(gap)

  function windowOf(gap: Range): Range {
    return { start: gap.start, end: Math.min(gap.end, gap.start + maxWindow) }
  }

  /** Whether one of so many answers as are required has a candle in a gap. */
  function answered(gap: Range, question: (votes: number) => Question): Effect.Effect<boolean, KlinesError> {
    return Effect.gen(function*() {
      for (let votes = 1; votes < evidence.required; votes++) {
        const opens = yield* ask(question(votes))
        if (opens.some((open) => gap.start <= open && open < gap.end)) {
          evidence.doubts++
          return true
        }
      }
      return false
    })
  }

  /** The beginning of the candles before one that is known, by halves. */
  function bisect(known: number): Effect.Effect<number | undefined, KlinesError> {
    return Effect.gen(function*() {
      let low = start
      let high = known
      while (high > low && Interval.count(interval, low, high, anchor) > Market.pageLimit) {
        const middle = Interval.floor(interval, (low + high) / 2, anchor)
        const opens = yield* ask({ start: Math.max(low, middle - maxWindow), end: middle, limit: 1 })
        if (opens.length > 0) high = Math.min(high, opens[0]!)
        else low = middle
      }
      if (low >= high) return high
      const page = { start: low, end: Math.min(high, fullAt(interval, low)) }
      const opens = yield* ask({ ...page, limit: Math.min(Market.pageLimit, capacity(interval, page.start, page.end)) })
      return opens[0] ?? high
    })
  }
})
