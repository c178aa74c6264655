/** Situations that users of market-data libraries have met, each with the right outcome. */
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { ErrorTracker } from "effect-errata"
import {
  BinanceRest,
  BinanceVision,
  DataSourceManager,
  KlineCache,
  type KlineRequest,
  Klines,
  type Market
} from "effect-errata/binance"
import { Fault, FaultyExchange, LogCapture } from "effect-errata/testing"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const now = Date.UTC(2024, 5, 15, 12)
const may = Date.UTC(2024, 4)

interface World extends DataSourceManager.Options {
  readonly exchange?: FaultyExchange.Options
  readonly directory?: string
  /** The base URL of the spot market. */
  readonly host?: string
  readonly maxAge?: KlineCache.Options["maxAge"]
}

/** All sources over an exchange without sockets, with an empty cache; noon of 15 June 2024. */
const world = ({ directory: folder, exchange, host = "", maxAge, ...options }: World = {}) => {
  const sources = Layer.unwrapScoped(Effect.gen(function*() {
    const { archive, baseUrls } = yield* FaultyExchange.FaultyExchange
    const fs = yield* FileSystem.FileSystem
    const directory = folder ?? (yield* Effect.orDie(fs.makeTempDirectoryScoped()))
    const SPOT = host === "" ? baseUrls.SPOT : host
    return Layer.mergeAll(
      BinanceRest.layer({ baseUrls: { ...baseUrls, SPOT } }),
      BinanceVision.layer(archive),
      KlineCache.layer({ directory, maxAge })
    )
  }))
  return DataSourceManager.layer({ retry: false, ...options }).pipe(
    Layer.provideMerge(sources),
    Layer.provideMerge(FaultyExchange.layerClient(exchange)),
    Layer.provideMerge(ErrorTracker.layer()),
    Layer.provideMerge(LogCapture.layer),
    Layer.provideMerge(NodeContext.layer),
    Layer.provideMerge(Layer.effectDiscard(TestClock.setTime(now)))
  )
}

const hours = (start: number, end: number): KlineRequest.Input => ({
  market: "SPOT",
  symbol: "BTCUSDT",
  interval: "1h",
  start,
  end
})

const manager = DataSourceManager.DataSourceManager
const fetch = (input: KlineRequest.Input) => Effect.flatMap(manager, ({ fetch }) => fetch(input))
const klines = (input: KlineRequest.Input) => Effect.flatMap(manager, ({ klines }) => klines(input))
const inject = (fault: Fault.Fault) => Effect.flatMap(FaultyExchange.FaultyExchange, ({ inject }) => inject(fault))
const clear = Effect.flatMap(FaultyExchange.FaultyExchange, ({ clear }) => clear)
const requests = Effect.flatMap(FaultyExchange.FaultyExchange, ({ requests }) => requests)
const reasons = ({ missing }: Pick<Klines.Klines, "missing">) => missing.map(({ reason }) => reason)

describe("the local clock", () => {
  it.effect.each([90_000, hour, 2 * day, -90_000, -hour, -2 * day])(
    "is %d ms behind the exchange: the latest four hours are all there",
    (clockOffset) =>
      Effect.gen(function*() {
        const end = Math.floor((now + clockOffset) / minute) * minute
        const found = yield* klines({ ...hours(end - 4 * hour, end), interval: "1m" })
        expect([found.length, found.missing]).toEqual([240, []])
      }).pipe(Effect.provide(world({ sources: ["cache", "rest"], exchange: { clockOffset } })))
  )

  it.effect.each([true, false])(
    "is right: the latest closed candle appears a second late (Date header: %s)",
    (dateHeader) =>
      Effect.gen(function*() {
        const range = hours(now - 4 * hour, now)
        yield* inject(Fault.on({ source: "rest", path: "klines" }, Fault.gaps({ start: now - hour, end: now })))
        const error = yield* Effect.flip(klines(range))
        expect(error).toMatchObject({ _tag: "DataIntegrity", retryable: true })
        expect(error.message).toContain("not_published_yet")
        yield* clear
        expect((yield* klines(range)).length).toBe(4)
      }).pipe(Effect.provide(world({ sources: ["cache", "rest"], exchange: { now, dateHeader } })))
  )
})

