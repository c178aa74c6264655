/** Values that are no errors, and values that fight back: each is classified all the same, at once, and nothing throws. */
import { assert, describe, it } from "@effect/vitest"
import { BinanceErrors } from "effect-errata/binance"
import * as Classifier from "effect-errata/Classifier"
import * as FetchError from "effect-errata/FetchError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import type { Case } from "./cases.js"
import { table, throwing } from "./cases.js"

const errno = (code: string, syscall: string) =>
  Object.assign(new Error(`${syscall} ${code} 127.0.0.1:9`), { code, syscall })
const reset = errno("ECONNRESET", "read")

const trap = (): never => {
  throw new Error("no")
}

const chain = (length: number, root: unknown): unknown => {
  let error = root
  for (let i = 0; i < length; i++) error = new Error(`level ${i}`, { cause: error })
  return error
}

const getter = <A extends object>(target: A, key: string): A => Object.defineProperty(target, key, { get: trap })

// ---------------------------------------------------------------------------------------------------------------------
// thrown, and no errors
// ---------------------------------------------------------------------------------------------------------------------

const nothing: ReadonlyArray<readonly [string, unknown]> = [
  ["null", null],
  ["undefined", undefined],
  ["a number", 429],
  ["not a number", NaN],
  ["a truth", true],
  ["a symbol", Symbol("timeout")],
  ["a bigint", 429n],
  ["a function", () => 429],
  ["no text", ""],
  ["an empty object", {}],
  ["an object without a prototype", Object.create(null)],
  ["an empty list", []],
  ["a list of numbers", [429]],
  ["a list with holes", Object.assign([], { length: 2 ** 32 - 1 })],
  ["a date", new Date(0)],
  ["no date", new Date(NaN)],
  ["a map", new Map([["status", 429]])],
  ["a set", new Set([429])],
  ["a weak map", new WeakMap()],
  ["an expression", /429/],
  ["a promise", Promise.resolve(429)],
  ["bytes", Buffer.from("429")],
  ["an event", new Event("error")],
  ["an address", new URL("http://x/429")],
  ["an answer that is fine", new Response("ok")],
  ["an effect", Effect.fail(429)],
  ["a status that is none", { status: 429.5 }],
  ["a status out of range", { status: 42_900 }],
  ["a status that is text", { status: "429" }],
  ["a status that is an object", { status: { valueOf: () => 429 } }],
  ["a code that is no code", { code: "TIMEOUTUSDT" }],
  ["a code that is a symbol", { code: Symbol("x"), name: Symbol("x"), message: Symbol("x") }],
  ["a frozen error", Object.freeze(new Error("?"))],
  ["the global object", globalThis],
  ["the process", process]
]

table(
  "no errors",
  nothing.map(([name, value]): Case => [name, throwing(value), "Unexpected", "no"])
)

// ---------------------------------------------------------------------------------------------------------------------
// errors that resist
// ---------------------------------------------------------------------------------------------------------------------

const circle = (inner: object = new Error("inner")): unknown => {
  const outer = new Error("outer")
  return Object.assign(outer, { cause: Object.assign(inner, { cause: outer }) })
}

describe("what is there is found", () => {
  const retry = { errno: "ECONNRESET" }
  table("though the error resists", [
    ["frozen", throwing(Object.freeze(errno("ECONNRESET", "read"))), "NetworkConnection", "retry", retry],
    [
      "sealed, without a prototype",
      throwing(Object.seal(Object.assign(Object.create(null), { code: "ECONNRESET" }))),
      "NetworkConnection",
      "retry",
      retry
    ],
    ["behind a proxy", throwing(new Proxy(reset, {})), "NetworkConnection", "retry", retry],
    [
      "a function with a cause",
      throwing(Object.assign(() => 1, { cause: reset })),
      "NetworkConnection",
      "retry",
      retry
    ],
    ...["name", "message", "stack", "cause", "errors", "status", "response", "_tag", "syscall"].map((key): Case => [
      `${key} throws`,
      throwing(getter(errno("ECONNRESET", "read"), key)),
      "NetworkConnection",
      "retry"
    ]),
    [
      "code throws, the message does not",
      throwing(getter(errno("ECONNRESET", "read"), "code")),
      "NetworkConnection",
      "retry"
    ],
    ["a circle", throwing(circle()), "Unexpected", "no"],
    ["a circle with a fact in it", throwing(circle(errno("ECONNRESET", "read"))), "NetworkConnection", "retry", retry],
    [
      "an aggregate of itself",
      throwing((() => {
        const aggregate = new AggregateError([])
        aggregate.errors.push(aggregate, aggregate)
        return aggregate
      })()),
      "Unexpected",
      "no"
    ],
    ["ten causes deep", throwing(chain(10, reset)), "NetworkConnection", "retry", retry],
    [
      "the first of 1,000 members",
      throwing(new AggregateError([reset, ...Array.from({ length: 999 }, () => new Error("?"))])),
      "NetworkConnection",
      "retry",
      retry
    ],
    [
      "ten carriers deep",
      throwing(
        Array.from({ length: 10 }).reduce((inner: object) => ({ reason: inner }), reset)
      ),
      "NetworkConnection",
      "retry",
      retry
    ]
  ])

  // Where to look is bounded; what lies beyond is not found, and not looked for.
  table("as far as one looks", [
    ["10,000 causes deep", throwing(chain(10_000, reset)), "Unexpected", "no"],
    [
      "the last of 1,000 members",
      throwing(new AggregateError([...Array.from({ length: 999 }, () => new Error("?")), reset])),
      "Unexpected",
      "no"
    ]
  ])
})

