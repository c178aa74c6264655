/**
 * An error type of your own: it is counted under its own code, keeps its type through `Fetch.tracked`, has limits and
 * breakdowns, and is matched by its tag.
 */
import { Console, Data, Effect } from "effect"
import { ErrorTracker, Fetch, type FetchContext, type FetchError } from "effect-errata"

class StaleQuote extends Data.TaggedError("StaleQuote")<{
  readonly context: FetchContext.FetchContext
  readonly ageMillis: number
}> implements FetchError.Trackable {
  readonly code = "STALE_QUOTE"
  readonly category = "Data"
  readonly severity = "WARNING" as const
  readonly retryable = true
  override get message() {
    return `the quote is ${this.ageMillis} ms old`
  }
}

const quote = (symbol: string) => Effect.fail(new StaleQuote({ context: { symbol }, ageMillis: 7000 }))

const program = Effect.gen(function*() {
  const tracker = yield* ErrorTracker.ErrorTracker
  const price = quote("BTCUSDT").pipe(
    Fetch.tracked({ source: "feed" }),
    // Still a StaleQuote: `tracked` classifies only errors that are not trackable.
    Effect.catchTag("StaleQuote", ({ ageMillis, context }) => Console.log(`${context.symbol}: ${ageMillis} ms old`))
  )
  yield* Effect.repeatN(price, 3)
  yield* Console.log(yield* tracker.verdict("STALE_QUOTE"))
})

await Effect.runPromise(
  Effect.provide(program, ErrorTracker.layer({ thresholds: { STALE_QUOTE: { perMinute: 3 } } }))
)
