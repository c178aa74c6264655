/**
 * A simulated exchange with faults on demand. It responds to requests for klines as Binance does, on all three markets, with
 * an API and an archive of zips. A {@link Fault} changes its responses.
 *
 * {@link layer} is a server on the loopback interface with real sockets. {@link layerClient} is an `HttpClient` without
 * sockets, whose latencies, limits and bans follow `TestClock`.
 *
 * Guide: [Tests](../../docs/testing.md).
 *
 * @example
 * import { Fault, FaultyExchange } from "effect-errata/testing"
 * import { HttpClient } from "@effect/platform"
 * import { Effect } from "effect"
 *
 * const test = Effect.gen(function*() {
 *   const exchange = yield* FaultyExchange.FaultyExchange
 *   yield* exchange.inject(Fault.on({ symbol: "BTCUSDT", nth: 1 }, Fault.status(503)))
 *   const klines = HttpClient.get(`${exchange.baseUrls.SPOT}/api/v3/klines?symbol=BTCUSDT&interval=1h`)
 *   assert.strictEqual((yield* klines).status, 503)
 *   assert.strictEqual((yield* klines).status, 200)
 *   assert.deepStrictEqual((yield* exchange.requests).map(({ fault }) => fault), ["Status", undefined])
 * })
 *
 * Effect.runPromise(Effect.provide(test, FaultyExchange.layerClient({ now: "2024-06-01" })))
 *
 * @since 0.1.0
 * @module
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Market from "../binance/Market.js"
import * as Check from "../internal/options.js"
import type { Fault } from "./Fault.js"
import * as archiveFolder from "./internal/exchange/archiveFolder.js"
import * as archive from "./internal/exchange/archiveServer.js"
import * as exchange from "./internal/exchange/exchange.js"
import { exchangeChecks, instruments as instrumentsCheck } from "./internal/exchange/exchangeOptions.js"
import * as faultPlan from "./internal/exchange/faultPlan.js"
import { makeListing } from "./internal/exchange/instruments.js"
import * as recordedFolder from "./internal/exchange/recordedFolder.js"
import { lifted } from "./internal/exchange/requestLimits.js"
import type * as series from "./internal/exchange/series.js"
import { clientLayer, faultyServer, socketLayer } from "./internal/wire/faultyServer.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * One candle as the exchange sends it: a row of a response, parsed by `JSON.parse`.
 *
 * @since 0.1.0
 * @category models
 */
export type Row = series.Row

/**
 * Recorded candles of one symbol and interval, served as they were recorded.
 *
 * @since 0.1.0
 * @category models
 */
export interface Series extends series.Series {}

/**
 * A {@link Series} from a folder of recordings, with its `range`, from the first open to the last close, and the recorded
 * `pieces` of the range. Instants are in epoch milliseconds, ends exclusive.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecordedSeries extends recordedFolder.RecordedSeries {}

/**
 * A recorded file of the archive: its series and period, its content as CSV or zip, and the text of its `.CHECKSUM`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ArchivedFile extends archive.ArchivedFile {}

/**
 * The result of {@link readArchive}.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecordedArchive extends archiveFolder.RecordedArchive {}

/**
 * The result of {@link readFolder}.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecordedFolder extends recordedFolder.RecordedFolder {}

/**
 * An instrument that the exchange lists, with generated candles.
 *
 * @since 0.1.0
 * @category models
 */
export interface Instrument {
  readonly market: Market.Market
  readonly symbol: string
  /** The listing: no candle ends before it. Default: 2020-01-01. */
  readonly listed?: DateTime.DateTime.Input | undefined
  /** The delisting: no candle opens after it, and futures respond with -1122. Default: never. */
  readonly delisted?: DateTime.DateTime.Input | undefined
  /** Ranges without trading, `[start, end)`: candles within them do not exist. Default: none. */
  readonly outages?:
    | ReadonlyArray<{ readonly start: DateTime.DateTime.Input; readonly end: DateTime.DateTime.Input }>
    | undefined
  /** The mean price. Default: 100. */
  readonly price?: number | undefined
}

