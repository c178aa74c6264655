/**
 * Candles from the cache, the archive and the REST API, as one fetch.
 *
 * After each source, the candles that are still missing are determined on the exact grid, and the next source is asked
 * for those only. Every failure is classified, counted under its source and logged. Candles fetched before a failure
 * are kept.
 *
 * Guide: [Candles from Binance](../../docs/candles.md).
 *
 * @since 0.1.0
 * @module
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
import { partOf, rangeOf } from "./internal/klines/requestRange.js"
import { restSearchOf } from "./internal/klines/restRegistry.js"
import * as rowSources from "./internal/klines/rowSources.js"
import { identityOf } from "./internal/manager/exchangeIdentity.js"
import { makeGather } from "./internal/manager/gather.js"
import { makeSourceRequests } from "./internal/manager/sourceRequests.js"
import { StreamFacts } from "./internal/manager/streamFacts.js"
import { type Gathered, verdictOf } from "./internal/manager/verdict.js"
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
   * The retry policies of failed requests: one for the archive, and one for each market of the REST API. `false`
   * disables retries. Default: the defaults of `RetryPolicy`, with two exceptions. The archive is retried once where
   * REST can be asked instead. A corrupt file is not retried, since it has been fetched twice already.
   */
  readonly retry?: Omit<RetryPolicy.Options, "name" | "source"> | false | undefined
}

/**
 * The outcome of a request: the candles, the missing candles, the number of rows from each source, and the errors of
 * the sources. `error` is present when a candle may be missing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fetched extends DataResult.DataResult<Klines.Klines> {
  readonly missing: ReadonlyArray<Klines.Missing>
  readonly rowsBySource: Readonly<Record<Klines.Source, number>>
  /**
   * All errors of the sources, counted and logged, in the order of the sources. The failed attempts of a call are in
   * the `earlier` of its final error.
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
   * interval of the request. Default: the usual size, a day for candles of a second, else as many whole months as have
   * about 50,000 candles.
   */
  readonly by?: Interval.Interval | undefined
  /**
   * The number of fetches that run ahead of the consumer. A fetch has a piece of the usual size, or all smaller pieces of
   * that time, so that small pieces cost no more requests. With 0, a fetch starts when its first piece is pulled.
   * Default: 1.
   */
  readonly prefetch?: number | undefined
}

/**
 * The progress of a request, published after each piece.
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
 * - **Order.** Cache, archive, REST. Each source is asked only for candles that the sources before it lack. Where two
 *   sources have the same candle, the later source takes precedence: it is closer to the exchange.
 * - **Failures.** The failure of a file, a page or a row affects only its own candles. It is retried as `RetryPolicy`
 *   describes, and then the next source is asked. A source that would refuse the next request too (429, 418, an unknown
 *   symbol, an open circuit) is not asked for the rest. While another source is available, no cool-down is waited for.
 * - **Proof.** A candle is only called nonexistent (`source_gap`, `not_listed_yet`, `delisted`) when enough answers
 *   agree. An instrument without a trade for a day is `delisted`; after a shorter pause, a gap is a `source_gap`. A
 *   candle that closed within the last five minutes may still be published.
 * - **Time.** The clock of the exchange decides which candles exist and have closed. The local clock may be wrong.
 * - **Cache.** Whole periods are kept, with their proven gaps. A failed write to the cache does not fail a fetch: its
 *   error is counted, and the next write is attempted a minute later.
 *
 * @since 0.1.0
 * @category tags
 */
