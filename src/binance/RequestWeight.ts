/**
 * What requests weigh, and how much of it a minute allows.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SynchronizedRef from "effect/SynchronizedRef"
import type * as FetchError from "../FetchError.js"
import * as weightLimiter from "./internal/klines/weightLimiter.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Keeps the requests to one host below 90 % of what a minute allows. The limits hold for an address, which others may
 * share: what the exchange says with its answers is the truth, of which the highest count in a minute stands; what is
 * under way and not answered yet comes on top.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limiter {
  /**
   * Runs a request: at once when its weight fits into the minute, else in the first minute into which it does. After one
   * that fails with an `ApiRateLimit` that says how long to wait, others fail without being run until that is over. The
   * request is told how to report the used weight that its answer names; NaN where it names none.
   */
  readonly pass: <A, E, R>(
    weight: number,
    request: (report: (used: number) => Effect.Effect<void>) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | FetchError.ApiRateLimit, R>
}

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The limiters of all hosts. Clients that are made where it is provided share them; others have limiters of their own,
 * and learn of each other only by what the exchange says that is used.
 *
 * @since 0.1.0
 * @category tags
 */
export class RequestWeight extends Context.Tag("effect-errata/binance/RequestWeight")<RequestWeight, {
  /** The limiter of a host, or of what has limits of its own there; it is made when it is first asked for. */
  readonly limiter: (host: string, weightPerMinute: number) => Effect.Effect<Limiter>
}>() {}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Limiters of hosts nobody has called yet.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<typeof RequestWeight.Service> = Effect.map(
  SynchronizedRef.make<ReadonlyMap<string, Limiter>>(new Map()),
  (ref) => ({
    limiter: (host, weightPerMinute) =>
      SynchronizedRef.modifyEffect(ref, (known) => {
        const limiter = known.get(host)
        return limiter === undefined
          ? Effect.map(
            weightLimiter.make(weightPerMinute),
            (made) => [made, new Map([...known, [host, made]])] as const
          )
          : Effect.succeed([limiter, known] as const)
      })
  })
)

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * One set of limiters for several clients, which are made inside of it.
 *
 * @example
 * import { FetchHttpClient } from "@effect/platform"
 * import { Effect } from "effect"
 * import { BinanceRest, RequestWeight } from "effect-errata/binance"
 *
 * const clients = Effect.all({
 *   patient: BinanceRest.make({ timeout: "1 minute" }),
 *   hasty: BinanceRest.make({ timeout: "2 seconds" })
 * }).pipe(Effect.provide([RequestWeight.layer, FetchHttpClient.layer]))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<RequestWeight> = Layer.effect(RequestWeight, make)
