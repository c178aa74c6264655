import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { ErrorTracker } from "effect-errata"
import {
  BinanceRest,
  BinanceVision,
  DataSourceManager,
  Interval,
  KlineCache,
  type KlineRequest,
  Klines
} from "effect-errata/binance"
import { Fault, FaultyExchange, LogCapture } from "effect-errata/testing"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"

const hour = 3_600_000
const day = 24 * hour
const now = Date.UTC(2024, 5, 15, 12)
const listed = Date.UTC(2024, 3, 20, 5)
const april = Date.UTC(2024, 3)
const may = Date.UTC(2024, 4)

const series = { market: "SPOT", symbol: "BTCUSDT" } as const

const exchange: FaultyExchange.Options = {
  now,
  instruments: [{ ...series, listed, outages: [{ start: may + 26 * hour, end: may + 50 * hour }] }]
}

/** All sources over an exchange without sockets, with an empty cache. */
const world = <const S extends Klines.Source = Klines.Source>(options: DataSourceManager.Options<S> = {}) =>
  DataSourceManager.layer({ retry: false, ...options }).pipe(
    Layer.provideMerge(Layer.unwrapScoped(Effect.gen(function*() {
      const { archive, baseUrls } = yield* FaultyExchange.FaultyExchange
      const directory = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orDie(fs.makeTempDirectoryScoped()))
      return Layer.mergeAll(
        BinanceRest.layer({ baseUrls }),
        BinanceVision.layer(archive),
        KlineCache.layer({ directory })
      )
    }))),
    Layer.provideMerge(FaultyExchange.layerClient(exchange)),
    Layer.provideMerge(ErrorTracker.layer()),
    Layer.provideMerge(LogCapture.layer),
    Layer.provideMerge(NodeContext.layer),
    Layer.provideMerge(Layer.effectDiscard(TestClock.setTime(now)))
  )

const input = (interval: Interval.Interval, start: number, end: number): KlineRequest.Input => ({
  ...series,
  interval,
  start,
  end
})

const stream = (input: KlineRequest.Input, options?: DataSourceManager.StreamOptions) =>
  Stream.unwrap(Effect.map(DataSourceManager.DataSourceManager, ({ stream }) => stream(input, options)))

const collect = (input: KlineRequest.Input, options?: DataSourceManager.StreamOptions) =>
  Effect.map(Stream.runCollect(stream(input, options)), Chunk.toReadonlyArray)

const concatenated = (interval: Interval.Interval, pieces: ReadonlyArray<Klines.Klines>) =>
  pieces.reduce((all, piece) => Klines.concat(all, piece), Klines.empty(interval))

/** The second fetch reads from the cache, so that its sources differ. */
const withoutSource = (klines: Klines.Klines) => ({ ...klines, source: [] })

const requests = Effect.flatMap(FaultyExchange.FaultyExchange, ({ requests }) => requests)

