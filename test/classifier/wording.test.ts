/** Words: what they decide where there is nothing else, and what they must never decide. */
import { assert, describe, it } from "@effect/vitest"
import * as Classifier from "effect-errata/Classifier"
import type { FetchError } from "effect-errata/FetchError"
import { STATUS_CODES } from "node:http"
import type { Case } from "./cases.js"
import { table, throwing } from "./cases.js"

const request = "GET https://api.test/x"

// Each alone, as a text that was thrown and as the message of an error.
const wellKnown: ReadonlyArray<readonly [string, FetchError["_tag"], "retry" | "no", object?]> = [
  ["connect ECONNREFUSED 127.0.0.1:80", "NetworkConnection", "retry", { errno: "ECONNREFUSED" }],
  ["read ECONNRESET", "NetworkConnection", "retry", { errno: "ECONNRESET" }],
  ["write EPIPE", "NetworkConnection", "retry", { errno: "EPIPE" }],
  ["connect EACCES 10.0.0.1:80", "NetworkConnection", "retry", { errno: "EACCES" }],
  ["socket hang up", "NetworkConnection", "retry"],
  ["other side closed", "NetworkConnection", "retry"],
  ["fetch failed", "NetworkConnection", "retry"],
  ["Failed to fetch", "NetworkConnection", "retry"],
  ["Premature close", "NetworkConnection", "retry"],
  ["getaddrinfo ENOTFOUND api.test", "NetworkDns", "retry", { hostname: "api.test", errno: "ENOTFOUND" }],
  ["getaddrinfo EAI_AGAIN api.test", "NetworkDns", "retry", { hostname: "api.test" }],
  ["queryA ECONNREFUSED api.test", "NetworkDns", "retry", { hostname: "api.test" }],
  ["certificate has expired", "NetworkConnection", "no", { errno: "CERT_HAS_EXPIRED" }],
  ["self-signed certificate", "NetworkConnection", "no"],
  ["unable to verify the first certificate", "NetworkConnection", "no"],
  ["Hostname/IP does not match certificate's altnames: Host: x", "NetworkConnection", "no"],
  ["connect ETIMEDOUT 10.0.0.1:443", "NetworkTimeout", "retry", { phase: "connect" }],
  ["Connect Timeout Error", "NetworkTimeout", "retry", { phase: "connect" }],
  ["Headers Timeout Error", "NetworkTimeout", "retry", { phase: "headers" }],
  ["Body Timeout Error", "NetworkTimeout", "retry", { phase: "body" }],
  ["timeout of 1000ms exceeded", "NetworkTimeout", "retry", { timeoutMillis: 1000 }],
  ["Timeout awaiting 'request' for 50ms", "NetworkTimeout", "retry", { timeoutMillis: 50 }],
  ["Operation timed out after '1s 500ms'", "NetworkTimeout", "retry", { timeoutMillis: 1500 }],
  ["request timed out after 5000ms", "NetworkTimeout", "retry", { timeoutMillis: 5000 }],
  ["Request timed out", "NetworkTimeout", "retry"],
  ["The operation timed out.", "NetworkTimeout", "retry"],
  ["Connection timed out", "NetworkTimeout", "retry"],
  ["timeout", "NetworkTimeout", "retry"],
  ["Request failed with status code 429", "ApiRateLimit", "retry", { status: 429 }],
  ["Request failed with status code 404 Not Found: GET https://api.test", "ApiFormat", "no", { status: 404 }],
  ["Response code 503 (Service Unavailable)", "ApiFormat", "retry", { status: 503 }],
  ["HTTP error! status: 404", "ApiFormat", "no", { status: 404 }],
  ["HTTP 401 Unauthorized", "ApiAuth", "no", { status: 401 }],
  ["HTTP error 500", "ApiFormat", "retry", { status: 500 }],
  ["403 Forbidden", "ApiPermission", "no", { status: 403 }],
  ["429 Too Many Requests", "ApiRateLimit", "retry", { status: 429 }],
  ["404 Not Found", "ApiFormat", "no", { status: 404 }],
  ["418 I'm a teapot", "ApiRateLimit", "retry", { status: 418 }],
  ["503 Service Unavailable", "ApiFormat", "retry", { status: 503 }],
  ["504 Gateway Time-out", "NetworkTimeout", "retry"],
  ["504 Gateway Timeout", "NetworkTimeout", "retry"],
  ["520 Web Server Returned an Unknown Error", "ApiFormat", "retry", { status: 520 }],
  [`StatusCode: non 2xx status code (418 ${request})`, "ApiRateLimit", "retry", { status: 418, banned: true }],
  [`[GET] "https://api.test/x": 502 Bad Gateway`, "ApiFormat", "retry", { status: 502 }],
  ["ENOENT: no such file or directory, open '/x'", "StorageRead", "no", { errno: "ENOENT", path: "/x" }],
  ["ENOENT: no such file or directory, mkdir '/x'", "StorageWrite", "no", { errno: "ENOENT", path: "/x" }],
  ["ENOSPC: no space left on device, write", "StorageSpace", "no", { errno: "ENOSPC" }],
  ["EACCES: permission denied, open '/x'", "StoragePermission", "no", { errno: "EACCES", path: "/x" }],
  ["incorrect header check", "DataIntegrity", "retry"],
  ["unexpected end of file", "DataIntegrity", "retry"],
  ["Checksum mismatch: expected abc, got def", "DataIntegrity", "retry", { wanted: "abc", found: "def" }],
  ["This operation was aborted", "Unexpected", "no"]
]

