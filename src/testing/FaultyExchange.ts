/**
 * An exchange that misbehaves on demand: it answers for klines as Binance does, on all three markets, by its API and by
 * its archive of zips, until a {@link Fault} of its plan strikes.
 *
 * There are two of it with one core: {@link layer} is a server on the loopback interface, with real sockets that really
 * break; {@link layerClient} is an `HttpClient` without sockets, on which `TestClock` rules latency, limits and bans.
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
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as Path from "@effect/platform/Path"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import type { Scope } from "effect/Scope"
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
import type { Reply } from "./internal/exchange/reply.js"
import { lifted } from "./internal/exchange/requestLimits.js"
import type * as series from "./internal/exchange/series.js"
import { listen } from "./internal/exchange/server.js"
import { socketlessClient } from "./internal/exchange/socketlessClient.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * One candle as the exchange sends it: what `JSON.parse` makes of a row of an answer.
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
 * A {@link Series} out of a folder of recordings: with its `range`, from the first open to the last close, and the
 * `pieces` of it that were recorded. Instants are in milliseconds, ends exclusive.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecordedSeries extends recordedFolder.RecordedSeries {}

/**
 * A file of the archive as it is: what it is about, a CSV or a zip, and the text of its `.CHECKSUM`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ArchivedFile extends archive.ArchivedFile {}

/**
 * What {@link readArchive} found.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecordedArchive extends archiveFolder.RecordedArchive {}

/**
 * What {@link readFolder} found.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecordedFolder extends recordedFolder.RecordedFolder {}

/**
 * Something the exchange lists and makes candles of.
 *
 * @since 0.1.0
 * @category models
 */
export interface Instrument {
  readonly market: Market.Market
  readonly symbol: string
  /** No candle ends before. Default: 2020-01-01. */
  readonly listed?: DateTime.DateTime.Input | undefined
  /** No candle opens after; futures then answer -1122. Default: never. */
  readonly delisted?: DateTime.DateTime.Input | undefined
  /** Times without trading, `[start, end)`: candles that lie in them altogether do not exist. Default: none. */
  readonly outages?:
    | ReadonlyArray<{ readonly start: DateTime.DateTime.Input; readonly end: DateTime.DateTime.Input }>
    | undefined
  /** What the price swings about. Default: 100. */
  readonly price?: number | undefined
}

/**
 * A request that the exchange has seen.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request extends exchange.Request {}

/**
 * What an exchange is made of. Wrong options are a defect with a message.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Same seed, same candles and same chances. Default: 1. */
  readonly seed?: number | undefined
  /** Default: three on `SPOT` and two on each other market ({@link instruments}); none when there are `series`. */
  readonly instruments?: ReadonlyArray<Instrument> | undefined
  /** Recorded candles; they take the place of those made from the seed. Default: none. */
  readonly series?: ReadonlyArray<Series> | undefined
  /**
   * The instant the exchange believes in: no candle opens after it, and the one that holds it is forming. It stands
   * still. Default: the `Clock`, which in a test begins in 1970, before anything was listed. Limits and bans go by the
   * `Clock` in any case.
   */
  readonly now?: DateTime.DateTime.Input | undefined
  /** Request weight a minute. Default: 6000 on `SPOT`, 2400 on each other market. */
  readonly weightPerMinute?: Partial<Readonly<Record<Market.Market, number>>> | undefined
  /** Files of the archive in place of those made from the seed. Default: none. */
  readonly archive?: ReadonlyArray<ArchivedFile> | undefined
  /** How long after a day is over the archive has its files; those of a month come on the Monday after. Default: 4 hours. */
  readonly publication?: Duration.DurationInput | undefined
  /** How many answers 429 in a row a client gets before it is banned. Default: 10. */
  readonly patience?: number | undefined
  /** What goes wrong from the start. Default: nothing. */
  readonly faults?: ReadonlyArray<Fault> | undefined
}

/**
 * What is listed by default, with the listing dates of the real ones.
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
 * The handle of an exchange that runs.
 *
 * @since 0.1.0
 * @category tags
 */
export class FaultyExchange extends Context.Tag("effect-errata/testing/FaultyExchange")<FaultyExchange, {
  /** Where it listens, without a path: `http://127.0.0.1:41233`. */
  readonly url: string
  /** The same for each market, as `BinanceRest.layer` takes it. */
  readonly baseUrls: Readonly<Record<Market.Market, string>>
  /** The same of the archive, as `BinanceVision.layer` takes it. */
  readonly archive: { readonly baseUrl: string; readonly listingUrl: string }
  /** All requests so far, in the order of their arrival. */
  readonly requests: Effect.Effect<ReadonlyArray<Request>>
  /** Adds a fault behind those in force. Dies with a message for a fault that is not valid. */
  readonly inject: (fault: Fault) => Effect.Effect<void>
  /** Removes all faults, and ends limits and bans. Requests and weights stay counted. */
  readonly clear: Effect.Effect<void>
}>() {}

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The exchange as a server on a free port of 127.0.0.1. It needs Node. When the layer's scope closes, all its
 * connections end at once, also those it left in silence.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<FaultyExchange> =>
  Layer.scoped(FaultyExchange, Effect.map(start(options, listen), ([service]) => service))

