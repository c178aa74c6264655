/** Fetches series of candles from all sources, and decides by the tags of the errors what to do when that fails. */
import { Clock, DateTime, Duration, Effect, Option, Ref, Schedule, Schema, Stream } from "effect"
import { Fetch, FetchError } from "effect-errata"
import { DataSourceManager, Interval, KlineRequest, type Klines } from "effect-errata/binance"
import { Screen } from "./Screen.js"

/** What became of one series. */
export interface Outcome {
  readonly market: string
  readonly symbol: string
  readonly interval: string
  /** What was asked for: from the first instant to the last. */
  readonly from: string
  readonly to: string
  readonly outcome: "complete" | "incomplete" | "empty" | "refused" | "failed"
  readonly rows: number
  /** Who gave them. */
  readonly rowsBySource: Readonly<Record<Klines.Source, number>>
  /** How often it was tried. */
  readonly tries: number
  /** Why there is less than was asked for. */
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
    const answers = yield* Ref.make<ReadonlyArray<DataSourceManager.Fetched>>([])
    const outcome = yield* manager.fetch(request).pipe(
      Effect.tap((answer) => Ref.update(answers, (all) => [...all, answer])),
      Effect.flatMap(({ data, error }) => Option.isSome(error) ? Effect.fail(error.value) : Effect.succeed(data)),
      Fetch.failOnEmpty({ isEmpty: ({ length }) => length === 0, reason: whyEmpty }),
      // The manager has counted what the sources said; here are the requests that nobody is asked, and what is empty.
      Fetch.tracked({ ...request }),
      Effect.retry(again),
      Effect.map(({ missing }) => ({
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
        Effect.succeed({ outcome: "failed" as const, note: `${code}: ${message}` })
      )
    )
    const all = yield* Ref.get(answers)
    const last = all.at(-1)
    const rows = last?.rows ?? 0
    return {
      market: request.market,
      symbol: request.symbol,
      interval: request.interval,
      from: iso(request.start),
      to: iso(request.end),
      ...outcome,
      // What was fetched before the failure is there all the same.
      outcome: outcome.outcome === "failed" && rows > 0 ? "incomplete" as const : outcome.outcome,
      rows,
      rowsBySource: rowsBySource(all),
      tries: all.length,
      missing: (last?.missing ?? []).map(({ end, reason, start }) => ({ start: iso(start), end: iso(end), reason }))
    } satisfies Outcome
  })

/** What a try finds in the cache an earlier one may have put there. */
const rowsBySource = (answers: ReadonlyArray<DataSourceManager.Fetched>) => {
  const givers = new Map<number, Klines.Source>()
  const note = (open: number, source: Klines.Source = "cache") => {
    if (source !== "cache" || !givers.has(open)) givers.set(open, source)
  }
  for (const { data } of answers) data.openTime.forEach((open, i) => note(open, data.source[i]))
  const rows = { cache: 0, vision: 0, rest: 0 }
  for (const open of answers.at(-1)?.data.openTime ?? []) rows[givers.get(open) ?? "cache"]++
  return rows
}

const iso = (input: DateTime.DateTime.Input) => DateTime.formatIso(DateTime.unsafeMake(input))

/** What the exchange said about the range, where it said anything. */
const whyEmpty = ({ missing: [first] }: Klines.Klines): FetchError.EmptyReason =>
  first !== undefined && isEmptyReason(first.reason) ? first.reason : "api_response"

const isEmptyReason = Schema.is(FetchError.EmptyReason)

/** Three more attempts where the error says that makes sense, ever later, and never before the server allows it. */
const again = Schedule.identity<FetchError.FetchError>().pipe(
  Schedule.whileInput(({ retryable }: FetchError.FetchError) => retryable),
  Schedule.intersect(Schedule.exponential("100 millis")),
  Schedule.intersect(Schedule.recurs(3)),
  Schedule.modifyDelay(([[error]], delay) =>
    Option.match(error.retryAfter, { onNone: () => delay, onSome: (wait) => Duration.max(wait, delay) })
  )
)

// ---------------------------------------------------------------------------------------------------------------------
// progress
// ---------------------------------------------------------------------------------------------------------------------

/** Candles of all series that are done: of those that are over all that were asked for, of the others those that came. */
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

/** How many there can be by now; none where the request is refused. */
const candlesOf = (input: KlineRequest.Input, now: number): Effect.Effect<number> =>
  KlineRequest.make(input).pipe(
    Effect.map(({ end, interval, start }) =>
      Interval.count(interval, DateTime.toEpochMillis(start), Math.min(DateTime.toEpochMillis(end), now))
    ),
    Effect.orElseSucceed(() => 0)
  )
