/**
 * The three kinds of market of Binance, and what differs between them.
 *
 * A symbol says nothing about its market: `BTCUSDT` is traded on two of them. So the market is part of every request,
 * key and error.
 *
 * @since 0.1.0
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
 * How Binance itself abbreviates a market, in the names of its archive among others.
 *
 * @since 0.1.0
 * @category models
 */
export type Short = "spot" | "um" | "cm"

/**
 * What a client has to know about a market.
 *
 * @since 0.1.0
 * @category models
 */
export interface Facts {
  readonly short: Short
  /** Where its REST API lives. */
  readonly baseUrl: string
  /** The path of the klines endpoint. */
  readonly klinesPath: string
  /** The path of the endpoint that tells the time of the server. */
  readonly timePath: string
  /** Request weight that an IP address may use in a minute. */
  readonly weightPerMinute: number
  /** The weight of one klines request with this `limit`. */
  readonly klinesWeight: (limit: number) => number
  /** The longest window, in milliseconds, that one klines request may ask for. */
  readonly maxWindow: number
}

const futuresWeight = (limit: number): number => limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1000 ? 5 : 10

/**
 * The facts of each market, as documented by Binance.
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
 * The most rows that one klines request may ask for: what all markets allow, and the fewest requests at a fair weight.
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
 * The market that Binance abbreviates so.
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