// ---------------------------------------------------------------------------------------------------------------------
// bounded
// ---------------------------------------------------------------------------------------------------------------------

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
const endless = (...keys: ReadonlyArray<string>): object =>
  new Proxy({}, { get: (_, key) => keys.includes(String(key)) ? endless(...keys) : undefined })
const flood = "\n".repeat(200_000)

/** 1,000 members a level, every one of them an aggregate of 1,000. */
const wide = (depth: number): Error => {
  const member = depth === 0 ? new Error("x") : wide(depth - 1)
  return new AggregateError(Array.from({ length: 1000 }, () => member))
}

const values: ReadonlyArray<readonly [string, unknown]> = [
  ["a proxy that was revoked", revoked()],
  ["a proxy that always throws", new Proxy({}, { get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap })],
  ["a proxy of a function that always throws", new Proxy(() => 1, { get: trap, apply: trap, getPrototypeOf: trap })],
  [
    "a proxy that is its own everything",
    (() => {
      const proxy: object = new Proxy({}, { get: (_, key) => typeof key === "symbol" ? undefined : proxy })
      return proxy
    })()
  ],
  ["causes without end", endless("cause")],
  ["carriers without end", endless("error", "suppressed", "reason", "originalError", "innerError")],
  ["answers without end", endless("response", "request", "config", "options", "signal")],
  ["causes 10,000 deep", chain(10_000, reset)],
  ["aggregates of 1,000 aggregates", wide(4)],
  ["members that cannot be read", { errors: revoked() }],
  ["members that say they are many", {
    errors: new Proxy([], { get: (_, key) => key === "length" ? 2 ** 32 - 1 : reset })
  }],
  ["members that say how many in a bigint", {
    errors: new Proxy([], { get: (_, key) => key === "length" ? 10n : undefined })
  }],
  ["no text from it", { toString: trap, [Symbol.toPrimitive]: trap, toJSON: trap }],
  ["a name that is no text", { name: {}, constructor: { name: {} }, message: [] }],
  ["an answer that cannot be read", { response: new Proxy({}, { get: trap }) }],
  ["an answer of parts that cannot", {
    response: { status: 500, headers: new Proxy({}, { ownKeys: trap }), data: revoked() }
  }],
  [
    "an answer that says something else each time",
    (() => {
      let asked = 0
      return {
        get status() {
          return [429, undefined, "x", 500][asked++ % 4]
        }
      }
    })()
  ],
  ["a body of 10 MB", { status: 400, body: "x".repeat(10_000_000) }],
  ["a body of 10 MB that says what is wrong", { status: 400, body: { code: -1121, msg: "x ".repeat(5_000_000) } }],
  ["a body of a 100,000 rows", { status: 400, body: Array.from({ length: 100_000 }, (_, i) => [i, "x"]) }],
  ["a body 100,000 deep", { status: 400, body: "[".repeat(100_000) }],
  ["a text of 10 MB", "x".repeat(10_000_000)],
  ["a message of 10 MB", new Error("x".repeat(10_000_000))],
  ["a message of empty lines", new Error(`${flood}.`)],
  ["a trace of empty lines", Object.assign(new Error("?"), { stack: flood })],
  ["no message, and a trace of empty lines", Object.assign(new Error(), { stack: flood })],
  ["a trace of calls", Object.assign(new Error("?"), { stack: "at async ".repeat(100_000) })],
  [
    "a system call with a trace of calls",
    Object.assign(errno("ENOENT", "open"), { stack: "at async ".repeat(100_000) })
  ],
  [
    "half quoted JSON",
    Object.assign(new SyntaxError(", \"".repeat(5000) + " is not valid JSON"), { name: "ParseError" })
  ],
  ["a checksum of many words", new Error("checksum ".repeat(100_000))],
  [
    "100,000 issues",
    Object.assign(new Error("?"), {
      name: "ZodError",
      issues: Array.from({ length: 100_000 }, (_, i) => ({ path: [i], message: "no" }))
    })
  ],
  [
    "an issue 1,000,000 deep",
    Object.assign(new Error("?"), {
      name: "ZodError",
      issues: [{ path: Array.from({ length: 1_000_000 }, () => "x"), message: "no" }]
    })
  ],
  ["issues that cannot be read", Object.assign(new Error("?"), { name: "ZodError", issues: revoked() })],
  ["half of a character, and control characters", new Error("\ud800\u0000\u001b[31m\u202e")],
  ["a million numbers", new Float64Array(1_000_000)]
]

