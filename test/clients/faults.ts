/** The table: what goes wrong on the way, and what it is. */
import type { Answer } from "./answers.js"
import * as answers from "./answers.js"
import type { Expected } from "./expected.js"
import {
  answered,
  certificate,
  connection,
  corrupt,
  fine,
  format,
  internal,
  interrupted,
  invalid,
  timeout,
  unexpected,
  unreadable
} from "./expected.js"
import {
  interruptible,
  oneLimit,
  overUndici,
  overUndiciRequest,
  platformFetch,
  platformNode,
  platformUndici,
  promising,
  withoutDecompression,
  withoutRedirects,
  withoutStatus,
  withSchema
} from "./groups.js"
import type { Limits } from "./limits.js"
import type { Exception, Row } from "./table.js"
import { because, but, destroyed, without } from "./table.js"

const row = (fault: string, stage: Row["stage"], expected: Expected, ...exceptions: ReadonlyArray<Exception>): Row => ({
  fault,
  stage,
  expected,
  but: exceptions
})

const to = (answer: Answer, limits: Limits = {}): Row["stage"] => (server) => ({ url: server.url(answer), limits })

/** Milliseconds: a fault of its own, so it only has to be more than a healthy answer takes. */
const wait = 150

const bySignal = (answer: Answer): Row["stage"] => (server) => ({
  url: server.url(answer),
  limits: { signal: AbortSignal.timeout(wait) }
})

const aborted = (answer: Answer): Row["stage"] => (server) => {
  const controller = new AbortController()
  const url = server.url((socket, path) => {
    answer(socket, path)
    controller.abort()
  })
  return { url, limits: { signal: controller.signal } }
}

const reasonless = destroyed(["node-fetch"], unexpected, "AbortError: The operation was aborted.")
const closedByOther = but(overUndici, connection("UND_ERR_SOCKET"))
const axiosAborted = but(["axios", "axios, buffer"], connection())
const headersOnly = without(["ccxt"], "its timeout ends with the headers")
const takesNoSignal = without(["ccxt"], "takes no signal")
const interruption = because(interruptible, interrupted, "an interruption is no error, whatever its reason")
const takesAnything = but(["ofetch", "ccxt"], fine)
const unread = because(withSchema, invalid, "reads nothing as null, which is JSON")
const readsNothing = but(
  [
    "axios",
    "axios, fetch adapter",
    "got",
    "ky",
    "ofetch",
    "superagent",
    "ccxt",
    "platform/fetch, json",
    "platform/undici, json",
    "platform/node:http, json",
    ...promising
  ],
  fine
)
const compressed = destroyed(withoutDecompression, unreadable, "is not valid JSON")

export const time: ReadonlyArray<Row> = [
  row(
    "connect timeout",
    (server) => ({ url: server.full, limits: { connect: wait } }),
    timeout("connect"),
    but([...oneLimit, "superagent"], timeout("total")),
    reasonless,
    without(["ccxt"], "waits ten seconds for a connection, whatever its timeout")
  ),
  row(
    "headers timeout",
    to(answers.silence, { headers: wait }),
    timeout("headers"),
    but([...oneLimit, "ccxt"], timeout("total")),
    reasonless
  ),
  row(
    "body timeout",
    to(answers.silenceInBody, { body: 1000 }),
    timeout("body"),
    but([...oneLimit, "superagent"], timeout("total")),
    reasonless,
    destroyed(["axios", "axios, buffer"], connection(), "AxiosError [ERR_BAD_RESPONSE]: stream has been aborted"),
    destroyed(["axios, stream"], connection("ECONNRESET"), "Error [ECONNRESET]: aborted"),
    headersOnly
  ),
  row("total timeout", to(answers.trickle, { total: wait }), timeout("total"), reasonless, headersOnly),
  ...[answers.silence, answers.silenceInBody].map((answer) =>
    row(
      `timeout of a signal, ${answer === answers.silence ? "before the headers" : "in the body"}`,
      bySignal(answer),
      timeout("total"),
      interruption,
      destroyed(promising, unexpected, "InterruptedException"),
      destroyed(["superagent"], unexpected, "Error [ABORTED]: Aborted"),
      reasonless,
      takesNoSignal
    )
  ),
  ...[answers.silence, answers.silenceInBody].map((answer) =>
    row(
      `aborted by the caller, ${answer === answers.silence ? "before the headers" : "in the body"}`,
      aborted(answer),
      unexpected,
      interruption,
      takesNoSignal
    )
  )
]

