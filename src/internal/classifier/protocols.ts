/** Codes of protocols other than HTTP: gRPC, WebSocket, SQLSTATE, JSON-RPC. */
import type { Finding, Kind, Tag } from "./finding.js"
import { finding, kind, Rank } from "./finding.js"
import type { Foreign } from "./read.js"
import { get, isObject, text } from "./read.js"
import { replyFinding, replyRetryable } from "./replyCodes.js"
import { byStatus } from "./status.js"

/** What the code of another protocol says, where it stands among what that protocol has beside it. */
export const protocolFinding = (link: Foreign): Finding | undefined =>
  grpcFinding(link) ?? closeFinding(link) ?? eventFinding(link) ?? unansweredFinding(link) ?? sqlFinding(link) ??
    rpcFinding(link) ?? replyFinding(link)

/** Whether another attempt makes sense by the code of another protocol; undefined if it does not say so. */
export const protocolRetryable = (link: unknown): boolean | undefined => {
  if (!isObject(link)) return undefined
  if (isGrpc(link)) return get(link, "code") === 10 || get(link, "code") === 13 ? true : undefined
  if (rpcCodeOf(link) === -32603) return true
  const state = sqlStateOf(link)
  if (state !== undefined) return sqlRetryable.test(state) ? true : undefined
  const code = closeCodeOf(link)
  if (code !== undefined) return code === 1011 || code === 1012 ? true : undefined
  return replyRetryable(link)
}

// ---------------------------------------------------------------------------------------------------------------------
// gRPC, https://grpc.io/docs/guides/status-codes
// ---------------------------------------------------------------------------------------------------------------------

const server = (tag: Tag): Kind => kind(tag, Rank.Status)

const grpc: ReadonlyArray<Kind | undefined> = [
  undefined,
  kind("Unexpected", Rank.Abort), // cancelled
  server("Unexpected"),
  server("ApiFormat"), // invalid argument
  server("NetworkTimeout"), // deadline exceeded
  server("ApiFormat"), // not found
  server("ApiFormat"), // already exists
  server("ApiPermission"),
  server("ApiRateLimit"), // resource exhausted
  server("ApiFormat"), // failed precondition
  server("ApiFormat"), // aborted: a conflict of transactions
  server("ApiFormat"), // out of range
  server("ApiFormat"), // unimplemented
  server("ApiFormat"), // internal
  server("NetworkConnection"), // unavailable
  server("DataIntegrity"), // data loss
  server("ApiAuth") // unauthenticated
]

/**
 * gRPC's numbers are small and common: they are its codes only beside two of its `details`, its `metadata`, the path of the
 * call and the name of its errors.
 */
const isGrpc = (link: Foreign): boolean => {
  const code = get(link, "code")
  if (typeof code !== "number" || code < 1 || code > 16) return false
  const details = get(link, "details")
  const hasDetails = typeof details === "string" || Array.isArray(details)
  return isObject(get(link, "metadata"))
    ? hasDetails || get(link, "name") === "RpcError"
    : hasDetails && /^\/(?:\w{1,60}\.){0,8}[A-Z]\w{0,60}\/[A-Z]\w{0,60}$/.test(text(link, "path") ?? "")
}

const grpcFinding = (link: Foreign): Finding | undefined => {
  if (!isGrpc(link)) return undefined
  const code = Number(get(link, "code"))
  const found = grpc[code]
  const unresolved = code === 14 && /^Name resolution failed|\bENOTFOUND\b/.test(text(link, "details") ?? "")
  return found && finding(unresolved ? server("NetworkDns") : found, link)
}

// ---------------------------------------------------------------------------------------------------------------------
// WebSocket, RFC 6455 section 7.4.1 and the registry of IANA
// ---------------------------------------------------------------------------------------------------------------------

const closed = new Map<number, Tag>([
  [1000, "NetworkConnection"],
  [1001, "NetworkConnection"],
  [1002, "ApiFormat"],
  [1003, "ApiFormat"],
  [1005, "NetworkConnection"],
  [1006, "NetworkConnection"],
  [1007, "DataTransformation"],
  [1008, "ApiPermission"],
  [1009, "ApiFormat"],
  [1010, "ApiFormat"],
  [1011, "ApiFormat"],
  [1012, "NetworkConnection"],
  [1013, "ApiRateLimit"],
  [1014, "ApiFormat"],
  [1015, "NetworkConnection"]
])

/** The code of a CloseEvent, or of a SocketCloseError of @effect/platform. */
export const closeCodeOf = (link: Foreign): number | undefined => {
  const code = get(link, "code")
  if (typeof code !== "number" || code < 1000 || code > 4999) return undefined
  const isClosing = typeof get(link, "wasClean") === "boolean" || get(link, "reason") === "Close" ||
    get(link, "_tag") === "SocketCloseError"
  return isClosing ? code : undefined
}

