/**
 * Candles from the REST API of Binance, for all three markets.
 *
 * A range of any length is fetched with as few pages as the market allows, and no page is fetched twice. The result
 * holds each closed candle of the range once, and a reason for each missing candle. Empty parts of a range are values,
 * not failures.
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
import * as Option from "effect/Option"
import { monotonicMillis } from "../internal/monotonicMillis.js"
import * as Check from "../internal/options.js"
import * as BinanceErrors from "./BinanceErrors.js"
import { warnOfCloseTimes } from "./internal/klines/closeTimes.js"
import { Evidence } from "./internal/klines/evidence.js"
import type * as failure from "./internal/klines/failure.js"
import { isLossy } from "./internal/klines/klinesModel.js"
import type { Range } from "./internal/klines/ranges.js"
import { rangeOf } from "./internal/klines/requestRange.js"
import { makeRestClient } from "./internal/klines/restClient.js"
import { registerRest } from "./internal/klines/restRegistry.js"
import { searchRange } from "./internal/klines/restSearch.js"
import { makeSeries } from "./internal/klines/restSeries.js"
import { surveyRange } from "./internal/klines/restSurvey.js"
import * as KlineRequest from "./KlineRequest.js"
import type * as Klines from "./Klines.js"
import * as Market from "./Market.js"
import * as RequestWeight from "./RequestWeight.js"

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
   * Base URLs that replace the hosts of Binance, for a mirror, a proxy or a test. Default: the hosts of
   * {@link Market.facts}.
   */
  readonly baseUrls?: Partial<Readonly<Record<Market.Market, string>>> | undefined
  /**
   * The timeout of one request, including its body. A range of several pages may take several times as long. Binance
   * itself times out after 10 seconds and reports that, which a shorter timeout hides. Default: 30 seconds.
   */
  readonly timeout?: Duration.DurationInput | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A client of the klines endpoints.
 *
 * - **Limits.** When the used weight reported by the exchange reaches 90 % of the limit of a minute, requests wait for
 *   the next minute. After an answer with a cool-down (429, 418), requests to that market fail with the same error
 *   until the cool-down ends, and are not sent: further requests lead to a ban of the address. Several clients share
 *   their limits where `RequestWeight` is provided.
 * - **Unfinished candles** are omitted, by the clock of the exchange.
 * - **Reasons.** A gap before the first candle costs one more request, which distinguishes a new instrument
 *   (`not_listed_yet`) from an outage (`source_gap`).
 * - **No retries, no tracking.** Add a retry and `Fetch.tracked`.
 *
 * @since 0.1.0
 * @category tags
 */
export class BinanceRest extends Context.Tag("effect-errata/binance/BinanceRest")<BinanceRest, {
  readonly klines: (input: KlineRequest.Input) => Effect.Effect<Klines.Klines, KlinesError>
}>() {}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes a client on the `HttpClient` of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<typeof BinanceRest.Service, never, HttpClient.HttpClient> {
  const { baseUrls, timeout } = yield* Check.orDie("BinanceRest", checked("", options))
  const baseOf = (market: Market.Market) => baseUrls[market] ?? Market.facts[market].baseUrl
  const shared = yield* Effect.serviceOption(RequestWeight.RequestWeight)
  const { limiter } = Option.isSome(shared) ? shared.value : yield* RequestWeight.make
  const client = yield* makeRestClient(timeout, baseOf, limiter, BinanceErrors.rules)

  const search = (request: KlineRequest.KlineRequest, evidence: Evidence, range: Range) =>
    searchRange(makeSeries(client, baseOf(request.market), request, evidence), range)

  const klines = Effect.fnUntraced(function*(request: KlineRequest.KlineRequest) {
    const { errors, klines } = yield* search(request, new Evidence(), rangeOf(request))
    const [error] = errors
    // A failed request for the surroundings of the candles leaves only the reason unknown.
    if (error !== undefined && isLossy(klines)) {
      return yield* Effect.fail(error)
    }
    yield* warnOfCloseTimes(klines, contextOf(request))
    return klines
  })

  const service = BinanceRest.of({ klines: (input) => Effect.flatMap(KlineRequest.make(input), klines) })
  registerRest(service, {
    host: baseOf,
    time: (market) => Effect.map(monotonicMillis, (at) => client.clock(market).earliest(at)),
    search: (request, evidence, range) =>
      Effect.tap(search(request, evidence, range), ({ klines }) => warnOfCloseTimes(klines, contextOf(request))),
    survey: (request, evidence, range) =>
      surveyRange(makeSeries(client, baseOf(request.market), request, evidence), range)
  })
  return service
})

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The client as a layer. Build it once and share it: the limits are kept per layer, unless `RequestWeight` is provided.
 *
 * @example
 * import { FetchHttpClient } from "@effect/platform"
 * import { Effect, Layer } from "effect"
 * import { BinanceRest } from "effect-errata/binance"
 *
 * const program = Effect.gen(function*() {
 *   const rest = yield* BinanceRest.BinanceRest
 *   const klines = yield* rest.klines({
 *     market: "SPOT",
 *     symbol: "BTCUSDT",
 *     interval: "1h",
 *     start: "2024-01-01",
 *     end: "2024-02-01"
 *   })
 *   return klines.close[klines.length - 1]
 * })
 *
 * const runnable = Effect.provide(program, BinanceRest.layer().pipe(Layer.provide(FetchHttpClient.layer)))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<BinanceRest, never, HttpClient.HttpClient> =>
  Layer.effect(BinanceRest, make(options))

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const checked = Check.struct(
  {
    baseUrls: Check.withDefault(
      Check.struct(
        {
          SPOT: Check.optional(Check.baseUrl),
          FUTURES_USDT: Check.optional(Check.baseUrl),
          FUTURES_COIN: Check.optional(Check.baseUrl)
        } satisfies Check.Checks<Readonly<Record<Market.Market, string>>>
      ),
      {}
    ),
    timeout: Check.withDefault(Check.duration(), "30 seconds")
  } satisfies Check.Checks<Options>
)

const contextOf = ({ end, interval, market, start, symbol }: KlineRequest.KlineRequest) => ({
  market,
  symbol,
  interval,
  start,
  end,
  source: "rest",
  operation: "fetch"
})