// Half a million for a list of 100,000 rows, and for 256 errors that each hold five more.
const mostReads = 1_000_000

/** The same value, with a count of the reads of its properties and of those of everything it leads to. */
const counting = (value: object) => {
  const counted = { value, reads: 0 }
  const known = new WeakMap<object, object>()
  const wrap = (inner: unknown): unknown => {
    if (typeof inner !== "object" || inner === null || ArrayBuffer.isView(inner)) return inner
    const wrapped = known.get(inner) ?? new Proxy(inner, {
      get: (target, key) => {
        counted.reads++
        const read: unknown = Reflect.get(target, key)
        const property = Reflect.getOwnPropertyDescriptor(target, key)
        // A proxy must give such a property as it is.
        return property?.configurable === false && property.writable === false ? read : wrap(read)
      }
    })
    known.set(inner, wrapped)
    return wrapped
  }
  counted.value = wrap(value) as object
  return counted
}

describe("whatever it is", () => {
  for (const [name, value] of values) {
    it(`${name}: an error, after bounded work, of one bounded line, that is JSON`, async () => {
      // Texts have no reads to count: with work that is not bounded, the test does not end.
      if (typeof value === "object" && value !== null) {
        const counted = counting(value)
        Classifier.classifySync(counted.value, { rules: BinanceErrors.rules })
        assert.isAtMost(counted.reads, mostReads)
      }
      const error = Classifier.classifySync(value, { rules: BinanceErrors.rules })
      assert.isTrue(FetchError.isFetchError(error))
      assert.isTrue(Object.is(FetchError.original(error), value))
      assert.isAtMost(error.message.length, 4096)
      assert.notMatch(error.message, /[\r\n]/)
      assert.isAtMost(JSON.stringify(error).length, 64_000)
      assert.isTrue(FetchError.isFetchError(await Effect.runPromise(Classifier.classify(value))))
      assert.isTrue(FetchError.isFetchError(Classifier.classifySync(new Error("outer", { cause: value }))))
    })
  }
})

// ---------------------------------------------------------------------------------------------------------------------
// anything
// ---------------------------------------------------------------------------------------------------------------------

/** Names that the classifier reads, so that what is generated is looked at. */
const names = [
  "_tag",
  "body",
  "bodyUsed",
  "cause",
  "code",
  "config",
  "constructor",
  "data",
  "error",
  "errors",
  "headers",
  "issue",
  "issues",
  "kind",
  "left",
  "message",
  "method",
  "module",
  "name",
  "options",
  "path",
  "reason",
  "request",
  "response",
  "retryAfter",
  "signal",
  "stack",
  "status",
  "statusCode",
  "syscall",
  "url",
  "value"
] as const

