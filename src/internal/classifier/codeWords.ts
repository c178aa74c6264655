/**
 * Codes that are words: `RATE_LIMITED`, `insufficient_quota`, `ThrottlingException`, `DEADLINE_EXCEEDED`, `rateLimitExceeded`.
 * APIs use the same few words, in any spelling, as codes, as types, as statuses and as names of classes.
 */
import type { Finding, Kind, Tag } from "./finding.js"
import { finding, kind, Rank } from "./finding.js"
import { isPlainBody } from "./plainBody.js"
import type { Foreign } from "./read.js"
import { get, isObject, ownText } from "./read.js"

/** The meaning of a word, and whether another attempt makes sense where the tag alone does not say so. */
interface Meaning {
  readonly tag: Tag
  readonly retryable?: boolean | undefined
}

const maxLength = 96

// A program meets the same few codes and names again and again: recent ones are remembered.
const spellings = new Map<string, string>()
const maxSpellings = 256

/** `rateLimitExceeded`, `rate-limit-exceeded` and `RateLimitExceededException` are all `RATE_LIMIT_EXCEEDED`. */
const normalized = (code: string): string => {
  const known = spellings.get(code)
  if (known !== undefined) return known
  if (spellings.size >= maxSpellings) spellings.clear()
  const spelled = respelled(code)
  spellings.set(code, spelled)
  return spelled
}

