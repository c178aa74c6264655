import { FileSystem, HttpClient } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Fiber, Layer, Logger, Option, Stream, TestClock } from "effect"
import { ErrorTracker, FetchError } from "effect-errata"
import {
  BinanceRest,
  BinanceVision,
  DataSourceManager,
  KlineCache,
  type KlineRequest,
  Klines
} from "effect-errata/binance"
import { Fault, FaultyExchange, LogCapture } from "effect-errata/testing"
import { expect, expectTypeOf } from "vitest"

const hour = 3_600_000
const day = 24 * hour
const now = Date.UTC(2024, 5, 15, 12)

const hours = (start: number, end: number): KlineRequest.Input => ({
  market: "SPOT",
  symbol: "BTCUSDT",
  interval: "1h",
  start,
  end
})

const april = Date.UTC(2024, 3)
const may = Date.UTC(2024, 4)
const june = Date.UTC(2024, 5)

const manager = Effect.serviceOptional(DataSourceManager.DataSourceManager).pipe(Effect.orDie)
const fetch = (input: KlineRequest.Input) => Effect.flatMap(manager, ({ fetch }) => fetch(input))
const klines = (input: KlineRequest.Input) => Effect.flatMap(manager, ({ klines }) => klines(input))
const inject = (...faults: ReadonlyArray<Fault.Fault>) =>
  Effect.flatMap(FaultyExchange.FaultyExchange, ({ inject }) => Effect.forEach(faults, inject))
/** Who was asked since the last time: `rest` or `vision`, request by request. */
const asked = Effect.flatMap(FaultyExchange.FaultyExchange, ({ requests }) => requests).pipe(
  Effect.map((all) => all.map(({ path }) => path.startsWith("/api/") ? "rest" : path.slice(path.lastIndexOf("/") + 1)))
)
const bySource = Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) => tracker.breakdown({ by: "source" })).pipe(
  Effect.map((rows) =>
    Object.fromEntries(rows.map(({ count, value }) => [value, count]).filter(([, count]) => count !== 0))
  )
)

const atNoon = Layer.effectDiscard(TestClock.setTime(now))

/**
 * Everything there is, over an exchange without sockets and a folder that is empty before; noon of 15 June 2024. Nothing
 * is tried again where a test does not ask for it.
 */
const world = <const S extends Klines.Source = Klines.Source>(
  { directory: folder, exchange, ...options }: DataSourceManager.Options<S> & {
    readonly exchange?: FaultyExchange.Options
    readonly directory?: string
  } = {}
) => {
  const sources = Layer.unwrapScoped(
    Effect.gen(function*() {
      const { archive, baseUrls } = yield* FaultyExchange.FaultyExchange
      const directory = folder ??
        (yield* Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orDie(fs.makeTempDirectoryScoped())))
      return Layer.mergeAll(
        BinanceRest.layer({ baseUrls }),
        BinanceVision.layer(archive),
        KlineCache.layer({ directory })
      )
    })
  )
  return DataSourceManager.layer({ retry: false, ...options }).pipe(
    Layer.provideMerge(sources),
    Layer.provideMerge(FaultyExchange.layerClient({ ...exchange })),
    Layer.provideMerge(ErrorTracker.layer()),
    Layer.provideMerge(LogCapture.layer),
    Layer.provideMerge(NodeContext.layer),
    Layer.provideMerge(atNoon)
  )
}

class Folder extends Context.Tag("Folder")<Folder, string>() {}

/** A layer on a folder that is empty before and gone after. */
const inFolder = <A, E>(layer: (directory: string) => Layer.Layer<A, E>) => {
  const folder = Layer.scoped(
    Folder,
    Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orDie(fs.makeTempDirectoryScoped()))
  )
    .pipe(Layer.provide(NodeContext.layer))
  return Layer.unwrapEffect(Effect.map(Folder, layer)).pipe(Layer.provideMerge(folder))
}

