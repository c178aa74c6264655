/**
 * Words and shapes of drivers, services, runtimes and programs that users reported, and decoys that resemble them. The right
 * answers were written down before the classifier ran.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Classifier from "effect-errata/Classifier"
import type { FetchError } from "effect-errata/FetchError"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

type Tag = FetchError["_tag"]

const error = (message: string, properties: object = {}, cause?: unknown): Error =>
  Object.assign(new Error(message, cause === undefined ? undefined : { cause }), properties)

const named = (name: string, message: string, properties: object = {}): Error =>
  Object.assign(new Error(message), { name }, properties)

/** Messages that decide alone: in an error, as its cause, and as a text. */
const messages: Readonly<Record<string, ReadonlyArray<readonly [string, Tag, "retry" | "no"]>>> = {
  "after a code or a name": [
    ["ORA-12170: TNS:Connect timeout occurred", "NetworkTimeout", "retry"],
    ["ORA-12541: TNS:no listener", "NetworkConnection", "retry"],
    ["NJS-040: connection request timeout. Request exceeded \"queueTimeout\" of 60000", "NetworkTimeout", "retry"],
    ["SQLITE_BUSY: database is locked", "StorageWrite", "retry"],
    ["D1_ERROR: Network connection lost.", "NetworkConnection", "retry"],
    ["Exception: CONNECTION_LOSS[-4]", "NetworkConnection", "retry"],
    ["java.net.SocketTimeoutException: timeout", "NetworkTimeout", "retry"],
    ["java.net.UnknownHostException: api.example.com", "NetworkDns", "retry"],
    ["java.net.ConnectException: Failed to connect to /10.0.2.2:3000", "NetworkConnection", "retry"],
    ["System.Net.Http.HttpRequestException: No such host is known. (nope.example:443)", "NetworkDns", "retry"],
    ["socket.gaierror: [Errno -2] Name or service not known", "NetworkDns", "retry"],
    [
      "requests.exceptions.ReadTimeout: HTTPSConnectionPool(host='x', port=443): Read timed out. (read timeout=5)",
      "NetworkTimeout",
      "retry"
    ],
    ["page.goto: Could not connect to server\nCall log:\n  - navigating", "NetworkConnection", "retry"]
  ],
  "a code alone": [
    ["page.goto: NS_ERROR_UNKNOWN_HOST\nCall log:\n  - navigating", "NetworkDns", "retry"],
    ["page.goto: NS_ERROR_CONNECTION_REFUSED", "NetworkConnection", "retry"],
    ["RateLimitExceeded", "ApiRateLimit", "retry"],
    ["ERR_RATE_LIMIT", "ApiRateLimit", "retry"],
    ["An API error occurred: ratelimited", "ApiRateLimit", "retry"]
  ],
  "a later line": [
    [
      "NJS-500: connection was lost\nNJS-501: connection to host db port 1526 terminated unexpectedly.",
      "NetworkConnection",
      "retry"
    ],
    [
      "NJS-503: host localhost\nconnect ECONNREFUSED 127.0.0.1:1521",
      "NetworkConnection",
      "retry"
    ],
    ["Command failed: curl https://x\ncurl: (6) Could not resolve host: nope.example\n", "NetworkDns", "retry"],
    [
      "Command failed: curl https://x\ncurl: (28) Operation timed out after 5001 milliseconds",
      "NetworkTimeout",
      "retry"
    ],
    [
      "Command failed: curl https://x\ncurl: (60) SSL certificate problem: certificate has expired",
      "NetworkConnection",
      "no"
    ],
    ["No data returned, got error(s):\nNot authorized\n\nSee the property source.", "ApiPermission", "no"]
  ],
  "texts of libc, curl, OpenSSL, Go and .NET": [
    ["fatal: unable to access 'https://x/': Could not resolve host: x", "NetworkDns", "retry"],
    ["Get \"https://x/\": dial tcp: lookup x on 8.8.8.8:53: no such host", "NetworkDns", "retry"],
    ["Get \"http://x\": dial tcp 127.0.0.1:1: connect: connection refused", "NetworkConnection", "retry"],
    ["Post \"https://x\": context deadline exceeded (Client.Timeout exceeded)", "NetworkTimeout", "retry"],
    ["Get \"https://x\": x509: certificate signed by unknown authority", "NetworkConnection", "no"],
    ["Software caused connection abort", "NetworkConnection", "retry"],
    ["Couldn't connect to server", "NetworkConnection", "retry"],
    ["SSL peer certificate or SSH remote key was not OK", "NetworkConnection", "no"],
    [
      "The request was canceled due to the configured HttpClient.Timeout of 100 seconds elapsing.",
      "NetworkTimeout",
      "retry"
    ],
    ["Connection refused (localhost:5000)", "NetworkConnection", "retry"]
  ],
  "connections and waits": [
    ["Connection was closed by server", "NetworkConnection", "retry"],
    ["Connection not open", "NetworkConnection", "retry"],
    ["WebSocket is not connected", "NetworkConnection", "retry"],
    ["disconnected from wss://rpc.example.io: 1006:: Abnormal Closure", "NetworkConnection", "retry"],
    ["Error Domain=NSURLErrorDomain Code=-1001 \"The request timed out.\"", "NetworkTimeout", "retry"],
    [
      "Error Domain=NSURLErrorDomain Code=-1003 \"A server with the specified hostname could not be found.\"",
      "NetworkDns",
      "retry"
    ],
    ["connection to the Oracle Database was broken", "NetworkConnection", "retry"],
    ["CONNECTION ERROR: Couldn't connect to node http://localhost:8545.", "NetworkConnection", "retry"],
    ["CONNECTION TIMEOUT: timeout of 750000 ms achived", "NetworkTimeout", "retry"],
    ["Failed to get document because the client is offline.", "NetworkConnection", "retry"],
    ["Failed to fetch dynamically imported module: https://x/a.js", "NetworkConnection", "retry"],
    ["XMLHttpRequest failed: \"Unable to connect to the Parse API\"", "NetworkConnection", "retry"],
    ["Timed out while authenticating with server", "NetworkTimeout", "retry"],
    ["The database server at `db.example.com`:`5432` was reached but timed out.", "NetworkTimeout", "retry"],
    ["outgoing request timed out after 3500ms", "NetworkTimeout", "retry"],
    ["broker transport failure", "NetworkConnection", "retry"]
  ],
  "statuses with their reasons": [
    ["KV PUT failed: 429 Too Many Requests", "ApiRateLimit", "retry"],
    ["Bad status on response: 502", "ApiFormat", "retry"],
    ["KV GET failed: 500 Internal Server Error", "ApiFormat", "retry"],
    ["Call to 'send' failed! (403: Forbidden: bot was blocked by the user)", "ApiPermission", "no"],
    ["failed to get info: Error: 403 Forbidden: {\"error\":1}", "ApiPermission", "no"]
  ],
  "refusals": [
    ["4 DEADLINE_EXCEEDED: Deadline exceeded after 5.0s", "NetworkTimeout", "retry"],
    ["16 UNAUTHENTICATED: invalid authentication credentials.", "ApiAuth", "no"],
    ["rate limited", "ApiRateLimit", "retry"],
    ["apiLimitExceeded", "ApiRateLimit", "retry"],
    ["Api key info invalid", "ApiAuth", "no"],
    ["Unauthorized: Invalid token", "ApiAuth", "no"],
    ["Failed to authenticate: 1", "ApiAuth", "no"],
    ["Your account cannot be authenticated.", "ApiAuth", "no"],
    ["EGeneral:Temporary lockout", "ApiRateLimit", "retry"],
    ["ERR max requests limit exceeded. Limit: 500000", "ApiRateLimit", "retry"],
    ["API limit reached. Please try again later.", "ApiRateLimit", "retry"],
    ["You've exceeded the maximum requests per minute, please wait", "ApiRateLimit", "retry"],
    ["Your app has exceeded its compute units per second capacity.", "ApiRateLimit", "retry"],
    ["Too many requests in a short period of time", "ApiRateLimit", "retry"],
    ["API key is invalid.", "ApiAuth", "no"],
    ["Apikey does not exist", "ApiAuth", "no"],
    ["Invalid OK-ACCESS-KEY", "ApiAuth", "no"],
    ["Invalid access token", "ApiAuth", "no"],
    ["Invalid credentials (Failure)", "ApiAuth", "no"],
    ["bad auth : Authentication failed.", "ApiAuth", "no"],
    ["Could not load credentials from any providers", "ApiAuth", "no"],
    ["Broker: Topic authorization failed", "ApiPermission", "no"],
    ["User `reader` was denied access on the database `shop.public`", "ApiPermission", "no"],
    ["EService:Unavailable", "ApiFormat", "retry"],
    ["Service temporarily unavailable. Please try again later.", "ApiFormat", "retry"]
  ],
  "SQLite": [
    ["database or disk is full", "StorageSpace", "no"],
    ["database disk image is malformed", "StorageRead", "no"],
    ["attempt to write a readonly database", "StorageWrite", "no"]
  ]
}

