/** Every interleaving of a subscriber with what happens to its tracker, paused before each operation of its fiber. */
import { describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ErrorTracker from "../../../../src/ErrorTracker.js"
import * as FetchError from "../../../../src/FetchError.js"
import * as SteppedProgram from "../../../steppedProgram.js"

/** A tracker, and a subscriber that pauses before some operations of its fiber. */
const make = (...pauseAt: ReadonlyArray<number>) => {
  const program = SteppedProgram.make()
  const scope = Effect.runSync(Scope.make())
  const context = program.run(Effect.orDie(Layer.buildWithScope(
    ErrorTracker.layer({ thresholds: { NETWORK_DNS: { perMinute: 1 }, NETWORK_TIMEOUT: { perMinute: 1 } } }),
    scope
  )))
  const { alerts, track } = Context.get(context, ErrorTracker.ErrorTracker)
  const heard: Array<string> = []
  const subscriber = SteppedProgram.make({ pauseAt })
  const fiber = subscriber.fork(Stream.runForEach(alerts, (alert) =>
    Effect.sync(() => {
      if (alert._tag !== "Missed") heard.push(`${alert._tag} ${alert.code}`)
    })))
  // A fiber yields at other places, too.
  const reach = (pause: number) => {
    while (subscriber.operations() < pause && subscriber.step());
  }
  reach(pauseAt[0] ?? 0)
  return {
    reach,
    program,
    subscriber,
    fiber,
    heard,
    dns: Effect.repeatN(track(new FetchError.NetworkDns()), 1),
    timeout: Effect.repeatN(track(new FetchError.NetworkTimeout()), 1),
    close: Scope.close(scope, Exit.void)
  }
}

/** The number of operations until a subscriber waits for an alert, and between two alerts. */
const measure = () => {
  const { dns, program, subscriber } = make()
  subscriber.flush()
  const untilIdle = subscriber.operations()
  program.run(dns)
  subscriber.flush()
  return { untilIdle, perAlert: subscriber.operations() - untilIdle }
}

const upTo = (n: number) => Array.from({ length: n + 2 }, (_, i) => i + 1)

describe("subscribers of alerts", () => {
  const { perAlert, untilIdle } = measure()

  it("Law 9: an alert is delivered immediately, at any point of the subscriber", () => {
    expect(untilIdle).toBeGreaterThan(50)
    expect(perAlert).toBeGreaterThan(10)
    for (const pause of upTo(untilIdle + perAlert)) {
      const { dns, heard, program, subscriber } = make(pause)
      program.run(dns)
      subscriber.flush()
      expect(heard, `paused before operation ${pause}`).toEqual(["Fired NETWORK_DNS"])
    }
  })

  it("Law 9: two alerts are delivered once each and in order, at any points of the subscriber", () => {
    // Before that, the first alert is one that was active at the subscription.
    for (const first of upTo(untilIdle).slice(-8)) {
      for (const second of upTo(perAlert)) {
        const { dns, heard, program, reach, subscriber, timeout } = make(first, first + second)
        program.run(dns)
        reach(first + second)
        program.run(timeout)
        subscriber.flush()
        expect(heard, `paused before ${first} and ${first + second}`).toEqual([
          "Fired NETWORK_DNS",
          "Fired NETWORK_TIMEOUT"
        ])
      }
    }
  })

  it("Law 9: a stream ends with the layer, after the published alerts, at any point of the subscriber", () => {
    for (const pause of upTo(untilIdle + perAlert)) {
      const { close, dns, fiber, heard, program, subscriber } = make(pause)
      program.run(dns)
      program.run(close)
      subscriber.flush()
      expect(fiber.unsafePoll(), `paused before operation ${pause}`).toEqual(Exit.void)
      // One that subscribes after the end gets what is active, too.
      expect(heard).toEqual(["Fired NETWORK_DNS"])
    }
  })

  it("Law 9: a subscriber can be interrupted before every operation, and receives nothing after that", () => {
    for (const pause of upTo(untilIdle + perAlert)) {
      const { dns, fiber, heard, program, subscriber, timeout } = make(pause)
      if (pause % 2 === 0) program.run(dns)
      subscriber.fork(Fiber.interrupt(fiber))
      subscriber.flush()
      expect(fiber.unsafePoll(), `paused before operation ${pause}`).not.toBeNull()
      const before = heard.length
      program.run(timeout)
      subscriber.flush()
      expect(heard.length).toBe(before)
    }
  })
})
