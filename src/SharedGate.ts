/**
 * The rate-limit gate that several processes share: a service that is optional.
 *
 * Guide: [A fleet of processes](../docs/fleet.md).
 *
 * @since 0.1.0
 * @module
 */
import * as Context from "effect/Context"
import type * as Model from "./internal/retry/sharedGateModel.js"

/**
 * The pause of a host after a rate limit.
 *
 * @since 0.1.0
 * @category models
 */
export interface Closing extends Model.Closing {}

/**
 * The gate of one host, as the other processes see it. Neither member waits for anything.
 *
 * @since 0.1.0
 * @category models
 */
export interface Host extends Model.Host {}

/**
 * The service.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service extends Model.Service {}

/**
 * The gates of all hosts. A `RetryPolicy` that is made where this service is provided reports its rate limits to it, under the
 * name of its `source`, and pauses its calls when another process reports one. Clients that know the limits of their hosts do
 * so for each host.
 *
 * `FleetGate.layer` of `effect-errata/fleet` provides it.
 *
 * @since 0.1.0
 * @category tags
 */
export class SharedGate extends Context.Tag("effect-errata/SharedGate")<SharedGate, Service>() {}