describe("words that decide", () => {
  for (const [kind, rows] of Object.entries(messages)) {
    it(kind, () => {
      for (const [message, tag, retry] of rows) {
        for (const cause of [message, error(message), error("The load failed", {}, error(message))]) {
          const found = Classifier.classifySync(cause)
          assert.deepStrictEqual([found._tag, found.retryable ? "retry" : "no"], [tag, retry], message)
        }
      }
    })
  }
})

describe("words that decide nothing", () => {
  for (
    const message of [
      "MAX_TIMEOUT: must be an integer",
      "Invalid request timeout: -1",
      "Missing password field in the form",
      "Invalid PNG signature",
      "Item not found in list: Broken pipe wrench",
      "Order rejected: 500 Service shares",
      "Game session timed out of sync",
      "Your session has timed out",
      "Cannot parse config:\ntimeout = 5\nretries = 3",
      "The report says the server was busy; fine",
      "table \"access denied log\" has no column x",
      "User limit is 5; you have 4",
      "Too many requests of this kind are open",
      "Order status: 404",
      "14 UNAVAILABLE items",
      "Invalid signature block in file",
      "The user granted permission; the document was denied nothing",
      "Price 503.00 exceeds the limit of 429",
      "Row 17: column \"timeout\" is not a number"
    ]
  ) {
    it(message, () => {
      for (const cause of [message, error(message), { message }]) {
        const { _tag, retryable } = Classifier.classifySync(cause)
        assert.deepStrictEqual([_tag, retryable], ["Unexpected", false])
      }
    })
  }
})

