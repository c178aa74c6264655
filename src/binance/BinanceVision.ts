/**
 * Candles from data.binance.vision, the archive of Binance: a zip file for each month and each day of a series.
 *
 * A range is fetched with as few files as possible: monthly files for whole months, daily files for the rest. A file
 * that does not match its checksum is never used, but replaced by others of its period. A malformed row is an error,
 * never misread. The result holds each candle of the range that the archive has once, and a reason for each missing
 * candle.
 *
 * Guide: [Candles from Binance](../../docs/candles.md).
 *
 * @since 0.1.0
 * @module
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { HasAlternative } from "../internal/fetch/ambient.js"
import { monotonicMillis } from "../internal/monotonicMillis.js"
import * as Check from "../internal/options.js"
import { makeArchive } from "./internal/archive/archiveClient.js"
import { ArchiveNotes } from "./internal/archive/archiveNotes.js"
import { type ArchiveSearch, registerArchive } from "./internal/archive/archiveRegistry.js"
import { makeArchiveSearch } from "./internal/archive/archiveSearch.js"
import { warnOfCloseTimes } from "./internal/klines/closeTimes.js"
import type * as failure from "./internal/klines/failure.js"
import { isLossy } from "./internal/klines/klinesModel.js"
import { rangeOf } from "./internal/klines/requestRange.js"
import * as KlineRequest from "./KlineRequest.js"
import type * as Klines from "./Klines.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The errors of a fetch of klines. Storage errors and `DataEmpty` are excluded: no disk is involved, and empty parts
 * are values.
 *
 * @since 0.1.0
 * @category models
 */
export type KlinesError = failure.KlinesError

/**
 * Options of {@link layer}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The base URL that replaces the archive of Binance, for a mirror, a proxy or a test. Default:
   * `https://data.binance.vision`.
   */
  readonly baseUrl?: string | undefined
  /**
   * The URL of the S3 listing of the archive. It is requested only for candles that were not found, to distinguish an
   * instrument that was not traded from lost files. Default: the bucket of the archive. With a `baseUrl` there is no
   * default, and the distinction is not made.
   */
  readonly listingUrl?: string | undefined
  /** The timeout of one file. The largest, a month of seconds, has 110 MB. Default: 5 minutes. */
  readonly timeout?: Duration.DurationInput | undefined
  /** The longest pause between two pieces of a file. Default: 15 seconds. */
  readonly idleTimeout?: Duration.DurationInput | undefined
  /**
   * The number of files that are fetched and read at once. Reading a month of seconds takes 350 MB of memory. Default:
   * 4.
   */
  readonly concurrency?: number | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A client of the archive.
 *
 * - **Checksums.** A file with a wrong checksum, with the checksum of another file, or without one is never used. A file
 *   with a wrong checksum is fetched once more first.
 * - **Unusable files.** A file that is corrupt or refused is replaced: a month by its days, a day by its month, except for
 *   candles of a second. Fails with its error (`DataIntegrity`, `DataTransformation`, `ApiPermission`) if candles are
 *   still missing.
 * - **Absent files** (404) are no failure: their candles are missing. The reason is `not_published_yet` for a week (two
 *   weeks for monthly files), `not_listed_yet` before the first file of the instrument if the archive has earlier files of
 *   the oldest instruments of the market, `delisted` after the last file if the archive has recent files of the largest
 *   instruments, and `date_range` otherwise: only the exchange itself can distinguish lost candles from candles that never
 *   existed.
 * - **Incomplete months** are completed from daily files, and incomplete days from the monthly file, except for candles
 *   of a second. Where both files have a candle, the daily file takes precedence.
 * - **Recent files** that are refused (403) are requested once more after a second.
 * - **No other retries, no tracking.** Add a retry and `Fetch.tracked`.
 *
 * @since 0.1.0
 * @category tags
 */
export class BinanceVision extends Context.Tag("effect-errata/binance/BinanceVision")<BinanceVision, {
  readonly klines: (input: KlineRequest.Input) => Effect.Effect<Klines.Klines, KlinesError>
}>() {}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes a client on the `HttpClient` of the context. Requires Node.js and the package `yauzl`. Dies without them, with
 * a message that names the package to install.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<typeof BinanceVision.Service, never, HttpClient.HttpClient> {
  const { baseUrl, concurrency, idleTimeout, listingUrl, timeout } = yield* Check.orDie(
    "BinanceVision",
    checked("", options)
  )
  const archive = yield* makeArchive("BinanceVision", {
    baseUrl: baseUrl ?? publicArchive,
    listingUrl: listingUrl ?? (baseUrl === undefined ? bucket : undefined),
    timeout,
    idleTimeout
  })

  const searchArchive = makeArchiveSearch(archive, concurrency)
  const search: ArchiveSearch["search"] = (request, range, notes) =>
    Effect.tap(searchArchive(request, range, notes), ({ klines }) => warnOfCloseTimes(klines, contextOf(request)))

  const klines = Effect.fnUntraced(function*(request: KlineRequest.KlineRequest) {
    // A failed connection is the caller's to retry. Other files would meet the same failure.
    const { errors: [error], klines } = yield* search(request, rangeOf(request), new ArchiveNotes()).pipe(
      Effect.provideService(HasAlternative, () => true)
    )
    return error !== undefined && isLossy(klines) ? yield* Effect.fail(error) : klines
  })

  const service = BinanceVision.of({ klines: (input) => Effect.flatMap(KlineRequest.make(input), klines) })
  registerArchive(service, {
    host: baseUrl ?? publicArchive,
    time: Effect.map(monotonicMillis, (at) => archive.clock.earliest(at)),
    search
  })
  return service
})

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The client as a layer. Dies when an option is invalid or a required package is missing.
 *
 * @example
 * import { FetchHttpClient } from "@effect/platform"
 * import { Effect, Layer } from "effect"
 * import { BinanceVision } from "effect-errata/binance"
 *
 * const program = Effect.gen(function*() {
 *   const vision = yield* BinanceVision.BinanceVision
 *   const klines = yield* vision.klines({
 *     market: "SPOT",
 *     symbol: "BTCUSDT",
 *     interval: "1m",
 *     start: "2023-01-01",
 *     end: "2024-01-01"
 *   })
 *   return klines.missing
 * })
 *
 * const runnable = Effect.provide(program, BinanceVision.layer().pipe(Layer.provide(FetchHttpClient.layer)))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<BinanceVision, never, HttpClient.HttpClient> =>
  Layer.effect(BinanceVision, make(options))

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const checked = Check.struct(
  {
    baseUrl: Check.optional(Check.baseUrl),
    listingUrl: Check.optional(Check.httpUrl),
    timeout: Check.withDefault(Check.duration(), "5 minutes"),
    idleTimeout: Check.withDefault(Check.duration(), "15 seconds"),
    concurrency: Check.withDefault(Check.wholeNumber(1), 4)
  } satisfies Check.Checks<Options>
)

const publicArchive = "https://data.binance.vision"

const bucket = "https://s3-ap-northeast-1.amazonaws.com/data.binance.vision"

const contextOf = ({ end, interval, market, start, symbol }: KlineRequest.KlineRequest) => ({
  market,
  symbol,
  interval,
  start,
  end,
  source: "vision",
  operation: "fetch"
})
