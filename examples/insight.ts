/**
 * What do the numbers mean? Two days of fetches, and in the last minutes some symbols fall sick: what is abnormal, who is
 * to blame, which limit will be exceeded next, and which limits and timeouts would fit.
 */
import { Array, Console, Duration, Effect, Layer, Logger, LogLevel, Random, TestClock, TestContext } from "effect"
import { ErrorTracker, Fetch, FetchError, Insight } from "effect-errata"

const coins = ["BTC", "ETH", "SOL", "XRP", "ADA", "DOT"]
const sick = coins.slice(0, 4).map((coin) => `${coin}BUSD`)
const symbols = [...coins.map((coin) => `${coin}USDT`), ...sick]

/** A fetch that takes a while, and fails as often as it is told to. */
const fetch = (symbol: string, failing: number) =>
  Effect.gen(function*() {
    yield* Effect.sleep(yield* Random.nextIntBetween(40, 400))
    if ((yield* Random.next) < failing) return yield* new FetchError.ApiRateLimit({ status: 429 })
  }).pipe(
    Fetch.tracked({ symbol, source: "rest" }, { attempts: true }),
    Effect.ignore
  )

const fetches = (every: Duration.DurationInput, failing: (symbol: string) => number) =>
  Effect.forEach(symbols, (symbol) => fetch(symbol, failing(symbol)), { concurrency: "unbounded", discard: true }).pipe(
    Effect.zipRight(Effect.sleep(every))
  )

const program = Effect.gen(function*() {
  yield* Effect.repeatN(fetches("30 minutes", () => 0.1), 2 * 48)
  yield* Effect.repeatN(fetches("1 minute", (symbol) => sick.includes(symbol) ? 0.9 : 0.1), 15)

  // This is all it takes.
  const tracker = yield* ErrorTracker.ErrorTracker
  const snapshot = yield* tracker.snapshot
  const messages = {
    "what is normal": Insight.baseline(snapshot),
    "what is not": Insight.anomalies(snapshot),
    "which symbols are sick": Insight.offenders(snapshot, { by: "symbol", window: "hour" }),
    "which limits will be exceeded": Insight.forecast(snapshot),
    "which limits would fit": Insight.suggestThresholds(snapshot).reasons,
    "which timeouts would fit": Insight.suggestTimeout(snapshot)
  }
  for (const [question, answers] of Object.entries(messages)) {
    yield* Console.log(`${question}?`)
    for (const { message } of answers) yield* Console.log(`  ${message}`)
  }
})

/** Two days are over in a moment: the clock is that of a test, and goes as fast as the fetches. */
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
