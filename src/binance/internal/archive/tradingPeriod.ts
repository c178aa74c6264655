/** When an instrument was traded, as far as the archive shows it. */
import * as Effect from "effect/Effect"
import * as Interval from "../../Interval.js"
import type { Columns } from "../klines/columns.js"
import { anchorOf } from "../klines/columns.js"
import { intersect, type Range } from "../klines/ranges.js"

export interface TradingPeriod {
  /** Nothing opens before; `-Infinity` where it is not known. */
  readonly listed: number
  /** Nothing opens from then on; `Infinity` where it is not known. */
  readonly delisted: number
  /** False where the archive has no files of the instrument at all. */
  readonly exists: boolean
}

const day = 86_400_000
// An instrument whose files have stopped counts as delisted only after that: files have been weeks late before.
const patience = 30 * day

/**
 * The trading period around the rows found in `[start, end)`. Nothing is asked where there is no gap at either end.
 * `firstDay` returns the first day that has files, or the first one after another; `Infinity` when there is none, and
 * `undefined` when it is not known.
 *
 * Files are listed by the day. Within the first and the last day the rows decide, but only where two files agree on them
 * (`agreed`): one file alone may be cut short.
 */
export const tradingPeriod = <R>(
  { interval, length, openTime }: Pick<Columns, "openTime" | "length"> & { readonly interval: Interval.Interval },
  { end, start }: Range,
  now: number,
  agreed: ReadonlyArray<Range>,
  firstDay: (after?: number) => Effect.Effect<number | undefined, never, R>
): Effect.Effect<TradingPeriod, never, R> =>
  Effect.gen(function*() {
    const anchor = anchorOf(interval, openTime)
    const hasGap = (from: number, to: number) => Interval.count(interval, from, to, anchor) > 0
    const isAgreed = (from: number, to: number) =>
      intersect(agreed, [{ start: from, end: to }]).some((part) => part.start <= from && part.end >= to)
    const first = openTime[0]
    const last = openTime[length - 1]
    let listed = -Infinity
    let delisted = Infinity
    let exists = true
    const isLate = hasGap(start, first ?? end)
    const from = isLate ? yield* firstDay() : undefined
    if (isLate) {
      exists = from !== Infinity || first !== undefined
      if (from !== undefined && from < Infinity) {
        listed = first !== undefined && first < from + day && isAgreed(from, first)
          ? first
          : Interval.floor(interval, from, anchor)
      }
    }
    const after = last === undefined ? start : Interval.next(interval, last, anchor)
    if (exists && hasGap(after, end) && after < now - patience && listed <= after) {
      const isLast = (yield* firstDay(after - 1)) === Infinity
      // Without any files of days there is nothing that could have stopped.
      if (isLast && ((isLate ? from : yield* firstDay()) ?? Infinity) < Infinity) {
        const dayEnd = Interval.floor("1d", after - 1) + day
        delisted = isAgreed(after, dayEnd) ? after : Math.max(after, dayEnd)
      }
    }
    return { listed, delisted, exists }
  })
