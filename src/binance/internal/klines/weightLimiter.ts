/**
 * Keeps the requests to one host below its limits. The limits apply to an IP address, which other clients may share:
 * the used weight that the exchange reports is authoritative, and the requests in flight are added to it.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as FetchContext from "../../../FetchContext.js"
import type { ApiRateLimit } from "../../../FetchError.js"
import * as FetchError from "../../../FetchError.js"
import { asRefusal, withRetryAfter } from "../../../internal/error/copy.js"
import { monotonicMillis } from "../../../internal/monotonicMillis.js"
import { type Closed, Gate } from "../../../internal/retry/gate.js"
import { namedBy, rateLimitOf } from "../../../internal/retry/outcome.js"
import type { Host as SharedHost } from "../../../internal/retry/sharedGateModel.js"
import { MinuteWeight } from "./minuteWeight.js"

export interface Limiter {
  /**
   * Runs a request when its weight fits into the minute. After an `ApiRateLimit` with a `retryAfter`, further requests
   * fail without being run until the cool-down ends. `report` takes the used weight of the answer, NaN if the answer
   * has none.
   */
  readonly pass: <A, E, R>(
    weight: number,
    request: (report: (used: number) => Effect.Effect<void>) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | ApiRateLimit, R>
  readonly usage: Effect.Effect<LimiterUsage>
}

/** The use of the limit of one host. */
export interface LimiterUsage {
  /** The weight used in the current minute, requests in flight included. */
  readonly used: number
  /** The weight that the host allows a minute. */
  readonly limit: number
  /** The time until the next minute begins. */
  readonly resetIn: Duration.Duration
  /** The time until requests are sent again after a rate limit. None: they are sent now. */
  readonly pausedFor: Option.Option<Duration.Duration>
}

export const make = (weightPerMinute: number, shared?: SharedHost): Effect.Effect<Limiter> =>
  Effect.sync(() => {
    const gate = new Gate(shared)
    const weights = new MinuteWeight(weightPerMinute)

    /** Counts a request. Otherwise returns the error that refuses it, or the time to wait. */
    const enter = (weight: number) =>
      Effect.map(times, ({ mono, wall }): Entry => {
        const closed = gate.closed(mono)
        if (closed !== undefined) return { refused: notSent(closed) }
        return { ...weights.enter(weight, mono, wall), closings: gate.closings }
      })

    return {
      usage: Effect.map(times, ({ mono, wall }) => {
        const { left, used } = weights.usage(mono, wall)
        return {
          used,
          limit: weights.perMinute,
          resetIn: Duration.millis(Math.ceil(left)),
          pausedFor: Option.map(
            Option.fromNullable(gate.closed(mono)),
            ({ wait }) => Duration.millis(Math.ceil(wait))
          )
        }
      }),
      pass: (weight, request) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.gen(function*() {
            let entry = yield* enter(weight)
            while ("wait" in entry) {
              yield* restore(Effect.sleep(Math.ceil(entry.wait)))
              entry = yield* enter(weight)
            }
            if ("refused" in entry) return yield* Effect.fail(entry.refused)
            const { closings, minute } = entry
            let reported = NaN
            return yield* restore(request((used) => Effect.sync(() => void (reported = used)))).pipe(
              Effect.onExit(() =>
                Effect.map(times, ({ mono, wall }) => weights.leave(weight, minute, reported, mono, wall))
              ),
              Effect.tapError((error) => {
                const limit = FetchError.isFetchError(error) ? rateLimitOf(error) : undefined
                return limit === undefined
                  ? Effect.void
                  : Effect.map(times, ({ mono }) => gate.close(limit, namedBy(limit), closings, mono))
              })
            )
          })
        )
    }
  })

const times = Effect.map(
  Effect.all([monotonicMillis, Clock.currentTimeMillis]),
  ([mono, wall]) => ({ mono, wall })
)

type Entry =
  | { readonly minute: number; readonly closings: number }
  | { readonly wait: number }
  | { readonly refused: ApiRateLimit }

/** The error of a request that is not sent during a pause. */
export const notSent = ({ error, wait }: Closed): ApiRateLimit =>
  asRefusal(
    withRetryAfter(error, Duration.millis(Math.ceil(wait))),
    FetchContext.make({ attributes: { refused: "the exchange asks to wait" } }),
    `Not sent because the exchange asks to wait: ${error.message}`
  )