// Too long for a label of DNS: refused by every resolver, without asking another machine.
const unknownHost = `${"x".repeat(64)}.invalid`

export const connections: ReadonlyArray<Row> = [
  row("refused", (server) => ({ url: server.refusing }), connection("ECONNREFUSED")),
  row("host not found", () => ({ url: `http://${unknownHost}/` }), {
    tag: "NetworkDns",
    retryable: true,
    errno: "ENOTFOUND",
    hostname: unknownHost
  }),
  row("reset before the headers", to(answers.reset), connection("ECONNRESET")),
  row(
    "closed before the headers",
    to(answers.close),
    connection("ECONNRESET"),
    closedByOther,
    but(["ccxt"], connection())
  ),
  row(
    "closed in the headers",
    to(answers.closeInHeaders),
    connection("ECONNRESET"),
    closedByOther,
    but(["ccxt"], connection())
  ),
  row("reset in the body", to(answers.resetInBody()), connection("ECONNRESET")),
  row(
    "closed in the body, shorter than its length",
    to(answers.closeInBody),
    connection("ECONNRESET"),
    closedByOther,
    axiosAborted,
    but(["ccxt"], connection("UND_ERR_SOCKET"))
  ),
  row(
    "reset in chunks",
    to(answers.resetInChunks),
    connection("ECONNRESET"),
    but(["node-fetch"], connection("ERR_STREAM_PREMATURE_CLOSE"))
  ),
  row(
    "closed in chunks",
    to(answers.closeInChunks),
    connection("ECONNRESET"),
    closedByOther,
    axiosAborted,
    but(["ccxt"], connection("UND_ERR_SOCKET")),
    but(["node-fetch"], connection("ERR_STREAM_PREMATURE_CLOSE"))
  ),
  row(
    "reset in the body of a 503",
    to(answers.resetInBody(503)),
    answered(503),
    destroyed(
      [
        "fetch, parts in error",
        "undici.request, composed",
        "undici.request, retrying",
        "node:http",
        "axios",
        "axios, fetch adapter",
        "axios, buffer",
        "ofetch",
        "superagent",
        "ccxt"
      ],
      connection("ECONNRESET"),
      "Error [ECONNRESET]: read ECONNRESET"
    )
  ),
  row(
    "self-signed certificate",
    (server) => ({ url: server.tls.selfSigned }),
    certificate("DEPTH_ZERO_SELF_SIGNED_CERT")
  ),
  row(
    "certificate of an unknown issuer",
    (server) => ({ url: server.tls.ofUnknownIssuer }),
    certificate("UNABLE_TO_VERIFY_LEAF_SIGNATURE")
  ),
  row("certificate expired", (server) => ({ url: server.tls.expired }), certificate("CERT_HAS_EXPIRED")),
  row("certificate not valid yet", (server) => ({ url: server.tls.notYetValid }), certificate("CERT_NOT_YET_VALID")),
  row(
    "certificate of another host",
    (server) => ({ url: server.tls.ofAnotherHost }),
    certificate("ERR_TLS_CERT_ALTNAME_INVALID")
  ),
  row(
    "TLS asked of a port that speaks HTTP",
    (server) => ({ url: server.tlsOnHttp }),
    connection("EPROTO"),
    but([...overUndici, "ccxt"], connection("ERR_SSL_WRONG_VERSION_NUMBER"))
  ),
  row(
    "HTTP asked of a port that speaks TLS",
    (server) => ({ url: server.httpOnTls }),
    connection("ECONNRESET"),
    closedByOther,
    but(["ccxt"], connection())
  )
]

