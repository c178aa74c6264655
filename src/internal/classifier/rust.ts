/**
 * Messages of the Rust libraries that Deno's network is made of (hyper, h2, rustls, std::io): the layers of a failure from
 * the outside in, each followed by a colon.
 *
 *     error sending request for url (http://host/): client error (Connect): dns error: failed to lookup address information
 */
import { byCode } from "./codes.js"
import { calledBy } from "./fileErrors.js"
import type { Finding, Kind } from "./finding.js"
import { finding, kind, Rank } from "./finding.js"

const connection = kind("NetworkConnection", Rank.Wording)
const dns = kind("NetworkDns", Rank.Wording)
const timeout = kind("NetworkTimeout", Rank.Wording)
const format = kind("ApiFormat", Rank.Wording)
const auth = kind("ApiAuth", Rank.Wording)

/** The outermost layers. */
export const rustMessage: RegExp =
  /^(?:error (?:sending request\b|trying to connect:|(?:reading|writing) a body (?:from|to) connection)|request or response body error:|client error \(\w+\)|(?:tcp connect|tls handshake|connection|http2|dns) error(?:: |$)|(?:stream|connection) error (?:received|detected|sent by user)|invalid peer certificate|failed to (?:lookup address information|connect to WebSocket)|connection closed before message completed|invalid (?:HTTP [\w-]+|content-length|transfer-encoding) parsed$|message head is too large$|[A-Z][A-Za-z/-]+(?: [\w-]+){1,24}\.? \(os error \d+\))/

/** The layers that are more precise than a failed connection, with the code that Node.js uses for the same failure. */
const layers: ReadonlyArray<readonly [RegExp, Kind, string?]> = [
  [/^(?:dns error: )?failed to lookup address information: (?:Temporary failure|Try again)/, dns, "EAI_AGAIN"],
  [/^(?:dns error|failed to lookup address information|invalid dns ?name)/, dns, "ENOTFOUND"],
  [
    /^invalid peer certificate: (?:certificate expired|Expired)/,
    connection,
    "CERT_HAS_EXPIRED"
  ],
  [/^invalid peer certificate: (?:certificate not valid yet|NotValidYet)/, connection, "CERT_NOT_YET_VALID"],
  [
    /^invalid peer certificate: (?:certificate not valid for name|NotValidForName)/,
    connection,
    "ERR_TLS_CERT_ALTNAME_INVALID"
  ],
  [/^invalid peer certificate: (?:certificate revoked|Revoked)/, connection, "CERT_REVOKED"],
  [/^invalid peer certificate: UnknownIssuer/, connection, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
  [/^invalid (?:peer )?certificate/, connection, "CERT_REJECTED"],
  [/^(?:operation|request|connection) timed out|^deadline has elapsed/, timeout],
  [/^proxy authori[sz]ation required/, auth],
  [/^(?:invalid \S[^:]* parsed|message head is too large|invalid chunk\b)/i, format]
]

/** The error texts of the operating system. The numbers in `(os error N)` differ between systems. */
const systemTexts: ReadonlyMap<string, string> = new Map([
  ["Connection refused", "ECONNREFUSED"],
  ["Connection reset by peer", "ECONNRESET"],
  ["Connection timed out", "ETIMEDOUT"],
  ["Operation timed out", "ETIMEDOUT"],
  ["Software caused connection abort", "ECONNABORTED"],
  ["Broken pipe", "EPIPE"],
  ["No route to host", "EHOSTUNREACH"],
  ["Host is down", "EHOSTDOWN"],
  ["Network is unreachable", "ENETUNREACH"],
  ["Network is down", "ENETDOWN"],
  ["Cannot assign requested address", "EADDRNOTAVAIL"],
  ["Can't assign requested address", "EADDRNOTAVAIL"],
  ["Address already in use", "EADDRINUSE"],
  ["Too many open files", "EMFILE"],
  ["No such file or directory", "ENOENT"],
  ["Not a directory", "ENOTDIR"],
  ["Is a directory", "EISDIR"],
  ["File exists", "EEXIST"],
  ["Permission denied", "EACCES"],
  ["Operation not permitted", "EPERM"],
  ["Read-only file system", "EROFS"],
  ["No space left on device", "ENOSPC"],
  ["Disk quota exceeded", "EDQUOT"],
  ["Input/output error", "EIO"]
])

/** The error numbers of Windows, whose texts are localized. */
const windowsCodes: ReadonlyMap<string, string> = new Map([
  ["10048", "EADDRINUSE"],
  ["10051", "ENETUNREACH"],
  ["10053", "ECONNABORTED"],
  ["10054", "ECONNRESET"],
  ["10060", "ETIMEDOUT"],
  ["10061", "ECONNREFUSED"],
  ["10065", "EHOSTUNREACH"],
  ["11001", "ENOTFOUND"]
])

const systemLayer = /^([^():]{4,160}?)\.? \(os error (\d+)\)/

const maxLayers = 16

/** The finding for a message that matches {@link rustMessage}: that of the outermost known layer. */
export const rustFinding = (message: string, link: unknown, operation: string | undefined): Finding => {
  let rest = message
  for (let depth = 0; depth < maxLayers; depth++) {
    const system = systemLayer.exec(rest)
    const code = system === null ? undefined : systemTexts.get(system[1]!) ?? windowsCodes.get(system[2]!)
    const call = depth === 0 ? calledBy(message) : "connect"
    const found = code === undefined ? undefined : byCode(code, call, link, operation)
    if (found !== undefined) return { ...found, rank: Rank.Wording }
    const layer = layers.find(([pattern]) => pattern.test(rest))
    if (layer !== undefined) return finding(layer[1], link, layer[2])
    const next = rest.indexOf(": ")
    if (next < 0) break
    rest = rest.slice(next + 2)
  }
  return finding(connection, link)
}
