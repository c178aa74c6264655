/**
 * A live page of a tracker.
 *
 * @since 0.1.0
 */
export * as Dashboard from "./Dashboard.js"
