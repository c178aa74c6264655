import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { describe, it } from "@effect/vitest"
import { Classifier, FetchError } from "effect-errata"
import { BinanceRest, BinanceVision, Interval, type KlineRequest, Klines, type Market } from "effect-errata/binance"
import { Fault, FaultyExchange, LogCapture } from "effect-errata/testing"
import * as Cause from "effect/Cause"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import { expect, expectTypeOf } from "vitest"
import { names } from "../../src/binance/internal/klines/columns.js"
import { pack, zipOf } from "../../src/testing/internal/exchange/pack.js"

const hour = 3_600_000
const day = 24 * hour
const utc = Date.UTC
const now = utc(2024, 5, 15, 12)
const symbols: Readonly<Record<Market.Market, string>> = {
  SPOT: "BTCUSDT",
  FUTURES_USDT: "BTCUSDT",
  FUTURES_COIN: "BTCUSD_PERP"
}

const klines = (input: KlineRequest.Input) =>
  Effect.flatMap(BinanceVision.BinanceVision, (vision) => vision.klines(input))

const hours = (start: DateTime.DateTime.Input, end: DateTime.DateTime.Input): KlineRequest.Input => ({
  market: "SPOT",
  symbol: "BTCUSDT",
  interval: "1h",
  start,
  end
})

const aDay = hours("2024-01-05", "2024-01-06")

const requests = Effect.flatMap(FaultyExchange.FaultyExchange, (exchange) => exchange.requests)
const asked = Effect.map(
  requests,
  (all) => all.map(({ path, query }) => query["prefix"] === undefined ? path.slice(path.lastIndexOf("/") + 1) : "list")
)
const inject = (...faults: ReadonlyArray<Fault.Fault>) =>
  Effect.flatMap(FaultyExchange.FaultyExchange, ({ inject }) => Effect.forEach(faults, inject))

/** An archive at noon of 15 June 2024, and a client of it. */
const onArchive = (options: FaultyExchange.Options = {}, vision?: BinanceVision.Options) =>
  Layer.unwrapEffect(
    Effect.map(FaultyExchange.FaultyExchange, ({ archive }) => BinanceVision.layer({ ...archive, ...vision }))
  ).pipe(
    Layer.provideMerge(FaultyExchange.layerClient(options)),
    Layer.tap(() => TestClock.setTime(now))
  )

/** A client whose answers the test makes up, and the URLs it was asked for. */
const stub = (answer: (url: URL, n: number) => Response | Effect.Effect<Response>, options?: BinanceVision.Options) => {
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
  const layer = BinanceVision.layer(options).pipe(
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client)),
    Layer.tap(() => TestClock.setTime(now))
  )
  return { asked, layer }
}

/** Files in place of those of the archive. */
const archived = (time: string, content: string | Uint8Array, more: Partial<FaultyExchange.ArchivedFile> = {}) => ({
  ...hours(0, 0),
  time,
  content,
  ...more
})

const line = (open: number, close = "2.5", end = open + hour - 1) =>
  `${open},2.00,3.5,1,${close},10.00000001,${end},20,7,4,8,0\n`
const csv = (opens: ReadonlyArray<number>, close?: string) => opens.map((open) => line(open, close)).join("")
const opensOf = (start: number, end: number) => Interval.opens("1h", start, end)

/** Removes the month, which has what a day lacks. */
const noMonth = Fault.on({ path: "BTCUSDT-1h-2024-01.zip" }, Fault.status(404))

const iso = (instant: number) => new Date(instant).toISOString().replace(/(T00:00)?:00\.000Z$/, "")
const missing = (found: Klines.Klines) => found.missing.map(({ end, reason, start }) => [iso(start), iso(end), reason])

describe("BinanceVision.klines", () => {
  it("fails with what a client can fail with, and needs an HTTP client", () => {
    type Fetch = ReturnType<(typeof BinanceVision.BinanceVision.Service)["klines"]>
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
    expectTypeOf<Effect.Effect.Context<Fetch>>().toEqualTypeOf<never>()
    expectTypeOf(BinanceVision.layer()).toEqualTypeOf<
      Layer.Layer<BinanceVision.BinanceVision, never, HttpClient.HttpClient>
    >()
  })

  it.effect("failure 26: sends nothing for an invalid request: a symbol is no path", () =>
    Effect.gen(function*() {
      for (const symbol of ["../../../etc/passwd", "btcusdt", "BTC/USDT"]) {
        expect((yield* Effect.flip(klines({ ...aDay, symbol })))._tag).toBe("DataValidation")
      }
      expect(yield* requests).toEqual([])
    }).pipe(Effect.provide(onArchive())))

  it.effect("failure 12: a window shorter than an interval has the candle that opens in it, or none, without a request", () =>
    Effect.gen(function*() {
      const found = yield* klines(hours("2024-01-05T00:10", "2024-01-05T00:50"))
      expect([found.length, found.missing]).toEqual([0, []])
      expect(yield* requests).toEqual([])
      const one = yield* klines(hours("2024-01-05T00:50", "2024-01-05T01:10"))
      expect([...one.openTime]).toEqual([utc(2024, 0, 5, 1)])
    }).pipe(Effect.provide(onArchive())))

  it.effect("failure 20: asks for the checksum of the zip, and gives the values as they are written", () => {
    const start = utc(2024, 0, 5)
    const zip = zipOf(["BTCUSDT-1h-2024-01-05.csv", line(start)])
    const { asked, layer } = stub((url) =>
      new Response(
        url.pathname.endsWith(".CHECKSUM") ? `${pack.sha256(zip)}  BTCUSDT-1h-2024-01-05.zip` : Uint8Array.from(zip)
      )
    )
    return Effect.gen(function*() {
      const found = yield* klines(hours(start, start + hour))
      const url = "https://data.binance.vision/data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01-05.zip"
      expect(asked.map(String)).toEqual([url, `${url}.CHECKSUM`])
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
        source: ["vision"],
        missing: []
      })
    }).pipe(Effect.provide(layer))
  })

  const ranges = FastCheck.record({
    market: FastCheck.constantFrom<Market.Market>("SPOT", "FUTURES_USDT", "FUTURES_COIN"),
    interval: FastCheck.constantFrom<Interval.Interval>("2h", "4h", "12h", "1d", "1w", "1M"),
    from: FastCheck.integer({ min: utc(2024, 10), max: utc(2025, 2, 28) }),
    length: FastCheck.oneof(FastCheck.nat(2 * day), FastCheck.nat(50 * day))
  })

  it("has what REST has, on all markets: with headers and without, in milliseconds and in microseconds", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(ranges, ({ from, interval, length, market }) =>
        Effect.gen(function*() {
          yield* TestClock.setTime(utc(2025, 3))
          const { archive } = yield* FaultyExchange.FaultyExchange
          const vision = yield* BinanceVision.make(archive)
          const rest = yield* BinanceRest.make()
          const input = { market, symbol: symbols[market], interval, start: from, end: from + length + 1 }
          const found = yield* vision.klines(input)
          const wanted = yield* rest.klines(input)
          // On 1 April, the day before is not published, nor is the month before, in which a week or a month opens.
          const late = interval === "1w" || interval === "1M" ? utc(2025, 2) : utc(2025, 2, 31)
          const published = Klines.slice(wanted, from, late)
          for (const name of names) expect(found[name]).toEqual(published[name])
          expect(new Set(found.source).size).toBe(found.length === 0 ? 0 : 1)
          const holes = ({ missing }: Klines.Klines) => missing.map(({ end, start }) => [start, end])
          expect(holes(Klines.slice(found, from, late))).toEqual(holes(published))
          const awaited = Klines.slice(found, late, input.end)
          expect(awaited.length).toBe(0)
          const expected: ReadonlyArray<Klines.Reason> = ["not_published_yet", "unfinished"]
          expect(awaited.missing.filter(({ reason }) => !expected.includes(reason))).toEqual([])
          const count = ({ length, missing }: Klines.Klines) =>
            missing.reduce((sum, { end, start }) => sum + Interval.count(interval, start, end), length)
          expect(count(found)).toBe(count(wanted))
        }).pipe(
          Effect.provide([
            FaultyExchange.layerClient({
              instruments: (["SPOT", "FUTURES_USDT", "FUTURES_COIN"] as const).map((market) => ({
                market,
                symbol: symbols[market],
                outages: [{ start: "2024-11-20T03:00Z", end: "2024-11-20T09:00Z" }, {
                  start: "2025-01-02",
                  end: "2025-01-04T12:00Z"
                }]
              }))
            })
          ]),
          Effect.provide(TestContext.TestContext),
          Effect.runPromise
        )),
      { numRuns: 10 }
    ))
})

