/**
 * Keeps the requests to one host below its limits. The limits hold for an address, which others may share: the count
 * that the exchange sends with its answers is the truth, what was sent and is not answered yet comes on top.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as FetchContext from "../../../FetchContext.js"
import { ApiRateLimit } from "../../../FetchError.js"
import { asRefusal, withRetryAfter } from "../../../internal/error/copy.js"
import { type Closed, Gate, namedBy } from "../../../internal/retry/gate.js"
import type { Limiter } from "../../RequestWeight.js"

interface State {
  /** The minute, by the clock, that `used` is about. */
  readonly minute: number
  readonly used: number
  /** The weight of the requests under way. */
  readonly pending: number
}

const minuteMillis = 60_000
// The rest is for others on the same address, and for clocks that differ.
const share = 0.9
// Who waits for the next minute goes on so much later: by the clock of the exchange it may not have begun.
const margin = 1000

export const make = (weightPerMinute: number): Effect.Effect<Limiter> =>
  Effect.map(Ref.make<State>({ minute: 0, used: 0, pending: 0 }), (ref) => {
    const gate = new Gate()

    /** Counts a request in; what comes back is how long to wait before trying again, or the minute it is counted in. */
    const enter = (weight: number) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Ref.modify(ref, (state): readonly [Entry, State] => {
          const closed = gate.closed(now)
          if (closed !== undefined) return [{ refused: notSent(closed) }, state]
          const minute = Math.floor(now / minuteMillis)
          const used = minute === state.minute ? state.used : 0
          return used + state.pending + weight <= weightPerMinute * share
            ? [{ minute, closings: gate.closings }, { minute, used, pending: state.pending + weight }]
            : [{ wait: (minute + 1) * minuteMillis + margin - now }, state]
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
            const { closings, minute } = entry
            let reported = NaN
            return yield* restore(request((used) => Effect.sync(() => void (reported = used)))).pipe(
              Effect.onExit(() => leave(weight, minute, reported)),
              Effect.tapError((error) =>
                error instanceof ApiRateLimit
                  ? Effect.map(Clock.currentTimeMillis, (now) => gate.refused(error, namedBy(error), closings, now))
                  : Effect.void
              )
            )
          })
        )
    }
  })

type Entry =
  | { readonly minute: number; readonly closings: number }
  | { readonly wait: number }
  | { readonly refused: ApiRateLimit }

const notSent = ({ error, wait }: Closed): ApiRateLimit =>
  asRefusal(
    withRetryAfter(error, Duration.millis(wait)),
    FetchContext.make({ attributes: { refused: "the exchange said to wait" } }),
    `Not sent, since the exchange said to wait: ${error.message}`
  )