describe("the order of the sources", () => {
  it.effect("failure 25: first the archive, then REST for what it has not, then the cache, and every row says whose it is", () =>
    Effect.gen(function*() {
      const first = yield* fetch(hours(june - 2 * day, now))
      expect(first.rowsBySource).toEqual({ cache: 0, vision: 48 + 14 * 24, rest: 12 })
      expect([first.missing, first.errors, first.error]).toEqual([[], [], Option.none()])
      expect(first.data.length).toBe(2 * 24 + 14 * 24 + 12)
      expect(first.data.source.slice(0, 2)).toEqual(["vision", "vision"])
      expect(first.data.source.at(-1)).toBe("rest")

      const { clear } = yield* FaultyExchange.FaultyExchange
      yield* clear
      const second = yield* fetch(hours(june - 2 * day, now))
      // Today is never kept.
      expect(second.rowsBySource).toEqual({ cache: 48 + 14 * 24, vision: 0, rest: 12 })
      expect(second.data.close).toEqual(first.data.close)
      expect(second.data.openTime).toEqual(first.data.openTime)
    }).pipe(Effect.provide(world())))

  it.effect("what is in the cache is not asked for again", () =>
    Effect.gen(function*() {
      yield* fetch(hours(may, may + 3 * day))
      const before = (yield* asked).length
      expect((yield* klines(hours(may + hour, may + 2 * day))).length).toBe(47)
      expect((yield* asked).length).toBe(before)
    }).pipe(Effect.provide(world())))

  it.effect("failure 15: a hole in the archive is asked of REST, candle by candle, and nothing else is", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "vision" }, Fault.gaps({ start: may + 5 * hour, end: may + 8 * hour })))
      const { data, missing, rowsBySource } = yield* fetch(hours(may, may + day))
      expect(rowsBySource).toEqual({ cache: 0, vision: 21, rest: 3 })
      expect(missing).toEqual([])
      expect(data.source.slice(4, 9)).toEqual(["vision", "rest", "rest", "rest", "vision"])
    }).pipe(Effect.provide(world())))

  it.effect("an outage, a hole that REST confirms, is no failure, and is not asked for again", () =>
    Effect.gen(function*() {
      const first = yield* fetch(hours(may, may + day))
      expect(first.missing).toEqual([{ start: may + 2 * hour, end: may + 4 * hour, reason: "source_gap" }])
      expect([first.error, first.errors]).toEqual([Option.none(), []])
      expect((yield* klines(hours(may, may + day))).length).toBe(22)
      const before = (yield* asked).length
      const again = yield* fetch(hours(may, may + day))
      expect(again.missing).toEqual(first.missing)
      expect(again.rowsBySource.cache).toBe(22)
      expect((yield* asked).length).toBe(before)
    }).pipe(Effect.provide(world({
      exchange: {
        instruments: [{ market: "SPOT", symbol: "BTCUSDT", outages: [{ start: may + 2 * hour, end: may + 4 * hour }] }]
      }
    }))))

  it.effect("a day without any candle that REST confirms is not asked for again", () =>
    Effect.gen(function*() {
      const first = yield* fetch(hours(may, may + day))
      expect([first.data.length, first.missing]).toEqual([
        0,
        [{ start: may, end: may + day, reason: "not_listed_yet" }]
      ])
      const before = (yield* asked).length
      expect((yield* fetch(hours(may, may + day))).missing).toEqual(first.missing)
      expect((yield* asked).length).toBe(before)
    }).pipe(Effect.provide(world({
      exchange: { instruments: [{ market: "SPOT", symbol: "BTCUSDT", listed: "2024-06-01" }] }
    }))))

  for (const market of ["SPOT", "FUTURES_USDT"] as const) {
    it.effect(`what the archive knows to be delisted is, and no failure: ${market}`, () =>
      Effect.gen(function*() {
        const vision = yield* BinanceVision.BinanceVision
        for (const range of [{ start: april - day, end: may }, { start: may, end: may + 9 * day }]) {
          const input = { ...hours(range.start, range.end), market }
          const { data, error, missing } = yield* fetch(input)
          const end = Math.max(range.start, april + 15 * hour)
          expect(data.length).toBe((end - range.start) / hour)
          expect(missing).toEqual([{ start: end, end: range.end, reason: "delisted" }])
          expect(error).toEqual(Option.none())
          expect((yield* vision.klines(input)).missing).toEqual(missing)
        }
      }).pipe(Effect.provide(world({
        exchange: {
          instruments: [
            { market, symbol: "BTCUSDT", listed: "2023-01-01", delisted: april + 15 * hour },
            // Shows that the archive has recent files.
            { market, symbol: "ETHUSDT" }
          ]
        }
      }))))
  }

  it.effect("a day of an instrument that was delisted is kept, and not asked for again", () =>
    Effect.gen(function*() {
      yield* fetch(hours(april, april + 3 * day))
      const before = (yield* asked).length
      const { missing, rowsBySource } = yield* fetch(hours(april, april + 3 * day))
      expect([rowsBySource.cache, missing.map(({ reason }) => reason)]).toEqual([15, ["delisted"]])
      expect((yield* asked).length).toBe(before)
    }).pipe(Effect.provide(world({
      exchange: { instruments: [{ market: "SPOT", symbol: "BTCUSDT", delisted: april + 15 * hour }] }
    }))))

  it.effect("what one fetch found the next one finds, though its day is not whole and not kept", () =>
    Effect.gen(function*() {
      const lost = { start: may + 5 * hour, end: may + 7 * hour }
      // The month has more of this day than the day has.
      yield* inject(
        Fault.on({ source: "vision" }, Fault.gaps(lost)),
        Fault.on({ source: "vision", path: "BTCUSDT-1h-2024-05-01.zip" }, Fault.status(404))
      )
      const first = yield* fetch(hours(may, june))
      const second = yield* fetch(hours(may, june))
      expect([first.rowsBySource, second.rowsBySource]).toEqual([
        { cache: 0, vision: 31 * 24 - 2, rest: 0 },
        { cache: 30 * 24, vision: 22, rest: 0 }
      ])
      expect(second.data.openTime).toEqual(first.data.openTime)
      expect(second.missing).toEqual([{ ...lost, reason: "date_range" }])
    }).pipe(Effect.provide(world({ sources: ["cache", "vision"] }))))

  it.effect("failure 4: an archive that fails leaves the range to REST, and is counted under its own name", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "vision" }, Fault.status(503)))
      const { data, errors, missing, rowsBySource } = yield* fetch(hours(may, may + day))
      expect([data.length, missing, rowsBySource.rest]).toEqual([24, [], 24])
      expect(errors).toMatchObject([{ _tag: "ApiFormat", context: { source: "vision", symbol: "BTCUSDT" } }])
      expect(yield* bySource).toEqual({ vision: 1 })
    }).pipe(Effect.provide(world())))

  it.effect("failure 8: a file whose checksum does not match is never used", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "vision" }, Fault.corruptFile("staleChecksum")))
      const { errors, rowsBySource } = yield* fetch(hours(may, may + day))
      expect(rowsBySource).toEqual({ cache: 0, vision: 0, rest: 24 })
      // The day, and the month.
      expect(errors).toMatchObject([
        { _tag: "DataIntegrity", context: { source: "vision" } },
        { _tag: "DataIntegrity", context: { source: "vision" } }
      ])
    }).pipe(Effect.provide(world())))

  it.effect("failure 9: what REST fills is kept with the other rows of its day, which is whole or not kept", () =>
    Effect.gen(function*() {
      const gap = { start: may + 5 * hour, end: may + 8 * hour }
      yield* inject(Fault.on({ source: "vision" }, Fault.gaps(gap)))
      expect((yield* fetch(hours(gap.start, gap.end))).rowsBySource.rest).toBe(3)
      expect((yield* fetch(hours(gap.start, gap.end))).rowsBySource.cache).toBe(0)
      const first = yield* fetch(hours(may, may + day))
      const second = yield* fetch(hours(may, may + day))
      expect([first.rowsBySource.rest, second.rowsBySource]).toEqual([3, { cache: 24, vision: 0, rest: 0 }])
      expect(second.data.close).toEqual(first.data.close)
    }).pipe(Effect.provide(world())))

  it.effect("failure 11: of what the cache has only a part the rest is asked for, and no row is invented", () =>
    Effect.gen(function*() {
      yield* fetch(hours(may, may + day))
      yield* inject(Fault.status(503))
      const part = yield* fetch(hours(may, may + 3 * day))
      expect([part.data.length, part.missing]).toEqual([
        24,
        [{ start: may + day, end: may + 3 * day, reason: "not_fetched" }]
      ])
      const { clear } = yield* FaultyExchange.FaultyExchange
      yield* clear
      const { data, missing, rowsBySource } = yield* fetch(hours(may, may + 3 * day))
      expect([rowsBySource, missing]).toEqual([{ cache: 24, vision: 48, rest: 0 }, []])
      expect(data.close.every(Number.isFinite)).toBe(true)
    }).pipe(Effect.provide(world())))

  it.effect("failure 18: the end is excluded and the start included, for every source", () =>
    Effect.gen(function*() {
      const opens = (request: KlineRequest.Input) =>
        Effect.map(fetch(request), ({ data }) => [...data.openTime].map((open) => (open - may) / hour))
      const windows: ReadonlyArray<readonly [number, number, ReadonlyArray<number>]> = [
        [0, 2, [0, 1]],
        [1, 2, [1]],
        [0.5, 2.5, [1, 2]],
        [0.9, 1.1, [1]],
        [1.1, 1.9, []]
      ]
      const ask = Effect.forEach(windows, ([from, to]) => opens(hours(may + from * hour, may + to * hour)))
      const expected = windows.map(([, , opens]) => opens)
      yield* inject(Fault.on({ source: "vision" }, Fault.status(404)))
      expect(yield* ask).toEqual(expected)
      const { clear } = yield* FaultyExchange.FaultyExchange
      yield* clear
      expect(yield* ask).toEqual(expected)
      yield* fetch(hours(may, may + day))
      expect(yield* ask).toEqual(expected)
      expect((yield* fetch(hours(may + hour, may + 2 * hour))).rowsBySource.cache).toBe(1)
    }).pipe(Effect.provide(world())))

  it.effect("failure 32: COIN-M is never asked for more than 200 days at once", () =>
    Effect.gen(function*() {
      const start = Date.UTC(2021, 0)
      const range = { start, end: start + 700 * day }
      const { data, errors } = yield* fetch({
        ...range,
        market: "FUTURES_COIN",
        symbol: "BTCUSD_PERP",
        interval: "12h"
      })
      expect([data.length, errors]).toEqual([1400, []])
    }).pipe(Effect.provide(world({ sources: ["rest"] }))))

  it.effect("one bad month does not affect the others", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "vision", path: "BTCUSDT-1h-2024-03.zip" }, Fault.corruptFile("flipped")))
      const { errors, missing, rowsBySource } = yield* fetch(hours(Date.UTC(2024, 1), may))
      // Its days have them.
      expect(rowsBySource).toEqual({ cache: 0, vision: (29 + 31 + 30) * 24, rest: 0 })
      expect([errors.length, missing]).toEqual([1, []])
    }).pipe(Effect.provide(world())))

  it.effect("one bad day does not affect the other days of its month", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "vision", path: "BTCUSDT-1h-2024-05-03.zip" }, Fault.corruptFile("flipped")))
      const { errors, rowsBySource } = yield* fetch(hours(may + day, june))
      // Its month has them.
      expect(rowsBySource).toEqual({ cache: 0, vision: 30 * 24, rest: 0 })
      expect(errors).toHaveLength(1)
    }).pipe(Effect.provide(world())))

  it.effect("failure 10: the candle that is forming is missing, and no failure", () =>
    Effect.gen(function*() {
      expect((yield* klines(hours(now - 2 * day, now + day))).missing).toEqual([
        { start: now, end: now + hour, reason: "unfinished" },
        { start: now + hour, end: now + day, reason: "not_published_yet" }
      ])
    }).pipe(Effect.provide(world())))

  it.effect("no source has rows: DataEmpty, with the reason", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "rest" }, Fault.emptyList))
      const error = yield* Effect.flip(klines(hours(may, may + day)))
      expect(error).toMatchObject({ _tag: "DataEmpty", context: { symbol: "BTCUSDT" } })
    }).pipe(Effect.provide(world({ sources: ["rest"] }))))
})