/**
 * A request that the exchange has received.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request extends exchange.Request {}

/**
 * The options of an exchange. The layer dies with an `IllegalArgumentException` if an option is wrong.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The seed of the candles and of the probabilities of faults. Default: 1. */
  readonly seed?: number | undefined
  /** Default: three on `SPOT` and two on each other market ({@link instruments}); none when there are `series`. */
  readonly instruments?: ReadonlyArray<Instrument> | undefined
  /** Recorded candles, which replace generated ones. Default: none. */
  readonly series?: ReadonlyArray<Series> | undefined
  /**
   * The fixed time of the exchange: no candle opens after it, and the one that contains it is unfinished. Default: the
   * `Clock`, which in a test starts in 1970, before all listings. Limits and bans always follow the `Clock`.
   */
  readonly now?: DateTime.DateTime.Input | undefined
  /**
   * Milliseconds by which the clock of the exchange is ahead of the `Clock`, negative where it is behind. `now` takes
   * precedence. Default: 0.
   */
  readonly clockOffset?: number | undefined
  /** Whether answers have a `Date` header. Default: true. */
  readonly dateHeader?: boolean | undefined
  /** The maximum number of rows of one answer for klines, for any `limit` of a request. Default: that of the market. */
  readonly pageSize?: number | Partial<Readonly<Record<Market.Market, number>>> | undefined
  /** The limit of the request weight per minute. Default: 6000 on `SPOT`, 2400 on each other market. */
  readonly weightPerMinute?: Partial<Readonly<Record<Market.Market, number>>> | undefined
  /** Recorded files of the archive, which replace generated ones. Default: none. */
  readonly archive?: ReadonlyArray<ArchivedFile> | undefined
  /** The delay of the files of a day after its end. Those of a month follow on the next Monday. Default: 4 hours. */
  readonly publication?: Duration.DurationInput | undefined
  /** The number of consecutive responses with 429 before a client is banned. Default: 10. */
  readonly patience?: number | undefined
  /** The faults at the start. Default: none. */
  readonly faults?: ReadonlyArray<Fault> | undefined
}

/**
 * The default instruments, with the listing dates of the real ones.
 *
 * @since 0.1.0
 * @category models
 */
export const instruments: ReadonlyArray<Instrument> = [
  { market: "SPOT", symbol: "BTCUSDT", listed: "2017-08-17T04:00:00Z", price: 40_000 },
  { market: "SPOT", symbol: "ETHUSDT", listed: "2017-08-17T04:00:00Z", price: 2500 },
  { market: "SPOT", symbol: "BNBUSDT", listed: "2017-11-06T03:54:00Z", price: 300 },
  { market: "FUTURES_USDT", symbol: "BTCUSDT", listed: "2019-09-08T17:57:00Z", price: 40_000 },
  { market: "FUTURES_USDT", symbol: "ETHUSDT", listed: "2019-11-27T07:45:00Z", price: 2500 },
  { market: "FUTURES_COIN", symbol: "BTCUSD_PERP", listed: "2020-08-10T14:00:00Z", price: 40_000 },
  { market: "FUTURES_COIN", symbol: "ETHUSD_PERP", listed: "2020-08-20T06:00:00Z", price: 2500 }
]

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The handle of a running exchange.
 *
 * @since 0.1.0
 * @category tags
 */
export class FaultyExchange extends Context.Tag("effect-errata/testing/FaultyExchange")<FaultyExchange, {
  /** The URL of the server, without a path: `http://127.0.0.1:41233`. */
  readonly url: string
  /** The URL for each market: the option `baseUrls` of `BinanceRest.layer`. */
  readonly baseUrls: Readonly<Record<Market.Market, string>>
  /** The URLs of the archive: options of `BinanceVision.layer`. */
  readonly archive: { readonly baseUrl: string; readonly listingUrl: string }
  /** All requests so far, in order of arrival. */
  readonly requests: Effect.Effect<ReadonlyArray<Request>>
  /** Adds a fault after the existing ones. Dies with an `IllegalArgumentException` if the fault is invalid. */
  readonly inject: (fault: Fault) => Effect.Effect<void>
  /** Removes all faults, and ends limits and bans. Keeps the counts of requests and weights. */
  readonly clear: Effect.Effect<void>
}>() {}

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The exchange as a server on a free port of 127.0.0.1. It requires Node. When the scope of the layer closes, all
 * connections are closed at once.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<FaultyExchange> =>
  socketLayer(FaultyExchange, simulated(options))

