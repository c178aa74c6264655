import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { ErrorTracker } from "effect-errata"
import {
  BinanceRest,
  BinanceVision,
  DataSourceManager,
  type Interval,
  KlineCache,
  type KlineRequest,
  type Klines
} from "effect-errata/binance"
import { FaultyExchange, LogCapture } from "effect-errata/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"

const now = Date.UTC(2024, 5, 15, 12)

const series = { market: "SPOT", symbol: "BTCUSDT" } as const

/** All sources over an exchange without sockets, with an empty cache. */
const world = (
  instrument: FaultyExchange.Instrument,
  sources: ReadonlyArray<Klines.Source>,
  options: FaultyExchange.Options = {}
) =>
  DataSourceManager.layer({ retry: false, sources }).pipe(
    Layer.provideMerge(Layer.unwrapScoped(Effect.gen(function*() {
      const { archive, baseUrls } = yield* FaultyExchange.FaultyExchange
      const directory = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orDie(fs.makeTempDirectoryScoped()))
      return Layer.mergeAll(
        BinanceRest.layer({ baseUrls }),
        BinanceVision.layer(archive),
        KlineCache.layer({ directory })
      )
    }))),
    Layer.provideMerge(FaultyExchange.layerClient({ now, ...options, instruments: [instrument] })),
    Layer.provideMerge(ErrorTracker.layer()),
    Layer.provideMerge(LogCapture.layer),
    Layer.provideMerge(NodeContext.layer),
    Layer.provideMerge(Layer.effectDiscard(TestClock.setTime(now)))
  )

interface Counted {
  readonly rest: number
  readonly vision: number
  readonly rows: number
}

/** The requests of a program, by source. */
const counted = (
  instrument: FaultyExchange.Instrument,
  sources: ReadonlyArray<Klines.Source>,
  rows: (manager: typeof DataSourceManager.DataSourceManager.Service) => Effect.Effect<number, unknown>
): Effect.Effect<Counted> =>
  Effect.gen(function*() {
    const length = yield* rows(yield* DataSourceManager.DataSourceManager)
    const { requests } = yield* FaultyExchange.FaultyExchange
    const all = yield* requests
    const of = (source: string) => all.filter((request) => request.source === source).length
    return { rest: of("rest"), vision: of("vision"), rows: length }
  }).pipe(Effect.provide(world(instrument, sources)), Effect.orDie)

interface Case {
  readonly name: string
  readonly instrument?: Partial<FaultyExchange.Instrument>
  readonly interval: Interval.Interval
  readonly start: string
  readonly end: string
  readonly by?: Interval.Interval
  readonly prefetch?: number
  readonly sources?: ReadonlyArray<Klines.Source>
}

const late = { listed: "2024-05-28T10:00:00Z" }
const gone = { listed: "2021-12-01", delisted: "2022-02-03T10:00:00Z" }
const coin = { market: "FUTURES_COIN", symbol: "BTCUSD_PERP", listed: "2023-08-10T14:00:00Z" } as const
const outages = [
  { start: "2024-03-03T01:00:00Z", end: "2024-03-05T07:00:00Z" },
  { start: "2024-04-30T20:00:00Z", end: "2024-05-01T07:00:00Z" }
]
const all = ["vision", "rest"] as const

const cases: ReadonlyArray<Case> = [
  { name: "days by month", interval: "1d", start: "2017-01-01", end: "2024-06-01", by: "1M" },
  { name: "of all sources", interval: "1d", start: "2023-06-01", end: "2024-06-01", by: "1M", sources: all },
  { name: "hours by day", interval: "1h", start: "2024-01-01", end: "2024-06-01", by: "1d" },
  { name: "by hour", interval: "1m", start: "2024-05-01", end: "2024-05-11", by: "1h" },
  { name: "by week", interval: "15m", start: "2024-02-20", end: "2024-04-09", by: "1w", sources: ["vision"] },
  { name: "before a listing", instrument: late, interval: "5m", start: "2020-01-01", end: "2024-06-01" },
  { name: "before it, of all", instrument: late, interval: "1m", start: "2023-09-01", end: "2024-06-01", sources: all },
  { name: "after a delisting", instrument: gone, interval: "5m", start: "2022-01-01", end: "2024-06-01", sources: all },
  { name: "of COIN-M", instrument: coin, interval: "1h", start: "2018-01-01", end: "2024-06-01", by: "1M" },
  { name: "to the present", interval: "1m", start: "2024-06-10", end: "2024-07-01", by: "1d" },
  { name: "with outages", instrument: { outages }, interval: "5m", start: "2024-02-01", end: "2024-06-01", by: "1d" },
  { name: "seconds by hour", interval: "1s", start: "2024-05-01T12:00Z", end: "2024-05-01T16:00Z", by: "1h" }
]

describe("the number of requests of a stream", () => {
  it.effect.each(cases)("is at most that of a fetch × 1.2 + 10: $name", (one) =>
    Effect.gen(function*() {
      const instrument = { ...series, listed: "2017-08-17T04:00:00Z", ...one.instrument }
      const { market, symbol } = instrument
      const { end, interval, sources = ["rest"], start } = one
      const input: KlineRequest.Input = { market, symbol, interval, start, end }
      const options = { by: one.by, prefetch: one.prefetch }
      const fetched = yield* counted(instrument, sources, ({ fetch }) =>
        Effect.map(fetch(input), ({ data }) =>
          data.length))
      const streamed = yield* counted(
        instrument,
        sources,
        ({ stream }) =>
          Stream.runFold(stream(input, options), 0, (sum, { length }) => sum + length)
      )
      expect(streamed.rows).toBe(fetched.rows)
      expect(streamed.rest).toBeLessThanOrEqual(fetched.rest * 1.2 + 10)
      expect(streamed.vision).toBeLessThanOrEqual(fetched.vision * 1.2 + 10)
    }))
})
