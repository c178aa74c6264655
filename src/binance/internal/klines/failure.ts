/** The errors of a source of klines over HTTP, and their classification. */
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Classifier from "../../../Classifier.js"
import type * as FetchContext from "../../../FetchContext.js"
import * as FetchError from "../../../FetchError.js"
import { withRetryAfter } from "../../../internal/error/copy.js"
import { monotonicMillis } from "../../../internal/monotonicMillis.js"
import * as RetryPolicy from "../../../RetryPolicy.js"
import type { ExchangeClock } from "./exchangeClock.js"

/** Storage errors and `DataEmpty` are excluded: no disk is involved, and empty parts are values. */
export type KlinesError =
  | FetchError.NetworkError
  | FetchError.ApiError
  | Exclude<FetchError.DataError, FetchError.DataEmpty>
  | FetchError.OtherError

/**
 * Classifies a failure. The rules of the caller take precedence over `own`. An answer without a `Date` may ask for a wait
 * until an instant, which counts by the clock of the server, as far as it is known.
 */
export const classify = Effect.fnUntraced(function*(
  cause: unknown,
  context: FetchContext.Input,
  clock: ExchangeClock,
  own: ReadonlyArray<Classifier.Rule>
): Effect.fn.Return<KlinesError> {
  const rules = yield* Classifier.Rules
  const now = clock.earliest(yield* monotonicMillis)
  const classified = Classifier.classify(cause, { context, now })
  const error = precise(yield* Effect.provideService(classified, Classifier.Rules, [...rules, ...own]))
  const seconds = now === undefined ? undatedWait(cause) : undefined
  return error._tag === "ApiRateLimit" && seconds !== undefined
    ? withRetryAfter(error, Duration.seconds(seconds))
    : error
})

/**
 * The wait in seconds of an answer without a `Date`. Its body may ask for a wait until an instant as well, which only
 * the clock of the server can convert to a duration.
 */
const undatedWait = (cause: unknown): number | undefined => {
  if (!HttpClientError.isHttpClientError(cause) || cause._tag !== "ResponseError") return undefined
  const { date, "retry-after": wait = "" } = cause.response.headers
  return date === undefined && /^\d{1,7}$/.test(wait) ? Number(wait) : undefined
}

/** Converts a storage error or a `DataEmpty`, which only a wrong rule can produce, to `Unexpected`. */
const precise = (error: FetchError.FetchError): KlinesError => {
  switch (error._tag) {
    case "DataEmpty":
    case "StorageRead":
    case "StorageWrite":
    case "StorageSpace":
    case "StoragePermission": {
      const { cause, context, earlier, message, retryAfter, retryable } = error
      return new FetchError.Unexpected({ cause, context, earlier, message, retryAfter, retryable })
    }
    default:
      return error
  }
}

export const timedOut = (
  message: string,
  timeout: Duration.Duration,
  phase: NonNullable<FetchError.NetworkTimeout["phase"]>
): FetchError.NetworkTimeout =>
  new FetchError.NetworkTimeout({
    message: `${message} within ${Duration.format(timeout)}`,
    phase,
    timeoutMillis: Duration.toMillis(timeout)
  })

/** A corrupt file of the archive. Fetching it again gives the same file, so the error is not retryable. */
export const corrupt = (message: string, wanted?: string, found?: string, cause?: unknown): FetchError.DataIntegrity =>
  new FetchError.DataIntegrity({ message, wanted, found, cause, retryable: false })

/** True when the source would answer the next request in the same way: a limit, a ban, an unknown symbol, an open circuit. */
export const isLastWord = (error: FetchError.FetchError): boolean =>
  RetryPolicy.isRefusal(error) || (error.category === "Api" && (error._tag === "ApiRateLimit" || !error.retryable))
