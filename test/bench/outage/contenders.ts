/** The contenders: what each makes of a client that does not retry. All of them make up to four attempts. */
import { HttpClient } from "@effect/platform"
import type { HttpClientError } from "@effect/platform"
import * as cockatiel from "cockatiel"
import { Effect, Layer, Schedule } from "effect"
import type { Cause, Scope } from "effect"
import { ErrorTracker, Fetch, RetryPolicy } from "effect-errata"
import type { Stroke } from "./plot.js"

/** Fails with any answer that is no success, and with a `TimeoutException` two seconds after the request. */
export type Client = HttpClient.HttpClient.With<HttpClientError.HttpClientError | Cause.TimeoutException>

export interface Contender {
  readonly name: string
  /** In the plot: legible on light and on dark ground, and where lines lie on each other. */
  readonly stroke: Stroke
  /** A call of a URL. What the calls share is made anew for every run. */
  readonly call: (client: Client) => Effect.Effect<Call, never, Scope.Scope>
}

type Call = (url: string) => Effect.Effect<unknown, unknown>

const retries = 3
const exponential = Schedule.exponential("200 millis")

const fromCockatiel = (policy: () => cockatiel.IPolicy): Contender["call"] => (client) =>
  Effect.sync(() => {
    const shared = policy()
    return (url) => {
      const attempt = client.get(url)
      return Effect.tryPromise(() => shared.execute(() => Effect.runPromise(attempt)))
    }
  })

// As its README has them.
const cockatielRetry = () =>
  cockatiel.retry(cockatiel.handleAll, { maxAttempts: retries, backoff: new cockatiel.ExponentialBackoff() })
const cockatielBreaker = () =>
  cockatiel.circuitBreaker(cockatiel.handleAll, { halfOpenAfter: 10_000, breaker: new cockatiel.ConsecutiveBreaker(5) })

export const contenders = {
  none: {
    name: "no retry",
    stroke: { colour: "#8c959f" },
    call: (client) => Effect.succeed((url) => client.get(url))
  },
  naive: {
    name: "naive: `Effect.retry`, exponential",
    stroke: { colour: "#d1242f" },
    call: (client) =>
      Effect.succeed((url) =>
        Effect.retry(client.get(url), { schedule: Schedule.jittered(exponential), times: retries })
      )
  },
  transient: {
    name: "`HttpClient.retryTransient`",
    stroke: { colour: "#bf8700", dash: "7 5" },
    call: (client) => {
      const retrying = HttpClient.retryTransient(client, { schedule: exponential, times: retries })
      return Effect.succeed((url) => retrying.get(url))
    }
  },
  cockatiel: {
    name: "cockatiel, retry",
    stroke: { colour: "#8250df", dash: "2 5" },
    call: fromCockatiel(cockatielRetry)
  },
  breaker: {
    name: "cockatiel, retry and breaker",
    stroke: { colour: "#1a7f37" },
    call: fromCockatiel(() => cockatiel.wrap(cockatielRetry(), cockatielBreaker()))
  },
  ours: {
    name: "`Fetch.retry`",
    stroke: { colour: "#0969da" },
    call: Effect.fnUntraced(function*(client: Client) {
      const tracker = yield* Layer.build(ErrorTracker.layer())
      const policy = yield* Effect.provide(RetryPolicy.make({ source: "rest" }), tracker)
      return (url) =>
        client.get(url).pipe(Fetch.tracked({ source: "rest" }), Fetch.retry(policy), Effect.provide(tracker))
    })
  }
} satisfies Record<string, Contender>
