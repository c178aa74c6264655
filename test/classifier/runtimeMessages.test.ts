/**
 * Messages of Bun, Deno, browsers and React Native, as their users reported them: of versions and platforms that the tests
 * cannot run. Each as a text, as a TypeError, and as the cause of a `fetch failed`.
 */
import { describe } from "@effect/vitest"
import type { FetchError } from "effect-errata/FetchError"
import type { Case } from "./cases.js"
import { table, throwing } from "./cases.js"

type Row = readonly [string, FetchError["_tag"], "retry" | "no", object?]

const rows: ReadonlyArray<Row> = [
  // Bun
  ["Unable to connect. Is the computer able to access the url?", "NetworkConnection", "retry"],
  ["Was there a typo in the url or port?", "NetworkConnection", "retry"],
  [
    "The socket connection was closed unexpectedly. For more information, pass `verbose: true` in the second argument to fetch()",
    "NetworkConnection",
    "retry"
  ],
  ["ECONNRESET: The socket connection was closed unexpectedly.", "NetworkConnection", "retry", { errno: "ECONNRESET" }],
  [
    "ZlibError fetching \"https://api.test/x?a=1\". For more information, pass `verbose: true`",
    "DataIntegrity",
    "retry"
  ],
  ["BrotliDecompressionError fetching \"https://api.test/x\".", "DataIntegrity", "retry"],
  ["TooManyRedirects fetching \"https://api.test/x\".", "ApiFormat", "no"],
  ["The response redirected too many times. For more information, pass `verbose: true`", "ApiFormat", "no"],
  ["unknown certificate verification error", "NetworkConnection", "no"],
  ["WebSocket connection to 'wss://api.test/' failed: Failed to connect", "NetworkConnection", "retry"],
  ["WebSocket connection to 'wss://api.test/' failed: Expected 101 status code: 401", "ApiAuth", "no", { status: 401 }],
  ["ECONNREFUSED", "NetworkConnection", "retry", { errno: "ECONNREFUSED" }],
  // Deno
  [
    "error sending request for url (https://api.test/x): client error (Connect): dns error: failed to lookup address information: nodename nor servname provided, or not known",
    "NetworkDns",
    "retry",
    { errno: "ENOTFOUND", hostname: "api.test" }
  ],
  [
    "error sending request for url (https://httpbin.test/get): error trying to connect: dns error: failed to lookup address information: Temporary failure in name resolution",
    "NetworkDns",
    "retry",
    { errno: "EAI_AGAIN", hostname: "httpbin.test" }
  ],
  [
    "error sending request for url (https://[2001:db8::64]/): client error (Connect): invalid dns name",
    "NetworkDns",
    "retry"
  ],
  [
    "error sending request for url (https://api.test/#undefined): error trying to connect: invalid peer certificate: NotValidForName",
    "NetworkConnection",
    "no",
    { errno: "ERR_TLS_CERT_ALTNAME_INVALID" }
  ],
  [
    "error sending request for url (https://api.test/): client error (Connect): invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))",
    "NetworkConnection",
    "no"
  ],
  ["an error occurred", "Unexpected", "no"],
  [
    "error sending request for url (http://api.test/): error trying to connect: tcp connect error: No connection could be made because the target machine actively refused it. (os error 10061)",
    "NetworkConnection",
    "retry",
    { errno: "ECONNREFUSED" }
  ],
  [
    "error sending request for url (http://api.test/a(b)c): error trying to connect: Connection reset by peer (os error 54)",
    "NetworkConnection",
    "retry",
    { errno: "ECONNRESET" }
  ],
  [
    "error sending request from 127.0.0.1:50472 for http://localhost:4444/ (127.0.0.1:4444): client error (SendRequest): connection error: Connection reset by peer (os error 54)",
    "NetworkConnection",
    "retry",
    { errno: "ECONNRESET" }
  ],
  [
    "error sending request for url (http://10.0.0.1/): client error (Connect): tcp connect error: Connection timed out (os error 110)",
    "NetworkTimeout",
    "retry",
    { phase: "connect" }
  ],
  ["error sending request for url (http://10.0.0.1/): operation timed out", "NetworkTimeout", "retry"],
  [
    "error sending request from 10.0.0.1:1 for https://api.test/ (10.0.0.2:443): client error (SendRequest): http2 error: connection error received: not a result of an error",
    "NetworkConnection",
    "retry"
  ],
  ["stream error detected: unspecific protocol error detected", "NetworkConnection", "retry"],
  ["error reading a body from connection: stream closed because of a broken pipe", "NetworkConnection", "retry"],
  ["error reading a body from connection: Invalid chunk size line", "ApiFormat", "no"],
  [
    "request or response body error: error reading a body from connection: protocol error: unexpected internal error encountered",
    "NetworkConnection",
    "retry"
  ],
  ["connection closed before message completed", "NetworkConnection", "retry"],
  ["connection error", "NetworkConnection", "retry"],
  ["invalid HTTP version parsed", "ApiFormat", "no"],
  ["Fetch failed: Maximum number of redirects (20) reached", "ApiFormat", "no"],
  ["failed to connect to WebSocket: dns error", "NetworkDns", "retry"],
  ["failed to connect to WebSocket: Invalid status code: 403", "ApiPermission", "no", { status: 403 }],
  ["No such file or directory (os error 2): readfile '/x'", "StorageRead", "no", { errno: "ENOENT" }],
  ["No space left on device (os error 28): writefile '/x'", "StorageSpace", "no", { errno: "ENOSPC" }],
  ["Requires write access to \"/x\", run again with the --allow-write flag", "StoragePermission", "no"],
  ["Requires net access to \"api.test:443\", run again with the --allow-net flag", "Internal", "no"],
  // Browsers
  ["Failed to fetch", "NetworkConnection", "retry"],
  ["Failed to fetch (api.test)", "NetworkConnection", "retry"],
  ["Load failed", "NetworkConnection", "retry"],
  ["Load failed (api.test:8443)", "NetworkConnection", "retry"],
  ["NetworkError when attempting to fetch resource.", "NetworkConnection", "retry"],
  ["Error in input stream", "NetworkConnection", "retry"],
  ["network error", "NetworkConnection", "retry"],
  ["cancelled", "Unexpected", "no"],
  ["The request timed out.", "NetworkTimeout", "retry"],
  ["The network connection was lost.", "NetworkConnection", "retry"],
  ["The Internet connection appears to be offline.", "NetworkConnection", "retry"],
  ["A server with the specified hostname could not be found.", "NetworkDns", "retry"],
  ["Could not connect to the server.", "NetworkConnection", "retry"],
  ["The certificate for this server is invalid.", "NetworkConnection", "no"],
  ["net::ERR_NAME_NOT_RESOLVED at https://api.test/", "NetworkDns", "retry"],
  ["net::ERR_CONNECTION_REFUSED", "NetworkConnection", "retry"],
  ["net::ERR_CONNECTION_TIMED_OUT", "NetworkTimeout", "retry"],
  ["net::ERR_INTERNET_DISCONNECTED", "NetworkConnection", "retry"],
  ["net::ERR_CERT_AUTHORITY_INVALID", "NetworkConnection", "no"],
  ["net::ERR_TOO_MANY_REDIRECTS", "ApiFormat", "no"],
  ["net::ERR_CONTENT_DECODING_FAILED", "DataIntegrity", "retry"],
  [
    "WebSocket connection to 'wss://api.test/' failed: Error during WebSocket handshake: Unexpected response code: 503",
    "ApiFormat",
    "retry",
    { status: 503 }
  ],
  // React Native, Cloudflare
  ["Network request failed", "NetworkConnection", "retry"],
  ["network request failed", "NetworkConnection", "retry"],
  ["Network request timed out", "NetworkTimeout", "retry"],
  ["Unable to resolve host \"api.test\": No address associated with hostname", "NetworkDns", "retry"],
  ["Failed to connect to /10.0.2.2:8080", "NetworkConnection", "retry"],
  ["unexpected end of stream on https://api.test/...", "NetworkConnection", "retry"],
  ["Network connection lost.", "NetworkConnection", "retry"],
  ["Too many redirects.", "ApiFormat", "no"]
]

