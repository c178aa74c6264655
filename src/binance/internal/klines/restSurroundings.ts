/** Whether there are candles before or after a range: it decides why there are none in it. */
import * as Effect from "effect/Effect"
import * as Market from "../../Market.js"
import type { Range } from "./ranges.js"
import { answersLatest, type Question } from "./restAnswer.js"
import type { Series } from "./restSeries.js"

/** Whether a candle opens before an instant; `undefined` when the exchange did not say. */
export const hasBefore = Effect.fnUntraced(function*(series: Series, instant: number, isOver: boolean) {
  const { evidence } = series
  for (let votes = 0; votes < evidence.required; votes++) {
    if (evidence.first < instant) return true
    if (evidence.nothingBefore >= instant) return false
    if (isOver) return undefined
    const answer = yield* Effect.option(series.ask({ start: undefined, end: instant, limit: 1 + votes }))
    if (answer._tag === "None" || answer.value.failure !== undefined) return undefined
  }
  if (evidence.first < instant) return true
  evidence.nothingBefore = Math.max(evidence.nothingBefore, instant)
  return false
})

/** Whether a candle opens at or after the end of a range that a gap reaches; `undefined` when the exchange did not say. */
export const hasAfter = Effect.fnUntraced(function*(series: Series, gap: Range, end: number, isOver: boolean) {
  const { evidence, market } = series
  const { maxWindow } = Market.facts[market]
  for (let votes = 0; votes < evidence.required; votes++) {
    if (evidence.last >= end) return true
    if (evidence.nothingAfter <= end) return false
    if (isOver) return undefined
    const now = evidence.now + 1
    // The latest candle of all, if it opens before, is proof that there is none after it.
    const question: Question = votes % 2 === 1
      ? { start: undefined, end: now, limit: 1 + votes }
      : { start: end, end: answersLatest(market) ? Math.min(now, end + maxWindow) : now, limit: 1 + votes }
    if (end >= now) return false
    const answer = yield* Effect.option(series.ask(question))
    if (answer._tag === "None" || answer.value.failure !== undefined) return undefined
  }
  if (evidence.last >= end) return true
  evidence.nothingAfter = Math.min(evidence.nothingAfter, gap.start)
  evidence.proveEmpty({ start: gap.start, end: evidence.now })
  return false
})
