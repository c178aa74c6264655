/**
 * `GET /price/:symbol` answers from the API at `UPSTREAM_URL`, `GET /metrics` is the page for Prometheus, and alerts go to
 * `WEBHOOK_URL`. `PORT` is the port to listen on (default 8080).
 */
import {
  FetchHttpClient,
  HttpClient,
  HttpClientResponse,
  HttpRouter,
  HttpServer,
  HttpServerResponse
} from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Duration, Effect, Layer, Option, Schema } from "effect"
import { ErrorLog, ErrorTracker, Fetch, Notifier, Prometheus, RetryPolicy, TrackedClient } from "effect-errata"
import { createServer } from "node:http"

const Price = Schema.Struct({ symbol: Schema.String, price: Schema.Number })

class Prices extends Effect.Service<Prices>()("Prices", {
  effect: Effect.gen(function*() {
    const upstream = yield* Config.string("UPSTREAM_URL")
    const client = TrackedClient.make({
      source: "upstream",
      endpoints: ["/price/:symbol"],
      timeout: "2 seconds",
      retry: yield* RetryPolicy.make({ source: "upstream" })
    })(yield* HttpClient.HttpClient)
    return {
      of: (symbol: string) =>
        client.json(`${upstream}/price/${encodeURIComponent(symbol)}`, Price).pipe(Fetch.annotate({ symbol }))
    }
  })
}) {}

const router = HttpRouter.empty.pipe(
  HttpRouter.get(
    "/price/:symbol",
    Effect.gen(function*() {
      const { symbol = "" } = yield* HttpRouter.params
      const { of } = yield* Prices
      return yield* of(symbol).pipe(
        Effect.flatMap(HttpServerResponse.json),
        Effect.catchTags({
          // The caller may try again when the upstream allows it.
          ApiRateLimit: ({ code, retryAfter }) =>
            HttpServerResponse.json({ code }, {
              status: 503,
              headers: {
                "retry-after": String(Math.ceil(Duration.toSeconds(Option.getOrElse(retryAfter, () => "1 second"))))
              }
            }),
          NetworkTimeout: ({ code }) => HttpServerResponse.json({ code }, { status: 504 })
        }),
        Effect.catchAll((error) =>
          "code" in error ? HttpServerResponse.json({ code: error.code }, { status: 502 }) : Effect.die(error)
        )
      )
    })
  ),
  Prometheus.route("/metrics")
)

const Alerts = Layer.unwrapEffect(
  Effect.map(Config.redacted("WEBHOOK_URL"), (url) => Notifier.layer(Notifier.webhook(url)))
)

const Server = Layer.unwrapEffect(
  Effect.map(Config.withDefault(Config.port("PORT"), 8080), (port) => NodeHttpServer.layer(createServer, { port }))
)

const Live = router.pipe(
  HttpServer.serve(),
  HttpServer.withLogAddress,
  Layer.provide([Server, Prices.Default, Alerts]),
  Layer.provide(ErrorTracker.layer({ thresholds: { API_FORMAT: { perMinute: 2 } } })),
  Layer.provide([FetchHttpClient.layer, ErrorLog.layerJson])
)

NodeRuntime.runMain(Layer.launch(Live))
