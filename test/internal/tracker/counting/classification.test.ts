import { describe, expect, it } from "@effect/vitest"
import * as FetchError from "effect-errata/FetchError"
import {
  classificationOf,
  emptyOf,
  ownClassifications
} from "../../../../src/internal/tracker/counting/classification.js"

const own = {
  _tag: "Own",
  code: "OWN",
  category: "Mine",
  severity: "WARNING" as const,
  message: "own",
  context: {}
}

describe("classification", () => {
  it("the 17 types are classified by prototype as by their fields", () => {
    for (const Type of FetchError.FetchError.members) {
      const error = new Type({ reason: "api_response" }, true)
      expect(ownClassifications.get(Object.getPrototypeOf(error))).toEqual(classificationOf(error))
    }
    expect(ownClassifications.size).toBe(17)
  })

  it("a subclass is classified by its own fields", () => {
    class Stale extends FetchError.NetworkTimeout {}
    Object.defineProperty(Stale.prototype, "severity", { get: () => "ERROR" })
    expect(ownClassifications.get(Object.getPrototypeOf(new Stale()))).toBeUndefined()
    expect(classificationOf(new Stale())).toMatchObject({
      tag: "NetworkTimeout",
      code: "NETWORK_TIMEOUT",
      severity: "ERROR"
    })
  })

  it("fields of other types are converted, bounded and redacted", () => {
    const kind = classificationOf(
      { ...own, _tag: 3, code: "x".repeat(500), category: "?apiKey=abc", severity: "FATAL" } as never
    )
    expect(kind).toMatchObject({ tag: "3", category: "?apiKey=<redacted>", severity: "ERROR" })
    expect(kind.code.length).toBe(128)
    expect(classificationOf(own)).toEqual({ tag: "Own", code: "OWN", category: "Mine", severity: "WARNING" })
  })

  it("an error with our code for empty data may lack a reason", () => {
    expect(emptyOf(new FetchError.DataEmpty({ reason: "delisted" }))).toEqual({ reason: "delisted", expected: true })
    expect(emptyOf(own)).toEqual({ reason: "date_range", expected: false })
    expect(emptyOf({ ...own, reason: "constructor", expected: 1 } as never)).toEqual({
      reason: "date_range",
      expected: false
    })
  })
})
