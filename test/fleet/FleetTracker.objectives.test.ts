/** Objectives under the counts of a fleet. */
import { describe, expect, it } from "@effect/vitest"
import { type ErrorTracker, FetchError } from "effect-errata"
import { FleetStore } from "effect-errata/fleet"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { reportingOf } from "../../src/internal/tracker/reporting.js"
import { processOver, virtualFleet, type VirtualProcess } from "./virtualFleet.js"

const timeout = (source: string) => new FetchError.NetworkTimeout({ context: { source } })

/** Some minutes, in each of which a process has failures and successes. */
const minutes = (
  n: number,
  round: ReadonlyArray<Effect.Effect<unknown>>
): Effect.Effect<void> => Effect.repeatN(Effect.zipRight(Effect.all(round), TestClock.adjust("1 minute")), n - 1)

const attempts = (tracker: ErrorTracker.Service, failures: number, successes: number, source = "rest") =>
  Effect.gen(function*() {
    for (let i = 0; i < failures; i++) yield* tracker.track(timeout(source), { attempt: true })
    for (let i = 0; i < successes; i++) yield* tracker.succeeded({ source })
  })

const fired = ({ heard }: VirtualProcess) => heard.filter((alert) => alert._tag !== "Missed" && alert.rule === "slo")

const ofWindow = (process: VirtualProcess, window: string) =>
  process.heard.flatMap((alert) => alert._tag !== "Missed" && alert.window === window ? [alert._tag] : [])

describe("objectives of a fleet", () => {
  const thresholds = { NETWORK_TIMEOUT: {} }

  it.scoped("neither process has enough events; the fleet fires once, and resolves when it succeeds again", () =>
    Effect.gen(function*() {
      const fleet = virtualFleet()
      const rules = [{ name: "slo", objective: 0.99, of: "attempts", minEvents: 70 }] as const
      const processes = yield* Effect.all([fleet.start({ thresholds, rules }), fleet.start({ thresholds, rules })])
      const alone = yield* processOver(yield* FleetStore.memoryFleet(), { thresholds, rules })
      const all = (failures: number, successes: number) => [
        ...processes.map(({ tracker }) => attempts(tracker, failures, successes)),
        attempts(alone.tracker, 2 * failures, 2 * successes)
      ]
      // 25 % fail: more than the 14.4 % of the pair of an hour, and four times the 6 % of six hours.
      yield* minutes(4, all(2, 6))
      for (const process of processes) expect(fired(process)).toEqual([])
      yield* minutes(5, all(2, 6))
      yield* minutes(8, all(0, 8))
      for (const process of processes) {
        expect(ofWindow(process, "1h")).toEqual(["Fired", "Resolved"])
        expect(ofWindow(process, "6h")).toEqual(["Fired", "Escalated", "Escalated"])
        // A process that had counted everything itself has the same edges.
        for (const window of ["1h", "6h"]) expect(ofWindow(process, window)).toEqual(ofWindow(alone, window))
        expect(process.heard).toEqual(processes[0]?.heard)
      }
      expect(processes[1]?.heard[0]).toMatchObject({ code: "*", objective: 0.99, of: "attempts", rule: "slo" })
      for (const { tracker } of processes) expect(yield* tracker.activeAlerts).toHaveLength(1)
    }))

  it.scoped("by dimension, the alert names the values that all processes together have exceeded", () =>
    Effect.gen(function*() {
      const fleet = virtualFleet()
      const rules = [{ name: "slo", objective: 0.9, of: "attempts", by: "source", minEvents: 60 }] as const
      const [a, b] = [yield* fleet.start({ thresholds, rules }), yield* fleet.start({ thresholds, rules })]
      const round = [
        attempts(a.tracker, 0, 10, "good"),
        attempts(a.tracker, 5, 1, "bad"),
        attempts(b.tracker, 5, 1, "bad")
      ]
      yield* minutes(8, round)
      for (const process of [a, b]) {
        const first = fired(process)[0]
        expect(first).toMatchObject({ _tag: "Fired", by: "source", values: ["bad"], more: 0 })
      }
      expect(b.heard).toEqual(a.heard)
    }))

  it.scoped("of calls: refused calls fail, expected empties do not", () =>
    Effect.gen(function*() {
      const fleet = virtualFleet()
      const rules = [{ name: "slo", objective: 0.99, of: "calls", minEvents: 40 }] as const
      const [a, b] = [yield* fleet.start({ thresholds, rules }), yield* fleet.start({ thresholds, rules })]
      const calls = ({ tracker }: VirtualProcess, outcome: "failed" | "refused") =>
        Effect.gen(function*() {
          for (let i = 0; i < 8; i++) reportingOf(tracker).callSucceeded()
          yield* reportingOf(tracker).called(outcome)
          yield* reportingOf(tracker).called(outcome)
        })
      yield* minutes(8, [calls(a, "failed"), calls(b, "refused")])
      for (const process of [a, b]) expect(fired(process)[0]).toMatchObject({ _tag: "Fired", of: "calls" })
      expect(b.heard).toEqual(a.heard)
    }))
})
