/** A request for klines as a stream of pieces: the boundaries of the pieces, and the context of their errors. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import * as FetchContext from "../../../FetchContext.js"
import * as FetchError from "../../../FetchError.js"
import { copyOf } from "../../../internal/error/copy.js"
import * as Interval from "../../Interval.js"
import type { KlineRequest } from "../../KlineRequest.js"
import type { Model } from "./klinesModel.js"
import { pieceStream } from "./pieceStream.js"
import type { Range } from "./ranges.js"

export interface Options {
  /** The interval at whose boundaries pieces end. */
  readonly by?: Interval.Interval | undefined
  /** The number of prefetched pieces. */
  readonly prefetch?: number | undefined
}

/**
 * The klines of a request, one piece at a time. The rest of the range after the unfinished candle is one piece. The
 * context of an error has the remaining range.
 */
export const klineStream = (
  request: KlineRequest,
  { by, prefetch = 1 }: Options,
  fetch: (range: Range) => Effect.Effect<Model, FetchError.FetchError>
): Stream.Stream<Model, FetchError.FetchError> =>
  Stream.suspend(() => {
    const { interval } = request
    const range = { start: DateTime.toEpochMillis(request.start), end: DateTime.toEpochMillis(request.end) }
    let future = range.end
    const fetchPiece = (piece: Range) =>
      fetch(piece).pipe(
        Effect.mapError((error) => resumable(error, { start: piece.start, end: range.end })),
        Effect.map((klines) => ({ klines, piece }))
      )
    const past = pieceStream({ [Symbol.iterator]: () => piecesOf(interval, by, range) }, prefetch, fetchPiece).pipe(
      Stream.takeUntil(({ klines, piece }) => {
        const isLast = endsNow(klines, piece)
        if (isLast) future = piece.end
        return isLast
      })
    )
    const rest = Stream.suspend(() =>
      future < range.end
        ? Stream.filter(
          Stream.fromEffect(fetchPiece({ start: future, end: range.end })),
          ({ klines }) => klines.length > 0 || klines.missing.length > 0
        )
        : Stream.empty
    )
    return Stream.map(Stream.concat(past, rest), ({ klines }) => klines)
  })

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

/**
 * Consecutive ranges, computed on demand. By default a piece is a day for candles of a second, or as many whole months
 * as have about 50,000 candles: each file of the archive and of the cache belongs to one piece.
 */
const piecesOf = function*(
  interval: Interval.Interval,
  by: Interval.Interval | undefined,
  { end, start }: Range
): Generator<Range, void> {
  const months = Math.max(1, Math.floor(usualSize * shortest(interval) / (31 * Interval.millis["1d"])))
  const endOf = (start: number): number =>
    by !== undefined
      ? Interval.next(by, start)
      : interval === "1s"
      ? Interval.next("1d", start)
      : Interval.at("1M", Interval.index("1M", start) + months)
  for (let at = start; at < end;) {
    const next = Math.min(end, endOf(at))
    yield { start: at, end: next }
    at = next
  }
}

/** True if a piece extends into the future: no candles follow it. */
const endsNow = ({ interval, length, missing }: Model, { end, start }: Range): boolean =>
  missing.some(({ reason }) => reason === "unfinished") ||
  length === 0 && missing.length === 0 && Interval.count(interval, start, end) > 0

const resumable = (error: FetchError.FetchError, { end, start }: Range): FetchError.FetchError =>
  copyOf(error, FetchContext.merge(error.context, { start, end })) ?? error
