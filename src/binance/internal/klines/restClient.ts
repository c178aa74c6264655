/**
 * Single requests to the REST API: rate-limited per market, classified, size-limited, and with the time of the
 * exchange.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Classifier from "../../../Classifier.js"
import type * as FetchContext from "../../../FetchContext.js"
import * as FetchError from "../../../FetchError.js"
import { withDeadline } from "../../../internal/deadline.js"
import { monotonicMillis as monotonic } from "../../../internal/monotonicMillis.js"
import { attempt, bounded } from "../../../internal/safe/json.js"
import * as Market from "../../Market.js"
import { ExchangeClock } from "./exchangeClock.js"
import { heardDate } from "./exchangeTime.js"
import * as failure from "./failure.js"
import { limitedText } from "./limitedBody.js"
import type { Fault } from "./restRows.js"

/** The body of a successful answer. */
export interface Body {
  readonly text: string
  readonly status: number
  readonly contentType: string
  /** The time at which the exchange made the answer, in milliseconds; NaN if it states none. */
  readonly date: number
  /** The time since then, if the answer comes from a cache, in milliseconds. */
  readonly age: number
  /** The time at which the request was sent, in monotonic milliseconds. */
  readonly sent: number
}

/** Parses a body. Fails with a description of its fault. */
type Reader<A> = (body: Body) => Effect.Effect<A, unknown>

/** Keeps requests below the limits of a host. The request reports the used weight that its answer states. */
interface Limit {
  readonly pass: <A, E, R>(
    weight: number,
    request: (report: (used: number) => Effect.Effect<void>) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | FetchError.ApiRateLimit, R>
}

export interface RestClient {
  readonly clock: (market: Market.Market) => ExchangeClock
  readonly get: <A>(
    market: Market.Market,
    url: string,
    weight: number,
    context: FetchContext.Input,
    read: Reader<A>
  ) => Effect.Effect<A, failure.KlinesError>
}

// A page has at most 1,500 rows of about 200 bytes.
const maxBody = 8 * 1_048_576

export const makeRestClient = Effect.fnUntraced(function*(
  timeout: Duration.Duration,
  baseOf: (market: Market.Market) => string,
  limiter: (host: string, weightPerMinute: number) => Effect.Effect<Limit>,
  rules: ReadonlyArray<Classifier.Rule>
): Effect.fn.Return<RestClient, never, HttpClient.HttpClient> {
  // The exchange ignores trace ids, and in a browser a custom header costs a preflight request.
  const client = (yield* HttpClient.HttpClient).pipe(HttpClient.withTracerPropagation(false))
  const limiterOf = (market: Market.Market) =>
    limiter(`${market} ${baseOf(market)}`, Market.facts[market].weightPerMinute)
  const limiters = {
    SPOT: yield* limiterOf("SPOT"),
    FUTURES_USDT: yield* limiterOf("FUTURES_USDT"),
    FUTURES_COIN: yield* limiterOf("FUTURES_COIN")
  }
  const clocks = { SPOT: new ExchangeClock(), FUTURES_USDT: new ExchangeClock(), FUTURES_COIN: new ExchangeClock() }
  /** The time of a market, or else of another one. All markets have the same time. */
  const timeOf = (market: Market.Market, at: number): number | undefined =>
    [clocks[market], ...Object.values(clocks)].map((clock) => clock.earliest(at)).find((time) => time !== undefined)

  return {
    clock: (market) => clocks[market],
    get: (market, url, weight, context, read) =>
      limiters[market].pass(weight, (report) =>
        Effect.gen(function*() {
          const sent = yield* monotonic
          const response = yield* client.get(url, { acceptJson: true })
          const { headers, status } = response
          const { age, date } = yield* heardDate(clocks[market], hostOf(baseOf(market)), headers, sent)
          yield* report(Number(headers["x-mbx-used-weight-1m"]))
          const sound = yield* HttpClientResponse.filterStatusOk(response)
          const text = yield* limitedText(sound, maxBody)
          return yield* read({ text, status, contentType: headers["content-type"] ?? "", date, age, sent })
        }).pipe(
          withDeadline({
            duration: timeout,
            onTimeout: () => failure.timedOut("No whole answer", timeout, "total")
          }),
          Effect.catchAll((cause) =>
            Effect.flatMap(
              monotonic,
              (at) => Effect.flatMap(failure.classify(cause, context, timeOf(market, at), rules), Effect.fail)
            )
          )
        )).pipe(Effect.mapError((error) => FetchError.withContext(error, context)))
  }
})

const hostOf = (url: string): string => attempt(() => new URL(url).host) ?? url

/**
 * The error of a successful answer whose body is not a list. An error object is classified by its code, as in any
 * answer. An HTML page is retryable once. Any other fault is retryable, since it may be transient.
 */
export const oddAnswer = ({ contentType, status, text }: Body, fault: Fault, isRepeated: boolean): unknown => {
  const kind = `status ${status}, ${contentType === "" ? "no content type" : contentType}`
  const start = text.trimStart()
  if (/^text\/html/i.test(contentType) || start.startsWith("<")) {
    return new FetchError.ApiFormat({
      message: `The response is a page of HTML (${kind}), not a list of candles${
        isRepeated ? "; the second one for this request" : ""
      }`,
      status,
      bodyExcerpt: bounded(start, 512),
      retryable: !isRepeated
    })
  }
  const body = start.startsWith("{") ? attempt((): unknown => JSON.parse(text)) : undefined
  if (typeof body === "object" && body !== null && "code" in body && Number(body.code) < 0) {
    return { message: "The answer is an error", status, headers: {}, data: body }
  }
  return new FetchError.DataTransformation({
    message: start === "" ? `The response is empty (${kind})` : `${fault.message} (${kind})`,
    excerpt: fault.excerpt,
    retryable: true
  })
}
