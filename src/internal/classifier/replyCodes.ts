/**
 * Reply codes of mail, file transfer and message brokers. Their numbers look like statuses of HTTP and mean something else;
 * they count only beside the text that goes with them.
 */
import type { Finding, Kind, Tag } from "./finding.js"
import { finding, kind, Rank } from "./finding.js"
import type { Foreign } from "./read.js"
import { get, number, ownText, text } from "./read.js"

interface Reply {
  readonly tag: Tag
  /** Undefined: that of the tag. */
  readonly retryable?: boolean | undefined
}

const replyOf = (link: Foreign): Reply | undefined => numbered(link) ?? brokered(link) ?? transferred(link)

/** What a reply code says. */
export const replyFinding = (link: Foreign): Finding | undefined => {
  const reply = replyOf(link)
  return reply && finding(kindOf(reply), link)
}

/** Whether another attempt makes sense by a reply code. */
export const replyRetryable = (link: Foreign): boolean | undefined => replyOf(link)?.retryable

const kindOf = ({ tag }: Reply): Kind => kind(tag, Rank.Fact)

// ---------------------------------------------------------------------------------------------------------------------
// SMTP, RFC 5321 section 4.2, and FTP, RFC 959 section 4.2
// ---------------------------------------------------------------------------------------------------------------------

/** The code, and a text that begins with it: `responseCode: 451, response: "451 4.3.0 …"`, `code: 530, message: "530 …"`. */
const numbered = (link: Foreign): Reply | undefined => {
  const mail = number(link, "responseCode")
  const code = mail ?? number(link, "code")
  if (code === undefined || code < 400 || code > 599) return undefined
  const said = (mail === undefined ? undefined : text(link, "response")) ?? ownText(link, "message") ?? ""
  if (!said.startsWith(`${code} `) && !said.startsWith(`${code}-`)) return undefined
  if (mail === undefined && !(transfer.has(code) && (sentence.test(said) || /ftp/i.test(text(link, "name") ?? "")))) {
    return undefined
  }
  // An answer of HTTP has headers or a status besides.
  if (get(link, "headers") !== undefined || get(link, "status") !== undefined) return undefined
  if (crowded.test(said)) return { tag: "ApiRateLimit" }
  if (mail === undefined && (code === 452 || code === 552)) return { tag: "StorageSpace" }
  if (code === 421) return { tag: "NetworkConnection" }
  if (unauthenticated.has(code)) return { tag: "ApiAuth" }
  return { tag: "ApiFormat", retryable: code < 500 }
}

/** The codes of FTP. */
const transfer: ReadonlySet<number> = new Set([
  421,
  425,
  426,
  430,
  434,
  450,
  451,
  452,
  500,
  501,
  502,
  503,
  504,
  530,
  532,
  534,
  550,
  551,
  552,
  553
])

/** Counts of things go on in lower case: `421 rows rejected`. */
const sentence = /^\d{3}[ -][A-Z]/

const crowded =
  /\btoo many (?:\w+ ){0,2}(?:connections|sessions|users|messages|commands|login)|\brate limit|\bthrottl|\bsending rate\b|\bmaximum number of\b/i

const unauthenticated: ReadonlySet<number> = new Set([430, 432, 530, 532, 534, 535, 538])

// ---------------------------------------------------------------------------------------------------------------------
// AMQP 0-9-1, section 1.2
// ---------------------------------------------------------------------------------------------------------------------

/** `Channel closed by server: 404 (NOT-FOUND) with message "…"`. */
const brokered = (link: Foreign): Reply | undefined => {
  const message = ownText(link, "message") ?? ""
  const found = amqp.exec(message.slice(0, 512))
  const name = found?.[1] ?? ""
  if (name === "ACCESS-REFUSED") return { tag: /^Handshake\b|\blogin\b/i.test(message) ? "ApiAuth" : "ApiPermission" }
  return replies[name]
}

const amqp = /^[A-Z][\w :;]{0,120}[:;] \d{3} \(([A-Z][A-Z-]{3,40})\)/

const refused: Reply = { tag: "ApiFormat" }
const transient: Reply = { tag: "ApiFormat", retryable: true }

const replies: Readonly<Record<string, Reply>> = {
  "CONNECTION-FORCED": { tag: "NetworkConnection" },
  "NOT-ALLOWED": { tag: "ApiPermission" },
  "INTERNAL-ERROR": transient,
  "RESOURCE-ERROR": transient,
  "RESOURCE-LOCKED": transient,
  "NO-CONSUMERS": transient,
  "NOT-FOUND": refused,
  "NO-ROUTE": refused,
  "CONTENT-TOO-LARGE": refused,
  "INVALID-PATH": refused,
  "PRECONDITION-FAILED": refused,
  "FRAME-ERROR": refused,
  "SYNTAX-ERROR": refused,
  "COMMAND-INVALID": refused,
  "CHANNEL-ERROR": refused,
  "UNEXPECTED-FRAME": refused,
  "NOT-IMPLEMENTED": refused
}

// ---------------------------------------------------------------------------------------------------------------------
// SFTP, draft-ietf-secsh-filexfer-02 section 7
// ---------------------------------------------------------------------------------------------------------------------

/** Small numbers prove nothing without their texts. */
const transferred = (link: Foreign): Reply | undefined => {
  const code = get(link, "code")
  const found = sftp.find(([known]) => known === code)
  return found !== undefined && found[1].test(ownText(link, "message") ?? "") ? { tag: found[2] } : undefined
}

const sftp: ReadonlyArray<readonly [code: number, message: RegExp, tag: Tag]> = [
  [2, /^(?:\w+: )?No such file\b/, "StorageRead"],
  [3, /^(?:\w+: )?Permission denied\b/, "StoragePermission"],
  [6, /^(?:\w+: )?No connection\b/, "NetworkConnection"],
  [7, /^(?:\w+: )?Connection lost\b/, "NetworkConnection"]
]
