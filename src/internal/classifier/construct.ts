/** Makes an error of a finding: the fields of its class, and a message of one line. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as FetchContext from "../../FetchContext.js"
import * as FetchError from "../../FetchError.js"
import { attempt } from "../safe/json.js"
import type { Answer } from "./answer.js"
import { parsed } from "./answer.js"
import { apiCodeOf, excerptOf, oneLine, reasonOf } from "./answerReason.js"
import { isBare } from "./bareError.js"
import { classes } from "./classes.js"
import type { Request } from "./classifierModel.js"
import { codesOf, namesQuota, retryableBy, systemCode } from "./codeWords.js"
import type { Finding } from "./finding.js"
import { Rank } from "./finding.js"
import { issuesOf, treeOf } from "./issues.js"
import { nameOf } from "./names.js"
import { isStatusPhrase } from "./phrases.js"
import { closeCodeOf, protocolRetryable } from "./protocols.js"
import type { Foreign } from "./read.js"
import { get, isObject, number, text } from "./read.js"
import { isBusy } from "./sqlite.js"
import { waitOf } from "./waits.js"

export interface Case {
  readonly cause: unknown
  readonly finding: Finding
  readonly answer: Answer | undefined
  readonly asked: Request
  /** The error and its causes, outermost first. */
  readonly chain: ReadonlyArray<unknown>
  readonly context: FetchContext.FetchContext
  /** Epoch milliseconds. */
  readonly now: number
}

// The fields always satisfy the schema: validation would only cost time.
const unchecked = { disableValidation: true }

export const construct = (case_: Case): FetchError.FetchError => {
  const { answer, cause, context, finding, now } = case_
  const { code, link, phase, tag } = finding
  if (FetchError.isFetchError(link)) return nested(link, case_)
  const body = answer?.body
  const errno = finding.rank > Rank.Bug ? code : undefined
  const status = finding.status ?? (answer === undefined || answer.status === 0 ? undefined : answer.status)
  const apiCode = apiCodeOf(body, status)
  // Spread last wherever it is used: first, V8 is a microsecond slower.
  const common = {
    message: messageOf(case_, status, apiCode),
    context,
    cause,
    retryable: trackable(link, "retryable", isBoolean) ?? retryableOf(case_),
    retryAfter: trackable(link, "retryAfter", isWait) ?? waitOf({
      headers: answer?.headers ?? noHeaders,
      body,
      error: link,
      limited: tag === "ApiRateLimit",
      now
    })
  }
  switch (tag) {
    case "NetworkTimeout":
      return new FetchError.NetworkTimeout({ phase, timeoutMillis: timeoutOf(link), ...common }, unchecked)
    case "NetworkConnection":
      return new FetchError.NetworkConnection({ errno, ...common }, unchecked)
    case "NetworkDns":
      return new FetchError.NetworkDns({ errno, hostname: hostOf(link), ...common }, unchecked)
    case "ApiRateLimit":
    case "ApiAuth":
    case "ApiPermission":
    case "ApiFormat":
      return new classes[tag](
        { status, apiCode: apiCode ?? ownCode(link, answer, status), bodyExcerpt: excerptOf(body), ...common },
        unchecked
      )
    case "DataEmpty":
      return new FetchError.DataEmpty({ reason: "api_response", ...common }, unchecked)
    case "DataValidation":
      return new FetchError.DataValidation({ issues: issuesOf(link), ...common }, unchecked)
    case "DataIntegrity":
      return new FetchError.DataIntegrity({ wanted: wantedBy(link), found: foundBy(link), ...common }, unchecked)
    case "DataTransformation":
      return new FetchError.DataTransformation(
        { line: lineOf(link), excerpt: excerptOf(body) ?? snippetOf(link), ...common },
        unchecked
      )
    case "StorageRead":
    case "StorageWrite":
    case "StorageSpace":
    case "StoragePermission":
      return new classes[tag]({ path: pathOf(link), errno, ...common }, unchecked)
    case "Unexpected":
    case "Internal":
      return new classes[tag](common, unchecked)
  }
}

