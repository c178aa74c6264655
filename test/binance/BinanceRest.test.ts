import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { describe, it } from "@effect/vitest"
import { Classifier, FetchError } from "effect-errata"
import { BinanceRest, Interval, type KlineRequest, type Klines, Market, RequestWeight } from "effect-errata/binance"
import { Fault, FaultyExchange, LogCapture } from "effect-errata/testing"
import * as Clock from "effect/Clock"
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { expect, expectTypeOf } from "vitest"

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const utc = Date.UTC
const symbols: Readonly<Record<Market.Market, string>> = {
  SPOT: "BTCUSDT",
  FUTURES_USDT: "BTCUSDT",
  FUTURES_COIN: "BTCUSD_PERP"
}

const klines = (input: KlineRequest.Input) => Effect.flatMap(BinanceRest.BinanceRest, (rest) => rest.klines(input))

const hours = (start: DateTime.DateTime.Input, end: DateTime.DateTime.Input): KlineRequest.Input => ({
  market: "SPOT",
  symbol: "BTCUSDT",
  interval: "1h",
  start,
  end
})

const aDay = hours("2024-01-01", "2024-01-02")

const requests = Effect.flatMap(FaultyExchange.FaultyExchange, (exchange) => exchange.requests)

const onExchange = (options: FaultyExchange.Options = {}, rest?: BinanceRest.Options) =>
  BinanceRest.layer(rest).pipe(
    Layer.provideMerge(FaultyExchange.layerClient({ now: "2026-01-01", ...options }))
  )

/** A client whose answers the test makes up, and the URLs it was asked for. */
const stub = (answer: (url: URL, n: number) => Response | Effect.Effect<Response>) => {
  const asked: Array<URL> = []
  const client = HttpClient.make((request, url) =>
    Effect.suspend(() => {
      asked.push(url)
      const response = answer(url, asked.length)
      return Effect.map(
        Effect.isEffect(response) ? response : Effect.succeed(response),
        (response) => HttpClientResponse.fromWeb(request, response)
      )
    })
  )
  return { asked, layer: BinanceRest.layer().pipe(Layer.provideMerge(Layer.succeed(HttpClient.HttpClient, client))) }
}

const row = (open: number, close = open + hour - 1): FaultyExchange.Row => //
[open, "2.00", "3.5", "1", "2.5", "10.00000001", close, "20", 7, "4", "8", "0"]

const rowsOf = (interval: Interval.Interval, opens: ReadonlyArray<number>) =>
  opens.map((open) => row(open, Interval.next(interval, open) - 1))

const json = (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  new Response(JSON.stringify(body), { headers: { date: "Thu, 01 Jan 2026 00:00:00 GMT", ...headers } })

const iso = (instant: number) => new Date(instant).toISOString().replace(/:00\.000Z$/, "")
const missing = (found: Klines.Klines) => found.missing.map(({ end, reason, start }) => [iso(start), iso(end), reason])

describe("BinanceRest.klines", () => {
  it("fails with what a client can fail with, and needs an HTTP client", () => {
    type Fetch = ReturnType<(typeof BinanceRest.BinanceRest.Service)["klines"]>
    expectTypeOf<Effect.Effect.Success<Fetch>>().toEqualTypeOf<Klines.Klines>()
    expectTypeOf<Effect.Effect.Error<Fetch>["_tag"]>().toEqualTypeOf<
      | "NetworkTimeout"
      | "NetworkConnection"
      | "NetworkDns"
      | "ApiRateLimit"
      | "ApiAuth"
      | "ApiPermission"
      | "ApiFormat"
      | "DataValidation"
      | "DataIntegrity"
      | "DataTransformation"
      | "Unexpected"
      | "Internal"
    >()
    expectTypeOf<Effect.Effect.Error<Fetch>>().toExtend<FetchError.FetchError>()
    expectTypeOf<Effect.Effect.Context<Fetch>>().toEqualTypeOf<never>()
    expectTypeOf(BinanceRest.layer()).toEqualTypeOf<
      Layer.Layer<BinanceRest.BinanceRest, never, HttpClient.HttpClient>
    >()
  })

  it.effect("sends nothing for an invalid request", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(klines({ ...aDay, symbol: "btcusdt" }))
      expect(error._tag).toBe("DataValidation")
      expect(error.context).toMatchObject({ symbol: "btcusdt", market: "SPOT" })
      expect(yield* requests).toEqual([])
    }).pipe(Effect.provide(onExchange())))

  it.effect("sends nothing for a range in which no candle opens", () =>
    Effect.gen(function*() {
      const found = yield* klines(hours("2024-01-01T00:10", "2024-01-01T00:50"))
      expect([found.length, found.missing]).toEqual([0, []])
      expect(yield* requests).toEqual([])
    }).pipe(Effect.provide(onExchange())))

  it.effect("returns the values as the exchange wrote them", () => {
    const start = utc(2024, 0, 1)
    const { asked, layer } = stub(() => json([row(start)]))
    return Effect.gen(function*() {
      const found = yield* klines(hours(start, start + hour))
      expect(asked.map(String)).toEqual([
        `https://api.binance.com/api/v3/klines?symbol=BTCUSDT&interval=1h&startTime=${start}&endTime=${
          start + hour - 1
        }&limit=1`
      ])
      expect(found).toEqual({
        length: 1,
        interval: "1h",
        openTime: Float64Array.of(start),
        open: Float64Array.of(2),
        high: Float64Array.of(3.5),
        low: Float64Array.of(1),
        close: Float64Array.of(2.5),
        volume: Float64Array.of(10.00000001),
        closeTime: Float64Array.of(start + hour - 1),
        quoteVolume: Float64Array.of(20),
        trades: Float64Array.of(7),
        takerBuyBase: Float64Array.of(4),
        takerBuyQuote: Float64Array.of(8),
        source: ["rest"],
        missing: []
      })
    }).pipe(Effect.provide(layer))
  })

  it.effect.each(
    [
      ["SPOT", "https://api.binance.com/api/v3/klines"],
      ["FUTURES_USDT", "https://fapi.binance.com/fapi/v1/klines"],
      ["FUTURES_COIN", "https://dapi.binance.com/dapi/v1/klines"]
    ] as const
  )("asks %s at %s", ([market, endpoint]) => {
    const { asked, layer } = stub(() => json([row(utc(2024, 0, 1))]))
    return Effect.gen(function*() {
      yield* klines({ ...hours("2024-01-01", "2024-01-01T01:00"), market, symbol: symbols[market] })
      expect(asked.map(({ origin, pathname }) => origin + pathname)).toEqual([endpoint])
    }).pipe(Effect.provide(layer))
  })
})

