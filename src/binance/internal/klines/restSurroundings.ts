/** The existence of candles before and after a range, which determines the reason for its gaps. */
import * as Effect from "effect/Effect"
import * as Market from "../../Market.js"
import type { Range } from "./ranges.js"
import { answersLatest, type Question } from "./restAnswer.js"
import type { Series } from "./restSeries.js"

/** Asks a question about existence. The rows of its answer are kept: the page that should have them may be damaged. */
export const inquire = (series: Series, question: Question) =>
  Effect.tap(series.ask(question), ({ rows }) => Effect.sync(() => series.evidence.spare.push(rows)))

/**
 * True if a candle opens before a gap; `undefined` if the exchange gives no answer. One answer is enough where a request
 * does not cover the gap, since then it does not cover all of the time before the gap either.
 */
export const hasBefore = Effect.fnUntraced(function*(series: Series, { end, start: instant }: Range, isOver: boolean) {
  const { evidence, market } = series
  const required = end - instant > Market.facts[market].maxWindow ? evidence.required / 2 : evidence.required
  for (let votes = 0; votes < required; votes++) {
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
 * True if a candle opens before an instant, where a request for the time before it has none, since a request covers a
 * limited time; false if another request has none either, `undefined` if the exchange gives no answer.
 */
export const hasLongBefore = Effect.fnUntraced(function*(series: Series, instant: number, isOver: boolean) {
  const { evidence, market } = series
  const { maxWindow } = Market.facts[market]
  if (answersLatest(market) && evidence.first >= instant) {
    if (isOver) return undefined
    const end = instant - maxWindow
    const answer = yield* Effect.option(inquire(series, { start: end - maxWindow, end, limit: 1 }))
    if (answer._tag === "None" || answer.value.failure !== undefined) return undefined
  }
  return evidence.first < instant
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
  if (answersLatest(market)) {
    // The requests above cover the time after the end, and the time before now.
    for (let start = end + maxWindow; start < evidence.now - maxWindow && evidence.last < end; start += maxWindow) {
      const window = { start, end: Math.min(start + maxWindow, evidence.now), limit: 1 }
      const answer = yield* Effect.option(inquire(series, window))
      if (answer._tag === "None" || answer.value.failure !== undefined) return undefined
    }
  }
  if (evidence.last >= end) return true
  evidence.nothingAfter = Math.min(evidence.nothingAfter, gap.start)
  evidence.proveEmpty({ start: gap.start, end: evidence.now })
  return false
})
