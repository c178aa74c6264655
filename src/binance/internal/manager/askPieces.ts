/** Requests the pieces of a range from one source, several at once. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as FetchError from "../../../FetchError.js"
import * as RetryPolicy from "../../../RetryPolicy.js"
import type { KlineRequest } from "../../KlineRequest.js"
import type { Klines } from "../../Klines.js"
import { isLastWord } from "../klines/failure.js"
import { EachRequest } from "../klines/pages.js"
import type { Range } from "../klines/ranges.js"
import type { Network, SourceRequests } from "./sourceRequests.js"

/** The candles of a piece, as far as the source has returned them. */
export interface Found {
  readonly klines: Klines
  readonly errors: ReadonlyArray<FetchError.FetchError>
  readonly now: number | undefined
  readonly least?: number
  readonly damaged?: ReadonlyArray<Range>
}

/** A piece, and its result if there is one. */
interface Answer extends Range {
  readonly found: Found | undefined
  readonly errors: ReadonlyArray<FetchError.FetchError>
  /** True if the piece was not requested, or a request was refused locally, as by an open circuit. */
  readonly isRefused: boolean
}

export interface Asked {
  readonly answers: ReadonlyArray<Range & { readonly found: Found }>
  readonly errors: ReadonlyArray<FetchError.FetchError>
}

// The number of refused files after which an archive that has returned none is not asked for the others.
const refusals = 3
// The number of files that are requested at once while the archive has returned none: its first answers show the time,
// and where the files of the instrument begin and end.
const probes = 4

/**
 * Requests pieces until the source refuses further requests. Pieces that were refused locally are requested once more,
 * one at a time, if the source has answered another one: a half-open circuit admits one request and refuses the others.
 * Until the archive has returned candles, few pieces are requested at once, so that each learns from the ones before.
 */
export const askPieces = Effect.fnUntraced(function*(
  options: {
    readonly source: Network
    readonly request: KlineRequest
    readonly requests: SourceRequests
    readonly concurrency: number
    readonly search: (range: Range) => Effect.Effect<Found, FetchError.FetchError>
    /** Takes the number of candles that all pieces have so far. */
    readonly report: (candles: number) => Effect.Effect<unknown>
  },
  pieces: ReadonlyArray<Range>
): Effect.fn.Return<Asked> {
  const { concurrency, report, request, requests, search, source } = options
  let candles = 0
  let isOver = false
  let isPaused = false
  let hasAnswered = false
  let refused = 0
  let isProbing = source === "vision" && concurrency > probes
  const permits = yield* Effect.makeSemaphore(probes)

  const ask = (piece: Range) =>
    Effect.suspend((): Effect.Effect<Answer> => {
      if (isOver || isPaused) return Effect.succeed({ ...piece, found: undefined, errors: [], isRefused: true })
      const errors: Array<FetchError.FetchError> = []
      const each = requests.attempted(source, request, piece, errors)
      return Effect.gen(function*() {
        const sent = Effect.provideService(search(piece), EachRequest, each)
        const answer = yield* requests.request(source, request, piece, sent, errors)
        const found = Either.getOrElse(answer, () => undefined)
        for (const error of found?.errors ?? []) {
          yield* requests.request(source, request, piece, Effect.fail(error), errors)
        }
        const length = found?.klines.length ?? 0
        const failures = Either.isLeft(answer) ? [answer.left] : found?.errors ?? []
        for (const error of failures) {
          if (RetryPolicy.isRefusal(error)) isPaused = true
          else if (source === "vision" && error._tag === "ApiPermission") refused++
          else isOver ||= isLastWord(error)
        }
        if (length > 0 || failures.length === 0) {
          hasAnswered = true
          // An archive that refuses every request has no absent files either.
          refused = -Infinity
        }
        if (length > 0) {
          const isFirst = isProbing
          isProbing = false
          if (isFirst) yield* permits.release(concurrency)
        }
        isOver ||= refused >= refusals
        candles += length
        if (found !== undefined) yield* report(candles)
        return { ...piece, found, errors, isRefused: failures.some(RetryPolicy.isRefusal) }
      })
    })

  const probed = (piece: Range) => Effect.suspend(() => isProbing ? permits.withPermits(1)(ask(piece)) : ask(piece))
  const first = yield* Effect.forEach(pieces, probed, { concurrency })
  const isRepeated = isPaused && hasAnswered && !isOver
  isPaused = false
  const answers = !isRepeated
    ? first
    : yield* Effect.forEach(first, (answer) =>
      answer.isRefused
        ? Effect.map(ask(answer), (again) => lengthOf(again) >= lengthOf(answer) && isSent(again) ? again : answer)
        : Effect.succeed(answer))
  return {
    answers: answers.flatMap(({ end, found, start }) => found === undefined ? [] : [{ start, end, found }]),
    errors: answers.flatMap(({ errors }) => errors)
  }
})

const isSent = ({ errors, found }: Answer): boolean => found !== undefined || errors.length > 0

const lengthOf = ({ found }: Answer): number => found?.klines.length ?? 0
