/** Fetches series of candles, and decides by the tags of the errors what to do when that fails. */
import { DateTime, Duration, Effect, Option, Ref, Schedule, Schema } from "effect"
import { Fetch, FetchError } from "effect-errata"
import { BinanceRest, type KlineRequest, Klines } from "effect-errata/binance"
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
  /** How often it was tried. */
  readonly attempts: number
  /** Why there is less than was asked for. */
  readonly note: string
  readonly missing: ReadonlyArray<{ readonly start: string; readonly end: string; readonly reason: string }>
}

/** One series; several requests where there are several ranges of it. */
export type Series = readonly [KlineRequest.Input, ...ReadonlyArray<KlineRequest.Input>]

const concurrency = 4

export const run = (series: ReadonlyArray<Series>) =>
  Effect.gen(function*() {
    const screen = yield* Screen
    const done = yield* Ref.make(0)
    yield* screen.progress(0, series.length)
    return yield* Effect.forEach(series, (requests) =>
      Effect.tap(fetchSeries(requests), () =>
        Effect.flatMap(
          Ref.updateAndGet(done, (n) => n + 1),
          (n) => screen.progress(n, series.length)
        )), { concurrency })
  })

const fetchSeries = (
  requests: Series
): Effect.Effect<Outcome, never, Effect.Effect.Context<ReturnType<typeof fetch>>> =>
  Effect.gen(function*() {
    const [{ interval, market, symbol }] = requests
    const attempts = yield* Ref.make(0)
    const outcome = yield* Effect.forEach(requests, (request) =>
      Ref.update(attempts, (n) => n + 1).pipe(
        Effect.zipRight(fetch(request)),
        Effect.retry(again)
      )).pipe(
        Effect.map(([first, ...rest]) => rest.reduce(Klines.concat, first)),
        Effect.map((klines) => ({
          outcome: klines.missing.length === 0 ? "complete" as const : "incomplete" as const,
          rows: klines.length,
          note: [...new Set(klines.missing.map(({ reason }) => reason))].join(", "),
          missing: klines.missing.map(({ end, reason, start }) => ({
            start: new Date(start).toISOString(),
            end: new Date(end).toISOString(),
            reason
          }))
        })),
        Effect.catchTags({
          DataEmpty: ({ reason }) => Effect.succeed({ ...nothing, outcome: "empty" as const, note: reason }),
          DataValidation: ({ context, message }) =>
            Effect.succeed({
              ...nothing,
              outcome: context.operation === "validate" ? "refused" as const : "failed" as const,
              note: message
            })
        }),
        Effect.catchAll(({ code, message }) =>
          Effect.succeed({ ...nothing, outcome: "failed" as const, note: `${code}: ${message}` })
        )
      )
    const instants = requests.flatMap(({ end, start }) => [instant(start), instant(end)]).sort()
    return {
      market,
      symbol,
      interval,
      from: instants[0] ?? "",
      to: instants[instants.length - 1] ?? "",
      ...outcome,
      // Several ranges of one series are no several tries.
      attempts: (yield* Ref.get(attempts)) - (requests.length - 1)
    }
  })

const instant = (input: DateTime.DateTime.Input) => DateTime.formatIso(DateTime.unsafeMake(input))

const nothing = { rows: 0, missing: [] }

const fetch = (request: KlineRequest.Input) =>
  Effect.flatMap(BinanceRest.BinanceRest, (rest) => rest.klines(request)).pipe(
    Effect.filterOrFail(
      ({ length, missing }) => length > 0 || !missing.some(({ reason }) => reason === "invalid"),
      () => new FetchError.DataValidation({ message: "All candles of the answer are broken" })
    ),
    Fetch.failOnEmpty({ isEmpty: ({ length }) => length === 0, reason: whyEmpty }),
    Fetch.tracked({ ...request, source: "rest" }, { attempts: true })
  )

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
