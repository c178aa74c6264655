/** The `_tag` of an error of Effect or @effect/platform, by every name that versions 3 and 4 use. */
import { byFile } from "./fileErrors.js"
import type { Finding, Kind } from "./finding.js"
import { finding, kind, Rank } from "./finding.js"
import { isJsonMessage } from "./phrases.js"
import { get, isObject, text } from "./read.js"
import { byStatus } from "./status.js"

const transport = kind("NetworkConnection", Rank.Wrapper)
const undecodable = kind("DataTransformation", Rank.Wrapper)
const bug = kind("Internal", Rank.Fact)
const timeout = kind("NetworkTimeout", Rank.Fact, "total")
const interrupted = kind("Unexpected", Rank.Abort)
const invalid = kind("DataValidation", Rank.Format)
const unreadable = kind("DataTransformation", Rank.Format)
const empty = kind("DataEmpty", Rank.Format)

const tags = new Map<string, Kind>([
  ["TimeoutException", timeout],
  ["TimeoutError", timeout],
  ["InterruptedException", interrupted],
  ["InterruptedError", interrupted],
  ["ParseError", invalid],
  ["SchemaError", invalid],
  ["ConfigError", bug],
  ["BadArgument", bug],
  ["IllegalArgumentException", bug],
  ["IllegalArgumentError", bug],
  ["AsyncFiberException", bug],
  ["AsyncFiberError", bug],
  ["TransportError", transport],
  ["EncodeError", bug],
  ["InvalidUrlError", bug],
  ["StatusCodeError", kind("ApiFormat", Rank.Wrapper)],
  ["DecodeError", undecodable],
  ["EmptyBodyError", empty],
  ["JsonError", bug]
])

const requests = new Map<unknown, Kind>([["Transport", transport], ["Encode", bug], ["InvalidUrl", bug]])

const responses = new Map<unknown, Kind>([
  ["StatusCode", kind("ApiFormat", Rank.Wrapper)],
  ["Decode", undecodable],
  ["EmptyBody", empty]
])

const sockets = new Map<unknown, Kind>([
  ["OpenTimeout", kind("NetworkTimeout", Rank.Fact, "connect")],
  ["Open", transport],
  ["Read", transport],
  ["Write", transport],
  ["Close", transport]
])

/** What the reasons of a failing system call are called by the operating system. */
const systemCodes: Readonly<Record<string, string>> = {
  AlreadyExists: "EEXIST",
  BadResource: "EBADF",
  Busy: "EBUSY",
  InvalidData: "EINVAL",
  NotFound: "ENOENT",
  PermissionDenied: "EACCES",
  TimedOut: "EIO",
  UnexpectedEof: "EIO",
  Unknown: "EIO",
  WouldBlock: "EAGAIN",
  WriteZero: "EIO"
}

const writers =
  /^(?:write|append|truncate|make|remove|rename|copy|link|symlink|chmod|chown|utime|sink|set|create|clear|sync|flush)/i

const systemError = (link: unknown, reason: string, operation: string | undefined): Finding => {
  const module = text(link, "module")
  if (module !== "FileSystem" && module !== "KeyValueStore") return finding(kind("Unexpected", Rank.Wrapper), link)
  const cause = text(get(link, "cause"), "code")
  const method = text(link, "method")
  const code = cause ?? systemCodes[reason] ?? "EIO"
  // The method is more precise than the system call that failed: removing a file begins with a `stat`.
  const found = method === undefined || method.startsWith("open")
    ? byFile(code, text(link, "syscall"), link, operation)
    : byFile(code, undefined, link, writers.test(method) ? "write" : "read")
  // Without the system's own code there is only the reason to show.
  return { ...found, rank: Rank.Operation, code: cause }
}

const tagOf = (link: unknown): string | undefined => {
  try {
    const tag = isObject(link) ? link["_tag"] : undefined
    return typeof tag === "string" ? tag : undefined
  } catch {
    return undefined
  }
}

/** The finding of the tag of a link. */
export const tagFinding = (link: unknown, operation: string | undefined): Finding | undefined => {
  const tag = tagOf(link)
  if (tag === undefined) return undefined
  const reason = get(link, "reason")
  const found = tag === "RequestError"
    ? requests.get(reason)
    : tag === "ResponseError"
    ? responses.get(reason)
    : tag === "SocketError" || tag === "SocketGenericError" || tag === "SocketCloseError"
    ? sockets.get(reason) ?? transport
    : tags.get(tag)
  if (found === invalid && isBadJson(get(link, "issue"))) return finding(unreadable, link)
  if (found !== undefined) return finding(found, link)
  if (tag === "PlatformError") return tagFinding(reason, operation)
  if (tag === "SystemError") return systemError(link, String(reason), operation)
  if (text(link, "module") !== undefined && tag in systemCodes) return systemError(link, tag, operation)
  return declaredStatus(link)
}

const annotation = Symbol.for("@effect/platform/HttpApiSchema/AnnotationStatus")

/** The errors of an HttpApi carry no status: the schema that is their class declares it. */
const declaredStatus = (link: unknown): Finding | undefined => {
  const ast = get(get(link, "constructor"), "ast")
  const status = get(get(ast, "annotations"), annotation) ?? get(get(get(ast, "to"), "annotations"), annotation)
  const found = typeof status === "number" ? byStatus(status) : undefined
  return found && finding(found, link, undefined, status as number)
}

/** A schema that begins with text: the data is not wrong, it is no JSON. */
const isBadJson = (issue: unknown, depth = 0): boolean => {
  if (depth > 32) return false
  const inner = get(issue, "issue") ?? get(issue, "issues")
  if (get(issue, "_tag") === "Transformation" && get(issue, "kind") === "Transformation") {
    return isJsonMessage(text(inner, "message") ?? "") || isBadJson(inner, depth + 1)
  }
  return inner !== undefined && isBadJson(Array.isArray(inner) ? inner[0] : inner, depth + 1)
}