const respelled = (code: string): string =>
  code
    .replace(/\[.*$/s, "")
    .replace(/([a-z\d])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .replace(/[^A-Za-z\d]+/g, "_")
    .replace(/(?:_?(?:Exception|Error|Fault|EXCEPTION|ERROR))+_?$/, "")
    .toUpperCase()

const word = (words: string): RegExp => new RegExp(`(?:^|_)(?:${words})(?:_|$)`)
const ending = (words: string): RegExp => new RegExp(`(?:^|_)(?:${words})$`)

// Limits that time does not lift.
const exhausted = word(
  "INSUFFICIENT_QUOTA|BILLING_HARD_LIMIT_REACHED|BILLING_NOT_ACTIVE|OUT_OF_CREDITS|INSUFFICIENT_CREDITS?|CREDIT_BALANCE_TOO_LOW|CREDITS_EXHAUSTED"
)

const limited = word(
  "RATE_?LIMIT(?:S|ED|ING)?(?:_EXCEEDED|_REACHED|_HIT)?|TOO_MANY_(?:[A-Z]+_)?(?:REQUESTS|CALLS|ATTEMPTS|CONNECTIONS|CLIENTS|QUERIES|SESSIONS)|THROTTL(?:ED|ING|E)|(?:API|REQUEST)_LIMIT(?:_EXCEEDED|_REACHED)?|REQUESTS_LIMIT_EXCEEDED|" +
    "SLOW_DOWN|RESOURCE_EXHAUSTED|QUOTA_EXCEEDED|USER_RATE_LIMIT_EXCEEDED|PROVISIONED_THROUGHPUT_EXCEEDED|BANDWIDTH_LIMIT_EXCEEDED|" +
    "OVERLOADED|CON_COUNT|TOO_MANY_USER_CONNECTIONS|FLOOD_WAIT"
)

const timedOut = word("TIME_?OUT|TIMED_OUT|DEADLINE_EXCEEDED|TIME_LIMIT_EXCEEDED|MAX_TIME_MS_EXPIRED")

const unauthenticated = word(
  "UNAUTHENTICATED|UNAUTHORI[SZ]ED|AUTHENTICATION|AUTHENTICATION_?(?:FAILED|REQUIRED)|INVALID_LOGIN|LOGIN_FAILED|INVALID_SESSION(?:_ID)?|NOT_AUTHENTICATED|INVALID_(?:API_)?KEY|" +
    "INVALID_(?:ACCESS_)?TOKEN|(?:EXPIRED_TOKEN|TOKEN_EXPIRED)|INVALID_GRANT|INVALID_CLIENT|INVALID_AUTH|INVALID_CREDENTIALS?|AUTHENTICATIONFAILED|WRONG_PASSWORD|INVALID_PASSWORD|JWT_EXPIRED|INVALID_JWT|NOT_AUTHED|AUTHORIZATION_VIOLATION|ACCESS_DENIED_ERROR|" +
    "SIGNATURE_DOES_NOT_MATCH|INVALID_SIGNATURE|INVALID_ACCESS_KEY_ID|UNRECOGNIZED_CLIENT|MISSING_AUTHENTICATION_TOKEN|LOGIN_REQUIRED|BAD_CREDENTIALS|SASL_AUTHENTICATION|SASL_AUTHENTICATION_FAILED|NOAUTH|WRONGPASS"
)

const forbidden = word(
  "FORBIDDEN|INSUFFICIENT_ACCESS(?:_RIGHTS)?|PERMISSIONS?_(?:DENIED|VIOLATION)|PERMISSION|ACCESS_DENIED|NOT_AUTHORIZED|AUTHORIZATION_FAILED|INSUFFICIENT_(?:PERMISSIONS?|SCOPES?|PRIVILEGES?)|NOPERM|ACCESS_NOT_CONFIGURED"
)

const disconnected = word(
  "CONNECTION_(?:REFUSED|LOST|LOSS|CLOSED|RESET|FAILED|FAILURE|DOWN|TERMINATED)|FAILED_TO_(?:CONNECT|OPEN_SOCKET)|BROKEN_PIPE|NOT_CONNECTED|NO_(?:LIVING_)?CONNECTIONS?|DISCONNECTED|NETWORK_(?:ERROR|FAILURE|UNREACHABLE|REQUEST_FAILED)|HOST_UNREACHABLE|SOCKET_CLOSED(?:_UNEXPECTEDLY)?|LEADER_NOT_AVAILABLE|BROKER_NOT_AVAILABLE"
)

const full = word(
  "SQLITE_FULL|DISK_FULL|NOT_ENOUGH_(?:DISK_)?SPACE|NO_SPACE_LEFT|INSUFFICIENT_STORAGE|STORAGE_FULL|OUT_OF_DISK_SPACE"
)

const unresolved = word("DNS_(?:LOOKUP|RESOLUTION|FAILED|FAILURE)|NAME_NOT_RESOLVED|HOST_NOT_FOUND|UNKNOWN_HOST")

const corrupt = word("ZLIB|BROTLI|ZSTD|DECOMPRESSION|SHORT_READ")

// Malformed responses, and redirects that cannot be followed.
const misanswered = word(
  "(?:TOO_MANY|UNEXPECTED|INVALID|UNSAFE)_REDIRECTS?|REDIRECT_URL_[A-Z_]+|(?:INVALID|MALFORMED)_(?:HTTP_RESPONSE|CONTENT_LENGTH|CHUNK[A-Z_]*)"
)

const failing = word(
  "LOADING|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|(?:INTERNAL_)?SERVER_ERROR|INTERNAL_(?:SERVER|FAILURE|SERVICE)|SERVICE_UNAVAILABLE|TEMPORARILY_UNAVAILABLE|BACKEND|BAD_GATEWAY|SERVER_(?:UNAVAILABLE|BUSY)|SERVICE_BUSY"
)

const rejected = word(
  "BAD_REQUEST|INVALID_(?:REQUEST|ARGUMENT|PARAMETER|PARAMS|INPUT|VALUE|SYMBOL|QUERY)|INVALID_REQUEST_ERROR|BAD_USER_INPUT|NOT_FOUND|NO_SUCH_(?:KEY|BUCKET|UPLOAD|VERSION|ENTITY|TABLE|TOPIC|RECORD|HOSTED_ZONE)|RESOURCE_NOT_FOUND|" +
    "UNPROCESSABLE(?:_ENTITY)?|MALFORMED_[A-Z_]+|UNSUPPORTED_[A-Z_]+|METHOD_NOT_ALLOWED|CONFLICT|FAILED_PRECONDITION|UNIMPLEMENTED|NOT_IMPLEMENTED|GRAPHQL_(?:VALIDATION|PARSE)_FAILED|PERSISTED_QUERY_[A-Z_]+"
)

// Faults of CSV, by the names of papaparse.
const malformed = word("MISSING_QUOTES|INVALID_QUOTES|UNDETECTABLE_DELIMITER|TOO_(?:FEW|MANY)_FIELDS|FIELD_MISMATCH")

const families: ReadonlyArray<readonly [RegExp, Meaning]> = [
  [exhausted, { tag: "ApiRateLimit", retryable: false }],
  [limited, { tag: "ApiRateLimit" }],
  [timedOut, { tag: "NetworkTimeout" }],
  [unauthenticated, { tag: "ApiAuth" }],
  [forbidden, { tag: "ApiPermission" }],
  [disconnected, { tag: "NetworkConnection" }],
  [unresolved, { tag: "NetworkDns" }],
  [full, { tag: "StorageSpace" }],
  [word("SQLITE_(?:BUSY|LOCKED|READONLY)"), { tag: "StorageWrite" }],
  [word("SQLITE_(?:CORRUPT|NOTADB|CANTOPEN|IOERR)"), { tag: "StorageRead" }],
  [corrupt, { tag: "DataIntegrity" }],
  [misanswered, { tag: "ApiFormat" }],
  [failing, { tag: "ApiFormat", retryable: true }],
  [rejected, { tag: "ApiFormat" }],
  [malformed, { tag: "DataTransformation" }],
  [ending("CREDENTIALS?(?:_PROVIDER|_UNAVAILABLE)?"), { tag: "ApiAuth" }]
]

/** The names of classes say the same by their endings, and a few things more. */
const nameFamilies: ReadonlyArray<readonly [RegExp, Meaning]> = [
  ...families,
  [ending("TIMEOUT|TIMEDOUT"), { tag: "NetworkTimeout" }],
  [ending("RATE_LIMIT(?:ED)?"), { tag: "ApiRateLimit" }],
  [ending("DNS|NAME_RESOLUTION|HOST_NOT_FOUND"), { tag: "NetworkDns" }],
  [ending("CONNECTIONS?|CONNECT|NETWORK|SOCKET|TRANSPORT|DISCONNECT|SERVER_SELECTION"), { tag: "NetworkConnection" }],
  [ending("JSON_WEB_TOKEN|JW[TSE]_(?:INVALID|CLAIM_VALIDATION_FAILED|SIGNATURE_VERIFICATION_FAILED)"), {
    tag: "ApiAuth"
  }],
  [ending("VALIDATION|VALIDATOR"), { tag: "DataValidation" }],
  [ending("UNAVAILABLE|BUSY"), { tag: "ApiFormat", retryable: true }]
]

const find = (
  code: string,
  among: ReadonlyArray<readonly [RegExp, Meaning]>
): Meaning | undefined => {
  if (code.length > maxLength) return undefined
  const spelled = normalized(code)
  return spelled === "" ? undefined : among.find(([family]) => family.test(spelled))?.[1]
}

/** The meaning of a code that is a word. */
const meaningOf = (code: string): Meaning | undefined =>
  find(code, families) ?? (unconnected.test(code) ? { tag: "NetworkConnection" } : undefined)

// Without "error" these are words of any domain, and normalization removes it.
const unconnected = /(?:^|[a-z_-])(?:CONNECTION|NETWORK|TRANSPORT|SOCKET)[_-]?ERROR$/i

/** The meaning of the name of a class, by its ending. */
const nameMeaning = (name: string): Meaning | undefined => find(name, nameFamilies)

/** Whether this is a code, a type or a name for a limit that the caller has reached. */
export const namesLimit = (code: unknown): boolean =>
  typeof code === "string" && code.length <= maxLength && (limited.test(normalized(code)) || namesQuota(code))

/** Whether the code names a limit that does not end with time. */
export const namesQuota = (code: unknown): boolean =>
  typeof code === "string" && code.length <= maxLength && exhausted.test(normalized(code))

/** The names under which errors, and the bodies of answers, keep codes that are words. */
const codeNames = [
  "code",
  "type",
  "codeName",
  "errorCode",
  "error_code",
  "errorType",
  "serverResponseCode",
  "status",
  "reason"
] as const

const plainNames = ["code", "status"] as const

const isCode = (value: unknown): value is string =>
  typeof value === "string" && /^[A-Za-z][\w.:/-]{2,95}$/.test(value) && !systemCode.test(value)

/** Codes of the operating system, of Node.js and of undici: they are read elsewhere, and are no code of an API. */
export const systemCode = /^(?:E[A-Z\d]+$|ERR_|UND_ERR|HPE_|Z_|CERT_|SELF_SIGNED|UNABLE_TO_|DEPTH_ZERO)/

/** The codes of an object: its own, those of its `error`, and of the first of its `errors`. */
export const codesOf = (holder: unknown): ReadonlyArray<string> => {
  const found: Array<string> = []
  if (isPlainBody(holder)) {
    for (const name of plainNames) {
      const code = holder[name]
      if (isCode(code)) found.push(code)
    }
    return found
  }
  const errors = get(holder, "errors") ?? get(holder, "graphQLErrors") ?? get(get(holder, "response"), "errors") ??
    get(get(holder, "body"), "errors")
  const listed = Array.isArray(errors) ? errors : get(errors, "graphQLErrors")
  const first = Array.isArray(listed) ? listed[0] : undefined
  const error = get(holder, "error")
  const places = [holder, error, first, get(first, "extensions"), get(holder, "extensions"), get(holder, "errorInfo")]
  for (const place of places) {
    if (!isObject(place)) continue
    for (const name of codeNames) {
      const code = get(place, name)
      if (isCode(code)) found.push(code)
    }
  }
  if (isCode(error)) found.push(error)
  const head = reply.exec(ownText(holder, "message") ?? "")?.[1]
  if (head !== undefined) found.push(head)
  return found
}

/** Redis begins its replies with a code. */
const reply = /^(NOAUTH|WRONGPASS|NOPERM|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|LOADING(?= Redis)) [A-Za-z]/

// A broken connection, and a server that is away, have more precise evidence elsewhere.
const asKind = ({ retryable, tag }: Meaning): Kind =>
  kind(tag, tag === "NetworkConnection" || (tag === "ApiFormat" && retryable === true) ? Rank.Wrapper : Rank.Format)

/** What a code says of a link that quotes it. */
export const meaningFinding = (code: string, link: unknown): Finding | undefined => {
  const meaning = meaningOf(code)
  return meaning && finding(asKind(meaning), link)
}

/** The finding of the codes of a link. */
export const codeWordFinding = (link: Foreign): Finding | undefined => {
  for (const code of codesOf(link)) {
    const meaning = meaningOf(code)
    if (meaning !== undefined) return finding(asKind(meaning), link, isStored(meaning) ? code : undefined)
  }
  return undefined
}

const isStored = ({ tag }: Meaning): boolean => tag.startsWith("Storage")

/** The finding of the name of the class of a link, by its ending. */
export const nameEndingFinding = (name: string, link: Foreign): Finding | undefined => {
  const meaning = nameMeaning(name)
  return meaning && finding(asKind(meaning), link)
}

/** The finding of the name of a class at the head of a message. */
export const nameMeaningFinding = (name: string, link: unknown): Finding | undefined => {
  const meaning = name === "" ? undefined : nameMeaning(name)
  return meaning && finding(kind(meaning.tag, Rank.Wording), link)
}

/** Whether another attempt makes sense by a code or a name of the link; undefined if neither says so. */
export const retryableBy = (link: unknown, name: string | undefined, found?: string): boolean | undefined => {
  if (found !== undefined) return meaningOf(found)?.retryable
  for (const code of codesOf(link)) {
    const meaning = meaningOf(code)
    if (meaning !== undefined) return meaning.retryable
  }
  return name === undefined ? undefined : nameMeaning(name)?.retryable
}
