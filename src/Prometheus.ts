/**
 * The counts of a tracker for Prometheus: a page to scrape, and the alert rules that go with it.
 *
 * Guide: [Prometheus and OpenTelemetry](../docs/metrics.md).
 *
 * @since 0.1.0
 * @module
 */
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Dimension, Options as TrackerOptions } from "./ErrorTracker.js"
import { ErrorTracker } from "./ErrorTracker.js"
import * as Check from "./internal/options.js"
import { alertRules } from "./internal/prometheus/alertRules.js"
import * as Exposition from "./internal/prometheus/exposition.js"
import { negotiated } from "./internal/prometheus/negotiation.js"
import { pathOf, source } from "./internal/prometheus/pageArguments.js"
import { policyFamilies } from "./internal/prometheus/policyFamilies.js"
import { alertedOf, styleOf } from "./internal/prometheus/ruleOptions.js"
import type * as Model from "./internal/tracker/measures/family.js"
import { measure } from "./internal/tracker/measures/measure.js"
import { measured } from "./internal/tracker/measures/serviceReadings.js"
import { snapshotReadings } from "./internal/tracker/measures/snapshotReadings.js"
import * as RetryPolicy from "./RetryPolicy.js"
import type { Snapshot } from "./Snapshot.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * One value of a family, with the values of its labels in the order of the family. An empty label value stands for no label.
 *
 * @since 0.1.0
 * @category models
 */
export type Sample = Model.Sample

/**
 * The count, the sum and the quantiles of a summary.
 *
 * @since 0.1.0
 * @category models
 */
export type Summary = Model.Summary

/**
 * A metric: its name, type, help and labels, and its samples.
 *
 * @since 0.1.0
 * @category models
 */
export type Family = Model.Family

/**
 * `text`: the text format 0.0.4. `openmetrics`: OpenMetrics 1.0.
 *
 * @since 0.1.0
 * @category models
 */
export type Format = Exposition.Format

/**
 * The options of a page.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The dimensions whose values have samples of their own, `errata_dimension_errors_total` and
   * `errata_dimension_attempts_total`. Each is one of the dimensions of the tracker. Default: none, since every value is a
   * series of its own in Prometheus.
   */
  readonly dimensions?: ReadonlyArray<Dimension> | undefined
  /**
   * The dimensions whose values have a summary of their durations, `errata_dimension_duration_seconds`: `source`, or one of the
   * dimensions of the tracker. Default: none, since every value is five series.
   */
  readonly latency?: ReadonlyArray<Dimension> | undefined
  /**
   * The number of values with samples per dimension. Further values are left out, and counted by
   * `errata_dimension_values_omitted`. Default 200.
   */
  readonly maxValues?: number | undefined
}

/**
 * The options of {@link text}.
 *
 * @since 0.1.0
 * @category models
 */
export interface TextOptions extends Options {
  /** Default `text`. */
  readonly format?: Format | undefined
}

/**
 * The limits of {@link rules}: the options of a tracker, and an objective for all calls.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits extends TrackerOptions {
  /** The share of calls that are to succeed, as in a `Threshold.ObjectiveRule` with the name `calls`. */
  readonly objective?: number | undefined
}

/**
 * The options of {@link rules}.
 *
 * @since 0.1.0
 * @category models
 */
export interface RulesOptions {
  /**
   * The labels of a target by which counts are grouped. Within a group, they are summed up over all processes. Default
   * `["job"]`.
   */
  readonly groupBy?: ReadonlyArray<string> | undefined
  /**
   * How long an alert stays active after its expression has stopped to hold, so that a target that is down for some scrapes
   * does not resolve it. Requires Prometheus 2.42; zero writes rules for older ones. Default 1 minute.
   */
  readonly keepFiringFor?: Duration.DurationInput | undefined
  /** Further labels of every alert. They replace `severity`, whose values are `info`, `warning`, `error` and `critical`. */
  readonly labels?: Readonly<Record<string, string>> | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// accessors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The metric families of the tracker, and of the retry policies that were made with it.
 *
 * Counters count the events of this process: they start at 0, continue through a reset of the tracker, and do not include
 * the counts of a restored snapshot. Gauges are the exact counts of the tracker in its windows, with its limits. Dies with an
 * `IllegalArgumentException` if an option is wrong.
 *
 * @example
 * import { Effect } from "effect"
 * import { ErrorTracker, FetchError, Prometheus } from "effect-errata"
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   yield* tracker.track(new FetchError.NetworkDns({ context: { symbol: "BTCUSDT" } }))
 *   const families = yield* Prometheus.families({ dimensions: ["symbol"] })
 *   return families.find(({ name }) => name === "errata_dimension_errors")?.samples
 * })
 *
 * assert.deepStrictEqual(
 *   Effect.runSync(program.pipe(Effect.provide(ErrorTracker.layer()))),
 *   [{ labels: ["symbol", "BTCUSDT", "NETWORK_DNS"], value: 1 }]
 * )
 *
 * @since 0.1.0
 * @category accessors
 */
