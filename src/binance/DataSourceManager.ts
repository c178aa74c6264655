/**
 * Candles from wherever they are: the cache, then the archive, then the REST API.
 *
 * After each source the candles that are still missing are found on the exact grid, and the next one is asked for them
 * and for nothing else. Every failure is classified, counted under its source and logged; what was fetched before it is
 * not lost, and nothing is invented.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as DataResult from "../DataResult.js"
import { ErrorTracker } from "../ErrorTracker.js"
import * as Fetch from "../Fetch.js"
import * as FetchError from "../FetchError.js"
import { withEarlier } from "../internal/error/copy.js"
import { HasAlternative } from "../internal/fetch/ambient.js"
import { monotonicMillis } from "../internal/monotonicMillis.js"
import * as Check from "../internal/options.js"
import { policyChecks } from "../internal/retry/retryOptions.js"
import * as RetryPolicy from "../RetryPolicy.js"
import * as BinanceRest from "./BinanceRest.js"
import { BinanceVision } from "./BinanceVision.js"
import * as columns from "./internal/klines/columns.js"
import * as model from "./internal/klines/klinesModel.js"
import * as streams from "./internal/klines/klineStream.js"
import { Source } from "./internal/klines/origins.js"
import { EachRequest } from "./internal/klines/pages.js"
import * as ranges from "./internal/klines/ranges.js"
import * as rowSources from "./internal/klines/rowSources.js"
import * as split from "./internal/klines/split.js"
import * as Interval from "./Interval.js"
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
  : BinanceRest.BinanceRest

/**
 * Options of {@link layer}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<S extends Klines.Source = Klines.Source> {
  /**
   * Who is asked. The order is always cache, archive, REST. With `["cache"]` the network is not touched. Default: all
   * three.
   */
  readonly sources?: ReadonlyArray<S> | undefined
  /**
   * How many pieces of one request are fetched at once: files of the archive, ten thousand candles from REST.
   * Default: 4.
   */
  readonly concurrency?: number | undefined
  /**
   * How what fails is tried again, by a policy for the archive and one for each market of the REST API; the cache is not.
   * `false`: nothing is. Default: the defaults of `RetryPolicy`, but of the archive, where REST can be asked instead, once;
   * and a damaged file not again, since it was fetched twice already.
   */
  readonly retry?: Omit<RetryPolicy.Options, "source"> | false | undefined
}

/**
 * What became of a request: the candles there are, those that are missing, who gave how many, and what went wrong on the
 * way. `error` is there if candles are missing that should not be.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fetched extends DataResult.DataResult<Klines.Klines> {
  readonly missing: ReadonlyArray<Klines.Missing>
  readonly rowsBySource: Readonly<Record<Klines.Source, number>>
  /**
   * In the order of the sources; all of them counted and logged. What was tried again in vain is in the `earlier` of the
   * error it ended with.
   */
  readonly errors: ReadonlyArray<FetchError.FetchError>
}

/**
 * How far a request is: told whenever a piece of it is done.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress {
  readonly market: Market.Market
  readonly symbol: string
  readonly interval: Interval.Interval
  /** Who was asked last. */
  readonly source: Klines.Source
  /** Candles that are there. */
  readonly candles: number
  /** Candles that were asked for. */
  readonly of: number
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

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Fetches candles from all sources.
 *
 * - **Order.** Cache, archive, REST; each is asked only for what those before it did not have. Where two have the same
 *   candle, the later one's stands, which is who is nearer to the exchange.
 * - **Failures.** What can be tried again is, as `RetryPolicy` describes it: a file of the archive, a page of REST. A file or a range that fails for good is
 *   asked of the next source. A source that says it will answer no more (429, 418, no permission), or whose circuit is
 *   open, is not asked for the rest; what it gave before is kept. As long as there is another one to ask, nobody waits
 *   because a source said to wait.
 * - **Cache.** Whole periods are kept, with the holes that REST confirmed. A disk that is full or forbidden is no reason
 *   to fail: its error is counted, and a minute later it is tried again.
 *
 * @since 0.1.0
 * @category tags
 */