describe("BinanceVision files", () => {
  const names = Effect.map(asked, (all) => all.filter((name) => !name.endsWith(".CHECKSUM")))

  it.effect("fetches whole months by the month, the rest by the day, each once and with its checksum", () =>
    Effect.gen(function*() {
      const found = yield* klines({ ...hours("2024-01-30T12:00", "2024-04-02T06:00"), interval: "4h" })
      expect([found.length, found.missing]).toEqual([
        Interval.count("4h", utc(2024, 0, 30, 12), utc(2024, 3, 2, 6)),
        []
      ])
      expect((yield* asked).sort()).toEqual(
        ["2024-01-30", "2024-01-31", "2024-02", "2024-03", "2024-04-01", "2024-04-02"].flatMap((time) => [
          `BTCUSDT-4h-${time}.zip`,
          `BTCUSDT-4h-${time}.zip.CHECKSUM`
        ])
      )
    }).pipe(Effect.provide(onArchive())))

  it.effect("failure 16: finds the first and the last row of each file, with a header and without", () =>
    Effect.gen(function*() {
      // Of this market, files before May 2022 have none.
      const input = { ...hours("2022-04-29", "2022-05-03"), market: "FUTURES_USDT" as const }
      expect([...(yield* klines(input)).openTime]).toEqual(opensOf(utc(2022, 3, 29), utc(2022, 4, 3)))
    }).pipe(Effect.provide(onArchive())))

  it.effect("failure 13: reads microseconds as what they are: no candle is of 1970, and none lies between the years", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(utc(2025, 3))
      const found = yield* klines(hours("2024-12-01", "2025-02-01"))
      expect([...found.openTime]).toEqual(opensOf(utc(2024, 11), utc(2025, 1)))
      expect(found.closeTime.every((close, i) => close === found.openTime[i]! + hour - 1)).toBe(true)
      expect(yield* names).toEqual(["BTCUSDT-1h-2024-12.zip", "BTCUSDT-1h-2025-01.zip"])
    }).pipe(Effect.provide(onArchive())))

  it.effect("failure 22: weeks and months are of the calendar", () =>
    Effect.gen(function*() {
      const months = yield* klines({ ...aDay, interval: "1M", start: "2024-01-01", end: "2024-04-01" })
      expect([...months.openTime].map(iso)).toEqual(["2024-01-01", "2024-02-01", "2024-03-01"])
      const weeks = yield* klines({ ...aDay, interval: "1w", start: "2024-01-01", end: "2024-02-01" })
      expect([...weeks.openTime].map(iso)).toEqual([
        "2024-01-01",
        "2024-01-08",
        "2024-01-15",
        "2024-01-22",
        "2024-01-29"
      ])
      expect([...months.missing, ...weeks.missing]).toEqual([])
    }).pipe(Effect.provide(onArchive())))

  it.effect("failure 1: the parameters travel with the call: two at once get what each asked for", () =>
    Effect.gen(function*() {
      const [btc, eth] = yield* Effect.all(
        [klines(aDay), klines({ ...hours("2024-02-05", "2024-02-06"), symbol: "ETHUSDT", market: "FUTURES_USDT" })],
        { concurrency: 2 }
      )
      expect([btc.openTime[0], eth.openTime[0]]).toEqual([utc(2024, 0, 5), utc(2024, 1, 5)])
      expect(btc.close[0]! / eth.close[0]!).toBeGreaterThan(5)
    }).pipe(Effect.provide(onArchive())))

  it.effect("symbols that are not Latin are found, and are what the file is named after", () =>
    Effect.gen(function*() {
      const input = { ...aDay, market: "FUTURES_USDT", symbol: "币安人生USDT" } as const
      expect((yield* klines(input)).length).toBe(24)
      expect((yield* requests)[0]?.path).toContain("/%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT/1h/%E5%B8%81")
    }).pipe(Effect.provide(onArchive({ instruments: [{ market: "FUTURES_USDT", symbol: "币安人生USDT" }] }))))

  const [fifth, sixth] = [utc(2024, 0, 5), utc(2024, 0, 6)]

  it.effect.each<[string, string | Uint8Array, string]>([
    [
      "another symbol",
      zipOf(["ETHUSDT-1h-2024-01-05.csv", csv(opensOf(fifth, sixth))]),
      "The zip archive contains another file"
    ],
    ["another day", csv(opensOf(sixth, sixth + day)), "All rows of the file lie outside of its period"]
  ])("failure 1: a file that is about %s is not used", ([, content, message]) =>
    Effect.gen(function*() {
      yield* inject(noMonth)
      expect(yield* Effect.flip(klines(aDay))).toMatchObject({ _tag: "DataIntegrity", message, retryable: false })
    }).pipe(Effect.provide(onArchive({ archive: [archived("2024-01-05", content)] }))))
})

