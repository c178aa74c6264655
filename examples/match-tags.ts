/**
 * Handling errors by tag. The type of the remaining errors excludes those that are handled.
 */
// @effect-diagnostics globalErrorInEffectFailure:off -- third-party code throws plain errors
import { Console, Duration, Effect, Match, Option } from "effect"
import { ErrorTracker, Fetch, FetchError } from "effect-errata"

/** Some of the 17 by tag, the others by `retryable`. */
const decide = Match.type<FetchError.FetchError>().pipe(
  Match.tag(
    "ApiRateLimit",
    ({ retryAfter }) =>
      `wait ${Option.match(retryAfter, { onNone: () => "briefly", onSome: (wait) => Duration.format(wait) })}`
  ),
  Match.tag(
    "DataEmpty",
    ({ expected, reason }) => expected ? `continue without data: ${reason}` : `investigate: ${reason}`
  ),
  Match.tag("ApiAuth", "ApiPermission", () => "page the operator"),
  Match.orElse(({ retryable }) => retryable ? "retry" : "give up")
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
    // Handles one tag, which leaves the type of the error.
    Effect.catchTag("DataEmpty", ({ reason }) => Console.log(`${name}: no data (${reason})`)),
    Effect.catchAll((error) => Console.log(`${name}: ${error.code}, ${decide(error)}`))
  ))

await Effect.runPromise(Effect.provide(program, ErrorTracker.layerNoop))
