/**
 * Rate limits that one process meets pause the requests of all processes with the same address.
 *
 * @since 0.1.0
 */
export * as FleetGate from "./FleetGate.js"

/**
 * The store that the processes of a fleet share, in memory or over Redis.
 *
 * @since 0.1.0
 */
export * as FleetStore from "./FleetStore.js"

/**
 * A tracker whose counts and alerts are those of a whole fleet of processes.
 *
 * @since 0.1.0
 */
export * as FleetTracker from "./FleetTracker.js"

/**
 * The request weight of a minute, shared by all processes with the same address.
 *
 * @since 0.1.0
 */
export * as FleetWeight from "./FleetWeight.js"
