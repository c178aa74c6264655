/**
 * How long a server asks its clients to wait: one parser for headers, bodies and the fields of client errors.
 *
 * Every value passes the same checks. What is past, negative, junk or longer than a year is absent. A number that can
 * only be an instant is never read as a duration. Of several believable values the latest counts. Nothing is clipped.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { isBare } from "./bareError.js"
import { isPlainBody } from "./plainBody.js"
import { get, isObject } from "./read.js"

export interface WaitEvidence {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  /** The error that the client threw. */
  readonly error: unknown
  /** Did the server refuse the request because of a limit? Only then do the headers that describe the limit count. */
  readonly limited: boolean
  /** Epoch milliseconds of the client's clock. */
  readonly now: number
}

/** The wait that the server asks for. */
export const waitOf = (evidence: WaitEvidence): Option.Option<Duration.Duration> => {
  const { body, error, headers, limited, now } = evidence
  const clock = serverClock(headers, now)
  let wait = ofRetryAfter(headers, clock)
  if (limited) wait = later(wait, ofLimitHeaders(headers, clock))
  wait = later(later(wait, ofBody(body, clock)), ofClientError(error, clock, limited))
  return wait === undefined ? Option.none() : Option.some(Duration.millis(wait))
}

// ---------------------------------------------------------------------------------------------------------------------
// the checks
// ---------------------------------------------------------------------------------------------------------------------

const second = 1000
const year = 366 * 86_400 * second

const later = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || (b !== undefined && b > a) ? b : a

const latest = (waits: ReadonlyArray<number | undefined>): number | undefined => waits.reduce(later, undefined)

/** A positive wait of at most a year, in whole milliseconds, rounded up: a wait is never shorter than what was said. */
const believable = (millis: number): number | undefined =>
  millis >= 0 && millis <= year ? Math.ceil(roundedOff(millis)) : undefined

// 0.25 s · 1000 may be 250.00000000000003 ms.
const roundedOff = (millis: number): number => Math.round(millis * 1e6) / 1e6

const until = (instant: number, now: number): number | undefined =>
  instant > now ? believable(instant - now) : undefined

// As durations in seconds these are more than 31 years.
const epochSeconds = 1e9
const epochMillis = 1e11
const epochMicros = 1e14
const epochNanos = 1e17

/** A number of units, or an instant in seconds, milliseconds, microseconds or nanoseconds since 1970. */
const ofNumber = (value: number, unit: number, now: number): number | undefined => {
  if (!(value < epochSeconds)) return until(value * epochUnit(value), now)
  return believable(value * unit)
}

const epochUnit = (value: number): number =>
  value >= epochNanos ? 1e-6 : value >= epochMicros ? 1e-3 : value >= epochMillis ? 1 : second

const digits = /^\d{1,20}(?:\.\d{1,20})?$/

const units: Readonly<Record<string, number>> = {
  ms: 1,
  msec: 1,
  millisecond: 1,
  milliseconds: 1,
  s: second,
  sec: second,
  secs: second,
  second,
  seconds: second,
  m: 60 * second,
  min: 60 * second,
  mins: 60 * second,
  minute: 60 * second,
  minutes: 60 * second,
  h: 3600 * second,
  hr: 3600 * second,
  hour: 3600 * second,
  hours: 3600 * second
}

const durationText = /^(?:\d{1,9}(?:\.\d{1,9})?(?:ms|[smh]))+$/

/** `6m0s`, `1.5s`, `20ms`: durations as Go and protobuf write them. */
const ofDurationText = (value: string): number | undefined =>
  durationText.test(value)
    ? believable(
      [...value.matchAll(/(\d+(?:\.\d+)?)(ms|[smh])/g)].reduce((sum, [, n, unit]) => sum + Number(n) * units[unit!]!, 0)
    )
    : undefined

// The three forms of RFC 9110, section 5.6.7 (IMF-fixdate, RFC 850, asctime), and RFC 3339.
const httpDates =
  /^(?:[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4}|[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2}) \d{2}:\d{2}:\d{2} GMT$/
const asctime = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/
const timestamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/

const httpDate = (value: string): number =>
  httpDates.test(value)
    ? Date.parse(value)
    : asctime.test(value)
    ? Date.parse(`${value} GMT`)
    : NaN

/** A number of units, an instant, or an HTTP date: what Retry-After may hold. */
const ofStandard = (value: string, unit: number, now: number): number | undefined => {
  const text = value.trim()
  return digits.test(text) ? ofNumber(Number(text), unit, now) : until(httpDate(text), now)
}

