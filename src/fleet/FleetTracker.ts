/**
 * A tracker whose counts and alerts are those of a whole fleet of processes.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ErrorTracker } from "../ErrorTracker.js"
import { orDie } from "../internal/options.js"
import { FleetStore } from "./FleetStore.js"
import * as fleetService from "./internal/tracker/fleetService.js"
import type * as own from "./internal/tracker/fleetTrackerOptions.js"
import { fleetSettings } from "./internal/tracker/fleetTrackerOptions.js"

/**
 * The options of {@link layer}: those of `ErrorTracker.layer`, and how often counts are exchanged. Each has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends own.Options {}

/**
 * A tracker of a fleet, under the tag of `ErrorTracker`.
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
