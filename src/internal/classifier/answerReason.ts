/** The reason for a failure as the server states it: one line of at most 300 characters, and its code. */
import { attempt, toJson } from "../safe/json.js"
import { isPlainBody } from "./plainBody.js"
import { get, isObject, text } from "./read.js"

const maxReason = 300
// What is read of a text to find its reason.
const maxRead = 8192

/** One line, without the space around it. */
export const oneLine = (message: string): string => {
  const start = message.slice(0, maxRead)
  // Most messages are one line with single spaces already. A test is cheaper than a replacement that changes nothing.
  const line = (uneven.test(start) ? start.replace(/\s+/g, " ") : start).trim()
  return line.length <= maxReason ? line : `${line.slice(0, maxReason - 1).replace(/[\uD800-\uDBFF]$/, "")}…`
}

const uneven = /\s\s|[^\S ]/

/** The reason that a body gives; undefined where it gives none. */
export const reasonOf = (body: unknown): string | undefined => {
  // Masked first: the part that is kept may belong to a name that is cut off.
  const found = typeof body === "string" ? ofText(body) : plainReason(body) ?? attempt(() => ofJson(toJson(body), 0))
  return found === undefined || found === "" ? undefined : oneLine(found)
}

/** The reason in a plain body. It is masked as a part of the message: no name in such a body says that it is a secret. */
const plainReason = (body: unknown): string | undefined => {
  if (!isPlainBody(body)) return undefined
  const message = text(body, "msg") ?? text(body, "message")
  return message !== undefined && message !== "" && message.length <= maxReason ? message : undefined
}

/** The beginning of a body, as it came. */
export const excerptOf = (body: unknown): string | undefined => {
  if (typeof body === "string") return body === "" ? undefined : body
  if (typeof body !== "object" || body === null) return undefined
  return attempt(() => JSON.stringify(body))
}

// ---------------------------------------------------------------------------------------------------------------------
// texts
// ---------------------------------------------------------------------------------------------------------------------

const ofText = (body: string): string | undefined => {
  const start = body.slice(0, maxRead)
  if (/^\s*(?:<!doctype html|<html|<head|<body|<center>|<h1)/i.test(start)) {
    return element(start, "title") ?? element(start, "h1") ?? element(start, "h2")
  }
  if (/^\s*(?:<\?xml|<[A-Za-z])/.test(start)) {
    const message = element(start, "message") ?? element(start, "faultstring") ?? element(start, "title")
    return message ?? element(start, "code")
  }
  // JSON that does not parse says nothing that a person reads.
  return /^\s*[[{]/.test(start) ? undefined : start
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: "\"", apos: "'", amp: "&", nbsp: " " }

const element = (markup: string, name: string): string | undefined => {
  const open = new RegExp(`<(?:\\w{1,32}:)?${name}(?:\\s[^>]{0,512})?>`, "i").exec(markup)
  if (open === null) return undefined
  const rest = markup.slice(open.index + open[0].length)
  const end = rest.indexOf("</")
  const content = (end < 0 ? rest : rest.slice(0, end))
    .replace(/<!\[CDATA\[|\]\]>/g, "")
    .replace(/<[^>]{0,512}>/g, " ")
    .replace(
      /&(lt|gt|quot|apos|amp|nbsp|#\d{1,6});/g,
      (_, entity: string) => entity.startsWith("#") ? String.fromCharCode(Number(entity.slice(1))) : entities[entity]!
    )
    .trim()
  return content === "" ? undefined : content
}

/** The whole body of an error of Cloudflare: `error code: 1020`. */
const textCode = (body: string): number | undefined => {
  const code = /^error code: (\d{3,5})\s*$/.exec(body)?.[1]
  return code === undefined ? undefined : Number(code)
}

/** The code of an XML error document, such as those of S3. */
const xmlCode = (body: string): string | undefined =>
  /^\s*<(?:\?xml|[A-Za-z])/.test(body) && !/^\s*<(?:!doctype html|html)/i.test(body)
    ? element(body.slice(0, maxRead), "code")
    : undefined

// ---------------------------------------------------------------------------------------------------------------------
// JSON
// ---------------------------------------------------------------------------------------------------------------------

// In the order in which they are worth showing: `title` and `error` are often only names of a class of errors.
const wordings = [
  "msg",
  "message",
  "Message",
  "retMsg",
  "error_description",
  "errorMessage",
  "error_message",
  "detail",
  "description",
  "reason",
  "error",
  "errors",
  "errorMessages",
  "error_summary",
  "fault",
  "faultstring",
  "errmsg",
  "statusMessage",
  "title",
  "details",
  "err-msg",
  "result"
] as const

const maxDepth = 4

const ofJson = (body: unknown, depth: number): string | undefined => {
  if (typeof body === "string") return depth > 0 && outcome.test(body) ? undefined : body.trim()
  if (depth > maxDepth || !isObject(body)) return undefined
  if (Array.isArray(body)) {
    for (const item of body.slice(0, 4)) {
      const found = ofJson(item, depth + 1)
      if (found !== undefined && found !== "") return found
    }
    return undefined
  }
  for (const name of wordings) {
    const found = ofJson(get(body, name), depth + 1)
    if (found !== undefined && found !== "") return found
  }
  // `errors: { field: ["is required"] }`
  return depth > 0 && depth <= 2 ? ofFields(body, depth) : undefined
}

const ofFields = (body: object, depth: number): string | undefined => {
  for (const [name, value] of Object.entries(body).slice(0, 4)) {
    if (!Array.isArray(value)) continue
    const found = ofJson(value, depth + 1)
    if (found !== undefined && found !== "") return `${name}: ${found}`
  }
  return undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// codes
// ---------------------------------------------------------------------------------------------------------------------

const codeNames = ["code", "error_code", "errorCode", "errcode", "Code", "err_code", "retCode", "ret_code"] as const

/** The code that an API gives its refusal: a whole number, or a word. A repeated HTTP status is none. */
export const apiCodeOf = (body: unknown, status: number | undefined): number | string | undefined => {
  if (typeof body === "string") return textCode(body) ?? xmlCode(body)
  if (!isObject(body)) return undefined
  const error = get(body, "error")
  const errors = get(body, "errors")
  const first = Array.isArray(errors) ? errors[0] : undefined
  const places = [body, error, first, get(first, "extensions"), get(body, "extensions")]
  for (const place of places) {
    if (!isObject(place)) continue
    for (const name of codeNames) {
      const code = codeAt(place, name)
      if (code !== undefined && code !== status && code !== String(status)) return code
    }
  }
  for (const place of [error, body]) {
    const said = text(place, "status")
    // A Status of Kubernetes says only that it is one, and why.
    const type = said !== undefined && outcome.test(said) ? text(place, "reason") : said ?? text(place, "type")
    if (type !== undefined && isWord(type)) return type
  }
  // A single word there is a reason; codes have several.
  return typeof error === "string" && isWord(error) && error.includes("_") ? error : undefined
}

const outcome = /^(?:fail(?:ure|ed)?|error|n(?:ot)?ok|ko)$/i

const codeAt = (place: unknown, name: string): number | string | undefined => {
  const code = get(place, name)
  if (typeof code === "number") return Number.isInteger(code) ? code : undefined
  return typeof code === "string" && code !== "" && isWord(code) ? code : undefined
}

/** No spaces, and no address: `about:blank` and `https://…` are types of RFC 9457. */
const isWord = (code: string): boolean => /^[\w.-]{1,96}$/.test(code)
