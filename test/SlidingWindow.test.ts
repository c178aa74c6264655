import { describe, expect, it } from "@effect/vitest"
import * as SlidingWindow from "effect-errata/SlidingWindow"
import * as FastCheck from "effect/FastCheck"

const day = 86_400_000

/** What a window must agree with: every stamp there ever was. */
class Oracle {
  readonly stamps: Array<number> = []

  add(stamp: number) {
    this.stamps.push(Math.max(stamp, this.stamps.at(-1) ?? -Infinity))
  }

  count(window: number, now: number) {
    const edge = Math.max(now, this.stamps.at(-1) ?? -Infinity) - Math.min(window, day)
    let [low, high] = [0, this.stamps.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.stamps[middle]! >= edge) high = middle
      else low = middle + 1
    }
    return this.stamps.length - low
  }
}

const both = () => {
  const window = SlidingWindow.make({ horizon: day })
  const oracle = new Oracle()
  return { window, oracle, add: (stamp: number) => (window.add(stamp), oracle.add(stamp)) }
}

const agrees = (counted: number, truth: number) => {
  if (truth <= 1024) expect(counted).toBe(truth)
  else expect(Math.abs(counted - truth) / truth).toBeLessThan(1 / 2048)
}

/**
 * Bursts, trickles, silence, clocks that step back, a jump of a day, stamps out of order: each a number of events, the
 * time before the first of them, the time between two, and by how much every other one comes too late.
 */
const weather = FastCheck.array(
  FastCheck.record({
    events: FastCheck.integer({ min: 1, max: 3000 }),
    gap: FastCheck.oneof(
      FastCheck.constantFrom(0, 0, 1, 7, 1000, 60_000),
      FastCheck.constantFrom(day - 1, day, day + 1, -1, -60_000, -day)
    ),
    every: FastCheck.constantFrom(0, 0, 1, 13, 250),
    late: FastCheck.constantFrom(0, 0, 0, 1, 500, day)
  }),
  { minLength: 1, maxLength: 12 }
)

type Spell = { readonly events: number; readonly gap: number; readonly every: number; readonly late: number }

/** Lets it happen from an instant on, and tells when it is over. */
const happen = ({ events, every, gap, late }: Spell, from: number, add: (stamp: number) => void): number => {
  let now = from + gap
  for (let i = 0; i < events; i++) {
    now += every
    add(i % 2 === 0 ? now : now - late)
  }
  return now
}

const windows = [0, 1, 999, 1000, 60_000, 3_600_000, day - 1, day, 2 * day]

