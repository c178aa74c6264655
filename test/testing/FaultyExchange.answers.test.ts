import * as HttpClient from "@effect/platform/HttpClient"
import { describe, expect, it } from "@effect/vitest"
import { Market } from "effect-errata/binance"
import { Fault, FaultyExchange } from "effect-errata/testing"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"

const hour = 3_600_000
const day = 24 * hour
const now = Date.UTC(2024, 5, 1, 12, 34, 56)
const start = Date.UTC(2024, 4, 1)

type Params = Readonly<Record<string, string | number>>

const symbols = { SPOT: "BTCUSDT", FUTURES_USDT: "BTCUSDT", FUTURES_COIN: "BTCUSD_PERP" }

/** The answer for ten hours. */
const ask = (params: Params = {}, market: Market.Market = "SPOT") =>
  Effect.gen(function*() {
    const { baseUrls } = yield* FaultyExchange.FaultyExchange
    const all = { symbol: symbols[market], interval: "1h", startTime: start, endTime: start + 10 * hour - 1, ...params }
    const query = new URLSearchParams(Object.entries(all).map(([name, value]) => [name, String(value)]))
    const response = yield* HttpClient.get(`${baseUrls[market]}${Market.facts[market].klinesPath}?${query}`)
    const text = yield* response.text
    const opens = text.startsWith("[")
      ? JSON.parse(text).map(([open]: FaultyExchange.Row) => (open - start) / hour)
      : []
    return { status: response.status, headers: response.headers, text, opens }
  })

const on = (options: FaultyExchange.Options = {}) => Effect.provide(FaultyExchange.layerClient({ now, ...options }))

describe("faults of an answer for klines", () => {
  it.effect.each<[string, Fault.Fault, ReadonlyArray<number>]>([
    ["no fault", Fault.on({ symbol: "ETHUSDT" }, Fault.shortRows()), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ["shortRows: the first half", Fault.shortRows(), [0, 1, 2, 3, 4]],
    ["shortRows: the last half", Fault.shortRows("last"), [5, 6, 7, 8, 9]],
    ["shortRows: the last 90 %", Fault.shortRows("last", 0.9), [1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ["shortRows: both ends", Fault.shortRows("outer", 0.6), [0, 1, 2, 7, 8, 9]],
    ["shortRows: at least one row is missing", Fault.shortRows("first", 0.99), [0, 1, 2, 3, 4, 5, 6, 7, 8]],
    ["otherRange: earlier by a day", Fault.otherRange("1 day"), [-24, -23, -22, -21, -20, -19, -18, -17, -16, -15]]
  ])("%s", ([, fault, opens]) =>
    Effect.gen(function*() {
      expect((yield* ask()).opens).toEqual(opens)
    }).pipe(on({ faults: [fault] })))

  it.effect("otherRange: the latest 500 candles, whatever was asked", () =>
    Effect.gen(function*() {
      const { opens } = yield* ask()
      expect([opens.length, opens.at(-1)]).toEqual([500, 31 * 24 + 12])
    }).pipe(on({ faults: [Fault.otherRange()] })))

  it.effect.each<[Fault.Fault, number, string, string]>([
    [Fault.body("null"), 200, "application/json;charset=UTF-8", "null"],
    [Fault.body("", { status: 202 }), 202, "application/json;charset=UTF-8", ""],
    [Fault.body("<p>Log in</p>", { contentType: "text/html" }), 200, "text/html", "<p>Log in</p>"]
  ])("body: %j", ([fault, status, contentType, text]) =>
    Effect.gen(function*() {
      const answer = yield* ask()
      expect([answer.status, answer.headers["content-type"], answer.text]).toEqual([status, contentType, text])
    }).pipe(on({ faults: [fault] })))
})

describe("options", () => {
  it.effect.each<[string, FaultyExchange.Options["pageSize"], Market.Market, ReadonlyArray<number>]>([
    ["of all markets: the first rows", 3, "SPOT", [0, 1, 2]],
    ["of all markets: COIN-M answers with the latest rows", 3, "FUTURES_COIN", [7, 8, 9]],
    ["of one market", { SPOT: 2 }, "SPOT", [0, 1]],
    ["of another market", { FUTURES_COIN: 2 }, "SPOT", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]
  ])("pageSize, %s", ([, pageSize, market, opens]) =>
    Effect.gen(function*() {
      expect((yield* ask({ limit: 1000 }, market)).opens).toEqual(opens)
    }).pipe(on({ pageSize })))

  it.effect.each([-2 * day, 0, 2 * day])(
    "clockOffset: the exchange is %d ms ahead of the Clock",
    (clockOffset) =>
      Effect.gen(function*() {
        yield* TestClock.setTime(now)
        const { headers, opens } = yield* ask({ startTime: start, endTime: start + 90 * day, limit: 1000 })
        expect(Date.parse(headers["date"] ?? "")).toBe(now + clockOffset)
        expect(opens.at(-1)).toBe(Math.floor((now + clockOffset - start) / hour))
      }).pipe(Effect.provide(FaultyExchange.layerClient({ clockOffset })))
  )

  it.effect("now takes precedence over clockOffset", () =>
    Effect.gen(function*() {
      expect(Date.parse((yield* ask()).headers["date"] ?? "")).toBe(now)
    }).pipe(on({ clockOffset: day })))

  it.effect.each([[undefined, true], [true, true], [false, false]] as const)(
    "dateHeader: %s",
    ([dateHeader, hasDate]) =>
      Effect.gen(function*() {
        expect("date" in (yield* ask()).headers).toBe(hasDate)
      }).pipe(on({ dateHeader }))
  )
})
