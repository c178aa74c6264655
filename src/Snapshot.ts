/**
 * The state of a tracker at one instant as plain data, for a restart and for `Insight`.
 *
 * Guide: [Production](../docs/production.md).
 *
 * @since 0.1.0
 * @module
 */
import type * as Schema from "effect/Schema"
import { SnapshotSchema } from "./internal/tracker/snapshotCodec.js"
import type * as Model from "./internal/tracker/snapshotModel.js"
import * as SlidingWindow from "./SlidingWindow.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A count since the start, with the ages of what was counted.
 *
 * @since 0.1.0
 * @category models
 */
export type Tally = Model.Tally

/**
 * A count since the start, and over the last minute, hour and day in steps of a second, a minute and 24 minutes. The
 * oldest step comes first, the last one is under way; steps before the first one are empty.
 *
 * @since 0.1.0
 * @category models
 */
export type Series = Model.Series

/**
 * The errors of one code.
 *
 * @since 0.1.0
 * @category models
 */
export type Code = Model.Code

/**
 * The counts of one value of a dimension.
 *
 * @since 0.1.0
 * @category models
 */
export type Value = Model.Value

/**
 * The counts of one dimension.
 *
 * @since 0.1.0
 * @category models
 */
export type Dimension = Model.Dimension

/**
 * What retry policies did, each as a {@link Tally}.
 *
 * @since 0.1.0
 * @category models
 */
export type Retry = Model.Retry

/**
 * Calls by their outcome, each as a {@link Tally}.
 *
 * @since 0.1.0
 * @category models
 */
export type Calls = Model.Calls

/**
 * A limit in force for a code.
 *
 * @since 0.1.0
 * @category models
 */
export type Limit = Model.Limit

/**
 * An active alert.
 *
 * @since 0.1.0
 * @category models
 */
export type Active = Model.Active

/**
 * The durations of successful fetches from one source since the start, as a histogram.
 *
 * @since 0.1.0
 * @category models
 */
export type Latency = Model.Latency

/**
 * The durations of the successful attempts by the values of a dimension other than the source.
 *
 * @since 0.1.0
 * @category models
 */
export type DimensionLatency = Model.DimensionLatency

/**
 * A recent error, bounded and redacted.
 *
 * @since 0.1.0
 * @category models
 */
export type Recent = Model.Recent

/**
 * The state of a tracker at one instant.
 *
 * @since 0.1.0
 * @category models
 */
export type Snapshot = Model.Snapshot

/**
 * The JSON of a {@link Snapshot}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Encoded extends Schema.Schema.Encoded<typeof SnapshotSchema> {}

// ---------------------------------------------------------------------------------------------------------------------
// schemas
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The schema of a {@link Snapshot}. A snapshot written before calls were counted decodes with no calls.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Snapshot: Schema.Schema<Snapshot, Encoded> = SnapshotSchema

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

const perDay = 1440
const minute = 60_000

/**
 * The errors of one code per minute, expected empties excluded: since the tracker started, at most over the last day. The
 * oldest minute comes first, the last one ends at `at`.
 *
 * @example
 * import { ErrorTracker, FetchError, Snapshot } from "effect-errata"
 * import { Effect, TestClock, TestContext } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   yield* tracker.track(new FetchError.NetworkDns())
 *   yield* TestClock.adjust("150 seconds")
 *   yield* tracker.track(new FetchError.NetworkDns())
 *   return Snapshot.minutes(yield* tracker.snapshot, "NETWORK_DNS")
 * }).pipe(Effect.provide(ErrorTracker.layer()), Effect.provide(TestContext.TestContext))
 *
 * Effect.runPromise(program).then((minutes) => assert.deepStrictEqual(minutes, [1, 0, 1]))
 *
 * @since 0.1.0
 * @category combinators
 */
export const minutes = (snapshot: Snapshot, code: string): ReadonlyArray<number> => {
  const counts = new Float64Array(Math.min(perDay, Math.floor(snapshot.age / minute) + 1))
  const ages = snapshot.codes.find((known) => known.code === code)?.errors.ages ?? []
  SlidingWindow.restore({ horizon: perDay * minute, snapshot: ages, now: 0 }).steps(minute, 0, counts)
  return Array.from(counts).reverse()
}
