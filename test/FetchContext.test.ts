import { describe, expect, expectTypeOf, it } from "@effect/vitest"
import { Arbitrary, DateTime, JSONSchema, Schema } from "effect"
import { FetchContext } from "effect-errata"
import * as FastCheck from "effect/FastCheck"

const no = () => {
  throw new Error("no")
}

// oxlint-disable-next-line typescript/no-explicit-any -- what a caller without types may hand in
const untyped = (input: unknown): FetchContext.Input => input as any

describe("make", () => {
  it("keeps known fields, with instants in UTC", () => {
    expect(FetchContext.make({
      symbol: "BTCUSDT",
      interval: "1h",
      market: "SPOT",
      source: "rest",
      start: new Date(0),
      end: DateTime.unsafeMakeZoned(0, { timeZone: "Asia/Tokyo" }),
      url: "https://x.test/?apiKey=abc",
      operation: "read",
      attempt: 2,
      attributes: { shard: 3, cold: true, pool: "a", apiKey: "abc" }
    })).toEqual({
      symbol: "BTCUSDT",
      interval: "1h",
      market: "SPOT",
      source: "rest",
      start: "1970-01-01T00:00:00.000Z",
      end: "1970-01-01T00:00:00.000Z",
      url: "https://x.test/?apiKey=<redacted>",
      operation: "read",
      attempt: 2,
      attributes: { shard: 3, cold: true, pool: "a", apiKey: "<redacted>" }
    })
  })

  it.each<[unknown, string]>([
    [0, "1970-01-01T00:00:00.000Z"],
    [1_700_000_000_000, "2023-11-14T22:13:20.000Z"],
    ["2024-01-01", "2024-01-01T00:00:00.000Z"],
    ["2024-01-01T01:00:00+01:00", "2024-01-01T00:00:00.000Z"],
    [{ year: 2024, month: 2 }, "2024-02-01T00:00:00.000Z"],
    ["yesterday", "yesterday"],
    ["1", "1"],
    [0n, "0"],
    [Number.NaN, "NaN"],
    [new Date(Number.NaN), "Invalid Date"]
  ])("start %o is %s", (start, expected) => {
    expect(FetchContext.make(untyped({ start })).start).toBe(expected)
  })

  it("what is undefined has no key", () => {
    const input = Object.fromEntries(
      ["symbol", "interval", "market", "source", "start", "end", "url", "operation", "attempt", "attributes"].map((
        key
      ) => [key, undefined])
    )
    expect(Object.keys(FetchContext.make(untyped(input)))).toEqual([])
  })

  it.each<[string, unknown]>([
    ["null", null],
    ["a text", "BTCUSDT"],
    ["a proxy that throws", new Proxy({}, { get: no })],
    ["a getter that throws", {
      get symbol() {
        return no()
      }
    }],
    ["null for everything", { symbol: null, start: null, end: null, attempt: null, attributes: null }],
    ["attributes that throw", { attributes: new Proxy({}, { ownKeys: no }) }],
    ["an object that is no text", { symbol: { toString: no } }]
  ])("never throws, not for %s", (_, input) => {
    const context = FetchContext.make(untyped(input))
    expect(Schema.is(FetchContext.FetchContext)(context)).toBe(true)
  })

  it("is bounded: texts, names, and how many attributes", () => {
    const context = FetchContext.make({
      symbol: "x".repeat(1e6),
      attributes: Object.fromEntries(
        Array.from({ length: 1_000 }, (_, i) => [`${i}${"k".repeat(1e4)}`, "v".repeat(1e5)])
      )
    })
    expect(context.symbol?.length).toBe(1024)
    expect(Object.keys(context.attributes!).length).toBe(32)
    expect(
      Object.entries(context.attributes!).every(([key, value]) => key.length <= 128 && String(value).length <= 1024)
    ).toBe(
      true
    )
  })

  it("attributes of other kinds become texts", () => {
    const attributes = untyped({ attributes: { a: { b: [1] }, c: null, d: 1n, e: Number.NaN, f: { password: "x" } } })
    expect(FetchContext.make(attributes).attributes).toEqual({
      a: "{\"b\":[1]}",
      c: "null",
      d: "1",
      e: "NaN",
      f: "{\"password\":\"<redacted>\"}"
    })
  })

  it("a symbol, a bigint or a date among the attributes gains no quotes", () => {
    const attributes = untyped({ attributes: { a: Symbol("s"), b: 1n, c: new Date(0) } })
    expect(FetchContext.make(attributes).attributes).toEqual({ a: "Symbol(s)", b: "1", c: "1970-01-01T00:00:00.000Z" })
  })

  it.each<[string, unknown]>([
    ["a bigint as an instant", { start: 0n, end: 2000n }],
    ["texts that engines take for dates", { start: "0", end: "May 1" }],
    ["an object that says a date", { start: { toString: () => "2024-01-01" } }],
    ["a year of six digits", { start: 8.64e15, end: -8.64e15 }],
    ["a secret as an instant", { start: "token=abc" }],
    ["an attribute named `__proto__`", JSON.parse("{\"attributes\":{\"__proto__\":\"x\",\"a\":1}}")],
    ["symbols, bigints", { symbol: Symbol("s"), attributes: { a: Symbol("s"), b: 1n, c: "\"1\"" } }]
  ])("what was written is read and written as the same again: %s", (_, input) => {
    const context = FetchContext.make(untyped(input))
    const json = JSON.stringify(Schema.encodeSync(FetchContext.FetchContext)(context))
    const read = FetchContext.make(Schema.decodeUnknownSync(FetchContext.FetchContext)(JSON.parse(json)))
    expect(JSON.stringify(Schema.encodeSync(FetchContext.FetchContext)(read))).toBe(json)
    expect(Object.keys(read.attributes ?? {})).toEqual(Object.keys(context.attributes ?? {}))
  })

  it.each([[[]], [{ a: null }], [{ a: {} }], ["x"]])("attributes that are none do not decode: %j", (attributes) => {
    expect(Schema.is(FetchContext.FetchContext)({ attributes })).toBe(false)
  })

  it("the schema has a JSON schema and arbitrary values", () => {
    expect(JSON.stringify(JSONSchema.make(FetchContext.FetchContext))).toContain("Attributes")
    FastCheck.assert(FastCheck.property(Arbitrary.make(FetchContext.FetchContext), (context) => {
      expect(Schema.is(FetchContext.FetchContext)(context)).toBe(true)
    }))
  })

  it("is frozen, all of it, and the same when it went through already", () => {
    const context = FetchContext.make({ symbol: "X", attributes: { a: 1 } })
    expect(Object.isFrozen(context) && Object.isFrozen(context.attributes)).toBe(true)
    expect(FetchContext.make(context)).toBe(context)
    expect(FetchContext.make(FetchContext.empty)).toBe(FetchContext.empty)
  })

  it("a frozen input that did not go through is not believed", () => {
    expect(FetchContext.make(Object.freeze({ url: "?token=abc" })).url).toBe("?token=<redacted>")
  })
})

