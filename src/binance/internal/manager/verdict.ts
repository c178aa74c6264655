/** The completeness of a fetch, and the error that describes the missing candles. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Classifier from "../../../Classifier.js"
import * as FetchError from "../../../FetchError.js"
import { withEarlier } from "../../../internal/error/copy.js"
import * as Interval from "../../Interval.js"
import type { Klines, Missing } from "../../Klines.js"
import * as columns from "../klines/columns.js"

/** The result of a fetch. */
export interface Gathered {
  readonly klines: Klines
  /** The errors of the sources, in their order, including those that were recovered from. */
  readonly errors: ReadonlyArray<FetchError.FetchError>
  /** The errors of a cache beside other sources: they are no reason for a missing candle. */
  readonly ofCache: ReadonlyArray<FetchError.FetchError>
  /** The time of the exchange at its last answer, in milliseconds; `undefined` when no source stated one. */
  readonly now: number | undefined
}

const proven: ReadonlySet<Missing["reason"]> = new Set<Missing["reason"]>([
  "source_gap",
  "not_listed_yet",
  "delisted",
  "unfinished"
])

/** Reasons that may change by the next attempt. */
const passing: ReadonlySet<Missing["reason"]> = new Set<Missing["reason"]>([
  "api_response",
  "date_range",
  "not_published_yet",
  "not_fetched"
])

const isEmptyReason = Schema.is(FetchError.EmptyReason)

/** The error of a fetch that lacks candles which may exist. None when all closed candles are present. */
export const verdictOf = (
  { errors, klines: { interval, length, missing, openTime }, now }: Gathered,
  { market, symbol }: { readonly market: string; readonly symbol: string }
): Option.Option<FetchError.FetchError> => {
  const anchor = columns.anchorOf(interval, openTime)
  const forming = now === undefined ? Infinity : Interval.floor(interval, now, anchor)
  const lacking = missing.filter(({ reason, start }) => !proven.has(reason) && start < forming)
  const [first] = lacking
  if (first === undefined) return Option.none()
  const last = errors.at(-1)
  if (last !== undefined) return Option.some(withEarlier(last, errors.slice(0, -1)))
  const context = { market, symbol, interval, operation: "fetch" }
  const retryable = lacking.some(({ reason }) => passing.has(reason))
  if (length === 0 && isEmptyReason(first.reason)) {
    const { message, reason } = Classifier.dataEmpty(first.reason)
    return Option.some(new FetchError.DataEmpty({ reason, message, retryable, context }))
  }
  const count = lacking.reduce((sum, { end, start }) => sum + Interval.count(interval, start, end, anchor), 0)
  const from = DateTime.formatIso(DateTime.unsafeMake(first.start))
  return Option.some(
    new FetchError.DataIntegrity({
      message: `${count} candles are missing, the first from ${from}: ${first.reason}`,
      wanted: `${length + count} candles`,
      found: `${length}`,
      retryable,
      context
    })
  )
}
