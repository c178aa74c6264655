/** The existence of candles before and after a range, which determines the reason for its gaps. */
import * as Effect from "effect/Effect"
import * as Market from "../../Market.js"
import type { Range } from "./ranges.js"
import { answersLatest, type Question } from "./restAnswer.js"
import type { Series } from "./restSeries.js"

/** Asks a question about existence. The rows of its answer are kept: the page that should have them may be damaged. */
export const inquire = (series: Series, question: Question) =>
  Effect.tap(series.ask(question), ({ rows }) => Effect.sync(() => series.evidence.spare.push(rows)))

/** True if a candle opens before an instant; `undefined` if the exchange gives no answer. */
export const hasBefore = Effect.fnUntraced(function*(series: Series, instant: number, isOver: boolean) {
  const { evidence } = series
  for (let votes = 0; votes < evidence.required; votes++) {
    if (evidence.first < instant) return true
    if (evidence.isEmptyBefore(instant)) return false
    if (isOver) return undefined
    const answer = yield* Effect.option(inquire(series, { start: undefined, end: instant, limit: 1 + votes }))
    if (answer._tag === "None" || answer.value.failure !== undefined) return undefined
  }
  if (evidence.first < instant) return true
  evidence.nothingBefore = Math.max(evidence.nothingBefore, instant)
  return false
})

/**
 * True if a candle opens at or after the end of a range that a gap reaches; `undefined` if the exchange gives no
 * answer.
 */
export const hasAfter = Effect.fnUntraced(function*(series: Series, gap: Range, end: number, isOver: boolean) {
  const { evidence, market } = series
  const { maxWindow } = Market.facts[market]
  for (let votes = 0; votes < evidence.required; votes++) {
    if (evidence.last >= end) return true
    if (evidence.isEmptyAfter(end)) return false
    if (isOver) return undefined
    const now = evidence.now + 1
    // If the latest candle of all opens before the end, no candle follows.
    const question: Question = votes % 2 === 1
      ? { start: undefined, end: now, limit: 1 + votes }
      : { start: end, end: answersLatest(market) ? Math.min(now, end + maxWindow) : now, limit: 1 + votes }
    if (end >= now) return false
    const answer = yield* Effect.option(inquire(series, question))
    if (answer._tag === "None" || answer.value.failure !== undefined) return undefined
  }
  if (evidence.last >= end) return true
  evidence.nothingAfter = Math.min(evidence.nothingAfter, gap.start)
  evidence.proveEmpty({ start: gap.start, end: evidence.now })
  return false
})
