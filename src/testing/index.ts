/**
 * What can go wrong between a client and an exchange, as data.
 *
 * @since 0.1.0
 */
export * as Fault from "./Fault.js"

/**
 * An exchange that misbehaves on demand, as a server or as a client without sockets.
 *
 * @since 0.1.0
 */
export * as FaultyExchange from "./FaultyExchange.js"

/**
 * Everything that was logged, as data: for Effect what pytest's `caplog` is for Python.
 *
 * @since 0.1.0
 */
export * as LogCapture from "./LogCapture.js"
