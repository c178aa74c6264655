import { describe, expect, it } from "@effect/vitest"
import { MinuteWeight } from "../../../../src/binance/internal/klines/minuteWeight.js"

// A minute of the wall clock begins at 7 s of the monotonic clock.
const wallAt = (mono: number) => 1_700_000_040_000 - 7000 + mono
const enter = (weights: MinuteWeight, weight: number, mono: number) => weights.enter(weight, mono, wallAt(mono))
const usage = (weights: MinuteWeight, mono: number) => weights.usage(mono, wallAt(mono))
const leave = (weights: MinuteWeight, weight: number, sent: number, reported: number, mono: number) =>
  weights.leave(weight, sent, reported, mono, wallAt(mono))

const minuteOf = (entered: ReturnType<typeof enter>): number => {
  if ("wait" in entered) throw new Error(`a wait of ${entered.wait}`)
  return entered.minute
}

describe("MinuteWeight", () => {
  it("counts by minutes of the wall clock", () => {
    const weights = new MinuteWeight(100)
    expect(weights.perMinute).toBe(100)
    expect(usage(weights, 5000)).toEqual({ used: 0, left: 2000 })
    expect(usage(weights, 7000)).toEqual({ used: 0, left: 60_000 })
    const first = minuteOf(enter(weights, 10, 6999))
    expect(usage(weights, 6999)).toEqual({ used: 10, left: 1 })
    expect(minuteOf(enter(weights, 10, 7000))).toBe(first + 1)
    expect(minuteOf(enter(weights, 10, 66_999))).toBe(first + 1)
    expect(minuteOf(enter(weights, 10, 67_000))).toBe(first + 2)
  })

  it("admits nine tenths of the limit, requests in flight included, and then names the time of the next minute", () => {
    const weights = new MinuteWeight(100)
    enter(weights, 50, 7000)
    leave(weights, 50, minuteOf(enter(weights, 0, 7000)), NaN, 8000)
    enter(weights, 40, 8000)
    expect(usage(weights, 8000)).toEqual({ used: 90, left: 59_000 })
    // The minute of the exchange may begin a second later.
    expect(enter(weights, 1, 9000)).toEqual({ wait: 58_000 + 1000 })
    expect(enter(weights, 0, 9000)).toHaveProperty("minute")
    expect(usage(weights, 9000).used).toBe(90)
  })

  it("what is in flight counts in the next minute, too; what was used does not", () => {
    const weights = new MinuteWeight(100)
    const sent = minuteOf(enter(weights, 30, 7000))
    enter(weights, 20, 7000)
    leave(weights, 30, sent, NaN, 8000)
    expect(usage(weights, 66_999)).toEqual({ used: 50, left: 1 })
    expect(usage(weights, 67_000)).toEqual({ used: 20, left: 60_000 })
    expect(enter(weights, 71, 67_000)).toEqual({ wait: 61_000 })
    expect(enter(weights, 70, 67_000)).toHaveProperty("minute")
  })

  it.each([
    { reported: 60, used: 60, why: "other clients have used more" },
    { reported: 10, used: 10, why: "the request weighs what the exchange says" },
    { reported: 0, used: 0, why: "nothing was used" },
    { reported: NaN, used: 30, why: "no weight is reported" },
    { reported: -1, used: 30, why: "the reported weight is none" }
  ])("an answer of the same minute that reports $reported: $why", ({ reported, used }) => {
    const weights = new MinuteWeight(100)
    leave(weights, 30, minuteOf(enter(weights, 30, 7000)), reported, 8000)
    expect(usage(weights, 8000).used).toBe(used)
  })

  it("answers arrive out of order: the greatest reported weight counts", () => {
    const weights = new MinuteWeight(1000)
    const sent = minuteOf(enter(weights, 30, 7000))
    enter(weights, 30, 7000)
    leave(weights, 30, sent, 60, 8000)
    leave(weights, 30, sent, 30, 8100)
    expect(usage(weights, 8100).used).toBe(60)
  })

  it("an answer to a request of an earlier minute reports the weight of that minute: its own weight counts", () => {
    const weights = new MinuteWeight(1000)
    const sent = minuteOf(enter(weights, 30, 66_000))
    leave(weights, 30, sent, 500, 68_000)
    expect(usage(weights, 68_000)).toEqual({ used: 30, left: 59_000 })
    leave(weights, 30, sent + 1, 100, 68_000)
    expect(usage(weights, 68_000).used).toBe(100 - 30)
  })
})