describe("well-known words", () => {
  table(
    "of an error",
    wellKnown.map(([text, ...expected]): Case => [text, throwing(new Error(text)), ...expected])
  )
  table("alone", wellKnown.map(([text, ...expected]): Case => [text, throwing(text), ...expected]))
})

describe("a status and its reason", () => {
  const ofProxies = { 499: "Client Closed Request", 502: "Proxy Error", 522: "Connection Timed Out" }
  for (const [status, reason] of [...Object.entries(STATUS_CODES), ...Object.entries(ofProxies)]) {
    if (Number(status) < 400) continue
    it(`${status} ${reason}`, () => {
      const told = Classifier.classifySync(`${status} ${reason}`)
      const known = Classifier.classifySync({ status: Number(status) })
      assert.deepStrictEqual([told._tag, told.retryable], [known._tag, known.retryable])
    })
  }
})

const misleading = [
  "order 429401 timeout=30",
  "symbol TIMEOUTUSDT not found",
  "TIMEOUTUSDT",
  "parameter 'timeout' is malformed",
  "Invalid value 504 for limit",
  "price 403.12 too low",
  "ECONNRESETCOIN is delisted",
  "ENOENT is no such token",
  "no such column: ENOENT",
  "path /data/404/timeout.csv has no rows",
  "the timeout of 30 is odd",
  "timeoutMillis must be positive",
  "order timed out after fill",
  "trade 7: timeout of 300ms exceeded",
  "user said: fetch failed yesterday",
  "fetch failed orders",
  "Expected price above 429",
  "Unexpected symbol TIMEOUTUSDT",
  "Unexpected end of data",
  "rate 401 of 500",
  "read 429 rows",
  "503 rows inserted",
  "404 candles missing",
  "status 429401",
  "500 Index Futures",
  "401 Shares",
  "404 Candles Missing",
  "the user wrote 404 Not Found",
  "HTTP2COIN",
  "HTTPS 500 index",
  "429",
  "401k",
  "checksum column missing",
  "bad checksums of trades",
  "size limit 10",
  "aborted trades: 5",
  "certificate of deposit",
  "SSL coin",
  "JSON token listed",
  "connect wallet",
  "Bad symbol",
  "Invalid type of order",
  "invalid block height",
  "Permission of the issuer",
  "Channel closed orders",
  "Connection is closed to new members",
  "Too many requests of this kind are open",
  "rate limit exceeded by order 5",
  "LOADING orders",
  "Permission denied by the author",
  "No such file of orders",
  "421 Shares",
  "Order rejected: 404 (NOT-LISTED)",
  "Note: read EVERYTHING",
  "user: write ERROR",
  "Timeout (in minutes)",
  "Timed out trades",
  "Dear user,\n\nthe timeout of 30 is odd",
  "Received status code 7 orders",
  "error code: 7",
  "Login failed validation",
  "the key is: [429 Orders]",
  "unauthorized traders"
]

describe("misleading words decide nothing", () => {
  const cases = (make: (text: string) => unknown) =>
    misleading.map((text): Case => [text, throwing(make(text)), "Unexpected", "no"])
  table("of an error", cases((text) => new Error(text)))
  table("alone", cases((text) => text))
  table("of an error's cause", cases((text) => new Error("while loading", { cause: new Error(text) })))
  table("of an error with a status that is fine", cases((text) => Object.assign(new Error(text), { status: 200 })))
  table("in a code", cases((text) => Object.assign(new Error("?"), { code: text })))

  table("in what was asked for", [
    [
      "a symbol, an address, an attribute",
      throwing(new Error("no rows")),
      "Unexpected",
      "no",
      {},
      { symbol: "TIMEOUTUSDT", url: "https://api.test/429?timeout=1", attributes: { status: 429, code: "ECONNRESET" } }
    ],
    [
      "a path",
      throwing(Object.assign(new Error("ENOENT: no such file or directory, open '/data/429/ECONNRESET/timeout.csv'"), {
        code: "ENOENT",
        syscall: "open",
        path: "/data/429/ECONNRESET/timeout.csv"
      })),
      "StorageRead",
      "no",
      { errno: "ENOENT" }
    ]
  ])

  table("beside what decides", [
    [
      "a status",
      throwing(Object.assign(new Error("parameter 'timeout' is malformed"), { status: 400 })),
      "ApiFormat",
      "no"
    ],
    [
      "a body",
      throwing({
        response: { status: 400, data: { code: -1102, msg: "Mandatory parameter 'timeout' was malformed; 429" } }
      }),
      "ApiFormat",
      "no",
      { status: 400 }
    ],
    [
      "a code",
      throwing(Object.assign(new Error("timeout 429 ENOSPC"), { code: "ECONNRESET" })),
      "NetworkConnection",
      "retry"
    ],
    [
      "a name",
      throwing(Object.assign(new Error("Request failed with status code 429"), { name: "AbortError" })),
      "Unexpected",
      "no"
    ],
    [
      "a cause",
      throwing(new Error("429 Too Many Requests", { cause: { code: "ECONNRESET" } })),
      "NetworkConnection",
      "retry"
    ]
  ])
})
