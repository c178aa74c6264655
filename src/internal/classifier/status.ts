/** HTTP statuses: where errors keep them, and what each means for a fetch. */
import { quoted } from "./ccxt.js"
import type { Finding, Kind } from "./finding.js"
import { finding, kind, Rank } from "./finding.js"
import type { Foreign } from "./read.js"
import { get, isObject } from "./read.js"

const statuses = new Map<number, Kind>([
  [401, kind("ApiAuth", Rank.Status)],
  [403, kind("ApiPermission", Rank.Status)],
  [407, kind("ApiAuth", Rank.Status)],
  [408, kind("NetworkTimeout", Rank.Status)],
  [418, kind("ApiRateLimit", Rank.Verdict)],
  [429, kind("ApiRateLimit", Rank.Verdict)],
  [451, kind("ApiPermission", Rank.Status)],
  [504, kind("NetworkTimeout", Rank.Status)]
])

const refused = kind("ApiFormat", Rank.Status)
// A redirect that was not followed, or a status other than the one expected: weak, since what followed decides.
const unwanted = kind("ApiFormat", Rank.Wrapper)

export const byStatus = (status: number): Kind | undefined =>
  statuses.get(status) ?? (status >= 400 ? refused : status >= 300 ? unwanted : undefined)

const isStatus = (value: unknown): value is number =>
  typeof value === "number" && value >= 100 && value <= 599 && Number.isInteger(value)

// ---------------------------------------------------------------------------------------------------------------------
// usual places
// ---------------------------------------------------------------------------------------------------------------------

/** The status of a link, or of the response that it carries: where most clients keep it. */
const ownStatus = (link: Foreign): number | undefined => {
  try {
    const status = link["status"]
    if (isStatus(status)) return status
    const statusCode = link["statusCode"]
    if (isStatus(statusCode)) return statusCode
    const response = link["response"]
    return isObject(response) ? statusIn(response) : undefined
  } catch {
    // What cannot be read says nothing.
    return undefined
  }
}

const statusIn = (response: Foreign): number | undefined => {
  const status = response["status"]
  if (isStatus(status)) return status
  const statusCode = response["statusCode"]
  return isStatus(statusCode) ? statusCode : undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// any place that names itself
// ---------------------------------------------------------------------------------------------------------------------

/** Names that only a status has. */
const statusNames = ["statusCode", "httpStatusCode", "httpStatus", "status_code", "http_status", "httpCode"] as const

/** Names of objects that hold an answer. */
const responses = ["response", "$response", "res", "resp", "httpResponse", "http"] as const

/** Names of objects that hold what is known about an answer. */
const metadata = ["$metadata", "metadata", "meta", "output", "extensions", "info", "data", "details", "raw"] as const

/** A Response holds no other, and that of node-fetch prints a warning if it is asked for `data`. */
const isResponse = (link: Foreign): boolean => get(link, Symbol.toStringTag) === "Response"

/** The objects of a link that may describe an answer, the likeliest first: one level below the link, or two. */
export const holdersOf = (link: Foreign): ReadonlyArray<Foreign> => {
  const found: Array<Foreign> = []
  if (isResponse(link)) return found
  for (const name of responses) {
    const response = get(link, name)
    if (isObject(response)) found.push(response)
  }
  const kept = keptAnswer(link)
  if (kept !== undefined) found.push(kept)
  for (const name of metadata) {
    const about = get(link, name)
    if (!isObject(about)) continue
    for (const inner of responses) {
      const response = get(about, inner)
      if (isObject(response)) found.push(response)
    }
    found.push(about)
  }
  return found
}

/**
 * The status of a link, wherever it names itself as one. `status` alone counts on the link and on responses; elsewhere
 * it may be that of an order. A text is no status, but for the status line that some clients keep ("403 Forbidden").
 */
export const shapedStatus = (link: Foreign): number | undefined => {
  const own = ownStatus(link) ?? named(link) ?? codeAsStatus(link)
  if (own !== undefined || isResponse(link)) return own
  for (const name of responses) {
    const response = get(link, name)
    if (isObject(response)) {
      const status = responseStatus(response)
      if (status !== undefined) return status
    }
  }
  const kept = keptAnswer(link)
  const keptStatus = kept === undefined ? undefined : responseStatus(kept)
  if (keptStatus !== undefined) return keptStatus
  for (const name of metadata) {
    const about = get(link, name)
    if (!isObject(about)) continue
    const status = named(about)
    if (status !== undefined) return status
    for (const inner of responses) {
      const response = get(about, inner)
      const status = isObject(response) ? responseStatus(response) : undefined
      if (status !== undefined) return status
    }
  }
  return undefined
}

const responseStatus = (response: Foreign): number | undefined => {
  const status = get(response, "status")
  return isStatus(status) ? status : named(response) ?? codeAsStatus(response)
}

/** An answer of fetch or of an XMLHttpRequest, kept under a name that other things have as well. */
const keptAnswer = (link: Foreign): Foreign | undefined => {
  const context = get(link, "context")
  return isObject(context) &&
      (isResponse(context) || typeof get(context, "responseText") === "string" || isObject(get(context, "headers")))
    ? context
    : undefined
}

const named = (holder: Foreign): number | undefined => {
  for (const name of statusNames) {
    const status = get(holder, name)
    if (isStatus(status)) return status
  }
  const line = get(holder, "responseStatus")
  const status = isStatus(line) ? line : typeof line === "string" ? Number(/^(\d{3}) [A-Z]/.exec(line)?.[1]) : undefined
  return isStatus(status) ? status : undefined
}

/**
 * A numeric `code` counts as a status only beside the headers or the body that came with it, and an `error_code` only in a
 * refusal with its description, as the Bot API of Telegram answers.
 */
const codeAsStatus = (link: Foreign): number | undefined => {
  const code = get(link, "code")
  if (isStatus(code) && (isObject(get(link, "headers")) || isObject(get(link, "response")))) return code
  if (get(link, "ok") !== false) return undefined
  const refusal = get(link, "error_code")
  return isStatus(refusal) && typeof get(link, "description") === "string" ? refusal : undefined
}

/** The status that a link carries, be it only in its message. */
export const statusOf = (link: unknown): number | undefined =>
  isObject(link) ? shapedStatus(link) ?? quoted(link)?.status : undefined

// ---------------------------------------------------------------------------------------------------------------------
// findings
// ---------------------------------------------------------------------------------------------------------------------

/** Whether there was an answer, as opposed to a status that the client made up for a request without one. */
const isAnswered = (link: Foreign): boolean => {
  try {
    return isObject(link["response"]) || isObject(link["headers"]) || isResponse(link) || link["body"] != null ||
      link["data"] != null
  } catch {
    return false
  }
}

const answered = (status: number | undefined, link: Foreign): Finding | undefined => {
  const found = status === undefined ? undefined : byStatus(status)
  return found && finding(found, link, undefined, status)
}

/** The finding of the status of a link. Without any trace of an answer, a fact of the transport beneath is believed first. */
export const statusFinding = (link: Foreign): Finding | undefined => {
  const found = answered(ownStatus(link), link)
  return found !== undefined && found.rank === Rank.Status && !isAnswered(link)
    ? finding(kind(found.tag, Rank.BareStatus), link, undefined, found.status)
    : found
}

/** The finding of a status that a link keeps in an unusual place. */
export const shapedStatusFinding = (link: Foreign): Finding | undefined => answered(shapedStatus(link), link)

/** The finding of a status that an error of ccxt quotes. */
export const quotedFinding = (name: string, link: Foreign): Finding | undefined =>
  answered(quoted(link, name)?.status, link)
