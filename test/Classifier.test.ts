import { assert, describe, it } from "@effect/vitest"
import * as Classifier from "effect-errata/Classifier"
import * as FetchError from "effect-errata/FetchError"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"

const errno = (code: string, syscall: string, more: object = {}) =>
  Object.assign(new Error(`${syscall} ${code} 127.0.0.1:443`), { code, syscall, errno: -1, ...more })

const tagOf = (cause: unknown, context = {}) => Classifier.classifySync(cause, { context })._tag

describe("classifySync", () => {
  it("hands on what is classified already", () => {
    const error = new FetchError.ApiAuth({ context: { symbol: "BTCUSDT" } })
    assert.strictEqual(Classifier.classifySync(error), error)
    const told = Classifier.classifySync(error, { context: { symbol: "ETHUSDT", source: "rest" } })
    assert.deepStrictEqual({ ...told.context }, { symbol: "BTCUSDT", source: "rest" })
    assert.strictEqual(error.context.source, undefined)
  })

  it("finds an error of ours inside another, and in JSON", () => {
    const inner = new FetchError.ApiRateLimit({
      status: 418,
      retryAfter: Option.some(Duration.seconds(9)),
      context: { source: "rest" }
    })
    const outer = new Error("while loading", { cause: inner })
    const error = Classifier.classifySync(outer, { context: { symbol: "X" } })
    assert.strictEqual(error._tag, "ApiRateLimit")
    assert.strictEqual(FetchError.original(error), outer)
    assert.deepStrictEqual(error.retryAfter, inner.retryAfter)
    assert.deepStrictEqual({ ...error.context }, { symbol: "X", source: "rest" })
    const wire = Classifier.classifySync(JSON.parse(JSON.stringify(inner)))
    assert.isTrue(FetchError.isFetchError(wire) && wire._tag === "ApiRateLimit" && wire.banned)
  })

  it("keeps the original cause; the message has the request and the failure in one line", () => {
    const cause = {
      config: { method: "get", url: "https://api.test/klines?symbol=X&signature=abcdef" },
      response: { status: 400, data: { code: -1100, msg: "Illegal\ncharacters" } }
    }
    const error = Classifier.classifySync(cause)
    assert.strictEqual(FetchError.original(error), cause)
    assert.strictEqual(
      error.message,
      "Request not answered as expected: HTTP 400, Illegal characters (code -1100) " +
        "(GET https://api.test/klines?symbol=X&signature=<redacted>)"
    )
  })

  it("asks a Response for no data: that of node-fetch would print a warning", () => {
    let asked = 0
    class Response {
      readonly [Symbol.toStringTag] = "Response"
      readonly status = 503
      get data() {
        return asked++
      }
    }
    const response = new Response()
    assert.strictEqual(tagOf(response), "ApiFormat")
    assert.strictEqual(tagOf(Object.assign(new Error("Bad response"), { response })), "ApiFormat")
    assert.strictEqual(asked, 0)
  })

  it("keeps the word of a trackable error on retries", () => {
    const error = Classifier.classifySync({
      _tag: "Maintenance",
      code: "MAINTENANCE",
      category: "Api",
      severity: "WARNING",
      message: "closed",
      context: {},
      retryable: true,
      retryAfter: Option.some(Duration.seconds(5))
    })
    assert.strictEqual(error._tag, "Unexpected")
    assert.isTrue(error.retryable)
    assert.deepStrictEqual(error.retryAfter, Option.some(Duration.seconds(5)))
  })

  it("reaches each of the 17", () => {
    const causes: Record<FetchError.FetchError["_tag"], readonly [unknown, object?]> = {
      NetworkTimeout: [new DOMException("The operation was aborted due to timeout", "TimeoutError")],
      NetworkConnection: [errno("ECONNREFUSED", "connect")],
      NetworkDns: [errno("ENOTFOUND", "getaddrinfo", { hostname: "x.invalid" })],
      ApiRateLimit: [{ status: 429 }],
      ApiAuth: [{ statusCode: 401 }],
      ApiPermission: [{ response: { status: 451 } }],
      ApiFormat: [{ response: { statusCode: 500 } }],
      DataEmpty: [Object.assign(new Error("no data"), { name: "NullResponse" })],
      DataValidation: [thrown(() => Schema.decodeUnknownSync(Schema.Number)("x"))],
      DataIntegrity: [Object.assign(new Error("incorrect header check"), { code: "Z_DATA_ERROR" })],
      DataTransformation: [thrown(() => JSON.parse("<html>"))],
      StorageRead: [errno("ENOENT", "scandir", { path: "/x" })],
      StorageWrite: [errno("ENOENT", "mkdir", { path: "/x" })],
      StorageSpace: [errno("ENOSPC", "write")],
      StoragePermission: [errno("EACCES", "open")],
      Unexpected: [new Error("?")],
      Internal: [new TypeError("x is not a function")]
    }
    for (const [tag, [cause, context]] of Object.entries(causes)) assert.strictEqual(tagOf(cause, context), tag)
  })
})