/**
 * The exchange as an `HttpClient` without sockets, which answers under any host. Whatever waits, waits on the `Clock`;
 * what breaks, breaks with the errors that `FetchHttpClient` gives on Node when a real socket breaks.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerClient = (options: Options = {}): Layer.Layer<FaultyExchange | HttpClient.HttpClient> =>
  Layer.scopedContext(Effect.map(
    start(options, (handle) => Effect.succeed(["http://faulty-exchange.test", socketlessClient(handle)] as const)),
    ([service, client]) => Context.make(FaultyExchange, service).pipe(Context.add(HttpClient.HttpClient, client))
  ))

// ---------------------------------------------------------------------------------------------------------------------
// recordings
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Reads recorded answers for klines out of the `.json` files of a folder, for the option `series` of {@link layer}.
 *
 * A file is `{ market: "spot" | "um" | "cm", request, status?, headers?, body }`, the body being the list of rows as the
 * exchange sent it. The request is `{ url }`, `{ symbol, interval }`, or just a URL; where the URL is whole, the market
 * may be missing. A file that cannot be used is named under `ignored`, with the reason: not JSON, an error answer, an
 * empty list, a row that is none.
 *
 * Recordings of one symbol and interval are merged: one row for each open time. The exchange revises candles, so of two
 * rows that of the later fetch is taken; that is the file with the later `Date` header, the last open time standing in
 * for a header that is missing.
 *
 * Fails when the folder cannot be read.
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
 * Reads files of the archive out of a folder and its folders, for the option `archive` of {@link layer}: zips, each with
 * the `.CHECKSUM` beside it, and CSVs, which are packed.
 *
 * A file is named like those of the archive, `BTCUSDT-1h-2024-01-31.zip`, with anything before and after that; `um-` or
 * `cm-` before it, or a folder of that name, says which futures it is about. Files that cannot be used are named under
 * `ignored`, with the reason.
 *
 * Fails when the folder cannot be read.
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

type Handle = (incoming: exchange.Incoming) => Effect.Effect<Reply>

const start = Effect.fnUntraced(function*<A>(
  options: Options,
  serve: (handle: Handle) => Effect.Effect<readonly [url: string, A], never, Scope>
) {
  const checked = yield* Check.orDie("FaultyExchange", checkedOptions("", options))
  const { archive: files, faults, now, patience, publication, seed, series: recorded, weightPerMinute } = checked
  const listed = checked.instruments ?? (recorded.length > 0
    ? []
    : yield* Check.orDie("FaultyExchange", instrumentsCheck("instruments", instruments)))
  // Only the archive needs Node; where there is none the rest of the exchange does without it.
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
      given: new Map(files.map((file) => [archive.fileAt(file, file.time).path, file])),
      delay: Duration.toMillis(publication)
    },
    now
  }
  const plan = faults.reduce(faultPlan.arm, faultPlan.emptyPlan(seed))
  const state = yield* Ref.make(exchange.initial(plan))

  const [url, served] = yield* serve((incoming) =>
    Effect.flatMap(
      Clock.currentTimeMillis,
      (clock) => Ref.modify(state, (current) => exchange.respond(world, current, incoming, clock))
    )
  )
  const service = FaultyExchange.of({
    url,
    baseUrls: eachMarket(() => url),
    archive: { baseUrl: url, listingUrl: url + archive.listPath },
    requests: Effect.map(Ref.get(state), ({ requests }) => Chunk.toReadonlyArray(requests)),
    inject: (fault) => Ref.update(state, (current) => ({ ...current, plan: faultPlan.arm(current.plan, fault) })),
    clear: Ref.update(state, (current) => ({
      ...current,
      plan: { ...current.plan, armed: [] },
      limits: eachMarket((market) => lifted(current.limits[market]))
    }))
  })
  return [service, served] as const
})

const eachMarket = <A>(make: (market: Market.Market) => A): Readonly<Record<Market.Market, A>> => ({
  SPOT: make("SPOT"),
  FUTURES_USDT: make("FUTURES_USDT"),
  FUTURES_COIN: make("FUTURES_COIN")
})

const checkedOptions = Check.struct(exchangeChecks satisfies Check.Checks<Options>)
