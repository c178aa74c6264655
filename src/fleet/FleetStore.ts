/**
 * The store that the processes of a fleet share: closed gates, request weight, counts, alerts.
 *
 * Applications use the layers over it; the primitives are for layers of your own.
 *
 * Guide: [A fleet of processes](../../docs/fleet.md).
 *
 * @since 0.1.0
 * @module
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { orDie } from "../internal/options.js"
import * as memoryStore from "./internal/memoryStore.js"
import { connector } from "./internal/redis/connector.js"
import type * as client from "./internal/redis/redisClient.js"
import * as redisStore from "./internal/redis/redisStore.js"
import type { MissingPackage } from "./internal/storeError.js"
import type * as Model from "./internal/storeModel.js"
import * as own from "./internal/storeOptions.js"

// ---------------------------------------------------------------------------------------------------------------------
// errors
// ---------------------------------------------------------------------------------------------------------------------

export {
  /**
   * A package that a layer needs is not installed. The message names the command that installs it.
   *
   * @since 0.1.0
   * @category errors
   */
  MissingPackage,
  /**
   * The store cannot be reached, or refuses the operation. If `mayBeDone` is true, the operation may have been carried out:
   * its answer did not arrive. The message contains no secret.
   *
   * @since 0.1.0
   * @category errors
   */
  Unavailable
} from "./internal/storeError.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What a fleet shares, as primitives. Each is atomic and takes its time from the store, never from a process. They fail at
 * once or within the timeout of the store. Streams never fail: they continue when the store is back.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service extends Model.Store {}

/**
 * A closed gate: calls from an address to a host wait until it opens.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClosedGate extends Model.ClosedGate {}

/**
 * A rate limit that closes a gate.
 *
 * @since 0.1.0
 * @category models
 */
export interface GateClosing extends Model.GateClosing {}

/**
 * A request for a part of the weight of a minute.
 *
 * @since 0.1.0
 * @category models
 */
export interface WeightRequest extends Model.WeightRequest {}

/**
 * Weight that is reserved in a minute.
 *
 * @since 0.1.0
 * @category models
 */
export interface WeightReservation extends Model.WeightReservation {}

/**
 * The end of reservations.
 *
 * @since 0.1.0
 * @category models
 */
export interface WeightSettlement extends Model.WeightSettlement {}

/**
 * A count that is added to a series.
 *
 * @since 0.1.0
 * @category models
 */
export interface Series extends Model.Series {}

/**
 * The counts of one process since its last batch.
 *
 * @since 0.1.0
 * @category models
 */
export interface Batch extends Model.Batch {}

/**
 * The result of a batch.
 *
 * @since 0.1.0
 * @category models
 */
export type Flushed = Model.Flushed

/**
 * A group of series in one window.
 *
 * @since 0.1.0
 * @category models
 */
export interface CountKey extends Model.CountKey {}

/**
 * The counts of series by step.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timeline extends Model.Timeline {}

/**
 * A change of the state of an alert, with its edges.
 *
 * @since 0.1.0
 * @category models
 */
export interface StateChange extends Model.StateChange {}

/**
 * The states of the alerts of a fleet.
 *
 * @since 0.1.0
 * @category models
 */
export interface AlertStates extends Model.AlertStates {}

/**
 * An edge of an alert.
 *
 * @since 0.1.0
 * @category models
 */
export interface Edge extends Model.Edge {}

/**
 * The options of {@link layerIoredis}: a name, and one of `client`, `url` and `options`.
 *
 * @since 0.1.0
 * @category models
 */
export interface IoredisOptions extends own.IoredisOptions {}

/**
 * The part of a client of ioredis that is used. Clients of the versions 5 and 6 have this type.
 *
 * @since 0.1.0
 * @category models
 */
export interface RedisClient extends client.RedisClient {}

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The store of a fleet.
 *
 * @since 0.1.0
 * @category tags
 */
export class FleetStore extends Context.Tag("effect-errata/fleet/FleetStore")<FleetStore, Service>() {}

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A store over Redis 6.2 or later, or Valkey.
 *
 * Building the layer waits for the connection until `timeout` at most, and succeeds without it: a process works alone until
 * the store is there. The log has one line when the store is not available, and one when it is available again.
 *
 * - **Connections.** One for commands, and one for each stream.
 * - **Keys.** All begin with `errata:{name}:1:` and expire. A user with `~errata:*` in its access list is enough.
 * - **Memory.** With a `maxmemory-policy` that evicts keys, counts may be lost, gates open too early, and the weight of a minute
 *   may be exceeded. Use `noeviction` or a server of its own.
 *
 * Dies with an `IllegalArgumentException` if an option is wrong. Fails with a {@link MissingPackage} if ioredis is needed and
 * not installed: a `client` needs no import.
 *
 * @example
 * import { Config, Effect, Layer } from "effect"
 * import { FleetStore } from "effect-errata/fleet"
 *
 * const store = Layer.unwrapEffect(
 *   Effect.map(Config.redacted("REDIS_URL"), (url) => FleetStore.layerIoredis({ name: "candles", url }))
 * )
 *
 * @since 0.1.0
 * @category layers
 */
export const layerIoredis = (options: IoredisOptions): Layer.Layer<FleetStore, MissingPackage> =>
  Layer.scoped(
    FleetStore,
    Effect.gen(function*() {
      const settings = yield* orDie("FleetStore", own.storeOptions(options))
      const { name, timeout } = settings
      return yield* redisStore.make({
        name,
        timeout,
        process: crypto.randomUUID(),
        connect: yield* connector(settings)
      })
    })
  )

/**
 * A store in memory, for tests and for a fleet of one process. Its time is the Clock of Effect.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<FleetStore> = Layer.sync(
  FleetStore,
  () => memoryStore.make(new memoryStore.Shared(), crypto.randomUUID())
)

/**
 * Makes the stores in memory of several processes of one fleet, for tests: each effect makes the store of another process.
 *
 * @example
 * import { Effect } from "effect"
 * import { FleetStore } from "effect-errata/fleet"
 *
 * const program = Effect.gen(function*() {
 *   const fleet = FleetStore.memoryFleet()
 *   const [first, second] = [yield* fleet, yield* fleet]
 *   return [yield* first.lease("leader", 1000), yield* second.lease("leader", 1000)]
 * })
 *
 * assert.deepStrictEqual(Effect.runSync(program), [true, false])
 *
 * @since 0.1.0
 * @category constructors
 */
export const memoryFleet = (): Effect.Effect<Service> => {
  const shared = new memoryStore.Shared()
  return Effect.sync(() => memoryStore.make(shared, crypto.randomUUID()))
}