const thrown = (run: () => unknown): unknown => {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error("nothing was thrown")
}

describe("statuses", () => {
  const expected = (status: number): readonly [string, boolean] =>
    status === 401 || status === 407
      ? ["ApiAuth", false]
      : status === 403 || status === 451
      ? ["ApiPermission", false]
      : status === 418 || status === 429
      ? ["ApiRateLimit", true]
      : status === 408 || status === 504
      ? ["NetworkTimeout", true]
      : ["ApiFormat", [500, 502, 503].includes(status) || (status >= 520 && status <= 529)]

  it("400 to 599, wherever a client keeps them", () => {
    for (let status = 400; status < 600; status++) {
      for (
        const cause of [{ status }, { statusCode: status }, { response: { status } }, {
          response: { statusCode: status }
        }]
      ) {
        const error = Classifier.classifySync(Object.assign(new Error("no"), cause))
        assert.deepStrictEqual([error._tag, error.retryable], expected(status), `${status}`)
        if ("status" in error) assert.strictEqual(error.status, status)
      }
    }
  })

  it("statuses below 400 decide nothing, except a redirect that was not followed", () => {
    assert.strictEqual(tagOf({ status: 200 }), "Unexpected")
    assert.strictEqual(tagOf({ status: 302 }), "ApiFormat")
    assert.strictEqual(
      tagOf(Object.assign(new SyntaxError("Unexpected end of JSON input"), { status: 200 })),
      "DataTransformation"
    )
  })
})

describe("when evidence conflicts", () => {
  const abort = (cause: unknown) =>
    Object.assign(new Error("The operation was aborted", { cause }), { name: "AbortError", code: "ABORT_ERR" })
  const table: ReadonlyArray<readonly [string, unknown, FetchError.FetchError["_tag"], object?]> = [
    [
      "a reset inside a decode error",
      { _tag: "ResponseError", reason: "Decode", cause: errno("ECONNRESET", "read") },
      "NetworkConnection"
    ],
    [
      "a decode error of unknown cause",
      { _tag: "ResponseError", reason: "Decode", cause: new Error("?") },
      "DataTransformation"
    ],
    [
      "a reset inside a parser's error",
      Object.assign(new Error("bad", { cause: errno("ECONNRESET", "read") }), { name: "ParseError" }),
      "NetworkConnection"
    ],
    [
      "corrupt gzip inside terminated",
      new TypeError("terminated", { cause: Object.assign(new Error(), { code: "Z_DATA_ERROR" }) }),
      "DataIntegrity"
    ],
    ["a timeout inside an abort", abort(new DOMException("late", "TimeoutError")), "NetworkTimeout"],
    ["an abort for a reason that says timeout", abort(new Error("timeout")), "Unexpected"],
    [
      "the reason kept by the signal",
      Object.assign(new Error("canceled"), {
        code: "ERR_CANCELED",
        config: { signal: { reason: new DOMException("late", "TimeoutError") } }
      }),
      "NetworkTimeout"
    ],
    [
      "a status over a body that is no JSON",
      Object.assign(new SyntaxError("Unexpected token < in JSON at position 0"), { response: { status: 502 } }),
      "ApiFormat"
    ],
    [
      "the outer of two statuses",
      Object.assign(new Error("a", { cause: { status: 500 } }), { status: 401 }),
      "ApiAuth"
    ],
    ["connect EACCES is the network", errno("EACCES", "connect"), "NetworkConnection"],
    ["spawn ENOENT is no storage", errno("ENOENT", "spawn ls", { path: "ls" }), "Unexpected"],
    ["kill EPERM is no storage", errno("EPERM", "kill"), "Unexpected"],
    ["a failing resolver whatever its errno", errno("ECONNREFUSED", "queryA"), "NetworkDns"],
    ["a resolver out of descriptors", errno("EMFILE", "getaddrinfo"), "NetworkDns"],
    ["a code over the operation", errno("ECONNRESET", "read"), "NetworkConnection", { operation: "validate" }],
    ["a system call over the operation", errno("ENOENT", "mkdir"), "StorageWrite", { operation: "read" }],
    ["the operation where the call is open", errno("ENOENT", "open"), "StorageWrite", { operation: "write" }],
    ["opening a directory is for writing, reading one is for reading", errno("EISDIR", "open"), "StorageWrite"],
    ["reading a directory", errno("EISDIR", "read"), "StorageRead"],
    ["a rejection while validating", new TypeError("price must be positive"), "DataValidation", {
      operation: "validate"
    }],
    [
      "an aggregate is its first member that says anything",
      new AggregateError([new Error("?"), errno("ETIMEDOUT", "connect"), errno("ENETUNREACH", "connect")]),
      "NetworkTimeout"
    ],
    [
      "a bad address of the caller",
      new TypeError("Failed to parse URL from x", {
        cause: Object.assign(new TypeError("Invalid URL"), { code: "ERR_INVALID_URL" })
      }),
      "Internal"
    ],
    [
      "a bad address of a redirect",
      new TypeError("fetch failed", {
        cause: Object.assign(new TypeError("Invalid URL"), { code: "ERR_INVALID_URL" })
      }),
      "ApiFormat"
    ],
    ["the removal that looked first", {
      _tag: "SystemError",
      module: "FileSystem",
      method: "remove",
      reason: "NotFound",
      cause: errno("ENOENT", "lstat")
    }, "StorageWrite"]
  ]
  for (const [name, cause, tag, context] of table) it(name, () => assert.strictEqual(tagOf(cause, context), tag))

  it("certificates are not worth a retry, a reset is", () => {
    for (const code of ["CERT_HAS_EXPIRED", "DEPTH_ZERO_SELF_SIGNED_CERT", "ERR_TLS_CERT_ALTNAME_INVALID"]) {
      const error = Classifier.classifySync(
        new TypeError("fetch failed", { cause: Object.assign(new Error("no"), { code }) })
      )
      assert.deepStrictEqual([error._tag, error.retryable], ["NetworkConnection", false])
    }
    assert.isTrue(Classifier.classifySync(errno("ECONNRESET", "read")).retryable)
  })
})