const noHeaders: Readonly<Record<string, string>> = {}

/** The code that a client has moved from the body to its error. */
const ownCode = (
  link: unknown,
  answer: Answer | undefined,
  status: number | undefined
): string | number | undefined => {
  if (answer === undefined && !isObject(link)) return undefined
  // An answer that was thrown as it came. A `type` of other objects is their own: that of a Response is `basic`.
  if (isObject(link) && attempt(() => Object.getPrototypeOf(link)) === Object.prototype) {
    const code = apiCodeOf(link, status)
    if (code !== undefined) return code
  }
  const code = get(link, "code")
  if (typeof code === "string" && /^[\w.-]{1,96}$/.test(code) && !systemCode.test(code)) {
    return code
  }
  if (status !== undefined && typeof code === "number" && Number.isInteger(code) && code !== status) return code
  // The SDK of AWS names its errors after the codes of the service.
  return isObject(get(link, "$metadata")) && get(link, "$fault") !== undefined ? text(link, "name") : undefined
}

/**
 * Whether another attempt makes sense. The statement of a foreign error counts only where nothing else is known; codes
 * decide for answers without a status.
 */
const retryableOf = ({ answer, chain, finding }: Case): boolean | undefined => {
  const { link, status, tag } = finding
  if (tag === "ApiRateLimit") return codesAround(link, answer).some(namesQuota) ? false : undefined
  if (tag === "Unexpected" && finding.rank !== Rank.Abort) {
    return protocolRetryable(link) ?? (chain.some(saysRetryable) ? true : undefined)
  }
  if (tag === "ApiFormat" && status === undefined) {
    return protocolRetryable(link) ?? retryableBy(link, nameOf(link), finding.code)
  }
  if (tag === "StorageWrite" && isBusy(finding.code)) return true
  return undefined
}

const codesAround = (link: unknown, answer: Answer | undefined): ReadonlyArray<string> => [
  ...codesOf(link),
  ...codesOf(answer?.body)
]

// `retryable` is a common name for other things: only errors are believed.
const saysRetryable = (link: unknown): boolean => isObject(link) && !isBare(link) && hasFlag(link)

const hasFlag = (link: Foreign): boolean =>
  ["retriable", "isRetryable", "isRetriable", "shouldRetry"].some((name) => get(link, name) === true) ||
  (link instanceof Error && get(link, "retryable") === true) || isObject(get(link, "$retryable"))

/** One of the 17 errors inside another error: the same failure, with the outer object as its cause. */
const nested = (inner: FetchError.FetchError, { cause, context }: Case): FetchError.FetchError => {
  if (inner === cause) return FetchContext.isEmpty(context) ? inner : FetchError.withContext(inner, context)
  const fields = { message: inner.message, context: FetchContext.merge(context, inner.context), cause }
  return new classes[inner._tag](Object.assign({}, inner, fields) as never, unchecked)
}

/** A field of a `Trackable` error; other errors keep anything under the same name. */
const trackable = <A>(
  link: unknown,
  key: "retryable" | "retryAfter",
  is: (value: unknown) => value is A
): A | undefined => {
  const found = get(link, key)
  return found !== undefined && FetchError.isTrackable(link) && is(found) ? found : undefined
}

const isBoolean = (value: unknown): value is boolean => typeof value === "boolean"

const isWait = (value: unknown): value is Option.Option<Duration.Duration> =>
  Option.isOption(value) && (Option.isNone(value) || Duration.isDuration(value.value))

// ---------------------------------------------------------------------------------------------------------------------
// fields
// ---------------------------------------------------------------------------------------------------------------------

/** The message of a link, or a link that is text itself. */
const ownMessage = (link: unknown): string =>
  typeof link === "string" ? link : text(link, "shortMessage") ?? text(link, "message") ?? ""

