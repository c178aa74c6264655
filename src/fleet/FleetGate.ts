/**
 * Rate limits that one process meets pause the requests of all processes with the same address.
 *
 * Guide: [A fleet of processes](../../docs/fleet.md).
 *
 * @since 0.1.0
 * @module
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as LogLevel from "effect/LogLevel"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as FetchContext from "../FetchContext.js"
import * as FetchError from "../FetchError.js"
import { writeDetached } from "../internal/log/write.js"
import { monotonicMillis } from "../internal/monotonicMillis.js"
import * as Check from "../internal/options.js"
import { durationText } from "../internal/retry/giveUpReason.js"
import * as SharedGate from "../SharedGate.js"
import * as FleetStore from "./FleetStore.js"
import { Closings, type Pause } from "./internal/closings.js"

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
  /** The name of the egress IP address: servers limit and ban addresses. Processes behind one address use the same name. */
  readonly address: string
  /**
   * The time over which the processes resume after a pause: each continues at a random instant of it. Pauses that are shorter
   * are spread over their own duration. Default 1 second.
   */
  readonly spread?: Duration.DurationInput | undefined
}

const checks = {
  address: Check.text,
  spread: Check.withDefault(Check.duration({ least: Duration.zero }), "1 second")
} satisfies Check.Checks<Options>

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/** Pauses are stated again in this interval: a store that was emptied learns them from any process. */
const repeatEvery = Duration.seconds(2)

/** The time for which the layer waits for its connection to the stream of pauses. */
const longestStart = Duration.seconds(1)

/** The pause after a report that failed. */
const retryAfter = Duration.millis(250)

const make = (options: Options) =>
  Effect.gen(function*() {
    const { address, spread } = yield* Check.orDie("FleetGate", Check.struct(checks)("", options))
    const store = yield* FleetStore.FleetStore
    const draw = yield* Random.next
    const closings = new Closings()
    const hosts = new Map<string, { closing: SharedGate.Closing | undefined }>()
    const hasNews = yield* Effect.makeLatch(false)
    const clock = yield* Effect.clock
    const unsafeNow = () => Number(clock.unsafeCurrentTimeNanos()) / 1e6

    /** A pause of another process ends a little later than it says, in each process at another time. */
    const delayed = ({ error, isOwn, until }: Pause, now: number): SharedGate.Closing => ({
      error,
      until: isOwn ? until : until + draw * Math.min(Duration.toMillis(spread), Math.max(0, until - now))
    })

    const hostOf = (name: string) => {
      const known = hosts.get(name)
      if (known !== undefined) return known
      const now = unsafeNow()
      const pause = closings.get(name, now)
      const host = { closing: pause && delayed(pause, now) }
      hosts.set(name, host)
      return host
    }

    /** Passes the pauses of the fleet on to the gates of this process. */
    const hear = (gates: ReadonlyArray<FleetStore.ClosedGate>) =>
      Effect.flatMap(monotonicMillis, (now) =>
        Effect.forEach(gates, (gate) => {
          const { host, isBan, message, wait } = gate
          const isKnown = closings.get(host, now) !== undefined
          const pause = closings.heard(host, wait, () => errorOf(gate, address), now)
          if (pause === undefined) return Effect.void
          const view = hosts.get(host)
          if (view !== undefined) view.closing = delayed(pause, now)
          return isKnown ? Effect.void : writeDetached(
            LogLevel.Warning,
            `${
              isBan ? "Banned" : "Rate limited"
            } by the server, as another process reports: requests to ${host} paused for ${
              durationText(wait)
            }: ${message}`,
            { source: host, address }
          )
        }, { discard: true }))

    /** States all pauses to the store, which ignores those that it knows. */
    const report = Effect.flatMap(monotonicMillis, (now) =>
      Effect.forEach(
        closings.active(now),
        ([host, { error, until }]) =>
          store.closeGate({ address, host, wait: until - now, message: error.message, isBan: error.banned }),
        { discard: true }
      ))

    const reporting = Effect.zipRight(hasNews.close, report).pipe(
      Effect.matchEffect({
        onFailure: () => Effect.zipRight(Effect.sleep(retryAfter), hasNews.open),
        onSuccess: () => Effect.void
      }),
      Effect.zipRight(Effect.raceFirst(hasNews.await, Effect.sleep(repeatEvery))),
      Effect.forever
    )

    // Processes that start during a pause know it before their first request, and hear of the next one at once.
    const isHearing = yield* Effect.makeLatch(false)
    yield* Effect.forkScoped(
      Stream.runForEach(store.gates(address), (gates) => Effect.zipRight(hear(gates), isHearing.open))
    )
    yield* Effect.matchEffect(store.closedGates(address), {
      onFailure: () => Effect.void,
      onSuccess: (gates) => Effect.zipRight(hear(gates), Effect.raceFirst(isHearing.await, Effect.sleep(longestStart)))
    })
    yield* Effect.forkScoped(reporting)

    return SharedGate.SharedGate.of({
      host: (name) => {
        const host = hostOf(name)
        return {
          get closing() {
            return host.closing
          },
          close: (closing) => {
            closings.met(name, closing, unsafeNow())
            // The other policies of this process need no store.
            host.closing = closing
            hasNews.unsafeOpen()
          }
        }
      }
    })
  })

const errorOf = ({ host, isBan, message, wait }: FleetStore.ClosedGate, address: string): FetchError.ApiRateLimit =>
  new FetchError.ApiRateLimit({
    message,
    banned: isBan,
    retryAfter: Duration.millis(wait),
    context: FetchContext.make({ source: host, attributes: { address } })
  })

/**
 * The {@link SharedGate.SharedGate} of a fleet. A rate limit or a ban that one process meets pauses the requests of all
 * processes with the same `address` to that host within some milliseconds. Processes that start during a pause know it.
 *
 * `RetryPolicy.make` and the clients of Binance find it when they are made. They read a view in memory, and never wait for the
 * store. While the store is not available each process knows the pauses that it has met, and those that it has heard of.
 *
 * @example
 * import { Effect, Layer } from "effect"
 * import { ErrorTracker, RetryPolicy } from "effect-errata"
 * import { FleetGate, FleetStore } from "effect-errata/fleet"
 *
 * const fleet = FleetGate.layer({ address: "gateway-1" }).pipe(Layer.provide(FleetStore.layerMemory))
 *
 * const program = RetryPolicy.make({ source: "api" }).pipe(
 *   Effect.provide([ErrorTracker.layer(), fleet])
 * )
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<SharedGate.SharedGate, never, FleetStore.FleetStore> =>
  Layer.scoped(SharedGate.SharedGate, make(options))