describe("merge", () => {
  it.each<[FetchContext.Input, FetchContext.Input, FetchContext.FetchContext]>([
    [{}, {}, {}],
    [{ symbol: "A" }, {}, { symbol: "A" }],
    [{}, { symbol: "B" }, { symbol: "B" }],
    [{ symbol: "A", source: "rest" }, { symbol: "B" }, { symbol: "B", source: "rest" }],
    [{ symbol: "A" }, { symbol: undefined }, { symbol: "A" }],
    [{ attributes: { a: 1, b: 1 } }, { attributes: { b: 2, c: 2 } }, { attributes: { a: 1, b: 2, c: 2 } }],
    [{ attributes: { a: 1 } }, { symbol: "B" }, { attributes: { a: 1 }, symbol: "B" }],
    [{ url: "?token=abc" }, { attempt: 1 }, { url: "?token=<redacted>", attempt: 1 }]
  ])("%o and %o: %o", (outer, inner, expected) => {
    expect(FetchContext.merge(outer, inner)).toEqual(expected)
    expect(Object.isFrozen(FetchContext.merge(outer, inner))).toBe(true)
  })

  it("where there are too many attributes, those of the inner one stay", () => {
    const many = (name: string) => Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`${name}${i}`, name]))
    const { attributes } = FetchContext.merge({ attributes: many("outer") }, { attributes: { ...many("inner") } })
    expect(attributes).toEqual(many("inner"))
  })

  it("is associative, and the empty context changes nothing", () => {
    const input = FastCheck.record({
      symbol: FastCheck.constantFrom("A", "B"),
      source: FastCheck.constantFrom("A", "B"),
      attempt: FastCheck.nat(3),
      attributes: FastCheck.dictionary(FastCheck.constantFrom("a", "b", "c"), FastCheck.nat(3))
    }, { requiredKeys: [] })
    FastCheck.assert(FastCheck.property(input, input, input, (a, b, c) => {
      const { merge } = FetchContext
      expect(merge(merge(a, b), c)).toEqual(merge(a, merge(b, c)))
      expect(merge(a, FetchContext.empty)).toEqual(FetchContext.make(a))
      expect(merge(FetchContext.empty, a)).toEqual(FetchContext.make(a))
    }))
  })
})

describe("toRecord", () => {
  it("names things as logs do; attributes overwrite none of them", () => {
    const context = FetchContext.make({
      symbol: "X",
      market: "SPOT",
      start: 0,
      end: 0,
      attributes: { shard: 3, symbol: "mine", market_type: "mine" }
    })
    expect(FetchContext.toRecord(context)).toEqual({
      symbol: "X",
      market_type: "SPOT",
      start_time: "1970-01-01T00:00:00.000Z",
      end_time: "1970-01-01T00:00:00.000Z",
      shard: 3
    })
  })
})

describe("types", () => {
  it("are closed: a typo does not compile", () => {
    // @ts-expect-error misspelt
    FetchContext.make({ simbol: "X" })
    // @ts-expect-error not a value of an attribute
    FetchContext.make({ attributes: { a: { b: 1 } } })
    expect(FetchContext.isEmpty(FetchContext.make({}))).toBe(true)
    expectTypeOf<FetchContext.FetchContext>().toMatchTypeOf<FetchContext.Input>()
  })
})

it("merge is dual", () => {
  const [outer, inner] = [{ source: "app", symbol: "A" }, { source: "rest" }]
  expect(FetchContext.merge(inner)(outer)).toEqual(FetchContext.merge(outer, inner))
})
