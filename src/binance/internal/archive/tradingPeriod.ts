/** When an instrument was traded, as far as the archive tells. */
import * as Effect from "effect/Effect"
import * as Interval from "../../Interval.js"
import type * as Klines from "../../Klines.js"
import { anchorOf } from "../klines/columns.js"
import type { Range } from "../klines/ranges.js"

export interface Life {
  /** Not before; `-Infinity` where it is not known. */
  readonly listed: number
  /** No more from then on; `Infinity` where it is not known. */
  readonly delisted: number
  /** False where the archive knows that it has nothing of the instrument. */
  readonly exists: boolean
}

const day = 86_400_000
// An instrument whose files have stopped is taken for dead only after that: they have been weeks late before.
const patience = 30 * day

/**
 * What lies around the rows that were found in `[start, end)`. Asks only what they leave open, and nothing where there is
 * no hole at either end. `firstDay` gives the first day of which there are files, or the first one after another;
 * `Infinity` when there is none, and nothing when it cannot be known.
 */
export const lifeOf = <R>(
  { interval, openTime }: Klines.Klines,
  { end, start }: Range,
  now: number,
  firstDay: (after?: number) => Effect.Effect<number | undefined, never, R>
): Effect.Effect<Life, never, R> =>
  Effect.gen(function*() {
    const anchor = anchorOf(interval, openTime)
    const hasHole = (from: number, to: number) => Interval.count(interval, from, to, anchor) > 0
    const first = openTime[0]
    const last = openTime.at(-1)
    let listed = -Infinity
    let delisted = Infinity
    let exists = true
    const isLate = hasHole(start, first ?? end)
    const from = isLate ? yield* firstDay() : undefined
    if (isLate) {
      exists = from !== Infinity || first !== undefined
      // Whether it was that day at once is for the candles to tell.
      if (from !== undefined && from < Infinity) listed = first !== undefined && first < from + day ? first : from
    }
    const after = last === undefined ? start : Interval.next(interval, last, anchor)
    if (exists && hasHole(after, end) && after < now - patience && listed <= after) {
      const isLast = (yield* firstDay(after - 1)) === Infinity
      // Of what it never had any days the archive cannot say that they have stopped.
      if (isLast && ((isLate ? from : yield* firstDay()) ?? Infinity) < Infinity) delisted = after
    }
    return { listed, delisted, exists }
  })
