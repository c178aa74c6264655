/** The limiter of one host whose weight the processes of a fleet share. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { type Limiter, notSent } from "../../binance/internal/klines/weightLimiter.js"
import type { ApiRateLimit } from "../../FetchError.js"
import * as FetchError from "../../FetchError.js"
import { monotonicMillis } from "../../internal/monotonicMillis.js"
import { Gate } from "../../internal/retry/gate.js"
import { namedBy, rateLimitOf } from "../../internal/retry/outcome.js"
import type { Host as SharedHost } from "../../internal/retry/sharedGateModel.js"
import { FallbackWeight } from "./fallbackWeight.js"
import { type Origin, Settlements } from "./settlements.js"
import type { Unavailable } from "./storeError.js"
import type * as Model from "./storeModel.js"

// The share of the limit that is used. The rest is for other clients on the same address, and for clock differences.
const share = 0.9
// The maximum delay of the exchange's clock: its minute may begin this much later.
const margin = 1000
// Weight that others do not use may become free within the minute.
const askAgain = 1000
// A block of which nothing was used for so long is given back.
const idle = 1000

/** The number of processes of the fleet, as far as it is known: their parts of the limit without the store. */
export interface Fleet {
  readonly processes: number
}

export interface LimiterSettings {
  readonly address: string
  readonly host: string
  readonly weightPerMinute: number
  readonly block: number
  readonly shared: SharedHost | undefined
}

export interface FleetLimiter extends Limiter {
  /** Whether weight is reserved in the store. After a failure it is not, until `synchronize` succeeds. */
  readonly isShared: () => boolean
  /** Learns what the fleet has used, and tells it what this process has used without it. */
  readonly synchronize: Effect.Effect<void, Unavailable>
}

/** Weight that a request may use. */
type Grant = Origin & { readonly isShared: boolean }

/** Reserved weight that no request has used yet. */
interface Block extends Origin {
  readonly end: number
  left: number
  usedAt: number
}