describe("BinanceVision missing", () => {
  const listed = "2023-11-20T05:00Z"
  const delisted = "2024-03-10T15:00Z"
  const instrument: FaultyExchange.Instrument = { market: "SPOT", symbol: "BTCUSDT", listed }
  // Shows that the archive is older than the instrument.
  const older: FaultyExchange.Instrument = { market: "SPOT", symbol: "ETHBTC", listed: "2017-07-14" }
  // Shows that the archive has recent files.
  const living: FaultyExchange.Instrument = { market: "SPOT", symbol: "ETHUSDT", listed: "2024-01-05" }

  it.effect.each<[string, string, string, ReadonlyArray<readonly [string, string, Klines.Reason]>]>([
    ["nothing", "2024-01-05", "2024-01-08", []],
    ["the time before the listing, within a day", "2023-11-20", "2023-11-22", [
      ["2023-11-20", "2023-11-20T05:00", "not_listed_yet"]
    ]],
    ["the time before the listing, within a month", "2023-11-01", "2023-12-01", [
      ["2023-11-01", "2023-11-20T05:00", "not_listed_yet"]
    ]],
    ["years before the listing", "2016-01-01", "2023-12-01", [["2016-01-01", "2023-11-20T05:00", "not_listed_yet"]]],
    ["nothing but the time before the listing", "2023-09-15", "2023-10-15", [
      ["2023-09-15", "2023-10-15", "not_listed_yet"]
    ]],
    ["yesterday, which is not there yet", "2024-06-13", "2024-06-15", [[
      "2024-06-14",
      "2024-06-15",
      "not_published_yet"
    ]]],
    ["today", "2024-06-13", "2024-06-16", [
      ["2024-06-14", "2024-06-15T12:00", "not_published_yet"],
      ["2024-06-15T12:00", "2024-06-15T13:00", "unfinished"],
      ["2024-06-15T13:00", "2024-06-16", "not_published_yet"]
    ]],
    ["nothing but the future", "2024-06-20", "2024-06-21", [["2024-06-20", "2024-06-21", "not_published_yet"]]]
  ])("says why: %s", ([, start, end, expected]) =>
    Effect.gen(function*() {
      const found = yield* klines(hours(start, end))
      expect(missing(found)).toEqual(expected)
      const absent = found.missing.reduce((n, gap) => n + Interval.count("1h", gap.start, gap.end), 0)
      expect(found.length + absent).toBe(Interval.count("1h", Date.parse(start), Date.parse(end)))
    }).pipe(Effect.provide(onArchive({ instruments: [instrument, older], publication: "20 hours" }))))

  it.effect.each<[string, ReadonlyArray<FaultyExchange.Instrument>]>([
    ["no other instrument", []],
    ["an instrument of the same day", [{ ...older, listed: "2023-11-20T23:00Z" }]],
    ["an instrument that it is not compared with", [{ market: "SPOT", symbol: "XRPUSDT", listed: "2019-01-01" }]]
  ])("does not call it a listing where the archive may begin with it: %s", ([, others]) =>
    Effect.gen(function*() {
      expect(missing(yield* klines(hours("2023-11-15", "2023-11-22")))).toEqual([
        ["2023-11-15", "2023-11-20T05:00", "date_range"]
      ])
    }).pipe(Effect.provide(onArchive({ instruments: [instrument, ...others] }))))

  it.effect.each<[string, string, string, ReadonlyArray<readonly [string, string, Klines.Reason]>]>([
    ["the time after the delisting, within a day", "2024-03-10", "2024-03-11", [
      ["2024-03-10T15:00", "2024-03-11", "delisted"]
    ]],
    ["the time after the delisting, within a month", "2024-03-01", "2024-04-01", [
      ["2024-03-10T15:00", "2024-04-01", "delisted"]
    ]],
    ["until now", "2024-03-10", "2024-06-16", [["2024-03-10T15:00", "2024-06-16", "delisted"]]],
    ["nothing but the time after the delisting", "2024-04-15", "2024-05-15", [["2024-04-15", "2024-05-15", "delisted"]]]
  ])("says why: %s", ([, start, end, expected]) =>
    Effect.gen(function*() {
      expect(missing(yield* klines(hours(start, end)))).toEqual(expected)
    }).pipe(Effect.provide(onArchive({ instruments: [{ ...instrument, delisted }, living] }))))

  it.effect.each<[string, ReadonlyArray<FaultyExchange.Instrument>]>([
    ["no other instrument", []],
    ["an instrument that ends as well", [{ ...living, delisted: "2024-05-20" }]],
    ["an instrument that it is not compared with", [{ ...living, symbol: "XRPUSDT" }]]
  ])("does not call it a delisting where the archive may end with it: %s", ([, others]) =>
    Effect.gen(function*() {
      expect(missing(yield* klines(hours("2024-03-08", "2024-03-15")))).toEqual([
        ["2024-03-10T15:00", "2024-03-15", "date_range"]
      ])
    }).pipe(Effect.provide(onArchive({ instruments: [{ ...instrument, delisted }, ...others] }))))

  it.effect("an instrument that the archive does not know is no instrument that was not traded then", () =>
    Effect.gen(function*() {
      const found = yield* klines({ ...hours("2024-01-01", "2024-02-01"), symbol: "NOSUCHUSDT" })
      expect(missing(found)).toEqual([["2024-01-01", "2024-02-01", "date_range"]])
      expect(yield* asked).toEqual(["NOSUCHUSDT-1h-2024-01.zip", "list"])
    }).pipe(Effect.provide(onArchive())))

  it.effect("an instrument whose days have stopped for some weeks is not dead yet", () =>
    Effect.gen(function*() {
      expect(missing(yield* klines(hours("2024-05-25", "2024-06-05")))).toEqual([
        ["2024-05-26T15:00", "2024-06-05", "date_range"]
      ])
    }).pipe(Effect.provide(onArchive({ instruments: [{ ...instrument, delisted: "2024-05-26T15:00Z" }] }))))

  it.effect("requests nothing twice, and nothing that is known to be missing", () =>
    Effect.gen(function*() {
      yield* klines({ ...hours("2023-10-15", "2023-12-01"), interval: "4h" })
      const all = yield* asked
      expect(new Set(all).size).toBe(all.length - 1)
      // The first days of the instrument and of an older one.
      expect(all.filter((name) => name === "list").length).toBe(2)
      // October is asked for by the day. Of November only the last day is, on which the month and the day have to agree.
      expect(all.filter((name) => name.includes("2023-11-"))).toEqual([
        "BTCUSDT-4h-2023-11-20.zip",
        "BTCUSDT-4h-2023-11-20.zip.CHECKSUM"
      ])
    }).pipe(Effect.provide(onArchive({ instruments: [instrument, older] }))))

  it.effect.each<[string, BinanceVision.Options, ReadonlyArray<Fault.Fault>]>([
    ["is not there", {}, [Fault.on({ path: "/data.binance.vision" }, Fault.status(404))]],
    ["is refused", {}, [Fault.on({ path: "/data.binance.vision" }, Fault.status(403))]],
    ["is a page", {}, [Fault.on({ path: "/data.binance.vision" }, Fault.notJson())]],
    ["breaks off", {}, [Fault.on({ path: "/data.binance.vision" }, Fault.resetMidBody)]],
    ["is nowhere", { listingUrl: undefined, baseUrl: "http://mirror.test/" }, []]
  ])(
    "nobody knows why when the listing %s, but what is there comes all the same",
    ([, options, faults]) =>
      Effect.gen(function*() {
        yield* inject(...faults)
        const found = yield* klines(hours("2023-11-15", "2023-11-25"))
        expect(missing(found)).toEqual([["2023-11-15", "2023-11-20T05:00", "date_range"]])
      }).pipe(Effect.provide(onArchive({ instruments: [instrument] }, options)))
  )

  it.effect("lists the bucket of the archive; with another base URL, no other host", () =>
    Effect.gen(function*() {
      const gone = () => new Response("", { status: 404 })
      const own = stub(gone, { baseUrl: "http://mirror.test/" })
      yield* Effect.provide(klines(aDay), own.layer)
      expect(new Set(own.asked.map(({ origin }) => origin))).toEqual(new Set(["http://mirror.test"]))
      const theirs = stub(gone)
      yield* Effect.provide(klines(aDay), theirs.layer)
      expect(theirs.asked.map(({ origin, pathname }) => origin + pathname).slice(1, 3)).toEqual(
        Array(2).fill("https://s3-ap-northeast-1.amazonaws.com/data.binance.vision")
      )
      const given = stub(gone, { baseUrl: "http://mirror.test", listingUrl: "http://list.test/b" })
      yield* Effect.provide(klines(aDay), given.layer)
      expect(given.asked[1]?.origin).toBe("http://list.test")
    }))
})

