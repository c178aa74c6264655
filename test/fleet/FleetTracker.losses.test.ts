/** Trackers of a fleet whose store loses data or edges. */
import { describe, expect, it } from "@effect/vitest"
import { type ErrorTracker, FetchError } from "effect-errata"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { virtualFleet } from "./virtualFleet.js"

const many = (tracker: ErrorTracker.Service, n: number) =>
  Effect.repeatN(tracker.track(new FetchError.NetworkTimeout()), n - 1)

// Of timeouts, 3 a minute are normal.
describe("FleetTracker whose store loses data", () => {
  it.scoped("an edge that is lost is published again with its state, once for each process", () =>
    Effect.gen(function*() {
      const fleet = virtualFleet()
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
      const fleet = virtualFleet()
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
      const fleet = virtualFleet()
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

  it.scoped("nor before one that puts them back slowly", () =>
    Effect.gen(function*() {
      const fleet = virtualFleet()
      const [a, b] = [yield* fleet.start(), yield* fleet.start({}, true)]
      yield* many(b.tracker, 8)
      yield* TestClock.adjust("10 seconds")
      expect(a.edges()).toEqual(["Fired", "Escalated"])
      fleet.state.flushDelay = Duration.seconds(10)
      yield* fleet.empty
      yield* a.tracker.track(new FetchError.NetworkDns())
      yield* TestClock.adjust("40 seconds")
      for (const { edges } of [a, b]) expect(edges()).toEqual(["Fired", "Escalated"])
      yield* TestClock.adjust("2 minutes")
      for (const { edges } of [a, b]) expect(edges()).toEqual(["Fired", "Escalated", "Resolved"])
    }))

  it.scoped("a process that starts during an alert decides by the time of the store", () =>
    Effect.gen(function*() {
      const offset = 20_000 * 86_400_000
      const fleet = virtualFleet(offset)
      const before = yield* Scope.make()
      const old = yield* Scope.extend(fleet.start(), before)
      const refused = yield* fleet.start({}, true)
      yield* many(old.tracker, 4)
      yield* TestClock.adjust("2 seconds")
      yield* Scope.close(before, Exit.void)
      // Counts of a process that does not decide on them.
      fleet.state.isRefused = true
      yield* many(refused.tracker, 4)
      yield* TestClock.adjust("6 seconds")
      const next = yield* fleet.start()
      yield* TestClock.adjust("6 seconds")
      expect(next.edges()).toEqual(["Escalated"])
      for (const alert of next.heard) {
        expect(alert._tag === "Missed" ? 0 : alert.at.epochMillis).toBeGreaterThanOrEqual(offset)
      }
    }))

  it.scoped("an alert ends if every process with its limit is gone, and continues under the same limit", () =>
    Effect.gen(function*() {
      const fleet = virtualFleet()
      const thresholds = { NETWORK_TIMEOUT: { perDay: 3 }, NETWORK_DNS: { perDay: 3 } }
      const before = yield* Scope.make()
      const old = yield* Scope.extend(fleet.start({ thresholds }), before)
      yield* many(old.tracker, 4)
      yield* Effect.repeatN(old.tracker.track(new FetchError.NetworkDns()), 3)
      yield* TestClock.adjust("5 seconds")
      expect(old.edges()).toEqual(["Fired", "Fired"])
      // A new version of the application no longer has one of the limits.
      const next = yield* fleet.start({ thresholds: { NETWORK_TIMEOUT: {}, NETWORK_DNS: { perDay: 3 } } })
      yield* TestClock.adjust("2 minutes")
      expect(yield* next.tracker.activeAlerts).toHaveLength(2)
      expect(next.edges()).toEqual(["Fired", "Fired"])
      yield* Scope.close(before, Exit.void)
      yield* TestClock.adjust("12 minutes")
      expect(yield* next.tracker.activeAlerts).toMatchObject([{ code: "NETWORK_DNS" }])
      expect(next.heard.slice(2)).toMatchObject([
        { _tag: "Resolved", code: "NETWORK_TIMEOUT", reason: "withdrawn", count: 0, peak: 4 }
      ])
    }))
})
