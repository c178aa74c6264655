/**
 * Traces, metrics and logs of fetches, sent by OTLP to a collector: `OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318`. Without
 * the variable, a receiver in this process prints what arrives.
 *
 * `Tracing.layer` adds what the conventions of OpenTelemetry ask for and masks secrets, `ErrorMetrics.layer` adds the counts of
 * the tracker. Each failure is one record in the log: with its trace and span, and not a second time as an event of the span.
 */
import * as Otlp from "@effect/opentelemetry/Otlp"
import * as OtlpSerialization from "@effect/opentelemetry/OtlpSerialization"
import {
  FetchHttpClient,
  HttpClient,
  HttpClientResponse,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Config, Console, Effect, Layer, Logger, Option } from "effect"
import { ErrorMetrics, ErrorTracker, Fetch, RetryPolicy, Tracing } from "effect-errata"
import { createServer } from "node:http"

// ---------------------------------------------------------------------------------------------------------------------
// telemetry
// ---------------------------------------------------------------------------------------------------------------------

/** A span of an OTLP request, as far as it is changed here. */
interface Span {
  readonly kind: number
  status: { readonly code: number; readonly message?: string }
  attributes: ReadonlyArray<{ readonly key: string }>
  events: ReadonlyArray<{ readonly name: string }>
}

interface Traces {
  readonly resourceSpans: ReadonlyArray<{ readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<Span> }> }>
}

const status = { unset: 0, ok: 1, error: 2 }
const client = 3

/**
 * Corrects what the exporter writes besides the conventions: a success has no status, a failed span is no interrupted one, and
 * a failure with a line in the log is not a second time an event. The failures of requests are in the line of their fetch.
 */
const correct = (span: Span): void => {
  if (span.status.code === status.ok) span.status = { code: status.unset }
  if (span.status.code !== status.error) return
  span.attributes = span.attributes.filter(({ key }) => key !== "span.label" && key !== "status.interrupted")
  if (span.kind === client || span.attributes.some(({ key }) => key === "errata.counted")) {
    span.events = span.events.filter(({ name }) => name !== "exception")
  }
}

const serialization = Layer.effect(
  OtlpSerialization.OtlpSerialization,
  Effect.map(OtlpSerialization.OtlpSerialization, (json) => ({
    ...json,
    traces: (data: unknown) => {
      // The exporter calls this with such an object.
      const { resourceSpans } = data as Traces
      for (const { scopeSpans } of resourceSpans) for (const { spans } of scopeSpans) spans.forEach(correct)
      return json.traces(data)
    }
  }))
).pipe(Layer.provide(OtlpSerialization.layerJson))

/** `Tracing` and `ErrorMetrics` are released before the exporter, which sends their last spans and counts. */
const telemetry = (baseUrl: string) =>
  Layer.merge(Tracing.layer, ErrorMetrics.layer({ dimensions: ["source"] })).pipe(
    Layer.provideMerge(ErrorTracker.layer()),
    Layer.provideMerge(
      Otlp.layer({ baseUrl, resource: { serviceName: "candles" }, replaceLogger: Logger.defaultLogger })
    ),
    Layer.provide(serialization),
    Layer.provide(FetchHttpClient.layer)
  )

// ---------------------------------------------------------------------------------------------------------------------
// fetches
// ---------------------------------------------------------------------------------------------------------------------

/** An exchange that is overloaded now and then, and does not know a key. */
const exchange = Effect.sync(() => {
  const statuses: Record<string, Array<number>> = { "/klines": [200, 503, 200, 503, 503, 503], "/account": [401] }
  return HttpClient.make((request, { pathname }) =>
    Effect.sync(() => {
      const status = statuses[pathname]?.shift() ?? 200
      return HttpClientResponse.fromWeb(request, new Response(`{"msg":"status ${status}"}`, { status }))
    })
  )
})

const fetches = Effect.gen(function*() {
  const http = yield* exchange
  const policy = yield* RetryPolicy.make({ source: "rest", rows: { API_FORMAT: { base: "10 millis", retries: 2 } } })
  const fetch = (path: string, symbol: string) =>
    http.get(`https://api.example.com${path}?symbol=${symbol}&apiKey=4f9d8e7c6b5a43210fedcba987654321`).pipe(
      Effect.flatMap(HttpClientResponse.filterStatusOk),
      Effect.flatMap(({ json }) => json),
      Fetch.tracked({ symbol, source: "rest" }, { attempts: true }),
      Fetch.retry(policy),
      Effect.withSpan(`fetch ${path}`, { attributes: { symbol } }),
      Effect.ignore
    )
  // At once, at the second attempt, and not at all.
  for (const symbol of ["BTCUSDT", "ETHUSDT", "SOLUSDT"]) yield* fetch("/klines", symbol)
  yield* fetch("/account", "BTCUSDT")
})

// ---------------------------------------------------------------------------------------------------------------------
// collector
// ---------------------------------------------------------------------------------------------------------------------

/** Prints the paths and sizes of what arrives. */
const receiver = Effect.gen(function*() {
  const request = yield* HttpServerRequest.HttpServerRequest
  const body = yield* request.text
  yield* Console.log(`${request.url}: ${body.length} bytes`)
  return HttpServerResponse.empty()
})

const ownCollector = Effect.gen(function*() {
  yield* HttpServer.serveEffect(receiver)
  return yield* HttpServer.addressFormattedWith(Effect.succeed)
}).pipe(Effect.withTracerEnabled(false))

const program = Effect.gen(function*() {
  const endpoint = yield* Config.option(Config.string("OTEL_EXPORTER_OTLP_ENDPOINT"))
  const baseUrl = Option.isSome(endpoint) ? endpoint.value : yield* ownCollector
  yield* Effect.provide(fetches, telemetry(baseUrl))
}).pipe(
  Effect.provide(NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1" })),
  Effect.scoped
)

await Effect.runPromise(program)
