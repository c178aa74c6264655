import { describe, expect, it } from "@effect/vitest"
import { Cause, Data, Schema } from "effect"
import { causes, chain, trace } from "../../../src/internal/error/causeChain.js"
import { toErrors } from "../../../src/internal/error/safeCause.js"

const lines = (cause: unknown) => chain(cause).map(({ message, name }) => `${name}: ${message}`)

describe("chain", () => {
  class Nameless extends Error {}
  class Tagged extends Data.TaggedError("Tagged")<{ readonly message: string }> {}
  const cyclic = new Error("a")
  cyclic.cause = new Error("b", { cause: cyclic })

  it.each<[string, unknown, ReadonlyArray<string>]>([
    ["nothing", undefined, []],
    ["null", null, ["object: null"]],
    ["a text", "boom", ["string: boom"]],
    ["a number", 7, ["number: 7"]],
    ["a bigint", 7n, ["bigint: 7"]],
    ["a symbol", Symbol("s"), ["symbol: Symbol(s)"]],
    ["an error", new TypeError("x"), ["TypeError: x"]],
    ["no message", new Error(), ["Error: "]],
    ["a class that set no name", new Nameless("x"), ["Nameless: x"]],
    ["a tagged error", new Tagged({ message: "x" }), ["Tagged: x"]],
    ["a tag without a name", { _tag: "T", message: "x" }, ["T: x"]],
    ["a response", new Response(null, { status: 503 }), ["Response: 503"]],
    ["an object of a class", new Map(), ["Map: {}"]],
    ["a plain object", { code: 1, token: "t" }, ["Object: {\"code\":1,\"token\":\"<redacted>\"}"]],
    ["names that are none", { name: 7, message: "x" }, ["Error: x"]],
    ["Effect's wrapper", new Cause.UnknownException(new RangeError("x")), [
      "UnknownException: An unknown error occurred",
      "RangeError: x"
    ]],
    ["causes", new Error("a", { cause: new TypeError("b", { cause: "c" }) }), [
      "Error: a",
      "TypeError: b",
      "string: c"
    ]],
    ["a cause that is null", new Error("a", { cause: null }), ["Error: a", "object: null"]],
    [
      "an aggregate: its members, with their causes, then its own cause",
      (() => {
        const members = [new Error("b", { cause: new Error("c") }), "d"]
        return Object.assign(new AggregateError(members, "a"), { cause: new Error("e") })
      })(),
      ["AggregateError: a", "Error: b", "Error: c", "string: d", "Error: e"]
    ],
    ["a cycle", cyclic, ["Error: a", "Error: b"]],
    ["secrets", new Error("apiKey=abc", { cause: "token: abc" }), [
      "Error: apiKey=<redacted>",
      "string: token: <redacted>"
    ]]
  ])("%s", (_, cause, expected) => {
    expect(lines(cause)).toEqual(expected)
    expect(lines(toErrors(chain(cause)))).toEqual(expected)
  })

  it("the secret that a schema refused stands in no line", () => {
    const { left } = Schema.decodeUnknownEither(Schema.Struct({ apiKey: Schema.Number }))({ apiKey: "hunter2" }) as {
      readonly left: unknown
    }
    const told = lines(new Error("a", { cause: left }))
    expect(told.join()).toContain("Expected number, actual \"<redacted>\"")
    expect(JSON.stringify(trace(left))).not.toContain("hunter2")
  })

  it("at most sixteen links of long, deep or wide chains", () => {
    let deep: unknown = "end"
    for (let i = 0; i < 10_000; i++) deep = new Error(String(i), { cause: deep })
    expect(lines(deep)).toEqual(Array.from({ length: 16 }, (_, i) => `Error: ${9_999 - i}`))
    const wide = new AggregateError(Array.from({ length: 1_000 }, (_, i) => new Error(String(i))))
    expect(chain(wide).length).toBe(16)
    expect(chain(new Error("x".repeat(1e6)))[0]!.message.length).toBe(1024)
  })

  it("what throws when it is looked at is still a link", () => {
    const no = () => {
      throw new Error("no")
    }
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    for (const hostile of [new Proxy({}, { get: no, has: no, ownKeys: no, getPrototypeOf: no }), proxy]) {
      expect(chain(hostile)).toEqual([{ name: "Object", message: "\"[unreadable]\"" }])
      expect(chain(new Error("a", { cause: hostile })).length).toBe(2)
      expect(trace(new AggregateError([hostile, 1])).length).toBe(3)
    }
    expect(chain({ errors: new Proxy([], { get: no }), message: "m" })).toEqual([{ name: "Error", message: "m" }])
    expect(chain(Object.defineProperty(new Error("m"), "cause", { get: no }))).toEqual([{
      name: "Error",
      message: "m"
    }])
    expect(chain(Object.create(null))).toEqual([{ name: "Object", message: "{}" }])
  })

  it("hands on the very objects, outermost first", () => {
    const inner = new Error("b")
    const outer = new Error("a", { cause: inner })
    expect(causes(outer)).toEqual([outer, inner])
    expect(causes(undefined)).toEqual([])
  })
})

describe("trace", () => {
  it("has the frames of the program, on the innermost error only", () => {
    const inner = Object.assign(new Error("b"), {
      stack: [
        "Error: b",
        "    at parse (/app/src/klines.ts:1:2)",
        "    at node:internal/process/task_queues:95:5",
        "    at fetch (node:internal/deps/undici/undici:1:2)",
        "    at run (/app/node_modules/effect/src/x.ts:1:2)",
        "    at new Promise (<anonymous>)",
        "    at main (/app/src/main.ts?token=abc:3:4)",
        ...Array.from({ length: 100 }, (_, i) => `    at f${i} (/app/src/deep.ts:1:2)`)
      ].join("\n")
    })
    const [outer, origin, text] = trace(new Error("a", { cause: Object.assign(inner, { cause: "text" }) }))
    expect(outer).toEqual({ name: "Error", message: "a" })
    expect(text).toEqual({ name: "string", message: "text" })
    expect(origin?.frames?.slice(0, 2)).toEqual([
      "    at parse (/app/src/klines.ts:1:2)",
      "    at main (/app/src/main.ts?token=<redacted>)"
    ])
    expect(origin?.frames?.length).toBe(8)
  })

  it("a stack that is none, too long, or throws: no frames", () => {
    for (const stack of [undefined, 7, "", "x".repeat(1e7)]) {
      expect(trace(Object.assign(new Error("a"), { stack }))).toEqual([{ name: "Error", message: "a", frames: [] }])
    }
    const throwing = Object.defineProperty(new Error("a"), "stack", {
      get: () => {
        throw new Error("no")
      }
    })
    expect(trace(throwing)).toEqual([{ name: "Error", message: "a", frames: [] }])
  })
})

describe("toErrors", () => {
  it("gives errors that say the same, and nothing of where they were made", () => {
    const error = toErrors([{ name: "A", message: "a" }, { name: "B", message: "b", frames: ["    at x"] }])
    expect([String(error), error?.stack, String(error?.cause)]).toEqual(["A: a", "A: a", "B: b"])
    const inner = error?.cause instanceof Error ? error.cause : undefined
    expect([inner?.stack, inner?.cause]).toEqual(["B: b\n    at x", undefined])
    expect(toErrors([])).toBe(undefined)
  })
})
