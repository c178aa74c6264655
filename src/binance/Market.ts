/**
 * The three markets of Binance, and their properties.
 *
 * A symbol does not identify its market: `BTCUSDT` is traded on two of them. The market is therefore part of every request,
 * key and error.
 *
 * Guide: [Candles from Binance](../../docs/candles.md).
 *
 * @since 0.1.0
 * @module
 */
import * as Schema from "effect/Schema"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * `SPOT`, `FUTURES_USDT` (USDⓈ-M: margined in a stable coin), `FUTURES_COIN` (COIN-M: margined in the coin itself).
 *
 * @since 0.1.0
 * @category models
 */
export const Market = Schema.Literal("SPOT", "FUTURES_USDT", "FUTURES_COIN")

/**
 * One of the three markets.
 *
 * @since 0.1.0
 * @category models
 */
export type Market = typeof Market.Type

/**
 * The abbreviation of a market by Binance, as in the names of its archive.
 *
 * @since 0.1.0
 * @category models
 */
export type Short = "spot" | "um" | "cm"

/**
 * The properties of a market.
 *
 * @since 0.1.0
 * @category models
 */
export interface Facts {
  readonly short: Short
  /** The base URL of the REST API. */
  readonly baseUrl: string
  /** The path of the klines endpoint. */
  readonly klinesPath: string
  /** The path of the endpoint for the time of the server. */
  readonly timePath: string
  /** The limit of the request weight of an IP address per minute. */
  readonly weightPerMinute: number
  /** The weight of one klines request with this `limit`. */
  readonly klinesWeight: (limit: number) => number
  /** The longest range of one klines request, in milliseconds. */
  readonly maxWindow: number
}

const futuresWeight = (limit: number): number => limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1000 ? 5 : 10

/**
 * The properties of each market, as documented by Binance.
 *
 * @example
 * import { Market } from "effect-errata/binance"
 *
 * assert.strictEqual(Market.facts.FUTURES_USDT.klinesPath, "/fapi/v1/klines")
 * assert.strictEqual(Market.facts.FUTURES_USDT.klinesWeight(1000), 5)
 *
 * @since 0.1.0
 * @category models
 */
export const facts: Readonly<Record<Market, Facts>> = {
  SPOT: {
    short: "spot",
    baseUrl: "https://api.binance.com",
    klinesPath: "/api/v3/klines",
    timePath: "/api/v3/time",
    weightPerMinute: 6000,
    klinesWeight: () => 2,
    maxWindow: Infinity
  },
  FUTURES_USDT: {
    short: "um",
    baseUrl: "https://fapi.binance.com",
    klinesPath: "/fapi/v1/klines",
    timePath: "/fapi/v1/time",
    weightPerMinute: 2400,
    klinesWeight: futuresWeight,
    maxWindow: Infinity
  },
  FUTURES_COIN: {
    short: "cm",
    baseUrl: "https://dapi.binance.com",
    klinesPath: "/dapi/v1/klines",
    timePath: "/dapi/v1/time",
    weightPerMinute: 2400,
    klinesWeight: futuresWeight,
    // Longer windows are refused with code -4088.
    maxWindow: 200 * 86_400_000
  }
}

/**
 * The maximum number of rows of one klines request: all markets allow it, at a low weight per row.
 *
 * @since 0.1.0
 * @category models
 */
export const pageLimit = 1000

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const byShort: Readonly<Record<Short, Market>> = { spot: "SPOT", um: "FUTURES_USDT", cm: "FUTURES_COIN" }

/**
 * Returns the market of an abbreviation.
 *
 * @example
 * import { Market } from "effect-errata/binance"
 *
 * assert.strictEqual(Market.fromShort("cm"), "FUTURES_COIN")
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromShort = (short: Short): Market => byShort[short]
