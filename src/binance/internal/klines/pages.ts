/** The pages of a range of candles: their sizes, and a hook around each request. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Interval from "../../Interval.js"
import * as Market from "../../Market.js"
import type { KlinesError } from "./failure.js"

/** A wrapper of each request of a client, set by the caller so that each failed page is retried individually. */
export class EachRequest extends Context.Reference<EachRequest>()("effect-errata/binance/EachRequest", {
  defaultValue: () => <A>(request: Effect.Effect<A, KlinesError>): Effect.Effect<A, KlinesError> => request
}) {}

/** The maximum number of candles that open in `[start, end)`. The grid of `3d` may be unknown. */
export const capacity = (interval: Interval.Interval, start: number, end: number): number =>
  interval === "3d"
    ? Math.max(0, Math.ceil((end - start) / Interval.millis[interval]))
    : Interval.count(interval, start, end)

/** The earliest instant at which a page of so many rows is full. */
export const fullAt = (interval: Interval.Interval, start: number, rows = Market.pageLimit): number =>
  interval === "1M" ? Infinity : start + rows * Interval.millis[interval]