export const http: ReadonlyArray<Row> = [
  row("another protocol", to(answers.anotherProtocol), format),
  row("noise", to(answers.noise), format),
  row("header without a colon", to(answers.headerWithoutColon), format),
  row("unreadable length", to(answers.unreadableLength), format),
  row(
    "two lengths",
    to(answers.twoLengths),
    format,
    because(overUndiciRequest, corrupt, "reads the first length, and finds that it is wrong")
  ),
  row("oversized headers", to(answers.oversizedHeaders), format),
  row(
    "broken chunk",
    to(answers.brokenChunk),
    format,
    but(["got", "got, text", ...platformFetch, ...platformUndici], { ...format, status: 200 }),
    destroyed(
      ["axios, stream", "node-fetch", ...platformNode],
      connection("ECONNRESET"),
      "aborted"
    )
  ),
  row(
    "body longer than its length",
    to(answers.longerThanItsLength),
    unreadable,
    because(["node:http", "axios", "axios, buffer", "superagent"], format, "finds the rest to be no HTTP"),
    because(["got", "got, text"], { ...format, status: 200 }, "finds the rest to be no HTTP"),
    takesAnything
  ),
  row(
    "redirect loop",
    to(answers.loop),
    format,
    but(
      [...withoutRedirects, "got", "got, text", "superagent", ...platformUndici, ...platformNode],
      answered(302)
    ),
    destroyed(
      ["platform/undici, schema", "platform/node:http, schema"],
      invalid,
      "ParseError: Expected ReadonlyArray<unknown>, actual null"
    )
  ),
  row(
    "redirect without a location",
    to(answers.reply(302)),
    answered(302),
    takesAnything,
    destroyed(withoutStatus, invalid, "ParseError: Expected ReadonlyArray<unknown>, actual null")
  ),
  row(
    "redirect to no URL",
    to(answers.redirect("http://[bad")),
    format,
    but([...withoutRedirects, "got", "got, text", "superagent"], answered(302)),
    destroyed(
      ["undici.request, composed", ...platformUndici, ...platformNode],
      internal,
      "TypeError [ERR_INVALID_URL]: Invalid URL"
    )
  ),
  row(
    "redirect to another protocol",
    to(answers.redirect("ftp://127.0.0.1/")),
    format,
    but([...withoutRedirects, "got", "got, text", "superagent"], answered(302)),
    destroyed(
      ["undici.request, composed", ...platformUndici],
      internal,
      "InvalidArgumentError [UND_ERR_INVALID_ARG]: Invalid URL protocol"
    ),
    destroyed(["node-fetch"], internal, "URL scheme \"ftp\" is not supported"),
    destroyed(platformNode, internal, "TypeError [ERR_INVALID_PROTOCOL]: Protocol \"ftp:\" not supported")
  ),
  row(
    "redirect to a port that refuses",
    (server) => ({ url: server.url(answers.redirect(server.refusing)) }),
    connection("ECONNREFUSED"),
    because(withoutRedirects, answered(302), "follows no redirects"),
    because(["ccxt"], format, "follows no redirects")
  )
]

const json = { "content-type": "application/json" }

export const bodies: ReadonlyArray<Row> = [
  ...(["gzip", "br", "deflate"] as const).flatMap((encoding) => [
    row(`${encoding} that is none`, to(answers.notCompressed(encoding)), corrupt, compressed),
    row(`${encoding}, turned bytes`, to(answers.flipped(encoding)), corrupt, compressed)
  ]),
  row("gzip, wrong checksum", to(answers.flipped("gzip", -8)), corrupt, compressed),
  row(
    "gzip, cut short",
    to(answers.cutShort("gzip")),
    corrupt,
    compressed,
    destroyed(
      [
        "fetch, response thrown",
        "fetch, response in error",
        "fetch, parts in error",
        "fetch, status in text",
        "undici.fetch",
        "axios",
        "axios, fetch adapter",
        "axios, buffer",
        "axios, stream",
        "ky",
        "node-fetch",
        "superagent",
        ...platformFetch
      ],
      unreadable,
      "Unexpected end of JSON input"
    ),
    but(["ofetch"], fine)
  ),
  row(
    "br, cut short",
    to(answers.cutShort("br")),
    corrupt,
    compressed,
    destroyed(
      [
        "fetch, response thrown",
        "fetch, response in error",
        "fetch, parts in error",
        "fetch, status in text",
        "undici.fetch",
        "axios",
        "axios, fetch adapter",
        "axios, buffer",
        "axios, stream",
        "ky",
        "superagent",
        ...platformFetch
      ],
      unreadable,
      "Expected ',' or ']' after array element in JSON"
    ),
    but(["ofetch"], fine)
  ),
  row(
    "HTML, labelled as such",
    to(answers.reply(200, { "content-type": "text/html" }, "<html>Sorry</html>")),
    unreadable,
    takesAnything,
    but(["superagent"], fine)
  ),
  row("HTML, labelled as JSON", to(answers.reply(200, json, "<html>Sorry</html>")), unreadable, takesAnything),
  row("JSON cut short", to(answers.reply(200, json, "[[1,2")), unreadable, takesAnything),
  row("nothing", to(answers.reply(200, json)), unreadable, readsNothing, unread),
  row("204", to(answers.reply(204)), unreadable, readsNothing, unread)
]
