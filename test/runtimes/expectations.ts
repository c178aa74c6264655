/** The classification of every fault on every runtime, and the exceptions: runtimes whose error lacks the evidence. */
import type { Expected } from "../clients/expected.js"
import {
  answered,
  certificate,
  connection,
  corrupt,
  fine,
  format,
  internal,
  timeout,
  unexpected,
  unreadable
} from "../clients/expected.js"

/** The name of a runtime, or `Node.js` for all its versions. */
type Name = "Node.js" | "Node.js 22" | "Node.js 26" | "Bun" | "Deno"

export interface Exception {
  readonly runtimes: ReadonlyArray<Name>
  readonly expected: Expected
  /** A part of the error that is thrown there. */
  readonly raw: string
}

export interface Expectation {
  readonly faults: ReadonlyArray<string>
  readonly expected: Expected
  readonly exceptions: ReadonlyArray<Exception>
}

const is = (
  faults: string | ReadonlyArray<string>,
  expected: Expected,
  ...exceptions: ReadonlyArray<Exception>
): Expectation => ({ faults: typeof faults === "string" ? [faults] : faults, expected, exceptions })

const except = (runtimes: Name | ReadonlyArray<Name>, expected: Expected, raw: string): Exception => ({
  runtimes: typeof runtimes === "string" ? [runtimes] : runtimes,
  expected,
  raw
})

