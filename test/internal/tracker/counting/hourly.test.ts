import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { CurrentHour, Hours } from "../../../../src/internal/tracker/counting/hourly.js"

const hour = 3_600_000
const kept = 28 * 24
const monday = Date.UTC(2024, 0, 1)
const firstHour = monday / hour

describe("Hours", () => {
  it("keeps the counts of the last 28 days", () => {
    const step = FastCheck.record({
      ahead: FastCheck.oneof(FastCheck.nat(3), FastCheck.constantFrom(-1, -5, kept - 1, kept, kept + 1, 3 * kept)),
      count: FastCheck.integer({ min: 1, max: 9 })
    })
    FastCheck.assert(
      FastCheck.property(FastCheck.array(step, { maxLength: 12 }), (steps) => {
        const hours = new Hours()
        const model = new Map<number, number>()
        let last = firstHour
        hours.add(last)
        model.set(last, 1)
        for (const { ahead, count } of steps) {
          const at = last + ahead
          hours.add(at, count)
          model.set(at, (model.get(at) ?? 0) + count)
          last = Math.max(last, at)
        }
        const all = Array.from({ length: kept + 10 }, (_, i) => last + 5 - i)
        expect(all.map((at) => hours.at(at))).toEqual(
          all.map((at) => at <= last - kept ? 0 : model.get(at) ?? 0)
        )
      }),
      { seed: 3, numRuns: 100 }
    )
  })

  it("is 2.7 kB", () => expect(new Hours().bytes).toBe(kept * 4))
})

describe("CurrentHour", () => {
  /** A tracker that starts at an instant of the wall clock, `turned` after so many milliseconds. */
  const started = (start: number, ...turned: ReadonlyArray<number>) => {
    const hours = new CurrentHour()
    hours.turn(0, start)
    for (const millis of turned) hours.turn(millis * 1e6, start + millis)
    return hours
  }

  it("knows the hour, and when it ends", () => {
    const hours = started(monday + 1_000_000)
    expect([hours.hour, hours.ends]).toEqual([firstHour, 2_600_000e6])
    hours.turn(2_600_000e6, monday + hour)
    expect([hours.hour, hours.ends]).toEqual([firstHour + 1, 6_200_000e6])
  })

  it("the seconds of running in each hour, whenever it is turned", () => {
    const turns = FastCheck.array(FastCheck.integer({ min: 0, max: 3 * hour }), { maxLength: 6 })
    FastCheck.assert(
      FastCheck.property(turns, FastCheck.nat(hour - 1), (turns, part) => {
        const start = monday + part
        let now = 0
        const hours = started(start, ...turns.map((millis) => now += millis))
        const length = Math.floor((part + now) / hour) + 1
        const running = Array.from({ length }, (_, i) => {
          const from = Math.max(start, monday + i * hour)
          const to = Math.min(start + now, monday + (i + 1) * hour)
          return Math.round((to - from) / 1000)
        })
        expect(hours.watched).toEqual(running)
      }),
      { seed: 3, numRuns: 100 }
    )
  })

  it("goes back for 28 days", () => {
    const hours = started(monday, 40 * 24 * hour)
    expect(hours.watched).toHaveLength(kept)
    expect(hours.watched.every((seconds, i) => seconds === (i === kept - 1 ? 0 : 3600))).toBe(true)
    const counts = new Hours()
    counts.add(hours.hour - kept + 1, 7)
    counts.add(hours.hour - 1, 8)
    expect(hours.of(counts)).toEqual([7, ...Array.from({ length: kept - 3 }, () => 0), 8, 0])
    expect(hours.of(undefined)).toEqual(Array.from({ length: kept }, () => 0))
  })

  it("a wall clock that is set back counts on in the hour it had reached", () => {
    const hours = started(monday + 5 * hour)
    hours.turn(60_000e6, monday + 60_000)
    expect([hours.hour, hours.watched]).toEqual([firstHour + 5, [60]])
    expect(hours.ends).toBe(hour * 1e6)
  })

  it("a wall clock that is set ahead: the hours that were left out had no running tracker", () => {
    const hours = started(monday)
    hours.turn(60_000e6, monday + 2 * hour + 120_000)
    expect(hours.watched).toEqual([0, 0, 60])
  })

  it("an hour is no longer than an hour, however often the wall clock is set back in it", () => {
    const hours = started(monday)
    for (let i = 1; i <= 5; i++) hours.turn(i * 2_000_000e6, monday + 2_000_000)
    expect(hours.watched).toEqual([3600])
  })

  it("time that is skipped was not spent running", () => {
    const hours = started(monday, 60_000)
    hours.skip(1_000_000e6)
    expect(hours.ends).toBe(1_000_000e6)
    hours.turn(1_030_000e6, monday + 1_030_000)
    expect(hours.watched).toEqual([90])
  })

  it.each([
    [[], [0]],
    [[100], [100]],
    [[3600, 0, 100], [3600, 0, 100]]
  ])("continues from %o", (watched, expected) => {
    const hours = new CurrentHour()
    hours.restore(watched, 5e9, monday + 200_000)
    expect([hours.hour, hours.watched]).toEqual([firstHour, expected])
    hours.turn(15e9, monday + 210_000)
    expect(hours.watched).toEqual([...expected.slice(0, -1), expected.at(-1)! + 10])
    const counts = new Hours()
    hours.enter(counts, [4, 5])
    expect([counts.at(firstHour - 1), counts.at(firstHour)]).toEqual([4, 5])
  })

  it("continues from more than 28 days with the latest", () => {
    const hours = new CurrentHour()
    const long = Array.from({ length: kept + 3 }, (_, i) => i)
    hours.restore(long, 0, monday)
    expect(hours.watched).toEqual(long.slice(3))
    const counts = new Hours()
    hours.enter(counts, long)
    expect(hours.of(counts)).toEqual(long.slice(3))
  })
})
