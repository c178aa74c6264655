/**
 * The meaning of the error codes of Binance, and the rules for the classifier.
 *
 * @since 0.1.0
 */
export * as BinanceErrors from "./BinanceErrors.js"

/**
 * Candles from the REST API of Binance, for all three markets.
 *
 * @since 0.1.0
 */
export * as BinanceRest from "./BinanceRest.js"

/**
 * Candles from the archive of Binance, data.binance.vision, for all three markets.
 *
 * @since 0.1.0
 */
export * as BinanceVision from "./BinanceVision.js"

/**
 * Candles from the cache, the archive and the REST API, in this order.
 *
 * @since 0.1.0
 */
export * as DataSourceManager from "./DataSourceManager.js"

/**
 * The intervals of candles, and the grid of instants at which candles open.
 *
 * @since 0.1.0
 */
export * as Interval from "./Interval.js"

/**
 * A cache of candles on disk, in Arrow files that any Arrow tool reads.
 *
 * @since 0.1.0
 */
export * as KlineCache from "./KlineCache.js"

/**
 * A request for candles: market, symbol, interval, start and end.
 *
 * @since 0.1.0
 */
export * as KlineRequest from "./KlineRequest.js"

/**
 * Candles by column, and the ranges in which candles are missing.
 *
 * @since 0.1.0
 */
export * as Klines from "./Klines.js"

/**
 * The three markets of Binance, and their properties.
 *
 * @since 0.1.0
 */
export * as Market from "./Market.js"

/**
 * The request weight that clients of one exchange share.
 *
 * @since 0.1.0
 */
export * as RequestWeight from "./RequestWeight.js"
