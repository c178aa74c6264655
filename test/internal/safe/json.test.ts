import { describe, expect, it } from "@effect/vitest"
import { Redacted } from "effect"
import * as FastCheck from "effect/FastCheck"
import { attempt, bounded, safeText, toJson } from "../../../src/internal/safe/json.js"

const no = () => {
  throw new Error("no")
}

describe("toJson", () => {
  const shared = { a: 1 }
  it.each<[string, unknown, unknown]>([
    ["null", null, null],
    ["undefined", undefined, null],
    ["a boolean", true, true],
    ["a number", 1.5, 1.5],
    ["NaN", Number.NaN, "NaN"],
    ["infinity", -Infinity, "-Infinity"],
    ["a bigint", 10n, "10"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["a function", no, "[function]"],
    ["a text", "token=abc", "token=<redacted>"],
    ["a date", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["no date", new Date(Number.NaN), "Invalid Date"],
    ["an error", new TypeError("apiKey=abc"), "TypeError: apiKey=<redacted>"],
    ["bytes", new Uint8Array(7), "[7 bytes]"],
    ["a map", new Map<unknown, unknown>([["a", 1], [2, [3]], ["secret", 4]]), { a: 1, 2: [3], secret: "<redacted>" }],
    ["a set", new Set([1, "a"]), [1, "a"]],
    ["a hidden value", Redacted.make("abc"), "<redacted>"],
    ["an array", [1, [undefined]], [1, [null]]],
    ["no prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ["the same twice is no cycle", [shared, shared], [{ a: 1 }, { a: 1 }]],
    ["headers as a list", ["Host", "x", "X-MBX-APIKEY", "abc"], ["Host", "x", "X-MBX-APIKEY", "<redacted>"]],
    ["headers as pairs", [["cookie", "abc"], ["host", "x"]], [["cookie", "<redacted>"], ["host", "x"]]],
    ["a pair as HAR writes it", [{ name: "X-MBX-APIKEY", value: "abc" }, { name: "Host", value: "x" }], [
      { name: "X-MBX-APIKEY", value: "<redacted>" },
      { name: "Host", value: "x" }
    ]],
    ["an entry of a configuration", { key: "apiKey", value: { a: 1 } }, { key: "apiKey", value: "<redacted>" }],
    ["the issue of a validation", {
      path: ["user", "apiKey"],
      message: "Expected 'a' | 'b', received 'abc'",
      received: "abc",
      expected: "string"
    }, {
      path: ["user", "apiKey"],
      message: "Expected '<redacted>' | '<redacted>', received '<redacted>'",
      received: "<redacted>",
      expected: "string"
    }],
    ["an issue whose path is of objects", { path: [{ key: "apiKey" }], input: "abc" }, {
      path: [{ key: "apiKey" }],
      input: "<redacted>"
    }],
    ["an issue about what is no secret", { path: ["price"], message: "received 'abc'", received: "abc" }, {
      path: ["price"],
      message: "received 'abc'",
      received: "abc"
    }],
    ["a value before its name", [{ value: "abc", name: "token" }, { value: "x", name: "Host" }], [
      { value: "<redacted>", name: "token" },
      { value: "x", name: "Host" }
    ]],
    ["what a form refused", { type: "field", value: "abc", msg: "not 'abc'", path: "password", location: "body" }, {
      type: "field",
      value: "<redacted>",
      msg: "not '<redacted>'",
      path: "password",
      location: "body"
    }],
    ["what a schema refused", { instancePath: "/a/apiKey", data: "abc", message: "must be number" }, {
      instancePath: "/a/apiKey",
      data: "<redacted>",
      message: "must be number"
    }],
    ["a property of a class", { property: "password", value: "abc", constraints: {} }, {
      property: "password",
      value: "<redacted>",
      constraints: {}
    }],
    ["a name that tells of nothing", { name: "TokenError", message: "it is 'abc'" }, {
      name: "TokenError",
      message: "it is 'abc'"
    }],
    ["a list of names is none", ["password", "email", "token"], ["password", "email", "token"]],
    ["a getter that throws", {
      a: 1,
      get b() {
        return no()
      }
    }, { a: 1, b: "[unreadable]" }],
    ["a proxy that throws", new Proxy({}, { ownKeys: no }), "[unreadable]"],
    ["an error that throws", Object.defineProperty(new Error("x"), "message", { get: no }), "[unreadable]"],
    ["a key that is a secret in itself", { "?token=abc": 1 }, { "?token=abc": "<redacted>" }]
  ])("%s", (_, value, expected) => {
    if (_.startsWith("a key")) expect(JSON.stringify(toJson(value))).not.toContain("abc")
    else expect(toJson(value)).toEqual(expected)
  })

  it("a value under the name of a secret is masked at any depth, unless it is a number or a literal", () => {
    for (const value of ["x", { a: 1 }, ["x"], no]) {
      expect(toJson([{ a: { apiKey: value } }])).toEqual([{ a: { apiKey: "<redacted>" } }])
    }
  })

  it("a secret getter is not even asked", () => {
    expect(toJson({
      get password() {
        return no()
      }
    })).toEqual({ password: "<redacted>" })
  })

  it("`__proto__` is a name like any other", () => {
    const json = toJson(JSON.parse("{\"__proto__\":{\"admin\":true}}"))
    expect(Object.keys(json as object)).toEqual(["__proto__"])
    expect((json as { admin?: unknown }).admin).toBe(undefined)
  })

  it("cycles end", () => {
    const cycle: Record<string, unknown> = { a: 1 }
    cycle["self"] = [cycle]
    expect(toJson(cycle)).toEqual({ a: 1, self: ["[circular]"] })
  })

  it("bounds: depth, entries, texts and the total", () => {
    let deep: unknown = "end"
    for (let i = 0; i < 10_000; i++) deep = [deep]
    expect(JSON.stringify(toJson(deep))).toBe("[[[[[[\"[array]\"]]]]]]")
    expect(toJson(Array.from({ length: 40 }, () => 0))).toEqual([...Array.from({ length: 32 }, () => 0), "… 8 more"])
    const wide = toJson(Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`k${i}`, i]))) as object
    expect(Object.keys(wide).length).toBe(33)
    expect(Object.entries(wide).at(-1)).toEqual(["…", "8 more"])
    expect((toJson("x".repeat(1e6)) as string).length).toBe(1024)
    const bush = (depth: number): unknown =>
      depth === 0 ? "x".repeat(2_000) : Array.from({ length: 32 }, () => bush(depth - 1))
    expect(JSON.stringify(toJson(bush(3))).length).toBeLessThan(600_000)
  })

  it("what is too long to be read is not read", () => {
    const long = "x".repeat(1e6)
    expect(JSON.stringify(toJson({ [long]: "abc", name: long, path: Array.from({ length: 1e6 }, () => long) })).length)
      .toBeLessThan(40_000)
    expect(Object.values(toJson({ [`${long}apiKey`]: "abc" }) as object)).toEqual(["<redacted>"])
    expect(safeText(`${long}token=abc`)).toBe(safeText(`${long}token=def`))
  })

  it("infinite iterables are not asked for their end", () => {
    const endless = new Set()
    endless[Symbol.iterator] = function*() {
      for (let i = 0;; i++) yield i
    }
    expect((toJson(endless) as ReadonlyArray<unknown>).length).toBe(32)
  })

  it("any value gives JSON that JSON keeps, and that is its own JSON", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
        (value) => {
          const json = toJson(value)
          expect(JSON.parse(JSON.stringify(json))).toEqual(json)
          expect(toJson(json)).toEqual(json)
        }
      ),
      { numRuns: 300 }
    )
  })
})

