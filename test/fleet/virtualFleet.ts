/** Trackers of one fleet over a store in memory, in virtual time. */
import { type Alert, ErrorTracker } from "effect-errata"
import { FleetStore, FleetTracker } from "effect-errata/fleet"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Counts } from "../../src/fleet/internal/memoryCounts.js"
import * as memoryStore from "../../src/fleet/internal/memoryStore.js"

export interface VirtualProcess {
  readonly tracker: ErrorTracker.Service
  readonly heard: ReadonlyArray<Alert.Alert>
  readonly edges: () => ReadonlyArray<string>
}

/** Lets what is ready run. */
const settled = Effect.repeatN(Effect.yieldNow(), 200)

/** A process over a store. */
export const processOver = (
  service: FleetStore.Service,
  options: FleetTracker.Options = {}
): Effect.Effect<VirtualProcess, never, Scope.Scope> =>
  Effect.gen(function*() {
    const live = Layer.provide(FleetTracker.layer(options), Layer.succeed(FleetStore.FleetStore, service))
    const tracker = Context.get(yield* Layer.build(live), ErrorTracker.ErrorTracker)
    const heard: Array<Alert.Alert> = []
    yield* Effect.forkScoped(Stream.runForEach(tracker.alerts, (alert) => Effect.sync(() => heard.push(alert))))
    yield* settled
    return { tracker, heard, edges: () => heard.map(({ _tag }) => _tag) }
  })

const unavailable = new FleetStore.Unavailable({ operation: "any", message: "away", mayBeDone: false })

/**
 * A fleet whose store can lose everything. Of the processes that are started as faulty, edges can be cut off, counts can be
 * slow to arrive, and decisions can be refused. `offset` is the clock of the store less that of the processes.
 */
export const virtualFleet = (offset = 0) => {
  const shared = new memoryStore.Shared()
  const state = { isDeaf: false, isRefused: false, flushDelay: Duration.zero }
  const shifted = <A extends { readonly now: number }>(effect: Effect.Effect<A, FleetStore.Unavailable>) =>
    Effect.map(effect, (answer) => ({ ...answer, now: answer.now + offset }))
  return {
    state,
    shared,
    start: (options?: FleetTracker.Options, isFaulty = false): Effect.Effect<VirtualProcess, never, Scope.Scope> => {
      const store = memoryStore.make(shared, crypto.randomUUID())
      const unlessRefused = <A>(effect: Effect.Effect<A, FleetStore.Unavailable>) =>
        Effect.suspend(() => isFaulty && state.isRefused ? Effect.fail(unavailable) : effect)
      return processOver({
        ...store,
        flush: (batch) =>
          shifted(Effect.suspend(() => Effect.delay(store.flush(batch), isFaulty ? state.flushDelay : 0))),
        timeline: (key, fields) => shifted(store.timeline(key, fields)),
        changeState: (change) => unlessRefused(store.changeState(change)),
        lease: (name, ttl) => unlessRefused(store.lease(name, ttl)),
        edges: (after) => Stream.filter(store.edges(after), () => !(isFaulty && state.isDeaf))
      }, options)
    },
    /** What FLUSHALL does. Edges that were not read before are lost. */
    empty: Effect.sync(() => {
      shared.states.clear()
      shared.members.clear()
      shared.leases.clear()
      Object.assign(shared, { counts: new Counts() })
    })
  }
}
