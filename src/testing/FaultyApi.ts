/**
 * A simulated API with faults on demand: routes with good answers, and a {@link Fault} that changes them by method, path,
 * number of the request, or probability.
 *
 * {@link layer} is a server on the loopback interface with real sockets. {@link layerClient} is an `HttpClient` without
 * sockets, whose latencies and limits follow `TestClock`.
 *
 * Guide: [Tests](../../docs/testing.md).
 *
 * @example
 * import { Fault, FaultyApi } from "effect-errata/testing"
 * import { HttpClient } from "@effect/platform"
 * import { Effect } from "effect"
 *
 * const test = Effect.gen(function*() {
 *   const api = yield* FaultyApi.FaultyApi
 *   yield* api.inject(Fault.on({ path: "/users/:id", nth: 1 }, Fault.status(503)))
 *   const user = HttpClient.get(`${api.url}/users/7`)
 *   assert.strictEqual((yield* user).status, 503)
 *   assert.deepStrictEqual(yield* (yield* user).json, { id: 7 })
 *   assert.deepStrictEqual((yield* api.requests).map(({ fault }) => fault), ["Status", undefined])
 * })
 *
 * const routes: FaultyApi.Routes = {
 *   "GET /users/:id": ({ params }) => ({ id: Number(params["id"]) }),
 *   "POST /users": ({ json }) => FaultyApi.response(201, json)
 * }
 *
 * Effect.runPromise(Effect.provide(test, FaultyApi.layerClient({ routes })))
 *
 * @since 0.1.0
 * @module
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import * as Check from "../internal/options.js"
import type { Fault } from "./Fault.js"
import * as api from "./internal/api/api.js"
import { type Route as ApiRoute, routeOf, type RouteRequest, RouteResponse } from "./internal/api/apiRoutes.js"
import { clientLayer, faultyServer, socketLayer } from "./internal/wire/faultyServer.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The answer of a route: a value that is sent as JSON with status 200, a {@link response}, or a function of the request.
 * `undefined` is an empty body. A function must be pure: `nth` says how often the route was called.
 *
 * @since 0.1.0
 * @category models
 */
export type Route = object | string | number | boolean | null | undefined | ((request: RouteRequest) => unknown)

/**
 * Routes by method and path: `GET /users/:id`. A segment with a colon is a parameter. Of several routes that match, the one
 * with the fewest parameters answers; without one, the answer is a 404. HEAD is answered as GET.
 *
 * @since 0.1.0
 * @category models
 */
export interface Routes {
  readonly [route: string]: Route
}

/**
 * A request that the API has received, with the name of its route and the fault that hit it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request extends api.ApiRequest {}

/**
 * The options of an API.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly routes: Routes
  /** The faults from the start on. Default: none. */
  readonly faults?: ReadonlyArray<Fault> | undefined
  /** The seed of the faults with a probability. Default: 1. */
  readonly seed?: number | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The handle of a running API.
 *
 * @since 0.1.0
 * @category tags
 */
export class FaultyApi extends Context.Tag("effect-errata/testing/FaultyApi")<FaultyApi, {
  /** The URL of the server, without a path: `http://127.0.0.1:41233`. */
  readonly url: string
  /** All requests so far, in order of arrival. */
  readonly requests: Effect.Effect<ReadonlyArray<Request>>
  /** Adds a fault after the existing ones. Dies with an `IllegalArgumentException` if the fault is invalid. */
  readonly inject: (fault: Fault) => Effect.Effect<void>
  /** Removes all faults, and ends the rate limit. Keeps the requests. */
  readonly clear: Effect.Effect<void>
}>() {}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * An answer with a status and headers. A `Uint8Array` is sent as it is, `undefined` as an empty body, anything else as JSON.
 *
 * @since 0.1.0
 * @category constructors
 */
export const response = (
  status: number,
  body?: unknown,
  options?: { readonly headers?: Readonly<Record<string, string>> | undefined }
): object => new RouteResponse(status, body, options?.headers ?? {})

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The API as a server on a free port of 127.0.0.1. It requires Node. When the scope of the layer closes, all connections are
 * closed at once. A route that throws closes the connection.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<FaultyApi> => socketLayer(FaultyApi, simulated(options))

/**
 * The API as an `HttpClient` without sockets, which responds for any host. Waits follow the `Clock`. Faults fail with the
 * errors of `FetchHttpClient` on Node for real sockets.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerClient = (options: Options): Layer.Layer<FaultyApi | HttpClient.HttpClient> =>
  clientLayer(FaultyApi, "http://faulty-api.test", simulated(options))

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const simulated = (options: Options) =>
  Effect.map(Check.orDie("FaultyApi", checkedOptions("", options)), ({ faults, routes, seed }) =>
    faultyServer({
      seed,
      faults,
      initial: api.initial,
      respond: (incoming, current) => api.respond(routes, incoming, current),
      arm: api.inject,
      lift: (state) => ({ ...state, limitedUntil: -Infinity })
    }, (handle) => FaultyApi.of(handle)))

const checkedRoutes: Check.Check<ReadonlyArray<ApiRoute>> = (path, value) => {
  if (!Check.isRecord(value)) return Check.wrong(path, value, `an object with routes, as in { "GET /users/:id": … }`)
  const routes: Array<ApiRoute> = []
  for (const [name, answer] of Object.entries(value)) {
    const route = routeOf(name, answer)
    if (route === undefined) return Check.wrong(path, name, `a method and a path, as in "GET /users/:id"`)
    routes.push(route)
  }
  return Either.right(routes)
}

const checkedOptions = Check.struct(
  {
    routes: checkedRoutes,
    // Each is checked where it is added.
    faults: Check.withDefault(
      Check.listOf("a list of faults", Check.verbatim<Fault>((_, fault) => Either.right(fault))),
      []
    ),
    seed: Check.withDefault(Check.number("a finite number", Number.isFinite), 1)
  } satisfies Check.Checks<Options>
)
