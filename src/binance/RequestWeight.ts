/**
 * The request weight that clients of one exchange share.
 *
 * Guide: [Candles from Binance](../../docs/candles.md).
 *
 * @since 0.1.0
 * @module
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SynchronizedRef from "effect/SynchronizedRef"
import { SharedGate } from "../SharedGate.js"
import * as weightLimiter from "./internal/klines/weightLimiter.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Keeps the requests to one host below 90 % of the weight that it allows per minute. The limits hold for an IP address,
 * which other programs may share. The used weight is therefore the highest one that the exchange has reported in the minute,
 * plus the weight of the requests in flight.
 *
 * @since 0.1.0
 * @category models
 */
export type Limiter = weightLimiter.Limiter

const usage = Schema.Struct({
  host: Schema.String,
  used: Schema.NonNegative,
  limit: Schema.NonNegative,
  resetIn: Schema.DurationFromMillis,
  pausedFor: Schema.optionalWith(Schema.DurationFromMillis, { as: "Option" })
})

/**
 * The use of the request weight of one host. The type, and the schema of its JSON.
 *
 * @since 0.1.0
 * @category models
 */
export interface Usage extends weightLimiter.LimiterUsage {
  readonly host: string
}

interface UsageJson extends Schema.Schema.Encoded<typeof usage> {}

/**
 * The schema of a {@link Usage}. Its JSON is plain: durations are milliseconds, and a field that is None is absent.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Usage: Schema.Schema<Usage, UsageJson> = usage

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The limiters of all hosts, shared by the clients that are made with this service. Other clients have limiters of their
 * own, and learn of each other only from the used weight that the exchange reports.
 *
 * @since 0.1.0
 * @category tags
 */
export class RequestWeight extends Context.Tag("effect-errata/binance/RequestWeight")<RequestWeight, {
  /** Returns the limiter of a host, or of a part of it that has limits of its own. Makes it on first use. */
  readonly limiter: (host: string, weightPerMinute: number) => Effect.Effect<Limiter>
  /** The use of the weight of every host, in the order in which the limiters were made. Reading changes nothing. */
  readonly usage: Effect.Effect<ReadonlyArray<Usage>>
}>() {}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes a service without limiters. Where a `SharedGate` is provided, the rate limits of other processes pause the requests
 * to a host, too.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<typeof RequestWeight.Service> = Effect.map(
  Effect.all([SynchronizedRef.make<ReadonlyMap<string, Limiter>>(new Map()), Effect.serviceOption(SharedGate)]),
  ([ref, gates]) => ({
    usage: Effect.flatMap(
      SynchronizedRef.get(ref),
      (known) => Effect.forEach(known, ([host, limiter]) => Effect.map(limiter.usage, (usage) => ({ host, ...usage })))
    ),
    limiter: (host, weightPerMinute) =>
      SynchronizedRef.modifyEffect(ref, (known) => {
        const limiter = known.get(host)
        return limiter === undefined
          ? Effect.map(
            weightLimiter.make(weightPerMinute, Option.getOrUndefined(gates)?.host(host)),
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
 * One set of limiters for all clients that are made with this layer.
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