export class DataSourceManager extends Context.Tag("effect-errata/binance/DataSourceManager")<DataSourceManager, {
  /**
   * All candles of the range, and no fewer: `missing` has only those that the exchange says there are not, and the one
   * that is forming. Fails with the last error met, which carries the earlier ones; where everybody answered and
   * there is nothing, with `DataEmpty`; and where candles are missing all the same, with `DataIntegrity`.
   */
  readonly klines: (input: KlineRequest.Input) => Effect.Effect<Klines.Klines, FetchError.FetchError>
  /** What there is, whatever happens. */
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
  /** How far all requests are, from now on. Who is slow misses some. */
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
): Effect.fn.Return<typeof DataSourceManager.Service, never, ServiceOf<S> | ErrorTracker> {
  const { concurrency, retry, sources: asked } = yield* Check.orDie("DataSourceManager", checked("", options))

  // Those that are not named need not be there.
  const services: Context.Context<never> = yield* Effect.context<ServiceOf<S> | ErrorTracker>()
  const named = <I, A>(source: Klines.Source, tag: Context.Tag<I, A>): Option.Option<A> =>
    asked.includes(source) ? Context.getOption(services, tag) : Option.none()
  const cache = named("cache", KlineCache)
  const vision = named("vision", BinanceVision)
  const rest = named("rest", BinanceRest.BinanceRest)
  const tracker = yield* ErrorTracker

  const policyOf = (source: Klines.Source, rows: RetryPolicy.Rows = {}) =>
    retry === false
      ? Effect.succeed(undefined)
      : RetryPolicy.make({ ...retry, source, rows: overlaid(rows, retry.rows) })
  const ofVision = yield* policyOf("vision", { ...Option.isSome(rest) ? onceMore : {}, DATA_INTEGRITY: { retries: 0 } })
  const ofRest = {
    SPOT: yield* policyOf("rest"),
    FUTURES_USDT: yield* policyOf("rest"),
    FUTURES_COIN: yield* policyOf("rest")
  }

  const news = yield* PubSub.sliding<Progress>(64)
  // When the cache may be written to again, in monotonic milliseconds.
  let writable = -Infinity

  /**
   * The one way to a source: what fails is counted and logged as a failure of the source. What was counted inside
   * already, request by request, is so only once.
   */
  const request = <A>(
    source: Klines.Source,
    { interval, market, symbol }: KlineRequest.KlineRequest,
    { end, start }: ranges.Range,
    effect: Effect.Effect<A, FetchError.FetchError>,
    met: Array<FetchError.FetchError>
  ): Effect.Effect<Either.Either<A, FetchError.FetchError>> =>
    effect.pipe(
      Fetch.tracked(
        { source, market, symbol, interval, start, end },
        { attempts: source === "cache", ignore: RetryPolicy.isRefusal }
      ),
      Effect.provideService(ErrorTracker, tracker),
      Effect.tapError((error) => Effect.sync(() => met.push(error))),
      Effect.either
    )

  /**
   * A single request to the network, an attempt that counts, and is made again where that makes sense. What was made up for
   * was met; what was not is in the error that stands.
   */
  const attempted = (
    source: "vision" | "rest",
    { interval, market, symbol }: KlineRequest.KlineRequest,
    { end, start }: ranges.Range,
    met: Array<FetchError.FetchError>
  ) =>
  <A>(effect: Effect.Effect<A, BinanceRest.KlinesError>): Effect.Effect<A, BinanceRest.KlinesError> =>
    Effect.suspend(() => {
      const context = { source, market, symbol, interval, start, end }
      const failures: Array<FetchError.FetchError> = []
      const attempt = effect.pipe(
        Fetch.tracked(context, { attempts: true, ignore: RetryPolicy.isRefusal }),
        Effect.provideService(ErrorTracker, tracker),
        Effect.tapError((error) => Effect.sync(() => failures.push(error)))
      )
      const policy = source === "vision" ? ofVision : ofRest[market]
      return (policy === undefined ? attempt : Fetch.retry(policy)(attempt)).pipe(
        // For what is not even sent.
        Fetch.annotate(context),
        Effect.tap(() => Effect.sync(() => met.push(...failures)))
      )
    })

  const fetchAll = Effect.fnUntraced(function*(given: KlineRequest.KlineRequest) {
    const { interval, market, symbol } = given
    const now = yield* Clock.currentTimeMillis
    const range = { start: DateTime.toEpochMillis(given.start), end: DateTime.toEpochMillis(given.end) }
    const expected = Interval.count(interval, range.start, Math.min(range.end, now + 1))
    const errors: Array<FetchError.FetchError> = []

    const tell = (source: Klines.Source, candles: number) =>
      PubSub.publish(news, { market, symbol, interval, source, candles, of: Math.max(candles, expected) })

    /** What a source has of the ranges, piece by piece. */
    const ask = Effect.fnUntraced(function*(
      source: "vision" | "rest",
      have: number,
      pieces: ReadonlyArray<ranges.Range>,
      klines: (input: KlineRequest.Input) => Effect.Effect<Klines.Klines, BinanceRest.KlinesError>
    ) {
      let candles = have
      let isOver = false
      const answers = yield* Effect.forEach(pieces, ({ end, start }) =>
        Effect.suspend(() => {
          if (isOver) return Effect.succeedNone
          const all = klines({ market, symbol, interval, start, end })
          const each = attempted(source, given, { start, end }, errors)
          // REST answers in pages: none that has come is asked for again because a later one fails.
          const piece = source === "rest" ? Effect.provideService(all, EachRequest, each) : each(all)
          return Effect.flatMap(request(source, given, { start, end }, piece, errors), (answer) => {
            if (Either.isLeft(answer)) {
              isOver ||= isLastWord(answer.left)
              return Effect.succeedNone
            }
            candles += answer.right.length
            return Effect.as(tell(source, candles), Option.some({ start, end, klines: answer.right }))
          })
        }), { concurrency })
      return answers.flatMap(Option.toArray)
    })

    let found = Klines.empty(interval, [{ ...range, reason: "not_fetched" }])
    if (Option.isSome(cache)) {
      const answer = yield* request("cache", given, range, cache.value.find(given), errors)
      if (Either.isRight(answer)) {
        found = answer.right.klines
        for (const error of answer.right.errors) {
          yield* request("cache", given, range, Effect.fail(error), errors)
        }
      }
      yield* tell("cache", found.length)
    }
    // What the cache remembers as a hole was confirmed.
    let unknown: ReadonlyArray<ranges.Range> = found.missing.filter(({ reason }) =>
      reason === "not_cached" || reason === "not_fetched"
    )
    if (Option.isSome(vision) && unknown.length > 0) {
      const pieces = unknown.flatMap(split.byFile(interval))
      const answers = yield* ask("vision", found.length, pieces, vision.value.klines).pipe(
        Option.isSome(rest) ? Effect.provideService(HasAlternative, () => true) : identity
      )
      found = joined(found, answers.map(({ klines }) => klines))
      // The archive is asked for what is there: what it says about the rest is not the exchange's word.
      unknown = ranges.joined(ranges.intersect(found.missing, unknown))
    }
    let confirmed: ReadonlyArray<ranges.Range> = []
    if (Option.isSome(rest) && unknown.length > 0) {
      const pieces = unknown.flatMap(split.byCandles(interval, candlesPerPiece))
      const answers = yield* ask("rest", found.length, pieces, rest.value.klines)
      const gone = found.missing.filter(({ reason }) => reason === "delisted")
      found = joined(found, answers.map(({ klines }) => klines))
      // An empty list of spot says nothing of the reason, and the archive may know it.
      const unexplained = found.missing.filter(({ reason }) => reason === "date_range")
      found = { ...found, missing: ranges.overlay(found.missing, ranges.intersect(gone, unexplained)) }
      confirmed = answers
    }
    if (Option.isSome(vision) || Option.isSome(rest)) found = { ...found, missing: found.missing.map(afterAll) }
    // A day of which REST says that it has no candles is worth keeping, too.
    const hasNews = confirmed.length > 0 || rowSources.count(found.source).cache < found.length
    if (Option.isSome(cache) && hasNews && (yield* monotonicMillis) >= writable) {
      const sure = ranges.overlay(
        found.missing.map((hole) => ({ ...hole, reason: "not_fetched" as const })),
        ranges.intersect(found.missing, confirmed)
      )
      const kept = yield* request(
        "cache",
        given,
        range,
        cache.value.keep({ market, symbol }, { ...found, missing: sure }),
        errors
      )
      if (Either.isLeft(kept)) writable = (yield* monotonicMillis) + 60_000
    }
    return { klines: found, errors }
  })

  const fetch = Effect.fnUntraced(function*(input: KlineRequest.Input): Effect.fn.Return<Fetched> {
    const answer = yield* Effect.either(Effect.flatMap(KlineRequest.make(input), fetchAll))
    const { end, interval, market, start, symbol } = input
    const { errors, klines } = Either.getOrElse(
      answer,
      (error) => ({ klines: Klines.empty(interval), errors: [error] })
    )
    const { missing } = klines
    const result = DataResult.make({
      data: model.make(klines, klines),
      error: Either.isLeft(answer) ? Option.some(answer.left) : failureOf(klines, errors, input),
      timestamp: yield* DateTime.now,
      metadata: { market, symbol, interval, start, end }
    })
    return { ...result, missing, rowsBySource: rowSources.count(klines.source), errors }
  })

  const klines = (input: KlineRequest.Input) =>
    Effect.flatMap(
      fetch(input),
      ({ data, error }) => Option.isSome(error) ? Effect.fail(error.value) : Effect.succeed(data)
    )

  return DataSourceManager.of({
    fetch,
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
 * The manager as a layer. It needs the services of the sources that are named, and dies of options that make no sense.
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
): Layer.Layer<DataSourceManager, never, ServiceOf<S> | ErrorTracker> => Layer.effect(DataSourceManager, make(options))

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

// Ten pages of REST.
const candlesPerPiece = 10_000

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

/** What a row does not say stays as it is. */
const overlaid = (rows: RetryPolicy.Rows, own: RetryPolicy.Rows | undefined): RetryPolicy.Rows =>
  own === undefined ? rows : { ...rows, ...Record.map(own, (row, code) => ({ ...rows[code], ...row })) }

/** Will the source say the same to whatever it is asked next? */
const isLastWord = (error: FetchError.FetchError): boolean =>
  RetryPolicy.isRefusal(error) || (error.category === "Api" && (error._tag === "ApiRateLimit" || !error.retryable))

/** Of the cache nobody has heard once somebody else was asked. */
const afterAll = (hole: Klines.Missing): Klines.Missing =>
  hole.reason === "not_cached" ? { ...hole, reason: "not_fetched" } : hole

/** In pairs, since every one of them copies. */
const joined = (first: Klines.Klines, others: ReadonlyArray<Klines.Klines>): Klines.Klines => {
  if (others.length === 0) return first
  const middle = others.length >> 1
  const [head, ...tail] = others.slice(middle)
  return head === undefined ? first : Klines.concat(joined(first, others.slice(0, middle)), joined(head, tail))
}

/** What the exchange itself says there is not, or not yet. */
const isExpected = ({ reason }: Klines.Missing): boolean =>
  reason === "source_gap" || reason === "not_listed_yet" || reason === "delisted" || reason === "unfinished"

const isEmptyReason = Schema.is(FetchError.EmptyReason)

const failureOf = (
  { interval, length, missing, openTime }: Klines.Klines,
  errors: ReadonlyArray<FetchError.FetchError>,
  { market, symbol }: KlineRequest.Input
): Option.Option<FetchError.FetchError> => {
  const lacking = missing.filter((hole) => !isExpected(hole))
  const [first] = lacking
  if (first === undefined) return Option.none()
  const last = errors.at(-1)
  if (last !== undefined) return Option.some(withEarlier(last, errors.slice(0, -1)))
  const context = { market, symbol, interval, operation: "fetch" }
  if (length === 0 && isEmptyReason(first.reason)) {
    return Option.some(new FetchError.DataEmpty({ reason: first.reason, context }))
  }
  const anchor = columns.anchorOf(interval, openTime)
  const count = lacking.reduce((sum, { end, start }) => sum + Interval.count(interval, start, end, anchor), 0)
  const from = DateTime.formatIso(DateTime.unsafeMake(first.start))
  return Option.some(
    new FetchError.DataIntegrity({
      message: `${count} candles are missing, the first from ${from}: ${first.reason}`,
      wanted: `${length + count} candles`,
      found: `${length}`,
      // Everybody has answered.
      retryable: false,
      context
    })
  )
}
