/**
 * Candles from the cache, the archive and the REST API, as one fetch.
 *
 * After each source the candles that are still missing are found on the exact grid, and the next source is asked for them
 * only. Every failure is classified, counted under its source and logged. What was fetched before it is kept, and nothing
 * is invented.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Record from "effect/Record"
import type { Scope } from "effect/Scope"
import * as Stream from "effect/Stream"
import * as DataResult from "../DataResult.js"
import { ErrorTracker } from "../ErrorTracker.js"
import * as Fetch from "../Fetch.js"
import type * as FetchContext from "../FetchContext.js"
import * as FetchError from "../FetchError.js"
import * as Check from "../internal/options.js"
import { policyChecks } from "../internal/retry/retryOptions.js"
import * as RetryPolicy from "../RetryPolicy.js"
import { BinanceRest } from "./BinanceRest.js"
import { BinanceVision } from "./BinanceVision.js"
import { archiveSearchOf } from "./internal/archive/archiveRegistry.js"
import * as model from "./internal/klines/klinesModel.js"
import * as streams from "./internal/klines/klineStream.js"
import { Source } from "./internal/klines/origins.js"
import { restSearchOf } from "./internal/klines/restRegistry.js"
import * as rowSources from "./internal/klines/rowSources.js"
import { identityOf } from "./internal/manager/exchangeIdentity.js"
import { makeGather } from "./internal/manager/gather.js"
import { makeSourceRequests } from "./internal/manager/sourceRequests.js"
import { verdictOf } from "./internal/manager/verdict.js"
import type * as Interval from "./Interval.js"
import { KlineCache } from "./KlineCache.js"
import * as KlineRequest from "./KlineRequest.js"
import * as Klines from "./Klines.js"
import type * as Market from "./Market.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The services that these sources need.
 *
 * @since 0.1.0
 * @category models
 */
export type ServiceOf<S extends Klines.Source> = S extends "cache" ? KlineCache
  : S extends "vision" ? BinanceVision
  : BinanceRest

/**
 * Options of {@link layer}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<S extends Klines.Source = Klines.Source> {
  /**
   * The sources to ask. Their order is always cache, archive, REST. With `["cache"]` the network is not used. Default:
   * all three.
   */
  readonly sources?: ReadonlyArray<S> | undefined
  /**
   * The number of pieces of one request that are fetched at once: files of the archive, or ten thousand candles from
   * REST. Default: 4.
   */
  readonly concurrency?: number | undefined
  /**
   * How failed requests are retried: by one policy for the archive and one for each market of the REST API. `false`
   * disables retries. Default: the defaults of `RetryPolicy`, except that the archive is retried once where REST can be
   * asked instead, and that a corrupt file, which has been fetched twice by then, is not retried.
   */
  readonly retry?: Omit<RetryPolicy.Options, "source"> | false | undefined
}

/**
 * The outcome of a request: the candles, those that are missing, the number of rows from each source, and the errors on
 * the way. `error` is present when a candle may be missing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fetched extends DataResult.DataResult<Klines.Klines> {
  readonly missing: ReadonlyArray<Klines.Missing>
  readonly rowsBySource: Readonly<Record<Klines.Source, number>>
  /**
   * All errors of the sources, counted and logged, in the order of the sources. The failed attempts of a call are in the
   * `earlier` of the error that the call ended with.
   */
  readonly errors: ReadonlyArray<FetchError.FetchError>
}

/**
 * Options of `stream`.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamOptions {
  /**
   * A piece ends where a candle of this interval ends: `"1d"` for a piece for each day. It must not be shorter than the
   * interval of the request. Default: a day for candles of a second, else as many whole months as have about 50,000
   * candles.
   */
  readonly by?: Interval.Interval | undefined
  /**
   * The number of pieces that are fetched while the consumer works on the piece before them. With 0, a piece is fetched
   * when it is pulled. Default: 1.
   */
  readonly prefetch?: number | undefined
}

/**
 * The progress of a request, published when a piece of it is done.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress {
  readonly market: Market.Market
  readonly symbol: string
  readonly interval: Interval.Interval
  /** The source of the piece. */
  readonly source: Klines.Source
  /** The number of candles fetched. */
  readonly candles: number
  /** The number of candles in the range. */
  readonly of: number
}

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Fetches candles from all sources.
 *
 * - **Order.** Cache, archive, REST. Each is asked only for what those before it lack. Where two have the same candle,
 *   the later source takes precedence: it is closer to the exchange.
 * - **Failures.** A file of the archive, a page of REST or a row that fails is missing, and nothing else. It is retried as
 *   `RetryPolicy` describes, then asked of the next source. A source that would refuse the next request too (429, 418, an
 *   unknown symbol, an open circuit) is not asked for the rest. While another source can be asked, no source is waited for.
 * - **Proof.** A candle is only called nonexistent (`source_gap`, `not_listed_yet`, `delisted`) when enough answers agree.
 * - **Time.** The clock of the exchange decides which candles exist and have closed. The local clock may be wrong.
 * - **Cache.** Whole periods are kept, with the gaps that were proven. A cache that cannot be written does not fail a fetch:
 *   its error is counted, and writing is tried again a minute later.
 *
 * @since 0.1.0
 * @category tags
 */
