import { describe, expect, expectTypeOf, it } from "@effect/vitest"
import { Cause, Duration, Effect, Equal, Exit, Match, Option, Redacted, Runtime, Schema } from "effect"
import { ErrorLog, FetchContext, FetchError } from "effect-errata"
import { LogCapture } from "effect-errata/testing"
import * as FastCheck from "effect/FastCheck"
import { inspect, types } from "node:util"
import { chain } from "../src/internal/error/causeChain.js"
import { byDepth } from "./depth.js"

// ---------------------------------------------------------------------------------------------------------------------
// facts
// ---------------------------------------------------------------------------------------------------------------------

const table = [
  ["NetworkTimeout", "NETWORK_TIMEOUT", "Network", "WARNING", "Network request timed out", true],
  ["NetworkConnection", "NETWORK_CONNECTION", "Network", "ERROR", "Failed to establish connection", true],
  ["NetworkDns", "NETWORK_DNS", "Network", "ERROR", "DNS resolution failed", true],
  ["ApiRateLimit", "API_RATE_LIMIT", "Api", "WARNING", "API rate limit exceeded", true],
  ["ApiAuth", "API_AUTH", "Api", "ERROR", "Authentication failed", false],
  ["ApiPermission", "API_PERMISSION", "Api", "ERROR", "Insufficient permissions", false],
  ["ApiFormat", "API_FORMAT", "Api", "ERROR", "API response format error", false],
  ["DataEmpty", "DATA_EMPTY", "Data", "INFO", "Empty data returned (expected)", false],
  ["DataValidation", "DATA_VALIDATION", "Data", "WARNING", "Data validation failed", false],
  ["DataIntegrity", "DATA_INTEGRITY", "Data", "ERROR", "Data integrity check failed", true],
  ["DataTransformation", "DATA_TRANSFORMATION", "Data", "ERROR", "Data transformation failed", false],
  ["StorageRead", "STORAGE_READ", "Storage", "ERROR", "Failed to read from storage", false],
  ["StorageWrite", "STORAGE_WRITE", "Storage", "ERROR", "Failed to write to storage", false],
  ["StorageSpace", "STORAGE_SPACE", "Storage", "ERROR", "Insufficient storage space", false],
  ["StoragePermission", "STORAGE_PERMISSION", "Storage", "ERROR", "Storage permission denied", false],
  ["Unexpected", "UNEXPECTED", "Other", "ERROR", "Unexpected error occurred", false],
  ["Internal", "INTERNAL", "Other", "ERROR", "Internal system error", false]
] as const

type Tag = (typeof table)[number][0]

/** Any of the 17 by its tag; `DataEmpty` cannot do without a reason. */
const make = (tag: Tag, props: FetchError.CommonProps = {}): FetchError.FetchError =>
  tag === "DataEmpty"
    ? new FetchError.DataEmpty({ reason: "date_range", ...props })
    : new FetchError[tag](props)

