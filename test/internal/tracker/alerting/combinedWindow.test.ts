import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { CombinedWindow } from "../../../../src/internal/tracker/alerting/combinedWindow.js"
import * as SlidingWindow from "../../../../src/SlidingWindow.js"

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
            }
          }
        }
      )
    )
  })
})
