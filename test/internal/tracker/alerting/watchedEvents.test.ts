import { describe, expect, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import type { Edge } from "../../../../src/internal/tracker/alerting/edges.js"
import { WatchedEvents } from "../../../../src/internal/tracker/alerting/watchedEvents.js"
import * as SlidingWindow from "../../../../src/SlidingWindow.js"

const horizon = 20_000

/** A stream with limits, the number of its evaluations, and the edges so far with the name of their limit. */
class Stream {
  private readonly window = SlidingWindow.make({ horizon })
  private readonly watched = new WatchedEvents(this.window)
  readonly edges: Array<readonly [string, Edge]> = []
  evaluations = 0

  constructor(limits: ReadonlyArray<readonly [window: number, limit: number, recovered: number]>) {
    for (const [window, limit, recovered] of limits) {
      this.watched.add(
        { name: `${window}`, window: Duration.nanos(BigInt(window)), limit, recovered },
        undefined,
        "CODE"
      )
    }
  }

  /** Counts an event. With `skips` false, every event is evaluated. */
  add(now: number, skips: boolean): void {
    this.settle(now)
    this.window.add(now)
    if (!skips) this.watched.wake()
    if (this.watched.skip(now)) return
    this.evaluations++
    this.watched.catchUp()
    for (const { watch } of this.watched.limits) this.push(watch.limit.name, watch.added(now))
    this.watched.plan(now)
  }

  settle(now: number): void {
    for (const { watch } of this.watched.limits) this.push(watch.limit.name, watch.settle(now))
  }

  prune(now: number): void {
    this.window.prune(now)
  }

  skipEscalations(escalations: number): void {
    for (const { watch } of this.watched.limits) watch.skipEscalations(escalations)
  }

  get state() {
    return this.watched.limits.map(({ watch }) => [Option.getOrUndefined(watch.firing), watch.quietUntil])
  }

  private push(name: string, edges: ReadonlyArray<Edge>): void {
    for (const edge of edges) this.edges.push([name, edge])
  }
}

type Step =
  | { readonly _tag: "Burst"; readonly events: number; readonly every: number; readonly jitter: number }
  | { readonly _tag: "Silence"; readonly time: number }
  | { readonly _tag: "Read" }
  | { readonly _tag: "SkipEscalations"; readonly escalations: number }

const steps = (events: number): FastCheck.Arbitrary<ReadonlyArray<Step>> =>
  FastCheck.array(
    FastCheck.oneof(
      {
        weight: 6,
        arbitrary: FastCheck.record({
          _tag: FastCheck.constant("Burst" as const),
          events: FastCheck.integer({ min: 1, max: events }),
          every: FastCheck.constantFrom(0, 0, 1, 2, 5, 40),
          jitter: FastCheck.constantFrom(0, 0, 1, 3, 17)
        })
      },
      {
        weight: 2,
        arbitrary: FastCheck.record({
          _tag: FastCheck.constant("Silence" as const),
          time: FastCheck.constantFrom(1, 30, 99, 100, 101, 999, 1001, horizon + 1)
        })
      },
      { weight: 2, arbitrary: FastCheck.record({ _tag: FastCheck.constant("Read" as const) }) },
      {
        weight: 1,
        arbitrary: FastCheck.record({
          _tag: FastCheck.constant("SkipEscalations" as const),
          escalations: FastCheck.nat(4)
        })
      }
    ),
    { minLength: 1, maxLength: 16 }
  )

const limits = (max: number) =>
  FastCheck.array(
    FastCheck.tuple(
      FastCheck.constantFrom(100, 1000, 4000),
      FastCheck.integer({ min: 1, max }),
      FastCheck.double({ min: 0, max: 1, noNaN: true })
    )
      .map(([window, limit, share]) => [window, limit, Math.floor(limit * share)] as const),
    { maxLength: 4 }
  )

/** Plays the steps on a stream that skips events and on one that does not, and compares their edges and states. */
const compare = (limits: ConstructorParameters<typeof Stream>[0], steps: ReadonlyArray<Step>) => {
  const fast = new Stream(limits)
  const slow = new Stream(limits)
  let now = 0
  let events = 0
  for (const step of steps) {
    if (step._tag === "Burst") {
      for (let i = 0; i < step.events; i++) {
        now += step.every + (i % 7) * step.jitter % (step.jitter + 1)
        fast.add(now, true)
        slow.add(now, false)
        events++
      }
    } else {
      if (step._tag === "Silence") now += step.time
      for (const stream of [fast, slow]) {
        if (step._tag === "Silence") stream.settle(now)
        if (step._tag === "Silence") stream.prune(now)
        if (step._tag === "SkipEscalations") stream.skipEscalations(step.escalations)
      }
      expect(fast.state).toEqual(slow.state)
    }
    expect(fast.edges).toEqual(slow.edges)
  }
  expect(fast.state).toEqual(slow.state)
  expect(slow.evaluations).toBe(events)
  return { events, evaluations: fast.evaluations, edges: fast.edges.length }
}

describe("WatchedEvents", () => {
  for (const [max, burst, numRuns] of [[20, 60, 400], [3000, 3000, 60]] as const) {
    it(`events that are skipped change no edge and no peak: limits up to ${max}`, () => {
      const total = { events: 0, evaluations: 0, edges: 0 }
      FastCheck.assert(
        FastCheck.property(limits(max), steps(burst), (limits, steps) => {
          const { edges, evaluations, events } = compare(limits, steps)
          total.events += events
          total.evaluations += evaluations
          total.edges += edges
        }),
        { numRuns, seed: 1 }
      )
      expect(total.edges).toBeGreaterThan(numRuns)
      expect(total.evaluations).toBeLessThan(total.events / 2)
    })
  }

  it("without limits, no event is evaluated", () => {
    const stream = new Stream([])
    for (let now = 0; now < 1000; now++) stream.add(now, true)
    expect(stream.evaluations).toBe(0)
  })
})