describe("failures", () => {
  it.effect("failure 14: a 429 in one range keeps what is finished, and ends the asking", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "rest", path: "klines", nth: { from: 12 } }, Fault.rateLimited("1 minute")))
      const start = Date.UTC(2021, 0)
      const { data, error, errors, missing } = yield* fetch(hours(start, start + 50_000 * hour))
      expect(data.length).toBe(9000)
      expect(missing.map(({ reason }) => reason)).toEqual(["not_fetched"])
      expect(errors.map(({ code }) => code)).toEqual(["API_RATE_LIMIT"])
      expect(Option.map(error, ({ _tag }) => _tag)).toEqual(Option.some("ApiRateLimit"))
      expect(yield* bySource).toEqual({ rest: 1 })
      const after = (yield* asked).length
      expect(after).toBe(12)
    }).pipe(Effect.provide(world({ sources: ["rest"], concurrency: 1 }))))

  for (
    const [name, fault] of [
      ["500", Fault.status(500)],
      ["no JSON", Fault.notJson()],
      ["a reset within the body", Fault.resetMidBody]
    ] as const
  ) {
    it.effect(`failure 5: a page that fails is an error and a hole that is named, not an empty page: ${name}`, () =>
      Effect.gen(function*() {
        yield* inject(Fault.on({ source: "rest", path: "klines", nth: { from: 11 } }, fault))
        const start = Date.UTC(2022, 0)
        const range = { start, end: start + 20_000 * hour }
        const { data, error, errors, missing } = yield* fetch(hours(range.start, range.end))
        // The survey of the range has fetched the last candle.
        expect([data.length, missing]).toEqual([
          8001,
          [{ start: start + 8000 * hour, end: range.end - hour, reason: "not_fetched" }]
        ])
        expect(errors.length).toBeGreaterThan(0)
        expect(Option.isSome(error)).toBe(true)
      }).pipe(Effect.provide(world({ sources: ["rest"], concurrency: 1 }))))
  }

  it.effect("failure 6: an unknown symbol costs one request, and the error has its code", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(klines({ ...hours(may, may + day), symbol: "NOSUCHUSDT" }))
      expect(error).toMatchObject({ _tag: "ApiFormat", status: 400, apiCode: -1121, retryable: false })
      expect(yield* asked).toHaveLength(1)
    }).pipe(Effect.provide(world({ sources: ["rest"], retry: {} }))))

  it.effect("failure 21: an interval that there is not is refused, and nothing is asked or written", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      // @ts-expect-error there is no such interval
      const { data, error } = yield* fetch({ ...hours(may, may + day), interval: "7m" })
      expect(data.length).toBe(0)
      expect(Option.map(error, ({ _tag }) => _tag)).toEqual(Option.some("DataValidation"))
      expect([yield* asked, yield* fs.readDirectory(yield* Folder)]).toEqual([[], []])
    }).pipe(Effect.provide(inFolder((directory) => world({ directory })))))

  it.effect("failure 31: the loggers of the application receive the same lines as before", () => {
    const heard: Array<string> = []
    const host = Logger.add(Logger.make(({ message }) => void heard.push(String(message))))
    return Effect.gen(function*() {
      yield* inject(Fault.on({ source: "vision" }, Fault.status(503)))
      yield* fetch(hours(may, may + day))
      yield* Effect.logError("still here")
      expect(heard.length).toBeGreaterThan(1)
      expect(heard.at(-1)).toBe("still here")
    }).pipe(Effect.provide(Layer.provideMerge(world(), host)))
  })

  it.effect("failure 3: klines fails with the last error, of its class and with its status, which carries those before it", () =>
    Effect.gen(function*() {
      yield* inject(
        Fault.on({ source: "vision" }, Fault.status(503)),
        Fault.on({ source: "rest" }, Fault.status(500, { body: "html" }))
      )
      const error = yield* Effect.flip(klines(hours(may, may + day)))
      expect(error).toMatchObject({
        _tag: "ApiFormat",
        status: 500,
        context: { source: "rest" },
        earlier: [{ source: "vision", code: "API_FORMAT" }]
      })
      expect(yield* bySource).toEqual({ vision: 1, rest: 1 })
      const lines = yield* LogCapture.entries
      // Effect itself tells of fibers that fail, to who debugs.
      expect(lines.filter(({ level }) => level !== "Debug")).toHaveLength(2)
    }).pipe(Effect.provide(world())))

  it.effect("failure 30: everybody answered and candles are missing all the same: DataIntegrity, which says how many", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(klines(hours(may, may + day)))
      expect(error).toMatchObject({
        _tag: "DataIntegrity",
        retryable: false,
        wanted: "24 candles",
        found: "0",
        message: "24 candles are missing, the first from 2024-05-01T00:00:00.000Z: not_cached"
      })
      expect(yield* asked).toEqual([])
    }).pipe(Effect.provide(world({ sources: ["cache"] }))))

  it.effect("an invalid request is refused before any source is called", () =>
    Effect.gen(function*() {
      const { data, error } = yield* fetch({ ...hours(may, may), symbol: "btc/usdt" })
      expect(data.length).toBe(0)
      expect(Option.map(error, ({ _tag }) => _tag)).toEqual(Option.some("DataValidation"))
      expect((yield* Effect.flip(klines({ ...hours(may, may), symbol: "btc/usdt" })))._tag).toBe("DataValidation")
      expect(yield* asked).toEqual([])
    }).pipe(Effect.provide(world())))

  it.effect("a corrupt file of the cache is reported, and its candles are fetched again", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const cache = yield* KlineCache.KlineCache
      yield* fetch(hours(may, may + day))
      const before = yield* cache.klines(hours(may, may + day))
      const directory = yield* Folder
      const name = `${directory}/faulty-exchange.test/SPOT/BTCUSDT/1h/2024-05-01.arrow`
      yield* fs.writeFileString(name, "not what it was")
      const { data, errors, rowsBySource } = yield* fetch(hours(may, may + day))
      expect(rowsBySource.cache).toBe(0)
      expect(data.close).toEqual(before.close)
      expect(errors).toMatchObject([{ _tag: "DataIntegrity", context: { source: "cache" } }])
      expect(yield* bySource).toEqual({ cache: 1 })
      expect((yield* fetch(hours(may, may + day))).rowsBySource.cache).toBe(24)
    }).pipe(Effect.provide(inFolder((directory) => world({ directory })))))

  it.effect("a full disk is no reason to fail: one error, no more writing for a minute", () => {
    let writes = 0
    const full = new FetchError.StorageSpace({ context: { source: "cache" } })
    const cache = Layer.succeed(KlineCache.KlineCache, {
      klines: () => Effect.succeed(Klines.empty("1h")),
      find: () =>
        Effect.succeed({
          klines: Klines.empty("1h", [{ start: may, end: may + day, reason: "not_cached" }]),
          errors: []
        }),
      keep: () =>
        Effect.suspend(() => {
          writes++
          return Effect.fail(full)
        }),
      forget: () => Effect.succeed(0)
    })
    return Effect.gen(function*() {
      const first = yield* klines(hours(may, may + day))
      expect(first.length).toBe(24)
      expect(writes).toBe(1)
      yield* klines(hours(may, may + day))
      expect(writes).toBe(1)
      expect(yield* bySource).toEqual({ cache: 1 })
      yield* TestClock.adjust("1 minute")
      yield* klines(hours(may, may + day))
      expect(writes).toBe(2)
    }).pipe(
      Effect.provide(
        DataSourceManager.layer({ sources: ["cache", "rest"] }).pipe(Layer.provide(cache), Layer.provideMerge(world()))
      )
    )
  })
})

