/**
 * An `HttpClient` whose requests are checked for their status, classified, counted, timed, logged with a masked URL, and
 * retried by a policy.
 *
 * Guide: [Your own API](../docs/own-api.md).
 *
 * @since 0.1.0
 * @module
 */
import * as HttpClient from "@effect/platform/HttpClient"
import { ResponseError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type { ErrorTracker } from "./ErrorTracker.js"
import * as Fetch from "./Fetch.js"
import type * as FetchError from "./FetchError.js"
import { clientOptions } from "./internal/client/clientOptions.js"
import { endpointBy } from "./internal/client/endpoint.js"
import { contextOf, isIdempotent, wasNotProcessed } from "./internal/client/requests.js"
import { repeatableIf } from "./internal/fetch/ambient.js"
import * as Check from "./internal/options.js"
import type { RetryPolicy } from "./RetryPolicy.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The options of {@link make}. Each has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The name of the API in logs, breakdowns and alerts. Default: the host of the request, with its port. */
  readonly source?: string | undefined
  /** The policy of retries. Make one for each host. Default: no retries. */
  readonly retry?: RetryPolicy | undefined
  /** The longest duration of an attempt. For `read` and `json`, it includes the body. Default: unlimited. */
  readonly timeout?: Duration.DurationInput | undefined
  /**
   * Templates of paths, as `/users/:id`, `/repos/{owner}/{name}` or `/files/*`, of which the first that matches the whole
   * path is the endpoint; or a function that returns the endpoint. Default, and for a path without a template: the path,
   * in which numbers, UUIDs, hashes, dates and the like are replaced by `:id`.
   */
  readonly endpoints?:
    | ReadonlyArray<string>
    | ((request: HttpClientRequest.HttpClientRequest) => string)
    | undefined
  /** Whether a response with this status is a success. Default: 200 to 299. Accept 404 where it is an answer. */
  readonly accept?: ((status: number, request: HttpClientRequest.HttpClientRequest) => boolean) | undefined
  /**
   * Whether the request may be sent again although the server may have processed it. Default: GET, HEAD, OPTIONS, PUT,
   * DELETE, and requests with an `Idempotency-Key`. Other requests are retried only if the server did not process them:
   * after a rate limit, or if no connection was made.
   */
  readonly isIdempotent?: ((request: HttpClientRequest.HttpClientRequest) => boolean) | undefined
}

/**
 * A request, or the URL of a GET request.
 *
 * @since 0.1.0
 * @category models
 */
export type Request = HttpClientRequest.HttpClientRequest | string | URL

/**
 * A client whose failures are classified and counted. It is an `HttpClient` like any other, with two operations that read
 * the body as part of the attempt.
 *
 * `execute`, `get`, `post`, … return the response once its headers have arrived. Its body is then read outside of the attempt:
 * a body that is cut off fails with a `ResponseError`, is not counted, and cannot be retried.
 *
 * @since 0.1.0
 * @category models
 */
