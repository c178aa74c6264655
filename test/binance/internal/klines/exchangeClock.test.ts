import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { ExchangeClock } from "../../../../src/binance/internal/klines/exchangeClock.js"

describe("ExchangeClock", () => {
  it("knows nothing before the first statement", () => {
    const clock = new ExchangeClock()
    expect([clock.earliest(5), clock.error(1e12, 5), clock.shouldWarn(1e12, 5)]).toEqual([undefined, 0, false])
  })

  it("the time is at least the stated one when the answer has come, at most the end of its second when it was asked for", () => {
    const clock = new ExchangeClock()
    clock.heard(50_000, 1000, 100, 400)
    expect([clock.earliest(400), clock.earliest(1400)]).toEqual([50_000, 51_000])
    // At 400 the exchange has from 50000 to 51300.
    expect([49_900, 50_000, 51_300, 51_500].map((local) => clock.error(local, 400))).toEqual([-100, 0, 0, 200])
    expect([50_900, 51_000, 52_300, 52_500].map((local) => clock.error(local, 1400))).toEqual([-100, 0, 0, 200])
  })

  it("each statement makes the bounds narrower, and none wider", () => {
    const clock = new ExchangeClock()
    clock.heard(50_000, 1000, 0, 1000)
    // Quick: from 50000 at 1010, to 51000 at 1000.
    clock.heard(50_000, 1000, 1000, 1010)
    expect([clock.earliest(1010), clock.error(51_020, 1010)]).toEqual([50_010, 10])
    // Slow: it says less than is known.
    clock.heard(50_000, 1000, 0, 9000)
    expect([clock.earliest(1010), clock.error(51_020, 1010)]).toEqual([50_010, 10])
    // The second changes at 2000: exact.
    clock.heard(51_000, 0, 2000, 2000)
    expect([clock.earliest(2000), clock.error(51_003, 2000), clock.error(50_990, 2000)]).toEqual([51_000, 3, -10])
  })

  it("bounds that meet in one instant are exact", () => {
    const clock = new ExchangeClock()
    clock.heard(50_000, 1000, 0, 0)
    clock.heard(51_000, 1000, 0, 0)
    expect([clock.earliest(0), clock.error(51_500, 0), clock.error(50_500, 0)]).toEqual([51_000, 500, -500])
  })

  it("a statement that contradicts: the exchange has set its clock", () => {
    const clock = new ExchangeClock()
    clock.heard(50_000, 1000, 0, 100)
    clock.heard(10_000, 1000, 200, 300)
    expect([clock.earliest(300), clock.error(11_200, 300)]).toEqual([10_000, 100])
    clock.heard(90_000, 1000, 400, 500)
    expect([clock.earliest(500), clock.error(91_200, 500)]).toEqual([90_000, 100])
  })

  it("for any answers of a steady exchange, the time of the exchange is between the bounds", () => {
    const answer = FastCheck.record({
      before: FastCheck.nat(5000),
      latency: FastCheck.nat(3000),
      part: FastCheck.double({ min: 0, max: 1, noNaN: true })
    })
    FastCheck.assert(
      FastCheck.property(FastCheck.array(answer, { minLength: 1 }), FastCheck.nat(9999), (answers, offset) => {
        const clock = new ExchangeClock()
        let now = 0
        let earliest = -Infinity
        for (const { before, latency, part } of answers) {
          const sent = now + before
          now = sent + latency
          const stated = Math.floor((sent + part * latency + offset) / 1000) * 1000
          clock.heard(stated, 1000, sent, now)
          expect(clock.earliest(now)!).toBeLessThanOrEqual(now + offset)
          expect(clock.error(now + offset, now)).toBe(0)
          expect(clock.earliest(0)!).toBeGreaterThanOrEqual(earliest)
          earliest = clock.earliest(0)!
        }
      }),
      { seed: 3, numRuns: 200 }
    )
  })

  it.each([60_000, -60_000])("an error of %d ms is no reason to warn; a greater one is, once", (error) => {
    const clock = new ExchangeClock()
    clock.heard(1_000_000, 0, 0, 0)
    const greater = error + Math.sign(error)
    expect([error, greater, greater].map((wrong) => clock.shouldWarn(1_000_000 + wrong, 0))).toEqual([
      false,
      true,
      false
    ])
  })
})