/**
 * The exchange as an `HttpClient` without sockets, which responds for any host. Waits follow the `Clock`. Faults fail with
 * the errors of `FetchHttpClient` on Node for real sockets.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerClient = (options: Options = {}): Layer.Layer<FaultyExchange | HttpClient.HttpClient> =>
  clientLayer(FaultyExchange, "http://faulty-exchange.test", simulated(options))

// ---------------------------------------------------------------------------------------------------------------------
// recordings
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Reads recorded responses for klines from the `.json` files of a folder, for the option `series` of {@link layer}.
 *
 * A file is `{ market: "spot" | "um" | "cm", request, status?, headers?, body }`, where the body is the list of rows as the
 * exchange sent it. The request is `{ url }`, `{ symbol, interval }`, or a URL; with an absolute URL, the market is optional.
 * A file that cannot be used is listed in `ignored` with the reason: not JSON, an error response, an empty list, an invalid
 * row.
 *
 * Recordings of one symbol and interval are merged by open time. Of two rows, that of the file with the later `Date` header is
 * used, because the exchange revises candles. Without the header, the last open time decides.
 *
 * Fails with a `PlatformError` if the folder cannot be read.
 *
 * @example
 * import { FaultyExchange } from "effect-errata/testing"
 * import { Effect, Layer } from "effect"
 *
 * const exchange = Layer.unwrapEffect(Effect.map(
 *   FaultyExchange.readFolder("./recordings"),
 *   ({ series, serverTime }) => FaultyExchange.layer({ series, now: serverTime })
 * ))
 *
 * @since 0.1.0
 * @category recordings
 */
export const readFolder: (
  directory: string
) => Effect.Effect<RecordedFolder, PlatformError, FileSystem.FileSystem | Path.Path> = recordedFolder.readFolder

/**
 * Reads files of the archive from a folder and its subfolders, for the option `archive` of {@link layer}: zips with their
 * `.CHECKSUM`, and CSVs, which are packed.
 *
 * The name of a file contains that of the archive, `BTCUSDT-1h-2024-01-31.zip`. A prefix `um-` or `cm-`, or a folder of that
 * name, selects a futures market. Files that cannot be used are listed in `ignored` with the reason.
 *
 * Fails with a `PlatformError` if the folder cannot be read.
 *
 * @since 0.1.0
 * @category recordings
 */
export const readArchive: (
  directory: string
) => Effect.Effect<RecordedArchive, PlatformError, FileSystem.FileSystem | Path.Path> = archiveFolder.readArchive

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const simulated = Effect.fnUntraced(function*(options: Options) {
  const checked = yield* Check.orDie("FaultyExchange", checkedOptions("", options))
  const { clockOffset, dateHeader, pageSize } = checked
  const { archive: files, faults, now, patience, publication, seed, series: recorded, weightPerMinute } = checked
  const listed = checked.instruments ?? (recorded.length > 0
    ? []
    : yield* Check.orDie("FaultyExchange", instrumentsCheck("instruments", instruments)))
  // Only the archive requires Node. Without Node, the exchange has no archive.
  const packing = yield* Effect.orElseSucceed(
    Effect.tryPromise(() => import("./internal/exchange/pack.js")),
    () => undefined
  )
  const world: exchange.Exchange = {
    listing: makeListing(seed, listed, recorded),
    policies: eachMarket((market) => ({
      budget: weightPerMinute[market] ?? Market.facts[market].weightPerMinute,
      patience
    })),
    archive: packing === undefined ? undefined : {
      pack: packing.pack,
      supplied: new Map(files.map((file) => [archive.fileAt(file, file.time).path, file])),
      delay: Duration.toMillis(publication),
      recent: new archive.RecentFiles()
    },
    time: (clock) => now ?? clock + clockOffset,
    pageSize: eachMarket((market) => pageSize[market] ?? Infinity),
    sendsDate: dateHeader
  }
  return faultyServer({
    seed,
    faults,
    initial: exchange.initial,
    respond: (incoming, current) => exchange.respond(world, incoming, current),
    arm: faultPlan.arm,
    lift: (limits) => eachMarket((market) => lifted(limits[market]))
  }, (handle) =>
    FaultyExchange.of({
      ...handle,
      baseUrls: eachMarket(() => handle.url),
      archive: { baseUrl: handle.url, listingUrl: handle.url + archive.listPath }
    }))
})

const eachMarket = <A>(make: (market: Market.Market) => A): Readonly<Record<Market.Market, A>> => ({
  SPOT: make("SPOT"),
  FUTURES_USDT: make("FUTURES_USDT"),
  FUTURES_COIN: make("FUTURES_COIN")
})

const checkedOptions = Check.struct(exchangeChecks satisfies Check.Checks<Options>)