export class DataSourceManager extends Context.Tag("effect-errata/binance/DataSourceManager")<DataSourceManager, {
  /**
   * All closed candles of the range. `missing` has only those that do not exist, and those that have not closed yet.
   *
   * Fails when a candle may be missing: with the last error of a source, which carries the earlier ones; with `DataEmpty`
   * when every source answered and there are no candles at all; else with `DataIntegrity`. `retryable` says whether the
   * next attempt may bring the candles.
   */
  readonly klines: (input: KlineRequest.Input) => Effect.Effect<Klines.Klines, FetchError.FetchError>
  /** Everything that can be had of the range, whatever fails. */
  readonly fetch: (input: KlineRequest.Input) => Effect.Effect<Fetched>
  /**
   * The candles of the range piece by piece, in order: as `klines` of the whole range, in bounded memory. The pieces are
   * consecutive ranges, and each succeeds or fails as `klines` does. The stream fails with the first piece that fails;
   * `context.start` of the error is where that piece starts, so that a stream from there on yields the rest.
   */
  readonly stream: (
    input: KlineRequest.Input,
    options?: StreamOptions
  ) => Stream.Stream<Klines.Klines, FetchError.FetchError>
  /**
   * The same as `fetch` without reading the cache: the periods of the range that are whole are replaced there. What cannot be fetched
   * stays in the cache as it is.
   */
  readonly refresh: (input: KlineRequest.Input) => Effect.Effect<Fetched>
  /** The progress of all requests from now on. A slow consumer misses some of it. Ends when the layer is released. */
  readonly progress: Stream.Stream<Progress>
}>() {}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes a manager on the services of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*<const S extends Klines.Source = Klines.Source>(
  options: Options<S> = {}
): Effect.fn.Return<typeof DataSourceManager.Service, never, ServiceOf<S> | ErrorTracker | Scope> {
  const { concurrency, retry, sources: asked } = yield* Check.orDie("DataSourceManager", checked("", options))

  // Services of sources that are not named may be absent.
  const services: Context.Context<never> = yield* Effect.context<ServiceOf<S> | ErrorTracker>()
  const named = <I, A>(source: Klines.Source, tag: Context.Tag<I, A>): Option.Option<A> =>
    asked.includes(source) ? Context.getOption(services, tag) : Option.none()
  const rest = named("rest", BinanceRest)
  const tracker = yield* ErrorTracker

  const policyOf = (source: Klines.Source, rows: RetryPolicy.Rows = {}) =>
    retry === false
      ? Effect.succeed(undefined)
      : RetryPolicy.make({ ...retry, source, rows: overlaid(rows, retry.rows) })
  const requests = makeSourceRequests(tracker, {
    vision: yield* policyOf("vision", { ...Option.isSome(rest) ? onceMore : {}, DATA_INTEGRITY: { retries: 0 } }),
    rest: {
      SPOT: yield* policyOf("rest"),
      FUTURES_USDT: yield* policyOf("rest"),
      FUTURES_COIN: yield* policyOf("rest")
    }
  })

  const news = yield* Effect.acquireRelease(PubSub.sliding<Progress>(64), PubSub.shutdown)
  const baseUrls = (market: Market.Market) => [
    Option.getOrUndefined(Option.map(Context.getOption(services, BinanceRest), restSearchOf))?.host(market),
    Option.getOrUndefined(Option.map(Context.getOption(services, BinanceVision), archiveSearchOf))?.host
  ]
  const gather = makeGather({
    cache: named("cache", KlineCache),
    vision: named("vision", BinanceVision),
    rest,
    host: (market) => identityOf(baseUrls(market)),
    requests,
    concurrency,
    progress: ({ interval, market, symbol }, source, candles, expected) =>
      PubSub.publish(news, { market, symbol, interval, source, candles, of: Math.max(candles, expected) })
  })

  /** Counts and logs an error that no source failed with. */
  const counted = <E extends FetchError.FetchError>(error: E, context: FetchContext.Input) =>
    Effect.fail(error).pipe(
      Fetch.tracked(context, { attempts: false }),
      Effect.provideService(ErrorTracker, tracker),
      Effect.flip
    )

  const fetchAll = Effect.fnUntraced(function*(
    input: KlineRequest.Input,
    isFresh: boolean
  ): Effect.fn.Return<Fetched> {
    const { end, interval, market, start, symbol } = input
    const metadata = { market, symbol, interval, start, end }
    const request = yield* Effect.either(KlineRequest.make(input))
    const gathered = Either.isLeft(request)
      ? { klines: Klines.empty(interval), errors: [request.left], now: undefined }
      : yield* gather(request.right, isFresh)
    const { klines } = gathered
    const verdict = Either.isLeft(request) ? Option.some(request.left) : verdictOf(gathered, input)
    // An error that a source failed with was counted when it did.
    const error = Option.isSome(verdict) && (Either.isLeft(request) || gathered.errors.length === 0)
      ? Option.some(yield* counted(verdict.value, verdict.value.context))
      : verdict
    const result = DataResult.make({
      data: model.make(klines, klines),
      error,
      timestamp: yield* DateTime.now,
      metadata
    })
    return {
      ...result,
      missing: klines.missing,
      rowsBySource: rowSources.count(klines.source),
      errors: Either.isLeft(request) && Option.isSome(error) ? [error.value] : gathered.errors
    }
  })

  const klines = (input: KlineRequest.Input) =>
    Effect.flatMap(
      fetchAll(input, false),
      ({ data, error }) => Option.isSome(error) ? Effect.fail(error.value) : Effect.succeed(data)
    )

  return DataSourceManager.of({
    fetch: (input) => fetchAll(input, false),
    refresh: (input) => fetchAll(input, true),
    klines,
    stream: (input, options = {}) =>
      Stream.unwrap(Effect.gen(function*() {
        const request = yield* KlineRequest.make(input)
        const { interval, market, symbol } = request
        const checked = yield* streams.checked(options, interval)
        return streams.klineStream(request, checked, (range) => klines({ market, symbol, interval, ...range }))
      })),
    progress: Stream.fromPubSub(news)
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The manager as a layer. It needs the services of the sources that are named, and dies when an option is invalid.
 *
 * @example
 * import { FetchHttpClient, Path } from "@effect/platform"
 * import { NodeFileSystem } from "@effect/platform-node"
 * import { Effect, Layer } from "effect"
 * import { ErrorTracker } from "effect-errata"
 * import { BinanceRest, BinanceVision, DataSourceManager, KlineCache } from "effect-errata/binance"
 *
 * const program = Effect.gen(function*() {
 *   const manager = yield* DataSourceManager.DataSourceManager
 *   const { data, errors, missing, rowsBySource } = yield* manager.fetch({
 *     market: "SPOT",
 *     symbol: "BTCUSDT",
 *     interval: "1m",
 *     start: "2024-01-01",
 *     end: "2024-03-01"
 *   })
 *   return { rows: data.length, errors, missing, rowsBySource }
 * })
 *
 * const sources = Layer.mergeAll(
 *   KlineCache.layer().pipe(Layer.provide([NodeFileSystem.layer, Path.layer])),
 *   BinanceVision.layer().pipe(Layer.provide(FetchHttpClient.layer)),
 *   BinanceRest.layer().pipe(Layer.provide(FetchHttpClient.layer))
 * )
 * const manager = DataSourceManager.layer().pipe(Layer.provide(sources), Layer.provideMerge(ErrorTracker.layer()))
 * const runnable = Effect.provide(program, manager)
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <const S extends Klines.Source = Klines.Source>(
  options?: Options<S>
): Layer.Layer<DataSourceManager, never, ServiceOf<S> | ErrorTracker> => Layer.scoped(DataSourceManager, make(options))

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const sources: Check.Check<ReadonlyArray<Klines.Source>> = (path, value) =>
  Either.flatMap(
    Check.listOf(`a list of sources`, Check.oneOf("source", Source.literals))(path, value),
    (sources) =>
      sources.length > 0 ? Either.right(sources) : Check.wrong(path, sources, "a list of at least one source")
  )

const { source: _ofEach, ...retryChecks } = policyChecks

const checked = Check.struct(
  {
    sources: Check.withDefault(sources, ["cache", "vision", "rest"]),
    concurrency: Check.withDefault(Check.wholeNumber(1), 4),
    retry: Check.withDefault(
      Check.orFalse(Check.verbatim<Omit<RetryPolicy.Options, "source">>(Check.struct(retryChecks))),
      {}
    )
  } satisfies Check.Checks<Options>
)

const onceMore = Object.fromEntries(Object.values(FetchError.facts).map(({ code }) => [code, { retries: 1 }]))

/** Rows of the caller take precedence, setting by setting. */
const overlaid = (rows: RetryPolicy.Rows, own: RetryPolicy.Rows | undefined): RetryPolicy.Rows =>
  own === undefined ? rows : { ...rows, ...Record.map(own, (row, code) => ({ ...rows[code], ...row })) }
