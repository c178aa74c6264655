/**
 * The store that the processes of a fleet share, in memory or over Redis.
 *
 * @since 0.1.0
 */
export * as FleetStore from "./FleetStore.js"
