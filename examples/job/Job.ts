/** Fetches series of candles from all sources, and handles errors by their tags. */
import { Clock, DateTime, Effect, Option, Schema, Stream } from "effect"
import { Fetch, FetchError } from "effect-errata"
import { DataSourceManager, Interval, KlineRequest, type Klines } from "effect-errata/binance"
import { Screen } from "./Screen.js"

/** The outcome of one series. */
export interface Outcome {
  readonly market: string
  readonly symbol: string
  readonly interval: string
  /** The requested range: from the first instant to the last. */
  readonly from: string
  readonly to: string
  readonly outcome: "complete" | "incomplete" | "empty" | "refused" | "failed"
  readonly rows: number
  /** The number of rows from each source. */
  readonly rowsBySource: Readonly<Record<Klines.Source, number>>
  /** The number of attempts that failed or were not sent. */
  readonly failures: number
  /** The reason why candles are missing. */
  readonly note: string
  readonly missing: ReadonlyArray<{ readonly start: string; readonly end: string; readonly reason: string }>
}

const concurrency = 4

export const run = Effect.fnUntraced(function*(requests: ReadonlyArray<KlineRequest.Input>) {
  const manager = yield* DataSourceManager.DataSourceManager
  const bar = yield* makeBar(requests)
  yield* Effect.forkScoped(Stream.runForEach(manager.progress, bar.candles))
  return yield* Effect.forEach(
    requests,
    (request) => Effect.zipLeft(fetchSeries(request), bar.over(request)),
    { concurrency }
  )
}, Effect.scoped)

const fetchSeries = (request: KlineRequest.Input) =>
  Effect.gen(function*() {
    const manager = yield* DataSourceManager.DataSourceManager
    // The manager has retried and counted the failures of its sources.
    const { data, error, errors, missing, rows, rowsBySource } = yield* manager.fetch(request)
    const whole: Effect.Effect<Klines.Klines, FetchError.FetchError> = Option.isSome(error)
      ? Effect.fail(error.value)
      : Effect.succeed(data)
    const outcome = yield* whole.pipe(
      Fetch.failOnEmpty({ isEmpty: ({ length }) => length === 0, reason: emptyReason }),
      // Counts the failures that belong to no source: invalid requests and empty series.
      Fetch.tracked({ ...request }),
      Effect.map(() => ({
        outcome: missing.length === 0 ? "complete" as const : "incomplete" as const,
        note: [...new Set(missing.map(({ reason }) => reason))].join(", ")
      })),
      Effect.catchTags({
        DataEmpty: ({ reason }) => Effect.succeed({ outcome: "empty" as const, note: reason }),
        DataValidation: ({ code, context, message }) =>
          Effect.succeed({
            outcome: context.operation === "validate" ? "refused" as const : "failed" as const,
            note: `${code}: ${message}`
          })
      }),
      Effect.catchAll(({ code, message }) =>
        Effect.succeed({
          // The rows that were fetched before the failure are kept.
          outcome: rows > 0 ? "incomplete" as const : "failed" as const,
          note: `${code}: ${message}`
        })
      )
    )
    return {
      market: request.market,
      symbol: request.symbol,
      interval: request.interval,
      from: iso(request.start),
      to: iso(request.end),
      ...outcome,
      rows,
      rowsBySource,
      failures: errors.reduce((sum, { earlier }) => sum + 1 + earlier.length, 0),
      missing: missing.map(({ end, reason, start }) => ({ start: iso(start), end: iso(end), reason }))
    } satisfies Outcome
  })

const iso = (input: DateTime.DateTime.Input) => DateTime.formatIso(DateTime.unsafeMake(input))

/** The reason that the exchange reported for the range, if any. */
const emptyReason = ({ missing: [first] }: Klines.Klines): FetchError.EmptyReason =>
  first !== undefined && isEmptyReason(first.reason) ? first.reason : "api_response"

const isEmptyReason = Schema.is(FetchError.EmptyReason)

// ---------------------------------------------------------------------------------------------------------------------
// progress
// ---------------------------------------------------------------------------------------------------------------------

/** The progress in candles: all requested ones of finished series, and the received ones of the others. */
const makeBar = Effect.fnUntraced(function*(requests: ReadonlyArray<KlineRequest.Input>) {
  const screen = yield* Screen
  const now = yield* Clock.currentTimeMillis
  const total = (yield* Effect.forEach(requests, (request) => candlesOf(request, now))).reduce((sum, n) => sum + n, 0)
  const coming = new Map<string, number>()
  let over = 0
  const show = Effect.suspend(() =>
    screen.progress(Math.min(total, [...coming.values()].reduce((sum, n) => sum + n, over)), total)
  )
  yield* show
  return {
    candles: (progress: DataSourceManager.Progress) =>
      Effect.suspend(() => {
        coming.set(keyOf(progress), Math.max(coming.get(keyOf(progress)) ?? 0, progress.candles))
        return show
      }),
    over: (request: KlineRequest.Input) =>
      Effect.flatMap(candlesOf(request, now), (candles) => {
        coming.delete(keyOf(request))
        over += candles
        return show
      })
  }
})

type Named = Pick<DataSourceManager.Progress, "market" | "symbol" | "interval">

const keyOf = ({ interval, market, symbol }: Named) => `${market} ${symbol} ${interval}`

/** The number of candles of a request until now; 0 if the request is invalid. */
const candlesOf = (input: KlineRequest.Input, now: number): Effect.Effect<number> =>
  KlineRequest.make(input).pipe(
    Effect.map(({ end, interval, start }) =>
      Interval.count(interval, DateTime.toEpochMillis(start), Math.min(DateTime.toEpochMillis(end), now))
    ),
    Effect.orElseSucceed(() => 0)
  )
