/** The request and the answer behind an error, wherever its client keeps them. */
import { attempt } from "../safe/json.js"
import { quoted } from "./ccxt.js"
import { get, isObject, number, text } from "./read.js"
import { ownStatus } from "./status.js"

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  /** What holds a body that nobody has read yet. */
  readonly unread: object | undefined
}

export interface Asked {
  readonly method: string | undefined
  readonly url: string | undefined
}

export const maxBody = 65_536

/** The answer that the outermost link with one carries. */
export const answerOf = (chain: ReadonlyArray<unknown>): Answer | undefined => {
  for (const link of chain) {
    const found = answer(link)
    if (found !== undefined) return found
  }
  return undefined
}

const answer = (link: unknown): Answer | undefined => {
  const text = quoted(link)
  if (text?.body !== undefined) {
    return { status: text.status ?? 0, headers: {}, body: parsed(text.body), unread: undefined }
  }
  const status = isObject(link) ? ownStatus(link) : undefined
  if (status === undefined) return undefined
  const response = get(link, "response")
  const holder: unknown = isObject(response) ? response : link
  const kept = (get(link, "code") === "UND_ERR_REQ_RETRY"
    ? undefined // what undici's retries put here is a count of bytes
    : bodyOf(dataOf(holder)) ?? bodyOf(get(holder, "_data")) ?? bodyOf(dataOf(link))) ??
    bodyOf(get(holder, "body")) ?? bodyOf(get(link, "body")) ?? bodyOf(get(holder, "text")) ??
    bodyOf(get(link, "error"))
  const streamed = isStream(kept) || (kept === undefined && isStream(holder)) || isClientResponse(holder)
  return {
    status,
    headers: headersOf(get(holder, "headers") ?? get(link, "headers")),
    body: streamed ? undefined : parsed(kept),
    unread: !streamed || get(holder, "bodyUsed") === true
      ? undefined
      : isStream(kept)
      ? kept
      : isObject(holder)
      ? holder
      : undefined
  }
}

/** A Response has no data, and that of node-fetch prints a warning if it is asked for them. */
const dataOf = (holder: unknown): unknown =>
  get(holder, Symbol.toStringTag) === "Response" ? undefined : get(holder, "data")

const bodyOf = (value: unknown): unknown =>
  value === null || typeof value === "function" || isEffect(value) ? undefined : value

/** Does this hold bytes that are still to come: a stream of the web, of Node.js, of undici, of @effect/platform? */
export const isStream = (value: unknown): value is object =>
  isObject(value) && (
    typeof get(value, "getReader") === "function" || typeof get(value, Symbol.asyncIterator) === "function"
  )

const clientResponse = Symbol.for("@effect/platform/HttpClientResponse")

/** Of @effect/platform: the body is an Effect, and reading it is for whoever runs Effects. */
export const isClientResponse = (value: unknown): boolean => get(value, clientResponse) !== undefined

const effect = Symbol.for("effect/Effect")

const isEffect = (value: unknown): boolean => get(value, effect) !== undefined

/** The body as JSON if it is JSON, else as text; anything but text and bytes as it is. */
export const parsed = (body: unknown): unknown => {
  const text = typeof body === "string" ? body : attempt(() => decoded(body))
  if (text === undefined) return body
  return /^\s*[[{"]/.test(text) && text.length <= maxBody ? attempt(() => JSON.parse(text)) ?? text : text
}

const decoded = (body: unknown): string | undefined =>
  body instanceof ArrayBuffer || ArrayBuffer.isView(body)
    ? new TextDecoder().decode(
      body instanceof ArrayBuffer
        ? body.slice(0, maxBody)
        : new Uint8Array(body.buffer, body.byteOffset, Math.min(body.byteLength, maxBody))
    )
    : undefined

const maxHeaders = 128

const headersOf = (headers: unknown): Readonly<Record<string, string>> => {
  const found: Array<readonly [string, string]> = []
  attempt(() => {
    if (!isObject(headers)) return
    const entries = isHeaders(headers) ? [...headers] : Object.entries(headers)
    for (const [name, value] of entries.slice(0, maxHeaders)) {
      const told = Array.isArray(value) ? value.map(String).join(", ") : value
      if (typeof told === "string" || typeof told === "number") found.push([String(name).toLowerCase(), String(told)])
    }
  })
  return Object.fromEntries(found)
}

const isHeaders = (headers: object): headers is Iterable<readonly [unknown, unknown]> =>
  (headers instanceof Map || typeof get(headers, "append") === "function" ||
    get(headers, Symbol.toStringTag) === "Headers") &&
  typeof get(headers, Symbol.iterator) === "function"

/** What was asked, by the outermost link that knows. */
export const askedOf = (chain: ReadonlyArray<unknown>): Asked => {
  for (const link of chain) {
    const found = asked(link)
    if (found.url !== undefined) return found
  }
  return { method: undefined, url: undefined }
}

const asked = (link: unknown): Asked => {
  const told = quoted(link)
  if (told?.url !== undefined) return { method: told.method, url: told.url }
  const request = get(link, "request")
  const config = get(link, "config") ?? get(link, "options")
  const url = urlOf(get(config, "url")) ?? urlOf(get(request, "url")) ?? urlOf(request) ??
    urlOf(get(get(link, "response"), "url"))
  const base = text(config, "baseURL")
  return {
    method: (text(request, "method") ?? text(config, "method"))?.toUpperCase(),
    url: url !== undefined && base !== undefined && !/^\w+:/.test(url)
      ? base.replace(/\/$/, "") + "/" + url.replace(/^\//, "")
      : url
  }
}

const urlOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : isObject(value) ? text(value, "href") : undefined

/** A number in the body that the API calls its code. */
export const apiCodeOf = (body: unknown): number | undefined => {
  const code = number(body, "code") ?? number(get(body, "error"), "code")
  return code !== undefined && Number.isInteger(code) ? code : undefined
}