describe("BinanceRest paging", () => {
  const series = FastCheck.record({
    market: FastCheck.constantFrom(...Market.Market.literals),
    interval: FastCheck.constantFrom<Interval.Interval>("1m", "15m", "1h", "6h", "1d", "3d", "1w", "1M"),
    from: FastCheck.integer({ min: utc(2020, 0), max: utc(2022, 0) }),
    candles: FastCheck.oneof(FastCheck.nat(30), FastCheck.nat(2500)),
    holes: FastCheck.array(FastCheck.tuple(FastCheck.nat(2500), FastCheck.integer({ min: 1, max: 1500 })), {
      maxLength: 3
    }),
    slack: FastCheck.nat(minute)
  })

  it("finds each candle once and names all others, in requests that differ and that the market allows", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(series, ({ candles, from, holes, interval, market, slack }) => {
        const count = interval === "1M"
          ? candles % 48
          : interval === "1w" || interval === "3d"
          ? candles % 250
          : candles
        const start = interval === "1d" ? from - 5 * 365 * day : from
        const first = Interval.index(interval, start)
        const end = Interval.at(interval, first + count + 1) + slack
        const grid = Interval.opens(interval, start, end)
        const there = grid.filter((_, i) => !holes.some(([at, length]) => at <= i && i < at + length))
        // What lies around must not get in.
        const around = [
          Interval.at(interval, first - 1),
          Interval.floor(interval, start - 1),
          Interval.ceil(interval, end)
        ]
        const rows = rowsOf(interval, [...new Set([...around, ...there])].sort((a, b) => a - b))
        const symbol = symbols[market]
        return Effect.gen(function*() {
          const found = yield* klines({ market, symbol, interval, start, end })
          expect([...found.openTime]).toEqual(there)
          const absent = found.missing.flatMap(({ end, start }) => Interval.opens(interval, start, end))
          expect(absent).toEqual(grid.filter((open) => !there.includes(open)))

          const seen = yield* requests
          expect(new Set(seen.map(({ query }) => JSON.stringify(query))).size).toBe(seen.length)
          for (const { query, status } of seen) {
            expect(status).toBe(200)
            expect(["symbol", "interval", "startTime", "endTime", "limit"]).toEqual(
              expect.arrayContaining(Object.keys(query))
            )
            expect(Number(query["limit"])).toBeLessThanOrEqual(1000)
          }
        }).pipe(
          Effect.provide(onExchange({ now: "2080-01-01", series: [{ market, symbol, interval, rows }] })),
          Effect.runPromise
        )
      }),
      { numRuns: 60 }
    ))

  it.effect.each(
    [
      ["SPOT", "1m", 1000, [1000]],
      ["SPOT", "1m", 1001, [1000, 1]],
      ["FUTURES_USDT", "1h", 2500, [1000, 1000, 500]],
      ["FUTURES_COIN", "1m", 2500, [1000, 1000, 500]],
      ["FUTURES_COIN", "1h", 1468, [1000, 468]],
      // 200 days each.
      ["FUTURES_COIN", "6h", 1000, [800, 200]],
      ["FUTURES_COIN", "1d", 366, [200, 166]]
    ] as const
  )("asks %s for %s × %i in pages of %j", ([market, interval, count, limits]) =>
    Effect.gen(function*() {
      const start = utc(2021, 0, 1)
      const end = Interval.at(interval, Interval.index(interval, start) + count)
      const found = yield* klines({ market, symbol: symbols[market], interval, start, end })
      expect(found.length).toBe(count)
      expect(found.missing).toEqual([])
      expect((yield* requests).map(({ query }) => Number(query["limit"]))).toEqual(limits)
    }).pipe(Effect.provide(onExchange())))

  it.effect("finds three days wherever their grid lies", () => {
    const days = Interval.millis["3d"]
    return Effect.forEach([0, 1, 2], (shift) => {
      const first = utc(2024, 0, 1) + shift * day
      const opens = [0, 1, 2, 4].map((n) => first + n * days)
      const series = [{ market: "SPOT", symbol: "BTCUSDT", interval: "3d", rows: rowsOf("3d", opens) }] as const
      return Effect.gen(function*() {
        const found = yield* klines({ ...aDay, interval: "3d", start: first, end: first + 4 * days + 1 })
        expect([...found.openTime]).toEqual(opens)
        expect(found.missing).toEqual([{ start: first + 3 * days, end: first + 4 * days, reason: "source_gap" }])
        const short = yield* klines({ ...aDay, interval: "3d", start: first, end: first + hour })
        expect([...short.openTime]).toEqual([first])
      }).pipe(Effect.provide(onExchange({ series })))
    })
  })

  it.effect("skips the years before COIN-M had the symbol", () =>
    Effect.gen(function*() {
      const input = { market: "FUTURES_COIN", symbol: "BTCUSD_PERP", interval: "1m" } as const
      const found = yield* klines({ ...input, start: "2017-01-01", end: "2020-08-10T20:00" })
      expect(found.length).toBe(6 * 60)
      expect(missing(found)).toEqual([["2017-01-01T00:00", "2020-08-10T14:00", "not_listed_yet"]])
      expect((yield* requests).length).toBeLessThan(30)
    }).pipe(Effect.provide(onExchange())))

  it.effect("requests nothing after the time of the exchange", () =>
    Effect.gen(function*() {
      const input = { ...aDay, market: "FUTURES_COIN", symbol: "BTCUSD_PERP", interval: "1m" } as const
      const found = yield* klines({ ...input, start: "2025-12-31T20:00", end: "2030-01-01" })
      expect(found.length).toBe(4 * 60)
      expect((yield* requests).length).toBe(1)
    }).pipe(Effect.provide(onExchange())))

  it.effect("fails when the answers are about another range", () => {
    const other = rowsOf("1h", Interval.opens("1h", utc(2020, 0, 1), utc(2020, 0, 1) + 1000 * hour))
    const { asked, layer } = stub(() => json(other))
    return Effect.gen(function*() {
      const error = yield* Effect.flip(klines(hours("2023-01-01", "2024-01-01")))
      expect(error._tag).toBe("DataValidation")
      expect(error).toMatchObject({ retryable: true, context: { url: String(asked[0]) } })
      // A page after the other, but no more than three.
      expect(asked.length).toBe(3)
    }).pipe(Effect.provide(layer))
  })

  it.effect("sorts and deduplicates unordered rows", () =>
    Effect.gen(function*() {
      const { inject } = yield* FaultyExchange.FaultyExchange
      const good = yield* klines(hours("2024-01-01", "2024-03-01"))
      for (const malformation of ["unordered", "duplicate"] as const) {
        yield* inject(Fault.malformedRows(malformation))
        expect(yield* klines(hours("2024-01-01", "2024-03-01"))).toEqual(good)
      }
    }).pipe(Effect.provide(onExchange())))
})

