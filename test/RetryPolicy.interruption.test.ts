import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Fiber, FiberId } from "effect"
import { ErrorTracker, Fetch, type FetchError, RetryPolicy } from "effect-errata"
import { reportingOf, withReporting } from "../src/internal/tracker/reporting.js"
import { down, later, limited, sourceOf } from "./retrying.js"
import { inVirtualTime, type VirtualTime } from "./virtualTime.js"

type Answer = Effect.Effect<string, FetchError.FetchError>

interface Case {
  readonly answer: Answer
  /** What was answered before, and how long ago. */
  readonly before: ReadonlyArray<Answer>
  readonly ago: number
}

const failing = Effect.fail(down())
const slow = later(1, Effect.succeed("well"))
const fresh = { before: [], ago: 0 }
const atGate = { before: [Effect.fail(limited(30))], ago: 0 }
const halfOpen = { before: [failing, failing], ago: 2 }

const cases: ReadonlyArray<readonly [string, Case]> = [
  ["an attempt", { answer: slow, ...fresh }],
  ["attempts that fail, and the delays between them", { answer: failing, ...fresh }],
  ["attempts that are told to wait", { answer: Effect.fail(limited(5)), ...fresh }],
  ["the queue at the gate, and the attempt that follows", { answer: slow, ...atGate }],
  ["the queue at the gate, again and again", { answer: Effect.fail(limited(10)), ...atGate }],
  ["a probe that succeeds", { answer: slow, ...halfOpen }],
  ["a probe that never ends", { answer: Effect.never, ...halfOpen }],
  ["a probe that fails", { answer: failing, ...halfOpen }],
  ["a probe that is told to wait", { answer: Effect.fail(limited(5)), ...halfOpen }],
  ["a probe that dies", { answer: Effect.die("bug"), ...halfOpen }]
]

/**
 * Runs a call, and interrupts it the n-th time it does anything that can be seen from outside: reads the clock, sleeps,
 * reads or calls the tracker, sends, is answered. Returns whether there was an n-th time.
 */
const interruptedIn = (n: number, { ago, answer, before }: Case, { pass, timers }: VirtualTime) =>
  Effect.gen(function*() {
    let steps = 0
    let fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined
    const clock = yield* Clock.clockWith(Effect.succeed)
    let [interruptedAt, endedAt] = [-1, -1]
    const step = () => {
      if (fiber === undefined || ++steps !== n) return
      interruptedAt = clock.unsafeCurrentTimeMillis()
      fiber.unsafeInterruptAsFork(FiberId.none)
    }
    // When a fiber has suspended, the microtask comes.
    const soon = Effect.sync(() => queueMicrotask(step))
    const seen = <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.zipRight(Effect.sync(step), self)

    const { breakdown, stats, track, ...tracker } = yield* ErrorTracker.ErrorTracker
    const reporting = reportingOf({ breakdown, stats, track, ...tracker })
    const spied = Effect.provideService(ErrorTracker.ErrorTracker, {
      ...withReporting(tracker, { ...reporting, retried: (what) => seen(reporting.retried(what)) }),
      track: (...given) => seen(track(...given)),
      stats: (options) => seen(stats(options)),
      breakdown: (options) => seen(breakdown(options))
    })
    const spyClock: Clock.Clock = {
      ...clock,
      currentTimeNanos: seen(clock.currentTimeNanos),
      currentTimeMillis: seen(clock.currentTimeMillis),
      sleep: (duration) => Effect.zipRight(soon, seen(clock.sleep(duration)))
    }
    const policy = yield* spied(
      RetryPolicy.make({ source: "rest", breaker: { minimumAttempts: 2, minimumDuration: 0 } })
    )
    let next: Answer = Effect.succeed("well")
    let running = 0
    const source = sourceOf(() =>
      Effect.acquireUseRelease(
        Effect.sync(() => ++running),
        () => soon.pipe(Effect.zipRight(next), seen, Effect.ensuring(Effect.sync(step))),
        () => Effect.sync(() => --running)
      )
    )
    const call = source.fetch.pipe(Fetch.retry(policy), Effect.withClock(spyClock), spied)
    for (const earlier of before) {
      next = earlier
      const other = yield* Effect.fork(call)
      yield* pass(0)
      yield* Fiber.interrupt(other)
    }
    yield* pass(`${ago} seconds`)
    const quiet = timers()

    next = answer
    const end = Effect.sync(() => endedAt = clock.unsafeCurrentTimeMillis())
    fiber = yield* Effect.forkDaemon(Effect.ensuring(call, end))
    yield* pass("5 minutes")
    const interrupted = steps >= n
    if (!interrupted && answer === Effect.never) return false
    expect(yield* Fiber.poll(fiber)).toMatchObject({ _tag: "Some" })
    if (interrupted) expect(endedAt).toBe(interruptedAt)
    // No fiber, no timer, no request under way, nor any to come.
    expect([running, timers()]).toEqual([0, quiet])
    expect((yield* policy.state).circuit).not.toBe("half-open")
    const sent = source.asked.length
    yield* pass("5 minutes")
    expect(source.asked).toHaveLength(sent)
    // The next call is served.
    next = Effect.succeed("well")
    expect(yield* call).toBe("well")
    expect((yield* policy.state).circuit).toBe("closed")
    return interrupted
  }).pipe(Effect.provide(ErrorTracker.layer()))

describe("interruption", () => {
  it.effect.each(cases)(
    "at any step of %s leaves no timer, no fiber, no request, no circuit half-open",
    ([, given]) =>
      inVirtualTime((time) =>
        Effect.gen(function*() {
          let n = 1
          while (n < 500 && (yield* interruptedIn(n, given, time))) n++
          expect(n).toBeGreaterThan(4)
          expect(n).toBeLessThan(500)
        })
      )
  )
})
