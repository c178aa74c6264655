import { describe, expect, it } from "@effect/vitest"
import { Empties } from "../../../../src/internal/tracker/counting/empties.js"

describe("Empties", () => {
  it("Law 6: pairs of reason and source are capped; beyond, the source is other, and counts stay exact", () => {
    const empties = new Empties()
    for (let i = 0; i < 500; i++) {
      empties.add("api_response", `S${i}`, false, 0)
      empties.add("source_gap", `S${i}`, true, 0)
    }
    const rows = empties.rows(undefined, 0)
    expect(rows).toHaveLength(34)
    expect(rows.slice(0, 2)).toEqual([
      { reason: "api_response", source: "other", expected: 0, unexpected: 484 },
      { reason: "source_gap", source: "other", expected: 484, unexpected: 0 }
    ])
    expect(empties.rows(60e9, 60e9)).toEqual(rows)
    expect(empties.rows(60e9, 60e9 + 1)).toEqual([])
  })

  it("a source is cut and redacted", () => {
    const empties = new Empties()
    empties.add("api_response", `https://x.test/?apiKey=abc&${"x".repeat(5000)}`, false, 0)
    const [row] = empties.rows(undefined, 0)
    expect(row?.source.length).toBeLessThanOrEqual(128)
    expect(row?.source).not.toContain("abc")
  })
})
