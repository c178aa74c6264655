/**
 * Another API with error codes of its own: one table and one rule teach the classifier to read them.
 */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { Console, Effect, Layer, Option, Schema } from "effect"
import { Classifier, ErrorTracker, Fetch, FetchError } from "effect-errata"

/** Kraken answers 200 and says in the body what went wrong: `{ "error": ["EAPI:Rate limit exceeded"] }`. */
const table = {
  "EAPI:Rate limit exceeded": FetchError.ApiRateLimit,
  "EAPI:Invalid key": FetchError.ApiAuth,
  "EGeneral:Permission denied": FetchError.ApiPermission,
  "EQuery:Unknown asset pair": FetchError.ApiFormat
}

class KrakenError
  extends Schema.TaggedError<KrakenError>()("KrakenError", { error: Schema.NonEmptyArray(Schema.String) })
{}

const kraken: Classifier.Rule = (cause, { context }) => {
  if (!(cause instanceof KrakenError)) return Option.none()
  const [apiCode] = cause.error
  const known = Object.entries(table).find(([code]) => code === apiCode)
  return Option.map(
    Option.fromNullable(known),
    ([, Error]) => new Error({ apiCode, message: `Kraken says ${apiCode}`, context, cause })
  )
}

const Answer = Schema.Struct({ error: Schema.Array(Schema.String), result: Schema.optional(Schema.Unknown) })

const ticker = (pair: string) =>
  HttpClient.get("https://api.kraken.com/0/public/Ticker", { urlParams: { pair } }).pipe(
    Effect.flatMap(HttpClientResponse.schemaBodyJson(Answer)),
    Effect.filterOrFail(({ error }) => error.length === 0, ({ error: [first = "", ...rest] }) =>
      new KrakenError({ error: [first, ...rest] })),
    Fetch.tracked({ symbol: pair, source: "kraken" }),
    Effect.matchEffect({
      onFailure: ({ code, retryable }) =>
        Console.log(`${pair}: ${code}, ${retryable ? "again later" : "give up"}`),
      onSuccess: () => Console.log(`${pair}: fine`)
    })
  )

// A stand-in for the exchange, so that this runs anywhere.
const answers: Record<string, unknown> = {
  XBTUSD: { error: [], result: {} },
  NOSUCH: { error: ["EQuery:Unknown asset pair"] },
  XMRUSD: { error: ["EAPI:Rate limit exceeded"] }
}
const Stub = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request, url) =>
    Effect.succeed(HttpClientResponse.fromWeb(request, Response.json(answers[url.searchParams.get("pair") ?? ""])))
  )
)

await Effect.runPromise(
  Effect.forEach(Object.keys(answers), ticker).pipe(
    Effect.provide([Stub, ErrorTracker.layer(), Classifier.layerRules([kraken])])
  )
)
