/** HTTP statuses: what each means for a fetch. */
import { quoted } from "./ccxt.js"
import type { Finding, Kind } from "./finding.js"
import { finding, kind, Rank } from "./finding.js"
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

/** The status that a link tells of: its own, or that of the response it carries. */
export const statusOf = (link: unknown): number | undefined => {
  if (!isObject(link)) return undefined
  try {
    const own = httpStatus(link["status"]) ?? httpStatus(link["statusCode"])
    if (own !== undefined) return own
    const response = link["response"]
    if (isObject(response)) return httpStatus(response["status"]) ?? httpStatus(response["statusCode"])
  } catch {
    // What cannot be read says nothing.
  }
  return quoted(link)?.status
}

/** What the status of a link says. */
export const statusFinding = (link: unknown): Finding | undefined => {
  const status = statusOf(link)
  if (status === undefined) return undefined
  const found = byStatus(status)
  return found && finding(found, link, undefined, status)
}
