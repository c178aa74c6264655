/**
 * Errors are data: match on their tags to decide what to do. The compiler knows which ones are left.
 */
// @effect-diagnostics globalErrorInEffectFailure:off -- what other people's code throws is what this is about
import { Console, Duration, Effect, Match, Option } from "effect"
import { ErrorTracker, Fetch, FetchError } from "effect-errata"

/** Some of the 17 by tag, the rest by what they say of themselves. */
const decide = Match.type<FetchError.FetchError>().pipe(
  Match.tag(
    "ApiRateLimit",
    ({ retryAfter }) =>
      `wait ${Option.match(retryAfter, { onNone: () => "a little", onSome: (wait) => Duration.format(wait) })}`
  ),
  Match.tag("DataEmpty", ({ expected, reason }) => expected ? `go on without: ${reason}` : `look into it: ${reason}`),
  Match.tag("ApiAuth", "ApiPermission", () => "page somebody"),
  Match.orElse(({ retryable }) => retryable ? "try again" : "give up")
)

const fetches: Record<string, Effect.Effect<number, unknown>> = {
  limited: Effect.fail(new FetchError.ApiRateLimit({ status: 429, retryAfter: Option.some(Duration.seconds(7)) })),
  delisted: Effect.fail(new FetchError.DataEmpty({ reason: "delisted" })),
  refused: Effect.fail(Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" })),
  forbidden: Effect.fail({ status: 403 }),
  buggy: Effect.fail(new TypeError("rows is not iterable"))
}

const program = Effect.forEach(Object.entries(fetches), ([name, fetch]) =>
  fetch.pipe(
    Fetch.tracked({ operation: name }),
    // One tag handled here: its type is gone from the errors that remain.
    Effect.catchTag("DataEmpty", ({ reason }) => Console.log(`${name}: nothing there (${reason})`)),
    Effect.catchAll((error) => Console.log(`${name}: ${error.code}, ${decide(error)}`))
  ))

await Effect.runPromise(Effect.provide(program, ErrorTracker.layerNoop))
