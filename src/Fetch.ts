/**
 * Operators around a fetch: what turns an effect that fails with anything into one whose failures are classified,
 * counted once, and logged.
 *
 * The canonical order of a pipeline:
 *
 * `fetch |> Fetch.timeout |> Fetch.failOnEmpty |> Fetch.tracked |> Fetch.retry |> Fetch.toDataResult`
 *
 * A timeout or an emptiness check outside of `tracked` is not counted: inside, all there is to see is an interruption,
 * or a success.
 *
 * @since 0.1.0
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
 * What an error of type `E` is after {@link tracked}: itself if it can be tracked as it is, one of the 17 otherwise.
 * An effect that cannot fail still cannot.
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
 * Says what everything inside is about. Errors that come out, and the lines logged about them, carry this context
 * below their own: the error's own word beats that of `tracked`, which beats this. Nested annotations add up, the inner
 * one winning.
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
      // Errors and defects that were made inside without `tracked` learn of the context at the border.
      Effect.catchAllCause((cause) => {
        const told = <A>(error: A): A => FetchError.isTrackable(error) ? FetchError.withContext(error, context) : error
        return Effect.failCause(rebuilt(cause, (error) => Cause.fail(told(error)), (defect) => Cause.die(told(defect))))
      })
    )

// ---------------------------------------------------------------------------------------------------------------------
// tracking
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Classifies every failure of the effect, counts it once in the `ErrorTracker`, logs it, and hands it on.
 *
 * - What is handed on is a fresh error: a copy of the failure if it can be tracked as it is, with the context merged in
 *   and the same stack and cause; otherwise what the classifier makes of it. It remembers that it was counted: however
 *   often it passes through `tracked` again, is wrapped in another error or turned into a defect, it counts once.
 * - Interruption is no error: it is passed on as it is, neither counted nor logged.
 * - A defect counts as `Internal`, or as itself if it can be tracked, and remains a defect.
 * - Nothing that goes wrong in tracker, rules or logger changes the outcome of the fetch.
 *
 * A timeout outside of this operator is not counted: see the order of a pipeline above.
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
 * Gives up after a time, with a `NetworkTimeout` of phase `total`. Does not wait for work that cannot be interrupted:
 * that goes on in the background and its outcome is dropped. Belongs inside of {@link tracked}.
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
 * Retries an effect as the policy says: which errors, how often, and when. A retry is never earlier than the server allows,
 * and a call is not sent while nothing but failure is to be expected. Belongs around {@link tracked}, so that each attempt
 * is counted.
 *
 * A call has one line in the log. A failed attempt that is followed by another one is logged at `ErrorLog.AttemptLevel`
 * (default `DEBUG`); a call that fails is logged once, at the level of its error, with `attempts`, `duration_ms`,
 * `earlier_errors` and the reason for giving up, `gave_up`; a call that succeeds is not logged. Of calls inside of each
 * other, with `retry` or {@link failover}, the outermost is the one that is logged and that `Stats.calls` counts. A failure
 * that the program handles itself inside of a call is logged when the call succeeds, and otherwise with the next failure or
 * call that is more than a second later.
 *
 * A call may also fail with the error of another one that shares the policy: while the server has asked to wait for too
 * long, or the circuit is open, it is not sent.
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
export const retry = (policy: RetryPolicy) =>
<A, E extends FetchError.Trackable, R>(
  self: Effect.Effect<A, E, R>
): Effect.Effect<A, E | Refusal, R> => policy.run(self)

/**
 * Who can be asked, by name, and how.
 *
 * @since 0.1.0
 * @category models
 */
export type Source = Model.Source

/**
 * Asks one source after the other until one of them answers. Each failure is tracked under the name of its source; the
 * last one is what the whole fails with, and carries those before it.
 *
 * A source with {@link retry} whose circuit is open is passed over at once; and where another one would be asked, nobody
 * waits because a server said to wait. Bugs and interruptions end it: they are the same whoever is asked.
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
    /** After which failures is the next one asked? Default: after all of them. */
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
 * Fails with `DataEmpty` where the data is empty. Belongs inside of {@link tracked}.
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
  /** Why it is empty, if it is; see `FetchError.EmptyReason`. */
  readonly reason: FetchError.EmptyReason | ((data: NoInfer<A>) => FetchError.EmptyReason)
}) =>
<E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | FetchError.DataEmpty, R> =>
  Options.refusedFailOnEmpty(options) ?? Effect.flatMap(self, (data) =>
    options.isEmpty(data)
      ? Effect.fail(Classifier.dataEmpty(typeof options.reason === "string" ? options.reason : options.reason(data)))
      : Effect.succeed(data))

/**
 * Takes empty data for an answer: expected empties only, unless `when` says always.
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
  Options.refusedOrEmpty(options) ?? Effect.catchIf(
    self,
    (error) =>
      FetchError.isFetchError(error) && error._tag === "DataEmpty" && (options?.when === "always" || error.expected),
    () => Effect.sync(empty)
  )

/**
 * Data and error side by side, and no error channel: the end of a pipeline for callers who want values. The metadata are
 * the context of the error, and what {@link annotate} says around it: of a success, only the latter is known.
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
  /** What stands for the data where there is none. */
  readonly empty: () => NoInfer<A>
  /** How many rows the data has. Default: its `length` or `size`. */
  readonly size?: ((data: NoInfer<A>) => number) | undefined
}) =>
<E extends FetchError.Trackable, R>(
  self: Effect.Effect<A, E, R>
): Effect.Effect<DataResult.DataResult<A, E>, never, R> => {
  const result = (data: A, error: Option.Option<E>) =>
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
  return Options.refusedToDataResult(options) ?? Effect.matchEffect(self, {
    onFailure: (error) => result(options.empty(), Option.some(error)),
    onSuccess: (data) => result(data, Option.none())
  })
}
