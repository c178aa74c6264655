/**
 * The shapes of evidence: what each place proves, and the values in other places that must not be believed. The clients
 * that keep their evidence there are run in test/clients.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Classifier from "effect-errata/Classifier"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const error = (properties: object, message = "no") => Object.assign(new Error(message), properties)
const tagOf = (cause: unknown) => Classifier.classifySync(cause)._tag
const refused = error({ code: "ECONNREFUSED", syscall: "connect" }, "connect ECONNREFUSED 127.0.0.1:9")

describe("a status", () => {
  const places: Readonly<Record<string, object>> = {
    "on the error": { status: 401 },
    "on the error, under another name": { statusCode: 401 },
    "in a response": { response: { status: 401 } },
    "in a response, under another name": { response: { statusCode: 401 } },
    "in the response of an SDK": { $response: { statusCode: 401 } },
    "in metadata": { $metadata: { httpStatusCode: 401 } },
    "in meta": { meta: { statusCode: 401 } },
    "in the response of meta": { meta: { response: { status: 401 } } },
    "in an output": { output: { statusCode: 401 } },
    "in the http part of extensions": { extensions: { http: { status: 401 } } },
    "in data": { data: { httpStatus: 401 } },
    "under httpStatus": { httpStatus: 401 },
    "under status_code": { status_code: 401 },
    "as a code beside headers": { code: 401, headers: {} },
    "as the line of a status": { info: { responseStatus: "401 Unauthorized" } }
  }
  for (const [place, properties] of Object.entries(places)) {
    it(place, () => {
      assert.deepInclude(Classifier.classifySync(error(properties)), { _tag: "ApiAuth", status: 401 })
      assert.deepInclude(Classifier.classifySync(new Error("outer", { cause: error(properties) })), { _tag: "ApiAuth" })
    })
  }

  const decoys: Readonly<Record<string, unknown>> = {
    "the code of an order": error({ order: { code: 429 } }),
    "the status of a shipment": error({ shipment: { status: 404 } }),
    "a price": error({ price: 503 }),
    "a price in data": error({ data: { status: 503, price: 503 } }),
    "a status that is a text": error({ statusCode: "404" }),
    "a status that is no status": error({ status: 42 }),
    "a status beyond HTTP": error({ status: 601 }),
    "a fraction": error({ status: 404.5 }),
    "a number in a message": error({}, "order 429 was not found in 503 rows"),
    "an exit code": error({ code: 137, signal: "SIGKILL" }),
    "the status of a context": error({ context: { status: 503 } }),
    "a number in a description": error({ description: 503 }),
    "a count that repeats a code": error({ code: 421 }, "421 rows rejected"),
    "a code that is no reply of FTP": error({ code: 429 }, "429 Orders Open"),
    "a small code": error({ code: 2 }, "two orders"),
    "a way to ship": error({ type: "TRANSPORT" }),
    "an answer without an error": { msg: "order closed", code: "7" }
  }
  for (const [decoy, cause] of Object.entries(decoys)) {
    it(`not ${decoy}`, () => assert.strictEqual(tagOf(cause), "Unexpected"))
  }

  it("a status that a client made up yields to a fact of the transport beneath it", () => {
    assert.strictEqual(tagOf(Object.assign(new Error("x", { cause: refused }), { status: 500 })), "NetworkConnection")
    const answered = Object.assign(new Error("x", { cause: refused }), { status: 500, response: { status: 500 } })
    assert.strictEqual(tagOf(answered), "ApiFormat")
  })
})

describe("a cause", () => {
  it("is an own property that is an error, with any name", () => {
    for (const name of ["cause", "original", "detail", "chainedError", "networkError", "inner", "whatever"]) {
      assert.strictEqual(tagOf(error({ [name]: refused })), "NetworkConnection", name)
    }
  })

  it("is not what an accessor returns under a name that means nothing", () => {
    let asked = 0
    const cause = Object.defineProperty(error({}), "whatever", {
      enumerable: true,
      get() {
        asked++
        return refused
      }
    })
    assert.strictEqual(tagOf(cause), "Unexpected")
    assert.strictEqual(asked, 0)
  })

  it("is found among 100,000 properties in bounded work", () => {
    let asked = 0
    const many = new Proxy(error(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`p${i}`, i]))), {
      get: (target, name) => {
        asked++
        return Reflect.get(target, name)
      }
    })
    assert.strictEqual(tagOf(many), "Unexpected")
    assert.isBelow(asked, 1500)
  })
})

describe("a code that is a word", () => {
  const words: ReadonlyArray<readonly [tag: string, retryable: boolean, ...codes: ReadonlyArray<string>]> = [
    [
      "ApiRateLimit",
      true,
      "RATE_LIMITED",
      "rateLimitExceeded",
      "rate_limit_exceeded",
      "ThrottlingException",
      "SlowDown"
    ],
    ["ApiRateLimit", true, "TooManyRequestsException", "overloaded_error", "RESOURCE_EXHAUSTED", "QuotaExceeded"],
    ["ApiRateLimit", false, "insufficient_quota", "billing_hard_limit_reached"],
    ["ApiAuth", false, "UNAUTHENTICATED", "invalid_api_key", "authentication_error", "ExpiredTokenException"],
    ["ApiPermission", false, "FORBIDDEN", "AccessDenied", "permission_error", "AccessDeniedException"],
    ["NetworkTimeout", true, "TIMEOUT", "DEADLINE_EXCEEDED", "RequestTimeout", "request-timeout"],
    ["NetworkConnection", true, "CONNECTION_REFUSED", "PROTOCOL_CONNECTION_LOST"],
    ["ApiFormat", true, "INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE"],
    ["ApiFormat", false, "BAD_USER_INPUT", "invalid_request_error", "NoSuchKey"]
  ]
  for (const [tag, retryable, ...codes] of words) {
    for (const code of codes) {
      it(`${code}: ${tag}, as a code, as a type, in an error within, in the errors of GraphQL`, () => {
        const causes = [
          error({ code }),
          error({ type: code }),
          { error: { type: code, message: "no" } },
          { errors: [{ message: "no", extensions: { code } }] }
        ]
        for (const cause of causes) {
          const { _tag, retryable: again } = Classifier.classifySync(cause)
          assert.deepStrictEqual([_tag, again], [tag, retryable], JSON.stringify(cause))
        }
      })
    }
  }

  it("is not a word of the domain", () => {
    for (
      const code of ["ORDER_CLOSED", "limit", "price-limit", "E_TOO_SHORT", "rate", "connection string", "authored"]
    ) {
      assert.strictEqual(tagOf(error({ code })), "Unexpected", code)
    }
  })
})

describe("a class", () => {
  it("counts by its ending", () => {
    const named = (name: string) =>
      tagOf(new (Object.defineProperty(class extends Error {}, "name", { value: name }))("no"))
    assert.strictEqual(named("APIConnectionTimeoutError"), "NetworkTimeout")
    assert.strictEqual(named("StripeRateLimitError"), "ApiRateLimit")
    assert.strictEqual(named("TooManyRequestsError"), "ApiRateLimit")
    assert.strictEqual(named("MongoNetworkError"), "NetworkConnection")
    assert.strictEqual(named("UnauthorizedError"), "ApiAuth")
    assert.strictEqual(named("ForbiddenException"), "ApiPermission")
    assert.strictEqual(named("NoSuchElementException"), "Unexpected")
    assert.strictEqual(named("OrderError"), "Unexpected")
  })
})

describe("a 403", () => {
  const wait = (cause: unknown) => {
    const { _tag, retryAfter } = Classifier.classifySync(cause, { now: 1_700_000_000_000 })
    return [_tag, Option.getOrUndefined(Option.map(retryAfter, Duration.toMillis))]
  }
  const answer = (headers: object, data?: unknown) => ({ response: { status: 403, headers, data } })

  it("is a limit where the answer says so", () => {
    assert.deepStrictEqual(wait(answer({ "retry-after": "30" })), ["ApiRateLimit", 30_000])
    assert.deepStrictEqual(wait(answer({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1700000040" })), [
      "ApiRateLimit",
      40_000
    ])
    assert.deepStrictEqual(wait(answer({}, { message: "You have exceeded a secondary rate limit" })), [
      "ApiRateLimit",
      undefined
    ])
    assert.deepStrictEqual(wait(answer({}, { error: { errors: [{ reason: "rateLimitExceeded" }] } })), [
      "ApiRateLimit",
      undefined
    ])
  })

  it("is a refusal otherwise", () => {
    assert.deepStrictEqual(wait(answer({ "x-ratelimit-remaining": "12", "x-ratelimit-reset": "1700000040" })), [
      "ApiPermission",
      undefined
    ])
    assert.deepStrictEqual(wait(answer({}, { message: "Resource not accessible by integration" })), [
      "ApiPermission",
      undefined
    ])
  })
})

describe("the reason", () => {
  const reasons: ReadonlyArray<readonly [body: unknown, reason: string]> = [
    [{ type: "about:blank", title: "Forbidden", status: 403, detail: "Not your list" }, "Not your list"],
    [{ detail: [{ loc: ["query", "n"], msg: "field required" }] }, "field required"],
    [{ error: { message: "No such list" } }, "No such list"],
    [{ error: "No such list" }, "No such list"],
    [{ errors: [{ message: "No such list" }] }, "No such list"],
    [{ errors: ["No such list"] }, "No such list"],
    [{ error: "invalid_grant", error_description: "Token is gone" }, "Token is gone"],
    [{ ok: false, description: "Chat not found" }, "Chat not found"],
    [{ error: { root_cause: [], type: "x", reason: "no such index" } }, "no such index"],
    [{ fault: { faultstring: "Invalid key" } }, "Invalid key"],
    ["No such list", "No such list"],
    ["<html><head><title>Blocked &amp; logged</title></head><body>…</body></html>", "Blocked & logged"],
    ["<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>", "Access Denied"]
  ]
  for (const [body, reason] of reasons) {
    it(JSON.stringify(body).slice(0, 60), async () => {
      const cause = { response: { status: 403, data: body } }
      const classified = await Effect.runPromise(Classifier.classify(cause))
      assert.include(classified.message, reason)
      if ("bodyExcerpt" in classified) assert.isNotEmpty(classified.bodyExcerpt)
    })
  }

  it("is one line of at most 300 characters", () => {
    const { message } = Classifier.classifySync({ response: { status: 400, data: { message: "a\n\tb ".repeat(500) } } })
    assert.notMatch(message, /[\n\t]/)
    assert.isBelow(message.length, 400)
  })

  it("of a wrapper is what it wraps", () => {
    const wrapped = Effect.runSync(Effect.flip(Effect.try(() => {
      throw new RangeError("the disk of the camera is full")
    })))
    const { message } = Classifier.classifySync(wrapped)
    assert.include(message, "the disk of the camera is full")
    assert.notInclude(message, "unknown error occurred")
  })

  it("of a client that keeps the body to itself is its message", () => {
    assert.include(Classifier.classifySync(error({ statusCode: 400 }, "index_not_found: orders")).message, "orders")
    assert.include(Classifier.classifySync(error({ status: 400 }, "400 The model is unknown")).message, "The model is")
  })
})

describe("errors as their clients throw them", () => {
  const quotes = { type: "Quotes", code: "MissingQuotes", message: "Quoted field unterminated", row: 0 }
  const refusedHosts = { "127.0.0.1:9042": refused }
  const rows: ReadonlyArray<readonly [name: string, cause: unknown, tag: string, retryable: boolean, words?: string]> =
    [
      [
        "a proxy that refuses the tunnel",
        error({ code: "UND_ERR_ABORTED" }, "Proxy response (407) !== 200 when HTTP Tunneling"),
        "ApiAuth",
        false
      ],
      ["a fault of CSV", quotes, "DataTransformation", false, "Quoted field unterminated"],
      ["a list of faults of CSV", [quotes], "DataTransformation", false],
      [
        "GraphQL with a status of 200",
        error({ response: { status: 200, errors: [{ message: "Not yours", extensions: { code: "FORBIDDEN" } }] } }),
        "ApiPermission",
        false
      ],
      [
        "an answer of GraphQL, thrown",
        { response: { status: 200, errors: [{ message: "Not yours", extensions: { code: "FORBIDDEN" } }] } },
        "ApiPermission",
        false,
        "Not yours"
      ],
      [
        "a response that is its own body",
        error({ status: 403, response: { statusCode: 403, message: "Not your list" } }, "Forbidden"),
        "ApiPermission",
        false,
        "Not your list"
      ],
      [
        "a payload",
        error({ output: { statusCode: 404, payload: { message: "not here" } } }),
        "ApiFormat",
        false,
        "not here"
      ],
      ["a code with a path", error({ code: "auth/too-many-requests" }), "ApiRateLimit", true],
      ["a limit of JSON-RPC", { code: -32005, message: "limit exceeded" }, "ApiRateLimit", true, "limit exceeded"],
      ["an internal error of JSON-RPC, in its answer", { error: { code: -32603, message: "odd" } }, "ApiFormat", true],
      [
        "a message that is JSON",
        error({ name: "RateLimitExceeded" }, "{\"status\":429,\"message\":\"too fast\"}"),
        "ApiRateLimit",
        true,
        ": too fast"
      ],
      [
        "a status and its reason at the head of a message",
        error({}, "429 Too Many Requests: {}"),
        "ApiRateLimit",
        true
      ],
      ["a map of errors", error({ innerErrors: refusedHosts }), "NetworkConnection", true],
      ["a list of errors under a name of its own", error({ previousErrors: [refused] }), "NetworkConnection", true],
      ["a driver of Chromium", error({}, "page.goto: net::ERR_NAME_NOT_RESOLVED at http://x"), "NetworkDns", true],
      ["credentials that are wrong", error({ code: "EAUTH" }, "Invalid login"), "ApiAuth", false],
      [
        "a socket of Effect",
        error({ _tag: "SocketError", name: "SocketError", reason: "Open", cause: { error: refused } }),
        "NetworkConnection",
        true,
        "ECONNREFUSED"
      ]
    ]
  for (const [name, cause, tag, retryable, words = ""] of rows) {
    it(name, () => {
      const found = Classifier.classifySync(cause)
      assert.deepStrictEqual([found._tag, found.retryable], [tag, retryable])
      assert.include(found.message, words)
    })
  }
})