/** Words that mean something to it. */
const words = [
  "AbortError",
  "AggregateError",
  "ApiRateLimit",
  "Composite",
  "ECONNABORTED",
  "ENOENT",
  "ETIMEDOUT",
  "FileSystem",
  "Left",
  "NetworkError",
  "NotFound",
  "ParseError",
  "PlatformError",
  "Pointer",
  "ResponseError",
  "Some",
  "SyntaxError",
  "SystemError",
  "Transformation",
  "UND_ERR_REQ_RETRY",
  "ZodError",
  "binance GET http://x 418 {\"code\":-1003}",
  "connect ECONNREFUSED 127.0.0.1:9",
  "http://x/?signature=0",
  "open",
  "{\"code\":-1121,\"msg\":\"banned until 1659761931230\"}",
  "Mon, 01 Jan 2024 00:01:00 GMT"
] as const

/** What a value turns into that resists: a proxy, a getter, an error, a frozen object, a Cause, an Option. */
const resist = [
  (value: unknown) => value,
  (value: unknown) => Object.assign(new Error(), value),
  (value: unknown) => Object.assign(new TypeError("x", { cause: value }), value),
  (value: unknown) => new AggregateError([value, value]),
  (value: unknown) => Object.freeze(value),
  (value: unknown) => new Proxy(Object(value), {}),
  (value: unknown) => new Proxy(Object(value), { getPrototypeOf: trap, ownKeys: trap, has: trap }),
  (value: unknown) =>
    new Proxy(Object(value), { get: (target, key) => key === "message" ? trap() : Reflect.get(target, key) }),
  (value: unknown) => new Response(String(Symbol.iterator in Object(value)), { status: 429 }),
  (value: unknown) => Cause.parallel(Cause.fail(value), Cause.die(value)),
  (value: unknown) => Option.some(value),
  (value: unknown) => ({
    get cause() {
      return value
    },
    get status() {
      return trap()
    }
  }),
  revoked,
  () => Symbol.iterator
] as const

/** What resists may resist this, too. */
const attempt = (make: (value: unknown) => unknown, value: unknown): unknown => {
  try {
    return make(value)
  } catch {
    return value
  }
}

type Make = () => unknown

/** Recipes, not values: FastCheck looks at what it generates, and that would not survive it. */
const { node } = FastCheck.letrec<{ leaf: Make; record: Make; node: Make }>((tie) => ({
  leaf: FastCheck.oneof(
    FastCheck.constantFrom(...words),
    FastCheck.integer({ min: -2, max: 600 }),
    FastCheck.anything()
  ).map((value) => () => value),
  record: FastCheck.dictionary(FastCheck.constantFrom(...names), tie("node"), { maxKeys: 4 }).map(
    (made) => () => Object.fromEntries(Object.entries(made).map(([name, make]) => [name, make()]))
  ),
  node: FastCheck.oneof(
    { depthSize: "small" },
    tie("leaf"),
    FastCheck.tuple(tie("record"), FastCheck.constantFrom(...resist)).map(
      ([make, resisting]) => () => attempt(resisting, make())
    ),
    FastCheck.array(tie("node"), { maxLength: 3 }).map((made) => () => made.map((make) => make()))
  )
}))

describe("anything at all", () => {
  it("any thrown value with any context becomes one of the 17, in JSON too", () => {
    FastCheck.assert(
      FastCheck.property(node, FastCheck.anything(), (make, context) => {
        const error = Classifier.classifySync(make(), { context: context as never, rules: BinanceErrors.rules, now: 0 })
        assert.isTrue(FetchError.isFetchError(error) && error._tag in FetchError.facts)
        assert.isTrue(FetchError.isFetchError(Classifier.classifySync(JSON.parse(JSON.stringify(error)))))
      }),
      { numRuns: 1000 }
    )
  })

  it("for any behaviour of a rule", () => {
    const rules: ReadonlyArray<Classifier.Rule> = [
      trap,
      () => undefined as never,
      () => revoked() as never,
      () => Option.some({ _tag: "ApiAuth" }) as never,
      (cause) => Option.getOrThrow(Option.fromNullable(cause as null))
    ]
    FastCheck.assert(
      FastCheck.property(node, (make) => FetchError.isFetchError(Classifier.classifySync(make(), { rules }))),
      { numRuns: 200 }
    )
  })

  it.effect.prop("with Effect the same, and it neither fails nor dies", [node], ([make]) =>
    Effect.gen(function*() {
      const cause = make()
      assert.isTrue(FetchError.isFetchError(yield* Classifier.classify(cause)))
      const whole = Cause.parallel(Cause.die(cause), Cause.fail(cause))
      assert.isTrue(Option.isSome(yield* Classifier.classifyCause(whole)))
    }), { fastCheck: { numRuns: 100 } })
})
