/**
 * The operators around a fetch: they classify, count and log its failures, and add timeouts, retries and failover.
 *
 * The canonical order of a pipeline:
 *
 * `fetch |> Fetch.timeout |> Fetch.failOnEmpty |> Fetch.tracked |> Fetch.retry |> Fetch.toDataResult`
 *
 * {@link tracked} counts only failures inside of it: a timeout or a check for empty data outside of it is not counted.
 *
 * Guide: [Retries](../docs/retries.md).
 *
 * @since 0.1.0
 * @module
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { NoInfer } from "effect/Types"
import * as Classifier from "./Classifier.js"
import * as DataResult from "./DataResult.js"
import { ErrorTracker } from "./ErrorTracker.js"
import * as FetchContext from "./FetchContext.js"
import * as FetchError from "./FetchError.js"
import { withDeadline } from "./internal/deadline.js"
import { Ambient, within } from "./internal/fetch/ambient.js"
import { asCall } from "./internal/fetch/callLog.js"
import { inOrder } from "./internal/fetch/failover.js"
import type * as Model from "./internal/fetch/fetchModel.js"
import * as Options from "./internal/fetch/fetchOptions.js"
import { rebuilt, track } from "./internal/fetch/tracking.js"
import * as Check from "./internal/options.js"
import { reportingOf } from "./internal/tracker/reporting.js"
import type { Refusal, RetryPolicy } from "./RetryPolicy.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The type of an error of type `E` after {@link tracked}: `E` if it is trackable, else one of the 17 errors. `never` stays
 * `never`.
 *
 * @since 0.1.0
 * @category models
 */
export type Classified<E> = Model.Classified<E>

/**
 * Options of {@link tracked}.
 *
 * @since 0.1.0
 * @category models
 */
export type TrackedOptions = Model.TrackedOptions

// ---------------------------------------------------------------------------------------------------------------------
// ambient context
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Adds context to the errors of an effect, and to the log lines about them. The context of an error itself has priority,
 * then that of {@link tracked}, then that of the innermost `annotate`.
 *
 * @example
 * import { Effect } from "effect"
 * import { ErrorTracker, Fetch } from "effect-errata"
 *
 * const program = Effect.fail(new Error("boom")).pipe(
 *   Fetch.tracked({ symbol: "BTCUSDT" }),
 *   Fetch.annotate({ source: "rest", symbol: "?" }),
 *   Effect.flip,
 *   Effect.map(({ context }) => [context.symbol, context.source])
 * )
 *
 * assert.deepStrictEqual(Effect.runSync(program.pipe(Effect.provide(ErrorTracker.layerNoop))), ["BTCUSDT", "rest"])
 *
 * @since 0.1.0
 * @category combinators
 */
export const annotate =
  (context: FetchContext.Input) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    self.pipe(
      within(context),
      // Adds the context to errors and defects that did not pass through `tracked`.
      Effect.catchAllCause((cause) => {
        const annotated = <A>(error: A): A =>
          FetchError.isTrackable(error) ? FetchError.withContext(error, context) : error
        return Effect.failCause(
          rebuilt(cause, (error) => Cause.fail(annotated(error)), (defect) => Cause.die(annotated(defect)))
        )
      })
    )

// ---------------------------------------------------------------------------------------------------------------------
// tracking
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Classifies each failure of the effect, counts it once in the `ErrorTracker`, logs it, and fails with the result.
 *
 * - The result is a new error. For a trackable failure it is a copy with the merged context, and the same stack and cause;
 *   for any other failure it is one of the 17 errors. It is marked as counted: it counts once, even if it passes through
 *   `tracked` again, is wrapped in another error, or becomes a defect.
 * - Interruptions are passed on. They are neither counted nor logged.
 * - A defect is counted as `Internal`, or as itself if it is trackable, and remains a defect.
 * - A fault in the tracker, a rule or a logger does not change the outcome of the fetch.
 *
 * Put {@link timeout} and {@link failOnEmpty} inside of this operator, and {@link retry} around it. Dies with an
 * `IllegalArgumentException` if an option is wrong.
 *
 * @example
 * import { Effect } from "effect"
 * import { ErrorTracker, Fetch } from "effect-errata"
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   const error = yield* Effect.tryPromise(() => Promise.reject(new TypeError("x is not a function"))).pipe(
 *     Fetch.tracked({ symbol: "BTCUSDT" }),
 *     Effect.flip
 *   )
 *   const { total } = yield* tracker.stats()
 *   return [error._tag, error.context.symbol, total]
 * })
 *
 * Effect.runPromise(program.pipe(Effect.provide(ErrorTracker.layer()))).then((result) =>
 *   assert.deepStrictEqual(result, ["Internal", "BTCUSDT", 1])
 * )
 *
 * @since 0.1.0
 * @category combinators
 */