/** The same, a duration or a timestamp: what the other headers and bodies hold. */
const ofText = (value: string, unit: number, now: number): number | undefined => {
  const text = value.trim()
  return ofStandard(text, unit, now) ?? ofDurationText(text) ??
    (timestamp.test(text) ? until(Date.parse(text), now) : undefined)
}

/** The server's own time: the `Date` of its answer, plus the `Age` of an answer from a cache; else the client's time. */
const serverClock = (headers: Readonly<Record<string, string>>, now: number): number => {
  const sent = headers["date"]
  if (sent === undefined) return now
  const date = httpDate(sent.trim())
  if (Number.isNaN(date)) return now
  const age = headers["age"]?.trim() ?? ""
  return digits.test(age) ? date + Math.min(Number(age) * second, year) : date
}

// ---------------------------------------------------------------------------------------------------------------------
// headers
// ---------------------------------------------------------------------------------------------------------------------

const dated = /^[A-Z][a-z]+,|^[A-Z][a-z]{2} [A-Z][a-z]{2} /

/** One value, or several in one header: a proxy may have added its own. */
const ofList = (
  value: string | undefined,
  unit: number,
  now: number,
  read: (value: string, unit: number, now: number) => number | undefined = ofText
): number | undefined => {
  if (value === undefined) return undefined
  if (dated.test(value.trim())) return read(value, unit, now)
  return latest(value.slice(0, 256).split(",").map((item) => read(item, unit, now)))
}

const ofRetryAfter = (headers: Readonly<Record<string, string>>, now: number): number | undefined =>
  latest(
    Object.keys(headers).map((name) =>
      name === "retry-after"
        ? ofList(headers[name], second, now, ofStandard)
        : name.length <= maxName && retryHeader.test(name)
        ? ofList(headers[name], inMillis.test(name) ? 1 : second, now)
        : undefined
    )
  )

/** `x-retry-after`, `retry-after-ms`, `x-ratelimit-retry-after`, `x-rate-limit-retry-after-seconds`, … */
const retryHeader = /^(?:[a-z]+-){0,5}retry-after(?:-(?:ms|millis|seconds|secs?))?$/

/** `x-ratelimit-reset`, `ratelimit-reset`, `x-rate-limit-reset-requests`, `anthropic-ratelimit-tokens-reset`, … */
const limitHeader =
  /^(?:[a-z]+-)*?(?:rate-?limit|limit)-(?:[a-z]+-)*?reset(?:-(?:after|ms|millis|seconds|timestamp|time|(?:[a-z]+-)?requests|(?:[a-z]+-)?tokens))?$/

const ofLimitHeaders = (headers: Readonly<Record<string, string>>, now: number): number | undefined => {
  const waits: Array<number | undefined> = [ofStructured(headers["ratelimit"], now)]
  for (const [name, value] of Object.entries(headers)) {
    if (name.length > maxName || !limitHeader.test(name) || remains(headers, name)) continue
    waits.push(ofList(value, inMillis.test(name) ? 1 : second, now))
  }
  return latest(waits)
}

const maxName = 64

// `gw-` are those of KuCoin, which counts in milliseconds.
const inMillis = /^gw-|-(?:ms|millis)$/

/** Does something remain of the very limit that a `…reset…` header describes? */
const remains = (headers: Readonly<Record<string, string>>, reset: string): boolean => {
  const remaining = reset.replace(/reset-(?:after|ms|millis|timestamp)$|reset/, "remaining")
  return Number(headers[remaining] ?? headers[remaining.replace("x-", "")] ?? 0) > 0
}

