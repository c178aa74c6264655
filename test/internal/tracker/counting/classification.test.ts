import { describe, expect, it } from "@effect/vitest"
import * as FetchError from "effect-errata/FetchError"
import { emptyOf, kindOf, ownKinds } from "../../../../src/internal/tracker/counting/classification.js"

const own = {
  _tag: "Own",
  code: "OWN",
  category: "Mine",
  severity: "WARNING" as const,
  message: "own",
  context: {}
}

describe("kinds", () => {
  it("those of the 17 types are known by prototype, and say what the errors say", () => {
    for (const Type of FetchError.FetchError.members) {
      const error = new Type({ reason: "api_response" }, true)
      expect(ownKinds.get(Object.getPrototypeOf(error))).toEqual(kindOf(error))
    }
    expect(ownKinds.size).toBe(17)
  })

  it("a class on top of one of ours is somebody else's, and says what it likes", () => {
    class Stale extends FetchError.NetworkTimeout {}
    Object.defineProperty(Stale.prototype, "severity", { get: () => "ERROR" })
    expect(ownKinds.get(Object.getPrototypeOf(new Stale()))).toBeUndefined()
    expect(kindOf(new Stale())).toMatchObject({ tag: "NetworkTimeout", code: "NETWORK_TIMEOUT", severity: "ERROR" })
  })

  it("what JavaScript says is made fit to be kept", () => {
    const kind = kindOf({ ...own, _tag: 3, code: "x".repeat(500), category: "?apiKey=abc", severity: "FATAL" } as never)
    expect(kind).toMatchObject({ tag: "3", category: "?apiKey=<redacted>", severity: "ERROR" })
    expect(kind.code.length).toBe(128)
    expect(kindOf(own)).toEqual({ tag: "Own", code: "OWN", category: "Mine", severity: "WARNING" })
  })

  it("other people's errors may use our code and not say why there is no data", () => {
    expect(emptyOf(new FetchError.DataEmpty({ reason: "delisted" }))).toEqual({ reason: "delisted", expected: true })
    expect(emptyOf(own)).toEqual({ reason: "date_range", expected: false })
    expect(emptyOf({ ...own, reason: "constructor", expected: 1 } as never)).toEqual({
      reason: "date_range",
      expected: false
    })
  })
})
