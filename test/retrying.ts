/** What the tests of retries ask, and how they ask it. */
import { ErrorTracker, Fetch, FetchError } from "effect-errata"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** A source that answers as the test says, and when it was asked. The first request is 1. */
export const sourceOf = <A, E, R = never>(answer: (n: number) => Effect.Effect<A, E, R>, source = "rest") => {
  const asked: Array<number> = []
  const raw = Effect.flatMap(Clock.currentTimeMillis, (now) => answer(asked.push(now)))
  return { asked, raw, fetch: raw.pipe(Fetch.tracked({ source })) }
}

export const after = (seconds: number) => ({ retryAfter: Option.some(Duration.seconds(seconds)) })

export const down = () => new FetchError.ApiFormat({ status: 503 })
export const limited = (seconds: number) => new FetchError.ApiRateLimit({ status: 429, ...after(seconds) })
export const banned = (seconds: number) => new FetchError.ApiRateLimit({ status: 418, ...after(seconds) })

export const stats = Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) => tracker.stats())

/** An answer that comes after so many seconds. */
export const later = <A, E, R>(seconds: number, answer: Effect.Effect<A, E, R>) =>
  Effect.zipRight(Effect.sleep(Duration.seconds(seconds)), answer)

/** So many calls at once, and how they end. */
export const many = <A, E, R>(n: number, call: (i: number) => Effect.Effect<A, E, R>) =>
  Effect.forEach(Array.from({ length: n }, (_, i) => i), (i) => Effect.exit(call(i)), { concurrency: "unbounded" })

/** The most instants in any span so long. */
export const mostWithin = (millis: number, instants: ReadonlyArray<number>): number => {
  const sorted = instants.toSorted((a, b) => a - b)
  return Math.max(0, ...sorted.map((from, i) => sorted.filter((at, j) => j >= i && at < from + millis).length))
}
