/**
 * Statistics on the state of a tracker. Two days of fetches, and in the last minutes some symbols fail: the normal range,
 * anomalies, failing symbols, limits that will be exceeded, and limits and timeouts that fit.
 */
import { Array, Console, Duration, Effect, Layer, Logger, LogLevel, Random, TestClock, TestContext } from "effect"
import { ErrorTracker, Fetch, FetchError, Insight } from "effect-errata"

const coins = ["BTC", "ETH", "SOL", "XRP", "ADA", "DOT"]
const failingSymbols = coins.slice(0, 4).map((coin) => `${coin}BUSD`)
const symbols = [...coins.map((coin) => `${coin}USDT`), ...failingSymbols]

/** A fetch with a random latency that fails with the probability `failureRate`. */
const fetch = (symbol: string, failureRate: number) =>
  Effect.gen(function*() {
    yield* Effect.sleep(yield* Random.nextIntBetween(40, 400))
    if ((yield* Random.next) < failureRate) return yield* new FetchError.ApiRateLimit({ status: 429 })
  }).pipe(
    Fetch.tracked({ symbol, source: "rest" }, { attempts: true }),
    Effect.ignore
  )

const fetches = (every: Duration.DurationInput, failureRate: (symbol: string) => number) =>
  Effect.forEach(symbols, (symbol) => fetch(symbol, failureRate(symbol)), { concurrency: "unbounded", discard: true })
    .pipe(
      Effect.zipRight(Effect.sleep(every))
    )

const program = Effect.gen(function*() {
  yield* Effect.repeatN(fetches("30 minutes", () => 0.1), 2 * 48)
  yield* Effect.repeatN(fetches("1 minute", (symbol) => failingSymbols.includes(symbol) ? 0.9 : 0.1), 15)

  // Each answer comes from one snapshot of the tracker.
  const tracker = yield* ErrorTracker.ErrorTracker
  const snapshot = yield* tracker.snapshot
  const messages = {
    "Normal range": Insight.baseline(snapshot),
    "Anomalies": Insight.anomalies(snapshot),
    "Symbols with a higher failure rate": Insight.offenders(snapshot, { by: "symbol", window: "hour" }),
    "Limits that will be exceeded": Insight.forecast(snapshot),
    "Limits that fit": Insight.suggestThresholds(snapshot).reasons,
    "Timeouts that fit": Insight.suggestTimeout(snapshot)
  }
  for (const [title, answers] of Object.entries(messages)) {
    yield* Console.log(title)
    for (const { message } of answers) yield* Console.log(`  ${message}`)
  }
})

/** Runs two days in a moment, on a test clock. */
const fast = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    for (const _ of Array.range(1, 2 * 24 + 1)) yield* TestClock.adjust(Duration.hours(1))
    yield* fiber
  }).pipe(Effect.withRandom(Random.make("insight")))

const Live = ErrorTracker.layer({ thresholds: { API_RATE_LIMIT: { perHour: 200, perDay: 500 } }, sweepEvery: "1 hour" })
  .pipe(
    Layer.provideMerge(Layer.merge(TestContext.TestContext, Logger.minimumLogLevel(LogLevel.None)))
  )

await Effect.runPromise(fast(program).pipe(Effect.provide(Live)))
