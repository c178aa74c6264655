/**
 * Candles from the archive of Binance, data.binance.vision: a zip for every month and every day of a series.
 *
 * A range is fetched in as few files as there are for it, whole months by the month and the rest by the day. What does
 * not agree with its checksum is never used, and a row that is none is refused rather than misread. What comes back
 * holds each candle of the range that the archive has once, and says of every other why it is missing.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Check from "../internal/options.js"
import { makeArchive } from "./internal/archive/archiveClient.js"
import { ArchiveNotes } from "./internal/archive/archiveNotes.js"
import { type ArchiveSearch, registerArchive } from "./internal/archive/archiveRegistry.js"
import { makeArchiveSearch } from "./internal/archive/archiveSearch.js"
import { warnOfCloseTimes } from "./internal/klines/closeTimes.js"
import type * as failure from "./internal/klines/failure.js"
import * as KlineRequest from "./KlineRequest.js"
import type * as Klines from "./Klines.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What a fetch of klines can fail with: no storage error, and no `DataEmpty`, since empty parts are values.
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
  /** Where to fetch instead of at Binance: a mirror, a proxy, a test. Default: `https://data.binance.vision`. */
  readonly baseUrl?: string | undefined
  /**
   * Where the archive lists what it has, as S3 does. It is asked only about what was not found, to tell an instrument
   * that was not traded then from files that are lost. Default: the bucket of the archive; with a `baseUrl` none, and
   * then nobody knows.
   */
  readonly listingUrl?: string | undefined
  /** How long one file may take. The largest, a month of seconds, has 110 MB. Default: 5 minutes. */
  readonly timeout?: Duration.DurationInput | undefined
  /** How long nothing may come of a file. Default: 15 seconds. */
  readonly idleTimeout?: Duration.DurationInput | undefined
  /** How many files are fetched and read at once. A month of seconds takes 350 MB meanwhile. Default: 4. */
  readonly concurrency?: number | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A client of the archive.
 *
 * - **Checksums.** A file whose checksum is another, is that of another file, or is missing, is `DataIntegrity`. Before
 *   that it is fetched once more, unless there is no checksum.
 * - **Files that are not there** (404) are no failure: their candles are missing. They are `not_published_yet` for a week
 *   (months for two), `not_listed_yet` before the instrument was traded, `delisted` after, and else `date_range`: only
 *   the exchange itself knows whether candles are lost or never were.
 * - **Incomplete months** are completed by their days, as far as the archive has them, and incomplete days by their month,
 *   but for seconds; where both have a candle, that of the day stands.
 * - **Fresh files** that are refused (403) are asked for once more after a second.
 * - It neither retries nor tracks otherwise: put `Fetch.tracked` and a retry around it.
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
 * Makes a client on the `HttpClient` of the context. It needs Node.js and the package `yauzl`, and dies without them,
 * saying what to install.
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

  const searched = (isWhole: boolean): ArchiveSearch["search"] => {
    const search = makeArchiveSearch(archive, concurrency, isWhole)
    return (request, range, notes) =>
      Effect.tap(search(request, range, notes), ({ klines }) => warnOfCloseTimes(klines, contextOf(request)))
  }
  const searchWhole = searched(true)

  const klines = Effect.fnUntraced(function*(request: KlineRequest.KlineRequest) {
    const range = { start: DateTime.toEpochMillis(request.start), end: DateTime.toEpochMillis(request.end) }
    const { errors: [error], klines } = yield* searchWhole(request, range, new ArchiveNotes())
    return error === undefined ? klines : yield* Effect.fail(error)
  })

  const service = BinanceVision.of({ klines: (input) => Effect.flatMap(KlineRequest.make(input), klines) })
  registerArchive(service, { host: baseUrl ?? publicArchive, search: searched(false) })
  return service
})

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The client as a layer. It dies when it is built with options that make no sense, or without what it needs.
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