describe("classify", () => {
  it.effect("Law 4: counts a Retry-After date from the Clock", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.UTC(2024, 0, 1))
      const error = yield* Classifier.classify({
        status: 503,
        headers: { "Retry-After": "Mon, 01 Jan 2024 00:01:00 GMT" }
      })
      assert.deepStrictEqual(error.retryAfter, Option.some(Duration.minutes(1)))
    }))

  it.effect("asks rules first, in order, and skips one that throws", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const rules: ReadonlyArray<Classifier.Rule> = [
        () => {
          throw new Error("a broken rule")
        },
        (_, { context, response }) => {
          seen.push(context, response)
          return Option.none()
        },
        (cause) => Option.some(new FetchError.ApiFormat({ message: "mine", cause })),
        () => Option.some(new FetchError.Internal({}))
      ]
      const cause = { response: { status: 429, headers: { "X-A": 1 }, data: "{\"code\":7}" } }
      const error = yield* Classifier.classify(cause, { context: { symbol: "X" } }).pipe(
        Effect.provide(Classifier.layerRules(rules))
      )
      assert.strictEqual(error.message, "mine")
      assert.strictEqual(error.context.symbol, "X")
      assert.deepStrictEqual(seen, [
        { symbol: "X" },
        Option.some({ status: 429, headers: { "x-a": "1" }, body: { code: 7 } })
      ])
    }))

  it.live("reads an unread body, at most 64 kB of it", () =>
    Effect.gen(function*() {
      let cancelled = false
      const endless = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new TextEncoder().encode("x".repeat(1000))),
        cancel: () => {
          cancelled = true
        }
      })
      const short = yield* Classifier.classify(new Response("{\"code\":-1,\"msg\":\"no\"}", { status: 400 }))
      assert.isTrue(
        short._tag === "ApiFormat" && short.apiCode === -1 && short.bodyExcerpt === "{\"code\":-1,\"msg\":\"no\"}"
      )
      const long = yield* Classifier.classify({ response: new Response(endless, { status: 500 }) })
      assert.isTrue(long._tag === "ApiFormat" && long.bodyExcerpt?.length === 512)
      assert.isTrue(cancelled)
    }))

  it.effect("gives up on a body that does not come, and cancels it, even where nothing is interruptible", () =>
    Effect.gen(function*() {
      let cancelled = false
      const silent = new ReadableStream({
        cancel: () => {
          cancelled = true
        }
      })
      const fiber = yield* Effect.fork(
        Effect.uninterruptible(Classifier.classify(new Response(silent, { status: 429 })))
      )
      yield* Effect.yieldNow()
      yield* TestClock.adjust("1 second")
      const error = yield* fiber
      assert.strictEqual(error._tag, "ApiRateLimit")
      assert.isTrue(cancelled)
    }))

  it.effect("does not read a body that was read before", () =>
    Effect.gen(function*() {
      const response = new Response("{}", { status: 401 })
      yield* Effect.promise(() => response.text())
      assert.strictEqual((yield* Classifier.classify({ response }))._tag, "ApiAuth")
    }))
})

