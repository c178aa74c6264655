/** The request and the answer behind an error, wherever its client keeps them. */
import { attempt } from "../safe/json.js"
import { isBare } from "./bareError.js"
import { quoted } from "./ccxt.js"
import type { Request } from "./classifierModel.js"
import type { Foreign } from "./read.js"
import { get, isObject, text } from "./read.js"
import { holdersOf, shapedStatus } from "./status.js"

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  /** The holder of a body that has not been read. */
  readonly unread: object | undefined
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
  if (!isObject(link) || isBare(link)) return undefined
  const status = shapedStatus(link)
  if (status === undefined) return undefined
  const holders = nearHolders(link) ?? allHolders(link)
  const kept = bodyAmong(link, holders)
  const holder = holders[0]
  const streamed = isStream(kept) || (kept === undefined && isStream(holder)) || isClientResponse(holder)
  return {
    status,
    headers: headersAmong(holders),
    body: streamed ? undefined : parsed(kept),
    unread: !streamed || get(holder, "bodyUsed") === true
      ? undefined
      : isStream(kept)
      ? unreadStream(kept)
      : isObject(holder)
      ? holder
      : undefined
  }
}

/** The response of most clients: nothing else needs to be searched. */
const nearHolders = (link: Foreign): ReadonlyArray<Foreign> | undefined => {
  const response = get(link, "response")
  return isObject(response) && isObject(get(response, "headers")) && bodyIn(link, response) !== undefined
    ? [response, link]
    : undefined
}

const allHolders = (link: Foreign): ReadonlyArray<Foreign> => {
  const [response, ...others] = holdersOf(link)
  return [response ?? link, link, ...others]
}

/** Names of properties that hold nothing but a body. */
const bodyNames = [
  "bodyAsText",
  "responseBody",
  "$responseBodyText",
  "rawBody",
  "responseText",
  "rawError",
  "payload"
] as const

/** The body, where responses and errors keep it. */
const bodyAmong = (link: Foreign, holders: ReadonlyArray<Foreign>): unknown => {
  for (const holder of holders) {
    const body = bodyIn(link, holder)
    if (body !== undefined) return body
  }
  return bodyOf(get(holders[0], "text")) ?? oauth(link) ?? errorOf(link) ?? graphql(holders[0]) ??
    graphql(get(link, "result")) ?? itself(link, holders[0]) ?? message(link)
}

/** A body that the client made its message. */
const message = (link: Foreign): unknown => {
  const message = text(link, "message")
  return message !== undefined && /^\{.*\}$/s.test(message) ? message : undefined
}

const bodyIn = (link: Foreign, holder: Foreign): unknown => {
  // What undici's retries put into `data` is a count of bytes.
  const data = get(link, "code") === "UND_ERR_REQ_RETRY"
    ? undefined
    : bodyOf(dataOf(holder)) ?? bodyOf(get(holder, "_data"))
  if (data !== undefined) return data
  for (const name of bodyNames) {
    const named = bodyOf(get(holder, name))
    if (named !== undefined) return named
  }
  return bodyOf(get(holder, "body"))
}

/** The error inside the body, which some clients keep alone; a code there stands beside its message. */
const errorOf = (link: Foreign): unknown => {
  const error = bodyOf(get(link, "error"))
  return typeof error === "string" && !(link instanceof Error) && typeof get(link, "message") === "string"
    ? link
    : error
}

/** An error response of OAuth 2.0, RFC 6749 section 5.2, whose fields the client has moved to its error. */
const oauth = (link: Foreign): unknown => {
  const error = text(link, "error")
  const description = text(link, "error_description")
  return error === undefined || description === undefined ? undefined : { error, error_description: description }
}

/** A response that is its own body: `{ statusCode, message }`, `{ ok: false, error_code, description }`. */
const itself = (link: Foreign, response: unknown): unknown => {
  if (response !== link && typeof get(response, "message") === "string") return response
  const description = text(response, "description")
  return get(response, "ok") === false && description !== undefined
    ? { description, error_code: get(response, "error_code"), parameters: get(response, "parameters") }
    : undefined
}

/** An answer of GraphQL: graphql-request spreads its body over the response. */
const graphql = (response: unknown): unknown => {
  const errors = get(response, "errors")
  return Array.isArray(errors) ? { errors } : undefined
}

/** A stream that was read to its end, or broken off, says nothing any more. */
const unreadStream = (stream: object): object | undefined =>
  get(stream, "readableEnded") === true || get(stream, "destroyed") === true || get(stream, "complete") === true &&
      get(stream, "readableLength") === 0
    ? undefined
    : stream

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

/** A response of @effect/platform: its body is an Effect, which only an effectful caller can run. */
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

const headersAmong = (holders: ReadonlyArray<Foreign>): Readonly<Record<string, string>> => {
  for (const holder of holders) {
    const headers = get(holder, "headers") ?? get(holder, "responseHeaders")
    if (isObject(headers)) return headersOf(headers)
  }
  return {}
}

const headersOf = (headers: object): Readonly<Record<string, string>> => {
  const found: Array<readonly [string, string]> = []
  attempt(() => {
    for (const [name, value] of entriesOf(headers)) {
      const line = Array.isArray(value) ? value.map(String).join(", ") : value
      if (typeof line === "string" || typeof line === "number") found.push([String(name).toLowerCase(), String(line)])
    }
  })
  return Object.fromEntries(found)
}

/** Pairs of names and values: of Headers of any class, of a Map, or of an object. */
const entriesOf = (headers: object): ReadonlyArray<readonly [unknown, unknown]> => {
  if (typeof get(headers, Symbol.iterator) !== "function") return Object.entries(headers).slice(0, maxHeaders)
  const found: Array<readonly [unknown, unknown]> = []
  // Values of any class with an iterator are iterated: pairs are read, other items are skipped.
  let steps = 0
  for (const pair of headers as Iterable<unknown>) {
    if (steps++ === maxHeaders) break
    if (Array.isArray(pair) && pair.length === 2) found.push([pair[0], pair[1]])
  }
  return found
}

/** The request, by the outermost link that has one. */
export const askedOf = (chain: ReadonlyArray<unknown>): Request => {
  for (const link of chain) {
    const found = asked(link)
    if (found.url !== undefined) return found
  }
  return unknown
}

const unknown: Request = { method: undefined, url: undefined }

const asked = (link: unknown): Request => {
  const quote = quoted(link)
  if (quote?.url !== undefined) return { method: quote.method, url: quote.url }
  if (!isObject(link) || isBare(link)) return unknown
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