const named = rows.filter(([, tag]) => tag !== "Unexpected")

describe("messages of runtimes", () => {
  table("thrown as a text", rows.map(([text, ...expected]): Case => [text, throwing(text), ...expected]))
  table("of a TypeError", named.map(([text, ...expected]): Case => [text, throwing(new TypeError(text)), ...expected]))
  table(
    "as a text with a name",
    rows.map(([text, ...expected]): Case => [text, throwing(`TypeError: ${text}`), ...expected])
  )
  table(
    "of the cause of a failed fetch",
    named.map(([text, ...expected]): Case => [
      text,
      throwing(new TypeError("fetch failed", { cause: new Error(text) })),
      ...expected
    ])
  )
})

const codes: ReadonlyArray<readonly [code: string, FetchError["_tag"], "retry" | "no"]> = [
  ["ConnectionRefused", "NetworkConnection", "retry"],
  ["ConnectionClosed", "NetworkConnection", "retry"],
  ["FailedToOpenSocket", "NetworkConnection", "retry"],
  ["DNSLookupFailed", "NetworkDns", "retry"],
  ["ZlibError", "DataIntegrity", "retry"],
  ["BrotliDecompressionError", "DataIntegrity", "retry"],
  ["ZstdDecompressionError", "DataIntegrity", "retry"],
  ["ShortRead", "DataIntegrity", "retry"],
  ["TooManyRedirects", "ApiFormat", "no"],
  ["UnexpectedRedirect", "ApiFormat", "no"],
  ["RedirectURLInvalid", "ApiFormat", "no"],
  ["RedirectURLTooLong", "ApiFormat", "no"],
  ["UnsupportedRedirectProtocol", "ApiFormat", "no"],
  ["InvalidHTTPResponse", "ApiFormat", "no"],
  ["InvalidContentLength", "ApiFormat", "no"],
  ["UNKNOWN_CERTIFICATE_VERIFICATION_ERROR", "NetworkConnection", "no"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "NetworkConnection", "no"],
  ["ERR_BODY_ALREADY_USED", "Internal", "no"]
]

