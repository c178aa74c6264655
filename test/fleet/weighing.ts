/** An exchange that counts weight by the minute, and processes that share its limit. */
import { FetchError } from "effect-errata"
import { RequestWeight } from "effect-errata/binance"
import { FleetStore, FleetWeight } from "effect-errata/fleet"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** Counts what arrives, and states the used weight of the minute in its answers. */
export class WeighingExchange {
  readonly byMinute = new Map<number, number>()
  readonly latency: number
  readonly states: boolean

  constructor({ latency = 50, states = true }: { readonly latency?: number; readonly states?: boolean } = {}) {
    this.latency = latency
    this.states = states
  }

  arrive(weight: number, now: number): number {
    const minute = Math.floor(now / 60_000)
    const used = (this.byMinute.get(minute) ?? 0) + weight
    this.byMinute.set(minute, used)
    return used
  }

  /** A request that arrives at once, and is answered after the latency. */
  readonly request = (weight: number) => (report: (used: number) => Effect.Effect<void>): Effect.Effect<void> =>
    Effect.gen(this, function*() {
      const used = this.arrive(weight, yield* Clock.currentTimeMillis)
      yield* Effect.sleep(this.latency)
      if (this.states) yield* report(used)
    })

  get most(): number {
    return Math.max(0, ...this.byMinute.values())
  }
}

/** A store that can be switched off, and emptied. */
export class BreakableStore {
  isAway = false
  target: FleetStore.Service

  constructor(target: FleetStore.Service) {
    this.target = target
  }

  private readonly through = <A>(
    run: (store: FleetStore.Service) => Effect.Effect<A, FleetStore.Unavailable>
  ): Effect.Effect<A, FleetStore.Unavailable> =>
    Effect.suspend(() =>
      this.isAway
        ? Effect.fail(new FleetStore.Unavailable({ operation: "any", message: "away", mayBeDone: false }))
        : run(this.target)
    )

  get service(): FleetStore.Service {
    const { through } = this
    return {
      ...this.target,
      gates: () => Stream.never,
      reserve: (request) => through((store) => store.reserve(request)),
      settle: (settlement) => through((store) => store.settle(settlement)),
      join: (group, ttl) => through((store) => store.join(group, ttl)),
      leave: (group) => through((store) => store.leave(group))
    }
  }
}

/** The limiter of one process. */
export const limiterOf = (
  store: FleetStore.Service,
  { perMinute = 100, ...options }: {
    readonly perMinute?: number
    readonly block?: number
    readonly processes?: number
  } = {}
): Effect.Effect<RequestWeight.Limiter, never, Scope.Scope> =>
  Effect.flatMap(
    Layer.build(
      FleetWeight.layer({ address: "home", ...options }).pipe(
        Layer.provide(Layer.succeed(FleetStore.FleetStore, store))
      )
    ),
    (services) => Context.get(services, RequestWeight.RequestWeight).limiter("api", perMinute)
  )

export const limited = (wait: number): FetchError.ApiRateLimit =>
  new FetchError.ApiRateLimit({ message: "too many requests", status: 429, retryAfter: wait })