const refused = error("connect ECONNREFUSED 127.0.0.1:9", { code: "ECONNREFUSED", syscall: "connect" })

const answered = (status: number, data: unknown, headers: object = {}): Error =>
  named("AxiosError", `Request failed with status code ${status}`, { status, response: { status, headers, data } })

interface Evidence {
  /** Milliseconds. */
  readonly wait?: number
  readonly status?: number
  /** A part of the message. */
  readonly says?: string
}

const shapes: ReadonlyArray<readonly [string, unknown, Tag, "retry" | "no", Evidence?]> = [
  ["no answer: an XMLHttpRequest", { readyState: 4, status: 0, statusText: "error" }, "NetworkConnection", "retry"],
  ["no answer in time", { readyState: 0, status: 0, statusText: "timeout" }, "NetworkTimeout", "retry"],
  ["no answer, aborted", { readyState: 0, status: 0, statusText: "abort" }, "Unexpected", "no"],
  ["no answer: RxJS", named("AjaxError", "ajax error", { xhr: {}, status: 0 }), "NetworkConnection", "retry"],
  ["a status of 0 of something else", { id: 7, status: 0, name: "draft" }, "Unexpected", "no"],
  [
    "Telegram, in the response",
    error("429: Too Many Requests: retry after 35", {
      response: {
        ok: false,
        error_code: 429,
        description: "Too Many Requests: retry after 35",
        parameters: { retry_after: 35 }
      }
    }),
    "ApiRateLimit",
    "retry",
    { wait: 35_000, status: 429 }
  ],
  [
    "Telegram, on the error",
    error("Call to 'send' failed!", {
      ok: false,
      error_code: 403,
      description: "Forbidden: bot was blocked by the user"
    }),
    "ApiPermission",
    "no",
    { status: 403, says: "bot was blocked by the user" }
  ],
  ["an error_code of something else", { error_code: 429, rows: 3 }, "Unexpected", "no"],
  [
    "gRPC-Web",
    named("RpcError", "upstream connect error", { code: 14, metadata: {} }),
    "NetworkConnection",
    "retry"
  ],
  [
    "gRPC, by the path of the call",
    named("ClientError", "/acme.Users/Get NOT_FOUND: no user 7", {
      path: "/acme.Users/Get",
      code: 5,
      details: "no user 7"
    }),
    "ApiFormat",
    "no",
    { says: "no user 7" }
  ],
  ["a small code beside a file", error("failed", { path: "/etc/hosts", code: 5, details: "x" }), "Unexpected", "no"],
  [
    "a SQLSTATE that says nothing",
    named("SqlError", "pool", { sqlState: "HY000", code: "ER_GET_CONNECTION_TIMEOUT" }),
    "NetworkTimeout",
    "retry"
  ],
  ["SQLite, by the code", error("x", { code: "SQLITE_BUSY" }), "StorageWrite", "retry"],
  [
    "SQLite, by the text",
    error("database is locked", { code: "ERR_SQLITE_ERROR", errcode: 5 }),
    "StorageWrite",
    "retry"
  ],
  ["IMAP", error("Invalid credentials (Failure)", { type: "no", source: "authentication" }), "ApiAuth", "no"],
  [
    "IMAP, the words of the server",
    error("Command failed", { serverResponseCode: "AUTHENTICATIONFAILED", responseText: "Wrong user or password" }),
    "ApiAuth",
    "no",
    { says: "Wrong user or password" }
  ],
  ["LDAP", named("TimeLimitExceededError", "Time Limit Exceeded", { code: 3 }), "NetworkTimeout", "retry"],
  ["LDAP, rights", named("InsufficientAccessRightsError", "Insufficient", { code: 50 }), "ApiPermission", "no"],
  ["LDAP, busy", named("BusyError", "Busy", { code: 51 }), "ApiFormat", "retry"],
  ["an expired token", named("JWTExpired", "\"exp\" claim timestamp check failed", {}), "ApiAuth", "no"],
  ["no credentials", named("CredentialsProviderError", "None found"), "ApiAuth", "no"],
  [
    "a model that is not valid",
    named("SequelizeValidationError", "notNull Violation", { errors: [{ message: "User.email cannot be null" }] }),
    "DataValidation",
    "no"
  ],
  ["FTP, no space", named("FTPError", "552 Exceeded storage allocation.", { code: 552 }), "StorageSpace", "no"],
  [
    "SMTP, a limit",
    error("421 4.7.0 Too many concurrent SMTP connections", {
      responseCode: 421,
      response: "421 4.7.0 Too many concurrent SMTP connections"
    }),
    "ApiRateLimit",
    "retry"
  ],
  [
    "SMTP, a rate",
    error("454 Throttling failure", {
      responseCode: 454,
      response: "454 Throttling failure: Maximum sending rate exceeded."
    }),
    "ApiRateLimit",
    "retry"
  ],
  [
    "Kubernetes",
    error("HTTP-Code: 429", {
      code: 429,
      headers: {},
      body: {
        status: "Failure",
        message: "later",
        reason: "TooManyRequests",
        details: { retryAfterSeconds: 5 },
        code: 429
      }
    }),
    "ApiRateLimit",
    "retry",
    { wait: 5000, says: "(code TooManyRequests)" }
  ],
  [
    "OAuth, on the error",
    error("server responded with an error", {
      status: 400,
      error: "invalid_grant",
      error_description: "token expired"
    }),
    "ApiFormat",
    "no",
    { says: "token expired" }
  ],
  [
    "Apollo's result",
    named("ServerError", "Response not successful: Received status code 401", {
      statusCode: 401,
      response: {},
      result: { errors: [{ message: "Invalid token" }] }
    }),
    "ApiAuth",
    "no",
    { says: "Invalid token" }
  ],
  [
    "the page of a proxy: its status is not said twice",
    answered(503, "<html><head><title>503 Service Unavailable</title></head></html>"),
    "ApiFormat",
    "retry",
    { says: ": HTTP 503, Service Unavailable" }
  ],
  [
    "reasons in a list",
    answered(404, { errorMessages: ["Issue does not exist"], errors: {} }),
    "ApiFormat",
    "no",
    { says: "Issue does not exist" }
  ],
  ["a header of its own", answered(429, {}, { "x-ratelimit-retry-after": "20" }), "ApiRateLimit", "retry", {
    wait: 20_000
  }],
  [
    "a header in seconds",
    answered(429, {}, { "x-rate-limit-retry-after-seconds": "20" }),
    "ApiRateLimit",
    "retry",
    { wait: 20_000 }
  ],
  [
    "a wait in the message",
    error("For security purposes, you can only request this after 42 seconds.", { status: 429 }),
    "ApiRateLimit",
    "retry",
    { wait: 42_000 }
  ],
  [
    "a wait as the name of an error",
    named("FloodWaitError", "A wait of 17 seconds is required", { code: 420, seconds: 17 }),
    "ApiRateLimit",
    "retry",
    { wait: 17_000 }
  ],
  [
    "a delay of a timer",
    error("Rate exceeded", { code: "ThrottlingException", statusCode: 400, retryDelay: 39.2 }),
    "ApiRateLimit",
    "retry",
    { wait: 40 }
  ],
  [
    "an answer: the reason beside the outcome",
    { status: "0", message: "NOTOK", result: "Max rate limit reached" },
    "ApiRateLimit",
    "retry",
    { says: "Max rate limit reached" }
  ],
  [
    "an answer: a nested reason",
    { status: { error_message: "You've exceeded the Rate Limit." } },
    "ApiRateLimit",
    "retry"
  ],
  [
    "an answer: hyphens",
    { status: "error", "err-msg": "Signature not valid: Incorrect Access key" },
    "ApiAuth",
    "no",
    { says: "Signature not valid" }
  ],
  [
    "an answer: a code as text",
    { jsonrpc: "2.0", error: { code: 10_028, message: "too_many_requests" } },
    "ApiRateLimit",
    "retry"
  ],
  ["an event of an EventSource", { type: "error", message: "Non-200 status code (401)", code: 401 }, "ApiAuth", "no"],
  [
    "an answer as the message",
    error("{\n  \"status\": 503,\n  \"statusText\": \"Service Unavailable\",\n  \"message\": \"down\"\n}"),
    "ApiFormat",
    "retry",
    { status: 503, says: "down" }
  ],
  [
    "a cause under a name of its own",
    error("all hosts failed", { innerErrors: { "127.0.0.1": refused } }),
    "NetworkConnection",
    "retry"
  ]
]

describe("shapes", () => {
  for (const [name, cause, tag, retry, { says = "", ...evidence } = {}] of shapes) {
    it(name, () => {
      const found = Classifier.classifySync(cause)
      const seen = {
        tag: found._tag,
        retry: found.retryable ? "retry" : "no",
        wait: Option.getOrUndefined(Option.map(found.retryAfter, Duration.toMillis)),
        ...(evidence.status === undefined ? undefined : { status: "status" in found ? found.status : undefined })
      }
      assert.deepStrictEqual(seen, { tag, retry, wait: evidence.wait, ...evidence }, found.message)
      assert.include(found.message, says)
    })
  }
})