describe("codes of Bun", () => {
  table(
    "of an error",
    codes.map(([code, ...expected]): Case => [code, throwing(Object.assign(new Error("?"), { code })), ...expected])
  )
})

describe("events of sockets", () => {
  const target = { url: "wss://api.test/", readyState: 3 }
  table("of browsers", [
    ["error", throwing({ type: "error", target }), "NetworkConnection", "retry"],
    [
      "error that holds an empty TypeError",
      throwing({ type: "error", target, error: new TypeError("") }),
      "NetworkConnection",
      "retry"
    ],
    [
      "error of an XMLHttpRequest",
      throwing({ type: "error", target: { readyState: 4, responseURL: "" } }),
      "NetworkConnection",
      "retry"
    ],
    [
      "close without a code",
      throwing({ type: "close", wasClean: false, code: 0, reason: "" }),
      "NetworkConnection",
      "retry"
    ],
    [
      "close without a status",
      throwing({ type: "close", wasClean: false, code: 1006, reason: "" }),
      "NetworkConnection",
      "retry"
    ],
    ["error of a FileReader", throwing({ type: "error", target: { readyState: 2 } }), "Unexpected", "no"],
    ["a record that only looks like one", throwing({ type: "error", target: "wss://api.test/" }), "Unexpected", "no"]
  ])
})

const misleading = [
  "the zone has a dns error page",
  "DNS_RECORD_EXISTS",
  "Load failed orders again",
  "Failed to fetch 3 of 5 rows",
  "the user wrote: error sending request for url (x): dns error",
  "Requires approval of two persons",
  "Position closed (os error)",
  "connection error rate is 5",
  "cancelled orders: 3",
  "net::worth",
  "ETHUSDT",
  "EURUSD",
  "ERROR_PRONE_COIN",
  "Too many orders.",
  "Invalid URL of the avatar",
  "Deflate the price index"
]

describe("misleading messages", () => {
  table("decide nothing", misleading.map((text): Case => [text, throwing(new Error(text)), "Unexpected", "no"]))
})
