/**
 * The reachability of a host, and the reason if it is not reachable.
 *
 * Guide: [The 17 errors](../docs/errors.md).
 *
 * @since 0.1.0
 * @module
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Classifier from "./Classifier.js"
import * as ErrorLog from "./ErrorLog.js"
import { ErrorTracker } from "./ErrorTracker.js"
import * as Fetch from "./Fetch.js"
import * as FetchContext from "./FetchContext.js"
import * as FetchError from "./FetchError.js"
import { chain } from "./internal/error/causeChain.js"
import { isMarked, mark } from "./internal/error/mark.js"
import * as Check from "./internal/options.js"
import { attempt } from "./internal/safe/json.js"
import { reportingOf } from "./internal/tracker/reporting.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The result of a check.
 *
 * @since 0.1.0
 * @category models
 */
export interface Report {
  /** The URL, with secrets masked. */
  readonly url: string
  /** True if there was a response with a status below 400. */
  readonly reachable: boolean
  /** The status of the response. None without a response. */
  readonly status: Option.Option<number>
  /**
   * The reason if the host is not reachable: `NetworkDns`, `NetworkConnection`, `NetworkTimeout`, or the error of the
   * status; `DataValidation` for a URL that is invalid for the client.
   */
  readonly error: Option.Option<FetchError.FetchError>
  /** The duration of the check. */
  readonly latency: Duration.Duration
}

/**
 * Options of {@link check}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The longest wait for a response. Default: 5 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Sends a HEAD request to a URL. Never fails: an error is part of the report, counted by the tracker and logged as a warning.
 * A redirect counts as a response, unless the client follows it, as `fetch` does.
 *
 * After the timeout the request is interrupted in the background. Dies with an `IllegalArgumentException` if an option is
 * wrong.
 *
 * @example
 * import { Connectivity, ErrorTracker } from "effect-errata"
 * import { HttpClient, HttpClientResponse } from "@effect/platform"
 * import { Effect, Layer, Option } from "effect"
 *
 * const maintenance = HttpClient.make((request) =>
 *   Effect.succeed(HttpClientResponse.fromWeb(request, new Response(null, { status: 503 })))
 * )
 *
 * const program = Connectivity.check("https://api.example.com/ping").pipe(
 *   Effect.provide(Layer.merge(Layer.succeed(HttpClient.HttpClient, maintenance), ErrorTracker.layer()))
 * )
 *
 * Effect.runPromise(program).then(({ error, reachable, status }) => {
 *   assert.strictEqual(reachable, false)
 *   assert.deepStrictEqual(status, Option.some(503))
 *   assert.strictEqual(Option.getOrThrow(error).code, "API_FORMAT")
 * })
 *
 * @since 0.1.0
 * @category constructors
 */
export const check: (
  url: string,
  options?: Options
) => Effect.Effect<Report, never, HttpClient.HttpClient | ErrorTracker> = Effect.fnUntraced(function*(
  url: string,
  options: Options = {}
) {
  const { timeout } = yield* Check.orDie("Connectivity.check", checkedOptions("", options))
  const client = yield* HttpClient.HttpClient
  const context = FetchContext.make({ url, operation: "check" })
  const shown = context.url ?? ""
  const [latency, answer] = yield* client.head(url).pipe(
    Fetch.timeout(timeout),
    Effect.exit,
    Effect.timed
  )
  const status = Exit.isSuccess(answer) ? Option.some(answer.value.status) : Option.none()
  const checked = yield* Effect.exit(
    Effect.flatMap(answer, HttpClientResponse.filterStatus((status) => status < 400))
  )
  const error = Exit.isSuccess(checked) ? Option.none() : yield* failed(checked.cause, shown, context)
  return { url: shown, reachable: Option.isNone(error), status, error, latency }
})

/**
 * Checks all URLs concurrently. The reports are in the order of the URLs.
 *
 * @since 0.1.0
 * @category constructors
 */
export const checkAll = (
  urls: Iterable<string>,
  options?: Options
): Effect.Effect<ReadonlyArray<Report>, never, HttpClient.HttpClient | ErrorTracker> =>
  Effect.forEach(urls, (url) => check(url, options), { concurrency: "unbounded" })

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const checkedOptions = Check.struct(
  {
    timeout: Check.withDefault(Check.duration(), "5 seconds")
  } satisfies Check.Checks<Options>
)

/** Counts and logs the failure once. Interruptions are passed on. */
const failed = Effect.fnUntraced(function*(
  cause: Cause.Cause<unknown>,
  url: string,
  context: FetchContext.FetchContext
) {
  const classified = yield* Classifier.classifyCause(cause, { context })
  if (Option.isNone(classified)) return yield* Effect.interrupt
  const tracker = yield* ErrorTracker
  // A copy: the client may still hold the error that it failed with.
  const found = FetchError.withContext(classified.value, context)
  if (isMarked(found, tracker)) return Option.some(found)
  const error = isRefused(found, cause, url) ? invalid(found, url) : found
  mark(error, tracker)
  yield* Effect.catchAllDefect(tracker.track(error), () => Effect.void)
  yield* ErrorLog.log(error, {
    cause,
    level: LogLevel.Warning,
    storm: reportingOf(tracker).stormGuard,
    message: `Connectivity check failed for ${url}: ${error.message}`
  })
  return Option.some(error)
})

/** Returns whether the client refused the URL: then the URL is wrong, and not the program. */
const isRefused = (error: FetchError.FetchError, cause: Cause.Cause<unknown>, url: string): boolean =>
  error._tag === "Internal" && (
    Option.exists(Cause.failureOption(cause), HttpClientError.isHttpClientError) ||
    // node:http throws where the others fail.
    /^(?!https?:)/i.test(attempt(() => new URL(url).protocol) ?? "http:")
  )

const invalid = (error: FetchError.FetchError, url: string): FetchError.DataValidation => {
  const cause = FetchError.original(error)
  const said = chain(cause).at(-1)?.message
  const message = `${said}; write the whole address, as in https://api.example.com/ping`
  return new FetchError.DataValidation({
    message: `${JSON.stringify(url)} cannot be checked: ${message}`,
    issues: [{ path: "url", message }],
    context: error.context,
    cause
  })
}
