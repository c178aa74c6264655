/**
 * A tracker whose counts and alerts are those of a whole fleet of processes.
 *
 * Guide: [A fleet of processes](../../docs/fleet.md).
 *
 * @since 0.1.0
 * @module
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type * as Alert from "../Alert.js"
import { ErrorTracker } from "../ErrorTracker.js"
import { orDie } from "../internal/options.js"
import { FleetStore } from "./FleetStore.js"
import { alertDeliveries } from "./internal/tracker/alertDeliveries.js"
import * as fleetService from "./internal/tracker/fleetService.js"
import type * as own from "./internal/tracker/fleetTrackerOptions.js"
import { deliverySettings, fleetSettings } from "./internal/tracker/fleetTrackerOptions.js"

/**
 * The options of {@link layer}: those of `ErrorTracker.layer`, and how often counts are exchanged. Each has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends own.Options {}

/**
 * The options of {@link deliveries}. Each has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface DeliveryOptions extends own.DeliveryOptions {}

/**
 * A tracker of a fleet, under the tag of `ErrorTracker`: the application changes the layer and nothing else.
 *
 * - **Counts.** Errors are counted in memory, and exchanged about once a second. `stats`, `rates`, `breakdown`, `worst`,
 *   `timeline`, `emptyData` and `verdict` answer for the fleet. A window holds up to one sixtieth and one flush more than its
 *   duration. Without a window, a breakdown is that of the last day. `track` never waits for the store.
 * - **Alerts.** Each edge is decided once for the fleet, and every process hears it on `alerts`. The process that decides it
 *   logs it. `Notifier.layer` over this layer delivers each edge once for the fleet. A process that alone exceeds a limit exchanges its counts at once. Give all processes the same limits; limits
 *   that one process alone has are watched too.
 * - **Local.** Recent errors, latencies, error budgets, snapshots, metrics and the pressure of retry policies are those of
 *   this process.
 * - **The store is not available.** Reads answer for this process, counts wait in bounded memory, and after 3 seconds the
 *   limits that this process alone exceeds fire here. When the store is back, counts are made up for. A store that was emptied
 *   gets the counts and the active alerts of all running processes again.
 * - **Losses.** A process that is killed loses what it has counted since its last flush.
 *
 * Dies with an `IllegalArgumentException` if an option is wrong.
 *
 * @example
 * import { ErrorTracker, FetchError } from "effect-errata"
 * import { FleetStore, FleetTracker } from "effect-errata/fleet"
 * import { Effect, Layer } from "effect"
 *
 * const Live = FleetTracker.layer({ thresholds: { NETWORK_DNS: { perMinute: 10 } } }).pipe(
 *   // FleetStore.layerIoredis({ name: "prices", url }) in production.
 *   Layer.provide(FleetStore.layerMemory)
 * )
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   yield* tracker.track(new FetchError.NetworkDns())
 *   return (yield* tracker.stats({ window: "1 hour" })).total
 * })
 *
 * Effect.runPromise(Effect.provide(program, Live)).then((total) => assert.strictEqual(total, 1))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<ErrorTracker, never, FleetStore> =>
  Layer.scoped(
    ErrorTracker,
    Effect.gen(function*() {
      const settings = yield* orDie("FleetTracker", fleetSettings(options))
      return yield* fleetService.make(yield* FleetStore, settings)
    })
  )

/**
 * The edges of all alerts from the first use of the group on, each to one process of the fleet, at least once. An alert counts
 * as delivered when the next one is pulled; one that a process has not finished within `idle` goes to another process. Several
 * processes of a group work at the same time, so that the edges of one alert may overtake each other. `Notifier.layer` keeps
 * their order and retries.
 *
 * @example
 * import { FleetStore, FleetTracker } from "effect-errata/fleet"
 * import { Console, Effect, Layer, Stream } from "effect"
 *
 * const Tickets = Layer.scopedDiscard(
 *   FleetTracker.deliveries({ group: "tickets" }).pipe(
 *     Stream.runForEach((alert) => Console.log(alert.message)),
 *     Effect.forkScoped
 *   )
 * )
 *
 * const Live = Tickets.pipe(Layer.provideMerge(FleetTracker.layer()), Layer.provide(FleetStore.layerMemory))
 *
 * @since 0.1.0
 * @category streams
 */
export const deliveries = (
  options: DeliveryOptions = {}
): Stream.Stream<Exclude<Alert.Alert, Alert.Missed>, never, FleetStore> =>
  Stream.unwrap(
    Effect.gen(function*() {
      const settings = yield* orDie("FleetTracker.deliveries", deliverySettings(options))
      return alertDeliveries(yield* FleetStore, settings)
    })
  )
