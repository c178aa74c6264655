/** Trackers of one fleet over a store in memory, in virtual time. */
import { type Alert, ErrorTracker } from "effect-errata"
import { FleetStore, FleetTracker } from "effect-errata/fleet"
import * as Context from "effect/Context"
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

/** A fleet whose store can lose everything, and whose edges can be cut off. */
export const virtualFleet = () => {
  const shared = new memoryStore.Shared()
  const state = { isDeaf: false }
  return {
    state,
    shared,
    start: (options?: FleetTracker.Options, canBeDeaf = false): Effect.Effect<VirtualProcess, never, Scope.Scope> => {
      const store = memoryStore.make(shared, crypto.randomUUID())
      return processOver({
        ...store,
        edges: (after) => Stream.filter(store.edges(after), () => !(canBeDeaf && state.isDeaf))
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
