/** What an application does with the package: one fetch that fails, tracked, counted, and matched on by its tag. */
import { ErrorTracker, Fetch } from "effect-errata"
import { ApiRateLimit } from "effect-errata/FetchError"
import * as Effect from "effect/Effect"

const program = Effect.gen(function*() {
  const answer = yield* Effect.fail(new ApiRateLimit({})).pipe(
    Fetch.tracked({ symbol: "BTCUSDT", source: "rest" }),
    Effect.catchTag("ApiRateLimit", (error) => Effect.succeed(error.code))
  )
  const tracker = yield* ErrorTracker.ErrorTracker
  const stats = yield* tracker.stats()
  return { answer, total: stats.total }
})

const { answer, total } = await Effect.runPromise(Effect.provide(program, ErrorTracker.layer()))
if (answer !== "API_RATE_LIMIT" || total !== 1) {
  throw new Error(`expected one API_RATE_LIMIT, got ${answer} and a total of ${total}`)
}