describe("BinanceVision and the defects of the archive", () => {
  const ofTheDay = (names: ReadonlyArray<string>) => names.filter((name) => name.includes("2024-01-05"))
  const january = opensOf(utc(2024, 0), utc(2024, 1))
  const dayOf = (n: number) => opensOf(utc(2024, 0, n), utc(2024, 0, n + 1))
  const good = klines(aDay).pipe(Effect.provide(onArchive()))

  it.effect("Checksum mismatch, failure 8: what was repacked without a new checksum is fetched once more, and never used", () =>
    Effect.gen(function*() {
      yield* inject(Fault.corruptFile("staleChecksum"))
      const error = yield* Effect.flip(klines(aDay))
      expect(error).toMatchObject({
        _tag: "DataIntegrity",
        message: "The checksum of BTCUSDT-1h-2024-01-05.zip does not match its contents",
        retryable: false,
        wanted: expect.stringMatching(/^[0-9a-f]{64}$/),
        found: expect.stringMatching(/^[0-9a-f]{64}$/),
        context: { url: "http://faulty-exchange.test/data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01-05.zip" }
      })
      const file = "BTCUSDT-1h-2024-01-05.zip"
      expect((yield* asked).slice(0, 4)).toEqual([file, `${file}.CHECKSUM`, file, `${file}.CHECKSUM`])
      expect((yield* asked).filter((name) => name.startsWith(file))).toHaveLength(4)
    }).pipe(Effect.provide(onArchive())))

  it.effect.each<[string, Fault.Fault]>([
    ["a bit that flipped on the way", Fault.on({ times: 1 }, Fault.corruptFile("flipped"))],
    ["half a file", Fault.on({ times: 1 }, Fault.corruptFile("truncated"))],
    ["an empty file", Fault.on({ times: 1 }, Fault.corruptFile("empty"))],
    ["a page in place of the file", Fault.on({ times: 1 }, Fault.corruptFile("html"))],
    ["a checksum that is late", Fault.on({ times: 1 }, Fault.corruptFile("staleChecksum"))],
    ["the checksum of another file", Fault.on({ times: 1 }, Fault.corruptFile("otherChecksum"))],
    [
      "a page in place of the checksum",
      Fault.on({ path: "BTCUSDT-1h-2024-01-05.zip.CHECKSUM", times: 1 }, Fault.notJson())
    ]
  ])(
    "Files change after publication: %s is fetched once more, with its checksum",
    ([, fault]) =>
      Effect.gen(function*() {
        yield* inject(fault)
        expect(yield* klines(aDay)).toEqual(yield* good)
        expect((yield* requests).length).toBe(4)
      }).pipe(Effect.provide(onArchive()))
  )

  it.effect.each<[string, Fault.Corruption, Readonly<Record<string, unknown>>]>([
    ["mismatching", "staleChecksum", {
      message: "The checksum of BTCUSDT-1h-2024-01-05.zip does not match its contents"
    }],
    ["the wrong name", "otherChecksum", {
      message: "The checksum file of BTCUSDT-1h-2024-01-05.zip belongs to another file",
      wanted: "BTCUSDT-1h-2024-01-05.zip",
      found: "OTHER-BTCUSDT-1h-2024-01-05.zip"
    }],
    ["absent", "noChecksum", {
      message: "BTCUSDT-1h-2024-01-05.zip has no checksum file, so its integrity cannot be verified",
      wanted: "BTCUSDT-1h-2024-01-05.zip.CHECKSUM",
      found: "nothing",
      retryable: false
    }]
  ])(
    "No CHECKSUM is not a right one, failure 20: %s is an answer of its own",
    ([, corruption, expected]) =>
      Effect.gen(function*() {
        yield* inject(Fault.corruptFile(corruption))
        expect(yield* Effect.flip(klines(aDay))).toMatchObject({ _tag: "DataIntegrity", ...expected })
        // There is nothing to gain from asking again for what is not there.
        expect(ofTheDay(yield* asked)).toHaveLength(corruption === "noChecksum" ? 2 : 4)
      }).pipe(Effect.provide(onArchive()))
  )

  it.effect("No CHECKSUM of a fresh file may be on its way", () =>
    Effect.gen(function*() {
      yield* inject(Fault.corruptFile("noChecksum"))
      expect(yield* Effect.flip(klines(hours("2024-06-13", "2024-06-14")))).toMatchObject({ retryable: true })
    }).pipe(Effect.provide(onArchive())))

  it.effect("Broken zips with a right checksum are refused, and not fetched again", () =>
    Effect.gen(function*() {
      yield* inject(noMonth)
      expect(yield* Effect.flip(klines(aDay))).toMatchObject({
        _tag: "DataIntegrity",
        message: expect.stringContaining("Corrupt zip archive: End of central directory"),
        retryable: false
      })
      expect(ofTheDay(yield* asked)).toHaveLength(2)
    }).pipe(Effect.provide(onArchive({ archive: [archived("2024-01-05", zipOf(["a", "b"]).subarray(0, 60))] }))))

  it.effect("Right checksum, wrong content, failure 15: a day that was cut is no whole day, candle by candle", () =>
    Effect.gen(function*() {
      yield* inject(Fault.gaps({ start: "2024-01-05T18:00Z", end: "2024-01-06" }, {
        start: "2024-01-05T02:00Z",
        end: "2024-01-05T03:00Z"
      }))
      const found = yield* klines(aDay)
      expect(found.length).toBe(17)
      expect(missing(found)).toEqual([
        ["2024-01-05T02:00", "2024-01-05T03:00", "date_range"],
        ["2024-01-05T18:00", "2024-01-06", "date_range"]
      ])
    }).pipe(Effect.provide(onArchive())))

  it.effect.each([["Duplicates", "duplicate"], ["Interleaved order", "unordered"]] as const)(
    "%s: rows come once, and in order",
    ([, malformation]) =>
      Effect.gen(function*() {
        yield* inject(Fault.malformedRows(malformation))
        expect(yield* klines(aDay)).toEqual(yield* good)
      }).pipe(Effect.provide(onArchive()))
  )

  it.effect("Duplicates: of two rows that differ the last stands", () =>
    Effect.gen(function*() {
      expect((yield* klines(aDay)).close).toEqual(Float64Array.from(dayOf(5), (_, i) => i === 3 ? 3 : 2.5))
    }).pipe(
      Effect.provide(onArchive({ archive: [archived("2024-01-05", csv(dayOf(5)) + line(dayOf(5)[3]!, "3"))] }))
    ))

  it.effect("Misaligned opens are left out and named, and do not shift the grid", () =>
    Effect.gen(function*() {
      const found = yield* klines(aDay)
      expect([...found.openTime]).toEqual(dayOf(5).filter((_, i) => i !== 5 && i !== 7))
      expect(missing(found)).toEqual([
        ["2024-01-05T05:00", "2024-01-05T06:00", "invalid"],
        ["2024-01-05T07:00", "2024-01-05T08:00", "invalid"]
      ])
    }).pipe(Effect.provide(onArchive({
      faults: [noMonth],
      archive: [archived(
        "2024-01-05",
        // Two rows that open off the grid; in the hour of one of the two there is a sound row as well.
        csv(dayOf(5).map((open, i) => i === 5 || i === 7 ? open + 28 * 60_000 + 15_000 : open)) +
          line(dayOf(5)[9]! + 1)
      )]
    }))))

  it.effect("failure 17: at midnight there is no other rule: one candle that is missing there is, and none is invented", () =>
    Effect.gen(function*() {
      yield* inject(Fault.gaps({ start: "2024-01-06", end: "2024-01-06T01:00Z" }))
      const found = yield* klines(hours("2024-01-05", "2024-01-08"))
      expect(missing(found)).toEqual([["2024-01-06", "2024-01-06T01:00", "date_range"]])
      expect([...found.openTime]).toEqual(
        opensOf(utc(2024, 0, 5), utc(2024, 0, 8)).filter((open) => open !== utc(2024, 0, 6))
      )
    }).pipe(Effect.provide(onArchive())))

  it.effect("Outage days have fewer rows, and what is there is whole", () =>
    Effect.gen(function*() {
      const found = yield* klines(aDay)
      expect([found.length, missing(found)]).toEqual([4, [["2024-01-05T04:00", "2024-01-06", "date_range"]]])
    }).pipe(Effect.provide(onArchive({
      faults: [noMonth],
      archive: [archived("2024-01-05", csv(dayOf(5).slice(0, 4)))]
    }))))

  it.effect("The twelfth column is not always 0, and means nothing", () =>
    Effect.gen(function*() {
      expect((yield* klines(aDay)).close).toEqual(new Float64Array(24).fill(2.5))
    }).pipe(Effect.provide(onArchive({
      archive: [archived("2024-01-05", csv(dayOf(5)).replaceAll(",0\n", ",10779.83873125\n"))]
    }))))

  it.effect("Odd names are no days: a listing that begins with one does not hide the first", () =>
    Effect.gen(function*() {
      expect(missing(yield* klines(hours("2024-01-03", "2024-01-06")))).toEqual([
        ["2024-01-03", "2024-01-05", "not_listed_yet"]
      ])
    }).pipe(
      Effect.provide(
        stub((url) => {
          const day = /-(\d{4}-\d\d-\d\d)\.zip/.exec(url.pathname)?.[1]
          const zip = zipOf([`BTCUSDT-1h-${day}.csv`, csv(dayOf(5))])
          const month = zipOf(["BTCUSDT-1d-2024-01.csv", line(utc(2024, 0, 5), "2.5", utc(2024, 0, 6) - 1)])
          const names = url.searchParams.get("prefix")?.includes("ETHBTC") === true
            ? ["ETHBTC-1d-2017-07-14.zip"]
            : ["BTCUSDT-1d-2020-8.zip", "BTCUSDT-1d-2024-01-05.zip"]
          const keys = names.map((key) => `<Contents><Key>data/spot/daily/klines/BTCUSDT/1d/${key}</Key></Contents>`)
          return url.pathname.includes("BTCUSDT-1d-2024-01.zip")
            ? new Response(
              url.pathname.endsWith(".CHECKSUM")
                ? `${pack.sha256(month)}  BTCUSDT-1d-2024-01.zip`
                : Uint8Array.from(month)
            )
            : day === undefined
            ? new Response(`<ListBucketResult>${keys.join("")}</ListBucketResult>`)
            : day !== "2024-01-05"
            ? new Response("", { status: 404 })
            : new Response(
              url.pathname.endsWith(".CHECKSUM") ? `${pack.sha256(zip)}  BTCUSDT-1h-${day}.zip` : Uint8Array.from(zip)
            )
        }).layer
      )
    ))

  it.effect("Prices that cannot be are left out and named", () =>
    Effect.gen(function*() {
      expect(missing(yield* klines(aDay))).toEqual([["2024-01-05T05:00", "2024-01-05T06:00", "invalid"]])
    }).pipe(Effect.provide(onArchive({
      faults: [noMonth],
      archive: [archived("2024-01-05", dayOf(5).map((open, i) => line(open, i === 5 ? "3.6" : "2.5")).join(""))]
    }))))

  it.effect("Monthly is not daily: a day that only the month lacks comes by the day", () =>
    Effect.gen(function*() {
      const found = yield* klines(hours("2024-01-01", "2024-02-01"))
      expect([found.length, missing(found)]).toEqual([31 * 24, []])
      expect((yield* asked).filter((name) => name.endsWith(".zip"))).toEqual([
        "BTCUSDT-1h-2024-01.zip",
        "BTCUSDT-1h-2024-01-07.zip"
      ])
    }).pipe(
      Effect.provide(onArchive({
        archive: [archived("2024-01", csv(january.filter((open) => !dayOf(7).includes(open))))]
      }))
    ))

  it.effect("Monthly is not daily: a month that stopped on the 10th goes on by the day", () =>
    Effect.gen(function*() {
      const found = yield* klines(hours("2024-01-01", "2024-02-01"))
      expect([found.length, missing(found)]).toEqual([31 * 24, []])
      expect((yield* asked).filter((name) => /\d-\d\d-\d\d\.zip$/.test(name)).length).toBe(21)
    }).pipe(
      Effect.provide(
        onArchive({ archive: [archived("2024-01", csv(january.filter((open) => open < utc(2024, 0, 11))))] })
      )
    ))

  for (
    const [what, fault] of [
      ["was lost", Fault.status(404)],
      ["was cut", Fault.gaps({ start: "2024-01-05T18:00Z", end: "2024-01-06" })]
    ] as const
  ) {
    it.effect(`Monthly is not daily: a day that ${what} comes by the month`, () =>
      Effect.gen(function*() {
        const day = "BTCUSDT-1h-2024-01-05.zip"
        yield* inject(Fault.on({ path: day }, fault), Fault.on({ path: `${day}.CHECKSUM` }, fault))
        expect(yield* klines(aDay)).toEqual(yield* good)
        expect((yield* asked).filter((name) => name.endsWith(".zip"))).toEqual([
          "BTCUSDT-1h-2024-01-05.zip",
          "BTCUSDT-1h-2024-01.zip"
        ])
      }).pipe(Effect.provide(onArchive())))
  }

  it.effect("Monthly is not daily: days that are lost come by their month, which is fetched once, and days of seconds do not", () =>
    Effect.gen(function*() {
      const lost = ["1h-2024-01-05", "1h-2024-01-06", "1s-2024-01-05"].map((name) => `BTCUSDT-${name}.zip`)
      yield* inject(...lost.map((path) => Fault.on({ path }, Fault.status(404))))
      expect((yield* klines(hours("2024-01-05", "2024-01-08"))).missing).toEqual([])
      const seconds = yield* klines({ ...aDay, interval: "1s", end: "2024-01-05T00:01" })
      expect(seconds.missing.map(({ reason }) => reason)).toEqual(["date_range"])
      expect((yield* asked).filter((name) => /2024-01.zip$/.test(name))).toEqual(["BTCUSDT-1h-2024-01.zip"])
    }).pipe(Effect.provide(onArchive())))

  it.effect("Monthly is not daily: where both have a candle of a day that was cut, that of the day stands", () =>
    Effect.gen(function*() {
      const found = yield* klines(aDay)
      expect([...found.close]).toEqual(dayOf(5).map((_, i) => i < 18 ? 3 : 2.5))
    }).pipe(Effect.provide(onArchive({
      archive: [archived("2024-01", csv(january)), archived("2024-01-05", csv(dayOf(5).slice(0, 18), "3"))]
    }))))

  it.effect("Monthly is not daily: where both have a candle, that of the day stands", () =>
    Effect.gen(function*() {
      const found = yield* klines(hours("2024-01-01", "2024-02-01"))
      expect([...found.close].filter((_, i) => i < 48)).toEqual(Array.from({ length: 48 }, (_, i) => i < 24 ? 3 : 2.5))
    }).pipe(Effect.provide(onArchive({
      archive: [
        archived("2024-01", csv(january.filter((open) => open !== utc(2024, 0, 1, 5)), "2.5")),
        archived("2024-01-01", csv(dayOf(1), "3"))
      ]
    }))))

  it.effect("A month that is not there yet comes by the day", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(utc(2024, 5, 2, 12))
      const found = yield* klines({ ...hours("2024-05-01", "2024-06-01"), interval: "4h" })
      expect([found.length, found.missing]).toEqual([31 * 6, []])
    }).pipe(Effect.provide(onArchive())))

  it.effect("A month that was lost comes by the day", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ path: "BTCUSDT-4h-2024-01.zip" }, Fault.status(404)))
      const found = yield* klines({ ...hours("2024-01-01", "2024-02-01"), interval: "4h" })
      expect([found.length, found.missing]).toEqual([31 * 6, []])
    }).pipe(Effect.provide(onArchive())))

  it.effect("Months that were lost for half a year are no delisting", () =>
    Effect.gen(function*() {
      yield* inject(...["2023-11", "2023-12", "2024-01", "2024-02", "2024-03", "2024-04"].map((month) =>
        Fault.on({ path: `BTCUSDT-3d-${month}.zip` }, Fault.status(404))
      ))
      const found = yield* klines({ ...aDay, interval: "3d", start: "2023-10-01", end: "2024-05-01" })
      expect(found.missing.map(({ reason }) =>
        reason
      )).toEqual(["date_range"])
    }).pipe(Effect.provide(onArchive())))

  it.effect("missing days are missing, without a known reason", () =>
    Effect.gen(function*() {
      const lost = ["-02", "-03", "-04", ""].map((day) => `BTCUSDT-1h-2024-02${day}.zip`)
      yield* inject(...lost.map((path) => Fault.on({ path }, Fault.status(404))))
      const found = yield* klines(hours("2024-02-01T12:00", "2024-02-06"))
      expect(missing(found)).toEqual([["2024-02-02", "2024-02-05", "date_range"]])
      expect(found.length).toBe(12 + 24)
    }).pipe(Effect.provide(onArchive())))

  it.effect("late publication: a day is awaited for a week, then its absence has no known reason", () =>
    Effect.gen(function*() {
      yield* inject(Fault.late("6 days"))
      const yesterday = klines(hours("2024-06-14", "2024-06-15"))
      expect(missing(yield* yesterday)).toEqual([["2024-06-14", "2024-06-15", "not_published_yet"]])
      yield* TestClock.setTime(utc(2024, 5, 21, 3))
      expect(missing(yield* yesterday)).toEqual([["2024-06-14", "2024-06-15", "not_published_yet"]])
      yield* TestClock.setTime(utc(2024, 5, 21, 5))
      expect((yield* yesterday).length).toBe(24)
    }).pipe(Effect.provide(onArchive())))

  it.effect("Late publication: a month of days that will not come has a fortnight", () =>
    Effect.gen(function*() {
      yield* inject(Fault.late("400 days"))
      const may = klines({ ...aDay, interval: "1w", start: "2024-05-01", end: "2024-06-01" })
      yield* TestClock.setTime(utc(2024, 5, 14))
      expect((yield* may).missing.map(({ reason }) => reason)).toEqual(["not_published_yet"])
      yield* TestClock.setTime(utc(2024, 5, 15))
      expect((yield* may).missing.map(({ reason }) => reason)).toEqual(["date_range"])
    }).pipe(Effect.provide(onArchive())))

  it.effect("Transient 403, failure 7: a fresh file is asked for once more, after a second", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ times: 1 }, Fault.status(403)))
      const fiber = yield* Effect.fork(klines(hours("2024-06-13", "2024-06-14")))
      yield* TestClock.adjust("999 millis")
      expect((yield* requests).map(({ status }) => status)).toEqual([403])
      yield* TestClock.adjust("1 millis")
      expect((yield* Fiber.join(fiber)).length).toBe(24)
      expect((yield* requests).map(({ status }) => status)).toEqual([403, 200, 200])
    }).pipe(Effect.provide(onArchive())))

  it.effect.each<[string, KlineRequest.Input, number]>([
    ["a fresh file twice", hours("2024-06-13", "2024-06-14"), 2],
    ["an old file", aDay, 1]
  ])("Transient 403: who is refused %s is told so", ([, input, count]) =>
    Effect.gen(function*() {
      yield* inject(Fault.status(403))
      const fiber = yield* Effect.fork(Effect.flip(klines(input)))
      yield* TestClock.adjust("5 seconds")
      expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "ApiPermission", status: 403 })
      expect((yield* asked).filter((name) => /-\d\d-\d\d\.zip$/.test(name))).toHaveLength(count)
    }).pipe(Effect.provide(onArchive())))

  it.effect("Zero volume is a candle, not a hole", () =>
    Effect.gen(function*() {
      const found = yield* klines(aDay)
      expect([found.length, found.volume[4], found.missing]).toEqual([24, 0, []])
    }).pipe(Effect.provide(onArchive({
      archive: [archived(
        "2024-01-05",
        dayOf(5).map((open, i) => i === 4 ? `${open},2,2,2,2,0.00000000,${open + hour - 1},0,0,0,0,0\n` : line(open))
          .join("")
      )]
    }))))

  it.effect("Excel-damaged files are refused, with the line and what it says", () =>
    Effect.gen(function*() {
      yield* inject(noMonth)
      const error = yield* Effect.flip(klines(aDay))
      expect(error).toMatchObject({
        _tag: "DataTransformation",
        line: 2,
        excerpt:
          "1.70027E+12,36613.91,36613.92,36388.12,36400.01,1005.75727,1.70027E+12,36712312.4983139,35985,440,1,0\r",
        retryable: false,
        context: { source: "vision", symbol: "BTCUSDT", url: expect.stringContaining("2024-01-05.zip") }
      })
      expect(ofTheDay(yield* asked)).toHaveLength(2)
    }).pipe(Effect.provide(onArchive({
      archive: [archived(
        "2024-01-05",
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\r\n" +
          "1.70027E+12,36613.91,36613.92,36388.12,36400.01,1005.75727,1.70027E+12,36712312.4983139,35985,440,1,0\r\n"
      )]
    }))))

  it.effect("Mixed units are refused", () =>
    Effect.gen(function*() {
      yield* inject(noMonth)
      expect(yield* Effect.flip(klines(aDay))).toMatchObject({ _tag: "DataTransformation", line: 24 })
    }).pipe(Effect.provide(onArchive({
      archive: [archived("2024-01-05", csv(dayOf(5).slice(0, -1)) + csv([dayOf(5)[23]! * 1000]))]
    }))))

  it.effect("damaged close times are kept, and reported once", () =>
    Effect.gen(function*() {
      const found = yield* klines(aDay)
      expect([found.length, found.missing, found.closeTime[3]]).toEqual([24, [], dayOf(5)[3]! + 814_773])
      const lines = yield* (yield* LogCapture.LogCapture).entries
      expect(lines.map(({ level, message }) => [level, message])).toEqual([
        ["Warning", "Candles whose close time is not their end: 1, the first opens at 2024-01-05T03:00:00.000Z"]
      ])
      expect(lines[0]?.annotations).toMatchObject({ source: "vision", symbol: "BTCUSDT" })
    }).pipe(Effect.provide([
      onArchive({
        archive: [archived(
          "2024-01-05",
          dayOf(5).map((open, i) => line(open, "2.5", i === 3 ? open + 814_773 : undefined)).join("")
        )]
      }),
      LogCapture.layer
    ])))

  it.effect("A file without rows is a day without candles", () =>
    Effect.gen(function*() {
      expect(missing(yield* klines(aDay))).toEqual([["2024-01-05", "2024-01-06", "date_range"]])
    }).pipe(Effect.provide(onArchive({
      faults: [noMonth],
      archive: [archived("2024-01-05", "")]
    }))))
})

