/**
 * What can go wrong between a client and an exchange, as data: which requests, and what happens to them.
 *
 * @example
 * import { Fault } from "effect-errata/testing"
 *
 * const plan = [
 *   Fault.on({ symbol: "ETHUSDT", nth: 1 }, Fault.status(503)),
 *   Fault.on({ market: "SPOT", probability: 0.1 }, Fault.latency("2 seconds")),
 *   Fault.on({ times: 3 }, Fault.resetBeforeHeaders)
 * ]
 *
 * assert.deepStrictEqual(plan[0]?.when, { symbol: "ETHUSDT", nth: 1 })
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Check from "../internal/options.js"
import type * as Model from "./internal/exchange/faultModel.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A fault: the requests that it hits (default: every one), and what it does to them. Of several faults that match a
 * request, the first one is applied.
 *
 * @since 0.1.0
 * @category models
 */
export type Fault = Model.Fault

/**
 * The requests that a fault hits: those that match all fields.
 *
 * @since 0.1.0
 * @category models
 */
export type When = Model.When

/**
 * The body of an error response: the error object of the exchange, an HTML page, or nothing.
 *
 * @since 0.1.0
 * @category models
 */
export type ErrorBody = Model.ErrorBody

/**
 * A defect of rows. `short`: columns are missing; `notNumber`: a price is not a number; `null`: a price is null;
 * `duplicate`: a row is repeated; `unordered`: two rows are swapped.
 *
 * @since 0.1.0
 * @category models
 */
export type Malformation = Model.Malformation

/**
 * A defect of a file of the archive. Of a zip, `flipped`: one bit differs; `truncated`: the second half is missing;
 * `empty`: no bytes; `html`: an HTML page. Of its checksum file, `staleChecksum`: the checksum of an earlier zip;
 * `otherChecksum`: another file name; `noChecksum`: no such file.
 *
 * @since 0.1.0
 * @category models
 */
export type Corruption = Model.Corruption

/**
 * What happens to a request. The constructors say what each action means.
 *
 * @since 0.1.0
 * @category models
 */
export type Action = Model.Action

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The answer comes late.
 *
 * @since 0.1.0
 * @category constructors
 */
export const latency = (duration: Duration.DurationInput): Fault => ({
  do: { _tag: "Latency", duration: durationOf("latency", duration) }
})

/**
 * The request is accepted and never answered.
 *
 * @since 0.1.0
 * @category constructors
 */
export const silence: Fault = { do: { _tag: "Silence" } }

/**
 * The connection is reset (RST) in place of an answer: `ECONNRESET`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const resetBeforeHeaders: Fault = { do: { _tag: "ResetBeforeHeaders" } }

/**
 * The connection is closed in good order (FIN), but without an answer: `UND_ERR_SOCKET`, "other side closed".
 *
 * @since 0.1.0
 * @category constructors
 */
export const closeBeforeHeaders: Fault = { do: { _tag: "CloseBeforeHeaders" } }

/**
 * The connection is reset when half of the body was sent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const resetMidBody: Fault = { do: { _tag: "ResetMidBody" } }

/**
 * The connection is closed in good order after half of the body that `Content-Length` announced.
 *
 * @since 0.1.0
 * @category constructors
 */
export const truncatedBody: Fault = { do: { _tag: "TruncatedBody" } }

/**
 * Headers and half of the body come, then nothing more, on a connection that stays open.
 *
 * @since 0.1.0
 * @category constructors
 */
export const stalledBody: Fault = { do: { _tag: "StalledBody" } }

/**
 * Status 200 and the header of JSON, but a body that is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const notJson = (body: string = "<html><body>Under maintenance</body></html>"): Fault => ({
  do: { _tag: "NotJson", body }
})

/**
 * Another status than the right one. Without a body given, one as Binance sends with that status: its error object, or a
 * page of the servers in front of it (403, 502); of the archive, the error of S3. With 503 Binance sends -1008, "overloaded",
 * which is an `ApiRateLimit`; a 502 is an `ApiFormat`.
 *
 * @example
 * import { Fault } from "effect-errata/testing"
 *
 * Fault.status(503)
 * Fault.status(429, { headers: { "retry-after": "7" } })
 * Fault.status(400, { body: { code: -1122, msg: "Invalid symbol status." } })
 *
 * @since 0.1.0
 * @category constructors
 */
export const status = (status: number, options?: {
  readonly body?: ErrorBody | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}): Fault => ({ do: { _tag: "Status", status, body: options?.body, headers: options?.headers ?? {} } })

/**
 * From this request on the market answers 429 with `Retry-After`, until the time is over; who goes on asking is banned.
 * Strikes once, unless told otherwise.
 *
 * @since 0.1.0
 * @category constructors
 */
export const rateLimited = (duration: Duration.DurationInput): Fault => ({
  when: { times: 1 },
  do: { _tag: "RateLimited", duration: durationOf("rateLimited", duration) }
})

/**
 * From this request on the market answers 418 with `Retry-After` and "IP banned until …", until the time is over.
 * Strikes once, unless told otherwise.
 *
 * @since 0.1.0
 * @category constructors
 */
export const banned = (duration: Duration.DurationInput): Fault => ({
  when: { times: 1 },
  do: { _tag: "Banned", duration: durationOf("banned", duration) }
})

/**
 * Status 200 and `[]`, or a file without rows. What has no rows stays as it is.
 *
 * @since 0.1.0
 * @category constructors
 */
export const emptyList: Fault = { do: { _tag: "EmptyList" } }

/**
 * Rows that are not as they should be, in the middle of the list.
 *
 * @since 0.1.0
 * @category constructors
 */
export const malformedRows = (malformation: Malformation): Fault => ({ do: { _tag: "MalformedRows", malformation } })

/**
 * Candles that open in these ranges, `[start, end)`, are left out of the answer, which is not filled up: the client
 * gets fewer rows than there are. (An outage of an instrument is something else: there the exchange has no candle.)
 *
 * @since 0.1.0
 * @category constructors
 */
export const gaps = (
  ...ranges: ReadonlyArray<{ readonly start: DateTime.DateTime.Input; readonly end: DateTime.DateTime.Input }>
): Fault => ({
  do: {
    _tag: "Gaps",
    ranges: ranges.map(({ end, start }) => ({
      start: DateTime.toEpochMillis(DateTime.unsafeMake(start)),
      end: DateTime.toEpochMillis(DateTime.unsafeMake(end))
    }))
  }
})

/**
 * A file of the archive is not what it should be. Befalls only zips, or only the texts beside them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const corruptFile = (corruption: Corruption): Fault => ({ do: { _tag: "CorruptFile", corruption } })

/**
 * A file of the archive is published so much later than usual, and is not there (404) until then.
 *
 * @since 0.1.0
 * @category constructors
 */
export const late = (duration: Duration.DurationInput): Fault => ({
  do: { _tag: "Late", duration: durationOf("late", duration) }
})

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The same fault, for these requests only.
 *
 * @example
 * import { Fault } from "effect-errata/testing"
 *
 * Fault.on({ symbol: "BTCUSDT", interval: "1h", nth: { from: 3 }, times: 2 }, Fault.truncatedBody)
 *
 * @since 0.1.0
 * @category combinators
 */
export const on = (when: When, fault: Fault): Fault => ({ ...fault, when: { ...fault.when, ...when } })

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const durationOf = (fault: string, duration: Duration.DurationInput): Duration.Duration =>
  Check.orThrow(
    `Fault.${fault}`,
    Check.duration({ least: Duration.zero, most: Duration.infinity })("duration", duration)
  )
