/**
 * Candles from the REST API of Binance, for all three markets.
 *
 * A range of any length is asked for page by page, as few as the market allows and none twice. What comes back holds
 * each finished candle of the range once, and says of every other why it is missing. Empty parts are no failures here.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as FetchContext from "../FetchContext.js"
import * as FetchError from "../FetchError.js"
import { withDeadline } from "../internal/deadline.js"
import { monotonicMillis } from "../internal/monotonicMillis.js"
import * as Check from "../internal/options.js"
import * as BinanceErrors from "./BinanceErrors.js"
import { warnOfCloseTimes } from "./internal/klines/closeTimes.js"
import * as columns from "./internal/klines/columns.js"
import * as failure from "./internal/klines/failure.js"
import { EachRequest } from "./internal/klines/pages.js"
import { following, hasManyPages, type Page, pageOf } from "./internal/klines/pages.js"
import { restReasons } from "./internal/klines/restReasons.js"
import { decodeRows } from "./internal/klines/restRows.js"
import * as Interval from "./Interval.js"
import * as KlineRequest from "./KlineRequest.js"
import * as Klines from "./Klines.js"
import * as Market from "./Market.js"
import * as RequestWeight from "./RequestWeight.js"

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
  /** Where to ask instead of at Binance: a mirror, a proxy, a test. Default: the hosts of {@link Market.facts}. */
  readonly baseUrls?: Partial<Readonly<Record<Market.Market, string>>> | undefined
  /**
   * How long one request may take, with its body; a range of several pages may take several times as long. Binance
   * itself gives up after 10 seconds and says so, which a shorter timeout hides. Default: 30 seconds.
   */
  readonly timeout?: Duration.DurationInput | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A client of the klines endpoints.
 *
 * - **Limits.** When the used weight that the exchange reports comes near what a minute allows (90 %), requests wait for
 *   the next minute. After an answer that says how long to wait (429, 418), requests to that market fail with the same
 *   error until then, without being sent: going on is what gets an address banned. Several clients share their limits
 *   where `RequestWeight` is provided.
 * - **Unfinished candles** are left out, by the clock of the exchange.
 * - **Reasons.** A hole before the first candle costs one more request, which tells a young instrument
 *   (`not_listed_yet`) from an outage (`source_gap`).
 * - It neither retries nor tracks: put `Fetch.tracked` and a retry around it.
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
  const http = yield* makeHttp(timeout, baseOf)

  const klines = Effect.fnUntraced(function*(request: KlineRequest.KlineRequest) {
    const { interval, market } = request
    const series = makeSeries(http, request, baseOf(market))
    const start = DateTime.toEpochMillis(request.start)
    const end = DateTime.toEpochMillis(request.end)

    const answers: Array<columns.Columns> = []
    let now = NaN
    let page = pageOf(market, interval, start, end)
    while (page !== undefined) {
      const asked = yield* monotonicMillis
      const answer = yield* series.ask(interval, page)
      answers.push(answer.rows)
      // Answers come from several servers and caches: what one of them has closed is closed.
      if (!Number.isNaN(answer.date)) now = Number.isNaN(now) ? answer.date : Math.max(now, answer.date)
      else if (Number.isNaN(now)) now = yield* series.serverTime(asked)

      const next = following(interval, page, answer.rows.length, extent(answer.rows, page)?.last)
      if (next === undefined) return yield* Effect.fail(offTopic(answer.context))
      // Nothing opens after now, whatever end was asked for.
      const until = Math.min(end, now + 1)
      const from = answer.rows.length === 0 ? yield* series.skipEmpty(next, until) : next
      page = pageOf(market, interval, from, until)
    }
    if (answers.length === 0) return Klines.empty(interval)

    const all = columns.join(answers)
    const anchor = columns.anchorOf(interval, all.openTime)
    const forming = Interval.floor(interval, now, anchor)
    const rows = extent(all, { start, end })
    const over = Math.min(end, forming)
    const hasHole = (from: number, to: number) => Interval.count(interval, from, to, anchor) > 0
    const ends = hasHole(rows === undefined ? start : Interval.next(interval, rows.last, anchor), over)
    const after = ends ? yield* series.hasAfter(over, now) : true
    const trailing = after === true ? "source_gap" : "date_range"
    const leading = hasHole(start, Math.min(rows?.first ?? forming, end))
      ? reasonOf(yield* series.hasBefore(start), after, end > forming)
      : "source_gap"
    const found = Klines.make({
      interval,
      source: "rest",
      columns: all,
      start,
      end: Math.min(end, forming),
      reasons: restReasons({ interval, anchor, start, end, now, rows, leading, trailing })
    })
    yield* warnOfCloseTimes(found, series.context)
    return found
  })

  return BinanceRest.of({ klines: (input) => Effect.flatMap(KlineRequest.make(input), klines) })
})

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The client as a layer. Call it once and share it: the limits are kept per layer, unless `RequestWeight` is provided.
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
// requests
// ---------------------------------------------------------------------------------------------------------------------

type Http = Effect.Effect.Success<ReturnType<typeof makeHttp>>

