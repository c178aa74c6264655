/**
 * A live page of a tracker: what is wrong now, alerts, errors over time, limits, calls, latencies, the last errors.
 *
 * Guide: [The live page](../../docs/page.md).
 *
 * @since 0.1.0
 * @module
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as LogLevel from "effect/LogLevel"
import type * as Scope from "effect/Scope"
import { ErrorTracker } from "../ErrorTracker.js"
import { writeDetached } from "../internal/log/write.js"
import { build } from "./internal/assets.js"
import * as options from "./internal/dashboardOptions.js"
import { make as makeHub } from "./internal/frameHub.js"
import { type Resources, serve } from "./internal/httpShell.js"
import { pageFiles } from "./internal/responses.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The options of the page. Each has a default.
 *
 * @since 0.1.0
 * @category models
 */
export type Options = options.Options

/**
 * The use of a limit per minute that an exchange imposes, for the option `weights`.
 *
 * @since 0.1.0
 * @category models
 */
export type Weight = options.Weight

/**
 * The server of the page.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The address to open in a browser, without the token. */
  readonly url: string
  readonly port: number
}

// ---------------------------------------------------------------------------------------------------------------------
// errors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The server of the page could not be started: its port is in use, or its address does not exist.
 *
 * @since 0.1.0
 * @category errors
 */
export class DashboardError extends Data.TaggedError("DashboardError")<{
  readonly reason: "AddressInUse" | "Unavailable"
  readonly message: string
}> {}

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The tag of the page. Provide it with {@link layer}.
 *
 * @since 0.1.0
 * @category tags
 */
export class Dashboard extends Context.Tag("effect-errata/Dashboard")<Dashboard, Service>() {}

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Serves the page of the tracker until the layer is released, by default on `http://127.0.0.1:4400`. Needs Node.js, Bun or
 * Deno, and no further package. The address is logged.
 *
 * - The routes of `TrackerApi`, such as `/api/stats`, are served too.
 * - Frames are computed only while the page is open, once a second for all clients. A client that does not read is
 *   dropped after ten seconds.
 * - Only programs of this machine can reach the default address. Any other address requires a `token`; put a proxy with TLS
 *   before it.
 * - Requests from other sites, and for host names that the options do not list, are refused.
 *
 * The request weights of Binance clients are shown if the option `weights` is the usage of their `RequestWeight`:
 * `Layer.unwrapEffect(Effect.map(RequestWeight.RequestWeight, ({ usage }) => Dashboard.layer({ weights: usage })))`.
 *
 * Dies of invalid options. Fails if the port is in use or the address is not available.
 *
 * @example
 * import { Effect, Layer } from "effect"
 * import { ErrorTracker } from "effect-errata"
 * import { Dashboard } from "effect-errata/dashboard"
 *
 * const program = Effect.map(Dashboard.Dashboard, ({ url }) => url)
 *
 * const main = program.pipe(
 *   Effect.provide(Dashboard.layer({ port: 0 }).pipe(Layer.provideMerge(ErrorTracker.layer())))
 * )
 *
 * Effect.runPromise(main).then((url) => assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (settings: Options = {}): Layer.Layer<Dashboard, DashboardError, ErrorTracker> =>
  Layer.scoped(
    Dashboard,
    Either.match(options.settings(settings), {
      onLeft: (message) => Effect.die(new Cause.IllegalArgumentException(`Dashboard: ${message}`)),
      onRight: start
    })
  )

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const start = (
  settings: options.Settings
): Effect.Effect<Service, DashboardError, ErrorTracker | Scope.Scope> =>
  Effect.gen(function*() {
    const hub = yield* makeHub(yield* ErrorTracker, { build, name: settings.name, weights: settings.weights })
    const resources = (port: number): Resources => ({
      access: options.accessOf(settings, port),
      files: pageFiles(),
      events: hub.events,
      other: hub.other
    })
    const port = yield* Effect.mapError(
      serve(settings, resources),
      ({ message, reason }) => new DashboardError({ message: `Dashboard: ${message}`, reason })
    )
    const host = settings.host.includes(":") ? `[${settings.host}]` : settings.host
    const url = `http://${host}:${port}/`
    yield* writeDetached(LogLevel.Info, `Dashboard: ${url}`)
    return { url, port }
  })
