/**
 * The reason inside a longer message: clients put their own words before it (`Failed to load: connect ECONNREFUSED …`), a
 * paragraph (Prisma) or a line (`Command failed: curl …`). Only phrases that no other subject uses count there, and only
 * where a clause begins.
 */
import { byCode } from "./codes.js"
import type { Finding, Kind } from "./finding.js"
import { finding, kind, Rank } from "./finding.js"
import { serviceClauses } from "./serviceClauses.js"
import { byStatus } from "./status.js"
import { reasons } from "./statusReasons.js"

const connection = kind("NetworkConnection", Rank.Wording)
const timeout = kind("NetworkTimeout", Rank.Wording, "total")
const dns = kind("NetworkDns", Rank.Wording)

/** A system call and its code, as the last or a later clause. */
const call =
  /(?::|\bby:|\breason:) (?:\w{0,40}Error: )?(connect|read|write|getaddrinfo|query[A-Z]\w*) (E[A-Z][A-Z0-9_]+)\b/

const endings: ReadonlyArray<readonly [RegExp, Kind, string?]> = [
  [
    /: (?:\w{0,40}Error: )?(?:fetch failed|Failed to fetch|Network request failed|socket hang up|other side closed|Premature close)\.?$/,
    connection
  ],
  // The C library, curl, OpenSSL and Go, whose texts come from child processes and from servers that are clients themselves
  [
    /(?:^|: |\) )(?:could(?: not|n't) resolve host\b|name or service not known|nodename nor servname provided|temporary failure in name resolution|no such host is known|(?:the )?host(?: ?name)? could not be (?:resolved|found)|lookup \S{1,255}(?: on \S{1,64})?: no such host)/i,
    dns
  ],
  [
    /(?:^|: |\) )(?:SSL certificate problem\b|SSL peer certificate\b|x509: certificate |certificate verify failed\b|trust anchor for certification path not found)/i,
    connection,
    "CERT_REJECTED"
  ],
  [
    /(?:^|: |\) )(?:(?:operation|connection|connect|read|write) timed out(?: after \d+|$|[.,;(])|i\/o timeout$|context deadline exceeded\b|timeout was reached\b)|\b(?:connect(?:ion)?|read|write|request|response|server|statement|query) timeout (?:occurred|expired|reached|elapsed|during (?:read|write))\b|\bHttpClient\.Timeout of \d/i,
    timeout
  ],
  [
    /(?:^|: |\) )(?:connection re(?:set by peer|fused)|software caused connection abort|broken pipe|no route to host|network is (?:unreachable|down)|host is down|recv failure|empty reply from server|server returned nothing|could(?: not|n't) connect to (?:the )?(?:server|host|node)|"?unable to (?:connect to|reach) (?:the )?\w+(?: \w+){0,4}"?|failed to connect to \S{1,255} port \d+|(?:all )?brokers? (?:transport failure|connections are down)|tls handshake eof)(?:$|[.,;:(]| \(| http| after )/i,
    connection
  ],
  ...serviceClauses
]

const inner = "of|requests?|unavailable|time-?out|error|found|allowed"

/** `Failed to load: Request failed with status code 503`, `[429 Too Many Requests] …`, `(403: Forbidden: …)`. */
const statusClauses: ReadonlyArray<RegExp> = [
  /(?:^|: )(?:Request failed with|Received) status code ([45]\d\d)$/,
  new RegExp(`: \\[([45]\\d\\d) (?:${reasons})[a-z-]*(?: [A-Za-z'-]+){0,4}\\](?: |$)`),
  // A whole answer as the message of an error.
  /^\{\s*"status": ?([45]\d\d),\s*"statusText": ?"[A-Z]/,
  // The words of a reason begin with a capital, unlike those that go on with a count of something.
  new RegExp(`(?:^|: |\\()([45]\\d\\d):? (?:${reasons})[a-z-]*(?: (?:[A-Z][A-Za-z'-]*|${inner})){0,4}(?:$|[:,)])`)
]

const any = new RegExp(
  [call, ...endings.map(([ending]) => ending), ...statusClauses].map(({ source }) => source).join("|"),
  "i"
)

/** The finding of a later clause of a message. */
export const clauseFinding = (message: string, link: unknown, operation: string | undefined): Finding | undefined => {
  const read = message.slice(0, maxRead)
  if (!any.test(read)) return undefined
  const called = call.exec(read)
  const coded = called === null ? undefined : byCode(called[2]!, called[1], link, operation)
  if (coded !== undefined) return { ...coded, rank: Rank.Wording }
  for (const clause of statusClauses) {
    const status = Number(clause.exec(read)?.[1] ?? 0)
    const found = byStatus(status)
    if (found !== undefined) return finding(kind(found.tag, Rank.Wording), link, undefined, status)
  }
  const found = endings.find(([ending]) => ending.test(read))
  return found && finding(found[1], link, found[2])
}

const maxRead = 2048

/** The last paragraph of a message that has several: undefined if it has one. */
export const lastParagraph = (message: string): string | undefined => {
  if (message.length > maxRead) return undefined
  const start = message.lastIndexOf("\n\n")
  const last = start < 0 ? "" : message.slice(start).trim()
  return last === "" ? undefined : last
}

const none: ReadonlyArray<string> = []
const maxLines = 8

/** The lines of a message that has several. */
export const linesOf = (message: string): ReadonlyArray<string> =>
  message.includes("\n")
    ? message.slice(0, maxRead).split("\n", maxLines).map((line) => line.trim()).filter((line) => line !== "")
    : none