describe("BinanceVision failures", () => {
  const failing = (...faults: ReadonlyArray<Fault.Fault>) =>
    Effect.gen(function*() {
      yield* inject(...faults)
      const fiber = yield* Effect.fork(Effect.flip(klines(aDay)))
      yield* TestClock.adjust("16 seconds")
      return yield* Fiber.join(fiber)
    })

  it.effect.each<[string, Fault.Fault, Readonly<Record<string, unknown>>]>([
    ["silence", Fault.silence, { _tag: "NetworkTimeout", phase: "headers", timeoutMillis: 15_000, retryable: true }],
    ["a body that stops", Fault.stalledBody, { _tag: "NetworkTimeout", phase: "body", timeoutMillis: 15_000 }],
    ["a reset", Fault.resetBeforeHeaders, { _tag: "NetworkConnection", errno: "ECONNRESET", retryable: true }],
    ["an end before headers", Fault.closeBeforeHeaders, { _tag: "NetworkConnection", retryable: true }],
    ["a reset within the body", Fault.resetMidBody, { _tag: "NetworkConnection", retryable: true }],
    ["a body cut short", Fault.truncatedBody, { _tag: "NetworkConnection", retryable: true }],
    ["403", Fault.status(403), { _tag: "ApiPermission", status: 403 }],
    ["429", Fault.status(429, { headers: { "retry-after": "7" } }), { _tag: "ApiRateLimit", retryable: true }],
    ["451", Fault.status(451), { _tag: "ApiPermission", status: 451 }],
    ["500", Fault.status(500), { _tag: "ApiFormat", status: 500, retryable: true }],
    ["503", Fault.status(503), { _tag: "ApiFormat", status: 503, retryable: true }],
    ["504", Fault.status(504, { body: "html" }), { _tag: "NetworkTimeout" }],
    ["a redirect to nowhere", Fault.status(302), { _tag: "ApiFormat", status: 302 }]
  ])("tells %s apart, with the whole context", ([, fault, expected]) =>
    Effect.gen(function*() {
      for (const path of ["BTCUSDT-1h-2024-01-05.zip", "BTCUSDT-1h-2024-01-05.zip.CHECKSUM"]) {
        const error = yield* failing(Fault.on({ path }, fault), noMonth)
        expect(error).toMatchObject(expected)
        expect(error.context).toEqual({
          market: "SPOT",
          symbol: "BTCUSDT",
          interval: "1h",
          start: "2024-01-05T00:00:00.000Z",
          end: "2024-01-06T00:00:00.000Z",
          source: "vision",
          operation: "fetch",
          url: `http://faulty-exchange.test/data/spot/daily/klines/BTCUSDT/1h/${path}`
        })
        yield* Effect.flatMap(FaultyExchange.FaultyExchange, ({ clear }) => clear)
      }
    }).pipe(Effect.provide(onArchive())))

  it.effect.each<[string, Fault.Fault]>([
    ["corrupt", Fault.corruptFile("truncated")],
    ["without a checksum", Fault.corruptFile("noChecksum")],
    ["refused", Fault.status(403)],
    ["not of candles", Fault.malformedRows("notNumber")]
  ])("a file that is %s is replaced: a day by its month, a month by its days", ([, fault]) =>
    Effect.gen(function*() {
      const { clear } = yield* FaultyExchange.FaultyExchange
      const range = hours("2024-01-05", "2024-02-03")
      const whole = yield* klines(range)
      yield* inject(Fault.on({ path: "BTCUSDT-1h-2024-01-07.zip" }, fault))
      yield* inject(Fault.on({ path: "BTCUSDT-1h-2024-01-07.zip.CHECKSUM" }, fault))
      expect(yield* klines(range)).toEqual(whole)
      yield* clear
      const month = yield* klines(hours("2024-01-01", "2024-02-01"))
      yield* inject(Fault.on({ path: "BTCUSDT-1h-2024-01.zip" }, fault))
      yield* inject(Fault.on({ path: "BTCUSDT-1h-2024-01.zip.CHECKSUM" }, fault))
      expect(yield* klines(hours("2024-01-01", "2024-02-01"))).toEqual(month)
    }).pipe(Effect.provide(onArchive())))

  it.effect("failure 5: one file that fails is a failure, not a hole", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.zipRight(
        inject(Fault.on({ path: "BTCUSDT-1h-2024-01-07.zip" }, Fault.status(500))),
        klines(hours("2024-01-05", "2024-01-10"))
      ))
      expect(error).toMatchObject({ _tag: "ApiFormat", context: { url: expect.stringContaining("2024-01-07") } })
    }).pipe(Effect.provide(onArchive())))

  it.effect("rules of the caller take precedence, except for storage and empties", () =>
    Effect.gen(function*() {
      const rule = (error: FetchError.FetchError) => Classifier.layerRules([() => Option.some(error)])
      const error = failing(Fault.status(500))
      expect((yield* Effect.provide(error, rule(new FetchError.ApiAuth())))._tag).toBe("ApiAuth")
      expect((yield* Effect.provide(error, rule(new FetchError.StorageSpace())))._tag).toBe("Unexpected")
    }).pipe(Effect.provide(onArchive())))

  it.effect("reads or cancels the body of every answer", () => {
    const answers: Array<Response> = []
    const { layer } = stub((_, n) => {
      const answer = new Response("<Error/>", { status: n === 1 || n === 4 ? 404 : 500 })
      answers.push(answer)
      return answer
    })
    return Effect.gen(function*() {
      yield* klines(aDay)
      // The day, the listing twice, and the month.
      expect(answers.map(({ bodyUsed }) => bodyUsed)).toEqual([true, true, true, true])
      expect((yield* Effect.flip(klines(aDay)))._tag).toBe("ApiFormat")
      expect(answers.at(-1)?.bodyUsed).toBe(true)
    }).pipe(Effect.provide(layer))
  })

  it.effect("leaves no request behind when it is interrupted", () => {
    let stopped = 0
    const { asked, layer } = stub(() => Effect.onInterrupt(Effect.never, () => Effect.sync(() => stopped++)))
    return Effect.gen(function*() {
      const fiber = yield* Effect.fork(klines(hours("2024-01-05", "2024-01-08")))
      yield* TestClock.adjust("1 second")
      expect(asked.length).toBe(3)
      yield* Fiber.interrupt(fiber)
      expect(stopped).toBe(3)
    }).pipe(Effect.provide(layer))
  })
})

