/**
 * Faults between a client and an exchange, as data.
 *
 * @since 0.1.0
 */
export * as Fault from "./Fault.js"

/**
 * A simulated API with faults on demand, as a server or as a client without sockets.
 *
 * @since 0.1.0
 */
export * as FaultyApi from "./FaultyApi.js"

/**
 * A simulated exchange with faults on demand, as a server or as a client without sockets.
 *
 * @since 0.1.0
 */
export * as FaultyExchange from "./FaultyExchange.js"

/**
 * A logger for tests that collects log entries as data, like pytest's `caplog`.
 *
 * @since 0.1.0
 */
export * as LogCapture from "./LogCapture.js"
