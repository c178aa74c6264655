/** The errors of a source of klines over HTTP, and their classification. */
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Classifier from "../../../Classifier.js"
import type * as FetchContext from "../../../FetchContext.js"
import * as FetchError from "../../../FetchError.js"
import { withRetryAfter } from "../../../internal/error/copy.js"
import * as RetryPolicy from "../../../RetryPolicy.js"

/** Storage errors and `DataEmpty` are excluded: no disk is involved, and empty parts are values. */
export type KlinesError =
  | FetchError.NetworkError
  | FetchError.ApiError
  | Exclude<FetchError.DataError, FetchError.DataEmpty>
  | FetchError.OtherError

/**
 * Classifies a failure. The rules of the caller take precedence over `own`. `now` is the time of the server, as far as it
 * is known: an answer without a `Date` may ask for a wait until an instant.
 */
export const classify = Effect.fnUntraced(function*(
  cause: unknown,
  context: FetchContext.Input,
  now: number | undefined,
  own: ReadonlyArray<Classifier.Rule>
): Effect.fn.Return<KlinesError> {
  const rules = yield* Classifier.Rules
  const classified = Classifier.classify(cause, { context, now })
  const error = precise(yield* Effect.provideService(classified, Classifier.Rules, [...rules, ...own]))
  const wait = error._tag === "ApiRateLimit" ? correctedWait(error, cause, now) : undefined
  return wait === undefined ? error : withRetryAfter(error, wait)
})

/**
 * The wait of a rate limit, where the classified one is wrong; `undefined` where it is right. Without a known time, an
 * answer without a `Date` that asks for a wait until an instant was compared with the local clock, which may be wrong by
 * days. A ban of unknown length is tried again after the shortest one: the next answer may state a time.
 */
const correctedWait = (
  { banned, retryAfter }: FetchError.ApiRateLimit,
  cause: unknown,
  now: number | undefined
): Duration.Duration | undefined => {
  const isUndated = now === undefined && dateOf(cause) === undefined
  const seconds = isUndated ? secondsOf(cause) : undefined
  if (seconds !== undefined) return Duration.seconds(seconds)
  const wait = Option.getOrElse(retryAfter, () => Duration.zero)
  const isUnknown = isUndated || Duration.equals(wait, Duration.zero)
  return banned && isUnknown ? shortestBan : undefined
}

const shortestBan = Duration.minutes(2)

const headersOf = (cause: unknown): Readonly<Record<string, string>> =>
  HttpClientError.isHttpClientError(cause) && cause._tag === "ResponseError" ? cause.response.headers : {}

const dateOf = (cause: unknown): string | undefined => headersOf(cause)["date"]

/** The wait in seconds of an answer. Its body may ask for a wait until an instant as well. */
const secondsOf = (cause: unknown): number | undefined => {
  const { "retry-after": wait = "" } = headersOf(cause)
  return /^\d{1,7}$/.test(wait) ? Number(wait) : undefined
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