describe("bounded", () => {
  it.each([
    ["abc", 3, "abc"],
    ["abcd", 3, "ab…"],
    ["a😀b", 3, "a…"],
    ["a😀b", 4, "a😀b"],
    ["😀😀", 3, "😀…"]
  ])("%s to %i is %s", (text, limit, expected) => {
    expect(bounded(text, limit)).toBe(expected)
    expect(bounded(expected, limit)).toBe(expected)
  })
})

describe("safeText", () => {
  it("doing it twice changes nothing", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(
          FastCheck.constantFrom("token", "=", "\"", ":", "a", "\\", " ", "{", "😀", "<redacted>", "x".repeat(30)),
          {
            maxLength: 40
          }
        ),
        FastCheck.integer({ min: 20, max: 200 }),
        (parts, limit) => {
          const once = safeText(parts.join(""), limit)
          expect(once.length).toBeLessThanOrEqual(limit)
          expect(safeText(once, limit)).toBe(once)
        }
      ),
      { numRuns: 5_000 }
    )
  })

  it("what is cut cannot let out what was masked before", () => {
    for (let fill = 0; fill < 120; fill++) {
      const text = `${"x".repeat(fill)} "apiKey":"hunter2-hunter2-hunter2" token=hunter2 `
      expect(safeText(text, 64)).not.toContain("hunter")
    }
  })
})

describe("attempt", () => {
  it("gives what the function gives, and undefined for what it throws", () => {
    expect([attempt(() => 1), attempt(no)]).toEqual([1, undefined])
  })
})
