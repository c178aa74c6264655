import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { CombinedWindow } from "../../../../src/internal/tracker/alerting/combinedWindow.js"
import * as SlidingWindow from "../../../../src/SlidingWindow.js"
import { seeded } from "../../insight/lives.js"

describe("CombinedWindow", () => {
  it("several windows are one: the same counts, the same n-th newest", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(FastCheck.tuple(FastCheck.nat(5), FastCheck.nat(3)), { maxLength: 60 }),
        FastCheck.nat(100),
        (events, later) => {
          const windows = Array.from({ length: 4 }, () => SlidingWindow.make({ horizon: 1000 }))
          const all = SlidingWindow.make({ horizon: 1000 })
          const together = new CombinedWindow(() => windows)
          let now = 0
          for (const [gap, window] of events) {
            now += gap
            windows[window]!.add(now)
            all.add(now)
          }
          for (let n = 1; n <= events.length + 2; n++) expect(together.nth(n)).toBe(all.nth(n))
          for (const window of [0, 1, 10, 50, 1000]) {
            const count = all.count(window, now + later)
            expect(together.count(window, now + later)).toBe(count)
            for (const limit of [count - 1, count, count + 1]) {
              expect(together.exceeds(limit, window, now + later)).toBe(count > limit)
              expect(together.headroom(limit, window, now + later)).toBe(Math.max(0, limit - count))
            }
          }
        }
      )
    )
  })

  it("beyond 1,024, too, as many events as there is headroom leave the count at or below the limit", () => {
    const random = seeded(1)
    const windows = Array.from({ length: 3 }, () => SlidingWindow.make({ horizon: 100_000 }))
    const together = new CombinedWindow(() => windows)
    let now = 0
    let rooms = 0
    const add = () => {
      now += Math.floor(random() * 3)
      windows[Math.floor(random() * random() * 3)]!.add(now)
    }
    for (let i = 0; i < 10_000; i++) add()
    for (let i = 0; i < 300; i++) {
      const span = 1000 + Math.floor(random() * 8000)
      const limit = together.count(span, now) + Math.floor(random() * 40)
      const room = together.headroom(limit, span, now)
      for (let n = 0; n < room; n++) {
        add()
        rooms++
        expect(together.exceeds(limit, span, now)).toBe(false)
      }
      add()
    }
    expect(rooms).toBeGreaterThan(1000)
  })
})
