import { describe, it } from "@effect/vitest"
import { Interval, KlineRequest, Market } from "effect-errata/binance"
import type { DataValidation } from "effect-errata/FetchError"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import { expect, expectTypeOf } from "vitest"

const good: KlineRequest.Input = {
  market: "SPOT",
  symbol: "BTCUSDT",
  interval: "1h",
  start: "2024-01-01",
  end: "2024-01-02"
}

/** Input of a caller without types. */
const wrong = (part: Readonly<Record<string, unknown>>): KlineRequest.Input => ({ ...good, ...part })

const faults = (part: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> =>
  Effect.match(KlineRequest.make(wrong(part)), {
    onFailure: (error) => Object.fromEntries((error.issues ?? []).map(({ message, path }) => [path, message])),
    onSuccess: () => ({})
  }).pipe(Effect.runSync)

describe("KlineRequest", () => {
  it("fails with DataValidation and nothing else", () => {
    expectTypeOf(KlineRequest.make(good)).toEqualTypeOf<Effect.Effect<KlineRequest.KlineRequest, DataValidation>>()
  })

  it.each<[string, DateTime.DateTime.Input]>([
    ["a date", "2024-01-01"],
    ["a time without zone, which is UTC", "2024-01-01T00:00:00"],
    ["a time with a zone", "2024-01-01T02:00:00+02:00"],
    ["milliseconds", 1704067200000],
    ["a Date", new Date(1704067200000)],
    ["a zoned DateTime", DateTime.unsafeMakeZoned(1704067200000, { timeZone: "Asia/Tokyo" })],
    ["parts", { year: 2024, month: 1, day: 1 }],
    ["parts of a DateTime", DateTime.toPartsUtc(DateTime.unsafeMake(1704067200000))]
  ])("accepts %s as an instant", (_, start) => {
    const request = Effect.runSync(KlineRequest.make({ ...good, start }))
    expect(DateTime.formatIso(request.start)).toBe("2024-01-01T00:00:00.000Z")
    expect(DateTime.isUtc(request.start)).toBe(true)
    expect(Effect.runSync(KlineRequest.make(request))).toEqual(request)
  })

  it("the context of an error has the refused instant as it was written", () => {
    const { context } = Effect.runSync(Effect.flip(KlineRequest.make({ ...good, start: "2024-02-30" })))
    expect(context.start).toBe("2024-02-30")
  })

  it("failure 27: a day does not depend on the time zone of the process", () => {
    const zone = process.env["TZ"]
    try {
      for (const place of ["America/Los_Angeles", "Asia/Tokyo", "UTC"]) {
        process.env["TZ"] = place
        const request = Effect.runSync(KlineRequest.make({ ...good, start: "2024-03-10", end: "2024-03-10T23:00:00" }))
        expect([DateTime.toEpochMillis(request.start), DateTime.toEpochMillis(request.end)]).toEqual([
          Date.UTC(2024, 2, 10),
          Date.UTC(2024, 2, 10, 23)
        ])
      }
    } finally {
      if (zone === undefined) delete process.env["TZ"]
      else process.env["TZ"] = zone
    }
  })

  it("accepts every interval on each market that offers it", () => {
    for (const market of Market.Market.literals) {
      for (const interval of Interval.Interval.literals) {
        const symbol = market === "FUTURES_COIN" ? "BTCUSD_PERP" : "BTCUSDT"
        expect(Object.keys(faults({ market, interval, symbol }))).toEqual(
          Interval.isOn(interval, market) ? [] : ["interval"]
        )
      }
    }
  })

  it.each([
    ["SPOT", "BTCUSDT"],
    ["SPOT", "1000SATSUSDT"],
    ["FUTURES_USDT", "BTCUSDT_250627"],
    ["FUTURES_USDT", "币安人生USDT"],
    ["FUTURES_USDT", "4USDT"],
    ["FUTURES_USDT", "ICPUSDT_SETTLED"],
    ["FUTURES_COIN", "BTCUSD_PERP"],
    ["FUTURES_COIN", "BTCUSD_250627"]
  ])("accepts the real symbol %s %s", (market, symbol) => expect(faults({ market, symbol })).toEqual({}))

  it.each([
    [{ interval: "1H" }, "interval", "did you mean \"1h\""],
    [{ interval: "60m" }, "interval", "did you mean \"1h\""],
    [{ interval: "1mo" }, "interval", "did you mean \"1M\""],
    [{ interval: "7d" }, "interval", "did you mean \"1w\""],
    [{ interval: "7m" }, "interval", "there are 1s, 1m, "],
    [{ interval: "7m" }, "interval", "\"1M\" a month"],
    [{ interval: undefined }, "interval", "undefined is not an interval"],
    [{ market: "FUTURES_USDT", interval: "1s" }, "interval", "only on SPOT"],
    [{ market: "um" }, "market", "did you mean \"FUTURES_USDT\""],
    [{ market: "USD-M" }, "market", "did you mean \"FUTURES_USDT\""],
    [{ market: "swap" }, "market", "did you mean \"FUTURES_USDT\""],
    [{ market: "coin-m" }, "market", "did you mean \"FUTURES_COIN\""],
    [{ market: "inverse" }, "market", "did you mean \"FUTURES_COIN\""],
    [{ market: "spot" }, "market", "did you mean \"SPOT\""],
    [{ market: "OKX" }, "market", "SPOT, FUTURES_USDT, FUTURES_COIN"],
    [{ symbol: "btcusdt" }, "symbol", "write \"BTCUSDT\""],
    [{ symbol: "" }, "symbol", "is not a symbol"],
    [{ symbol: 7 }, "symbol", "is not a symbol"],
    [{ symbol: "../etc/passwd" }, "symbol", "is not a symbol"],
    [{ symbol: ".." }, "symbol", "is not a symbol"],
    [{ symbol: "BTC/USDT" }, "symbol", "write \"BTCUSDT\""],
    [{ symbol: "BTC-USDT" }, "symbol", "write \"BTCUSDT\""],
    [{ symbol: "BTC_USDT" }, "symbol", "write \"BTCUSDT\""],
    [{ symbol: "btc_usdt" }, "symbol", "write \"BTCUSDT\""],
    [{ symbol: "BTC USDT" }, "symbol", "write \"BTCUSDT\""],
    [{ symbol: " BTCUSDT " }, "symbol", "write \"BTCUSDT\""],
    [{ symbol: "BTC / USDT" }, "symbol", "write \"BTCUSDT\""],
    [{ symbol: "1000sats/usdt" }, "symbol", "write \"1000SATSUSDT\""],
    [{ symbol: "btcusdt_250627" }, "symbol", "write \"BTCUSDT_250627\""],
    [{ symbol: "BTC/USDT:USDT", market: "FUTURES_USDT" }, "symbol", "write \"BTCUSDT\""],
    [{ symbol: "BTC/USD:BTC", market: "FUTURES_COIN" }, "symbol", "write \"BTCUSD_PERP\""],
    [{ symbol: "btcusd_perp", market: "FUTURES_COIN" }, "symbol", "write \"BTCUSD_PERP\""],
    [{ symbol: "BTC/USDT", market: "FUTURES_COIN" }, "symbol", "write \"BTCUSD_PERP\""],
    [{ symbol: "BTC//USDT" }, "symbol", "at most 40 letters"],
    [{ symbol: "BTC\0USDT" }, "symbol", "is not a symbol"],
    [{ symbol: "A".repeat(41) }, "symbol", "at most 40"],
    [{ market: "FUTURES_COIN", symbol: "BTCUSDT" }, "symbol", "write \"BTCUSD_PERP\""],
    [{ market: "FUTURES_USDT", symbol: "BTCUSD_PERP" }, "symbol", "write \"BTCUSDT\""],
    [{ market: "SPOT", symbol: "ETHUSD_250627" }, "symbol", "write \"ETHUSDT\""],
    [{ start: "yesterday" }, "start", "\"yesterday\" is not an instant"],
    [{ start: null }, "start", "is not an instant"],
    [{ start: NaN }, "start", "is not an instant"],
    [{ end: new Date(NaN) }, "end", "is not an instant"],
    [{ start: "2024-1-15" }, "start", "ISO 8601, such as 2024-01-15"],
    [{ start: "2024-1-15" }, "start", "did you mean \"2024-01-15\""],
    [{ start: "01-15-2024" }, "start", "ISO 8601, such as 2024-01-15"],
    [{ start: "2024-02-30" }, "start", "\"2024-02-30\" is not an instant: February 2024 has 29 days, not 30"],
    [{ start: { year: 2024, month: 2, day: 30 } }, "start", "February 2024 has 29 days, not 30"],
    [{ start: { year: 2024, month: 13 } }, "start", "months are 01 to 12, not 13"],
    [{ start: { year: 2024, day: 1.5 } }, "start", "is not an instant"],
    [{ start: { year: 2024, month: 1, day: 1, weekDay: 5 } }, "start", "is not an instant"],
    [{ start: {} }, "start", "is not an instant"],
    [{ start: { month: 2 } }, "start", "is not an instant"],
    // The parts of dates of other libraries can be in another time zone.
    [{ start: { year: 2024, month: 1, day: 1, zone: "Asia/Tokyo" } }, "start", "is not an instant"],
    [{ start: { epochMilliseconds: 1704067200000 } }, "start", "is not an instant"],
    [{ start: "1704067200000" }, "start", "a number, not a text: 1704067200000"],
    [{ start: 1704067200 }, "start", "looks like seconds, write 1704067200000"],
    [{ start: 1704067200000000 }, "start", "looks like microseconds, write 1704067200000"],
    [{ start: "1999-12-31" }, "start", "not between 2010 and 2099"],
    [{ end: "2100-01-01" }, "end", "not between 2010 and 2099"],
    [{ start: good.end }, "end", "is also the start"],
    [{ start: "2024-01-03" }, "end", "swap them"]
  ])("%j is refused at %s: %s", (part, path, message) => {
    const found = faults(part)
    expect(Object.keys(found)).toEqual([path])
    expect(found[path]).toContain(message)
  })

  it.effect("lists all faults at once, also in the message, with the context of the input", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        KlineRequest.make(wrong({ market: "FUTURES_COIN", interval: "1S", symbol: "ethusdt", end: "never" }))
      )
      expect(error._tag).toBe("DataValidation")
      expect(error.issues?.map(({ path }) => path)).toEqual(["symbol", "interval", "end"])
      for (const { message } of error.issues ?? []) expect(error.message).toContain(message)
      expect(error.context).toMatchObject({ market: "FUTURES_COIN", symbol: "ethusdt", interval: "1S", end: "never" })
      expect(error.retryable).toBe(false)
    }))

  it.each<[extra: object, path: string, message: string]>([
    [{ symbl: "BTCUSDT" }, "symbl", "unknown field, did you mean \"symbol\"?"],
    [{ Interval: "1h" }, "Interval", "unknown field, did you mean \"interval\"?"],
    [{ from: "2024-01-01" }, "from", "unknown field; the fields are market, symbol, interval, start, end"],
    [{ by: "1d" }, "by", "unknown field"]
  ])("refuses the unknown part of %o", (extra, path, message) => {
    const error = Effect.runSync(Effect.flip(KlineRequest.make({ ...good, ...extra })))
    expect(error.issues?.map(({ path }) => path)).toEqual([path])
    expect(error.message).toContain(`${path}: ${message}`)
  })

  it("reads fields that are getters of a class", () => {
    class Day {
      get start() {
        return "2024-01-01"
      }
      get end() {
        return "2024-01-02"
      }
      readonly market = "SPOT"
      readonly symbol = "BTCUSDT"
      readonly interval = "1h"
    }
    expect(Effect.runSync(KlineRequest.make(new Day()))).toEqual(Effect.runSync(KlineRequest.make(good)))
  })

  it("refuses input whose fields throw", () => {
    const hostile = Object.defineProperty({ ...good }, "symbol", {
      enumerable: true,
      get: () => {
        throw new Error("no")
      }
    })
    expect(Effect.runSync(Effect.flip(KlineRequest.make(hostile))).issues).toEqual([
      { path: "request", message: "it cannot be read" }
    ])
  })

  it("never throws for any input", () =>
    FastCheck.assert(FastCheck.property(FastCheck.anything(), (anything) => {
      for (const path of Object.keys(good)) expect(faults({ [path]: anything })).toBeTypeOf("object")
      expect(Effect.runSync(Effect.either(KlineRequest.make(anything as KlineRequest.Input)))._tag).toBe("Left")
    })))

  it("is a schema with the same rules", () => {
    const encoded = { ...good, start: "2024-01-01T00:00:00.000Z", end: "2024-01-02T00:00:00.000Z" }
    const decode = Schema.decodeUnknownEither(KlineRequest.KlineRequest)
    const request = Either.getOrThrow(decode(encoded))
    expect(request).toEqual(Effect.runSync(KlineRequest.make(good)))
    expect(Schema.encodeSync(KlineRequest.KlineRequest)(request)).toEqual(encoded)
    expect(String(Either.flip(decode({ ...encoded, symbol: "btcusdt", end: encoded.start })))).toContain(
      "is not how Binance spells it"
    )
    for (const start of ["2024-1-01", "2023-02-29", "Jan 1 2024"]) {
      expect(String(Either.flip(decode({ ...encoded, start })))).toContain("is not an instant")
    }
    expect(Either.getOrThrow(decode({ ...encoded, start: "2024-01-01" }))).toEqual(request)
    expect(() => new KlineRequest.KlineRequest({ ...good, start: request.start, end: request.start })).toThrow(
      "is also the start"
    )
  })
})
