import { describe, expect, it } from "@effect/vitest"
import { alternative, durationText, tooLong } from "../../../src/internal/retry/giveUpReason.js"

describe("durationText", () => {
  it.each([
    [0, "0"],
    [0.2, "1ms"],
    [998.5, "999ms"],
    [999, "999ms"],
    [1000, "1s"],
    [1000.1, "2s"],
    [1001, "2s"],
    [61_000, "1m 1s"],
    [3_600_000, "1h"]
  ])("%d ms: %s", (millis, text) => expect(durationText(millis)).toBe(text))
})

describe("tooLong", () => {
  it.each([
    [90_000, 90_000, 30_000, "the server asks to wait for 1m 30s, longer than maxWait, 30s"],
    [20_000, 40_000, 30_000, "the server asks to wait for 20s (40s in all), longer than maxWait, 30s"],
    [500, 500, 0, "the server asks to wait for 500ms, longer than maxWait, 0"]
  ])("%d ms, %d in all, at most %d", (wait, all, maxWait, text) => expect(tooLong(wait, all, maxWait)).toBe(text))
})

describe("alternative", () => {
  it("says for how long it would have waited", () =>
    expect(alternative(5000)).toBe("the server asks to wait for 5s, and there is another source"))
})