describe("DataSourceManager.stream", () => {
  it.effect.each<[
    Interval.Interval,
    number,
    number,
    DataSourceManager.StreamOptions | undefined,
    ReadonlyArray<Klines.Source>
  ]>([
    ["1h", april + 15 * day, now, undefined, ["rest"]],
    ["1h", april + 17 * day + 30 * 60_000, may + 3 * day + 1, { by: "1d" }, ["rest"]],
    ["1h", may, may + 2 * day, { by: "1h", prefetch: 3 }, ["rest"]],
    ["1m", may, may + 2 * day, { by: "12h", prefetch: 0 }, ["cache", "rest"]],
    ["1m", listed - day, listed + day, { by: "6h" }, ["rest"]],
    ["1d", april, now, { by: "1M" }, ["cache", "vision", "rest"]],
    ["1d", april, now, { by: "1w", prefetch: 2 }, ["rest"]],
    ["1w", april, now, { by: "1M" }, ["rest"]],
    ["1M", april - 60 * day, now, undefined, ["rest"]],
    ["1h", now - 2 * day, now + 900 * day, { by: "1d" }, ["cache", "rest"]]
  ])(
    "the pieces concatenate to the result of `fetch`: %s from %d to %d, %j",
    ([interval, start, end, options, sources]) =>
      Effect.gen(function*() {
        const { fetch } = yield* DataSourceManager.DataSourceManager
        const asked = input(interval, start, end)
        const pieces = yield* collect(asked, options)
        const whole = yield* fetch(asked)
        expect(whole.error).toEqual(Option.none())
        const all = concatenated(interval, pieces)
        expect(withoutSource(all)).toEqual(withoutSource(whole.data))
        // Ascending, and each within its range.
        const opens = pieces.flatMap(({ openTime }) => Array.from(openTime))
        expect(opens).toEqual(Array.from(all.openTime))
        const count = pieces.reduce((sum, { length }) => sum + length, 0)
        expect(count).toBe(whole.data.length)
        for (const klines of [...pieces, whole.data]) {
          expect(JSON.parse(JSON.stringify(klines)).open).toEqual(Array.from(klines.open))
        }
        if (options?.by !== undefined) {
          for (const { openTime } of pieces) {
            const [first, last] = [openTime[0], openTime.at(-1)]
            if (first !== undefined && last !== undefined) {
              expect(Interval.floor(options.by, last)).toBe(Interval.floor(options.by, first))
            }
          }
        }
      }).pipe(Effect.provide(world({ sources })))
  )

  it.effect("fails at the piece that fails, after all pieces before it, and resumes there", () =>
    Effect.gen(function*() {
      const { clear, inject } = yield* FaultyExchange.FaultyExchange
      const range = input("1h", may + 3 * day, may + 47 * day)
      // A page has 1,000 candles: 41 days and 16 hours.
      yield* inject(Fault.on({ source: "rest", path: "klines", nth: { from: 2 } }, Fault.status(403)))
      const pieces: Array<Klines.Klines> = []
      const error = yield* stream(range, { by: "1d" }).pipe(
        Stream.runForEach((piece) => Effect.sync(() => pieces.push(piece))),
        Effect.flip
      )
      expect(pieces).toHaveLength(41)
      expect(error._tag).toBe("ApiPermission")
      expect(error.context).toMatchObject({
        source: "rest",
        symbol: "BTCUSDT",
        start: new Date(may + 44 * day).toISOString(),
        end: new Date(may + 47 * day).toISOString()
      })
      yield* clear
      const rest = yield* collect({ ...range, start: error.context.start ?? range.start }, { by: "1d" })
      const { fetch } = yield* DataSourceManager.DataSourceManager
      expect(concatenated("1h", [...pieces, ...rest])).toEqual((yield* fetch(range)).data)
    }).pipe(Effect.provide(world({ sources: ["rest"] }))))

  it.effect.each([0, 1, 2])("fetches what is pulled, and %d fetches more", (prefetch) =>
    Effect.gen(function*() {
      // A fetch covers a month.
      yield* stream(input("1m", april + 29 * day, now), { by: "1d", prefetch }).pipe(
        Stream.take(1),
        Stream.tap(() => Effect.repeatN(Effect.yieldNow(), 2000)),
        Stream.runDrain
      )
      const starts = (yield* requests).flatMap(({ query }) => query.startTime === undefined ? [] : [query.startTime])
      const months = new Set(starts.map((start) => new Date(Number(start)).getUTCMonth()))
      expect([...months].sort((a, b) => a - b)).toEqual([3, 4, 5].slice(0, 1 + prefetch))
    }).pipe(Effect.provide(world({ sources: ["rest"] }))))

  it.effect("interrupts its requests on interruption", () =>
    Effect.gen(function*() {
      const { inject } = yield* FaultyExchange.FaultyExchange
      yield* inject(Fault.on({ source: "rest", nth: { from: 2 } }, Fault.silence))
      const fiber = yield* Effect.fork(collect(input("1m", may + 4 * day, may + 14 * day), { by: "1d" }))
      yield* Effect.repeatN(Effect.yieldNow(), 500)
      yield* Fiber.interrupt(fiber)
      expect(Exit.isInterrupted(yield* Fiber.await(fiber))).toBe(true)
      // An interruption is not an error, and does not block the next stream.
      const tracker = yield* ErrorTracker.ErrorTracker
      expect((yield* tracker.stats()).total).toBe(0)
      const { clear } = yield* FaultyExchange.FaultyExchange
      yield* clear
      expect(yield* collect(input("1h", may + 4 * day, may + 6 * day), { by: "1d" })).toHaveLength(2)
    }).pipe(Effect.provide(world({ sources: ["rest"] }))))

  it.effect.each<[Partial<KlineRequest.Input>, DataSourceManager.StreamOptions, string]>([
    [{ symbol: "btcusdt" }, {}, "symbol: \"btcusdt\""],
    [{ end: "2024-02-30" }, {}, "February 2024 has 29 days"],
    [{}, { by: "1m" }, "by: \"1m\" is shorter than the candles, which are of \"1h\""],
    [{ interval: "1M" }, { by: "1w" }, "by: \"1w\" is shorter"],
    [{}, { by: JSON.parse("\"1y\"") }, "by: \"1y\" is not an interval; there are 1s, 1m"],
    [{}, { prefetch: -1 }, "prefetch: -1 is not a number of pieces"],
    [{}, { prefetch: 0.5 }, "prefetch: 0.5 is not"],
    [{}, { prefetch: Infinity }, "prefetch: Infinity is not"]
  ])("refuses %j with %j before any request", ([part, options, message]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(collect({ ...input("1h", may, may + day), ...part }, options))
      expect(error._tag).toBe("DataValidation")
      expect(error.message).toContain(message)
      expect(yield* requests).toEqual([])
    }).pipe(Effect.provide(world())))
})