describe("facts", () => {
  it("are the 17 of the design, word for word", () => {
    expect(Object.entries(FetchError.facts).map(([tag, facts]) => [tag, ...Object.values(facts)])).toEqual(
      table.map(([tag, code, category, severity, description]) => [tag, code, category, severity, description])
    )
    expect(FetchError.FetchError.members.map((member) => member._tag)).toEqual(table.map(([tag]) => tag))
  })

  it.each(table)("%s", (tag, code, category, severity, description, retryable) => {
    const error = make(tag)
    const Class = FetchError[tag]
    expect([Class._tag, Class.code, Class.category, Class.severity, Class.description]).toEqual(
      [tag, code, category, severity, description]
    )
    expect(error).toMatchObject({ _tag: tag, code, category, severity, description, retryable })
    expect([error.name, error.message]).toEqual([tag, description])
    expect(error.context).toEqual({})
    expect(error.retryAfter).toEqual(Option.none())
    expect(error.earlier).toEqual([])
    expect(error.cause).toBe(undefined)
    expect(error).toBeInstanceOf(FetchError[tag])
    expect(types.isNativeError(error)).toBe(true)
    expect(String(error)).toBe(`${tag}: ${description}`)
    expect(error.stack).toMatch(new RegExp(`^${tag}: .*\\n\\s+at (new |make ).*FetchError\\.test\\.ts`))
    expect(FetchError.isFetchError(error) && FetchError.isTrackable(error)).toBe(true)
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// defaults
// ---------------------------------------------------------------------------------------------------------------------

describe("retryable", () => {
  it.each([
    [new FetchError.ApiFormat({ status: 499 }), false],
    [new FetchError.ApiFormat({ status: 500 }), true],
    [new FetchError.ApiFormat({ status: 501 }), false],
    [new FetchError.ApiFormat({ status: 502 }), true],
    [new FetchError.ApiFormat({ status: 503 }), true],
    [new FetchError.ApiFormat({ status: 504 }), false],
    [new FetchError.ApiFormat({ status: 519 }), false],
    [new FetchError.ApiFormat({ status: 520 }), true],
    [new FetchError.ApiFormat({ status: 529 }), true],
    [new FetchError.ApiFormat({ status: 530 }), false],
    [new FetchError.NetworkConnection({ errno: "ECONNRESET" }), true],
    [new FetchError.NetworkConnection({ errno: "CERT_HAS_EXPIRED" }), false],
    [new FetchError.NetworkConnection({ errno: "DEPTH_ZERO_SELF_SIGNED_CERT" }), false],
    [new FetchError.NetworkConnection({ errno: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" }), false],
    [new FetchError.NetworkConnection({ errno: "ERR_TLS_CERT_ALTNAME_INVALID" }), false],
    [new FetchError.DataEmpty({ reason: "not_published_yet" }), true],
    [new FetchError.DataEmpty({ reason: "source_gap" }), false],
    // The word of whoever made the error stands.
    [new FetchError.ApiAuth({ retryable: true }), true],
    [new FetchError.NetworkTimeout({ retryable: false }), false]
  ])("%o: %s", (error, expected) => {
    expect(error.retryable).toBe(expected)
  })
})

describe("own defaults", () => {
  it.each([[418, undefined, true], [429, undefined, false], [undefined, undefined, false], [418, false, false], [
    429,
    true,
    true
  ]])("status %s, banned %s: %s", (status, banned, expected) => {
    const props = { ...(status && { status }), ...(banned !== undefined && { banned }) }
    expect(new FetchError.ApiRateLimit(props).banned).toBe(expected)
  })

  it.each(
    [
      ["date_range", false],
      ["api_response", false],
      ["filter_result", true],
      ["not_listed_yet", true],
      ["delisted", true],
      ["not_published_yet", true],
      ["source_gap", true]
    ] as const
  )("%s is expected: %s", (reason, expected) => {
    expect(new FetchError.DataEmpty({ reason }).expected).toBe(expected)
    expect(new FetchError.DataEmpty({ reason, expected: !expected }).expected).toBe(!expected)
  })

  it("an unknown reason is refused, unless validation is disabled", () => {
    const reason = "because" as FetchError.EmptyReason
    expect(() => new FetchError.DataEmpty({ reason })).toThrow(/reason/)
    expect(() => new FetchError.DataEmpty({ reason }, { disableValidation: true })).not.toThrow()
    expect(() => new FetchError.DataEmpty({ reason }, true)).not.toThrow()
  })

  it("an infinite wait is no delay, a value that is no finite number no evidence", () => {
    expect(new FetchError.ApiRateLimit({ retryAfter: Option.some(Duration.infinity) }).retryAfter).toEqual(
      Option.none()
    )
    expect(Object.keys(new FetchError.ApiFormat({ status: Number.NaN }))).not.toContain("status")
    expect(new FetchError.ApiFormat({ status: -0, context: { attempt: -0 } })).toMatchObject({
      status: 0,
      context: { attempt: 0 }
    })
    expect(Object.keys(new FetchError.NetworkTimeout({ timeoutMillis: Infinity }))).not.toContain("timeoutMillis")
  })

  it.each<[input: FetchError.CommonProps["retryAfter"], millis: number | undefined]>([
    [5, 5],
    [0, 0],
    ["30 seconds", 30_000],
    [5n, 5e-6],
    [[1, 500_000_000], 1500],
    [Duration.minutes(1), 60_000],
    [Option.some(5), 5],
    [Option.some("2 minutes"), 120_000],
    [Option.some(Duration.seconds(1)), 1000],
    [Option.none(), undefined],
    [undefined, undefined],
    [Duration.infinity, undefined]
  ])("retryAfter: %o is a wait of %s ms", (retryAfter, millis) => {
    for (const options of [undefined, { disableValidation: true }]) {
      const error = new FetchError.NetworkDns({ retryAfter }, options)
      expect(Option.getOrUndefined(Option.map(error.retryAfter, Duration.toMillis))).toBe(millis)
    }
  })

  it.each<[input: unknown, hint: string]>([
    ["soon", "duration"],
    ["5 mins", "write \"5 minutes\""],
    ["5", "\"5 seconds\""],
    [-5, "zero or a positive"],
    [NaN, "zero or a positive"],
    [null, "zero or a positive"],
    [{}, "zero or a positive"],
    [true, "zero or a positive"],
    [Option.some("soon"), "duration"],
    [Option.some(null), "zero or a positive"],
    [new Date(0), "zero or a positive"]
  ])("retryAfter: %o is refused, or is no wait where validation is disabled", (input, hint) => {
    const retryAfter = input as string as "5 seconds"
    expect(() => new FetchError.NetworkDns({ retryAfter })).toThrow(/^NetworkDns: retryAfter is /)
    expect(() => new FetchError.NetworkDns({ retryAfter })).toThrow(hint)
    expect(new FetchError.NetworkDns({ retryAfter }, true).retryAfter).toEqual(Option.none())
  })

  it("texts and lists are bounded", () => {
    const error = new FetchError.ApiFormat({
      message: "m".repeat(1e6),
      bodyExcerpt: "b".repeat(1e6),
      earlier: Array.from({ length: 1_000 }, () => ({ source: "s".repeat(1e5), code: "C", message: "m".repeat(1e5) }))
    })
    expect(error.message.length).toBe(2048)
    expect(error.bodyExcerpt?.length).toBe(512)
    expect(error.earlier.length).toBe(16)
    expect(JSON.stringify(error).length).toBeLessThan(50_000)
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// generators
// ---------------------------------------------------------------------------------------------------------------------

const frozen = Object.freeze(Object.assign(new Error("frozen"), { code: "E" }))
const revoked = (() => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
})()
const throwing = new Proxy({}, {
  get: () => {
    throw new Error("no")
  },
  getPrototypeOf: () => {
    throw new Error("no")
  }
})
const cyclic = (() => {
  const error: Error = new Error("cyclic")
  error.cause = error
  return error
})()

const text = FastCheck.oneof(
  FastCheck.string({ unit: "binary", maxLength: 40 }),
  FastCheck.constantFrom("token=hunter2", "x".repeat(5_000), "\"apiKey\":\"", "😀".repeat(1_024), "", "…", "<redacted>")
)

const thrown: FastCheck.Arbitrary<unknown> = FastCheck.letrec((tie) => ({
  error: FastCheck.tuple(text, tie("any"), FastCheck.constantFrom(Error, TypeError, RangeError)).map(
    ([message, cause, Class]) => new Class(message, { cause })
  ),
  aggregate: FastCheck.tuple(text, FastCheck.array(tie("any"), { maxLength: 3 })).map(([message, errors]) =>
    new AggregateError(errors, message)
  ),
  any: FastCheck.oneof(
    { depthSize: "small" },
    text,
    FastCheck.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, maxDepth: 2 }),
    FastCheck.nat(7).map((i) =>
      [undefined, null, Symbol("x"), () => 1, frozen, new Error("revoked", { cause: revoked }), throwing, cyclic][i]
    ),
    tie("error"),
    tie("aggregate")
  )
})).any

const context: FastCheck.Arbitrary<FetchContext.Input> = FastCheck.record({
  symbol: text,
  interval: text,
  market: text,
  source: text,
  start: FastCheck.oneof(FastCheck.date({ noInvalidDate: false }), FastCheck.double(), text),
  end: FastCheck.oneof(FastCheck.date({ noInvalidDate: false }), FastCheck.double(), text),
  url: text,
  operation: text,
  attempt: FastCheck.double(),
  attributes: FastCheck.dictionary(
    text,
    // oxlint-disable-next-line typescript/no-explicit-any -- what a caller without types may hand in
    FastCheck.oneof(text, FastCheck.double(), FastCheck.boolean(), thrown as any) as FastCheck.Arbitrary<string>
  )
}, { requiredKeys: [] }) as FastCheck.Arbitrary<FetchContext.Input>

const retryAfter = FastCheck.option(FastCheck.double({ min: 0, noNaN: true })).map((millis) =>
  Option.map(Option.fromNullable(millis), Duration.millis)
)

const common = FastCheck.record({
  message: text,
  context,
  cause: thrown,
  retryable: FastCheck.boolean(),
  retryAfter,
  earlier: FastCheck.array(FastCheck.record({ source: text, code: text, message: text }), { maxLength: 3 })
}, { requiredKeys: [] })

const own = {
  phase: FastCheck.constantFrom("connect", "headers", "body", "total"),
  reason: FastCheck.constantFrom(...FetchError.EmptyReason.literals),
  number: FastCheck.double(),
  issues: FastCheck.array(FastCheck.record({ path: text, message: text }), { maxLength: 20 })
}

const error: FastCheck.Arbitrary<FetchError.FetchError> = FastCheck.tuple(
  FastCheck.constantFrom(...table.map(([tag]) => tag)),
  common,
  FastCheck.record({
    phase: own.phase,
    timeoutMillis: own.number,
    errno: text,
    hostname: text,
    status: own.number,
    apiCode: own.number,
    bodyExcerpt: text,
    banned: FastCheck.boolean(),
    expected: FastCheck.boolean(),
    issues: own.issues,
    wanted: text,
    found: text,
    line: own.number,
    excerpt: text,
    path: text
  }, { requiredKeys: [] }),
  own.reason
).map(([tag, common, own, reason]) => new FetchError[tag]({ ...common, ...own, reason } as never))

// ---------------------------------------------------------------------------------------------------------------------
// JSON
// ---------------------------------------------------------------------------------------------------------------------

const json = Schema.parseJson(FetchError.FetchError)
const encode = Schema.encodeSync(json)
const decode = Schema.decodeSync(json)

it("an issue about a secret does not contain it", () => {
  const { issues } = new FetchError.DataValidation({
    issues: ["a.apiKey", "order.sign", "a[0].secret"].map((path) => ({
      path,
      message: "Expected number, actual \"vmPUZE6mv9SD\""
    }))
  })
  expect(JSON.stringify(issues)).not.toContain("vmPUZE6mv9SD")
  expect(issues?.[0]?.message).toContain("Expected number")
})

describe("JSON", () => {
  it("decode∘encode keeps every field and getter; of the cause, names and messages", () => {
    FastCheck.assert(
      FastCheck.property(error, (error) => {
        const back = decode(encode(error))
        const fields = (error: FetchError.FetchError) => {
          const { cause: _, ...own } = { ...error, message: error.message, name: error.name }
          const { category, code, description, retryable, severity } = error
          const retryAfter = Option.map(error.retryAfter, Duration.toMillis)
          return { ...own, category, code, description, retryable, retryAfter, severity }
        }
        expect(fields(back)).toEqual(fields(error))
        expect(back.constructor).toBe(error.constructor)
        expect(types.isNativeError(back)).toBe(true)
        expect(back.cause === undefined).toBe(error.cause === undefined)
        if (error.cause !== undefined) expect(chain(back.cause)).toEqual(chain(error.cause))
      }),
      { numRuns: 300 }
    )
  })

  it.each([NaN, Infinity, -Infinity, 0, -0, 42, true, false])(
    "decode∘encode keeps %s under the name of a secret",
    (value) => {
      const error = new FetchError.NetworkTimeout({ context: { attributes: { token: value, apiKey: value } } })
      expect(decode(encode(error)).context).toEqual(error.context)
    }
  )

  it("encode∘decode∘encode is encode", () => {
    FastCheck.assert(
      FastCheck.property(error, (error) => {
        const once = encode(error)
        expect(encode(decode(once))).toBe(once)
      }),
      { numRuns: 300 }
    )
  })

  it("JSON.stringify, inspect, String and every log line take any error", () => {
    FastCheck.assert(
      FastCheck.property(error, (error) => {
        expect(JSON.parse(JSON.stringify(error))).toMatchObject({ _tag: error._tag })
        expect(inspect(error)).toContain(error._tag)
        expect(String(error)).toContain(error._tag)
      }),
      { numRuns: 200 }
    )
  })

  it("holds code, category and severity", () => {
    for (const [tag, code, category, severity] of table) {
      expect(JSON.parse(JSON.stringify(make(tag)))).toMatchObject({ _tag: tag, code, category, severity })
      expect(Schema.encodeSync(FetchError.FetchError)(make(tag))).toMatchObject({ code, category, severity })
    }
    expectTypeOf(Schema.encodeSync(FetchError.ApiAuth)(new FetchError.ApiAuth()).code).toEqualTypeOf<"API_AUTH">()
  })

  it("is decoded without code, category and severity, as an older version wrote it", () => {
    const { category: _, code: __, severity: ___, ...old } = new FetchError.ApiAuth({ status: 401 }).toJSON() as Record<
      string,
      unknown
    >
    expect(decode(JSON.stringify(old))).toMatchObject({ _tag: "ApiAuth", status: 401, code: "API_AUTH" })
  })

  it("encoding never fails for any fields, and decodes to an error of the class", () => {
    const names = "message context retryable retryAfter earlier stack status apiCode banned reason expected issues " +
      "timeoutMillis phase errno path excerpt line bodyExcerpt wanted"
    const cyclicObject: Record<string, unknown> = { a: 1n }
    cyclicObject["self"] = cyclicObject
    const garbage = FastCheck.oneof(
      thrown,
      FastCheck.constantFrom<unknown>(
        Number.NaN,
        Infinity,
        -0,
        10n ** 400n,
        cyclicObject,
        "x".repeat(1e5),
        Array.from({ length: 1e4 }, () => 1),
        Option.some(Duration.infinity),
        Option.some(Duration.nanos(10n ** 400n)),
        Option.some(1),
        { attributes: cyclicObject }
      )
    )
    FastCheck.assert(
      FastCheck.property(
        error,
        FastCheck.dictionary(FastCheck.constantFrom(...names.split(" ")), garbage),
        (error, fields) => {
          const broken = FetchError.withContext(error, {})
          for (const [key, value] of Object.entries(fields)) {
            Object.defineProperty(broken, key, { value, configurable: true, enumerable: true, writable: true })
          }
          const text = JSON.stringify(broken)
          expect(text.length).toBeLessThan(150_000)
          expect(encode(broken)).toBe(text)
          expect(JSON.parse(text)).toMatchObject({
            code: error.code,
            category: error.category,
            severity: error.severity
          })
          const back = decode(text)
          expect(back.constructor).toBe(error.constructor)
          expect(encode(back)).toBe(text)
          expect(inspect(broken)).toContain(error._tag)
        }
      ),
      { numRuns: 60, seed: 7 }
    )
  })

  it("a constructor without validation takes any fields, and encoding replaces those of another type", () => {
    const empty = new FetchError.DataEmpty({ reason: "because", expected: 7 } as never, true)
    expect(empty.toJSON()).toMatchObject({ reason: "date_range", expected: false })
    const limited = new FetchError.ApiRateLimit({ status: "429", banned: "no" } as never, true)
    expect(limited.toJSON()).toMatchObject({ banned: false })
    expect(limited.toJSON()).not.toHaveProperty("status")
  })

  it("a decoded error is of its class, and its cause an error that says the same", () => {
    const cause = new TypeError("fetch failed", { cause: Object.assign(new Error("reset"), { code: "ECONNRESET" }) })
    const back = decode(encode(new FetchError.NetworkConnection({ errno: "ECONNRESET", cause })))
    expect(back).toBeInstanceOf(FetchError.NetworkConnection)
    expect(back.cause).toBeInstanceOf(Error)
    expect(String(back.cause)).toBe("TypeError: fetch failed")
    expect(chain(back.cause)).toEqual([{ name: "TypeError", message: "fetch failed" }, {
      name: "Error",
      message: "reset"
    }])
  })

  it.each([
    ["not JSON", "{"],
    ["no tag", "{}"],
    ["another tag", "{\"_tag\":\"Nope\"}"],
    ["a field missing", "{\"_tag\":\"Internal\"}"]
  ])("refuses %s", (_, text) => {
    expect(Exit.isFailure(Effect.runSyncExit(Schema.decode(json)(text)))).toBe(true)
  })

  it("original is the very object, also when it is false, null or empty", () => {
    for (const cause of [false, null, "", 0, Symbol("x"), frozen, revoked, throwing, cyclic]) {
      const error = new FetchError.Unexpected({ cause })
      expect(Object.is(FetchError.original(error), cause)).toBe(true)
      expect(Object.is(FetchError.original(FetchError.withContext(error, { symbol: "A" })), cause)).toBe(true)
      expect(chain(error.cause)).toEqual(chain(cause))
    }
  })

  it("original of an error of your own is its cause", () => {
    const own = { _tag: "T", code: "C", category: "App", severity: "ERROR", message: "m", context: {} } as const
    expect(FetchError.original(own)).toBe(undefined)
    expect(FetchError.original(Object.assign(new Error("m", { cause: 7 }), own))).toBe(7)
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// secrets
// ---------------------------------------------------------------------------------------------------------------------

describe("secrets", () => {
  const secret = "Zq7hunter2Zq7"

  /** Values that hold the secret under a name, or in a text; `FetchContext` takes texts only, a cause anything. */
  const planted: FastCheck.Arbitrary<unknown> = FastCheck.letrec((tie) => ({
    text: FastCheck.constantFrom(
      `GET https://x.test/?a=1&signature=${secret}&b=2`,
      `X-MBX-APIKEY: ${secret}`,
      `Authorization: Bearer ${secret}`,
      JSON.stringify({ body: JSON.stringify({ apiKey: secret }) }),
      `https://me:${secret}@x.test/`,
      `listenKey=${secret}`
    ),
    named: FastCheck.constantFrom<unknown>(
      { apiKey: secret },
      { headers: { "x-mbx-apikey": [secret], "Set-Cookie": { a: secret } } },
      new Map([["passphrase", secret]]),
      { config: { auth: { username: "me", password: secret } } },
      Redacted.make(secret),
      { rawHeaders: ["Host", "x.test", "X-MBX-APIKEY", secret] },
      Object.assign(new Error("x"), { token: secret })
    ),
    nested: tie("any").map((inner) => ({ a: [{ b: inner }], c: new Set([inner]) })),
    error: FastCheck.tuple(tie("text"), tie("any")).map(([message, cause]) =>
      Object.assign(new Error(String(message), { cause }), { request: { headers: { authorization: secret } } })
    ),
    any: FastCheck.oneof({ depthSize: "small" }, tie("text"), tie("named"), tie("nested"), tie("error"))
  })).any

  const plantedText = planted.filter((value): value is string => typeof value === "string")

  const plantedError = FastCheck.tuple(
    FastCheck.constantFrom(...table.map(([tag]) => tag)),
    plantedText,
    planted,
    plantedText
  ).map(([tag, message, cause, where]) =>
    new FetchError[tag]({
      message,
      cause,
      reason: "date_range",
      earlier: [{ source: where, code: "X", message: where }],
      issues: [{ path: where, message: where }],
      bodyExcerpt: where,
      excerpt: where,
      path: where,
      wanted: where,
      found: where,
      hostname: where,
      errno: where,
      context: {
        symbol: where,
        url: where,
        operation: where,
        source: where,
        start: where,
        attributes: { apiSecret: secret, where, [where]: 1, nested: cause as string }
      }
    } as never)
  )

  it("leave by no way out", () => {
    FastCheck.assert(
      FastCheck.property(plantedError, (error) => {
        const copy = FetchError.withContext(error, { attributes: { token: secret }, url: `?token=${secret}` })
        const lines: Array<string> = []
        const program = Effect.gen(function*() {
          yield* ErrorLog.log(copy)
          for (const { annotations, cause, message } of yield* LogCapture.entries) {
            lines.push(message, inspect(annotations, { depth: 10 }), inspect(cause, { depth: 10 }))
          }
        })
        Effect.runSync(Effect.provide(program, LogCapture.layer))
        for (
          const text of [
            error.message,
            String(error),
            error.stack ?? "",
            JSON.stringify(error),
            encode(error),
            inspect(error),
            inspect({ deep: { deep: [error] } }, { depth: 10, showHidden: true }),
            inspect(new Error("outer", { cause: error })),
            inspect(copy, { showHidden: true }),
            JSON.stringify([error.context, copy.context, chain(error)]),
            inspect(decode(encode(error))),
            ...lines
          ]
        ) {
          expect(text).not.toContain(secret)
        }
      }),
      { numRuns: byDepth(40, 100) }
    )
  })

  it("are in no cause that a tool prints; the original is the very object", () => {
    const cause = Object.assign(new Error(`GET /?token=${secret}`, { cause: new Error(`token=${secret}`) }), {
      config: { headers: { "X-Own": secret } }
    })
    const error = FetchError.withContext(new FetchError.ApiAuth({ cause }), { symbol: "BTCUSDT" })
    expect(FetchError.original(error)).toBe(cause)
    expect(String(error.cause)).toBe("Error: GET /?token=<redacted>")
    const failure = Cause.parallel(Cause.fail(error), Cause.die(error))
    const exit = Effect.runSyncExit(Effect.withSpan(Effect.failCause(failure), "span"))
    const rejection = Runtime.makeFiberFailure(failure)
    for (
      const text of [
        Cause.pretty(failure, { renderErrorCause: true }),
        inspect(Cause.prettyErrors(failure), { depth: 10 }),
        inspect(failure, { depth: 10 }),
        inspect(exit, { depth: 10 }),
        JSON.stringify(exit),
        inspect(rejection, { depth: 10 }),
        String(rejection),
        JSON.stringify(rejection),
        rejection.stack,
        inspect(error, { customInspect: false, depth: 10 }),
        inspect(structuredClone(Object.defineProperty(new Error("x"), "inner", { value: error })), { depth: 10 }),
        inspect({ ...error }, { depth: 10 })
      ]
    ) {
      expect(text).not.toContain(secret)
    }
  })

  it("are asked of console.log by way of inspect: what it prints can be read", () => {
    const error = new FetchError.ApiAuth({ status: 401, context: { symbol: "BTCUSDT" }, cause: new Error("token=x1") })
    expect(inspect(error)).toMatch(
      /^ApiAuth: Authentication failed\n\s+at [^]*"symbol": "BTCUSDT"[^]*"status": 401[^]*token=<redacted>/
    )
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// guards
// ---------------------------------------------------------------------------------------------------------------------

describe("guards", () => {
  const mine = { _tag: "Mine", code: "MINE", category: "App", severity: "ERROR", message: "m", context: {} } as const

  it.each<[string, unknown, boolean, boolean]>([
    ["one of the 17", new FetchError.Internal(), true, true],
    ["one of your own", mine, false, true],
    ["one of your own, more", { ...mine, retryable: true, more: 1 }, false, true],
    ["another severity", { ...mine, severity: "BAD" }, false, false],
    ["a code that is no text", { ...mine, code: 7 }, false, false],
    ["a context that is none", { ...mine, context: "BTCUSDT" }, false, false],
    ["an error", new Error("x"), false, false],
    ["null", null, false, false],
    ["a text", "NETWORK_DNS", false, false],
    ["a proxy that throws", throwing, false, false],
    ["a revoked proxy", revoked, false, false]
  ])("%s", (_, value, isFetchError, isTrackable) => {
    expect([FetchError.isFetchError(value), FetchError.isTrackable(value)]).toEqual([isFetchError, isTrackable])
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// withContext
// ---------------------------------------------------------------------------------------------------------------------

describe("withContext", () => {
  it("is dual", () => {
    const error = new FetchError.NetworkDns({ context: { symbol: "A" } })
    expect(FetchError.withContext({ source: "rest" })(error).context).toEqual({ symbol: "A", source: "rest" })
  })

  it("copies an error inside a proxy", () => {
    const error = new FetchError.NetworkDns({ hostname: "x.test" })
    const copy = FetchError.withContext(new Proxy(error, {}), { symbol: "A" })
    expect(copy).toBeInstanceOf(FetchError.NetworkDns)
    expect([copy.context.symbol, copy.hostname, error.context.symbol]).toEqual(["A", "x.test", undefined])
  })

  it("a copy: merged context, same stack, same cause; the error itself stays as it is", () => {
    FastCheck.assert(
      FastCheck.property(error, context, (error, outer) => {
        const before = { ...error, message: error.message, context: { ...error.context } }
        const copy = FetchError.withContext(error, outer)
        expect(copy).not.toBe(error)
        expect(copy.context).toEqual(FetchContext.merge(outer, error.context))
        expect(copy.stack).toBe(error.stack)
        expect(copy.cause).toBe(error.cause)
        expect(copy.constructor).toBe(error.constructor)
        expect(types.isNativeError(copy)).toBe(true)
        expect({ ...copy, message: copy.message, context: { ...error.context } }).toEqual(before)
        expect({ ...error, message: error.message, context: { ...error.context } }).toEqual(before)
        expect(encode(FetchError.withContext(error, {}))).toBe(encode(error))
      }),
      { numRuns: 200 }
    )
  })

  it("the stack is that of the first, through any number of copies", () => {
    let copy: FetchError.FetchError = new FetchError.Internal()
    const { stack } = copy
    for (let i = 0; i < 100; i++) copy = FetchError.withContext(copy, { attempt: i })
    expect(copy.stack).toBe(stack)
    expect(copy.context.attempt).toBe(0)
  })

  it("leaves Error.stackTraceLimit as it is", () => {
    const limit = Error.stackTraceLimit
    FetchError.withContext(new FetchError.Internal(), { symbol: "X" })
    expect(Error.stackTraceLimit).toBe(limit)
  })

  it("copies errors of your own: classes, plain objects, frozen ones, symbols and hidden fields", () => {
    class Mine extends Error {
      readonly _tag = "Mine"
      readonly code = "MINE"
      readonly category = "App"
      readonly severity = "WARNING"
      readonly context: FetchContext.FetchContext = { symbol: "BTCUSDT" }
      override readonly name = "Mine"
    }
    const hidden = Symbol("hidden")
    const mine = Object.defineProperty(new Mine("m"), hidden, { value: 7 })
    const copy = FetchError.withContext(mine, { source: "rest" })
    expect(copy).toBeInstanceOf(Mine)
    expect(copy).toMatchObject({ message: "m", code: "MINE", context: { source: "rest", symbol: "BTCUSDT" } })
    expect(Reflect.get(copy, hidden)).toBe(7)
    expect(copy.stack).toBe(mine.stack)

    const plain = Object.freeze(
      { _tag: "P", code: "P", category: "App", severity: "INFO", message: "m", context: {} } as const
    )
    expect(FetchError.withContext(plain, { source: "rest" })).toEqual({ ...plain, context: { source: "rest" } })
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// in Effect
// ---------------------------------------------------------------------------------------------------------------------

describe("in Effect", () => {
  it.effect("can be yielded and caught by tag", () =>
    Effect.gen(function*() {
      const program: Effect.Effect<never, FetchError.FetchError> = Effect.gen(function*() {
        yield* Effect.void
        return yield* new FetchError.NetworkDns({ hostname: "x.test" })
      })
      const caught = yield* Effect.catchTags(program, { NetworkDns: ({ hostname }) => Effect.succeed(hostname) })
      expect(caught).toBe("x.test")
    }))

  it("is the schema of its class", () => {
    expect(Schema.is(FetchError.NetworkDns)(new FetchError.NetworkDns())).toBe(true)
    expect(Schema.is(FetchError.NetworkError)(new FetchError.NetworkDns())).toBe(true)
    expect(Schema.is(FetchError.ApiError)(new FetchError.NetworkDns())).toBe(false)
    expect(Equal.equals(new FetchError.NetworkDns(), 1)).toBe(false)
  })

  it("is known to the compiler", () => {
    const error = new FetchError.ApiRateLimit({ status: 429 })
    expectTypeOf(FetchError.ApiRateLimit.code).toEqualTypeOf<"API_RATE_LIMIT">()
    expectTypeOf(FetchError.ApiRateLimit.severity).toEqualTypeOf<"WARNING">()
    expectTypeOf(FetchError.ApiRateLimit.category).toEqualTypeOf<"Api">()
    expectTypeOf(FetchError.ApiRateLimit._tag).toEqualTypeOf<"ApiRateLimit">()
    expectTypeOf(error.code).toEqualTypeOf<"API_RATE_LIMIT">()
    expectTypeOf(error.description).toEqualTypeOf<"API rate limit exceeded">()
    expectTypeOf(error._tag).toEqualTypeOf<"ApiRateLimit">()
    expectTypeOf(error.status).toEqualTypeOf<number | undefined>()
    expectTypeOf(error.banned).toEqualTypeOf<boolean>()
    expectTypeOf(error.retryAfter).toEqualTypeOf<Option.Option<Duration.Duration>>()
    expectTypeOf(error.context).toEqualTypeOf<FetchContext.FetchContext>()
    expectTypeOf(error).toMatchTypeOf<FetchError.Trackable>()
    expectTypeOf<FetchError.FetchError["_tag"]>().toEqualTypeOf<Tag>()
    expectTypeOf<FetchError.FetchError["code"]>().toEqualTypeOf<(typeof table)[number][1]>()
    expectTypeOf<FetchError.StorageError["code"]>().toEqualTypeOf<
      "STORAGE_READ" | "STORAGE_WRITE" | "STORAGE_SPACE" | "STORAGE_PERMISSION"
    >()
    expectTypeOf<Schema.Schema.Context<typeof FetchError.FetchError>>().toEqualTypeOf<never>()

    // @ts-expect-error a reason is needed
    expect(() => new FetchError.DataEmpty({})).toThrow(/reason/)
    // @ts-expect-error a misspelt field
    void new FetchError.ApiAuth({ staus: 401 })
    // @ts-expect-error a misspelt context
    void new FetchError.ApiAuth({ context: { simbol: "BTCUSDT" } })
  })

  it("a match over all of them is exhaustive", () => {
    const word = Match.type<FetchError.FetchError>().pipe(Match.tagsExhaustive({
      NetworkTimeout: () => "wait",
      NetworkConnection: () => "wait",
      NetworkDns: () => "wait",
      ApiRateLimit: ({ retryAfter }) => Option.isSome(retryAfter) ? "then" : "slow",
      ApiAuth: () => "key",
      ApiPermission: () => "key",
      ApiFormat: ({ status }) => `http ${status ?? "?"}`,
      DataEmpty: ({ reason }) => reason,
      DataValidation: () => "data",
      DataIntegrity: () => "data",
      DataTransformation: () => "data",
      StorageRead: ({ path }) => path ?? "disk",
      StorageWrite: () => "disk",
      StorageSpace: () => "disk",
      StoragePermission: () => "disk",
      Unexpected: () => "?",
      Internal: () => "bug"
    }))
    expect(table.map(([tag]) => word(make(tag))).join(" ")).toBe(
      "wait wait wait slow key key http ? date_range data data data disk disk disk disk ? bug"
    )
  })
})
