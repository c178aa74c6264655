import { describe, expect, it } from "@effect/vitest"
import { isLossy } from "../../../../src/binance/internal/klines/klinesModel.js"
import type { Reason } from "../../../../src/binance/internal/klines/origins.js"

const lossy = (...reasons: ReadonlyArray<typeof Reason.Type>) =>
  isLossy({ missing: reasons.map((reason) => ({ start: 0, end: 1, reason })) })

describe("isLossy", () => {
  it("if one of the gaps comes from a failure", () => {
    expect(lossy()).toBe(false)
    expect(lossy("source_gap", "not_listed_yet", "delisted")).toBe(false)
    expect([lossy("not_fetched"), lossy("invalid")]).toEqual([true, true])
    expect(lossy("source_gap", "invalid", "delisted")).toBe(true)
    expect(lossy("not_listed_yet", "source_gap", "not_fetched")).toBe(true)
  })
})
