/** Trackers of a fleet whose store loses data or edges. */
import { describe, expect, it } from "@effect/vitest"
import { type Alert, ErrorTracker, FetchError } from "effect-errata"
import { FleetStore, FleetTracker } from "effect-errata/fleet"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { Counts } from "../../src/fleet/internal/memoryCounts.js"
import * as memoryStore from "../../src/fleet/internal/memoryStore.js"

const settled = Effect.repeatN(Effect.yieldNow(), 200)

/** Processes over one store that can lose everything, and whose edges can be cut off. */
const lossy = () => {
  const shared = new memoryStore.Shared()
  const state = { isDeaf: false }
  const start = (options: FleetTracker.Options = {}, canBeDeaf = false) =>
    Effect.gen(function*() {
      const store = memoryStore.make(shared, crypto.randomUUID())
      const service: FleetStore.Service = {
        ...store,
        edges: (after) => Stream.filter(store.edges(after), () => !(canBeDeaf && state.isDeaf))
      }
      const live = Layer.provide(FleetTracker.layer(options), Layer.succeed(FleetStore.FleetStore, service))
      const tracker = Context.get(yield* Layer.build(live), ErrorTracker.ErrorTracker)
      const heard: Array<Alert.Alert> = []
      yield* Effect.forkScoped(Stream.runForEach(tracker.alerts, (alert) => Effect.sync(() => heard.push(alert))))
      yield* settled
      return { tracker, edges: () => heard.map(({ _tag }) => _tag), heard }
    })
  return {
    state,
    start,
    /** What FLUSHALL does. Edges that were not read before are lost. */
    empty: Effect.sync(() => {
      shared.states.clear()
      shared.members.clear()
      shared.leases.clear()
      Object.assign(shared, { counts: new Counts() })
    })
  }
}

const many = (tracker: ErrorTracker.Service, n: number) =>
  Effect.repeatN(tracker.track(new FetchError.NetworkTimeout()), n - 1)

// Of timeouts, 3 a minute are normal.
describe("FleetTracker whose store loses data", () => {
  it.scoped("an edge that is lost is published again with its state, once for each process", () =>
    Effect.gen(function*() {
      const fleet = lossy()
      const a = yield* fleet.start()
      const b = yield* fleet.start({}, true)
      yield* many(a.tracker, 4)
      yield* TestClock.adjust("2 seconds")
      expect([a.edges(), b.edges()]).toEqual([["Fired"], ["Fired"]])
      fleet.state.isDeaf = true
      yield* many(a.tracker, 4)
      yield* TestClock.adjust("2 seconds")
      expect([a.edges(), b.edges()]).toEqual([["Fired", "Escalated"], ["Fired"]])
      yield* fleet.empty
      fleet.state.isDeaf = false
      yield* many(b.tracker, 1)
      yield* TestClock.adjust("2 seconds")
      expect([a.edges(), b.edges()]).toEqual([["Fired", "Escalated"], ["Fired", "Escalated"]])
      yield* TestClock.adjust("2 minutes")
      expect(a.edges()).toEqual(["Fired", "Escalated", "Resolved"])
      expect(b.heard).toEqual(a.heard)
    }))

  it.scoped("an edge that never arrives is taken from the state of its alert", () =>
    Effect.gen(function*() {
      const fleet = lossy()
      const a = yield* fleet.start()
      const b = yield* fleet.start({}, true)
      fleet.state.isDeaf = true
      yield* many(a.tracker, 8)
      yield* TestClock.adjust("2 seconds")
      yield* b.tracker.track(new FetchError.NetworkTimeout())
      yield* TestClock.adjust("20 seconds")
      expect(a.edges()).toEqual(["Fired", "Escalated"])
      expect(b.edges()).toEqual(["Fired", "Escalated"])
      expect(new Set(b.heard.map((alert) => alert._tag === "Missed" ? "" : alert.id)).size).toBe(1)
      yield* TestClock.adjust("2 minutes")
      expect(b.edges()).toEqual(["Fired", "Escalated", "Resolved"])
      expect(a.edges()).toEqual(b.edges())
    }))

  it.scoped("nothing resolves before every process has put its counts back", () =>
    Effect.gen(function*() {
      const fleet = lossy()
      const [a, b] = [yield* fleet.start(), yield* fleet.start()]
      yield* many(b.tracker, 8)
      yield* TestClock.adjust("10 seconds")
      expect(a.edges()).toEqual(["Fired", "Escalated"])
      yield* fleet.empty
      // Counts nothing of what the limit is on.
      yield* a.tracker.track(new FetchError.NetworkDns())
      yield* TestClock.adjust("30 seconds")
      expect(a.edges()).toEqual(["Fired", "Escalated"])
      expect((yield* a.tracker.stats({ window: "1 minute" })).total).toBe(9)
      yield* TestClock.adjust("1 minute")
      for (const { edges } of [a, b]) expect(edges()).toEqual(["Fired", "Escalated", "Resolved"])
    }))
})