describe("BinanceRest missing", () => {
  const outages = [{ start: "2024-01-01T03:00Z", end: "2024-01-01T06:00Z" }]
  const instrument = { market: "SPOT", symbol: "BTCUSDT", listed: "2023-12-31T20:00Z", outages } as const

  it.effect.each<[string, string, string, ReadonlyArray<readonly [string, string, Klines.Reason]>, number]>([
    ["nothing", "2024-01-01T06:00", "2024-01-01T12:00", [], 1],
    ["an outage inside", "2024-01-01T00:00", "2024-01-01T12:00", [
      ["2024-01-01T03:00", "2024-01-01T06:00", "source_gap"]
    ], 2],
    ["an outage at the start", "2024-01-01T04:00", "2024-01-01T12:00", [
      ["2024-01-01T04:00", "2024-01-01T06:00", "source_gap"]
    ], 3],
    ["an outage at the end", "2024-01-01T00:00", "2024-01-01T05:00", [
      ["2024-01-01T03:00", "2024-01-01T05:00", "source_gap"]
    ], 5],
    ["an outage all the time", "2024-01-01T03:00", "2024-01-01T06:00", [
      ["2024-01-01T03:00", "2024-01-01T06:00", "source_gap"]
    ], 6],
    ["the time before the listing", "2023-12-31T12:00", "2024-01-01T00:00", [
      ["2023-12-31T12:00", "2023-12-31T20:00", "not_listed_yet"]
    ], 4],
    ["all that is before the listing", "2023-12-31T12:00", "2023-12-31T18:00", [
      ["2023-12-31T12:00", "2023-12-31T18:00", "not_listed_yet"]
    ], 7],
    ["the candle that is forming", "2024-06-01T10:00", "2024-06-01T13:00", [
      ["2024-06-01T12:00", "2024-06-01T13:00", "unfinished"]
    ], 1],
    ["the future", "2024-06-01T10:00", "2024-06-01T18:00", [
      ["2024-06-01T12:00", "2024-06-01T13:00", "unfinished"],
      ["2024-06-01T13:00", "2024-06-01T18:00", "not_published_yet"]
    ], 1],
    ["nothing but the future", "2024-06-02T10:00", "2024-06-02T18:00", [
      ["2024-06-02T10:00", "2024-06-02T18:00", "not_published_yet"]
    ], 1]
  ])("says why: %s", ([, start, end, expected, calls]) =>
    Effect.gen(function*() {
      const found = yield* klines(hours(start, end))
      expect(missing(found)).toEqual(expected)
      expect(found.length + found.missing.reduce((n, gap) => n + Interval.count("1h", gap.start, gap.end), 0)).toBe(
        Interval.count("1h", Date.parse(`${start}Z`), Date.parse(`${end}Z`))
      )
      expect((yield* requests).length).toBe(calls)
    }).pipe(Effect.provide(onExchange({ instruments: [instrument], now: "2024-06-01T12:30Z" }))))

  it.effect("nothing of an instrument that is not listed yet is late", () =>
    Effect.gen(function*() {
      expect(missing(yield* klines(hours("2024-06-01T09:00", "2024-06-01T13:00")))).toEqual([
        ["2024-06-01T09:00", "2024-06-01T12:00", "not_listed_yet"],
        ["2024-06-01T12:00", "2024-06-01T13:00", "unfinished"]
      ])
    }).pipe(
      Effect.provide(onExchange({ instruments: [{ ...instrument, listed: "2024-07-01" }], now: "2024-06-01T12:30Z" }))
    ))

  it.effect("treats a candle as finished from the millisecond after its close", () =>
    Effect.gen(function*() {
      expect(missing(yield* klines(hours("2024-06-01T10:00", "2024-06-01T12:00")))).toEqual([])
      expect(missing(yield* klines(hours("2024-06-01T10:00", "2024-06-01T13:00")))).toEqual([
        ["2024-06-01T12:00", "2024-06-01T13:00", "unfinished"]
      ])
    }).pipe(Effect.provide(onExchange({ instruments: [instrument], now: "2024-06-01T12:00Z" }))))

  it.effect("a candle that closed within the last five minutes may still be published", () =>
    Effect.gen(function*() {
      const { inject } = yield* FaultyExchange.FaultyExchange
      yield* inject(Fault.gaps({ start: "2024-06-01T09:00Z", end: "2024-06-01T12:00Z" }))
      const found = yield* klines({ ...aDay, interval: "30m", start: "2024-06-01T08:00", end: "2024-06-01T12:00" })
      expect(missing(found)).toEqual([
        ["2024-06-01T09:00", "2024-06-01T11:30", "source_gap"],
        ["2024-06-01T11:30", "2024-06-01T12:00", "not_published_yet"]
      ])
    }).pipe(Effect.provide(onExchange({ instruments: [instrument], now: "2024-06-01T12:03Z" }))))

  it.effect("returns the rows although the reason for their late beginning is unknown", () =>
    Effect.gen(function*() {
      const { inject } = yield* FaultyExchange.FaultyExchange
      yield* inject(Fault.on({ nth: 2 }, Fault.status(500)))
      const found = yield* klines(hours("2024-01-01T04:00", "2024-01-01T12:00"))
      expect(found.length).toBe(6)
      expect(missing(found)).toEqual([["2024-01-01T04:00", "2024-01-01T06:00", "date_range"]])
    }).pipe(Effect.provide(onExchange({ instruments: [instrument] }))))

  it.effect("three-day candles: an end in the future asks for nothing that cannot be", () =>
    Effect.gen(function*() {
      const found = yield* klines({ ...aDay, interval: "3d", start: "2024-05-01", end: "2024-06-20" })
      expect(found.length).toBeGreaterThan(8)
      expect(missing(found).map(([, , reason]) => reason)).toEqual(["unfinished", "not_published_yet"])
      const { requests } = yield* FaultyExchange.FaultyExchange
      expect((yield* requests).map(({ status }) => status)).toEqual([200])
    }).pipe(Effect.provide(onExchange({ now: "2024-06-15T01:00Z" }))))

  const silences: ReadonlyArray<readonly [string, Fault.When, ReturnType<typeof missing>]> = [
    ["once", { nth: 1 }, []],
    ["twice", { nth: [1, 2] }, []],
    ["whatever is asked", {}, [["2024-01-01T00:00", "2024-01-02T00:00", "api_response"]]]
  ]
  for (const [name, when, expected] of silences) {
    it.effect(`an exchange that answers with nothing ${name}`, () =>
      Effect.gen(function*() {
        const { inject } = yield* FaultyExchange.FaultyExchange
        yield* inject(Fault.on(when, Fault.emptyList))
        expect(missing(yield* klines(aDay))).toEqual(expected)
      }).pipe(Effect.provide(onExchange())))
  }

  it.effect("asks the exchange for its time where answers have none, and uses it", () => {
    const start = utc(2024, 0, 1)
    const { asked, layer } = stub((url) =>
      new Response(JSON.stringify(
        url.pathname === "/api/v3/time"
          ? { serverTime: start + 2.5 * hour }
          : rowsOf("1h", [start, start + hour, start + 2 * hour])
      ))
    )
    return Effect.gen(function*() {
      const found = yield* klines(hours(start, start + 4 * hour))
      expect(found.length).toBe(2)
      expect(found.missing.map(({ reason }) => reason)).toEqual(["unfinished", "not_published_yet"])
      expect(asked.map(({ pathname }) => pathname)).toEqual(["/api/v3/klines", "/api/v3/time"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("treats a candle as unfinished that closed while the time was requested", () => {
    const start = utc(2024, 0, 1)
    const { layer } = stub((url) =>
      url.pathname === "/api/v3/time"
        ? Effect.as(Effect.sleep("5 seconds"), Response.json({ serverTime: start + hour + 4000 }))
        : Response.json(rowsOf("1h", [start]))
    )
    return Effect.gen(function*() {
      const fiber = yield* Effect.fork(klines(hours(start, start + hour)))
      yield* TestClock.adjust("5 seconds")
      expect((yield* Fiber.join(fiber)).missing.map(({ reason }) => reason)).toEqual(["unfinished"])
    }).pipe(Effect.provide(layer))
  })

  // The shape of BTCUSDT in February 2018: after an outage, candles open 28 minutes past the hour for two days.
  for (const cap of [1000, 10, 1]) {
    it.effect(`proves a gap before candles that open off the grid, and loses none after them: pages of ${cap}`, () => {
      const start = utc(2018, 1, 8)
      const resumed = start + 33 * hour + 1_694_789
      const rows = [
        row(start),
        ...Array.from({ length: 43 }, (_, i) => row(resumed + i * hour)),
        ...rowsOf("1h", Interval.opens("1h", start + 76 * hour, start + 120 * hour))
      ]
      const { asked, layer } = stub(({ searchParams }) => {
        const [from, to, limit] = ["startTime", "endTime", "limit"].map((name) => Number(searchParams.get(name)))
        return json(rows.filter(([open]) => open >= from! && open <= to!).slice(0, Math.min(cap, limit!)))
      })
      return Effect.gen(function*() {
        const found = yield* klines(hours(start, start + 120 * hour))
        expect(found.length).toBe(45)
        expect(missing(found)).toEqual([
          ["2018-02-08T01:00", "2018-02-09T09:00", "source_gap"],
          ["2018-02-09T09:00", "2018-02-11T04:00", "invalid"]
        ])
        expect(asked.length).toBeLessThanOrEqual(rows.length / cap + 4)
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("keeps candles with a damaged close time, and reports them once", () => {
    const start = utc(2021, 1, 11)
    const { layer } = stub(() => json([row(start), row(start + hour, start + hour + 814_773)]))
    return Effect.gen(function*() {
      const found = yield* klines(hours(start, start + 2 * hour))
      expect([found.length, found.missing]).toEqual([2, []])
      const all = yield* (yield* LogCapture.LogCapture).entries
      const lines = all.filter(({ message }) => !message.includes("local clock"))
      expect(lines.map(({ level, message }) => [level, message])).toEqual([
        ["Warning", "Candles whose close time is not their end: 1, the first opens at 2021-02-11T01:00:00.000Z"]
      ])
      expect(lines[0]?.annotations).toMatchObject({
        market_type: "SPOT",
        symbol: "BTCUSDT",
        interval: "1h",
        source: "rest"
      })
    }).pipe(Effect.provide([layer, LogCapture.layer]))
  })
})

describe("BinanceRest behind a cache", () => {
  const start = utc(2024, 0, 1, 14)
  const dated = (instant: number) => ({ date: new Date(instant).toUTCString() })
  // At 15:59, the candle of 15:00 was forming.
  const cached = (headers: Readonly<Record<string, string>> = {}) =>
    json(rowsOf("1h", [start, start + hour]), { ...dated(start + 119 * minute), ...headers })

  it.effect("an answer with an age, from before the close of a candle, is refused: its last row is not final", () => {
    const { layer } = stub(() => cached({ age: "600" }))
    return Effect.gen(function*() {
      const error = yield* Effect.flip(klines(hours(start, start + 2 * hour)))
      expect(error).toMatchObject({
        _tag: "DataValidation",
        message: "The answer was made 10m ago: it comes from a cache",
        retryable: true
      })
    }).pipe(Effect.provide(layer))
  })

  it.effect("an old answer is used where no candle has closed since", () => {
    const { layer } = stub(() => json(rowsOf("1h", [start]), { ...dated(start + 119 * minute), age: "600" }))
    return Effect.gen(function*() {
      expect(yield* klines(hours(start, start + hour))).toMatchObject({ length: 1, missing: [] })
    }).pipe(Effect.provide(layer))
  })
})

describe("BinanceRest failures", () => {
  const failing = (fault: Fault.Fault) =>
    Effect.gen(function*() {
      yield* (yield* FaultyExchange.FaultyExchange).inject(fault)
      const fiber = yield* Effect.fork(Effect.flip(klines(aDay)))
      yield* TestClock.adjust("31 seconds")
      return yield* Fiber.join(fiber)
    })

  it.effect.each<[string, Fault.Fault, Readonly<Record<string, unknown>>]>([
    ["silence", Fault.silence, { _tag: "NetworkTimeout", phase: "total", timeoutMillis: 30_000, retryable: true }],
    ["a body that stops", Fault.stalledBody, { _tag: "NetworkTimeout", retryable: true }],
    ["a reset", Fault.resetBeforeHeaders, { _tag: "NetworkConnection", errno: "ECONNRESET", retryable: true }],
    ["an end before headers", Fault.closeBeforeHeaders, { _tag: "NetworkConnection", retryable: true }],
    ["a reset within the body", Fault.resetMidBody, { _tag: "NetworkConnection", retryable: true }],
    ["a body cut short", Fault.truncatedBody, { _tag: "NetworkConnection", retryable: true }],
    ["a page of HTML", Fault.notJson(), {
      _tag: "ApiFormat",
      status: 200,
      retryable: true,
      message: "The response is a page of HTML (status 200, application/json;charset=UTF-8), not a list of candles"
    }],
    ["an empty body", Fault.notJson(""), {
      _tag: "DataTransformation",
      retryable: true,
      message: "The response is empty (status 200, application/json;charset=UTF-8)"
    }],
    ["202 without a body", Fault.body("", { status: 202, contentType: "" }), {
      _tag: "DataTransformation",
      retryable: true,
      message: "The response is empty (status 202, no content type)"
    }],
    ["a value", Fault.notJson("17"), {
      _tag: "DataTransformation",
      message: "The response is not a list of candles (status 200, application/json;charset=UTF-8)"
    }],
    ["an object", Fault.body(`{"rows":[]}`), { _tag: "DataTransformation", retryable: true }],
    ["a rate limit with status 200", Fault.body(`{"code":-1003,"msg":"Too many requests."}`), {
      _tag: "ApiRateLimit",
      apiCode: -1003,
      retryable: true
    }],
    ["an unknown symbol with status 200", Fault.body(`{"code":-1121,"msg":"Invalid symbol."}`), {
      _tag: "ApiFormat",
      apiCode: -1121,
      retryable: false
    }],
    ["the latest candles in place of those asked for", Fault.otherRange("latest"), {
      _tag: "DataValidation",
      retryable: true
    }],
    ["half a list", Fault.notJson("[[1704067200000,"), { _tag: "DataTransformation" }],
    ["a short row", Fault.malformedRows("short"), { _tag: "DataTransformation", line: 13, retryable: true }],
    ["a text for a price", Fault.malformedRows("notNumber"), {
      _tag: "DataTransformation",
      message: "Row 13 of the response has no valid close"
    }],
    ["null for a price", Fault.malformedRows("null"), { _tag: "DataTransformation", line: 13 }],
    ["400", Fault.status(400), { _tag: "ApiFormat", status: 400, apiCode: -1121, retryable: false }],
    ["a code that says more than its status", Fault.status(400, { body: { code: -1021, msg: "Timestamp" } }), {
      _tag: "ApiAuth",
      apiCode: -1021
    }],
    ["401", Fault.status(401), { _tag: "ApiAuth", status: 401 }],
    ["403 with HTML", Fault.status(403, { body: "html" }), { _tag: "ApiPermission", status: 403 }],
    ["404", Fault.status(404, { body: "empty" }), { _tag: "ApiFormat", status: 404 }],
    ["418", Fault.status(418), { _tag: "ApiRateLimit", banned: true }],
    ["429", Fault.status(429), { _tag: "ApiRateLimit", banned: false, retryable: true }],
    ["451", Fault.status(451), { _tag: "ApiPermission", status: 451, retryable: false }],
    ["500", Fault.status(500, { body: "html" }), { _tag: "ApiFormat", status: 500, retryable: true }],
    ["504", Fault.status(504, { body: "html" }), { _tag: "NetworkTimeout", retryable: true }]
  ])("tells %s apart, with the whole context", ([, fault, expected]) =>
    Effect.gen(function*() {
      const error = yield* failing(fault)
      expect(error).toMatchObject(expected)
      expect(error.context).toEqual({
        market: "SPOT",
        symbol: "BTCUSDT",
        interval: "1h",
        start: "2024-01-01T00:00:00.000Z",
        end: "2024-01-02T00:00:00.000Z",
        source: "rest",
        operation: "fetch",
        url: "http://exchange.test/api/v3/klines?symbol=BTCUSDT&interval=1h&startTime=1704067200000" +
          "&endTime=1704153599999&limit=24"
      })
    }).pipe(Effect.provide(onExchange({}, { baseUrls: { SPOT: "http://exchange.test/" } }))))

  it.effect("reads codes by market: a symbol that was delisted", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(klines({ ...aDay, market: "FUTURES_USDT", symbol: "OLDUSDT" }))
      expect(error).toMatchObject({ _tag: "ApiFormat", apiCode: -1122, retryable: false })
    }).pipe(Effect.provide(onExchange({
      instruments: [{ market: "FUTURES_USDT", symbol: "OLDUSDT", delisted: "2024-06-01" }]
    }))))

  it.effect("rules of the caller take precedence", () =>
    Effect.gen(function*() {
      expect((yield* failing(Fault.status(400)))._tag).toBe("ApiAuth")
    }).pipe(
      Effect.provide([
        onExchange(),
        Classifier.layerRules([
          (_, { context }) => Option.some(new FetchError.ApiAuth({ context: { source: context.source } }))
        ])
      ])
    ))

  it.effect("has no storage errors and no empties, for any rule", () =>
    Effect.gen(function*() {
      expect((yield* failing(Fault.status(400)))._tag).toBe("Unexpected")
    }).pipe(
      Effect.provide([onExchange(), Classifier.layerRules([() => Option.some(new FetchError.StorageSpace())])])
    ))

  it.effect("the timeout covers the request and its body", () =>
    Effect.gen(function*() {
      yield* (yield* FaultyExchange.FaultyExchange).inject(Fault.stalledBody)
      const fiber = yield* Effect.fork(Effect.flip(klines(aDay)))
      yield* TestClock.adjust("11999 millis")
      expect(Option.isNone(yield* Fiber.poll(fiber))).toBe(true)
      yield* TestClock.adjust("1 millis")
      expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "NetworkTimeout", timeoutMillis: 12_000 })
    }).pipe(Effect.provide(onExchange({}, { timeout: "12 seconds" }))))

  it.effect("does not wait for a client that ignores interruption", () => {
    const { layer } = stub(() => Effect.uninterruptible(Effect.never))
    return Effect.gen(function*() {
      const fiber = yield* Effect.fork(Effect.flip(klines(aDay)))
      yield* TestClock.adjust("30 seconds")
      expect((yield* Fiber.join(fiber))._tag).toBe("NetworkTimeout")
    }).pipe(Effect.provide(layer))
  })

  it.effect("reads or cancels the body of every answer", () => {
    const answers: Array<Response> = []
    const { layer } = stub(() => {
      const answer = new Response("{\"code\":-1121,\"msg\":\"Invalid symbol.\"}", { status: 400 })
      answers.push(answer)
      return answer
    })
    return Effect.gen(function*() {
      yield* Effect.flip(klines(aDay))
      expect(answers.map(({ bodyUsed }) => bodyUsed)).toEqual([true])
    }).pipe(Effect.provide(layer))
  })

  const mebibyte = new Uint8Array(1_048_576).fill(0x20)

  it.effect.each<[status: number, expected: object]>([
    [200, { _tag: "ApiFormat", status: 200, retryable: true, message: expect.stringContaining("larger than") }],
    [400, { _tag: "ApiFormat", status: 400 }],
    [403, { _tag: "ApiPermission", status: 403 }],
    [429, { _tag: "ApiRateLimit", status: 429 }],
    [500, { _tag: "ApiFormat", status: 500 }]
  ])("a body without end is cancelled after a bounded number of bytes: status %s", ([status, expected]) => {
    let read = 0
    let cancelled = 0
    const { layer } = stub(() =>
      new Response(
        new ReadableStream({
          pull: (controller) => {
            read++
            controller.enqueue(mebibyte)
          },
          cancel: () => void cancelled++
        }),
        { status, headers: { date: "Thu, 01 Jan 2026 00:00:00 GMT", "content-type": "application/json" } }
      )
    )
    return Effect.gen(function*() {
      expect(yield* Effect.flip(klines(aDay))).toMatchObject(expected)
      expect(read).toBeLessThan(40)
      expect(cancelled).toBe(1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("leaves no request behind when it is interrupted", () => {
    let stopped = 0
    const { asked, layer } = stub((_, n) =>
      n === 1 ? Effect.onInterrupt(Effect.never, () => Effect.sync(() => stopped++)) : json([])
    )
    return Effect.gen(function*() {
      const fiber = yield* Effect.fork(klines(aDay))
      yield* TestClock.adjust("1 second")
      expect(asked.length).toBe(1)
      yield* Fiber.interrupt(fiber)
      expect(stopped).toBe(1)
      expect((yield* klines(aDay)).length).toBe(0)
    }).pipe(Effect.provide(layer))
  })
})

describe("BinanceRest limits", () => {
  const weighed = (used: (n: number) => number) =>
    stub((url, n) => {
      const open = Number(url.searchParams.get("startTime"))
      return json(rowsOf("1h", [open]), { "X-MBX-USED-WEIGHT-1M": String(used(n)) })
    })
  const one = (n: number) => hours(utc(2024, 0, 1) + n * hour, utc(2024, 0, 1) + (n + 1) * hour)

  it.effect("waits for the next minute when the weight of the minute is nearly used up", () => {
    const { asked, layer } = weighed((n) => n === 1 ? 5399 : 2)
    return Effect.gen(function*() {
      yield* TestClock.adjust("20 seconds")
      yield* klines(one(0))
      const fiber = yield* Effect.fork(klines(one(1)))
      yield* TestClock.adjust("40999 millis")
      expect(asked.length).toBe(1)
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(fiber)
      expect(asked.length).toBe(2)
      yield* klines(one(2))
    }).pipe(Effect.provide(layer))
  })

  it.effect("uses the highest count of the minute, since answers overtake each other", () => {
    const { asked, layer } = stub((url, n) => {
      const rows = rowsOf("1h", [Number(url.searchParams.get("startTime"))])
      return Effect.delay(Effect.sync(() => json(rows, { "x-mbx-used-weight-1m": n === 1 ? "5399" : "14" })), n * 1000)
    })
    return Effect.gen(function*() {
      const both = yield* Effect.fork(Effect.all([klines(one(0)), klines(one(1))], { concurrency: 2 }))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(both)
      const third = yield* Effect.fork(klines(one(2)))
      yield* TestClock.adjust("58999 millis")
      expect(asked.length).toBe(2)
      yield* TestClock.adjust("1 millis")
      expect(asked.length).toBe(3)
      yield* Fiber.interrupt(third)
    }).pipe(Effect.provide(layer))
  })

  it.effect("counts what is under way, and for each market on its own", () => {
    const { asked, layer } = stub(() => Effect.never)
    const futures = (n: number) => ({
      ...hours("2024-01-01", "2024-02-10"),
      market: "FUTURES_USDT" as const,
      symbol: `A${n}`
    })
    return Effect.gen(function*() {
      // 5 each, of 2160.
      const fiber = yield* Effect.fork(
        Effect.forEach(Array.from({ length: 500 }, (_, n) => futures(n)), klines, { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("1 second")
      expect(asked.length).toBe(432)
      const other = yield* Effect.fork(klines(aDay))
      yield* TestClock.adjust("1 second")
      expect(asked.length).toBe(433)
      yield* Fiber.interruptAll([fiber, other])
    }).pipe(Effect.provide(layer))
  })

  it.effect("spreads over minutes what is too much for one, of which others use most", () => {
    const used = new Map<number, number>()
    const { asked, layer } = stub((url) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const weight = Market.facts.FUTURES_USDT.klinesWeight(Number(url.searchParams.get("limit")))
        used.set(now, (used.get(now) ?? 1900) + weight)
        const start = Number(url.searchParams.get("startTime"))
        const opens = Interval.opens("1m", start, start + 500 * minute)
        return json(rowsOf("1m", opens), { "x-mbx-used-weight-1m": String(used.get(now)) })
      })
    )
    return Effect.gen(function*() {
      const ranges = Array.from({ length: 150 }, (_, n) => utc(2018, 0, 1) + n * 500 * minute)
      const fiber = yield* Effect.fork(
        Effect.forEach(
          ranges,
          (start) =>
            klines({ market: "FUTURES_USDT", symbol: "BTCUSDT", interval: "1m", start, end: start + 500 * minute }),
          {
            concurrency: 4
          }
        )
      )
      yield* TestClock.adjust("3 minutes")
      yield* Fiber.join(fiber)
      expect(asked.length).toBe(150)
      expect([...used.keys()]).toEqual([0, minute + 1000, 2 * minute + 1000])
      expect(Math.max(...used.values())).toBeLessThanOrEqual(2160)
    }).pipe(Effect.provide(layer))
  })

  it.effect("two clients of one host share its limits where they are provided, and a market of their own has others", () => {
    const { asked, layer } = stub(() => Effect.never)
    const ask = (client: typeof BinanceRest.BinanceRest.Service, market: "SPOT" | "FUTURES_USDT", times: number) =>
      Effect.forEach(
        Array.from({ length: times }, (_, n) => ({ ...hours("2024-01-01", "2024-02-10"), market, symbol: `A${n}` })),
        client.klines,
        { concurrency: "unbounded" }
      ).pipe(Effect.fork)
    return Effect.gen(function*() {
      const clients = Effect.all([BinanceRest.make(), BinanceRest.make({ timeout: "1 hour" })])
      const [one, two] = yield* Effect.provide(clients, RequestWeight.layer)
      const fibers = [yield* ask(one, "FUTURES_USDT", 250), yield* ask(two, "FUTURES_USDT", 250)]
      yield* TestClock.adjust("1 second")
      // 5 each, of 2160.
      expect(asked.length).toBe(432)
      const other = yield* ask(two, "SPOT", 1)
      yield* TestClock.adjust("1 second")
      expect(asked.length).toBe(433)
      yield* Fiber.interruptAll([...fibers, other])
    }).pipe(Effect.provide(layer))
  })

  it.effect("sends nothing to a market that said to wait, until that is over", () =>
    Effect.gen(function*() {
      yield* (yield* FaultyExchange.FaultyExchange).inject(Fault.on({ times: 1 }, Fault.rateLimited("20 seconds")))
      const first = yield* Effect.flip(klines(aDay))
      yield* TestClock.adjust("5 seconds")
      const second = yield* Effect.flip(klines({ ...aDay, symbol: "ETHUSDT" }))
      expect([first, second]).toMatchObject([
        { _tag: "ApiRateLimit", retryAfter: Option.some(Duration.seconds(20)) },
        { _tag: "ApiRateLimit", retryAfter: Option.some(Duration.seconds(15)), context: { symbol: "ETHUSDT" } }
      ])
      expect((yield* requests).length).toBe(1)
      expect((yield* klines({ ...aDay, market: "FUTURES_USDT" })).length).toBe(24)
      yield* TestClock.adjust("15 seconds")
      expect((yield* klines(aDay)).length).toBe(24)
    }).pipe(Effect.provide(onExchange())))

  it.effect("a 429 whose wait is already over stops no request", () => {
    const { asked, layer } = stub((_, n) => {
      const limit = (seconds: number) =>
        Effect.sync(() => new Response("", { status: 429, headers: { "retry-after": String(seconds) } }))
      // The first is answered after the second one, and after the time that the second one named.
      return n === 1 ? Effect.delay(limit(5), 10_000) : n === 2 ? limit(5) : json(rowsOf("1h", [utc(2024, 0, 1)]))
    })
    return Effect.gen(function*() {
      const slow = yield* Effect.fork(Effect.flip(klines(one(0))))
      yield* TestClock.adjust("1 second")
      expect((yield* Effect.flip(klines(one(0))))._tag).toBe("ApiRateLimit")
      yield* TestClock.adjust("9 seconds")
      expect((yield* slow)._tag).toBe("ApiRateLimit")
      expect((yield* klines(one(0))).length).toBe(1)
      expect(asked.length).toBe(3)
    }).pipe(Effect.provide(layer))
  })

  it.effect("continues after a rate limit without a wait", () =>
    Effect.gen(function*() {
      yield* (yield* FaultyExchange.FaultyExchange).inject(Fault.on({ times: 1 }, Fault.status(429)))
      expect((yield* Effect.flip(klines(aDay)))._tag).toBe("ApiRateLimit")
      expect((yield* klines(aDay)).length).toBe(24)
    }).pipe(Effect.provide(onExchange())))
})

describe("BinanceRest over real sockets", () => {
  const exchange = Layer.merge(
    FetchHttpClient.layer,
    FaultyExchange.layer({
      now: "2026-01-01",
      instruments: [{ market: "FUTURES_USDT", symbol: "币安人生USDT" }]
    })
  )
  const client = (timeout?: Duration.DurationInput) =>
    Effect.flatMap(FaultyExchange.FaultyExchange, ({ baseUrls }) => BinanceRest.make({ baseUrls, timeout }))

  const input: KlineRequest.Input = {
    market: "FUTURES_USDT",
    symbol: "币安人生USDT",
    interval: "1h",
    start: "2024-01-01",
    end: "2024-03-01"
  }

  it.live("fetches pages, and symbols that are not Latin", () =>
    Effect.gen(function*() {
      const rest = yield* client()
      const found = yield* rest.klines(input)
      expect([found.length, found.missing]).toEqual([1440, []])
      expect((yield* requests).map(({ query }) => query["symbol"])).toEqual(["币安人生USDT", "币安人生USDT"])
    }).pipe(Effect.provide(exchange)))

  it.live.each<[string, Fault.Fault, string]>([
    ["a reset", Fault.resetBeforeHeaders, "NetworkConnection"],
    ["a body cut short", Fault.truncatedBody, "NetworkConnection"],
    ["403 with HTML", Fault.status(403, { body: "html" }), "ApiPermission"]
  ])("tells %s apart, and works on", ([, fault, tag]) =>
    Effect.gen(function*() {
      yield* (yield* FaultyExchange.FaultyExchange).inject(Fault.on({ nth: 2 }, fault))
      const rest = yield* client()
      expect((yield* Effect.flip(rest.klines(input)))._tag).toBe(tag)
      expect((yield* rest.klines(input)).length).toBe(1440)
    }).pipe(Effect.provide(exchange)))

  it.live.each<[string, Fault.Fault]>([["silence", Fault.silence], ["a body that stops", Fault.stalledBody]])(
    "gives up on %s",
    ([, fault]) =>
      Effect.gen(function*() {
        yield* (yield* FaultyExchange.FaultyExchange).inject(fault)
        const rest = yield* client("50 millis")
        expect((yield* Effect.flip(rest.klines(input)))._tag).toBe("NetworkTimeout")
      }).pipe(Effect.provide(exchange))
  )
})
