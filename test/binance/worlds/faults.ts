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
  | "status403"
  | "status408"
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
  | "object"

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
  status408: { status: 408, type: html, body: "" },
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
  object: { type: json, body: `{"rows":[]}` }
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
const limits = ["limited", "banned"] as const

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
export const lasting: ReadonlySet<string> = new Set(["status403", "symbol200", "html", "htmlAsJson", "busy200"])

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
  "otherTime"
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
