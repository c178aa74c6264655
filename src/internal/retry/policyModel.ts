/** The types of a policy: its options, its state, itself. `RetryPolicy` publishes them. */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as FetchError from "../../FetchError.js"

export interface Row {
  /** The number of retries of a call after errors of this code. 0: none. Default 3; 1 for `DATA_INTEGRITY`. */
  readonly retries?: number | undefined
  /** The first delay. Each further delay is twice as long. Default 200 ms; 1 second for `API_RATE_LIMIT`. */
  readonly base?: Duration.DurationInput | undefined
  /**
   * The longest delay. Default 20 seconds; 1 minute for `API_RATE_LIMIT`. A wait that the server asks for is not shortened
   * by it.
   */
  readonly cap?: Duration.DurationInput | undefined
  /** Whether to retry errors whose `retryable` is false, too. Default false. */
  readonly always?: boolean | undefined
}

export type Rows =
  & {
    /** The default of all codes, whose own rows come before it. A `DATA_INTEGRITY` is retried once at most. */
    readonly "*"?: Omit<Row, "always"> | undefined
  }
  // The 17 by name, so that editors know them.
  & { readonly [T in keyof typeof FetchError.facts as (typeof FetchError.facts)[T]["code"]]?: Row | undefined }
  & { readonly [code: string]: Row | undefined }

export interface Options {
  /**
   * The name of the source, as in the contexts of its errors. It appears in log lines and refusals, and the back-off
   * depends on the errors of this source only. Default: on those of all sources.
   */
  readonly source?: string | undefined
  /**
   * The name of the policy on the page and in `RetryPolicy.states`, for several policies of one source. Default: the source.
   */
  readonly name?: string | undefined
  /**
   * The number of retries and their delays by code, merged over the default rows: `{ "*": { retries: 2 }, API_FORMAT:
   * { retries: 5, base: "1 second" } }`. The row `*` is for all codes.
   */
  readonly rows?: Rows | undefined
  /**
   * The budget of retries, in tokens; each retry takes one. A call adds `ratio` tokens (default 0.2), of which up to 100 are
   * saved. A second adds `perSecond` tokens (default 1), of which up to ten seconds' worth are saved. Without a token a call
   * fails with its last error. `false`: no budget.
   */
  readonly budget?: false | {
    readonly ratio?: number | undefined
    readonly perSecond?: number | undefined
  } | undefined
  /**
   * The circuit breaker. It opens when the failure rate has been at least `failureRate` (default 0.8) for at least
   * `minimumDuration` (default 3 seconds) over at least `minimumAttempts` (default 10). Attempts that are older than
   * `window` (default 30 seconds, or twice `minimumDuration` if that is longer) do not count.
   *
   * It stays open for `openFor` (default 2 seconds), then admits one call as a probe. A success closes it. A failure keeps it
   * open for as long again. If the probe has no result within `openFor`, another call is admitted. `false`: no circuit
   * breaker.
   */
  readonly breaker?: false | {
    readonly failureRate?: number | undefined
    readonly minimumAttempts?: number | undefined
    readonly minimumDuration?: Duration.DurationInput | undefined
    readonly window?: Duration.DurationInput | undefined
    readonly openFor?: Duration.DurationInput | undefined
  } | undefined
  /**
   * The longest time that a call waits because the server asks for it, all of its waits added up. A call that would wait for
   * longer fails at once. Default 2 minutes.
   */
  readonly maxWait?: Duration.DurationInput | undefined
  /** Runs before each retry, as a part of its delay. A failure of it is ignored. */
  readonly onRetry?: ((retry: Retry) => Effect.Effect<void>) | undefined
}

export interface Retry {
  /** The number of the attempt: 2 for the first retry. */
  readonly attempt: number
  /** The time until it. */
  readonly delay: Duration.Duration
  /** The error of the attempt before it. */
  readonly error: FetchError.Trackable
}

export type Refusal = FetchError.NetworkError | FetchError.ApiRateLimit | FetchError.ApiFormat

export interface State {
  /** The `name` of the options, or else the `source`. */
  readonly name: Option.Option<string>
  /** The `source` of the options. */
  readonly source: Option.Option<string>
  readonly circuit: "closed" | "open" | "half-open"
  /** The time for which the circuit has been open. None: it is closed. */
  readonly openFor: Option.Option<Duration.Duration>
  /** The time until the next probe is admitted. None: the circuit is closed, or a probe is in flight. */
  readonly probeIn: Option.Option<Duration.Duration>
  /** The attempts in the window of the circuit breaker, counted from a failure on. 0 without a failure in the window. */
  readonly attempts: number
  /** The failures among them. */
  readonly failures: number
  /** The time until the gate opens. None: it is open. */
  readonly gate: Option.Option<Duration.Duration>
  /** The number of calls that wait for their turn behind the gate. */
  readonly waiting: number
  /** The number of retries that the budget allows. None: there is no budget. */
  readonly budget: Option.Option<number>
  /** The number of retries that the budget holds when it is full. None: there is no budget. */
  readonly budgetSize: Option.Option<number>
  /** The message of the error that opened the circuit, or else of the one that closed the gate. */
  readonly reason: Option.Option<string>
}

export interface RetryPolicy {
  /** Runs a fetch with retries. `Fetch.retry` is the operator for it. */
  readonly run: <A, E extends FetchError.Trackable, R>(
    fetch: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | Refusal, R>
  readonly state: Effect.Effect<State>
}
