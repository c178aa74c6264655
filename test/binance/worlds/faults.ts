/** What may befall an answer of the REST API, or a file of the archive. */
import { transports } from "./wire.js"

/** A body that replaces the right one. */
interface OtherBody {
  readonly status?: number
  readonly type: string
  readonly body: string
}

export type BodyKind =
  | "status500"
  | "status502"
  | "status503"
  | "status504"
  | "status400"
  | "status401"
  | "status403"
  | "status404"
  | "status408"
  | "status451"
  | "status520"
  | "html"
  | "htmlAsJson"
  | "cutJson"
  | "null"
  | "nothing"
  | "status202"
  | "status204"
  | "busy200"
  | "unknown200"
  | "symbol200"
  | "symbol400"
  | "object"
  | "text"
  | "nested"
  | "strings"

const json = "application/json;charset=UTF-8"
const html = "text/html"
const page = "<html><body>Under maintenance</body></html>"
const error = (status: number, code: number, msg: string): OtherBody => ({
  status,
  type: json,
  body: JSON.stringify({ code, msg })
})

/** Faults of single answers that consist in another body. */
export const bodies: Readonly<Record<BodyKind, OtherBody>> = {
  status500: error(500, -1001, "Internal error; unable to process your request. Please try again."),
  status503: error(
    503,
    -1008,
    "Server is currently overloaded with other requests. Please try again in a few minutes."
  ),
  status504: error(504, -1007, "Timeout waiting for response from backend server. Send status unknown."),
  status502: { status: 502, type: html, body: "<html><h1>502 Bad Gateway</h1></html>" },
  status403: { status: 403, type: html, body: "<html><h1>403 ERROR</h1>Request blocked.</html>" },
  status400: error(400, -1100, "Illegal characters found in parameter 'symbol'."),
  status401: error(401, -2015, "Invalid API-key, IP, or permissions for action."),
  status404: { status: 404, type: html, body: "<html><h1>404 Not Found</h1></html>" },
  status408: { status: 408, type: html, body: "" },
  status451: error(451, 0, "Service unavailable from a restricted location."),
  status520: { status: 520, type: html, body: "error code: 520" },
  html: { type: html, body: page },
  htmlAsJson: { type: json, body: page },
  cutJson: { type: json, body: `[[1717200000000,"1.0",` },
  null: { type: json, body: "null" },
  nothing: { type: json, body: "" },
  status202: { status: 202, type: "", body: "" },
  status204: { status: 204, type: "", body: "" },
  busy200: { type: json, body: `{"code":-1003,"msg":"Too many requests."}` },
  unknown200: { type: json, body: `{"code":-1000,"msg":"An unknown error occurred while processing the request."}` },
  symbol200: { type: json, body: `{"code":-1121,"msg":"Invalid symbol."}` },
  symbol400: error(400, -1121, "Invalid symbol."),
  object: { type: json, body: `{"rows":[]}` },
  text: { type: "text/plain", body: "OK" },
  nested: { type: json, body: "[[[[]]]]" },
  strings: { type: json, body: `["a","b"]` }
}

/** Faults of the rows of an answer. */
const rowFaults = [
  "half",
  "empty",
  "shortFirst",
  "shortFirstBit",
  "shortLast",
  "shortOuter",
  "shortRow",
  "notNumber",
  "nullPrice",
  "negative",
  "duplicate",
  "unordered",
  "reversed"
] as const

/** Answers to another question. */
const otherAnswers = ["latest", "earlier", "earlierBit", "later", "otherInterval"] as const

/** Faults that last for a while, for all requests to the market. */
export const limits = ["limited", "limitedBare", "limitedDate", "banned", "bannedBare", "bannedLong"] as const

export const restKinds = [
  // The keys of a literal are its keys.
  ...Object.keys(bodies) as ReadonlyArray<string> as ReadonlyArray<BodyKind>,
  ...transports,
  ...rowFaults,
  ...otherAnswers,
  ...limits
] as const

export type RestKind = (typeof restKinds)[number]

export interface RestFault {
  /** The number of the request to REST, counted from 1. */
  readonly nth: number
  readonly kind: RestKind
}

/** Faults after which a client may give up for good. */
export const lasting: ReadonlySet<string> = new Set([
  "status400",
  "status401",
  "status403",
  "status404",
  "status451",
  "symbol200",
  "symbol400",
  "html",
  "htmlAsJson",
  "text",
  "busy200"
])

export const fileKinds = [
  "status404",
  "status403",
  "status500",
  "status503",
  "reset",
  "cut",
  "stalled",
  "flipped",
  "truncated",
  "empty",
  "html",
  "staleChecksum",
  "otherChecksum",
  "noChecksum",
  "brokenChecksum",
  "noRows",
  "shortFirst",
  "shortLast",
  "shortOuter",
  "shortRow",
  "notNumber",
  "negative",
  "unordered",
  "duplicate",
  "otherTime",
  "otherInterval"
] as const

export type FileKind = (typeof fileKinds)[number]

export interface ArchiveFault {
  /** The name of the file, such as `BTCUSDT-1h-2024-01.zip`. */
  readonly name: string
  readonly kind: FileKind
  /** The number of requests that it befalls. */
  readonly times: number
}

/** Faults of the file with the checksum; all others are faults of the zip. */
export const ofChecksum: ReadonlySet<FileKind> = new Set<FileKind>([
  "staleChecksum",
  "otherChecksum",
  "noChecksum",
  "brokenChecksum"
])
