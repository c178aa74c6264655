/**
 * An API with error codes of its own: `Classifier.table` makes a rule from the codes that the API documents.
 */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { Console, Effect, Layer, Schema } from "effect"
import { Classifier, ErrorTracker, Fetch } from "effect-errata"

/** Kraken answers with status 200 and an error in the body: `{ "error": ["EAPI:Rate limit exceeded"] }`. */
class KrakenError
  extends Schema.TaggedError<KrakenError>()("KrakenError", { error: Schema.NonEmptyArray(Schema.String) })
{}

const kraken = Classifier.table({
  name: "Kraken",
  select: (cause) => cause instanceof KrakenError ? cause.error[0] : undefined,
  rows: {
    "EAPI:Rate limit exceeded": { tag: "ApiRateLimit", hint: "send fewer requests" },
    "EAPI:Invalid key": { tag: "ApiAuth" },
    "EGeneral:Permission denied": { tag: "ApiPermission" },
    "EQuery:Unknown asset pair": { tag: "ApiFormat", hint: "see /0/public/AssetPairs" }
  }
})

const Answer = Schema.Struct({ error: Schema.Array(Schema.String), result: Schema.optional(Schema.Unknown) })

const ticker = (pair: string) =>
  HttpClient.get("https://api.kraken.com/0/public/Ticker", { urlParams: { pair } }).pipe(
    Effect.flatMap(HttpClientResponse.schemaBodyJson(Answer)),
    Effect.filterOrFail(({ error }) => error.length === 0, ({ error: [first = "", ...rest] }) =>
      new KrakenError({ error: [first, ...rest] })),
    Fetch.tracked({ symbol: pair, source: "kraken" }),
    Effect.matchEffect({
      onFailure: ({ code, message, retryable }) =>
        Console.log(`${pair}: ${code}, ${retryable ? "retryable" : "not retryable"}: ${message}`),
      onSuccess: () =>
        Console.log(`${pair}: success`)
    })
  )

// Stands in for the exchange, so that the example runs without a network.
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
