/** What HTTP clients throw, as recorded: the parts of each error that are its own. */
import { assert, describe, it } from "@effect/vitest"
import * as Classifier from "effect-errata/Classifier"

const error = (name: string, message: string, more: object = {}) => Object.assign(new Error(message), { name }, more)
const system = (code: string, syscall: string) =>
  error("Error", `${syscall} ${code} 127.0.0.1:9`, { code, syscall, errno: -1 })
const request = { method: "GET", url: "https://api.test/klines" }

type Fields = Partial<Record<string, unknown>>

const shapes: Record<string, ReadonlyArray<readonly [string, unknown, Fields]>> = {
  axios: [
    [
      "refused",
      error("AxiosError", "connect ECONNREFUSED 127.0.0.1:9", {
        isAxiosError: true,
        code: "ECONNREFUSED",
        cause: system("ECONNREFUSED", "connect")
      }),
      { _tag: "NetworkConnection", errno: "ECONNREFUSED" }
    ],
    ["timeout", error("AxiosError", "timeout of 300ms exceeded", { isAxiosError: true, code: "ECONNABORTED" }), {
      _tag: "NetworkTimeout",
      timeoutMillis: 300,
      phase: "total"
    }],
    ["clarified timeout", error("AxiosError", "timeout of 300ms exceeded", { isAxiosError: true, code: "ETIMEDOUT" }), {
      _tag: "NetworkTimeout",
      timeoutMillis: 300
    }],
    ["aborted", error("AxiosError", "Request aborted", { isAxiosError: true, code: "ECONNABORTED" }), {
      _tag: "Unexpected",
      retryable: false
    }],
    ["canceled", error("CanceledError", "canceled", { code: "ERR_CANCELED" }), {
      _tag: "Unexpected",
      retryable: false
    }],
    [
      "status",
      error("AxiosError", "Request failed with status code 503", {
        code: "ERR_BAD_RESPONSE",
        status: 503,
        response: { status: 503, headers: {}, data: "down" }
      }),
      { _tag: "ApiFormat", status: 503, retryable: true, bodyExcerpt: "down" }
    ],
    [
      "body cut",
      error("AxiosError", "stream has been aborted", { code: "ERR_BAD_RESPONSE", response: { status: 200 } }),
      { _tag: "NetworkConnection" }
    ],
    ["too large", error("AxiosError", "maxContentLength size of 10 exceeded", { code: "ERR_BAD_RESPONSE" }), {
      _tag: "ApiFormat",
      retryable: false
    }],
    ["redirects", error("AxiosError", "Maximum number of redirects exceeded", { code: "ERR_FR_TOO_MANY_REDIRECTS" }), {
      _tag: "ApiFormat",
      retryable: false
    }],
    [
      "redirect to nowhere",
      error("AxiosError", "Redirected request failed: Invalid URL", {
        code: "ERR_FR_REDIRECTION_FAILURE",
        cause: error("TypeError", "Invalid URL", { code: "ERR_INVALID_URL" })
      }),
      { _tag: "ApiFormat" }
    ]
  ],
  got: [
    [
      "request timeout",
      error("TimeoutError", "Timeout awaiting 'request' for 50ms", { code: "ETIMEDOUT", event: "request" }),
      { _tag: "NetworkTimeout", phase: "total", timeoutMillis: 50 }
    ],
    [
      "response timeout",
      error("TimeoutError", "Timeout awaiting 'response' for 50ms", { code: "ETIMEDOUT", event: "response" }),
      { phase: "headers" }
    ],
    ["read timeout", error("TimeoutError", "Timeout awaiting 'read' for 50ms", { code: "ETIMEDOUT", event: "read" }), {
      phase: "body"
    }],
    [
      "connect timeout",
      error("TimeoutError", "Timeout awaiting 'connect' for 50ms", { code: "ETIMEDOUT", event: "connect" }),
      { phase: "connect" }
    ],
    [
      "status",
      error("HTTPError", "Response code 429 (Too Many Requests)", {
        code: "ERR_NON_2XX_3XX_RESPONSE",
        response: { statusCode: 429, body: "{}" }
      }),
      { _tag: "ApiRateLimit", status: 429 }
    ],
    [
      "parse",
      error("ParseError", "Unexpected token < in JSON in \"https://api.test\"", {
        code: "ERR_BODY_PARSE_FAILURE",
        response: { statusCode: 200, body: "<html>" }
      }),
      { _tag: "DataTransformation", excerpt: "<html>" }
    ],
    [
      "redirects",
      error("MaxRedirectsError", "Redirected 10 times. Aborting.", {
        code: "ERR_TOO_MANY_REDIRECTS",
        response: { statusCode: 302 }
      }),
      { _tag: "ApiFormat" }
    ],
    [
      "aborted under the socket",
      error("RequestError", "socket hang up", { code: "ECONNRESET", options: { signal: AbortSignal.abort() } }),
      { _tag: "Unexpected", retryable: false }
    ],
    ["aborted", error("AbortError", "This operation was aborted.", { code: "ERR_ABORTED" }), {
      _tag: "Unexpected",
      retryable: false
    }],
    [
      "length",
      error("ReadError", "Content-Length mismatch: expected 100 bytes, received 5 bytes", {
        code: "ERR_HTTP_CONTENT_LENGTH_MISMATCH"
      }),
      { _tag: "DataIntegrity", wanted: "100", found: "5" }
    ]
  ],
  ky: [
    ["timeout", error("TimeoutError", "Request timed out: GET https://api.test/klines", { request }), {
      _tag: "NetworkTimeout",
      phase: "total"
    }],
    [
      "status",
      error("HTTPError", "Request failed with status code 401 Unauthorized: GET https://api.test", {
        response: { status: 401 },
        request
      }),
      { _tag: "ApiAuth", status: 401 }
    ]
  ],
  undici: [
    [
      "connect timeout",
      error("ConnectTimeoutError", "Connect Timeout Error (attempted address: api.test:443, timeout: 100ms)", {
        code: "UND_ERR_CONNECT_TIMEOUT"
      }),
      { _tag: "NetworkTimeout", phase: "connect", timeoutMillis: 100 }
    ],
    ["headers timeout", error("HeadersTimeoutError", "Headers Timeout Error", { code: "UND_ERR_HEADERS_TIMEOUT" }), {
      phase: "headers"
    }],
    ["body timeout", error("BodyTimeoutError", "Body Timeout Error", { code: "UND_ERR_BODY_TIMEOUT" }), {
      phase: "body"
    }],
    ["socket", error("SocketError", "other side closed", { code: "UND_ERR_SOCKET" }), { _tag: "NetworkConnection" }],
    [
      "length",
      error("ResponseContentLengthMismatchError", "Response body length does not match content-length header", {
        code: "UND_ERR_RES_CONTENT_LENGTH_MISMATCH"
      }),
      { _tag: "DataIntegrity" }
    ],
    [
      "no HTTP",
      error("HTTPParserError", "Response does not match the HTTP/1.1 protocol", { code: "HPE_INVALID_CONSTANT" }),
      { _tag: "ApiFormat", retryable: false }
    ],
    [
      "status",
      error("ResponseError", "Response error", {
        code: "UND_ERR_RESPONSE",
        statusCode: 418,
        headers: { "retry-after": "3" },
        body: { code: -1003 }
      }),
      { _tag: "ApiRateLimit", banned: true, apiCode: -1003 }
    ],
    [
      "retried in vain",
      error("RequestRetryError", "Request failed", { code: "UND_ERR_REQ_RETRY", statusCode: 503, data: { count: 1 } }),
      { _tag: "ApiFormat", status: 503, bodyExcerpt: undefined }
    ],
    ["aborted", error("AbortError", "Request aborted", { code: "UND_ERR_ABORTED" }), { _tag: "Unexpected" }],
    ["wrong call", error("InvalidArgumentError", "invalid onRequestStart method", { code: "UND_ERR_INVALID_ARG" }), {
      _tag: "Internal"
    }]
  ],
  ccxt: [
    ["refused", error("NetworkError", "binance GET https://api.test fetch failed: connect ECONNREFUSED 127.0.0.1:9"), {
      _tag: "NetworkConnection",
      errno: "ECONNREFUSED"
    }],
    ["DNS", error("NetworkError", "binance GET https://x.invalid fetch failed: getaddrinfo ENOTFOUND x.invalid"), {
      _tag: "NetworkDns",
      hostname: "x.invalid"
    }],
    ["timeout", error("RequestTimeout", "binance GET https://api.test request timed out (300 ms)"), {
      _tag: "NetworkTimeout",
      timeoutMillis: 300
    }],
    [
      "status over class",
      error("ExchangeNotAvailable", "binance GET https://api.test 403 Forbidden {\"error\":\"no\"}"),
      { _tag: "ApiPermission", status: 403 }
    ],
    ["limit", error("RateLimitExceeded", "binance {\"code\":-1003,\"msg\":\"Too much.\"}"), {
      _tag: "ApiRateLimit",
      apiCode: -1003,
      retryable: true
    }],
    ["symbol", error("BadSymbol", "binance {\"code\":-1121,\"msg\":\"Invalid symbol.\"}"), {
      _tag: "ApiFormat",
      apiCode: -1121,
      retryable: false
    }],
    ["signature", error("AuthenticationError", "binance {\"code\":-1022,\"msg\":\"Signature.\"}"), { _tag: "ApiAuth" }],
    ["own mistake", error("ArgumentsRequired", "binance fetchOrder() requires a symbol argument"), { _tag: "Internal" }]
  ],
  "other validators": [
    ["zod", error("ZodError", "[]", { issues: [{ path: ["a", 0], message: "no number" }] }), {
      _tag: "DataValidation",
      issues: [{ path: "a.0", message: "no number" }]
    }],
    ["valibot", error("ValiError", "x", { issues: [{ path: [{ key: "a" }], message: "no" }] }), {
      issues: [{ path: "a", message: "no" }]
    }],
    ["yup", error("ValidationError", "a is required", { errors: ["a is required"], inner: [] }), {
      _tag: "DataValidation"
    }]
  ],
  "checksums": [
    ["text", new Error("Checksum mismatch: expected abc, got def"), {
      _tag: "DataIntegrity",
      wanted: "abc",
      found: "def",
      retryable: true
    }],
    ["npm", error("Error", "sha512 integrity checksum failed", { code: "EINTEGRITY", expected: "a", found: "b" }), {
      _tag: "DataIntegrity",
      wanted: "a",
      found: "b"
    }],
    ["class", new (class ChecksumMismatch extends Error {})("boo"), { _tag: "DataIntegrity" }]
  ],
  "Effect 4": [
    [
      "transport",
      { _tag: "HttpClientError", reason: { _tag: "TransportError", cause: system("ECONNRESET", "read") } },
      { _tag: "NetworkConnection", errno: "ECONNRESET" }
    ],
    [
      "status",
      { _tag: "HttpClientError", reason: { _tag: "StatusCodeError", response: { status: 429, headers: {} } } },
      { _tag: "ApiRateLimit" }
    ],
    ["timeout", { _tag: "TimeoutError" }, { _tag: "NetworkTimeout" }],
    ["schema", { _tag: "SchemaError", issue: {} }, { _tag: "DataValidation" }],
    ["file", {
      _tag: "PlatformError",
      reason: { _tag: "NotFound", module: "FileSystem", method: "writeFile", pathOrDescriptor: "/x" }
    }, { _tag: "StorageWrite" }]
  ],
  "words alone": [
    ["axios", "Request failed with status code 429", { _tag: "ApiRateLimit", status: 429 }],
    ["got", "Response code 503 (Service Unavailable)", { _tag: "ApiFormat", status: 503 }],
    ["fetch by hand", "HTTP error! status: 404", { _tag: "ApiFormat", status: 404 }],
    ["a status line", "401 Unauthorized", { _tag: "ApiAuth", status: 401 }],
    ["libuv", "ENOSPC: no space left on device, write", { _tag: "StorageSpace", errno: "ENOSPC" }],
    ["a socket", "connect ETIMEDOUT 10.0.0.1:443", { _tag: "NetworkTimeout", phase: "connect" }],
    ["a certificate", "certificate has expired", {
      _tag: "NetworkConnection",
      errno: "CERT_HAS_EXPIRED",
      retryable: false
    }],
    ["a timeout", "Request timed out", { _tag: "NetworkTimeout" }],
    ["zlib", "invalid distance too far back", { _tag: "DataIntegrity" }]
  ]
}

for (const [client, rows] of Object.entries(shapes)) {
  describe(client, () => {
    for (const [name, cause, expected] of rows) {
      it(name, () => {
        const found = Classifier.classifySync(cause)
        const seen = Object.fromEntries(Object.keys(expected).map((key) => [key, Reflect.get(found, key)]))
        assert.deepStrictEqual(seen, expected, found.message)
      })
    }
  })
}

it("an Arrow decoder that throws on a broken file: the trace distinguishes it from a bug of the caller", () => {
  const bug = new TypeError("Cannot read properties of null")
  bug.stack =
    `${bug}\n    at decode (file:///app/node_modules/apache-arrow/ipc/message.mjs:1:1)\n    at load (file:///app/main.js:1:1)`
  assert.strictEqual(Classifier.classifySync(bug)._tag, "DataIntegrity")
  bug.stack = `${bug}\n    at load (file:///app/main.js:1:1)`
  assert.strictEqual(Classifier.classifySync(bug)._tag, "Internal")
})