describe("BinanceVision options, failure 23: each changes what happens", () => {
  const poll = <A, E>(fiber: Fiber.RuntimeFiber<A, E>) => Effect.map(Fiber.poll(fiber), Option.isSome)

  it.effect("idleTimeout is for the next piece, timeout for all of them", () => {
    // A piece every four seconds, without end.
    const slow = Effect.map(Effect.runtime(), (runtime) =>
      new Response(
        new ReadableStream<Uint8Array>({
          pull: (controller) =>
            Runtime.runPromise(runtime)(
              Effect.zipRight(Effect.sleep("4 seconds"), Effect.sync(() => controller.enqueue(new Uint8Array(10))))
            )
        }, { highWaterMark: 0 })
      ))
    const { layer } = stub(() => slow, { idleTimeout: "5 seconds", timeout: "1 minute" })
    return Effect.gen(function*() {
      const fiber = yield* Effect.fork(Effect.flip(klines(aDay)))
      for (let second = 0; second < 59; second++) yield* TestClock.adjust("1 second")
      expect(yield* poll(fiber)).toBe(false)
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "NetworkTimeout", phase: "total", timeoutMillis: 60_000 })
    }).pipe(Effect.provide(layer))
  })

  it.effect.each<[string, Fault.Fault]>([["the answer", Fault.silence], ["the rest of the body", Fault.stalledBody]])(
    "failure 28: idleTimeout is how long it waits for %s",
    ([, fault]) =>
      Effect.gen(function*() {
        yield* inject(fault)
        const fiber = yield* Effect.fork(Effect.flip(klines(aDay)))
        yield* TestClock.adjust("3999 millis")
        expect(yield* poll(fiber)).toBe(false)
        yield* TestClock.adjust("1 millis")
        expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "NetworkTimeout", timeoutMillis: 4000 })
      }).pipe(Effect.provide(onArchive({}, { idleTimeout: "4 seconds" })))
  )

  it.effect("does not wait for a client that ignores interruption", () => {
    const { layer } = stub(() => Effect.uninterruptible(Effect.never))
    return Effect.gen(function*() {
      const fiber = yield* Effect.fork(Effect.flip(klines(aDay)))
      yield* TestClock.adjust("5 minutes")
      expect((yield* Fiber.join(fiber))._tag).toBe("NetworkTimeout")
    }).pipe(Effect.provide(layer))
  })

  it.effect("a file that is larger than one of its time can be is not read to its end", () => {
    let sent = 0
    const endless = () =>
      new ReadableStream<Uint8Array>({
        pull: (controller) => {
          sent += 65_536
          controller.enqueue(new Uint8Array(65_536))
        }
      })
    const { layer } = stub((_, n) => n === 1 ? new Response(endless()) : new Response("", { status: 404 }))
    return Effect.gen(function*() {
      // 24 rows, and a thousand more, of 256 bytes; and what a zip has besides.
      expect(yield* Effect.flip(klines(aDay))).toMatchObject({
        _tag: "DataIntegrity",
        wanted: `at most ${1024 * 256 + 65_536} bytes`
      })
      expect(sent).toBeLessThan(600_000)
    }).pipe(Effect.provide(layer))
  })

  it.effect.each([[1], [3]])("concurrency: %i files at once", ([concurrency]) => {
    let running = 0
    let most = 0
    const { layer } = stub(() =>
      Effect.gen(function*() {
        most = Math.max(most, ++running)
        yield* Effect.sleep("1 second")
        running--
        return new Response("", { status: 404 })
      }), { baseUrl: "http://mirror.test", concurrency })
    return Effect.gen(function*() {
      const fiber = yield* Effect.fork(klines(hours("2024-01-05", "2024-01-15")))
      for (let second = 0; second < 11; second++) yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      expect(most).toBe(concurrency)
    }).pipe(Effect.provide(layer))
  })
})