export const tracked: {
  (
    context: FetchContext.Input | undefined,
    options: TrackedOptions & { readonly defects: "fail" }
  ): <A, E, R>(
    self: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, Classified<E> | FetchError.Internal, R | ErrorTracker>
  (
    context?: FetchContext.Input,
    options?: TrackedOptions & { readonly defects?: "die" | undefined }
  ): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, Classified<E>, R | ErrorTracker>
} = (context: FetchContext.Input = FetchContext.empty, options?: TrackedOptions) =>
<A, E, R>(
  self: Effect.Effect<A, E, R>
): Effect.Effect<A, Classified<E>, R | ErrorTracker> =>
  Options.refusedTracking(options) ?? track(self, context, options ?? {})

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Fails with a `NetworkTimeout` of phase `total` if there is no result within the duration. It does not wait for work that
 * cannot be interrupted: such work continues in the background, and its outcome is dropped. Put it inside of
 * {@link tracked}. Dies with an `IllegalArgumentException` if the duration is not positive and finite.
 *
 * @example
 * import { Effect } from "effect"
 * import { Fetch } from "effect-errata"
 *
 * const error = Effect.never.pipe(Fetch.timeout("10 millis"), Effect.flip)
 *
 * Effect.runPromise(error).then(({ _tag, phase }) => assert.deepStrictEqual([_tag, phase], ["NetworkTimeout", "total"]))
 *
 * @since 0.1.0
 * @category combinators
 */
export const timeout =
  (duration: Duration.DurationInput) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | FetchError.NetworkTimeout, R> =>
    Effect.flatMap(Check.orDie("Fetch.timeout", Check.duration()("duration", duration)), (duration) =>
      withDeadline({
        duration,
        onTimeout: () =>
          new FetchError.NetworkTimeout({
            message: `${FetchError.NetworkTimeout.description}: no result within ${Duration.format(duration)}`,
            phase: "total",
            timeoutMillis: Duration.toMillis(duration)
          })
      })(self))

/**
 * Retries an effect by a policy. No retry is sent before the server allows it, and no call while the circuit is open. Put it
 * around {@link tracked}, so that each attempt is counted.
 *
 * A call has one line in the log. A failed attempt that is followed by another one is logged at `ErrorLog.AttemptLevel`
 * (default `DEBUG`); a call that fails is logged once, at the level of its error, with `attempts`, `duration_ms`,
 * `earlier_errors` and the reason for giving up, `gave_up`; a call that succeeds is not logged. Of nested calls, with `retry`
 * or {@link failover}, only the outermost is logged and counted in `Stats.calls`. A failure that the program handles inside
 * of a call is logged when the call succeeds, else with the next failure or call that is more than a second later.
 *
 * A call that is not sent, because the circuit is open or the server asks for too long a wait, fails with the error that
 * caused this: see `RetryPolicy.Refusal`.
 *
 * @example
 * import { Effect } from "effect"
 * import { ErrorTracker, Fetch, FetchError, RetryPolicy } from "effect-errata"
 *
 * const fetch = Effect.fail(new FetchError.ApiFormat({ status: 502 }))
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   const policy = yield* RetryPolicy.make({ rows: { API_FORMAT: { retries: 2, base: "1 milli" } } })
 *   const error = yield* fetch.pipe(Fetch.tracked({ source: "rest" }), Fetch.retry(policy), Effect.flip)
 *   const { retry, total } = yield* tracker.stats()
 *   return [error.context.attempt, total, retry.retries, retry.giveUps]
 * })
 *
 * Effect.runPromise(program.pipe(Effect.provide(ErrorTracker.layer()))).then((result) =>
 *   assert.deepStrictEqual(result, [3, 3, 2, 1])
 * )
 *
 * @since 0.1.0
 * @category combinators
 */
export const retry =
  (policy: RetryPolicy) =>
  <A, E extends FetchError.Trackable | "Fetch.retry needs tracked errors: put Fetch.tracked() before it", R>(
    self: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | Refusal, R> =>
    // The text in the constraint is the message of the compiler: no error has its type.
    Options.refusedRetry(policy) ?? policy.run(self as Effect.Effect<A, E & FetchError.Trackable, R>)

/**
 * A source of data: its name, and the effect that fetches from it.
 *
 * @since 0.1.0
 * @category models
 */
export type Source = Model.Source

/**
 * Fetches from the first source, and after a failure from the next one, until one succeeds. Each failure is tracked under
 * the name of its source. The last failure is the error of the whole, and has the others in `earlier`.
 *
 * A source with {@link retry} is skipped at once while its circuit is open, and while its server asks for a wait, if there is
 * a next source. Defects and interruptions end the failover. Dies with an `IllegalArgumentException` if an option is wrong.
 *
 * @example
 * import { Effect } from "effect"
 * import { ErrorTracker, Fetch, FetchError } from "effect-errata"
 *
 * const program = Fetch.failover([
 *   { source: "archive", fetch: Effect.fail(new FetchError.NetworkDns()) },
 *   { source: "rest", fetch: Effect.succeed([1, 2, 3]) }
 * ])
 *
 * assert.deepStrictEqual(Effect.runSync(program.pipe(Effect.provide(ErrorTracker.layerNoop))), [1, 2, 3])
 *
 * @since 0.1.0
 * @category combinators
 */
export const failover = <const S extends readonly [Source, ...Array<Source>]>(
  sources: S,
  options?: {
    /** Whether to continue with the next source after a failure. Default: after every failure. */
    readonly while?: ((error: Classified<Effect.Effect.Error<S[number]["fetch"]>>) => boolean) | undefined
  }
): Effect.Effect<
  Effect.Effect.Success<S[number]["fetch"]>,
  Classified<Effect.Effect.Error<S[number]["fetch"]>>,
  Effect.Effect.Context<S[number]["fetch"]> | ErrorTracker
> =>
  Options.refusedFailover(sources, options) ??
    Effect.flatMap(
      ErrorTracker,
      (tracker) =>
        asCall(reportingOf(tracker), "no source left")(() =>
          inOrder<S>(sources, (error) => options?.while?.(error) !== false)
        )
    )

/**
 * Fails with `DataEmpty` if the data is empty. Put it inside of {@link tracked}.
 *
 * @example
 * import { Effect } from "effect"
 * import { Fetch } from "effect-errata"
 *
 * const rows: ReadonlyArray<number> = []
 * const fetch = Effect.succeed(rows).pipe(
 *   Fetch.failOnEmpty({ isEmpty: (rows) => rows.length === 0, reason: "api_response" }),
 *   Effect.flip
 * )
 *
 * assert.strictEqual(Effect.runSync(fetch).message, "API returned empty response")
 *
 * @since 0.1.0
 * @category combinators
 */
export const failOnEmpty = <A>(options: {
  readonly isEmpty: (data: NoInfer<A>) => boolean
  /** The reason for empty data; see `FetchError.EmptyReason`. */
  readonly reason: FetchError.EmptyReason | ((data: NoInfer<A>) => FetchError.EmptyReason)
}) =>
<E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | FetchError.DataEmpty, R> =>
  Options.refusedFailOnEmpty(options) ?? Effect.flatMap(self, (data) =>
    options.isEmpty(data)
      ? Effect.fail(Classifier.dataEmpty(typeof options.reason === "string" ? options.reason : options.reason(data)))
      : Effect.succeed(data))

/**
 * Recovers from `DataEmpty` with a value: only from expected empties, or from all with `when: "always"`.
 *
 * @example
 * import { Effect } from "effect"
 * import { Classifier, Fetch, type FetchError } from "effect-errata"
 *
 * const fetch: Effect.Effect<ReadonlyArray<number>, FetchError.DataEmpty> = Effect.fail(Classifier.dataEmpty("delisted"))
 * const rows: Effect.Effect<ReadonlyArray<number>> = fetch.pipe(Fetch.orEmpty(() => [], { when: "always" }))
 *
 * assert.deepStrictEqual(Effect.runSync(rows), [])
 *
 * @since 0.1.0
 * @category combinators
 */
export const orEmpty: {
  <A>(
    empty: () => NoInfer<A>,
    options: { readonly when: "always" }
  ): <E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, Exclude<E, FetchError.DataEmpty>, R>
  <A>(
    empty: () => NoInfer<A>,
    options?: { readonly when?: "expected" | undefined }
  ): <E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
} = <A>(empty: () => A, options?: { readonly when?: "always" | "expected" | undefined }) =>
<E, R>(
  self: Effect.Effect<A, E, R>
  // oxlint-disable-next-line typescript/no-explicit-any -- the overloads say which errors remain
): Effect.Effect<A, any, R> =>
  Options.refusedOrEmpty(empty, options) ?? Effect.catchIf(
    self,
    (error) =>
      FetchError.isFetchError(error) && error._tag === "DataEmpty" && (options?.when === "always" || error.expected),
    () => Effect.sync(empty)
  )

/**
 * Returns data and error in one value, and never fails. Its `metadata` is the context of the error, merged over that of the
 * {@link annotate} around it. After a success, only the latter is known.
 *
 * @example
 * import { Effect } from "effect"
 * import { Fetch, FetchError } from "effect-errata"
 *
 * const fetch: Effect.Effect<ReadonlyArray<number>, FetchError.ApiAuth> = Effect.fail(new FetchError.ApiAuth())
 * const program = fetch.pipe(
 *   Fetch.toDataResult({ empty: () => [] }),
 *   Effect.map(({ data, hasError, severity }) => ({ data, hasError, severity }))
 * )
 *
 * assert.deepStrictEqual(Effect.runSync(program), { data: [], hasError: true, severity: "ERROR" })
 *
 * @since 0.1.0
 * @category combinators
 */
export const toDataResult = <A>(options: {
  /** The data after a failure. */
  readonly empty: () => NoInfer<A>
  /** The number of rows of the data. Default: its `length` or `size`. */
  readonly size?: ((data: NoInfer<A>) => number) | undefined
}) =>
<E extends FetchError.Trackable | "Fetch.toDataResult needs tracked errors: put Fetch.tracked() before it", R>(
  self: Effect.Effect<A, E, R>
): Effect.Effect<DataResult.DataResult<A, Extract<E, FetchError.Trackable>>, never, R> => {
  const result = (data: A, error: Option.Option<Extract<E, FetchError.Trackable>>) =>
    Effect.contextWithEffect((env: Context.Context<never>) => {
      const metadata = FetchContext.merge(
        Context.get(env, Ambient),
        Option.match(error, { onNone: () => FetchContext.empty, onSome: ({ context }) => context })
      )
      return Effect.map(
        DateTime.now,
        (timestamp) => DataResult.make({ data, error, metadata, timestamp, size: options.size })
      )
    })
  // The text in the constraint is the message of the compiler: no error has its type.
  const tracked = self as Effect.Effect<A, Extract<E, FetchError.Trackable>, R>
  return Options.refusedToDataResult(options) ?? Effect.matchEffect(tracked, {
    onFailure: (error) => result(options.empty(), Option.some(error)),
    onSuccess: (data) => result(data, Option.none())
  })
}
