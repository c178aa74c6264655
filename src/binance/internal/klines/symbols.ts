/** The spelling of symbols: invalid spellings, and suggestions. */
import { safeText } from "../../../internal/safe/json.js"
import type { Market } from "../../Market.js"

/** The fault of a symbol, with a suggestion. Undefined if the symbol is well-formed. */
export const faultIn = (symbol: string, market: Market | undefined): string | undefined => {
  if (symbol === "") return `"" is not a symbol; write it like "BTCUSDT"`
  const quoted = `"${safeText(symbol, 64)}"`
  const meant = corrected(symbol, market)
  if (meant !== undefined) return `${quoted} is not how Binance spells it; write "${meant}"`
  // A symbol becomes part of a URL and, with a cache, of a path.
  if (!safe.test(symbol) || /^\.$|\.\./.test(symbol)) {
    return `${quoted} is not a symbol: it has at most 40 letters, digits, and single characters of "_", "-", "."`
  }
  const [, coin] = coinSettled.exec(symbol) ?? []
  if (coin !== undefined && (market === "SPOT" || market === "FUTURES_USDT")) {
    return `${quoted} is traded on FUTURES_COIN; on ${market} write "${coin}USDT"`
  }
  const [, stable] = stableSettled.exec(symbol) ?? []
  if (stable !== undefined && market === "FUTURES_COIN") {
    return `${quoted} is not traded on FUTURES_COIN; write "${stable}USD_PERP"`
  }
  return undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const safe = /^[\p{L}\p{N}_.-]{1,40}$/u
const coinSettled = /^(.+)USD_(?:PERP|\d{6})$/
const stableSettled = /^(.+)(?:USDT|USDC|BUSD)$/

// `BTC/USDT`, `BTC-USDT`, `btc_usdt`; `BTC/USDT:USDT` for perpetual futures in other libraries.
const pair = /^([\p{L}\p{N}]{1,20})\s*([-_/: ])\s*([\p{L}\p{N}]{2,10})(?::[\p{L}\p{N}]{2,10})?$/u

// The quote assets. Underscores and dashes are allowed in symbols, as in `BTCUSDT_250627`.
const quotes: ReadonlySet<string> = new Set([
  ..."USDT USDC BUSD FDUSD TUSD USDP DAI USD USD1 USDE BTC ETH BNB EUR GBP TRY BRL JPY ARS MXN PLN RON ZAR UAH CZK"
    .split(" "),
  ..."COP IDR AUD RUB NGN VAI PAX USDS BIDR BVND IDRT BKRW DOGE DOT TRX XRP SOL EURI AEUR".split(" ")
])

const corrected = (symbol: string, market: Market | undefined): string | undefined => {
  const upper = symbol.trim().toUpperCase()
  const [, base, separator, quote = ""] = pair.exec(upper) ?? []
  const isPair = base !== undefined &&
    (separator === "/" || separator === ":" || separator === " " || quotes.has(quote))
  const meant = !isPair
    ? upper
    : market !== "FUTURES_COIN"
    ? `${base}${quote}`
    : quote === "PERP"
    ? `${base}_PERP`
    : `${base}${quote === "USDT" ? "USD" : quote}_PERP`
  return meant !== symbol && safe.test(meant) ? meant : undefined
}