it.effect.each([[0], [-1], [NaN]])(
  "BinanceVision with a concurrency of %d is refused",
  ([concurrency]) =>
    Effect.gen(function*() {
      const { layer } = stub(() => Effect.never, { concurrency })
      const cause = yield* Effect.flip(Effect.sandbox(Layer.build(layer)))
      expect(Cause.pretty(cause)).toContain(`concurrency is ${concurrency}: it must be a whole number of at least 1`)
    }).pipe(Effect.scoped)
)

describe("BinanceVision over real sockets", () => {
  const exchange = Layer.merge(FetchHttpClient.layer, FaultyExchange.layer({ now }))

  it.live("fetches files, and distinguishes the faults", () =>
    Effect.gen(function*() {
      const { archive, inject } = yield* FaultyExchange.FaultyExchange
      const vision = yield* BinanceVision.make(archive)
      expect((yield* vision.klines(hours("2024-01-05", "2024-01-08"))).length).toBe(72)
      for (
        const [fault, tag] of [
          [Fault.resetBeforeHeaders, "NetworkConnection"],
          [Fault.truncatedBody, "NetworkConnection"],
          [Fault.status(500), "ApiFormat"]
        ] as const
      ) {
        yield* inject(Fault.on({ times: 1 }, fault))
        expect((yield* Effect.flip(vision.klines(aDay)))._tag).toBe(tag)
      }
      yield* inject(Fault.on({ times: 1 }, Fault.corruptFile("truncated")))
      expect((yield* vision.klines(aDay)).length).toBe(24)
      yield* inject(Fault.on({ times: 1 }, Fault.stalledBody))
      const hasty = yield* BinanceVision.make({ ...archive, idleTimeout: "50 millis" })
      expect((yield* Effect.flip(hasty.klines(aDay)))._tag).toBe("NetworkTimeout")
    }).pipe(Effect.provide(exchange)))
})