export const families = (options: Options = {}): Effect.Effect<ReadonlyArray<Family>, never, ErrorTracker> =>
  familiesFor("Prometheus.families", options)

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Writes a page for Prometheus from the {@link families} of a tracker, or from a snapshot. You can add families of your own.
 * Samples have no timestamps: Prometheus uses the time of the scrape.
 *
 * A snapshot contains the counters since the start of the tracker, and no rules. Throws an `IllegalArgumentException` if an
 * option is wrong.
 *
 * @example
 * import { Effect } from "effect"
 * import { ErrorTracker, FetchError, Prometheus } from "effect-errata"
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   yield* tracker.track(new FetchError.NetworkDns())
 *   return Prometheus.text(yield* tracker.snapshot).split("\n")
 * })
 *
 * const lines = Effect.runSync(program.pipe(Effect.provide(ErrorTracker.layer())))
 *
 * assert.strictEqual(lines[0], "# HELP errata_errors_total Errors by code, expected empties excluded.")
 * assert.strictEqual(lines[1], "# TYPE errata_errors_total counter")
 * assert.strictEqual(lines[2], `errata_errors_total{error_type="NETWORK_DNS",severity="ERROR"} 1`)
 *
 * @since 0.1.0
 * @category constructors
 */
export const text = (self: Snapshot | ReadonlyArray<Family>, options: TextOptions = {}): string => {
  const { dimensions, format, latency, maxValues } = Check.orThrow("Prometheus.text", textOptions("", options))
  Check.orThrow("Prometheus.text", source("the first argument", self))
  const families = isFamilies(self)
    ? self
    : measure(snapshotReadings(self), { names: dimensions, latency, maxValues }).families
  return Exposition.exposition(families, format)
}

/**
 * Writes the alert rules of limits, rules and objectives as the YAML of a rule file. Limits that are left out have their
 * defaults: pass the options of the tracker.
 *
 * - An alert fires when the count of all processes of a group exceeds the limit, and stays active until the count is at or
 *   below `recoverAt` of it. The counts are those of the windows of the processes: `increase` would extrapolate them, and miss
 *   the first errors of a new series.
 * - A rule on a dimension has an alert for each value. Its series are those of the 20 values with the most errors in each
 *   process.
 * - An objective has two alerts: the error budget is spent 14.4 times too fast in the last hour and the last 5 minutes
 *   (`severity` is `critical`), or 6 times too fast in the last 6 hours and the last 30 minutes (`warning`). As in the tracker,
 *   nothing fires with fewer events than `minEvents`; unlike there, a single bad minute can fire.
 *
 * Throws an `IllegalArgumentException` if an option is wrong.
 *
 * @example
 * import { Prometheus } from "effect-errata"
 *
 * const yaml = Prometheus.rules({ thresholds: { API_AUTH: { perHour: 5 } }, objective: 0.999 })
 *
 * assert.match(yaml, /sum by \(job\) \(errata_window_errors\{error_type="API_AUTH",window="hour"\}\) > 5/)
 * assert.match(yaml, /> 0.0144/)
 *
 * @since 0.1.0
 * @category constructors
 */
export const rules = (limits: Limits = {}, options: RulesOptions = {}): string =>
  alertRules(
    Check.orThrow("Prometheus.rules", alertedOf(limits)),
    Check.orThrow("Prometheus.rules", styleOf(options))
  )

/**
 * The response to a scrape, for any router: the page in the format that the request accepts. Dies with an
 * `IllegalArgumentException` if an option is wrong.
 *
 * @since 0.1.0
 * @category constructors
 */
export const respond = (
  options?: Options
): Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  never,
  HttpServerRequest.HttpServerRequest | ErrorTracker
> => respondAs("Prometheus.respond", options)

