/** Requests to a source: each failure is counted and logged under this source, and retried by its policy. */
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import { ErrorTracker } from "../../../ErrorTracker.js"
import * as Fetch from "../../../Fetch.js"
import type * as FetchError from "../../../FetchError.js"
import * as RetryPolicy from "../../../RetryPolicy.js"
import type { KlineRequest } from "../../KlineRequest.js"
import type { Source } from "../../Klines.js"
import type { Market } from "../../Market.js"
import type { KlinesError } from "../klines/failure.js"
import type { Range } from "../klines/ranges.js"

export type Network = Exclude<Source, "cache">

export interface Policies {
  readonly vision: RetryPolicy.RetryPolicy | undefined
  readonly rest: Readonly<Record<Market, RetryPolicy.RetryPolicy | undefined>>
}

const contextOf = (source: Source, { interval, market, symbol }: KlineRequest, { end, start }: Range) => ({
  source,
  market,
  symbol,
  interval,
  start,
  end
})

export const makeSourceRequests = (tracker: typeof ErrorTracker.Service, policies: Policies) => ({
  /**
   * Runs a request to a source. An error that was counted per network request is not counted again. The error is added
   * to `met`.
   */
  request: <A>(
    source: Source,
    request: KlineRequest,
    range: Range,
    effect: Effect.Effect<A, FetchError.FetchError>,
    met: Array<FetchError.FetchError>
  ): Effect.Effect<Either.Either<A, FetchError.FetchError>> =>
    effect.pipe(
      Fetch.tracked(contextOf(source, request, range), {
        attempts: source === "cache",
        ignore: RetryPolicy.isRefusal
      }),
      Effect.provideService(ErrorTracker, tracker),
      Effect.tapError((error) => Effect.sync(() => met.push(error))),
      Effect.either
    ),

  /**
   * Runs a single network request, and counts its attempts. The failures that a later attempt recovered from are added
   * to `met`; the others are in the error of the request.
   */
  attempted:
    (source: Network, request: KlineRequest, range: Range, met: Array<FetchError.FetchError>) =>
    <A>(effect: Effect.Effect<A, KlinesError>): Effect.Effect<A, KlinesError> =>
      Effect.suspend(() => {
        const context = contextOf(source, request, range)
        const failures: Array<FetchError.FetchError> = []
        const attempt = effect.pipe(
          Fetch.tracked(context, { attempts: true, ignore: RetryPolicy.isRefusal }),
          Effect.provideService(ErrorTracker, tracker),
          Effect.tapError((error) => Effect.sync(() => failures.push(error)))
        )
        const policy = source === "vision" ? policies.vision : policies.rest[request.market]
        return (policy === undefined ? attempt : Fetch.retry(policy)(attempt)).pipe(
          // A request refused locally is not sent, so no attempt has this context.
          Fetch.annotate(context),
          Effect.tap(() => Effect.sync(() => met.push(...failures)))
        )
      })
})

export type SourceRequests = ReturnType<typeof makeSourceRequests>
