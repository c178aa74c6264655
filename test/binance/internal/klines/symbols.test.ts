import { describe, expect, it } from "@effect/vitest"
import { faultIn } from "../../../../src/binance/internal/klines/symbols.js"

const write = (spelled: string, symbol: string) => `"${spelled}" is not how Binance spells it; write "${symbol}"`

describe("faultIn", () => {
  it.each(
    [
      ["SPOT", "BTCUSDT"],
      ["SPOT", "1000SATSUSDT"],
      ["SPOT", "币安人生USDT"],
      ["SPOT", "A".repeat(40)],
      // Nothing says that they are pairs, and they are safe in a path.
      ["SPOT", "FOO-BAR"],
      ["SPOT", "FOO_BAR"],
      ["SPOT", ".A"],
      ["SPOT", "A."],
      ["SPOT", "A.B"],
      ["FUTURES_USDT", "BTCUSDT_250627"],
      ["FUTURES_COIN", "BTCUSD_PERP"],
      ["FUTURES_COIN", "ETHUSD_250627"],
      [undefined, "BTCUSD_PERP"],
      [undefined, "BTCUSDT"]
    ] as const
  )("on %s, %s has none", (market, symbol) => expect(faultIn(symbol, market)).toBeUndefined())

  it.each(
    [
      ["SPOT", "btcusdt", "BTCUSDT"],
      ["SPOT", " BTCUSDT ", "BTCUSDT"],
      ["SPOT", "BTC/USDT", "BTCUSDT"],
      ["SPOT", "BTC-USDT", "BTCUSDT"],
      ["SPOT", "BTC_usdt", "BTCUSDT"],
      ["SPOT", "BTC/USDT:USDT", "BTCUSDT"],
      // These separators are in no symbol, whatever the quote.
      ["SPOT", "foo/bar", "FOOBAR"],
      ["SPOT", "FOO:BAR", "FOOBAR"],
      ["SPOT", "FOO BAR", "FOOBAR"],
      ["FUTURES_COIN", "BTC/USD", "BTCUSD_PERP"],
      ["FUTURES_COIN", "BTC/USDT", "BTCUSD_PERP"],
      ["FUTURES_COIN", "ETH/BTC", "ETHBTC_PERP"],
      ["FUTURES_COIN", "btcusd_perp", "BTCUSD_PERP"],
      ["FUTURES_COIN", "BTCUSD PERP", "BTCUSD_PERP"],
      ["FUTURES_COIN", "btcusd/perp", "BTCUSD_PERP"]
    ] as const
  )(
    "on %s, for %j it suggests %s",
    (market, spelled, symbol) => expect(faultIn(spelled, market)).toBe(write(spelled, symbol))
  )

  it("the empty symbol has an example", () =>
    expect(faultIn("", "SPOT")).toBe(`"" is not a symbol; write it like "BTCUSDT"`))

  it.each([".", "..", "...", "A..B", "BTC//USDT", "../x", "A".repeat(41), "BTC%2FUSDT", "FOO BAR BAZ"])(
    "%s is no symbol",
    (symbol) =>
      expect(faultIn(symbol, "SPOT")).toBe(
        `"${symbol}" is not a symbol: it has at most 40 letters, digits, and single characters of "_", "-", "."`
      )
  )

  it.each(
    [
      ["SPOT", "BTCUSD_PERP", `"BTCUSD_PERP" is traded on FUTURES_COIN; on SPOT write "BTCUSDT"`],
      ["FUTURES_USDT", "ETHUSD_250627", `"ETHUSD_250627" is traded on FUTURES_COIN; on FUTURES_USDT write "ETHUSDT"`],
      ["FUTURES_COIN", "BTCUSDT", `"BTCUSDT" is not traded on FUTURES_COIN; write "BTCUSD_PERP"`],
      ["FUTURES_COIN", "ETHUSDC", `"ETHUSDC" is not traded on FUTURES_COIN; write "ETHUSD_PERP"`]
    ] as const
  )("on %s, %s is of another market", (market, symbol, fault) => expect(faultIn(symbol, market)).toBe(fault))
})
