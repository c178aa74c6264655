/**
 * Retries with back-off, a budget, a rate-limit gate and a circuit breaker.
 *
 * Guide: [Retries](../docs/retries.md).
 *
 * @since 0.1.0
 * @module
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { ErrorTracker } from "./ErrorTracker.js"
import type * as FetchError from "./FetchError.js"
import { isRefusal as isMarked } from "./internal/error/mark.js"
import { monotonicMillis } from "./internal/monotonicMillis.js"
import * as attempts from "./internal/retry/attempts.js"
import type * as Model from "./internal/retry/policyModel.js"
import * as registry from "./internal/retry/policyRegistry.js"
import type { State } from "./internal/retry/policyState.js"
import { settings } from "./internal/retry/retryOptions.js"
import * as rows from "./internal/retry/rows.js"
import { SharedGate } from "./SharedGate.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The retry settings of one error code. A setting that is left out has its default.
 *
 * @since 0.1.0
 * @category models
 */
export type Row = Model.Row

/**
 * Rows by code: the codes of the 17 errors, and those of your own errors.
 *
 * @since 0.1.0
 * @category models
 */
export type Rows = Model.Rows

/**
 * The options of a policy. Each has a default.
 *
 * @since 0.1.0
 * @category models
 */
export type Options = Model.Options

/**
 * A retry that is about to be made.
 *
 * @since 0.1.0
 * @category models
 */
export type Retry = Model.Retry

/**
 * The error of a call that was not sent: a copy of the error that closed the gate or opened the circuit. It does not count
 * again. An error of your own type becomes one of these types, with the same message.
 *
 * @since 0.1.0
 * @category models
 */
export type Refusal = Model.Refusal

export {
  /**
   * The state of a policy: the circuit breaker, the rate-limit gate, the budget. The type, and the schema of its JSON.
   *
   * @since 0.1.0
   * @category models
   */
  State
} from "./internal/retry/policyState.js"

/**
 * The budget, gate and circuit breaker that the calls to one host share.
 *
 * @since 0.1.0
 * @category models
 */
export type RetryPolicy = Model.RetryPolicy

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The rows that differ from the general default of three retries with delays from 200 milliseconds to 20 seconds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const defaults: { readonly [code: string]: Row } = rows.defaults

/**
 * Makes a policy. Make one for each host, and share it between all calls to that host.
 *
 * - **Retried errors.** An error is retried if its `retryable` is true, as often as the row of its code allows. An error
 *   without `retryable` is retried if the options have a row for its code. Defects and interruptions are not retried.
 * - **Back-off.** The delay is `base · 2^(n − 1)` after the n-th attempt, up to four times as long under pressure, capped,
 *   with half of it as jitter. The pressure is the share of the attempts of the last minute that failed with the same code.
 *   The tracker knows it if attempts are counted (`Fetch.tracked` with `attempts`); otherwise it is n / (n + 10) after n
 *   errors.
 * - **Rate limits.** No retry is sent before the `retryAfter` of its error has passed. That of an `ApiRateLimit` also closes
 *   the gate for all calls of the policy. So does that of an error of your own type, unless its category is `Network`, `Data`
 *   or `Storage`. When the gate opens, the waiting calls are sent 20 milliseconds apart. The gate is closed for one day at
 *   most, for any error. Where a `SharedGate` is provided, the rate limits of other processes close the gate of each policy
 *   with the same `source`, too.
 * - **Circuit breaker.** Failures are network errors and server errors that can be retried. Of your own errors these are the
 *   ones of category `Network`, and those with `retryable` of any category but `Data` and `Storage`. Other answers of the
 *   server are successes. Errors of the client, interruptions and refusals do not count. The failure rate is the lower one of
 *   two, that of all attempts and that of first attempts, so that neither one failing endpoint of several nor first attempts
 *   that fail and then succeed open the circuit. No tracker is needed for it.
 * - **Context and log.** From the second attempt on, errors and log lines have `attempt`, `retry_delay_ms` and
 *   `earlier_errors`. The last error of a call has the earlier ones (`earlier`) and the reason for giving up (`gave_up`).
 *   The error of a call that was not sent has the reason for that (`refused`), and the time for which the circuit has been
 *   open (`open_ms`). The log says when the gate closes, and when the circuit opens and closes. The tracker counts retries,
 *   give-ups, waits, refusals and open circuits.
 *
 * Put `Fetch.tracked` and `Fetch.timeout` inside of the retry: an attempt that is interrupted from outside says nothing about
 * the source. All waits are measured by the monotonic clock.
 *
 * Dies with an `IllegalArgumentException` if an option is wrong.
 *
 * @example
 * import { Duration, Effect } from "effect"
 * import { ErrorTracker, Fetch, FetchError, RetryPolicy } from "effect-errata"
 *
 * let calls = 0
 * const call = Effect.suspend(() => ++calls < 3 ? Effect.fail(new FetchError.ApiFormat({ status: 503 })) : Effect.succeed(calls))
 *
 * const program = Effect.gen(function*() {
 *   const policy = yield* RetryPolicy.make({ source: "rest", rows: { API_FORMAT: { base: "1 milli" } } })
 *   return yield* call.pipe(Fetch.tracked({ source: "rest" }), Fetch.retry(policy))
 * })
 *
 * Effect.runPromise(program.pipe(Effect.provide(ErrorTracker.layer()))).then((n) => assert.strictEqual(n, 3))
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<RetryPolicy, never, ErrorTracker> =>
  Either.match(settings(options), {
    onLeft: (message) => Effect.die(new Cause.IllegalArgumentException(`RetryPolicy: ${message}`)),
    onRight: (settings) =>
      Effect.map(
        Effect.all([ErrorTracker, monotonicMillis, Effect.serviceOption(SharedGate)]),
        ([tracker, now, gates]) => {
          const { source } = settings
          const shared = source === undefined ? undefined : Option.getOrUndefined(gates)?.host(source)
          return registry.register(tracker, attempts.make(settings, tracker, now, shared))
        }
      )
  })

// ---------------------------------------------------------------------------------------------------------------------
// accessors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The states of the policies that were made with the tracker, in the order in which they were made, at most 256. Policies
 * that are no longer in use are left out. Reading changes no policy.
 *
 * @example
 * import { Effect } from "effect"
 * import { ErrorTracker, RetryPolicy } from "effect-errata"
 *
 * const program = Effect.gen(function*() {
 *   const policy = yield* RetryPolicy.make({ source: "rest" })
 *   return [yield* RetryPolicy.states, yield* policy.state]
 * })
 *
 * const [states, state] = Effect.runSync(program.pipe(Effect.provide(ErrorTracker.layer())))
 * assert.deepStrictEqual(states, [state])
 *
 * @since 0.1.0
 * @category accessors
 */
export const states: Effect.Effect<ReadonlyArray<State>, never, ErrorTracker> = Effect.flatMap(
  ErrorTracker,
  (tracker) => Effect.forEach(registry.policiesOf(tracker), ({ state }) => state)
)

// ---------------------------------------------------------------------------------------------------------------------
// guards
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Returns whether the error is that of a call that was not sent. Attributes of its context do not matter.
 *
 * @since 0.1.0
 * @category guards
 */
export const isRefusal: (error: FetchError.Trackable) => boolean = isMarked