export const make = Effect.fnUntraced(function*(
  store: Model.Store,
  fleet: Fleet,
  { address, block: blockSize, host, shared, weightPerMinute }: LimiterSettings
): Effect.fn.Return<FleetLimiter, never, Scope.Scope> {
  const limit = Math.floor(weightPerMinute * share)
  const gate = new Gate(shared)
  const fallback = new FallbackWeight(limit)
  const settlements = new Settlements()
  const hasEnded = yield* Effect.makeLatch(false)
  // First come, first served.
  const turn = yield* Effect.makeSemaphore(1)
  let isShared = false
  let block: Block | undefined
  let known = { minute: 0, settled: 0 }

  const untilMinuteEnds = Effect.map(Clock.currentTimeMillis, (now) => 60_000 - (now % 60_000))

  /** Gives an old or idle block back. */
  const giveBack = (isOld: (block: Block) => boolean) => {
    if (block === undefined || !isOld(block)) return
    settlements.returned(block, block.left)
    block = undefined
    hasEnded.unsafeOpen()
  }

  /** Asks the store. The grant is counted from before the question: the minute may end while the answer is under way. */
  const reserve = (weight: number, most: number) =>
    Effect.gen(function*() {
      const asked = yield* monotonicMillis
      const reserved = yield* store.reserve({ address, host, limit, weight, block: most, known })
      known = { minute: reserved.minute, settled: reserved.settled }
      fallback.heard(reserved.used, reserved.left, asked)
      // What was reserved in another epoch is not known to the store: its rest must not be used.
      if (block !== undefined && block.epoch !== reserved.epoch) block = undefined
      return { ...reserved, end: asked + reserved.left }
    })

  /** Takes weight, or returns the time to wait. Runs in an uninterruptible region: weight that is taken has an owner. */
  const take = (
    weight: number
  ): Effect.Effect<Grant | { readonly wait: number } | { readonly refused: ApiRateLimit }> =>
    Effect.gen(function*() {
      const now = yield* monotonicMillis
      const closed = gate.closed(now)
      if (closed !== undefined) return { refused: notSent(closed) }
      if (!isShared) {
        const entry = fallback.enter(weight, fleet.processes, yield* untilMinuteEnds, now)
        return "wait" in entry
          // The store may be back before the minute ends.
          ? { wait: Math.min(entry.wait, askAgain) }
          : { minute: entry.minute, epoch: 0, isShared: false }
      }
      giveBack(({ end }) => end <= now)
      if (block !== undefined && block.left >= weight) {
        block.left -= weight
        block.usedAt = now
        return { minute: block.minute, epoch: block.epoch, isShared: true }
      }
      giveBack(() => true)
      const reserved = yield* Effect.option(reserve(weight, Math.max(weight, blockSize)))
      const then = yield* monotonicMillis
      if (Option.isNone(reserved)) {
        isShared = false
        return { wait: 0 }
      }
      const { end, epoch, granted, left, minute } = reserved.value
      if (granted < weight) {
        const untilNext = left + margin
        return { wait: Math.min(untilNext, askAgain * (0.5 + (yield* Random.next))) }
      }
      // The minute may have ended, or the host may have paused, while the answer was under way.
      const paused = gate.closed(then)
      if (then >= end || paused !== undefined) {
        settlements.returned({ minute, epoch }, granted)
        hasEnded.unsafeOpen()
        return paused === undefined ? { wait: 0 } : { refused: notSent(paused) }
      }
      if (granted > weight) block = { minute, epoch, end, left: granted - weight, usedAt: then }
      return { minute, epoch, isShared: true }
    })

  const settle = Effect.suspend(() =>
    Effect.forEach(settlements.take(), (ended) => store.settle({ address, host, ...ended }), { discard: true })
  )

  // What cannot be reported stays reserved until the minute ends: too much rather than too little.
  yield* Effect.forkScoped(Effect.forever(
    Effect.zipRight(hasEnded.await, Effect.zipRight(hasEnded.close, Effect.ignore(settle)))
  ))
  yield* Effect.addFinalizer(() => {
    giveBack(() => true)
    return Effect.ignore(settle)
  })

  return {
    isShared: () => isShared,
    synchronize: Effect.gen(function*() {
      const now = yield* monotonicMillis
      giveBack(({ end, usedAt }) => end <= now || usedAt + idle <= now)
      if (isShared) return yield* Effect.asVoid(reserve(0, 0))
      const asked = yield* monotonicMillis
      const { epoch, left, minute, used } = yield* store.reserve({ address, host, limit, weight: 0, block: 0, known })
      const { reported, spent } = fallback.unknown(asked)
      if (reported > 0 || spent > 0) {
        yield* store.settle({ address, host, minute, epoch, answered: 0, reported, spent, unused: 0 })
      }
      // Requests may have been sent while the store answered.
      const later = fallback.unknown(yield* monotonicMillis)
      settlements.ended({ minute, epoch }, Math.max(0, later.spent - spent), NaN)
      fallback.heard(used + later.spent, left, asked)
      isShared = true
      hasEnded.unsafeOpen()
    }),
    usage: Effect.gen(function*() {
      const now = yield* monotonicMillis
      const { left, used } = fallback.usage(yield* untilMinuteEnds, now)
      return {
        used,
        limit: weightPerMinute,
        resetIn: Duration.millis(Math.ceil(left)),
        pausedFor: Option.map(Option.fromNullable(gate.closed(now)), ({ wait }) => Duration.millis(Math.ceil(wait)))
      }
    }),
    pass: (weight, request) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const grant = yield* Effect.acquireUseRelease(
            restore(turn.take(1)),
            () =>
              Effect.gen(function*() {
                let taken = yield* take(weight)
                while ("wait" in taken) {
                  yield* restore(Effect.sleep(Math.ceil(taken.wait)))
                  taken = yield* take(weight)
                }
                return taken
              }),
            () => turn.release(1)
          )
          if ("refused" in grant) return yield* Effect.fail(grant.refused)
          const { closings } = gate
          let reported = NaN
          return yield* restore(request((used) => Effect.sync(() => void (reported = used)))).pipe(
            Effect.onExit(() =>
              Effect.sync(() => {
                if (!grant.isShared) return fallback.leave(weight, grant.minute, reported)
                settlements.ended(grant, weight, reported)
                hasEnded.unsafeOpen()
              })
            ),
            Effect.tapError((error) => {
              const limit = FetchError.isFetchError(error) ? rateLimitOf(error) : undefined
              return limit === undefined
                ? Effect.void
                : Effect.map(monotonicMillis, (now) => gate.close(limit, namedBy(limit), closings, now))
            })
          )
        })
      )
  }
})
