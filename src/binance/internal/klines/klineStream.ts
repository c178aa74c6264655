/** A request for klines as a stream of pieces: the boundaries of the pieces, and the context of their errors. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { identity } from "effect/Function"
import * as Stream from "effect/Stream"
import * as FetchContext from "../../../FetchContext.js"
import * as FetchError from "../../../FetchError.js"
import { copyOf } from "../../../internal/error/copy.js"
import * as Interval from "../../Interval.js"
import type { KlineRequest } from "../../KlineRequest.js"
import { allocate, anchorOf } from "./columns.js"
import { concat, slice } from "./combine.js"
import { make, type Model } from "./klinesModel.js"
import { pieceStream } from "./pieceStream.js"
import type { Range } from "./ranges.js"
import { rangeOf } from "./requestRange.js"

export interface Options {
  /** The interval at whose boundaries pieces end. */
  readonly by?: Interval.Interval | undefined
  /** The number of prefetched pieces. */
  readonly prefetch?: number | undefined
}

/** The klines of a range, and the time of the exchange at its last answer; `undefined` if no answer stated it. */
export interface Fetched {
  readonly klines: Model
  readonly now: number | undefined
}

/**
 * The klines of a request, one piece at a time. Each fetch covers one piece, or as many small ones as have about the
 * usual size, so that small pieces cost no more requests than large ones. The range after the unfinished candle is one
 * piece. `judge` checks a piece of a fetch. The context of an error has the remaining range.
 */
export const klineStream = <A extends Fetched>(
  request: KlineRequest,
  { by, prefetch = 1 }: Options,
  fetch: (range: Range) => Effect.Effect<A>,
  judge: (fetched: A) => Effect.Effect<Model, FetchError.FetchError>
): Stream.Stream<Model, FetchError.FetchError> => {
  const { interval } = request
  const range = rangeOf(request)
  const judged = (piece: Part<A>) =>
    Effect.mapError(
      judge(piece.fetched),
      (error) => copyOf(error, FetchContext.merge(error.context, { start: piece.start, end: range.end })) ?? error
    )
  const fetched = pieceStream(
    { [Symbol.iterator]: () => fetchesOf(interval, by, range) },
    prefetch,
    ({ end, start }) =>
      Effect.map(fetch({ start, end }), (fetched): Part<A> =>
        fetched.now !== undefined && fetched.now < end
          // Nothing of the future exists yet.
          ? { start, end: range.end, fetched: extended(fetched, end, range.end) }
          : { start, end, fetched })
  )
  return fetched.pipe(
    Stream.takeUntil(({ end }) => end === range.end),
    Stream.mapAccum(undefined as Part<A> | undefined, (begun, part) => {
      const pieces = piecesIn(part, by, begun)
      const last = pieces.at(-1)
      const isBegun = last !== undefined && last.end < range.end && last.end < endOfPiece(by, last)
      // The first part of a piece may lack candles too.
      const effects = (isBegun ? pieces.slice(0, -1) : pieces).map(judged)
      return isBegun
        ? [last, [...effects, Effect.as(judged(last), undefined)]]
        : [undefined, effects]
    }),
    Stream.mapConcat(identity),
    Stream.mapEffect(identity),
    Stream.filter((klines): klines is Model => klines !== undefined && (klines.length > 0 || klines.missing.length > 0))
  )
}

/** The options for an interval, or the reason why they are invalid. */
export const checked = (
  { by, prefetch = 1 }: Options,
  interval: Interval.Interval
): Either.Either<Options, FetchError.DataValidation> => {
  const issues = [
    ...by === undefined || isInterval(by) && shortest(by) >= shortest(interval) ? [] : [{
      path: "by",
      message: isInterval(by)
        ? `"${by}" is shorter than the candles, which are of "${interval}"`
        : `${JSON.stringify(by)} is not an interval; there are ${Interval.Interval.literals.join(", ")}`
    }],
    ...Number.isInteger(prefetch) && prefetch >= 0 ? [] : [{
      path: "prefetch",
      message: `${prefetch} is not a number of pieces; write a whole number from 0`
    }]
  ]
  const [first] = issues
  return first === undefined ? Either.right({ by, prefetch }) : Either.left(
    new FetchError.DataValidation({
      message: `These klines cannot be streamed. ${
        issues.map(({ message, path }) => `${path}: ${message}`).join(". ")
      }.`,
      issues,
      context: { operation: "validate" }
    })
  )
}

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const isInterval = (by: string): by is Interval.Interval => Interval.Interval.literals.some((known) => known === by)

const shortest = (interval: Interval.Interval): number =>
  interval === "1M" ? 28 * Interval.millis["1d"] : Interval.millis[interval]

const usualSize = 50_000

/** A range, and its candles. */
interface Part<A> extends Range {
  readonly fetched: A
}

/**
 * The ranges of the fetches, computed on demand. By default a fetch covers a day for candles of a second, or as many
 * whole months as have about 50,000 candles: each file of the archive and of the cache belongs to one fetch. Pieces that
 * are longer have a fetch each.
 */
const fetchesOf = function*(
  interval: Interval.Interval,
  by: Interval.Interval | undefined,
  { end, start }: Range
): Generator<Range, void> {
  const months = Math.max(1, Math.floor(usualSize * shortest(interval) / (31 * Interval.millis["1d"])))
  const endOf = (start: number): number =>
    interval !== "1s"
      ? Interval.at("1M", Interval.index("1M", start) + months)
      : by !== undefined && shortest(by) > Interval.millis["1d"]
      ? Interval.next(by, start)
      : Interval.next("1d", start)
  for (let at = start; at < end;) {
    const next = Math.min(end, endOf(at))
    yield { start: at, end: next }
    at = next
  }
}

/** The end of a piece that ends where a candle of `by` ends. */
const endOfPiece = (by: Interval.Interval | undefined, { end, start }: Range): number =>
  by === undefined ? end : Interval.next(by, start)

/** The pieces of a fetch. The first one completes the piece that the fetch before has begun; the last may be begun. */
const piecesIn = <A extends Fetched>(
  { end, fetched, start }: Part<A>,
  by: Interval.Interval | undefined,
  begun: Part<A> | undefined
): ReadonlyArray<Part<A>> => {
  const { now = Infinity } = fetched
  const pieces: Array<Part<A>> = []
  for (let at = start; at < end;) {
    const next = at > now ? end : Math.min(end, endOfPiece(by, { start: at, end }))
    const klines = slice(fetched.klines, at, next)
    const isFirst = at === start && begun !== undefined
    pieces.push({
      start: isFirst ? begun.start : at,
      end: next,
      fetched: { ...fetched, klines: isFirst ? concat(begun.fetched.klines, klines) : klines }
    })
    at = next
  }
  return pieces
}

/** Adds the future to a fetch. */
const extended = <A extends Fetched>(fetched: A, start: number, end: number): A => {
  const { interval, openTime } = fetched.klines
  const anchor = anchorOf(interval, openTime)
  const future = { start: Interval.ceil(interval, start, anchor), end: Interval.ceil(interval, end, anchor) }
  if (future.start >= future.end) return fetched
  const nothing = make(allocate(0), { interval, source: [], missing: [{ ...future, reason: "not_published_yet" }] })
  return { ...fetched, klines: concat(fetched.klines, nothing) }
}
