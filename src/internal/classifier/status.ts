/** HTTP statuses: what each means for a fetch. */
import { quoted } from "./ccxt.js"
import type { Finding, Kind } from "./finding.js"
import { finding, kind, Rank } from "./finding.js"
import type { Foreign } from "./read.js"
import { isObject } from "./read.js"

const statuses = new Map<number, Kind>([
  [401, kind("ApiAuth", Rank.Status)],
  [403, kind("ApiPermission", Rank.Verdict)],
  [407, kind("ApiAuth", Rank.Status)],
  [408, kind("NetworkTimeout", Rank.Status)],
  [418, kind("ApiRateLimit", Rank.Verdict)],
  [429, kind("ApiRateLimit", Rank.Verdict)],
  [451, kind("ApiPermission", Rank.Verdict)],
  [504, kind("NetworkTimeout", Rank.Status)]
])

const refused = kind("ApiFormat", Rank.Status)
// A redirect nobody followed, an answer whose status was not the one expected: weak, since what followed decides.
const unwanted = kind("ApiFormat", Rank.Wrapper)

export const byStatus = (status: number): Kind | undefined =>
  statuses.get(status) ?? (status >= 400 ? refused : status >= 300 ? unwanted : undefined)

const httpStatus = (value: unknown): number | undefined =>
  typeof value === "number" && value >= 100 && value <= 999 && Number.isInteger(value) ? value : undefined

/** The status of a link, or of the response that it carries. */
export const ownStatus = (link: Foreign): number | undefined => {
  try {
    const own = httpStatus(link["status"]) ?? httpStatus(link["statusCode"])
    if (own !== undefined) return own
    const response = link["response"]
    return isObject(response) ? httpStatus(response["status"]) ?? httpStatus(response["statusCode"]) : undefined
  } catch {
    // What cannot be read says nothing.
    return undefined
  }
}

/** The status that a link tells of, be it only in words. */
export const statusOf = (link: unknown): number | undefined =>
  isObject(link) ? ownStatus(link) ?? quoted(link)?.status : undefined

const answered = (status: number | undefined, link: Foreign): Finding | undefined => {
  const found = status === undefined ? undefined : byStatus(status)
  return found && finding(found, link, undefined, status)
}

/** What the status of a link says. */
export const statusFinding = (link: Foreign): Finding | undefined => answered(ownStatus(link), link)

/** What the status says that an error of ccxt quotes. */
export const quotedFinding = (name: string, link: Foreign): Finding | undefined =>
  answered(quoted(link, name)?.status, link)
