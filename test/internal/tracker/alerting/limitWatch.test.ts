import { describe, expect, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import { LimitWatch } from "../../../../src/internal/tracker/alerting/limitWatch.js"
import { WatchedEvents } from "../../../../src/internal/tracker/alerting/watchedEvents.js"
import * as SlidingWindow from "../../../../src/SlidingWindow.js"
import type * as Threshold from "../../../../src/Threshold.js"

/** One unit of time is a nanosecond; the window is 100 of them. */
const limitOf = (limit: number, recovered: number): Threshold.Limit => ({
  name: "window",
  window: Duration.millis(100 / 1e6),
  limit,
  recovered
})

/** The law, word by word, looked at after every unit of time. */
const oracle = (limit: Threshold.Limit, stamps: ReadonlyArray<number>, end: number): ReadonlyArray<Threshold.Edge> => {
  const edges: Array<Threshold.Edge> = []
  let firing: { since: number; peak: number; escalations: number } | undefined
  const present: Array<number> = []
  let i = 0
  for (let now = 0; now <= end; now++) {
    const count = () => present.filter((stamp) => now - stamp <= 100).length
    if (firing !== undefined && count() <= limit.recovered) {
      // It became true just after the instant before.
      edges.push({ _tag: "Resolved", at: now - 1, count: count(), since: firing.since, peak: firing.peak })
      firing = undefined
    }
    while (i < stamps.length && stamps[i] === now) {
      present.push(stamps[i++]!)
      const seen = count()
      if (firing === undefined && seen > limit.limit) {
        firing = { since: now, peak: seen, escalations: 0 }
        edges.push({ _tag: "Fired", at: now, count: seen })
      }
      if (firing === undefined) continue
      firing.peak = Math.max(firing.peak, seen)
      if (seen > Math.max(1, limit.limit) * 2 ** (firing.escalations + 1)) {
        firing.escalations++
        edges.push({ _tag: "Escalated", at: now, count: seen })
      }
    }
  }
  return edges
}

const gaps = FastCheck.array(FastCheck.oneof(FastCheck.nat(3), FastCheck.nat(30), FastCheck.constant(250)), {
  maxLength: 200
})

describe("LimitWatch", () => {
  it("Law 8: the edges are those of the law, at any times of evaluation", () => {
    FastCheck.assert(
      FastCheck.property(
        gaps,
        FastCheck.integer({ min: 1, max: 12 }),
        FastCheck.nat(12),
        FastCheck.array(FastCheck.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 30 }),
        (gaps, n, fall, looks) => {
          const limit = limitOf(n, Math.max(0, n - fall))
          let now = 0
          const stamps = gaps.map((gap) => now += gap)
          const end = now + 500
          const events = SlidingWindow.make({ horizon: 100 })
          const watch = new LimitWatch(limit, new WatchedEvents(events))
          const edges: Array<Threshold.Edge> = []
          let look = 0
          for (const [index, stamp] of stamps.entries()) {
            const before = index === 0 ? 0 : stamps[index - 1]!
            // Sweeps come between the events, at any time, and prune.
            const sweep = before + looks[look++ % looks.length]!
            if (sweep < stamp) {
              edges.push(...watch.settle(sweep))
              events.prune(sweep)
            }
            edges.push(...watch.settle(stamp))
            events.add(stamp)
            edges.push(...watch.added(stamp))
          }
          edges.push(...watch.settle(end))
          expect(edges).toEqual(oracle(limit, stamps, end))
        }
      ),
      { numRuns: 300 }
    )
  })

  it("no edge is due before quietUntil has passed", () => {
    const events = SlidingWindow.make({ horizon: 100 })
    const watch = new LimitWatch(limitOf(2, 1), new WatchedEvents(events))
    expect(watch.quietUntil).toBe(Infinity)
    for (const stamp of [0, 10, 20]) {
      events.add(stamp)
      watch.added(stamp)
    }
    // The count falls to 1 after the second event has turned 100.
    expect(watch.quietUntil).toBe(110)
    expect(watch.isActive(110)).toBe(true)
    expect(watch.settle(110)).toEqual([])
    expect(watch.isActive(111)).toBe(false)
    expect(watch.settle(111)).toEqual([{ _tag: "Resolved", at: 110, count: 1, since: 20, peak: 3 }])
    expect(watch.settle(111)).toEqual([])
  })

  it("limits beyond the precision of the window fire and resolve once, near where they should", () => {
    const events = SlidingWindow.make({ horizon: 1_000_000 })
    const watch = new LimitWatch({ ...limitOf(5000, 4000), window: Duration.millis(1) }, new WatchedEvents(events))
    const edges: Array<Threshold.Edge> = []
    for (let stamp = 0; stamp < 20_000; stamp++) {
      edges.push(...watch.settle(stamp))
      events.add(stamp)
      edges.push(...watch.added(stamp))
    }
    expect(edges.map(({ _tag }) => _tag)).toEqual(["Fired", "Escalated"])
    expect(Math.abs(edges[0]!.count - 5001) / 5001).toBeLessThan(1 / 1024)
    const [resolved] = watch.settle(2_000_000)
    expect(resolved?._tag).toBe("Resolved")
    // The count falls to 4,000 when the event of 15,999 leaves.
    expect(Math.abs(resolved!.at - 1_015_999) / 4000).toBeLessThan(1 / 1024)
  })

  it("Law 8: beyond 1,024, too, every exceeded limit has fired", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.integer({ min: 1000, max: 6000 }),
        FastCheck.double({ min: 0.1, max: 1, noNaN: true }),
        FastCheck.array(
          FastCheck.tuple(FastCheck.integer({ min: 1, max: 3000 }), FastCheck.integer({ min: 0, max: 9 })),
          {
            minLength: 1,
            maxLength: 12
          }
        ),
        (n, share, bursts) => {
          const limit = { ...limitOf(n, Math.floor(n * share)), window: Duration.millis(3000 / 1e6) }
          const events = SlidingWindow.make({ horizon: 3000 })
          const watch = new LimitWatch(limit, new WatchedEvents(events))
          let now = 0
          let told = 0
          let wrong = 0
          for (const [length, gap] of bursts) {
            now += gap * 300
            for (let i = 0; i < length; i++) {
              if (i % 3 === 0) now++
              told += watch.settle(now).length
              events.add(now)
              told += watch.added(now).length
              if (Option.isSome(watch.exceeded(now)) && !(told > 0 && watch.isActive(now))) wrong++
            }
          }
          expect(wrong).toBe(0)
          if (watch.isActive(now)) expect(watch.reset(now).at(-1)?._tag).toBe("Resolved")
        }
      ),
      { numRuns: 60 }
    )
  })

  it("Law 8: a burst beyond 1,024 that ends just above a limit, or twice a limit, has an edge", () => {
    for (const limit of [1024, 1025, 5000, 10_000, 50_000]) {
      const events = SlidingWindow.make({ horizon: 100 })
      const watch = new LimitWatch(limitOf(limit, limit), new WatchedEvents(events))
      const edges: Array<readonly [string, number]> = []
      for (let i = 1; i <= 2 * limit + 1; i++) {
        events.add(0)
        edges.push(...watch.added(0).map(({ _tag, count }) => [_tag, count] as const))
      }
      expect(edges).toEqual([["Fired", limit + 1], ["Escalated", 2 * limit + 1]])
    }
  })

  it("Law 8: a reset resolves an alert that had recovered at that instant, and an active one now", () => {
    for (
      const [now, edge] of [[105, { at: 105, count: 0, reason: "withdrawn" }], [111, { at: 110, count: 1 }], [500, {
        at: 110,
        count: 1
      }]] as const
    ) {
      const events = SlidingWindow.make({ horizon: 100 })
      const watch = new LimitWatch(limitOf(2, 1), new WatchedEvents(events))
      for (const stamp of [0, 10, 20]) {
        events.add(stamp)
        watch.added(stamp)
      }
      expect(watch.reset(now)).toEqual([{ _tag: "Resolved", since: 20, peak: 3, ...edge }])
      expect(watch.reset(now)).toEqual([])
    }
  })
})
