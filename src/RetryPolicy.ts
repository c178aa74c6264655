/**
 * Retries that learn from what goes wrong, obey the server, and never make an outage worse.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Option from "effect/Option"
import { ErrorTracker } from "./ErrorTracker.js"
import type * as FetchError from "./FetchError.js"
import { isRefusal as isMarked } from "./internal/error/mark.js"
import { monotonicMillis } from "./internal/monotonicMillis.js"
import * as attempts from "./internal/retry/attempts.js"
import { settings } from "./internal/retry/retryOptions.js"
import * as rows from "./internal/retry/rows.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * How errors of one code are tried again. What a row does not say stays as it is by default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Row {
  /** How often a call is tried again after errors of this code. 0: never. Default 3; once after `DATA_INTEGRITY`. */
  readonly retries?: number | undefined
  /** The first delay; each one after it is twice as long. Default 200 ms; 1 second after `API_RATE_LIMIT`. */
  readonly base?: Duration.DurationInput | undefined
  /** The longest delay. Default 20 seconds; 1 minute after `API_RATE_LIMIT`. What the server asks for it does not cut. */
  readonly cap?: Duration.DurationInput | undefined
  /** Is it tried again although the error says that makes no sense (`retryable` is false)? Default false. */
  readonly always?: boolean | undefined
}

/**
 * Rows by code: one of the 17, or one of your own.
 *
 * @since 0.1.0
 * @category models
 */
export type Rows =
  // The 17 by name, so that editors know them.
  & { readonly [T in keyof typeof FetchError.facts as (typeof FetchError.facts)[T]["code"]]?: Row | undefined }
  & { readonly [code: string]: Row | undefined }

/**
 * What a policy can be told. Everything has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Who is called, as the contexts of the errors name it: the tracker is asked how this source is doing. Default: the
   * tracker is asked how all of them are.
   */
  readonly source?: string | undefined
  /** Rows by code, over the {@link defaults}; codes of your own errors are codes like any other. */
  readonly rows?: Rows | undefined
  /**
   * Retries are at most `ratio` (default 0.2) of the calls, of which up to 100 are saved up, and `perSecond` (default 1)
   * more, of which ten seconds are. When that is spent, a call that fails is not tried again. `false`: no such limit.
   */
  readonly budget?: false | {
    readonly ratio?: number | undefined
    readonly perSecond?: number | undefined
  } | undefined
  /**
   * The circuit breaker. It opens when, for at least `minimumDuration` (default 3 seconds), at least the share `failureRate`
   * (default 0.8) of at least `minimumAttempts` (default 10) attempts have failed. It looks back over `window` (default 30
   * seconds, or twice `minimumDuration` if that is longer). It stays open for `openFor` (default 2 seconds), then admits one
   * call as a probe: a success closes it, a failure keeps it open for as long again, and if the probe has no result after
   * `openFor`, another one is admitted. `false`: no circuit breaker.
   */
  readonly breaker?: false | {
    readonly failureRate?: number | undefined
    readonly minimumAttempts?: number | undefined
    readonly minimumDuration?: Duration.DurationInput | undefined
    readonly window?: Duration.DurationInput | undefined
    readonly openFor?: Duration.DurationInput | undefined
  } | undefined
  /** How long a call waits at most, all in all, because the server said to wait; else it fails at once. Default 2 minutes. */
  readonly maxWait?: Duration.DurationInput | undefined
  /** Told before each retry, and waited for. However it ends, the retry takes place. */
  readonly onRetry?: ((retry: Retry) => Effect.Effect<void>) | undefined
}

/**
 * An attempt that is going to be made.
 *
 * @since 0.1.0
 * @category models
 */
export interface Retry {
  /** Its number: 2 for the first retry. */
  readonly attempt: number
  /** How long from now. */
  readonly delay: Duration.Duration
  /** What the attempt before failed with. */
  readonly error: FetchError.Trackable
}

/**
 * What a call fails with that is not even sent: what closed the gate, or what opened the circuit. A fresh copy, that
 * remembers to be counted.
 *
 * @since 0.1.0
 * @category models
 */
export type Refusal = FetchError.NetworkError | FetchError.ApiRateLimit | FetchError.ApiFormat

/**
 * What a policy does at present.
 *
 * @since 0.1.0
 * @category models
 */
export interface State {
  readonly circuit: "closed" | "open" | "half-open"
  /** How long nobody calls, because the server said so. */
  readonly gate: Option.Option<Duration.Duration>
  /** How many retries could be made now. None: there is no budget. */
  readonly budget: Option.Option<number>
}

/**
 * The memory that the calls to one host share: its budget, its gate, its circuit breaker.
 *
 * @since 0.1.0
 * @category models
 */
export interface RetryPolicy {
  /** What `Fetch.retry` does with it. */
  readonly run: <A, E extends FetchError.Trackable, R>(
    fetch: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | Refusal, R>
  readonly state: Effect.Effect<State>
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Where the rows of codes differ from the usual one, which is three retries, from 200 milliseconds to 20 seconds apart.
 *
 * @since 0.1.0
 * @category constructors
 */
export const defaults: { readonly [code: string]: Row } = rows.defaults

/**
 * Makes a policy. Make one for each host that is called, and share it: all who call a host have to know what one of them
 * was told.
 *
 * - **Which errors.** Those that say that another attempt makes sense (`retryable`), as often as the row of their code
 *   says; of errors of your own that say nothing, those whose code has a row.
 * - **When.** After `base · 2^(n − 1)`, stretched up to fourfold by the share of attempts at this source that failed in
 *   the same way in the last minute, capped; half of that at random. Shares are known where attempts are counted
 *   (`Fetch.tracked` with `attempts`); elsewhere n errors in a minute are taken for n / (n + 10).
 * - **The server's word.** No attempt is made before the `retryAfter` of an error is over. That of a 429 or a 418 holds
 *   for all who share the policy: new calls wait, too, and in the end they come back one after the other, 20
 *   milliseconds apart. A call that would wait longer than `maxWait` fails at once.
 * - **Budget and circuit breaker.** See {@link Options}. What belongs to network and server opens the circuit: network
 *   errors, and statuses of 5xx that can be tried again.
 * - **What is seen of it.** From the second attempt on, errors and log lines carry its number (`attempt`), how long it
 *   waited (`retry_delay_ms`) and what came before (`earlier_errors`). The error that a call ends with has the errors of
 *   its last attempts (`earlier`), and says why there is no further one (`gave_up`), or why there was none at all
 *   (`refused`; of an open circuit also for how long it is, `open_ms`). The log tells when gate and circuit close and open,
 *   the tracker counts retries, give-ups, waits, refusals and open circuits.
 *
 * It learns from the tracker: a fetch that is not `Fetch.tracked` inside of the retry, or under the name of another
 * source, opens no circuit; nor does one whose attempts are interrupted from outside: `Fetch.timeout` belongs inside. Dies of options
 * that make no sense, with a message that says which.
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
        Effect.all([ErrorTracker, monotonicMillis]),
        ([tracker, now]) => attempts.make(settings, tracker, now)
      )
  })

// ---------------------------------------------------------------------------------------------------------------------
// guards
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Is this what a call fails with that was not even sent?
 *
 * @since 0.1.0
 * @category guards
 */
export const isRefusal: (error: FetchError.Trackable) => boolean = isMarked