const closeFinding = (link: Foreign): Finding | undefined => {
  const code = closeCodeOf(link)
  if (code === undefined) return undefined
  // Applications number their own codes after the statuses of HTTP: 4401, 4403, 4429.
  const found = code >= 4400 && code < 4600 ? byStatus(code - 4000)?.tag : closed.get(code)
  return finding(kind(found ?? "NetworkConnection", Rank.Fact), link)
}

/**
 * The error event of a WebSocket, an EventSource or an XMLHttpRequest. Browsers hide the reason on purpose; a message
 * beside the event is more precise. A close event with code 0 belongs to a connection that never opened.
 */
const eventFinding = (link: Foreign): Finding | undefined => {
  const type = get(link, "type")
  const target = get(link, "target")
  const failed = (type === "error" && typeof get(target, "readyState") === "number" && isConnection(target)) ||
    (type === "close" && typeof get(link, "wasClean") === "boolean" && get(link, "code") === 0)
  return failed ? finding(kind("NetworkConnection", Rank.Wording), link) : undefined
}

/**
 * A status of 0 is that of a request without an answer: an XMLHttpRequest, and the errors of clients made of one. It counts
 * beside what only a request has.
 */
const unansweredFinding = (link: Foreign): Finding | undefined => {
  if (get(link, "status") !== 0) return undefined
  const said = text(link, "statusText")
  if (said === undefined && !isObject(get(link, "xhr")) && typeof get(link, "readyState") !== "number") return undefined
  if (said === "abort") return finding(kind("Unexpected", Rank.Abort), link)
  return finding(kind(said === "timeout" ? "NetworkTimeout" : "NetworkConnection", Rank.Wording), link)
}

/** A FileReader has a `readyState` too, but no URL. */
const isConnection = (target: unknown): boolean =>
  typeof get(target, "url") === "string" || typeof get(target, "responseURL") === "string"

// ---------------------------------------------------------------------------------------------------------------------
// SQLSTATE, ISO/IEC 9075 and PostgreSQL's appendix A
// ---------------------------------------------------------------------------------------------------------------------

const states: ReadonlyArray<readonly [RegExp, Kind]> = [
  [/^57014$/, kind("NetworkTimeout", Rank.Fact)], // statement_timeout
  [/^(?:08|57P0[123])/, kind("NetworkConnection", Rank.Fact)],
  [/^28/, kind("ApiAuth", Rank.Fact)],
  [/^42501$/, kind("ApiPermission", Rank.Fact)],
  [/^53(?:300|400)$/, kind("ApiRateLimit", Rank.Fact)],
  [/^53100$/, kind("StorageSpace", Rank.Fact)],
  // What else a database refuses is for a table of the application to say. HY000 is any error.
  [/^(?!HY000)[0-9A-Z]{5}$/, kind("Unexpected", Rank.Format)]
]

// Serialization failures and deadlocks: the same transaction may succeed.
const sqlRetryable = /^(?:40001|40P01)$/

/** A SQLSTATE stands under its own name, or as `code` beside what PostgreSQL reports with it. */
const sqlStateOf = (link: Foreign): string | undefined => {
  const state = text(link, "sqlState") ?? text(link, "sqlstate") ??
    (text(link, "severity") !== undefined || text(link, "routine") !== undefined ? text(link, "code") : undefined)
  return state !== undefined && /^[0-9A-Z]{5}$/.test(state) ? state : undefined
}

const sqlFinding = (link: Foreign): Finding | undefined => {
  const state = sqlStateOf(link)
  const found = state === undefined ? undefined : states.find(([family]) => family.test(state))?.[1]
  return found && finding(found, link)
}

// ---------------------------------------------------------------------------------------------------------------------
// JSON-RPC 2.0, section 5.1, and EIP-1474
// ---------------------------------------------------------------------------------------------------------------------

const rpc = new Map<number, Kind>([
  [-32700, kind("ApiFormat", Rank.Format)],
  [-32600, kind("ApiFormat", Rank.Format)],
  [-32601, kind("ApiFormat", Rank.Format)],
  [-32602, kind("ApiFormat", Rank.Format)],
  [-32603, kind("ApiFormat", Rank.Format)],
  [-32005, kind("ApiRateLimit", Rank.Format)]
])

/** The code of a JSON-RPC error, thrown as it is or inside its answer. */
const rpcCodeOf = (link: Foreign): number | undefined => {
  for (const holder of [link, get(link, "error")]) {
    const code = get(holder, "code")
    if (typeof code === "number" && rpc.has(code) && text(holder, "message") !== undefined) return code
  }
  return undefined
}

const rpcFinding = (link: Foreign): Finding | undefined => {
  const code = rpcCodeOf(link)
  const found = code === undefined ? undefined : rpc.get(code)
  return found && finding(found, link)
}