describe("answers of REST", () => {
  it.effect.each<[Market.Market, string]>([["SPOT", "BTCUSDT"], ["FUTURES_COIN", "BTCUSD_PERP"]])(
    "have at most 500 rows, whatever the limit: %s",
    ([market, symbol]) =>
      Effect.gen(function*() {
        const input = { ...hours(now - 2904 * hour, now), market, symbol }
        for (const _ of ["fetched", "from the cache"]) {
          const found = yield* klines(input)
          expect([found.length, found.missing]).toEqual([2904, []])
        }
      }).pipe(Effect.provide(world({ sources: ["cache", "rest"], exchange: { now, pageSize: 500 } })))
  )

  it.effect("are the latest 500 candles for any request: refused, retryable, and not cached", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "rest" }, Fault.otherRange("latest")))
      const range = hours(may - 60 * day, may)
      const { data, error } = yield* fetch(range)
      expect([data.length, reasons(data)]).toEqual([0, ["not_fetched"]])
      expect(Option.getOrThrow(error)).toMatchObject({ _tag: "DataValidation", retryable: true })
      yield* clear
      expect((yield* klines(range)).length).toBe(60 * 24)
    }).pipe(Effect.provide(world({ sources: ["cache", "rest"], exchange: { now } }))))

  it.effect.each<[number, number]>([[502, 8000], [403, 5000]])(
    "%d for the sixth of nine pages: %d rows, and the error",
    ([status, rows]) =>
      Effect.gen(function*() {
        yield* inject(Fault.on({ source: "rest", path: "klines", nth: 6 }, Fault.status(status)))
        const start = now - 9000 * hour
        const { data, error, errors } = yield* fetch(hours(start, now))
        expect([data.length, reasons(data)]).toEqual([rows, ["not_fetched"]])
        expect(data.missing[0]?.start).toBe(start + 5000 * hour)
        expect([errors.length, Option.getOrThrow(error)]).toMatchObject([1, { status }])
      }).pipe(Effect.provide(world({ sources: ["rest"], exchange: { now } })))
  )

  it.effect("have one row with a negative volume: that candle is invalid, the others are kept", () => {
    const row = (open: number): FaultyExchange.Row => {
      const volume = open === may + 100 * hour ? "-3" : "3"
      return [open, "1", "2", "1", "2", volume, open + hour - 1, "4", 5, "1", "1", "0"]
    }
    const series = { market: "SPOT", symbol: "BTCUSDT", interval: "1h" } as const
    const rows = Array.from({ length: 744 }, (_, i) => row(may + i * hour))
    return Effect.gen(function*() {
      const { data } = yield* fetch(hours(may, may + 744 * hour))
      expect([data.length, data.missing]).toEqual([743, [
        { start: may + 100 * hour, end: may + 101 * hour, reason: "invalid" }
      ]])
    }).pipe(Effect.provide(world({ sources: ["rest"], exchange: { now, series: [{ ...series, rows }] } })))
  })

  it.effect("are a page of HTML: asked once more, then named with status and content type", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "rest" }, Fault.body("<html>Log in</html>", { contentType: "text/html" })))
      const fiber = yield* Effect.fork(Effect.flip(klines(hours(may, may + day))))
      yield* TestClock.adjust("1 hour")
      const error = yield* Fiber.join(fiber)
      expect(error).toMatchObject({ _tag: "ApiFormat", status: 200, retryable: false })
      expect(error.message).toBe(
        "The response is a page of HTML (status 200, text/html), not a list of candles; the second one for this request"
      )
      expect(yield* requests).toHaveLength(2)
    }).pipe(Effect.provide(world({ sources: ["rest"], retry: {}, exchange: { now } }))))

  it.effect.each<[string, Fault.Fault]>([
    ["nothing", Fault.body("")],
    ["null", Fault.body("null")],
    ["half a list", Fault.body("[[1714521600000,\"1\"")],
    ["HTML", Fault.notJson()],
    ["a code for a limit", Fault.body(`{"code":-1003,"msg":"Too many requests."}`)],
    ["a code for a busy server", Fault.body(`{"code":-1008,"msg":"Server is busy."}`)],
    ["202", Fault.body("", { status: 202 })]
  ])("are %s once: asked again", ([, fault]) =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "rest", times: 1 }, fault))
      const fiber = yield* Effect.fork(klines(hours(may, may + day)))
      yield* TestClock.adjust("10 minutes")
      expect((yield* Fiber.join(fiber)).length).toBe(24)
    }).pipe(Effect.provide(world({ sources: ["rest"], retry: {}, exchange: { now } }))))

  it.effect("are a code for an unknown symbol with status 200: the last word", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "rest" }, Fault.body(`{"code":-1121,"msg":"Invalid symbol."}`)))
      const error = yield* Effect.flip(klines(hours(may, may + day)))
      expect(error).toMatchObject({ _tag: "ApiFormat", apiCode: -1121, retryable: false })
      expect(yield* requests).toHaveLength(1)
    }).pipe(Effect.provide(world({ sources: ["rest"], retry: {}, exchange: { now } }))))
})