const hostOf = (link: unknown): string | undefined =>
  text(link, "hostname") ?? /\b(?:getaddrinfo|query\w*) E\w+ ([^\s:]+)/.exec(ownMessage(link))?.[1] ??
    // Deno has the address in its message.
    /\berror sending request for url \(\w+:\/\/(?:[^\s/@]*@)?(\[[^\]\s]+\]|[^\s/:)]+)/.exec(ownMessage(link))?.[1]

const pathOf = (link: unknown): string | undefined =>
  text(link, "path") ?? text(link, "pathOrDescriptor") ?? text(get(link, "cause"), "path") ??
    /^E[A-Z0-9]+: .*?, \w+ '([^']*)'/.exec(ownMessage(link))?.[1]

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const timeoutOf = (link: unknown): number | undefined => {
  const field = number(link, "timeoutMillis") ?? number(link, "timeout")
  if (field !== undefined) return field
  const message = ownMessage(link)
  const lasted = /\btimed out after '([^']+)'/.exec(message)?.[1]
  if (lasted !== undefined) {
    return [...lasted.matchAll(/(\d+)(ms|s|m|h|d)\b/g)].reduce((sum, [, n, unit]) => sum + Number(n) * units[unit!]!, 0)
  }
  const millis = /(?:timeout of |timeout: |timed out \(|timed out after |timeout after |' for )(\d+) ?ms/i.exec(message)
    ?.[1]
  return millis === undefined ? undefined : Number(millis)
}

const wantedBy = (link: unknown): string | undefined =>
  shown(get(link, "wanted") ?? get(link, "expected")) ??
    /\b(?:expected|wanted|want)(?: length| checksum)?[:= ]+["']?([\w+/=.-]+)/i.exec(ownMessage(link))?.[1]

const foundBy = (link: unknown): string | undefined =>
  shown(get(link, "found") ?? get(link, "actual")) ??
    /\b(?:got|actual|found|received|but was|computed)[:= ]+["']?([\w+/=.-]+)/i.exec(ownMessage(link))?.[1]

const shown = (value: unknown): string | undefined =>
  typeof value === "string" || typeof value === "number" || typeof value === "bigint" ? String(value) : undefined

const lineOf = (link: unknown): number | undefined => {
  const field = number(link, "line") ?? number(link, "lineNumber") ?? number(link, "lines")
  if (field !== undefined) return field
  const found = /\bline (\d+)\b/.exec(ownMessage(link))?.[1]
  return found === undefined ? undefined : Number(found)
}

const snippetOf = (link: unknown): string | undefined =>
  /, (?:\.{3})?"(.*)"(?:\.{3})? is not valid JSON$/s.exec(ownMessage(link))?.[1]

// ---------------------------------------------------------------------------------------------------------------------
// message
// ---------------------------------------------------------------------------------------------------------------------

const heads: Readonly<Record<FetchError.FetchError["_tag"], string>> = {
  NetworkTimeout: "Request timed out",
  NetworkConnection: "Connection failed",
  NetworkDns: "Host name not resolved",
  ApiRateLimit: "Rate limit exceeded",
  ApiAuth: "Authentication failed",
  ApiPermission: "Permission denied",
  ApiFormat: "Request not answered as expected",
  DataEmpty: "No data",
  DataValidation: "Validation failed",
  DataIntegrity: "Corrupt data",
  DataTransformation: "Failed to parse data",
  StorageRead: "Failed to read from storage",
  StorageWrite: "Failed to write to storage",
  StorageSpace: "No space left in storage",
  StoragePermission: "Storage permission denied",
  Unexpected: "Unexpected error",
  Internal: "Internal error"
}

const messageOf = (case_: Case, status: number | undefined, apiCode: number | string | undefined): string => {
  const { answer, asked, context, finding } = case_
  const url = asked.url ?? context.url
  const answered = status !== undefined && status >= 300 && finding.rank >= Rank.Wording &&
    (finding.status !== undefined || finding.tag.startsWith("Api"))
  const happened = answered ? `HTTP ${status}${saidBy(answer?.body, finding.link, status, apiCode)}` : detail(case_)
  const head = status === 404 && finding.tag === "ApiFormat" ? "Resource not found" : heads[finding.tag]
  const message = happened === "" ? head : `${head}: ${happened}`
  // Many clients include the address in their message.
  if (url === undefined || message.includes(url)) return message
  return `${message} (${asked.method === undefined ? url : `${asked.method} ${url}`})`
}

/** The reason in the body of the answer, else that in the message of the client. */
const saidBy = (body: unknown, link: unknown, status: number, code: number | string | undefined): string => {
  const reason = reasonOf(body) ?? clientReason(link, status)
  // Pages of proxies begin with the status: `503 Service Unavailable`.
  const message = reason?.startsWith(`${status} `) ? reason.slice(4) : reason
  if (message === undefined) return code === undefined ? "" : `, code ${code}`
  return `, ${code === undefined || message.includes(String(code)) ? message : `${message} (code ${code})`}`
}

/** A client's message, where it says more than the status. */
const clientReason = (link: unknown, status: number): string | undefined => {
  for (const words of isObject(link) ? [ownMessage(link), text(link, "details") ?? ""] : []) {
    const prefix = statusPrefix.exec(words)
    const reason = words.slice(prefix?.[1] === String(status) ? prefix[0].length : 0).trim()
    if (reason !== "" && !isStatusPhrase(words) && !isStatusPhrase(reason) && !generic.test(reason)) {
      const said = reasonOf(parsed(reason))
      if (said !== undefined) return said
    }
  }
  return undefined
}

const statusPrefix = /^(?:HTTP )?(\d{3})[:,]? (?:status code \(no body\))?/

// Messages of clients about any answer that is not a success.
const generic =
  /^(?:Bad response|failed|Request failed|Command failed|NOTOK|Response error|HTTP ?error|HTTP request failed\.?|UnknownError|Unknown|Error|fetch failed)$/i

const detail = ({ answer, chain, finding: { link, tag } }: Case): string => {
  const source = tag === "Unexpected" || tag === "Internal" ? innermost(chain, link) : link
  if (typeof source === "string") return oneLine(source)
  if (typeof source !== "object" || source === null) return oneLine(attempt(() => String(source)) ?? typeof source)
  const closeCode = isObject(source) ? closeCodeOf(source) : undefined
  if (closeCode !== undefined) {
    const why = text(source, "closeReason") ?? (text(source, "_tag") === undefined ? text(source, "reason") : undefined)
    return oneLine(`WebSocket closed with code ${closeCode}${why ? `, ${why}` : ""}`)
  }
  // An aggregate often has no message of its own.
  const message = oneLine(
    treeOf(source) ??
      (specific(source) || ownMessage(get(get(source, "errors"), 0)) ||
        (source instanceof Error ? "" : reasonOf(source)) || reasonOf(answer?.body) || "")
  )
  if (message !== "" && tag !== "Unexpected" && tag !== "Internal") return message
  return [nameOf(source) ?? text(source, "_tag"), message].filter((part) => part).join(" - ")
}

/** The message, or what the server said where the client has no more than a formula. */
const specific = (source: object): string => {
  const words = ownMessage(source)
  if (!generic.test(words)) return readable(words)
  return text(source, "responseText") ?? (source instanceof Error ? words : reasonOf(source) ?? words)
}

/** The reason inside a message that is JSON. */
const readable = (words: string): string => /^\s*[{[]/.test(words) ? reasonOf(parsed(words)) ?? words : words

/** The innermost cause with a message of its own. */
const innermost = (chain: ReadonlyArray<unknown>, link: unknown): unknown => {
  const start = chain.indexOf(link)
  return chain.slice(Math.max(0, start)).findLast((cause) => ownMessage(cause) !== "") ?? link
}
