/** How long the server wants to be left alone. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { get, isObject } from "./read.js"

/**
 * The later of what header and body say, from `now` (epoch milliseconds). Seconds, also with a fraction, or an HTTP date
 * (RFC 9110, section 10.2.3); in a body `retryAfter`, or `banned until` an epoch in milliseconds. What is past, negative
 * or junk counts as absent; nothing is clipped.
 */
export const retryAfter = (
  header: string | undefined,
  body: unknown,
  now: number
): Option.Option<Duration.Duration> => {
  const wait = latest([header === undefined ? undefined : ofHeader(header, now), ofBody(body, now)])
  return wait === undefined ? Option.none() : Option.some(Duration.millis(wait))
}

const latest = (waits: ReadonlyArray<number | undefined>): number | undefined =>
  waits.reduce((a, b) => a === undefined || (b !== undefined && b > a) ? b : a, undefined)

const seconds = /^\d+(?:\.\d+)?$/

const ofHeader = (header: string, now: number): number | undefined => {
  const value = header.trim()
  if (seconds.test(value)) return finite(Number(value) * 1000)
  return until(httpDate(value), now)
}

// The three forms of RFC 9110, section 5.6.7: IMF-fixdate, RFC 850 and asctime.
const dates =
  /^(?:[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4}|[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2}) \d{2}:\d{2}:\d{2} GMT$/
const asctime = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/

const httpDate = (value: string): number =>
  dates.test(value) ? Date.parse(value) : asctime.test(value) ? Date.parse(`${value} GMT`) : NaN

const until = (instant: number, now: number): number | undefined => instant > now ? finite(instant - now) : undefined

const finite = (millis: number): number | undefined => Number.isFinite(millis) && millis >= 0 ? millis : undefined

// A number this large is an instant: as a wait it would be thirty years.
const oldestEpochSeconds = 1e9
const oldestEpochMillis = 1e11

const ofNumber = (value: number, now: number): number | undefined =>
  value >= oldestEpochMillis
    ? until(value, now)
    : value >= oldestEpochSeconds
    ? until(value * 1000, now)
    : finite(value * 1000)

const banned = /banned until (\d{13})\b/i

const ofBody = (body: unknown, now: number): number | undefined => {
  const ban = banned.exec(messageOf(body))
  const waits = [body, get(body, "error"), get(body, "data"), get(get(body, "error"), "data")].map((holder) => {
    const value = get(holder, "retryAfter") ?? get(holder, "retry_after")
    return typeof value === "number"
      ? ofNumber(value, now)
      : typeof value === "string" && seconds.test(value)
      ? ofNumber(Number(value), now)
      : undefined
  })
  return latest([...waits, ban ? until(Number(ban[1]), now) : undefined])
}

const messageOf = (body: unknown): string => {
  if (typeof body === "string") return body.slice(0, 4096)
  if (!isObject(body)) return ""
  const message = get(body, "msg") ?? get(body, "message") ?? get(get(body, "error"), "msg")
  return typeof message === "string" ? message : ""
}