describe("instruments", () => {
  const listed = Date.UTC(2024, 4, 29)

  it.effect("listed late in a long range: about as many requests as pages of data", () =>
    Effect.gen(function*() {
      const { data, error } = yield* fetch({ ...hours(Date.UTC(2019, 0), now), interval: "5m" })
      const candles = (now - listed) / (5 * minute)
      expect([data.length, error]).toEqual([candles, Option.none()])
      expect((yield* requests).length).toBeLessThanOrEqual(1.2 * Math.ceil(candles / 1000) + 10)
    }).pipe(Effect.provide(world({
      sources: ["rest"],
      exchange: { now, instruments: [{ market: "SPOT", symbol: "BTCUSDT", listed }] }
    }))))

  it.effect.each<[string, number, number]>([
    ["within the last week", now - 3 * day, now - day],
    ["until now", now - 3 * day, now],
    ["last year", now - 300 * day, now - 200 * day]
  ])("unknown to the exchange: the error says so, whenever: %s", ([, start, end]) =>
    Effect.gen(function*() {
      const { error, missing } = yield* fetch({ ...hours(start, end), symbol: "NOSUCHUSDT" })
      expect(Option.getOrThrow(error)).toMatchObject({ _tag: "ApiFormat", apiCode: -1121, retryable: false })
      expect(Option.getOrThrow(error).message).toContain("the symbol is unknown on this market")
      expect(reasons({ missing })).toEqual(["not_fetched"])
    }).pipe(Effect.provide(world({ exchange: { now } }))))

  it.effect("unknown to the archive: an unexpected empty, not a late file", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(klines({ ...hours(now - 3 * day, now - day), symbol: "NOSUCHUSDT" }))
      expect(error).toMatchObject({ _tag: "DataEmpty", reason: "date_range", expected: false })
      expect(error.message).toBe("No data available for the specified date range")
    }).pipe(Effect.provide(world({ sources: ["vision"], exchange: { now } }))))
})