/**
 * Adds the page to an `HttpRouter`, at `/metrics` unless there is another path. For an `HttpLayerRouter`, see {@link layer}.
 *
 * Throws an `IllegalArgumentException` if an option is wrong. A dimension that the tracker does not keep is known at the
 * scrape only, which dies.
 *
 * @example
 * import { HttpApp, HttpRouter } from "@effect/platform"
 * import { Effect } from "effect"
 * import { ErrorTracker, Prometheus } from "effect-errata"
 *
 * const program = Effect.gen(function*() {
 *   const router = HttpRouter.empty.pipe(Prometheus.route())
 *   const handler = HttpApp.toWebHandlerRuntime(yield* Effect.runtime<ErrorTracker.ErrorTracker>())(router)
 *   return yield* Effect.promise(() => handler(new Request("http://localhost/metrics")))
 * })
 *
 * Effect.runPromise(program.pipe(Effect.provide(ErrorTracker.layer()))).then(({ headers }) =>
 *   assert.strictEqual(headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8")
 * )
 *
 * @since 0.1.0
 * @category combinators
 */
export const route = (path: HttpRouter.PathInput = "/metrics", options?: Options) =>
<E, R>(
  self: HttpRouter.HttpRouter<E, R>
): HttpRouter.HttpRouter<
  E,
  R | Exclude<HttpServerRequest.HttpServerRequest | ErrorTracker, HttpRouter.HttpRouter.Provided>
> => {
  Check.orThrow("Prometheus.route", pathOf("path", path))
  Check.orThrow("Prometheus.route", checkedOptions("", options ?? {}))
  return HttpRouter.get(self, path, respondAs("Prometheus.route", options))
}

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Adds the page to the `HttpLayerRouter` of the application, at `/metrics` unless there is another path. Dies with an
 * `IllegalArgumentException` if an option is wrong, when the layer is built.
 *
 * @example
 * import { HttpLayerRouter } from "@effect/platform"
 * import { Layer } from "effect"
 * import { ErrorTracker, Prometheus } from "effect-errata"
 *
 * // With a server: HttpLayerRouter.serve(App).pipe(Layer.provide(NodeHttpServer.layer(createServer, { port: 9464 })))
 * const App = Prometheus.layer().pipe(Layer.provide(ErrorTracker.layer()))
 *
 * const { dispose, handler } = HttpLayerRouter.toWebHandler(App)
 * const response = await handler(new Request("http://localhost/metrics"))
 *
 * assert.strictEqual(response.status, 200)
 * await dispose()
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  path: HttpRouter.PathInput = "/metrics",
  options?: Options
): Layer.Layer<never, never, HttpLayerRouter.HttpRouter | ErrorTracker> => {
  // Refuses wrong options before the first scrape.
  const checked: Effect.Effect<unknown, never, ErrorTracker> = Effect.zipRight(
    Check.orDie("Prometheus.layer", pathOf("path", path)),
    familiesFor("Prometheus.layer", options)
  )
  return Layer.unwrapEffect(
    Effect.zipWith(
      ErrorTracker,
      checked,
      (tracker) =>
        HttpLayerRouter.add(
          "GET",
          path,
          Effect.provideService(respondAs("Prometheus.layer", options), ErrorTracker, tracker)
        )
    )
  )
}

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

/** The families, with the name of the function that refuses wrong options. */
const familiesFor = (
  owner: string,
  options: Options = {}
): Effect.Effect<ReadonlyArray<Family>, never, ErrorTracker> =>
  Effect.flatMap(
    Effect.zip(ErrorTracker, Check.orDie(owner, checkedOptions("", options))),
    ([tracker, { dimensions, latency, maxValues }]) =>
      Effect.zipWith(
        measured(tracker, { owner, names: dimensions, latency, maxValues }),
        RetryPolicy.states,
        ({ families }, states) => [...families, ...policyFamilies(states)]
      )
  )

const respondAs = (
  owner: string,
  options: Options | undefined
): Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  never,
  HttpServerRequest.HttpServerRequest | ErrorTracker
> =>
  Effect.zipWith(HttpServerRequest.HttpServerRequest, familiesFor(owner, options), ({ headers }, families) => {
    const format = negotiated(headers["accept"])
    return HttpServerResponse.text(Exposition.exposition(families, format), {
      contentType: Exposition.contentTypes[format],
      headers: { "cache-control": "no-store", vary: "accept" }
    })
  })

const isFamilies = (self: Snapshot | ReadonlyArray<Family>): self is ReadonlyArray<Family> => Array.isArray(self)

const optionChecks = {
  dimensions: Check.withDefault(Check.listOf("a list of dimensions", Check.text), []),
  latency: Check.withDefault(Check.listOf("a list of dimensions", Check.text), []),
  maxValues: Check.withDefault(Check.wholeNumber(1), 200)
} satisfies Check.Checks<Options>

const checkedOptions = Check.struct(optionChecks)

const textOptions = Check.struct(
  {
    ...optionChecks,
    format: Check.withDefault(Check.oneOf("format", ["text", "openmetrics"]), "text")
  } satisfies Check.Checks<TextOptions>
)
