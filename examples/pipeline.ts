/**
 * A typed fetch, from the request to a value: a deadline, a check for empty answers, classification, counting, and a
 * result that holds data and error.
 */
import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import { Console, Effect, Layer, Schema } from "effect"
import { ErrorLog, ErrorTracker, Fetch } from "effect-errata"
import { FaultyExchange } from "effect-errata/testing"

const Candles = Schema.Array(Schema.Tuple([Schema.Number, Schema.NumberFromString], Schema.Unknown))

const candles = (symbol: string) =>
  Effect.gen(function*() {
    const client = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
    const { url } = yield* FaultyExchange.FaultyExchange
    return yield* client.get(`${url}/api/v3/klines`, { urlParams: { symbol, interval: "1h", limit: 24 } }).pipe(
      Effect.flatMap(HttpClientResponse.schemaBodyJson(Candles))
    )
  }).pipe(
    Fetch.timeout("5 seconds"),
    Fetch.failOnEmpty({ isEmpty: (rows) => rows.length === 0, reason: "api_response" }),
    // The errors of client, schema and deadline become one closed union. Each failure is counted and logged.
    Fetch.tracked({}, { attempts: true }),
    Fetch.toDataResult({ empty: () => [] }),
    // The context of errors, logs and results.
    Fetch.annotate({ symbol, interval: "1h", market: "SPOT", source: "rest" })
  )

const program = Effect.gen(function*() {
  const results = yield* Effect.forEach(["BTCUSDT", "ETHUSDT", "NOSUCHUSDT"], candles, { concurrency: 3 })
  for (const result of results) yield* Console.log(result.toLogRecord())

  const tracker = yield* ErrorTracker.ErrorTracker
  const { byCode, errorRatio } = yield* tracker.stats()
  yield* Console.log({ byCode, errorRatio })
})

// A simulated exchange on this machine. The pipeline is the same for Binance.
const Live = Layer.mergeAll(ErrorTracker.layer(), FaultyExchange.layer(), FetchHttpClient.layer).pipe(
  Layer.provideMerge(ErrorLog.layerText)
)

await Effect.runPromise(Effect.provide(program, Live))