describe("SlidingWindow", () => {
  it("Law 5: an event of age exactly W is inside, an older one is not", () => {
    const window = SlidingWindow.make({ horizon: day })
    window.add(1000)
    expect(window.count(500, 1500)).toBe(1)
    expect(window.exceeds(0, 500, 1500)).toBe(true)
    expect(window.count(500, 1500.001)).toBe(0)
    expect(window.exceeds(0, 500, 1500.001)).toBe(false)
  })

  it("Law 5: a limit n is exceeded by the n+1-th event", () => {
    const window = SlidingWindow.make({ horizon: day })
    for (let n = 1; n <= 1500; n++) {
      window.add(n)
      expect(window.exceeds(n, day, n)).toBe(false)
      expect(window.exceeds(n - 1, day, n)).toBe(true)
    }
  })

  it("Law 6: counts are exact up to 1,024 and within 1/2048 beyond, for any window up to a day", () => {
    FastCheck.assert(
      FastCheck.property(weather, FastCheck.array(FastCheck.nat(2 * day), { maxLength: 5 }), (weather, more) => {
        const { add, oracle, window } = both()
        let now = 0
        for (const spell of weather) {
          now = happen(spell, now, add)
          const at = Math.max(now, oracle.stamps.at(-1)!)
          for (const span of [...windows, ...more]) {
            const counted = window.count(span, now)
            agrees(counted, oracle.count(span, now))
            agrees(window.count(span, at + 1), oracle.count(span, at + 1))
            // What `exceeds` and `nth` say is what `count` says.
            expect(window.exceeds(counted, span, now)).toBe(false)
            if (counted > 0) {
              expect(window.exceeds(counted - 1, span, now)).toBe(true)
              expect(window.nth(counted)).toBeGreaterThanOrEqual(at - Math.min(span, day))
            }
            expect(window.nth(counted + 1)).toBeLessThan(at - Math.min(span, day))
          }
        }
      }),
      { numRuns: 60 }
    )
  })

  it("Law 6: limits up to 1,024 are decided exactly", () => {
    FastCheck.assert(
      FastCheck.property(
        weather,
        FastCheck.integer({ min: 0, max: 1024 }),
        FastCheck.integer({ min: 0, max: day }),
        (weather, limit, span) => {
          const { add, oracle, window } = both()
          let now = 0
          for (const spell of weather) {
            now = happen(spell, now, add)
            expect(window.exceeds(limit, span, now)).toBe(oracle.count(span, now) > limit)
          }
        }
      ),
      { numRuns: 60 }
    )
  })

  it("as many events as there is headroom, whenever they are added, leave the count at or below the limit", () => {
    let rooms = 0
    FastCheck.assert(
      FastCheck.property(
        weather,
        weather,
        FastCheck.integer({ min: -50, max: 600 }),
        FastCheck.constantFrom(...windows),
        (before, after, more, span) => {
          const { add, oracle, window } = both()
          let now = 0
          for (const spell of before) now = happen(spell, now, add)
          const counted = window.count(span, now)
          const limit = Math.max(0, counted + more)
          const room = window.headroom(limit, span, now)
          expect(room).toBeGreaterThanOrEqual(0)
          expect(room).toBeLessThanOrEqual(Math.max(0, limit - counted))
          if (limit <= 1024) expect(room).toBe(Math.max(0, limit - oracle.count(span, now)))
          if (counted > limit) return
          let left = room
          for (const spell of after) {
            happen({ ...spell, events: Math.min(left, spell.events) }, now, (stamp) => {
              left--
              rooms++
              now = Math.max(now, stamp)
              add(stamp)
              expect(window.exceeds(limit, span, now)).toBe(false)
            })
          }
        }
      ),
      { numRuns: 150, seed: 1 }
    )
    expect(rooms).toBeGreaterThan(1000)
  })

  it("Law 6: the newest 1,024 events are kept one by one at any time", () => {
    const window = SlidingWindow.make({ horizon: day })
    for (let now = 0; now < 20_000; now++) {
      window.add(now)
      expect(window.count(1023, now)).toBe(Math.min(now + 1, 1024))
      expect(window.exceeds(1023, 1023, now)).toBe(now >= 1023)
      expect(window.exceeds(1024, 1023, now)).toBe(false)
    }
  })

  it("Law 6: counts are within 1/2048 at the boundary between bucket sizes, the worst case", () => {
    const window = SlidingWindow.make({ horizon: Infinity })
    const last = 1_000_002
    for (let now = 0; now <= last; now++) window.add(now)
    let worst = 0
    for (let size = 2; size <= 512; size *= 2) {
      // There are from 1,024 buckets of each smaller size, up to one batch more.
      for (let events = 900 * (size - 1); events < 1100 * (size - 1); events += Math.max(1, size / 16)) {
        worst = Math.max(worst, Math.abs(window.count(events - 1, last) - events) / events)
      }
    }
    expect(worst).toBeLessThan(1 / 2048)
    // What is stated is what it is.
    expect(worst).toBeGreaterThan(0.9 / 2048)
  })

  it("Law 6: ten million events in a day take less than half a megabyte", { timeout: 60_000 }, () => {
    const { oracle, window } = both()
    const stamps = new Float64Array(10_000_000)
    let now = 0
    let seed = 1
    for (let i = 0; i < stamps.length; i++) {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      // Storms of 20,000 a second, and a pause now and then.
      now += i % 50_000 === 0 ? 300_000 : seed / 2_147_483_648 / 10
      stamps[i] = now
      window.add(now)
    }
    expect(window.bytes).toBeLessThan(500_000)
    oracle.stamps.length = 0
    for (const stamp of stamps) oracle.stamps.push(stamp)
    for (const span of windows) agrees(window.count(span, now), oracle.count(span, now))
  })

  it("Law 6: memory does not grow with the number of days", () => {
    const window = SlidingWindow.make({ horizon: day })
    const sizes = Array.from({ length: 12 }, (_, d) => {
      for (let i = 0; i < 20_000; i++) window.add(d * day + i * (day / 20_000))
      return window.bytes
    })
    expect(Math.max(...sizes.slice(2))).toBe(sizes[2])
  })

  it("Law 7: pruning and counting change no result", () => {
    FastCheck.assert(
      FastCheck.property(weather, FastCheck.nat(3 * day), (weather, later) => {
        const { add, oracle, window } = both()
        let now = 0
        for (const spell of weather) now = happen(spell, now, add)
        const at = oracle.stamps.at(-1)! + later
        const before = windows.map((span) => window.count(span, at))
        expect(windows.map((span) => window.count(span, at))).toEqual(before)
        window.prune(at)
        expect(windows.map((span) => window.count(span, at))).toEqual(before)
        add(at)
        expect(window.count(day, at)).toBeGreaterThan(0)
      }),
      { numRuns: 60 }
    )
  })

  it("pruning frees memory", () => {
    const window = SlidingWindow.make({ horizon: day })
    for (let i = 0; i < 100_000; i++) window.add(i)
    const full = window.bytes
    window.prune(100_000 + day / 2)
    expect(window.bytes).toBe(full)
    window.prune(100_000 + day)
    expect(window.bytes).toBeLessThan(full / 100)
  })

  it("time does not go back: an earlier event gets the latest stamp", () => {
    const window = SlidingWindow.make({ horizon: day })
    window.add(1000)
    window.add(-5000)
    window.add(NaN)
    expect(window.count(0, 1000)).toBe(3)
    expect(window.count(0, 500)).toBe(3)
    expect(window.count(100, 1101)).toBe(0)
  })

  it("a window longer than the horizon is the horizon", () => {
    const window = SlidingWindow.make({ horizon: 60 })
    window.add(0)
    expect(window.count(1000, 60)).toBe(1)
    expect(window.count(1000, 61)).toBe(0)
  })

  it("a snapshot restored at another time gives the same results, at once and later", () => {
    FastCheck.assert(
      FastCheck.property(weather, FastCheck.nat(day), FastCheck.integer(), (weather, later, rebased) => {
        const { add, oracle, window } = both()
        let restored = SlidingWindow.make({ horizon: day })
        let now = 0
        const agree = (at: number) => {
          for (const span of windows) {
            const counted = window.count(span, at)
            expect(restored.count(span, at + rebased)).toBe(counted)
            if (counted > 0) expect(restored.nth(counted)).toBe(window.nth(counted) + rebased)
            agrees(counted, oracle.count(span, at))
          }
        }
        for (const spell of weather) {
          now = happen(spell, now, (stamp) => {
            add(stamp)
            restored.add(stamp + rebased)
          })
          agree(now)
          const at = Math.max(now, oracle.stamps.at(-1)!)
          const snapshot = JSON.parse(JSON.stringify(restored.snapshot(at + rebased)))
          restored = SlidingWindow.restore({ horizon: day, snapshot, now: at + rebased })
          agree(now)
          agree(at + later)
        }
      }),
      { numRuns: 60 }
    )
  })

  it("a snapshot holds the ages at the instant it is taken", () => {
    const window = SlidingWindow.make({ horizon: day })
    expect(window.snapshot(0)).toEqual([[]])
    window.add(1000)
    window.add(1500)
    expect(window.snapshot(2000)).toEqual([[1000, 500]])
    expect(window.snapshot(1200)).toEqual([[500, 0]])
    for (let i = 0; i < 2000; i++) window.add(2000)
    const [single, pairs] = window.snapshot(3000)
    expect(single!.length + pairs!.length).toBe(2002)
    expect(pairs!.slice(0, 2)).toEqual([2000, 1500])
    expect(SlidingWindow.restore({ horizon: day, snapshot: [], now: 0 }).count(day, 0)).toBe(0)
  })

  it("restoring more events than a window keeps drops the oldest", () => {
    const ages = Array.from({ length: 5000 }, (_, i) => 5000 - i)
    const window = SlidingWindow.restore({ horizon: day, snapshot: [ages, []], now: 0 })
    expect(window.count(1024, 0)).toBe(1024)
    expect(window.count(day, 0)).toBeLessThan(1100)
    for (let i = 1; i <= 5000; i++) window.add(i)
    expect(Math.abs(window.count(4999, 5000) - 5000)).toBeLessThan(3)
  })

  it("steps equal the differences of counts", () => {
    FastCheck.assert(
      FastCheck.property(
        weather,
        FastCheck.nat(2 * day),
        FastCheck.integer({ min: 1, max: 2 * day }),
        FastCheck.integer({ min: 0, max: 100 }),
        (weather, later, step, length) => {
          const { add, window } = both()
          let now = 0
          for (const spell of weather) now = happen(spell, now, add)
          const counts = new Float64Array(length)
          window.steps(step, now + later, counts)
          let before = 0
          for (const [i, count] of counts.entries()) {
            // The horizon is inside, the end of a step is not.
            const upTo = window.count((i + 1) * step > day ? day : (i + 1) * step - 1, now + later)
            expect(count).toBe(upTo - before)
            before = upTo
          }
          window.steps(step, now + later, counts)
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2 * before)
        }
      ),
      { numRuns: 100 }
    )
  })
})
