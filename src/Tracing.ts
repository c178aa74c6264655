/**
 * Spans by the conventions of OpenTelemetry and without secrets, whatever the tracer.
 *
 * Guide: [Prometheus and OpenTelemetry](../docs/metrics.md).
 *
 * @since 0.1.0
 * @module
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Tracer from "effect/Tracer"
import * as Decorator from "./internal/tracing/spanDecorator.js"

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The same tracer with the spans that {@link layer} describes. Spans stay the objects that the tracer makes.
 *
 * @since 0.1.0
 * @category combinators
 */
export const decorate: (tracer: Tracer.Tracer) => Tracer.Tracer = Decorator.decorate

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Decorates the current tracer: that of `@effect/opentelemetry`, of the OpenTelemetry SDK, or any other. Provide the layer
 * of the tracer to this one.
 *
 * - **Failures.** `error.type` is the code of the error (`API_RATE_LIMIT`), as in the log and in metrics; for other errors
 *   their tag or name; for a response the status. A response of 400 or more fails the span of a client, one of 500 or more
 *   that of a server.
 * - **Calls.** The span around `Fetch.retry` has `errata.attempts`, `errata.earlier_errors`, and `errata.recovered`,
 *   `errata.gave_up` or `errata.refused`. A call that recovers is no failure of its span. The span of a request that is a
 *   retry has `http.request.resend_count`.
 * - **Addresses.** `server.address` is a host, and `server.port` its port, where a client writes a URL.
 * - **Secrets** are masked in names, attributes, events, links, and in the messages and stacks of errors: `url.full`,
 *   `url.query`, headers.
 * - **One record.** The lines of `ErrorLog` are no events of the span: they are in the log, and the span says that it failed.
 *
 * All else is passed on as it is.
 *
 * @example
 * import { Effect, Option } from "effect"
 * import { ErrorTracker, Fetch, FetchError, Tracing } from "effect-errata"
 *
 * const program = Effect.fail(new FetchError.ApiFormat({ status: 503 })).pipe(
 *   Fetch.tracked({ source: "rest" }),
 *   Effect.zipRight(Effect.void),
 *   Effect.exit,
 *   Effect.zipRight(Effect.currentSpan),
 *   Effect.tap((span) => Effect.sync(() => span.attribute("url.full", "https://api.example.com/?apiKey=hunter2"))),
 *   Effect.withSpan("candles"),
 *   Effect.map((span) => span.attributes.get("url.full"))
 * )
 *
 * Effect.runPromise(program.pipe(Effect.provide(Tracing.layer), Effect.provide(ErrorTracker.layerNoop))).then((url) =>
 *   assert.strictEqual(url, "https://api.example.com/?apiKey=<redacted>")
 * )
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<never> = Layer.unwrapEffect(
  Effect.map(Effect.tracer, (tracer) => Layer.setTracer(decorate(tracer)))
)