export class DataSourceManager extends Context.Tag("effect-errata/binance/DataSourceManager")<DataSourceManager, {
  /**
   * All closed candles of the range. `missing` has only those that do not exist, and those that have not closed yet.
   *
   * Fails when a candle may be missing: with the last error of a source, which carries the earlier ones; with
   * `DataEmpty` when every source answered and there are no candles at all; else with `DataIntegrity`. `retryable` is
   * true when the next attempt may return the candles.
   */
  readonly klines: (input: KlineRequest.Input) => Effect.Effect<Klines.Klines, FetchError.FetchError>
  /** All candles of the range that any source returns. Failures of sources are values of the result. */
  readonly fetch: (input: KlineRequest.Input) => Effect.Effect<Fetched>
  /**
   * The candles of the range as a stream of pieces, in order and in bounded memory. The pieces are consecutive ranges.
   * Each succeeds or fails as `klines` does, and the stream fails with the first piece that fails. `context.start` of
   * the error is the start of that piece: a stream from there on yields the rest. A stream takes about as many requests
   * to REST as one fetch of its range.
   */
  readonly stream: (
    input: KlineRequest.Input,
    options?: StreamOptions
  ) => Stream.Stream<Klines.Klines, FetchError.FetchError>
  /**
   * Fetches without reading the cache, and replaces the whole periods of the range in the cache. Periods that cannot be
   * fetched stay in the cache unchanged.
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

  // Services of unused sources may be absent.
  const services: Context.Context<never> = yield* Effect.context<ServiceOf<S> | ErrorTracker>()
  const named = <I, A>(source: Klines.Source, tag: Context.Tag<I, A>): Option.Option<A> =>
    asked.includes(source) ? Context.getOption(services, tag) : Option.none()
  const rest = named("rest", BinanceRest)
  const tracker = yield* ErrorTracker

  const policyOf = (name: string, source: Klines.Source, rows: RetryPolicy.Rows = {}) =>
    retry === false
      ? Effect.succeed(undefined)
      : RetryPolicy.make({ ...retry, name, source, rows: overlaid(rows, retry.rows) })
  const requests = makeSourceRequests(tracker, {
    vision: yield* policyOf("vision", "vision", {
      ...Option.isSome(rest) ? onceMore : {},
      DATA_INTEGRITY: { retries: 0 }
    }),
    rest: {
      SPOT: yield* policyOf("rest SPOT", "rest"),
      FUTURES_USDT: yield* policyOf("rest FUTURES_USDT", "rest"),
      FUTURES_COIN: yield* policyOf("rest FUTURES_COIN", "rest")
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

  /** Counts and logs an error that is not the failure of a source. */
  const counted = <E extends FetchError.FetchError>(error: E, context: FetchContext.Input) =>
    Effect.fail(error).pipe(
      Fetch.tracked(context, { attempts: false }),
      Effect.provideService(ErrorTracker, tracker),
      Effect.flip
    )

  /** The error of an incomplete fetch. The failure of a source has been counted already. */
  const judged = (gathered: Gathered, input: KlineRequest.Input) => {
    const verdict = verdictOf(gathered, input)
    return Option.isSome(verdict) && gathered.errors.length === 0
      ? Effect.asSome(counted(verdict.value, verdict.value.context))
      : Effect.succeed(verdict)
  }

  const fetchAll = Effect.fnUntraced(function*(
    input: KlineRequest.Input,
    isFresh: boolean
  ): Effect.fn.Return<Fetched> {
    const { end, interval, market, start, symbol } = input
    const metadata = { market, symbol, interval, start, end }
    const request = yield* Effect.either(KlineRequest.make(input))
    const gathered = Either.isLeft(request)
      ? { klines: Klines.empty(interval), errors: [request.left], ofCache: [], now: undefined }
      : yield* gather(request.right, isFresh)
    const { klines } = gathered
    const error = Either.isLeft(request)
      ? Option.some(yield* counted(request.left, request.left.context))
      : yield* judged(gathered, input)
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
      errors: Either.isLeft(request) && Option.isSome(error) ? [error.value] : [...gathered.ofCache, ...gathered.errors]
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
        const checked = yield* streams.checked(options, request.interval)
        const facts = new StreamFacts(rangeOf(request))
        return streams.klineStream(
          request,
          checked,
          (range) => gather(partOf(request, range), false, facts),
          (gathered) =>
            Effect.flatMap(
              judged(gathered, input),
              Option.match({
                onNone: () => Effect.succeed(model.make(gathered.klines, gathered.klines)),
                onSome: Effect.fail
              })
            )
        )
      })),
    progress: Stream.fromPubSub(news)
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The manager as a layer. Requires the services of the sources in its options. Dies when an option is invalid.
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

const { name: _ofOne, source: _ofEach, ...retryChecks } = policyChecks

const checked = Check.struct(
  {
    sources: Check.withDefault(sources, ["cache", "vision", "rest"]),
    concurrency: Check.withDefault(Check.wholeNumber(1), 4),
    retry: Check.withDefault(
      Check.orFalse(Check.verbatim<Omit<RetryPolicy.Options, "name" | "source">>(Check.struct(retryChecks))),
      {}
    )
  } satisfies Check.Checks<Options>
)

const onceMore = Object.fromEntries(Object.values(FetchError.facts).map(({ code }) => [code, { retries: 1 }]))

/** Settings of the caller take precedence, one by one. */
const overlaid = (rows: RetryPolicy.Rows, own: RetryPolicy.Rows | undefined): RetryPolicy.Rows =>
  own === undefined ? rows : { ...rows, ...Record.map(own, (row, code) => ({ ...rows[code], ...row })) }