/** `"default";r=0;t=40` and `limit=100, remaining=0, reset=40`, as the drafts of the RateLimit header have it. */
const ofStructured = (value: string | undefined, now: number): number | undefined => {
  if (value === undefined) return undefined
  const policies = /;\s*t=/.test(value) ? value.slice(0, 1024).split(/,(?=\s*")/) : [value.slice(0, 1024)]
  return latest(policies.map((policy) => {
    const remaining = /(?:^|[;,\s])(?:r|remaining)=(\d{1,20})/.exec(policy)?.[1]
    const reset = /(?:^|[;,\s])(?:t|reset)=(\d{1,20})/.exec(policy)?.[1]
    return reset === undefined || Number(remaining ?? 0) > 0 ? undefined : ofNumber(Number(reset), second, now)
  }))
}

// ---------------------------------------------------------------------------------------------------------------------
// bodies and client errors
// ---------------------------------------------------------------------------------------------------------------------

const fields: ReadonlyArray<readonly [name: string, unit: number]> = [
  ["retryAfter", second],
  ["retry_after", second],
  ["retryAfterSeconds", second],
  ["retry_after_seconds", second],
  ["retryAfterMs", 1],
  ["retry_after_ms", 1],
  ["retryAfterMillis", 1],
  ["msBeforeNext", 1]
]

const ofFields = (holder: unknown, now: number, seconds: number = second): number | undefined => {
  if (!isObject(holder)) return undefined
  let wait: number | undefined
  for (const [name, unit] of fields) {
    const value = get(holder, name)
    if (value !== undefined) wait = later(wait, ofValue(value, unit === second ? seconds : unit, now))
  }
  const delay = get(holder, "retryDelay")
  // In the details of Google's errors it is a text with its unit; in clients, a number for a timer.
  return delay === undefined ? wait : later(wait, ofValue(delay, 1, now))
}

const ofValue = (value: unknown, unit: number, now: number): number | undefined => {
  if (typeof value === "number") return ofNumber(value, unit, now)
  if (typeof value === "string") return ofText(value, unit, now)
  return value instanceof Date ? until(value.getTime(), now) : undefined
}

/** Where APIs put the fields: in the body, its error, its data, its parameters, and the details of Google's errors. */
const ofBody = (body: unknown, now: number): number | undefined => {
  if (typeof body === "string") return ofWording(body, now)
  if (!isObject(body)) return undefined
  if (isPlainBody(body)) return later(ofMessage(body, "msg", now), ofMessage(body, "message", now))
  const error = get(body, "error")
  const details = get(error, "details") ?? get(body, "details")
  let wait = ofFields(body, now)
  const others = [error, get(body, "data"), get(error, "data"), get(body, "parameters"), get(body, "extensions")]
  for (const holder of others) wait = later(wait, ofFields(holder, now))
  for (const holder of Array.isArray(details) ? details.slice(0, 16) : [details]) {
    wait = later(wait, ofFields(holder, now))
  }
  for (const holder of [body, error]) {
    for (const name of wordings) wait = later(wait, ofMessage(holder, name, now))
  }
  return wait
}

const ofMessage = (holder: unknown, name: string, now: number): number | undefined => {
  const text = get(holder, name)
  return typeof text === "string" ? ofWording(text, now) : undefined
}

const wordings = ["msg", "message", "description"] as const

/** Errors of which the client kept no answer, but its wait. */
const ofClientError = (error: unknown, now: number, limited: boolean): number | undefined => {
  if (!isObject(error)) return undefined
  // The message of a client repeats that of the answer.
  const said = limited ? ofMessage(error, "message", now) : undefined
  if (isBare(error)) return said
  // `timeToReset` beside it: discord.js counts in milliseconds.
  const own = ofFields(error, now, typeof get(error, "timeToReset") === "number" ? 1 : second)
  return latest([said, own, ofFields(get(error, "parameters"), now), ofDetails(error, now)])
}

/** The details that Google's clients keep of the body. */
const ofDetails = (error: unknown, now: number): number | undefined => {
  const details = get(error, "errorDetails")
  return Array.isArray(details) ? latest(details.slice(0, 16).map((detail) => ofFields(detail, now))) : undefined
}

const bannedUntil = /\bbanned until (\d{10,19})\b/i
const tryAgainIn =
  /\b(?:(?:try|retry)(?: it| this request)?(?: again)?(?: after| in)|request this after|wait(?: for| of)?) (?:about )?(\d{1,9}(?:\.\d{1,9})?) ?(milliseconds?|msec|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hr|h)\b/i
const goDuration = /\b(?:try again|retry) in ((?:\d{1,9}(?:\.\d{1,9})?(?:ms|[smh]))+)(?!\w)/i

/** `banned until 1700000000000`, `Please try again in 20s`. */
const ofWording = (text: string, now: number): number | undefined => {
  const words = text.slice(0, 4096)
  const banned = bannedUntil.exec(words)?.[1]
  const again = tryAgainIn.exec(words)
  const go = goDuration.exec(words)?.[1]
  return latest([
    banned === undefined ? undefined : ofNumber(Number(banned), second, now),
    go === undefined ? undefined : ofDurationText(go),
    again === null || go !== undefined
      ? undefined
      : believable(Number(again[1]) * units[again[2]!.toLowerCase()]!)
  ])
}
