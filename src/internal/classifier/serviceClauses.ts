/**
 * The sentences in which services refuse: a limit, credentials, a permission, a service that is away. They count where a
 * clause begins, and only whole.
 */
import type { Kind } from "./finding.js"
import { kind, Rank } from "./finding.js"

const limit = kind("ApiRateLimit", Rank.Wording)
const auth = kind("ApiAuth", Rank.Wording)
const permission = kind("ApiPermission", Rank.Wording)
const format = kind("ApiFormat", Rank.Wording)

const clause = (words: string, end: string): RegExp => new RegExp(`(?:^|[.:] ?)(?:${words})(?:${end})`, "i")

const over = "[.!,:;)]|$| \\("

const credential =
  "(?:[\\w-]{1,24}-)?(?:api|access)[-_ ]?key(?: id)?|(?:access|auth|bearer|refresh|api|session|security) ?token|credentials?|(?:user ?name|login)(?: or password)?|password"

/** Each with the code of a passing failure, where that is what it means. */
export const serviceClauses: ReadonlyArray<readonly [RegExp, Kind, string?]> = [
  [
    clause(
      "(?:\\w+ ){0,2}(?:rate|request|call|API)s? ?limit (?:has been |was )?(?:exceeded|reached|hit)|too many (?:\\w+ ){0,2}(?:requests|visits|connections)|" +
        "(?:ERR )?(?:max(?:imum)?|daily|monthly|hourly) (?:requests?|calls?|messages?)(?: limit)? (?:has been )?(?:exceeded|reached)|" +
        "rate exceeded|rate[- ]limited|temporary lockout",
      `${over}| queued`
    ),
    limit
  ],
  [
    clause(
      `(?:invalid|incorrect|wrong|bad|expired|revoked|missing) (?:${credential}|jwt|request signature|key(?= provided))|` +
        `(?:the |your |this )?(?:provided )?(?:${credential}|jwt) (?:(?:is|are|was|were|has|have)(?: been)? (?:invalid|expired|missing|incorrect|revoked|wrong|rejected|not valid)|does not exist|not exists?|not found)|` +
        `(?:${credential}) (?:info )?invalid|signature (?:is )?not valid|failed to authenticate|(?:\\w+ ){0,2}cannot be authenticated|` +
        "(?:\\w+ ){0,2}authentication (?:has )?failed|not authenticated|authentication (?:is )?required|could not verify jwt|" +
        "could not load credentials from any providers?",
      `${over}| provided`
    ),
    auth
  ],
  [
    /^too many (?:API )?(?:requests|visits|calls) (?:in (?:a|the|such)|within|per|from|sent)\b|(?:^|[.:] ?)(?:you(?:'ve| have)|(?:your|the) \w+ has) exceeded (?:the|your|its)\b[^.\n]{0,80}?\b(?:rate limit|quota|requests per|per (?:second|minute|hour|day))\b/i,
    limit
  ],
  // The status of gRPC, as its clients begin their messages
  [/^4 DEADLINE_EXCEEDED: /, kind("NetworkTimeout", Rank.Wording)],
  [/^7 PERMISSION_DENIED: /, permission],
  [/^8 RESOURCE_EXHAUSTED: /, limit],
  [/^14 UNAVAILABLE: /, kind("NetworkConnection", Rank.Wording)],
  [/^16 UNAUTHENTICATED: /, auth],
  [/^invalid signature\.?$|^unauthori[sz]ed[.:!] /i, auth],
  [/(?:^|: )All configured authentication methods failed$|API:invalid (?:key|signature|nonce)$/i, auth],
  [/(?:^|[.:] )invalid api[- ]?(?:key|secret|signature|token)(?:[.!,]|$)/i, auth],
  [
    clause(
      "(?:\\w+ ){0,2}authori[sz]ation failed|not authori[sz]ed|missing or insufficient permissions|access (?:is |was )?denied",
      over
    ),
    permission
  ],
  [
    /(?:^|[.:] ?)(?:not authori[sz]ed (?:to|on|for) \w|the \w+ permission was denied on |permission denied (?:for|on) \w|(?:user|role|principal)\b[^.\n]{0,160} (?:was|is) (?:denied access|not (?:allowed|permitted|authori[sz]ed))|(?:user|caller|you) do(?:es)? not have (?:\w+ )?(?:permission|access)\b)/i,
    permission
  ],
  [
    clause(
      "(?:the )?(?:service|server|system|backend) (?:is )?(?:temporarily |currently )?(?:unavailable|busy|overloaded)|EService:(?:Unavailable|Busy)|internal server error",
      over
    ),
    format,
    "SERVICE_UNAVAILABLE"
  ]
]
