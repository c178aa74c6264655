/** The pages of a range of candles: what each request asks for, and what the caller wraps around each request. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Interval from "../../Interval.js"
import * as Market from "../../Market.js"
import type { KlinesError } from "./failure.js"

/** What the caller wraps around each request of a client, so that a page that fails is retried alone. */
export class EachRequest extends Context.Reference<EachRequest>()("effect-errata/binance/EachRequest", {
  defaultValue: () => <A>(request: Effect.Effect<A, KlinesError>): Effect.Effect<A, KlinesError> => request
}) {}

/** What one request asks for: at most `limit` candles that open in `[start, end)`. */
export interface Page {
  readonly start: number
  readonly end: number
  readonly limit: number
}

/** The next page of what opens in `[start, end)`; none when nothing does. */
export const pageOf = (
  market: Market.Market,
  interval: Interval.Interval,
  start: number,
  end: number
): Page | undefined => {
  if (capacity(interval, start, end) === 0) return undefined
  const closed = isClosed(market) ? Math.min(end, start + Market.facts[market].maxWindow, fullAt(interval, start)) : end
  return { start, end: closed, limit: Math.min(Market.pageLimit, capacity(interval, start, closed)) }
}

/**
 * Where the pages go on after an answer: behind the last candle of a full page, else at the end of the page. None when a
 * full page has no candle that was asked for.
 */
export const following = (
  interval: Interval.Interval,
  { end, limit }: Page,
  rows: number,
  lastOpen: number | undefined
): number | undefined => rows < limit ? end : lastOpen === undefined ? undefined : Interval.next(interval, lastOpen)

/**
 * Of a window with more rows than the limit COIN-M answers the latest and the others the oldest. So COIN-M is asked for
 * windows that cannot hold more; the others for all there is, which leaps over what is empty.
 */
const isClosed = (market: Market.Market): boolean => Market.facts[market].maxWindow < Infinity

/** Does `[start, end)` take several pages because the pages of the market are closed windows? */
export const hasManyPages = (
  market: Market.Market,
  interval: Interval.Interval,
  start: number,
  end: number
): boolean => {
  const page = isClosed(market) ? pageOf(market, interval, start, end) : undefined
  return page !== undefined && page.end < end
}

/** How many candles can open in `[start, end)`. Where the grid of three days lies is not known beforehand. */
const capacity = (interval: Interval.Interval, start: number, end: number): number =>
  interval === "3d"
    ? Math.max(0, Math.ceil((end - start) / Interval.millis[interval]))
    : Interval.count(interval, start, end)

/** The first instant by which as many candles have opened as fit into a page. */
const fullAt = (interval: Interval.Interval, start: number): number =>
  interval === "1M" ? Infinity : start + Market.pageLimit * Interval.millis[interval]
