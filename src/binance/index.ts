/**
 * What the error codes of Binance mean for a fetch, and the rules that make the classifier use it.
 *
 * @since 0.1.0
 */
export * as BinanceErrors from "./BinanceErrors.js"

/**
 * The intervals of candles, and the grid of instants at which candles open.
 *
 * @since 0.1.0
 */
export * as Interval from "./Interval.js"

/**
 * The three kinds of market of Binance, and what differs between them.
 *
 * @since 0.1.0
 */
export * as Market from "./Market.js"
