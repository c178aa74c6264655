/**
 * The reason inside a longer message: clients put their own words before it (`Failed to load: connect ECONNREFUSED …`) or a
 * paragraph (Prisma). Only phrases that no other subject uses count there.
 */
import { byCode } from "./codes.js"
import type { Finding, Kind } from "./finding.js"
import { finding, kind, Rank } from "./finding.js"
import { byStatus } from "./status.js"
import { reasons } from "./statusReasons.js"

const connection = kind("NetworkConnection", Rank.Wording)
const limit = kind("ApiRateLimit", Rank.Wording)
const auth = kind("ApiAuth", Rank.Wording)

/** A system call and its code, as the last or a later clause. */
const call =
  /(?::|\bby:|\breason:) (?:\w{0,40}Error: )?(connect|read|write|getaddrinfo|query[A-Z]\w*) (E[A-Z][A-Z0-9_]+)\b/

const endings: ReadonlyArray<readonly [RegExp, Kind]> = [
  [
    /: (?:\w{0,40}Error: )?(?:fetch failed|Failed to fetch|Network request failed|socket hang up|other side closed|Premature close)\.?$/,
    connection
  ],
  [/(?:^|[.:] ?)(?:(?:API )?rate limit exceeded|too many (?:requests|visits))(?:[.!,]|$| queued)/i, limit],
  [
    /(?:^|: )All configured authentication methods failed$|API:invalid (?:key|signature|nonce)$|(?:^|[.:] )invalid api[- ]?(?:key|secret|signature|token)(?:[.!,]|$)/i,
    auth
  ]
]

/** `Failed to load: Request failed with status code 503`, `Error fetching from …: [429 Too Many Requests] …`. */
const statusClauses: ReadonlyArray<RegExp> = [
  /(?:^|: )(?:Request failed with|Received) status code ([45]\d\d)$/,
  new RegExp(`: \\[([45]\\d\\d) (?:${reasons})[a-z-]*(?: [A-Za-z'-]+){0,4}\\](?: |$)`)
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
  return found && finding(found[1], link)
}

const maxRead = 2048

/** The last paragraph of a message that has several: undefined if it has one. */
export const lastParagraph = (message: string): string | undefined => {
  if (message.length > maxRead) return undefined
  const start = message.lastIndexOf("\n\n")
  const last = start < 0 ? "" : message.slice(start).trim()
  return last === "" ? undefined : last
}