const each = (prefix: string, names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.map((name) => `${prefix}: ${name}`)

const unresolved = (hostname: string): Expected => ({
  tag: "NetworkDns",
  retryable: true,
  errno: "ENOTFOUND",
  hostname
})
const read = (errno: string): Expected => ({ tag: "StorageRead", retryable: false, errno })
const write = (errno: string): Expected => ({ tag: "StorageWrite", retryable: false, errno })

const unknownHost = `${"x".repeat(64)}.invalid`

const closed = [
  except("Bun", connection("ECONNRESET"), "The socket connection was closed unexpectedly"),
  except("Deno", connection(), "connection closed before message completed")
]
const closedInBody = [
  except("Bun", connection("ECONNRESET"), "The socket connection was closed unexpectedly"),
  except("Deno", connection(), "error reading a body from connection")
]

export const expectations: ReadonlyArray<Expectation> = [
  // Connections
  is(
    [
      ...each("fetch", ["refused", "redirect to a port that refuses"]),
      "node:http: refused",
      "node:net: refused",
      "Deno: refused"
    ],
    connection("ECONNREFUSED")
  ),
  is(["fetch: host not found", "node:http: host not found"], unresolved(unknownHost)),
  is("fetch: host not found, reserved domain", unresolved("no-such-host.invalid")),
  is(
    "node:dns: host not found",
    unresolved("no-such-host.invalid"),
    except(
      "Bun",
      { tag: "NetworkDns", retryable: true, errno: "ENOTFOUND" },
      "DNSException [ENOTFOUND]: getaddrinfo ENOTFOUND"
    )
  ),
  is(
    [
      "fetch: reset before the headers",
      ...each("node:http", ["reset before the headers", "closed before the headers", "closed in the body"])
    ],
    connection("ECONNRESET")
  ),
  is(
    "fetch: reset in the body",
    connection("ECONNRESET"),
    except("Deno", connection(), "error reading a body from connection")
  ),
  is(
    each("fetch", ["closed before the headers", "closed in the headers", "HTTP asked of a port that speaks TLS"]),
    connection("UND_ERR_SOCKET"),
    ...closed
  ),
  is(each("fetch", ["closed in the body", "closed in chunks"]), connection("UND_ERR_SOCKET"), ...closedInBody),
  is(
    "fetch: TLS asked of a port that speaks HTTP",
    connection("ERR_SSL_WRONG_VERSION_NUMBER"),
    except("Bun", connection("EPROTO"), "The TLS handshake failed"),
    except("Deno", connection(), "received corrupt message of type InvalidContentType")
  ),
  is(
    "fetch: self-signed certificate",
    certificate("DEPTH_ZERO_SELF_SIGNED_CERT"),
    except("Deno", certificate("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "invalid peer certificate: UnknownIssuer")
  ),
  is("node:http: self-signed certificate", certificate("DEPTH_ZERO_SELF_SIGNED_CERT")),
  is("fetch: certificate of an unknown issuer", certificate("UNABLE_TO_VERIFY_LEAF_SIGNATURE")),
  is("fetch: certificate expired", certificate("CERT_HAS_EXPIRED")),
  is(
    "node:http: certificate expired",
    certificate("CERT_HAS_EXPIRED"),
    except("Deno", certificate("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "unable to verify the first certificate")
  ),
  is("fetch: certificate not valid yet", certificate("CERT_NOT_YET_VALID")),
  is(
    ["fetch: certificate of another host", "node:http: certificate of another host"],
    certificate("ERR_TLS_CERT_ALTNAME_INVALID")
  ),
  // Time
  is(
    [
      ...each("fetch", [
        "connect timeout by a signal",
        "silence, timeout by a signal",
        "silence in the body, timeout by a signal"
      ]),
      "node:http: silence, timeout by a signal"
    ],
    timeout("total")
  ),
  is(
    each("fetch", ["aborted by the caller", "aborted by the caller, in the body", "aborted before it began"]),
    unexpected
  ),
  // Malformed responses
  is(
    [
      ...each("fetch", ["another protocol", "header without a colon", "unreadable length", "oversized headers"]),
      "node:http: another protocol"
    ],
    format
  ),
  is("fetch: noise", format, except("Bun", connection("ECONNRESET"), "The socket connection was closed unexpectedly")),
  is("fetch: broken chunk", format, except("Deno", connection(), "TypeError: error reading a body from connection")),
  is(
    each("fetch", [
      "redirect loop",
      "redirect refused by the caller",
      "redirect to no URL",
      "redirect to another protocol"
    ]),
    format
  ),
  // Bodies
  is(
    ["gzip", "br"].flatMap((encoding) =>
      each("fetch", ["notCompressed", "flipped"].map((how) => `${encoding}, ${how}`))
    ),
    corrupt
  ),
  is(
    each("fetch", ["deflate, notCompressed", "deflate, flipped"]),
    corrupt,
    // Does not decode deflate.
    except("Deno", unreadable, "is not valid JSON")
  ),
  is(
    each("fetch", ["gzip, cutShort", "br, cutShort"]),
    corrupt,
    // Accepts a truncated stream.
    except("Node.js", unreadable, "JSON")
  ),
  is(
    "fetch: deflate, cutShort",
    corrupt,
    except("Node.js", unreadable, "JSON"),
    except("Deno", unreadable, "is not valid JSON")
  ),
  is(each("fetch", ["HTML instead of JSON", "JSON cut short", "204 instead of JSON"]), unreadable),
  is("fetch: no body instead of JSON", unreadable, except("Bun", fine, "")),
  // Statuses
  ...[400, 401, 403, 404, 407, 408, 418, 429, 451, 500, 502, 503, 504].map((status) =>
    is(`fetch: ${status}`, answered(status))
  ),
  // Mistakes of the caller
  is(
    [
      ...each("fetch", [
        "unknown scheme",
        "no URL",
        "GET with a body",
        "header that cannot be sent",
        "body read twice"
      ]),
      "URL: no URL",
      ...each("bug", [
        "property of undefined",
        "not a function",
        "not defined",
        "syntax",
        "length of an array",
        "constant",
        "clone of a function",
        "BigInt in JSON",
        "circular JSON",
        "stack overflow",
        "URI"
      ])
    ],
    internal
  ),
  is(
    "fetch: port that is blocked",
    internal,
    // Connects to any port.
    except("Bun", connection("ECONNREFUSED"), "Unable to connect")
  ),
  // WebSocket
  is(
    "WebSocket: refused, error",
    connection(),
    except("Bun", connection("ECONNREFUSED"), "[object ErrorEvent]")
  ),
  is(
    "WebSocket: handshake refused by 429, error",
    { tag: "ApiRateLimit", retryable: true, status: 429 },
    except("Node.js", connection(), "[object ErrorEvent]")
  ),
  is(
    each("WebSocket", ["refused, close", "handshake refused by 429, close"]),
    connection(),
    // Does not fire the event.
    except("Node.js 22", fine, "")
  ),
  // Files
  is(["node:fs: no such file, read", "Deno: no such file, read", "Bun: no such file, read"], read("ENOENT")),
  is(
    "node:fs: no such folder, write",
    write("ENOENT"),
    // Their stacks do not name the function that was called.
    except(["Node.js 26", "Bun", "Deno"], read("ENOENT"), "ENOENT: no such file or directory, open")
  ),
  is("Deno: no such folder, write", write("ENOENT")),
  is(
    "Bun: no such folder, write",
    write("ENOENT"),
    except("Bun", read("ENOENT"), "ENOENT: no such file or directory, open")
  ),
  is(
    "node:fs: a folder, read",
    read("EISDIR"),
    // Reports `open`, which fails with EISDIR only for writing.
    except("Deno", write("EISDIR"), "illegal operation on a directory, open")
  ),
  is("node:fs: a folder, write", write("EISDIR")),
  is("node:fs: exists", write("EEXIST")),
  is("node:fs: not a folder", read("ENOTDIR")),
  // Parsing
  is(
    [
      ...each("JSON", [
        "cut short",
        "HTML",
        "empty",
        "a word",
        "a property without quotes",
        "trailing comma",
        "text after the end",
        "control character",
        "bad escape",
        "bad number"
      ]),
      "TextDecoder: no UTF-8"
    ],
    unreadable
  ),
  // Compression
  is(
    [
      ...each("zlib", ["gunzip of text", "gunzip, cut short", "inflate of text", "brotli of text"]),
      ...each("DecompressionStream", ["gzip of text", "gzip, cut short", "deflate of text"])
    ],
    corrupt
  )
]

/** The expectation for a fault on a runtime; undefined if the table has none. */
export const expectedOf = (fault: string, runtime: string): Omit<Exception, "runtimes"> | undefined => {
  const row = expectations.find(({ faults }) => faults.includes(fault))
  const exception = row?.exceptions.find(({ runtimes }) =>
    runtimes.some((name) => name === runtime || (name === "Node.js" && runtime.startsWith(name)))
  )
  return exception ?? (row && { expected: row.expected, raw: "" })
}