/** What comes of it while time goes by, and the exchange answers. */
const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    while (Option.isNone(yield* Fiber.poll(fiber))) {
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      yield* TestClock.adjust("100 millis")
    }
    return yield* Fiber.join(fiber)
  })

describe("what fails is tried again", () => {
  const counted = Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) => tracker.stats()).pipe(
    Effect.map(({ retry, total }) => ({ total, ...retry }))
  )

  it.effect("a loss that another source covers is reported, and is not a failure", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "rest", path: "klines", nth: 1 }, Fault.status(502)))
      const { data, error, errors, missing } = yield* inTime(fetch(hours(may, may + day)))
      expect([data.length, error, missing]).toEqual([24, Option.none(), []])
      expect(errors).toMatchObject([{ _tag: "ApiFormat", status: 502, context: { source: "rest" } }])
      expect(yield* counted).toMatchObject({ total: 1, retries: 1, giveUps: 0 })
    }).pipe(Effect.provide(world({ sources: ["rest"], retry: {} }))))

  it.effect("failure 14: a 429 in one range keeps what is finished, and the rest comes when the server allows it", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "rest", path: "klines", nth: 12 }, Fault.rateLimited("40 seconds")))
      const start = Date.UTC(2021, 0)
      const { data, error, errors } = yield* inTime(fetch(hours(start, start + 20_000 * hour)))
      expect((yield* Clock.currentTimeMillis) - now).toBeGreaterThanOrEqual(40_000)
      expect([data.length, error]).toEqual([20_000, Option.none()])
      expect(errors.map(({ code }) => code)).toEqual(["API_RATE_LIMIT"])
      expect(yield* counted).toMatchObject({ total: 1, retries: 1, gateWaits: 1 })
    }).pipe(Effect.provide(world({ sources: ["rest"], concurrency: 1, retry: {} }))))

  it.effect("a page that fails is asked for again, and none of those that have come", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "rest", path: "klines", nth: [3, 4, 9] }, Fault.status(502)))
      const start = Date.UTC(2021, 0)
      const { data, error, errors } = yield* inTime(fetch(hours(start, start + 10_000 * hour)))
      expect([data.length, error]).toEqual([10_000, Option.none()])
      expect(errors.map(({ code }) => code)).toEqual(["API_FORMAT", "API_FORMAT", "API_FORMAT"])
      expect((yield* asked).length).toBe(13)
      expect(yield* counted).toMatchObject({ total: 3, retries: 3, giveUps: 0 })
      const stats = yield* Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) => tracker.stats())
      expect(stats.attempts).toBe(13)
    }).pipe(Effect.provide(world({ sources: ["rest"], retry: {} }))))

  it.effect("a request not sent because of the rate limit of another piece is neither counted nor logged", () =>
    Effect.gen(function*() {
      yield* inject(
        Fault.on({ source: "rest", path: "klines", nth: 6 }, Fault.rateLimited("10 seconds")),
        Fault.on({ source: "rest", path: "klines" }, Fault.latency("100 millis"))
      )
      const start = Date.UTC(2021, 0)
      const { data, error } = yield* inTime(fetch(hours(start, start + 20_000 * hour)))
      expect([data.length, error]).toEqual([20_000, Option.none()])
      const { gateWaits, total } = yield* counted
      // The survey, twenty pages, and those that the exchange refused.
      expect((yield* asked).length).toBe(22 + total)
      expect(gateWaits).toBeGreaterThan(total)
    }).pipe(Effect.provide(world({ sources: ["rest"], concurrency: 2, retry: {} }))))

  it.effect("a request that the client holds back because of the rate limit of another caller waits, and is not a failure", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "rest", path: "klines", nth: 1 }, Fault.rateLimited("10 seconds")))
      const rest = yield* BinanceRest.BinanceRest
      yield* Effect.exit(rest.klines(hours(may, may + day)))
      expect((yield* asked).length).toBe(1)
      const { data, error, errors } = yield* inTime(fetch(hours(may, may + day)))
      expect([data.length, error]).toEqual([24, Option.none()])
      expect(errors).toMatchObject([{ context: { attributes: { refused: "the exchange asks to wait" } } }])
      expect((yield* asked).length).toBe(2)
      expect((yield* counted).total).toBe(0)
    }).pipe(Effect.provide(world({ sources: ["rest"], retry: {} }))))

  it.effect("the rows returned are those of the sources", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "vision" }, Fault.status(502)))
      const { rowsBySource } = yield* inTime(fetch(hours(may, june)))
      expect(rowsBySource).toEqual({ cache: 0, vision: 0, rest: 744 })
      // A day at a time, once more each: of the archive there is one retry as long as REST can be asked.
      expect((yield* asked).filter((who) => who !== "rest")).toHaveLength(2)
    }).pipe(
      Effect.provide(world({ sources: ["vision", "rest"], retry: { rows: { API_FORMAT: { base: "1 second" } } } }))
    ))

  it.effect("one market that said to wait does not stop the others", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "rest", market: "SPOT" }, Fault.rateLimited("10 hours")))
      const spot = yield* fetch(hours(may, may + day))
      expect(Option.map(spot.error, ({ context }) => context.attributes)).toEqual(
        Option.some({ gave_up: "the server asks to wait for 10h, longer than maxWait, 2m" })
      )
      expect((yield* fetch(hours(may, may + day))).errors).toMatchObject([
        {
          _tag: "ApiRateLimit",
          context: {
            market: "SPOT",
            symbol: "BTCUSDT",
            attributes: { refused: expect.stringContaining("wait for 10h") }
          }
        }
      ])
      expect((yield* fetch({ ...hours(may, may + day), market: "FUTURES_USDT" })).data.length).toBe(24)
      expect(yield* bySource).toEqual({ rest: 1 })
    }).pipe(Effect.provide(world({ sources: ["rest"], retry: {} }))))

  it.effect("REST is called without waiting for the archive", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "vision" }, Fault.status(429, { headers: { "retry-after": "10" } })))
      const { data, rowsBySource } = yield* fetch(hours(may, june))
      expect([data.length, rowsBySource]).toEqual([744, { cache: 0, vision: 0, rest: 744 }])
      expect(yield* counted).toMatchObject({ total: 1, retries: 0, giveUps: 1 })
    }).pipe(Effect.provide(world({ sources: ["vision", "rest"], retry: {} }))))

  it.effect("an archive with an open circuit is skipped immediately, until a probe succeeds", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "vision", times: 2 }, Fault.status(503)))
      const vision = (n: number) => fetch(hours(may + n * day, may + (n + 1) * day))
      expect((yield* inTime(vision(0))).rowsBySource.rest).toBe(24)
      const before = (yield* asked).filter((who) => who !== "rest").length
      const { errors, rowsBySource } = yield* vision(1)
      expect(rowsBySource.rest).toBe(24)
      expect(errors).toMatchObject([{ status: 503, context: { attributes: { refused: "the circuit is open" } } }])
      expect((yield* asked).filter((who) => who !== "rest").length).toBe(before)
      yield* TestClock.adjust("1 minute")
      expect((yield* vision(2)).rowsBySource).toEqual({ cache: 0, vision: 24, rest: 0 })
    }).pipe(
      Effect.provide(
        world({ sources: ["vision", "rest"], retry: { breaker: { minimumAttempts: 2, minimumDuration: 0 } } })
      )
    ))

  it.effect("a damaged file was fetched twice already, and is not once more", () =>
    Effect.gen(function*() {
      yield* inject(Fault.on({ source: "vision" }, Fault.corruptFile("flipped")))
      const { errors, rowsBySource } = yield* fetch(hours(may, june))
      expect(rowsBySource).toEqual({ cache: 0, vision: 0, rest: 744 })
      // The month and two of its days; the others are not tried.
      expect(errors.map(({ code }) => code)).toEqual(["DATA_INTEGRITY", "DATA_INTEGRITY", "DATA_INTEGRITY"])
      expect(yield* counted).toMatchObject({ retries: 0 })
    }).pipe(Effect.provide(world({ sources: ["vision", "rest"], retry: {} }))))
})