/** Single requests below the limits of each market, with their failures classified. */
const makeHttp = Effect.fnUntraced(function*(timeout: Duration.Duration, baseOf: (market: Market.Market) => string) {
  // The exchange has no use for the ids of our traces, and in a browser a header of ours costs a request of its own.
  const client = (yield* HttpClient.HttpClient).pipe(HttpClient.withTracerPropagation(false))
  const shared = yield* Effect.serviceOption(RequestWeight.RequestWeight)
  const { limiter } = Option.isSome(shared) ? shared.value : yield* RequestWeight.make
  const limiterOf = (market: Market.Market) =>
    limiter(`${market} ${baseOf(market)}`, Market.facts[market].weightPerMinute)
  const limiters = {
    SPOT: yield* limiterOf("SPOT"),
    FUTURES_USDT: yield* limiterOf("FUTURES_USDT"),
    FUTURES_COIN: yield* limiterOf("FUTURES_COIN")
  }
  /** The text of the answer, and the time of the server in milliseconds, NaN where it did not tell. */
  return (market: Market.Market, url: string, weight: number, context: FetchContext.Input) =>
    limiters[market].pass(weight, (report) =>
      Effect.gen(function*() {
        const response = yield* client.get(url, { acceptJson: true })
        yield* report(Number(response.headers["x-mbx-used-weight-1m"]))
        const { headers, text } = yield* HttpClientResponse.filterStatusOk(response)
        return { body: yield* text, date: Date.parse(headers["date"] ?? "") }
      }).pipe(
        withDeadline({
          duration: timeout,
          onTimeout: () => failure.timedOut("No whole answer", timeout, "total")
        }),
        Effect.catchAll((cause) => Effect.flatMap(failure.classify(cause, context, BinanceErrors.rules), Effect.fail))
      )).pipe(Effect.mapError((error) => FetchError.withContext(error, context)))
})

/** The requests about one symbol. */
const makeSeries = (http: Http, request: KlineRequest.KlineRequest, base: string) => {
  const { end, interval, market, start, symbol } = request
  const { klinesPath, klinesWeight, timePath } = Market.facts[market]
  const context = { market, symbol, interval, start, end, source: "rest", operation: "fetch" }

  const ask = Effect.fnUntraced(function*(interval: Interval.Interval, page: Omit<Page, "start"> & Partial<Page>) {
    const query = new URLSearchParams({
      symbol,
      interval,
      ...(page.start === undefined ? undefined : { startTime: String(page.start) }),
      // Both bounds of the exchange are inclusive.
      endTime: String(page.end - 1),
      limit: String(page.limit)
    })
    const url = `${base}${klinesPath}?${query}`
    const asked = { ...context, url }
    const around = yield* EachRequest
    return yield* around(Effect.gen(function*() {
      const { body, date } = yield* http(market, url, klinesWeight(page.limit), asked)
      const rows = yield* Either.mapLeft(
        decodeRows(body),
        (fault) => new FetchError.DataTransformation({ ...fault, context: asked })
      )
      return { rows, date, context: asked }
    }))
  })

  return {
    context,
    ask,

    /** A time that the server had reached when it was asked at `asked`, which is monotonic: never a later one. */
    serverTime: Effect.fnUntraced(function*(asked: number) {
      const url = `${base}${timePath}`
      const around = yield* EachRequest
      const { serverTime } = yield* around(
        Effect.flatMap(http(market, url, 1, { ...context, url }), ({ body }) =>
          Effect.mapError(
            decodeTime(body),
            (cause) =>
              new FetchError.DataTransformation({
                message: "The answer is no time",
                excerpt: body,
                cause,
                context: { ...context, url }
              })
          ))
      )
      return serverTime - Math.ceil((yield* monotonicMillis) - asked)
    }),

    /**
     * Where to go on when a page was empty: at most a page before the next candle. Looks for it in windows as long as
     * the market allows, and by halves in the first that has one.
     */
    skipEmpty: Effect.fnUntraced(function*(from: number, until: number) {
      let start = from
      let width = Market.facts[market].maxWindow
      let isFound = false
      while (start < until && hasManyPages(market, interval, start, Math.min(until, start + width))) {
        const end = Math.min(until, start + width)
        const { rows } = yield* ask(interval, { start, end, limit: 1 })
        isFound ||= rows.length > 0
        if (rows.length === 0) start = end
        if (isFound) width /= 2
      }
      return start
    }),

    // The data are here: a question about what surrounds them may fail, and then the answer is not known.

    /** Is there a candle before? */
    hasBefore: (start: number) =>
      ask(interval, { end: start, limit: 1 }).pipe(
        Effect.map(({ rows }): boolean | undefined => (rows.openTime[0] ?? start) < start),
        Effect.orElseSucceed(() => undefined)
      ),

    /** Is there a candle from then on? */
    hasAfter: (start: number, now: number) =>
      ask(interval, { start, end: Math.min(now + 1, start + Market.facts[market].maxWindow), limit: 1 }).pipe(
        Effect.map(({ rows }): boolean | undefined => rows.length > 0),
        Effect.orElseSucceed(() => undefined)
      )
  }
}

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

const decodeTime = Schema.decode(Schema.parseJson(Schema.Struct({ serverTime: Schema.Int })))

const offTopic = (context: FetchContext.Input) =>
  new FetchError.DataValidation({
    message: "The answer is about other candles than those asked for",
    issues: [{ path: "openTime", message: "lies outside of the range asked for, in every row" }],
    context
  })

/** Why there is nothing where the answer was empty: it depends on whether there is something on either side. */
const reasonOf = (before: boolean | undefined, after: boolean | undefined, reachesNow: boolean): Klines.Reason => {
  if (before === undefined || after === undefined) return "date_range"
  // Something ended, or pauses still, or is withheld: that is more than an empty answer says.
  if (before) return after ? "source_gap" : "date_range"
  return after || reachesNow ? "not_listed_yet" : "api_response"
}

/** The first and the last open of rows in any order, of those that open in `[start, end)`. */
const extent = (rows: columns.Columns, { end, start }: { readonly start: number; readonly end: number }) => {
  let first = Infinity
  let last = -Infinity
  for (const open of rows.openTime) {
    if (start <= open && open < end) {
      first = Math.min(first, open)
      last = Math.max(last, open)
    }
  }
  return first === Infinity ? undefined : { first, last }
}
