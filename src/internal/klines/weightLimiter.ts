/**
 * Keeps the requests to one host below its limits. The limits hold for an address, which others may share: the count
 * that the exchange sends with its answers is the truth, what was sent and is not answered yet comes on top.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type { Limiter } from "../../binance/RequestWeight.js"
import { ApiRateLimit } from "../../FetchError.js"

interface State {
  /** The minute, by the clock, that `used` is about. */
  readonly minute: number
  readonly used: number
  /** The weight of the requests under way. */
  readonly pending: number
  /** The last refusal, and until when it holds. */
  readonly refusal: { readonly until: number; readonly error: ApiRateLimit } | undefined
}

const minuteMillis = 60_000
// The rest is for others on the same address, and for clocks that differ.
const share = 0.9

export const make = (weightPerMinute: number): Effect.Effect<Limiter> =>
  Effect.map(Ref.make<State>({ minute: 0, used: 0, pending: 0, refusal: undefined }), (ref) => {
    /** Counts a request in; what comes back is how long to wait before trying again, or the minute it is counted in. */
    const enter = (weight: number) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Ref.modify(ref, (state): readonly [Entry, State] => {
          const { refusal } = state
          if (refusal !== undefined && now < refusal.until) return [{ refused: again(refusal, now) }, state]
          const minute = Math.floor(now / minuteMillis)
          const used = minute === state.minute ? state.used : 0
          return used + state.pending + weight <= weightPerMinute * share
            ? [{ minute }, { minute, used, pending: state.pending + weight, refusal: undefined }]
            : [{ wait: (minute + 1) * minuteMillis - now }, state]
        }))

    const leave = (weight: number, sent: number, reported: number) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Ref.update(ref, (state): State => {
          const minute = Math.floor(now / minuteMillis)
          const used = minute === state.minute ? state.used : 0
          // Answers overtake each other, and one that was sent in another minute may count that one.
          const known = reported >= 0 && sent === minute ? Math.max(used, reported) : used + weight
          return { ...state, minute, used: known, pending: state.pending - weight }
        }))

    return {
      pass: (weight, request) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.gen(function*() {
            let entry = yield* enter(weight)
            while ("wait" in entry) {
              yield* restore(Effect.sleep(entry.wait))
              entry = yield* enter(weight)
            }
            if ("refused" in entry) return yield* Effect.fail(entry.refused)
            const { minute } = entry
            let reported = NaN
            return yield* restore(request((used) => Effect.sync(() => void (reported = used)))).pipe(
              Effect.onExit(() => leave(weight, minute, reported))
            )
          })
        ),
      refused: (error) =>
        Option.match(error.retryAfter, {
          onNone: () => Effect.void,
          onSome: (retryAfter) =>
            Effect.flatMap(Clock.currentTimeMillis, (now) =>
              Ref.update(ref, (state): State => {
                const until = now + Duration.toMillis(retryAfter)
                return until > (state.refusal?.until ?? 0) ? { ...state, refusal: { until, error } } : state
              }))
        })
    }
  })

type Entry = { readonly minute: number } | { readonly wait: number } | { readonly refused: ApiRateLimit }

const again = ({ error, until }: NonNullable<State["refusal"]>, now: number): ApiRateLimit =>
  new ApiRateLimit({
    message: `Not sent, since the exchange said to wait: ${error.message}`,
    status: error.status,
    apiCode: error.apiCode,
    banned: error.banned,
    retryAfter: Option.some(Duration.millis(until - now))
  })