describe("options, failure 23: each changes what happens", () => {
  const dead = Layer.succeed(HttpClient.HttpClient, HttpClient.make(() => Effect.die("nobody may be asked")))

  it.effect("failure 2: with the cache alone the network is not touched, by a client that dies when it is", () =>
    Effect.gen(function*() {
      const { data, errors, missing } = yield* fetch(hours(may, may + day))
      expect([data.length, errors]).toEqual([0, []])
      expect(missing).toEqual([{ start: may, end: may + day, reason: "not_cached" }])
    }).pipe(
      Effect.provide(inFolder((directory) =>
        DataSourceManager.layer({ sources: ["cache"] }).pipe(
          Layer.provide(KlineCache.layer({ directory })),
          Layer.provideMerge(ErrorTracker.layer()),
          Layer.provideMerge(dead),
          Layer.provideMerge(NodeContext.layer),
          Layer.provideMerge(atNoon)
        )
      ))
    ))

  it("needs the services of the sources that are named, and no other", () => {
    expectTypeOf(DataSourceManager.layer({ sources: ["cache"] })).toEqualTypeOf<
      Layer.Layer<DataSourceManager.DataSourceManager, never, KlineCache.KlineCache | ErrorTracker.ErrorTracker>
    >()
    expectTypeOf(DataSourceManager.layer()).toEqualTypeOf<
      Layer.Layer<
        DataSourceManager.DataSourceManager,
        never,
        KlineCache.KlineCache | BinanceVision.BinanceVision | BinanceRest.BinanceRest | ErrorTracker.ErrorTracker
      >
    >()
    // @ts-expect-error there is no such source
    expect(() => DataSourceManager.layer({ sources: ["ftp"] })).not.toThrow()
  })

  for (
    const [sources, rows] of [
      [["vision"], { cache: 0, vision: 48, rest: 0 }],
      [["rest"], { cache: 0, vision: 0, rest: 48 }],
      [["rest", "vision"], { cache: 0, vision: 48, rest: 0 }]
    ] as const
  ) {
    it.effect(`${sources.join(" and ")} alone`, () =>
      Effect.gen(function*() {
        expect((yield* fetch(hours(may, may + 2 * day))).rowsBySource).toEqual(rows)
        expect((yield* fetch(hours(may, may + 2 * day))).rowsBySource.cache).toBe(0)
      }).pipe(Effect.provide(world({ sources }))))
  }

  for (const concurrency of [1, 3]) {
    it.effect(`${concurrency} pieces at once`, () => {
      let running = 0
      let most = 0
      const rest = Layer.succeed(BinanceRest.BinanceRest, {
        klines: ({ end, start }) =>
          Effect.acquireUseRelease(
            Effect.sync(() => {
              most = Math.max(most, ++running)
            }),
            () =>
              Effect.as(
                Effect.sleep("1 second"),
                Klines.empty("1h", [{ start: Number(start), end: Number(end), reason: "source_gap" }])
              ),
            () => Effect.sync(() => running--)
          )
      })
      return Effect.gen(function*() {
        const fiber = yield* Effect.fork(fetch(hours(now - 80_000 * hour, now)))
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(fiber)
        expect(most).toBe(concurrency)
      }).pipe(
        Effect.provide(
          DataSourceManager.layer({ sources: ["rest"], concurrency }).pipe(
            Layer.provide(rest),
            Layer.provideMerge(world())
          )
        )
      )
    })
  }

  for (
    const [options, message] of [
      [{ concurrency: 0 }, "concurrency is 0"],
      [{ concurrency: NaN }, "concurrency is NaN"],
      [{ sources: [] }, "sources is []: it must be a list of at least one source"],
      [{ retry: { maxWait: -1 } }, "DataSourceManager: retry.maxWait is -1"],
      // What no compiler has looked at.
      [JSON.parse(`{ "retry": 0 }`), "retry is 0: it must be false, or an object"],
      [JSON.parse(`{ "retry": null }`), "retry is null: it must be false, or an object"],
      [JSON.parse(`{ "retyr": false }`), "retyr"],
      [
        JSON.parse(`{ "sources": ["rst"] }`),
        "sources[0]: unknown source \\\"rst\\\", did you mean \\\"rest\\\"? Known: cache, vision, rest"
      ]
    ] as const
  ) {
    it.effect(`dies of ${JSON.stringify(options)}: ${message}`, () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(
          Layer.build(DataSourceManager.layer(options)).pipe(Effect.scoped)
        )
        expect(String(exit)).toContain(message)
      }).pipe(Effect.provide(world())))
  }
})

it.effect("progress reports every piece", () =>
  Effect.gen(function*() {
    const { progress } = yield* manager
    const told = yield* Effect.fork(Stream.runCollect(Stream.take(progress, 3)))
    yield* Effect.yieldNow()
    yield* Effect.yieldNow()
    yield* fetch(hours(Date.UTC(2024, 2), may))
    const all = [...(yield* Fiber.join(told))]
    expect(all.map(({ candles, of, source }) => [source, candles, of])).toEqual([
      ["cache", 0, 61 * 24],
      ["vision", 31 * 24, 61 * 24],
      ["vision", 61 * 24, 61 * 24]
    ])
    expect(all[0]).toMatchObject({ market: "SPOT", symbol: "BTCUSDT", interval: "1h" })
  }).pipe(Effect.provide(world({ concurrency: 1 }))))

it.effect("an interruption ends all that is under way, and is no error", () =>
  Effect.gen(function*() {
    yield* inject(Fault.silence)
    const fiber = yield* Effect.fork(fetch(hours(may, may + day)))
    yield* TestClock.adjust("1 second")
    yield* Fiber.interrupt(fiber)
    expect(yield* bySource).toEqual({})
  }).pipe(Effect.provide(world())))
