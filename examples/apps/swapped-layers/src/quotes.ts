import { HttpClient, HttpClientResponse } from "@effect/platform"
import { Context, Effect, Layer, Schema } from "effect"
import { type ErrorTracker, Fetch, type FetchError, RetryPolicy } from "effect-errata"

const Quote = Schema.Struct({ bid: Schema.Number, ask: Schema.Number })

/** Quotes from an API: each call has a deadline, is counted, and is retried. */
export class Quotes extends Context.Tag("Quotes")<Quotes, {
  readonly get: (
    symbol: string
  ) => Effect.Effect<typeof Quote.Type, FetchError.FetchError | RetryPolicy.Refusal, ErrorTracker.ErrorTracker>
}>() {
  static readonly layer = Layer.effect(
    Quotes,
    Effect.gen(function*() {
      const client = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
      const policy = yield* RetryPolicy.make({ source: "quotes" })
      return {
        get: (symbol) =>
          client.get(`https://quotes.test/${symbol}`).pipe(
            Effect.flatMap(HttpClientResponse.schemaBodyJson(Quote)),
            Fetch.timeout("5 seconds"),
            Fetch.tracked({ symbol, source: "quotes" }, { attempts: true }),
            Fetch.retry(policy)
          )
      }
    })
  )
}

/** The middle of a quote, or none where the API has no data. */
export const middle = (symbol: string) =>
  Effect.gen(function*() {
    const quotes = yield* Quotes
    const { ask, bid } = yield* quotes.get(symbol)
    return (ask + bid) / 2
  }).pipe(Effect.asSome, Effect.catchTag("ApiAuth", () => Effect.succeedNone))