describe("files", () => {
  it.effect("a corrupt month is replaced by its days, even if REST refuses the symbol", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ path: "BTCUSDT-1h-2024-04.zip" }, Fault.corruptFile("flipped")))
      yield* inject(Fault.on({ source: "rest" }, Fault.status(400)))
      const { data } = yield* fetch(hours(may - 30 * day, may))
      expect([data.length, data.missing]).toEqual([720, []])
      expect(new Set(data.source)).toEqual(new Set(["vision"]))
    }).pipe(Effect.provide(world({ exchange: { now } }))))

  it.effect("of a test network are not used for the exchange", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const range = hours(may, may + day)
      const on = (host: string, price: number) =>
        Effect.provide(
          Effect.all([klines(range), requests]),
          world({
            directory,
            host,
            sources: ["cache", "rest"],
            exchange: { now, instruments: [{ market: "SPOT", symbol: "BTCUSDT", price }] }
          })
        )
      const [test] = yield* on("https://testnet.binance.vision", 7)
      const [real, asked] = yield* on("https://api.binance.com", 40_000)
      expect(asked.length).toBeGreaterThan(0)
      expect(Math.max(...test.high)).toBeLessThan(Math.min(...real.low))
      const [again, none] = yield* on("https://api.binance.com", 1)
      expect([again.close, none]).toEqual([real.close, []])
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  it.effect.each([-3, 3])(
    "have an age by the clock of the exchange, %d days from the local one",
    (days) =>
      Effect.gen(function*() {
        const range = hours(may, may + day)
        const first = yield* klines(range)
        const before = (yield* requests).length
        expect((yield* klines(range)).close).toEqual(first.close)
        expect((yield* requests).length).toBe(before)
        yield* TestClock.adjust("25 hours")
        yield* klines(range)
        expect((yield* requests).length).toBeGreaterThan(before)
      }).pipe(Effect.provide(world({
        sources: ["cache", "rest"],
        maxAge: "1 day",
        exchange: { clockOffset: days * day }
      })))
  )

  it.effect("of no candles are not written", () =>
    Effect.gen(function*() {
      const cache = yield* KlineCache.KlineCache
      expect(yield* cache.keep({ market: "SPOT", symbol: "BTCUSDT" }, Klines.empty("1d"))).toBe(0)
    }).pipe(Effect.provide(world())))
})

describe("counting", () => {
  it.effect("unexpected empties are counted once each, exceed the limit, and are named", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const logs = yield* LogCapture.LogCapture
      yield* inject(Fault.on({ source: "rest" }, Fault.emptyList))
      for (let i = 0; i < 30; i++) {
        const { error } = yield* fetch(hours(may, may + day))
        expect(Option.getOrThrow(error)).toMatchObject({ _tag: "DataEmpty", reason: "api_response", expected: false })
      }
      const { unexpected } = yield* tracker.emptyData()
      expect(unexpected).toBe(30)
      expect((yield* tracker.activeAlerts).map(({ code }) => code)).toContain("DATA_EMPTY")
      const texts = (yield* logs.entries).map(({ message }) => message)
      expect(texts.some((text) => text.includes("API returned empty response"))).toBe(true)
      expect(texts.filter((text) => text.includes("(expected)"))).toEqual([])
    }).pipe(Effect.provide(world({ sources: ["rest"], exchange: { now } }))))

  it.effect("a refused request is counted and logged once", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const logs = yield* LogCapture.LogCapture
      yield* Effect.flip(klines({ ...hours(may, may + day), symbol: "btcusdt" }))
      expect((yield* tracker.stats()).total).toBe(1)
      expect((yield* logs.entries).filter(({ message }) => message.includes("BTCUSDT"))).toHaveLength(1)
      expect(yield* requests).toEqual([])
    }).pipe(Effect.provide(world({ exchange: { now } }))))
})

describe("streams", () => {
  it.effect("progress ends when the layer is released", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const services = yield* Layer.buildWithScope(world({ sources: ["rest"], exchange: { now } }), scope)
      const { progress } = yield* Effect.provide(manager, services)
      const fiber = yield* Effect.fork(Stream.runCollect(progress))
      yield* Effect.repeatN(Effect.yieldNow(), 10)
      yield* Effect.provide(fetch(hours(may, may + day)), services)
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      expect([...(yield* Fiber.join(fiber))].map(({ candles, source }) => [source, candles])).toEqual([["rest", 24]])
    }))

  it.effect("a long range is returned in pieces", () =>
    Effect.gen(function*() {
      const { stream } = yield* manager
      const sizes = yield* stream({ ...hours(may - 2 * day, may + 3 * day), interval: "1m" }).pipe(
        Stream.runFold([] as ReadonlyArray<number>, (sizes, { length }) => [...sizes, length])
      )
      expect(sizes).toEqual([2 * 1440, 3 * 1440])
    }).pipe(Effect.provide(world({ sources: ["rest"], exchange: { now } }))))
})