export interface TrackedClient<E = FetchError.FetchError, R = never>
  extends HttpClient.HttpClient.With<E, R | ErrorTracker>
{
  /**
   * Sends a request and reads the response, in one attempt: failures of the body, of its decoding and of your own checks
   * are classified, counted and retried like those of the request.
   */
  readonly read: <A, E2, R2>(
    request: Request,
    read: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<A, E2, R2>
  ) => Effect.Effect<A, E | Fetch.Classified<E2>, R | R2 | ErrorTracker>
  /** Sends a request and decodes the body, which is JSON, by a schema. */
  readonly json: <A, I, R2>(
    request: Request,
    schema: Schema.Schema<A, I, R2>
  ) => Effect.Effect<A, E | FetchError.FetchError, R | R2 | ErrorTracker>
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes a client tracked. Every attempt is counted, with its duration if it succeeds, under the `source`, and with the
 * attributes `method`, `host` and `endpoint`. With these among the `dimensions` of the tracker, `breakdown`, `worst` and
 * `latency` read them.
 *
 * Requests that the client adds to or changes (`HttpClient.mapRequest`) are seen as they are sent. The policy retries the
 * sending, not these changes. A failure of a change is classified and counted, too. Requests of a wrong client, of which an
 * option is wrong, die with an `IllegalArgumentException`.
 *
 * @example
 * import { ErrorTracker, RetryPolicy, TrackedClient } from "effect-errata"
 * import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
 * import { Effect, Layer, Schema } from "effect"
 *
 * const User = Schema.Struct({ id: Schema.Number, name: Schema.String })
 *
 * const program = Effect.gen(function*() {
 *   const users = (yield* HttpClient.HttpClient).pipe(
 *     HttpClient.mapRequest(HttpClientRequest.prependUrl("https://api.example.com")),
 *     TrackedClient.make({ source: "users", timeout: "5 seconds", retry: yield* RetryPolicy.make({ source: "users" }) })
 *   )
 *   const ada = yield* users.json("/users/1", User)
 *   const error = yield* Effect.flip(users.json("/users/2", User))
 *   return [ada.name, error._tag, error.context.attributes?.["endpoint"]]
 * })
 *
 * // In place of FetchHttpClient.layer: a client without a network.
 * const Stub = Layer.succeed(
 *   HttpClient.HttpClient,
 *   HttpClient.make((request, { pathname }) =>
 *     Effect.succeed(HttpClientResponse.fromWeb(
 *       request,
 *       pathname === "/users/1" ? Response.json({ id: 1, name: "Ada" }) : new Response(null, { status: 401 })
 *     ))
 *   )
 * )
 *
 * Effect.runPromise(program.pipe(Effect.provide([Stub, ErrorTracker.layer()]))).then((result) =>
 *   assert.deepStrictEqual(result, ["Ada", "ApiAuth", "/users/:id"])
 * )
 *
 * @since 0.1.0
 * @category constructors
 */
export const make =
  (options: Options = {}) =>
  <E, R>(client: HttpClient.HttpClient.With<E, R>): TrackedClient<Fetch.Classified<E> | FetchError.FetchError, R> => {
    type Failure<E2> = Fetch.Classified<E> | Fetch.Classified<E2> | FetchError.FetchError
    const refused = Check.refusal("TrackedClient", clientOptions("", options))
    const valid = refused === undefined ? options : {}
    const { accept = isSuccess, endpoints = [], isIdempotent: mayRepeat = isIdempotent, retry, source, timeout } = valid
    const byPath = endpointBy(typeof endpoints === "function" ? [] : endpoints)
    const endpoint = (request: HttpClientRequest.HttpClientRequest, path: string): string =>
      typeof endpoints === "function" ? endpoints(request) : byPath(path)

    // Inside, all failures count as classified ones: the types of trackable errors are in the signatures below.
    const attempts = <A, R2>(
      attempt: Effect.Effect<A, unknown, R2>,
      request: HttpClientRequest.HttpClientRequest
    ): Effect.Effect<A, FetchError.FetchError, R2 | ErrorTracker> => {
      const timed = timeout === undefined ? attempt : Fetch.timeout(timeout)(attempt)
      const tracked = Fetch.tracked(contextOf(request, source, endpoint), { attempts: true })(timed)
      return retry === undefined
        ? tracked
        : repeatableIf(mayRepeat(request) ? always : wasNotProcessed)(Fetch.retry(retry)(tracked))
    }

    const checked = (response: HttpClientResponse.HttpClientResponse) =>
      accept(response.status, response.request)
        ? Effect.succeed(response)
        : Effect.fail(new ResponseError({ request: response.request, response, reason: "StatusCode" }))

    /** The client that reads each response as part of the attempt. */
    const reading = <R2>(
      read: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<unknown, unknown, R2>
    ): HttpClient.HttpClient.With<FetchError.FetchError, R | R2 | ErrorTracker> =>
      client.pipe(
        HttpClient.transform((sent: Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>, request) =>
          attempts(Effect.tap(Effect.flatMap(sent, checked), read), request)
        ),
        // What fails before a request is made, such as the renewal of a token.
        HttpClient.transformResponse((
          answer: Effect.Effect<HttpClientResponse.HttpClientResponse, unknown, R | R2 | ErrorTracker>
        ) => refused ?? Fetch.tracked({ source })(answer))
      )

    const read = <A, E2, R2>(
      request: Request,
      f: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<A, E2, R2>
    ): Effect.Effect<A, Failure<E2>, R | R2 | ErrorTracker> =>
      Effect.suspend(() => {
        let result = Option.none<A>()
        const keep = (value: A) => {
          result = Option.some(value)
        }
        return Effect.map(
          reading((response) => Effect.map(f(response), keep)).execute(asRequest(request)),
          () => Option.getOrThrow(result)
        )
      })

    return Object.assign(reading(() => Effect.void), {
      read,
      json: <A, I, R2>(request: Request, schema: Schema.Schema<A, I, R2>) =>
        read(asJson(asRequest(request)), HttpClientResponse.schemaBodyJson(schema))
    })
  }

const isSuccess = (status: number): boolean => status >= 200 && status < 300

const always = (): boolean => true

const asRequest = (request: Request): HttpClientRequest.HttpClientRequest =>
  typeof request === "string" || request instanceof URL ? HttpClientRequest.get(request) : request

/** Asks for JSON, unless the request asks for something else. */
const asJson = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest =>
  request.headers["accept"] === undefined ? HttpClientRequest.acceptJson(request) : request
