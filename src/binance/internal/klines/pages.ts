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

/** The number of candles that can open in `[start, end)`. Where the grid of three days lies may not be known. */
export const capacity = (interval: Interval.Interval, start: number, end: number): number =>
  interval === "3d"
    ? Math.max(0, Math.ceil((end - start) / Interval.millis[interval]))
    : Interval.count(interval, start, end)

/** The first instant by which as many candles have opened as fit into a page. */
export const fullAt = (interval: Interval.Interval, start: number): number =>
  interval === "1M" ? Infinity : start + Market.pageLimit * Interval.millis[interval]
