/**
 * The request weight of a minute, shared by all processes with the same address.
 *
 * Guide: [A fleet of processes](../../docs/fleet.md).
 *
 * @since 0.1.0
 * @module
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as SynchronizedRef from "effect/SynchronizedRef"
import { RequestWeight } from "../binance/RequestWeight.js"
import { monotonicMillis } from "../internal/monotonicMillis.js"
import * as Check from "../internal/options.js"
import { SharedGate } from "../SharedGate.js"
import * as FleetStore from "./FleetStore.js"
import * as fleetLimiter from "./internal/fleetLimiter.js"
import { FleetSize } from "./internal/fleetSize.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The options of {@link layer}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The name of the egress IP address: the limits of a host apply to an address. */
  readonly address: string
  /**
   * The weight that a process reserves at once. Requests within a block do not ask the store. What is not used is given back
   * after a second. Default 1: each request reserves its own weight.
   */
  readonly block?: number | undefined
  /**
   * The number of processes of a fleet whose store has never been available to this process. Without the store a process uses
   * its part of the limit: the limit divided by the last known number of processes. Default 4.
   */
  readonly processes?: number | undefined
}

const checks = {
  address: Check.text,
  block: Check.withDefault(Check.wholeNumber(1), 1),
  processes: Check.withDefault(Check.wholeNumber(1), 4)
} satisfies Check.Checks<Options>

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

// A process that ended without saying so counts for three beats.
const beat = Duration.seconds(1)
const memberFor = 3 * Duration.toMillis(beat)

const make = (options: Options) =>
  Effect.gen(function*() {
    const { address, block, processes } = yield* Check.orDie("FleetWeight", Check.struct(checks)("", options))
    const store = yield* FleetStore.FleetStore
    const gates = yield* Effect.serviceOption(SharedGate)
    const scope = yield* Effect.scope
    const size = new FleetSize(processes)
    const limiters = yield* SynchronizedRef.make<ReadonlyMap<string, fleetLimiter.FleetLimiter>>(new Map())
    const group = `weight ${address}`

    const join = Effect.flatMap(
      Effect.all([store.join(group, memberFor), monotonicMillis]),
      ([count, now]) => Effect.sync(() => size.counted(count, now))
    )

    const synchronize = Effect.flatMap(
      SynchronizedRef.get(limiters),
      Effect.forEach(([, limiter]) => limiter.synchronize, { discard: true })
    )

    yield* Effect.ignore(join)
    yield* Effect.addFinalizer(() => Effect.ignore(store.leave(group)))
    yield* Effect.forkScoped(
      Effect.forever(Effect.zipRight(Effect.sleep(beat), Effect.ignore(Effect.zipRight(join, synchronize))))
    )

    return RequestWeight.of({
      usage: Effect.flatMap(
        SynchronizedRef.get(limiters),
        Effect.forEach(([host, limiter]) => Effect.map(limiter.usage, (usage) => ({ host, ...usage })))
      ),
      limiter: (host, weightPerMinute) =>
        SynchronizedRef.modifyEffect(limiters, (known) => {
          const limiter = known.get(host)
          if (limiter !== undefined) return Effect.succeed([limiter, known] as const)
          const shared = Option.getOrUndefined(gates)?.host(host)
          return fleetLimiter.make(store, size, { address, host, weightPerMinute, block, shared }).pipe(
            Effect.provideService(Scope.Scope, scope),
            Effect.tap((made) => Effect.ignore(made.synchronize)),
            Effect.map((made) => [made, new Map([...known, [host, made]])] as const)
          )
        })
    })
  })

/**
 * The limiters of `RequestWeight` for a fleet: all processes with the same `address` together stay below the limit of each
 * host. A request reserves its weight before it is sent, and the used weight that the exchange reports corrects the count.
 *
 * - **Without the store** a process uses its part of the limit, the limit divided by the last known number of processes. The
 *   limit is not exceeded as long as no more processes are started.
 * - **Rate limits.** Where a `SharedGate` is provided, rate limits pause the requests of all processes.
 *
 * @example
 * import { FetchHttpClient } from "@effect/platform"
 * import { Layer } from "effect"
 * import { BinanceRest } from "effect-errata/binance"
 * import { FleetGate, FleetStore, FleetWeight } from "effect-errata/fleet"
 *
 * const address = "gateway-1"
 *
 * const client = BinanceRest.layer().pipe(
 *   Layer.provide(FleetWeight.layer({ address })),
 *   Layer.provide(FleetGate.layer({ address })),
 *   Layer.provide(FleetStore.layerIoredis({ name: "candles", url: "redis://localhost:6379" })),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<RequestWeight, never, FleetStore.FleetStore> =>
  Layer.scoped(RequestWeight, make(options))
