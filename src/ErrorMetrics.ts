/**
 * The counts of a tracker as Effect metrics, named by the conventions of OpenTelemetry, for any exporter of metrics.
 *
 * Guide: [Prometheus and OpenTelemetry](../docs/metrics.md).
 *
 * @since 0.1.0
 * @module
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as LogLevel from "effect/LogLevel"
import * as Schedule from "effect/Schedule"
import type { Dimension } from "./ErrorTracker.js"
import { ErrorTracker } from "./ErrorTracker.js"
import { writeDetached } from "./internal/log/write.js"
import { MetricsRecorder } from "./internal/metrics/metricsRecorder.js"
import * as Check from "./internal/options.js"
import { measured } from "./internal/tracker/measures/serviceReadings.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The options of {@link layer}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The time between two updates. Default 5 seconds. */
  readonly every?: Duration.DurationInput | undefined
  /**
   * The dimensions by whose values errors and attempts are counted, too. Each is one of the dimensions of the tracker.
   * Default: none, since every value is a series of its own, which Effect keeps for the life of the process.
   */
  readonly dimensions?: ReadonlyArray<Dimension> | undefined
  /**
   * The dimensions by whose values durations are reported, too: `source`, or one of the dimensions of the tracker. Default:
   * none. Values beyond `maxValues` have no durations.
   */
  readonly latency?: ReadonlyArray<Dimension> | undefined
  /** The number of values counted separately per dimension; further values are counted as `other`. Default 100. */
  readonly maxValues?: number | undefined
  /** Attributes of all metrics. Needed where a process has several trackers: their metrics have the same names. */
  readonly attributes?: Readonly<Record<string, string>> | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Updates metrics from the counts of the tracker: every few seconds, and when the layer is released. Counting an error costs
 * nothing more. Counters start at 0 when the layer is built, and never decrease, whatever is reset or restored.
 *
 * | metric | type, unit | attributes |
 * |---|---|---|
 * | `errata.errors` | counter, `{error}` | `error.type`, `errata.severity` |
 * | `errata.empty_data` | counter, `{fetch}` | `errata.reason`, `errata.source`, `errata.expected` |
 * | `errata.attempts` | counter, `{attempt}` | `errata.outcome`: `succeeded`, `failed`, `expected_empty` |
 * | `errata.calls` | counter, `{call}` | `errata.outcome`: `succeeded`, `recovered`, `failed`, `refused`, `expected_empty` |
 * | `errata.retries` | counter, `{attempt}` | |
 * | `errata.give_ups`, `errata.refusals` | counter, `{call}` | |
 * | `errata.rate_limit.waits` | counter, `{wait}` | |
 * | `errata.circuit_breaker.opens` | counter, `{event}` | |
 * | `errata.dropped` | counter, `{error}` | |
 * | `errata.dimension.errors` | counter, `{error}` | `errata.dimension`, `errata.value`, `error.type` |
 * | `errata.dimension.attempts` | counter, `{attempt}` | `errata.dimension`, `errata.value`, `errata.outcome` |
 * | `errata.alert.active` | gauge, `{alert}`, 0 or 1 | `error.type`, `errata.window`, `errata.rule` |
 * | `errata.fetch.duration` | gauge, `s`, of the last hour, 0 without a fetch | `errata.source`, `errata.quantile` |
 * | `errata.dimension.duration` | the same | `errata.dimension`, `errata.value`, `errata.quantile` |
 *
 * Release it before the exporter, so that the last update is exported: provide the exporter to it. Dies with an
 * `IllegalArgumentException` if an option is wrong.
 *
 * @example
 * import { Effect, Layer, Metric } from "effect"
 * import { ErrorMetrics, ErrorTracker, FetchError } from "effect-errata"
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   yield* tracker.track(new FetchError.NetworkDns())
 * }).pipe(Effect.provide(ErrorMetrics.layer().pipe(Layer.provideMerge(ErrorTracker.layer()))))
 *
 * const names = program.pipe(
 *   Effect.zipRight(Metric.snapshot),
 *   Effect.map((pairs) => pairs.map(({ metricKey }) => metricKey.name))
 * )
 *
 * Effect.runPromise(names).then((names) => assert.ok(names.includes("errata.errors")))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<never, never, ErrorTracker> =>
  Layer.scopedDiscard(Effect.gen(function*() {
    const { attributes, dimensions, every, latency, maxValues } = yield* Check.orDie(
      "ErrorMetrics",
      checkedOptions("", options)
    )
    const tracker = yield* ErrorTracker
    const recorder = new MetricsRecorder(attributes, maxValues)
    const read = measured(tracker, {
      owner: "ErrorMetrics",
      names: dimensions,
      latency,
      maxValues: Infinity,
      windows: false
    })
    yield* Effect.map(read, (counts) => recorder.start(counts))
    let isFailing = false
    const round = Effect.matchCauseEffect(read, {
      onFailure: () =>
        Effect.suspend(() => {
          if (isFailing) return Effect.void
          isFailing = true
          return writeDetached(LogLevel.Warning, "Metrics are not updated: the tracker cannot be read")
        }),
      onSuccess: (counts) =>
        Effect.sync(() => {
          isFailing = false
          recorder.record(counts)
        })
    })
    yield* Effect.addFinalizer(() => round)
    yield* Effect.forkScoped(Effect.schedule(round, Schedule.spaced(every)))
  }))

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const attributes: Check.Check<Readonly<Record<string, string>>> = (path, value) =>
  Either.gen(function*() {
    if (!Check.isRecord(value)) return yield* Check.wrong(path, value, "an object of attributes")
    const entries: Array<readonly [string, string]> = []
    for (const [name, text] of Object.entries(value)) entries.push([name, yield* Check.text(`${path}.${name}`, text)])
    return Object.fromEntries(entries)
  })

const checkedOptions = Check.struct(
  {
    every: Check.withDefault(Check.duration(), "5 seconds"),
    dimensions: Check.withDefault(Check.listOf("a list of dimensions", Check.text), []),
    latency: Check.withDefault(Check.listOf("a list of dimensions", Check.text), []),
    maxValues: Check.withDefault(Check.wholeNumber(1), 100),
    attributes: Check.withDefault(attributes, {})
  } satisfies Check.Checks<Options>
)
