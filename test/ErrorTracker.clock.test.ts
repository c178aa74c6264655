import { describe, expect, it } from "@effect/vitest"
import { ErrorTracker, FetchError } from "effect-errata"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Record from "effect/Record"
import * as Scope from "effect/Scope"
import * as SteppedProgram from "./steppedProgram.js"

const fixed = (millis: number): Clock.Clock => ({
  ...Clock.make(),
  unsafeCurrentTimeMillis: () => millis,
  unsafeCurrentTimeNanos: () => BigInt(Math.round(millis)) * 1_000_000n
})

/** Clocks of a fiber other than that of the layer. */
const clocks: Readonly<Record<string, Clock.Clock>> = {
  "stands still at 0": fixed(0),
  "is a year ahead": fixed(365 * 86_400_000),
  "is before the epoch": fixed(-86_400_000),
  "is that of the machine": Clock.make(),
  "throws": {
    ...Clock.make(),
    unsafeCurrentTimeMillis: () => {
      throw new Error("no time")
    },
    unsafeCurrentTimeNanos: () => {
      throw new Error("no time")
    }
  }
}

const options: ErrorTracker.Options = {
  thresholds: { NETWORK_DNS: { perMinute: 2, perHour: 5 } },
  rules: [{ name: "share", by: "source", window: "minute", ratio: 0.5, minAttempts: 3 }]
}

const context = { symbol: "A", source: "rest" }

const operations = {
  track: (tracker: ErrorTracker.Service) => tracker.track(new FetchError.NetworkDns({ context }), { attempt: true }),
  succeeded: (tracker: ErrorTracker.Service) => tracker.succeeded(context, "20 millis"),
  snapshot: (tracker: ErrorTracker.Service) => tracker.snapshot,
  restore: (tracker: ErrorTracker.Service) => Effect.flatMap(tracker.snapshot, tracker.restore),
  setLimits: (tracker: ErrorTracker.Service) => Effect.orDie(tracker.setLimits(options)),
  reset: (tracker: ErrorTracker.Service) => tracker.reset
}

const reads = (tracker: ErrorTracker.Service) =>
  Effect.all({
    minute: tracker.stats({ window: "1 minute" }),
    total: tracker.stats(),
    rates: tracker.rates,
    sources: tracker.breakdown({ by: "source", window: "minute" }),
    timeline: tracker.timeline({ window: "1 hour", step: "1 minute" }),
    verdict: tracker.verdict("NETWORK_DNS"),
    latency: tracker.latency(),
    alerts: tracker.activeAlerts,
    recent: tracker.recent()
  })

const step = FastCheck.record({
  wait: FastCheck.constantFrom(0, 1, 1000, 30_000, 60_000, 61_000, 3_600_000),
  operation: FastCheck.oneof(
    { weight: 4, arbitrary: FastCheck.constant<keyof typeof operations>("track") },
    { weight: 5, arbitrary: FastCheck.constantFrom(...Record.keys(operations)) }
  ),
  clock: FastCheck.constantFrom(...Object.values(clocks))
})

describe("Law 4: the time of a tracker is that of its layer", () => {
  it("for any clocks of the fibers that use it", () =>
    FastCheck.assert(
      FastCheck.property(FastCheck.array(step, { minLength: 5, maxLength: 25, size: "max" }), (steps) => {
        const program = SteppedProgram.make()
        const scope = Effect.runSync(Scope.make())
        const newTracker = () =>
          Context.get(
            program.run(Layer.buildWithScope(ErrorTracker.layer(options), scope)),
            ErrorTracker.ErrorTracker
          )
        const [one, other] = [newTracker(), newTracker()]
        let now = 0
        for (const { clock, operation, wait } of steps) {
          program.advanceTo(now += wait)
          program.run<unknown, never>(operations[operation](one))
          program.run<unknown, never>(Effect.withClock(operations[operation](other), clock))
          const expected = program.run(reads(one))
          expect(program.run(reads(other))).toEqual(expected)
          expect(program.run(Effect.withClock(reads(other), clock))).toEqual(expected)
        }
        // The counts grow old, and the alerts end, without any further operation.
        program.advanceTo(now + 2 * 86_400_000)
        expect(program.run(Effect.withClock(reads(other), fixed(0)))).toMatchObject({
          alerts: [],
          minute: { total: 0 }
        })
        program.run(Scope.close(scope, Exit.void))
      }),
      { numRuns: 25, seed: 1 }
    ))
})
