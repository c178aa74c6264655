/** The trading period of an instrument, as far as the archive shows it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Interval from "../../Interval.js"
import type { Columns } from "../klines/columns.js"
import { anchorOf } from "../klines/columns.js"
import { intersect, type Range } from "../klines/ranges.js"

export interface TradingPeriod {
  /** No candle opens before this time. `-Infinity` if unknown. */
  readonly listed: number
  /** No candle opens at or after this time. `Infinity` if unknown. */
  readonly delisted: number
  /** False if the archive has no files of the instrument at all. */
  readonly exists: boolean
}

const day = 86_400_000
// The time without files after which an instrument counts as delisted: files have been weeks late before.
const patience = 30 * day
// The time after which a file is published as a rule.
const published = 7 * day
// The age up to which a file shows that the archive is not late. An instrument without files for longer than the patience
// has none of this time.
const recent = 14 * day

/**
 * The trading period around the rows found in `[start, end)`. No request is made if there is no gap at either end.
 * `firstDay` returns the first day that has files, or the first one after another; `Infinity` if there is none, and
 * `undefined` if that is unknown.
 *
 * `around` has the opens of rows before and after the range.
 *
 * The listing has a resolution of a day. Within the first and the last day the rows decide, but only where two files
 * agree on them (`agreed`): a single file may be truncated.
 */
export const tradingPeriod = <R>(
  { interval, length, openTime }: Pick<Columns, "openTime" | "length"> & { readonly interval: Interval.Interval },
  { end, start }: Range,
  around: ReadonlyArray<number>,
  now: number,
  agreed: ReadonlyArray<Range>,
  firstDay: (after?: number) => Effect.Effect<number | undefined, never, R>
): Effect.Effect<TradingPeriod, never, R> =>
  Effect.gen(function*() {
    const anchor = anchorOf(interval, openTime)
    const hasGap = (from: number, to: number) => Interval.count(interval, from, to, anchor) > 0
    const isAgreed = (from: number, to: number) =>
      intersect(agreed, [{ start: from, end: to }]).some((part) => part.start <= from && part.end >= to)
    const later = Math.min(...around.filter((open) => open >= end))
    const first = openTime[0] ?? (later < Infinity ? later : undefined)
    const last = openTime[length - 1]
    let listed = -Infinity
    let delisted = Infinity
    let exists = true
    const isLate = !around.some((open) => open < start) && hasGap(start, Math.min(first ?? end, end))
    const from = isLate ? yield* firstDay() : undefined
    if (isLate) {
      exists = from !== Infinity || first !== undefined
      if (from !== undefined && from < Infinity) {
        listed = first !== undefined && first < from + day && isAgreed(from, first)
          ? first
          : Math.min(Interval.floor(interval, from, anchor), first ?? Infinity)
      }
    }
    const stop = last === undefined ? start : Interval.next(interval, last, anchor)
    if (exists && later === Infinity && hasGap(stop, end) && stop < now - published && listed <= stop) {
      const isLast = (yield* firstDay(stop - 1)) === Infinity && stop < now - patience
      // Without daily files, no end can be inferred.
      if (isLast && ((isLate ? from : yield* firstDay()) ?? Infinity) < Infinity) {
        const dayEnd = Interval.floor("1d", stop - 1) + day
        delisted = isAgreed(stop, dayEnd) ? stop : Math.max(stop, dayEnd)
      }
    }
    return { listed, delisted, exists }
  })

/**
 * A trading period of which only the proven bounds are kept. The first file of an instrument shows when the archive
 * begins, which may be later than the listing: the files of USDⓈ-M begin months after its first candles. And the last
 * file shows how far the archive reaches, which may be before a delisting. The bounds are those of the instrument only if
 * the archive has earlier, or recent, files of another instrument. `firstDay` returns the first day that has files of
 * another instrument, or the first one after a day; `undefined` if that is unknown.
 */
export const provenPeriod = Effect.fnUntraced(function*<R>(
  { delisted, exists, listed }: TradingPeriod,
  now: number,
  others: { readonly oldest: ReadonlyArray<string>; readonly largest: ReadonlyArray<string> },
  firstDay: (symbol: string, after?: number) => Effect.Effect<number | undefined, never, R>
) {
  const has = (symbol: string, before: number, after?: number) =>
    Effect.map(firstDay(symbol, after), (day = Infinity) => day < before)
  const isEarlier = listed > -Infinity &&
    Option.isSome(yield* Effect.findFirst(others.oldest, (symbol) => has(symbol, Interval.floor("1d", listed))))
  const isLater = delisted < Infinity &&
    Option.isSome(
      yield* Effect.findFirst(others.largest, (symbol) => has(symbol, Infinity, Interval.floor("1d", now) - recent))
    )
  const period: TradingPeriod = {
    listed: isEarlier ? listed : -Infinity,
    delisted: isLater ? delisted : Infinity,
    exists
  }
  return period
})
