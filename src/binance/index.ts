/**
 * What the error codes of Binance mean for a fetch, and the rules that make the classifier use it.
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
 * Candles from wherever they are: the cache, then the archive, then the REST API.
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
 * Candles kept on disk, as Arrow files that any Arrow tool reads.
 *
 * @since 0.1.0
 */
export * as KlineCache from "./KlineCache.js"

/**
 * A question for candles: which market, symbol and interval, and from when to when.
 *
 * @since 0.1.0
 */
export * as KlineRequest from "./KlineRequest.js"

/**
 * Candles by column, and what is missing among them.
 *
 * @since 0.1.0
 */
export * as Klines from "./Klines.js"

/**
 * The three kinds of market of Binance, and what differs between them.
 *
 * @since 0.1.0
 */
export * as Market from "./Market.js"

/**
 * What requests weigh, and how much of it a minute allows.
 *
 * @since 0.1.0
 */
export * as RequestWeight from "./RequestWeight.js"
