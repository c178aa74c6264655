/** What is read of an error, and where. */
import { assert, describe, it } from "@effect/vitest"
import * as Classifier from "effect-errata/Classifier"
import * as FetchError from "effect-errata/FetchError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { links } from "../../../src/internal/classifier/links.js"

const classified = Classifier.classifySync

const system = (code: string, syscall: string, more: object = {}) =>
  Object.assign(new Error(`${syscall} ${code}`), { code, syscall, ...more })

describe("links", () => {
  it("each once, also in a cycle, and each before its causes, of which the first comes last", () => {
    const [a, b, c] = [new Error("a"), new Error("b"), new Error("c")]
    const all = new AggregateError([a, b], "all", { cause: c })
    assert.deepStrictEqual(links(all), [all, c, b, a])
    a.cause = all
    c.cause = b
    assert.deepStrictEqual(links(all), [all, c, b, a])
  })

  it("16 deep", () => {
    let error: unknown = new Error("the innermost")
    for (let i = 0; i < 20; i++) error = new Error(`${i}`, { cause: error })
    assert.strictEqual(links(error).length, 16)
  })

  it("anything else has none", () => {
    for (const value of [undefined, null, "text", 7, {}, []]) assert.deepStrictEqual(links(value), [value])
  })
})

describe("codes", () => {
  it("of the resolver, by the call that failed", () => {
    for (
      const syscall of [
        "getaddrinfo",
        "getnameinfo",
        "queryA",
        "querySoa",
        "getHostByAddr",
        "getHostByName",
        "reverse"
      ]
    ) assert.strictEqual(classified(system("ECONNREFUSED", syscall))._tag, "NetworkDns", syscall)
    assert.strictEqual(classified(system("ECONNREFUSED", "connect"))._tag, "NetworkConnection")
  })
})

describe("one of the 17 inside another error", () => {
  it("has the last word", () => {
    const inner = new FetchError.ApiAuth({})
    for (const more of [{ cause: inner }, { status: 503, cause: inner }, { errors: [new Error("x"), inner] }]) {
      assert.strictEqual(classified(system("ECONNREFUSED", "connect", more))._tag, "ApiAuth")
    }
  })
})

describe("traces", () => {
  it("identify a decoder within three frames", () => {
    const at = (frame: number) =>
      classified(Object.assign(new TypeError("x"), {
        stack: [
          "TypeError: x",
          ...Array.from({ length: 5 }, (_, i) =>
            i === frame ? "    at read (/app/node_modules/yauzl/index.js:1:1)" : "    at load (/app/main.js:1:1)")
        ].join("\n")
      }))._tag
    assert.deepStrictEqual([0, 1, 2, 3, 4].map(at), [
      "DataIntegrity",
      "DataIntegrity",
      "DataIntegrity",
      "Internal",
      "Internal"
    ])
  })
})

describe("answers", () => {
  const response = (cause: unknown): Classifier.Response | undefined => {
    let seen: Classifier.Response | undefined
    const rule: Classifier.Rule = (_, { response }) => {
      seen = Option.getOrUndefined(response)
      return Option.none()
    }
    classified(cause, { rules: [rule] })
    return seen
  }

  it("headers in lower case, lists of them joined, and nothing that is neither text nor number", () => {
    const headers = { "X-A": "1", "X-B": 2, "Set-Cookie": ["a", "b"], "X-C": undefined, "X-D": {}, constructor: "c" }
    const expected = { "x-a": "1", "x-b": "2", "set-cookie": "a, b", constructor: "c" }
    assert.deepStrictEqual(response({ status: 500, headers })?.headers, expected)
    assert.deepStrictEqual(
      response({ response: { status: 500, headers: new Map(Object.entries(headers)) } })?.headers,
      {
        ...expected
      }
    )
  })

  it("a body where clients keep it; an Effect, a function and null are none", () => {
    const table: ReadonlyArray<readonly [object, unknown]> = [
      [{ response: { data: "a" } }, "a"],
      [{ response: { _data: "b" } }, "b"],
      [{ data: "c" }, "c"],
      [{ response: { body: "d" } }, "d"],
      [{ body: "e" }, "e"],
      [{ response: { text: "f" } }, "f"],
      [{ error: "g" }, "g"],
      [{ response: { data: null, text: () => "no" }, body: "h" }, "h"],
      [{ response: { text: Effect.succeed("no") }, error: "i" }, "i"],
      [{ response: { text: Effect.succeed("no") } }, undefined]
    ]
    for (const [more, body] of table) assert.strictEqual(response({ status: 500, ...more })?.body, body)
  })
})

describe("what an error that can be tracked says of itself", () => {
  const own = { _tag: "Closed", code: "CLOSED", category: "Api", severity: "WARNING", message: "closed", context: {} }
  const wait = Option.some(Duration.seconds(5))

  it("is believed of such errors; of others, only words that mean nothing else", () => {
    assert.deepStrictEqual(classified({ ...own, retryAfter: wait }).retryAfter, wait)
    assert.deepStrictEqual(classified({ ...own, retryable: true }).retryable, true)
    assert.deepStrictEqual(classified({ message: "closed", retryAfter: wait }).retryAfter, Option.none())
    assert.deepStrictEqual(classified({ message: "closed", retryable: true }).retryable, false)
    assert.deepStrictEqual(classified({ message: "closed", retriable: true }).retryable, true)
    assert.deepStrictEqual(classified(Object.assign(new Error("closed"), { retryable: true })).retryable, true)
    assert.deepStrictEqual(classified(Object.assign(new Error("closed"), { retriable: "true" })).retryable, false)
  })

  it("and only where it can be what it is called", () => {
    for (const retryAfter of [-5, "soon", null, {}, Option.some(5), Option.some("soon")]) {
      const error = classified({ ...own, retryAfter })
      assert.deepStrictEqual([error._tag, error.retryAfter], ["Unexpected", Option.none()])
    }
    assert.deepStrictEqual(classified({ ...own, retryAfter: 5 }).retryAfter, wait)
    assert.strictEqual(classified({ ...own, retryable: "yes" }).retryable, false)
  })
})

describe("messages", () => {
  const table: ReadonlyArray<readonly [unknown, string]> = [
    [new TypeError("x is not a function"), "Internal error: TypeError - x is not a function"],
    [new Error("?"), "Unexpected error: Error - ?"],
    [new (class Broken extends Error {})(), "Unexpected error: Broken"],
    [system("ECONNREFUSED", "connect"), "Connection failed: connect ECONNREFUSED"],
    [Object.assign(new Error(""), { code: "ECONNREFUSED" }), "Connection failed: Error"],
    [{ status: 400, data: { code: -1100 } }, "Request not answered as expected: HTTP 400, code -1100"],
    [{ status: 400, data: { msg: "no" } }, "Request not answered as expected: HTTP 400, no"],
    [{ status: 400, data: { code: -1, msg: "no" } }, "Request not answered as expected: HTTP 400, no (code -1)"],
    [{ status: 400 }, "Request not answered as expected: HTTP 400"],
    [new Error(" a\n\tb   c\u00a0d "), "Unexpected error: Error - a b c d"]
  ]
  for (const [cause, message] of table) {
    it(message, () => assert.strictEqual(classified(cause).message, message))
  }
})