describe("classifyCause", () => {
  const reset = errno("ECONNRESET", "read")
  const classified = (cause: Cause.Cause<unknown>) => Effect.map(Classifier.classifyCause(cause), Option.getOrUndefined)

  it.effect("Law 2: interruption is not an error", () =>
    Effect.gen(function*() {
      const interrupted = Cause.interrupt(FiberId.none)
      assert.isUndefined(yield* classified(interrupted))
      assert.isUndefined(yield* classified(Cause.parallel(interrupted, interrupted)))
      assert.isUndefined(yield* classified(Cause.empty))
      assert.strictEqual(
        (yield* classified(Cause.sequential(interrupted, Cause.fail(reset))))?._tag,
        "NetworkConnection"
      )
    }))

  it.effect("Law 3: a defect is Internal for any message, or stays as it is; a failure beside it takes precedence", () =>
    Effect.gen(function*() {
      const defect = yield* classified(Cause.die(reset))
      assert.strictEqual(defect?._tag, "Internal")
      assert.strictEqual(defect && FetchError.original(defect), reset)
      const rules = Classifier.layerRules([() => Option.some(new FetchError.DataEmpty({ reason: "delisted" }))])
      const ruled = Classifier.classifyCause(Cause.die(reset)).pipe(Effect.provide(rules))
      assert.strictEqual(Option.getOrThrow(yield* ruled)._tag, "Internal")
      const own = new FetchError.ApiAuth({})
      assert.strictEqual(yield* classified(Cause.die(own)), own)
      assert.strictEqual(
        (yield* classified(Cause.sequential(Cause.die(own), Cause.fail(reset))))?._tag,
        "NetworkConnection"
      )
    }))

  it.effect("Law 1: several failures are one: the one that says most", () =>
    Effect.gen(function*() {
      const error = yield* classified(
        Cause.parallel(Cause.fail("?"), Cause.parallel(Cause.fail(reset), Cause.fail(reset)))
      )
      assert.strictEqual(error?._tag, "NetworkConnection")
      assert.strictEqual(error && FetchError.original(error), reset)
    }))

  it.effect("the same inside a FiberFailure, an Exit or a Cause passed as a value", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.promise(() =>
        Effect.runPromise(Effect.fail(reset)).catch((error: unknown) => error)
      )
      assert.strictEqual(tagOf(failure), "NetworkConnection")
      const died = yield* Effect.promise(() => Effect.runPromise(Effect.die(reset)).catch((error: unknown) => error))
      assert.strictEqual(tagOf(died), "Internal")
      assert.strictEqual(tagOf(Cause.fail(reset)), "NetworkConnection")
      assert.strictEqual(tagOf(yield* Effect.exit(Effect.fail(reset))), "NetworkConnection")
      assert.strictEqual(tagOf(Cause.interrupt(FiberId.none)), "Unexpected")
    }))
})

describe("a wait until an instant", () => {
  const instant = Date.UTC(2024, 0, 2)
  const cause = { status: 418, headers: {}, data: { code: -1003, msg: `IP banned until ${instant}.` } }

  it.effect("counts from `now`, else from the Clock", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(instant - 60_000)
      const byClock = yield* Classifier.classify(cause)
      const byServer = yield* Classifier.classify(cause, { now: instant - 5000 })
      assert.deepStrictEqual(
        [byClock, byServer].map(({ retryAfter }) => Option.map(retryAfter, Duration.toMillis)),
        [Option.some(60_000), Option.some(5000)]
      )
    }))

  it.effect("counts from the Date of the answer, which takes precedence over both", () =>
    Effect.gen(function*() {
      const dated = { ...cause, headers: { date: new Date(instant - 9000).toUTCString() } }
      const { retryAfter } = yield* Classifier.classify(dated, { now: instant - 5000 })
      assert.deepStrictEqual(Option.map(retryAfter, Duration.toMillis), Option.some(9000))
    }))
})

describe("dataEmpty", () => {
  it("speaks the words of the original, and says what is expected", () => {
    const error = Classifier.dataEmpty("date_range", { context: { symbol: "X" } })
    assert.deepStrictEqual([error.message, error.expected, error.context.symbol], [
      "No data available for the specified date range",
      false,
      "X"
    ])
    assert.strictEqual(Classifier.dataEmpty("filter_result").message, "No data matched the filter criteria")
    assert.strictEqual(Classifier.dataEmpty("api_response").message, "API returned empty response")
    assert.isTrue(Classifier.dataEmpty("delisted").expected)
    assert.isFalse(Classifier.dataEmpty("delisted", { expected: false }).expected)
  })
})
