/**
 * Faults between a client and a simulated exchange or API, as data: the requests that a fault hits, and its effect. Faults of
 * rows, files and markets, and bans, are those of an exchange.
 *
 * Guide: [Tests](../../docs/testing.md).
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
 * @module
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Check from "../internal/options.js"
import type * as Model from "./internal/exchange/exchangeFaults.js"
import type { ErrorBody as WireErrorBody } from "./internal/wire/faultModel.js"

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
export type ErrorBody = WireErrorBody

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
 * The part of the rows that a short answer has: the first ones, the last ones, or those at both ends.
 *
 * @since 0.1.0
 * @category models
 */
export type Kept = Model.Kept

/**
 * The effect of a fault on a request. The constructors describe the actions.
 *
 * @since 0.1.0
 * @category models
 */
export type Action = Model.Action

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Delays the response.
 *
 * @since 0.1.0
 * @category constructors
 */
export const latency = (duration: Duration.DurationInput): Fault => ({
  do: { _tag: "Latency", duration: durationOf("latency", duration) }
})

/**
 * Accepts the request and never responds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const silence: Fault = { do: { _tag: "Silence" } }

/**
 * Resets the connection (RST) before the response: `ECONNRESET`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const resetBeforeHeaders: Fault = { do: { _tag: "ResetBeforeHeaders" } }

/**
 * Closes the connection (FIN) before the response: `UND_ERR_SOCKET`, "other side closed".
 *
 * @since 0.1.0
 * @category constructors
 */
export const closeBeforeHeaders: Fault = { do: { _tag: "CloseBeforeHeaders" } }

/**
 * Resets the connection (RST) after half of the body.
 *
 * @since 0.1.0
 * @category constructors
 */
export const resetMidBody: Fault = { do: { _tag: "ResetMidBody" } }

/**
 * Closes the connection (FIN) after half of the body that `Content-Length` announced.
 *
 * @since 0.1.0
 * @category constructors
 */
export const truncatedBody: Fault = { do: { _tag: "TruncatedBody" } }

/**
 * Sends the headers and half of the body, then nothing more, and keeps the connection open.
 *
 * @since 0.1.0
 * @category constructors
 */
export const stalledBody: Fault = { do: { _tag: "StalledBody" } }

/**
 * Responds with status 200 and the content type of JSON, but a body that is not JSON.
 *
 * @since 0.1.0
 * @category constructors
 */
export const notJson = (body: string = "<html><body>Under maintenance</body></html>"): Fault => ({
  do: { _tag: "NotJson", body }
})

/**
 * Responds with another status. The default body of a `FaultyApi` is `{ error: { code, message } }`; that of a `FaultyExchange`
 * is that of Binance for the status: its error object, or the HTML page of a
 * proxy (403, 502); for the archive, the error of S3. With 503 Binance sends -1008, "overloaded", which is an `ApiRateLimit`;
 * a 502 is an `ApiFormat`.
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
 * Responds to all requests to the market with 429 and `Retry-After` for the duration. A client that continues to send
 * requests is banned. Hits one request by default: see `times`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const rateLimited = (duration: Duration.DurationInput): Fault => ({
  when: { times: 1 },
  do: { _tag: "RateLimited", duration: durationOf("rateLimited", duration) }
})

/**
 * Responds to all requests to the market with 418, `Retry-After` and "IP banned until …" for the duration. Hits one request
 * by default: see `times`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const banned = (duration: Duration.DurationInput): Fault => ({
  when: { times: 1 },
  do: { _tag: "Banned", duration: durationOf("banned", duration) }
})

/**
 * Responds with status 200 and `[]`, or a file without rows. Responses without rows do not change.
 *
 * @since 0.1.0
 * @category constructors
 */
export const emptyList: Fault = { do: { _tag: "EmptyList" } }

/**
 * Malforms rows in the middle of the list.
 *
 * @since 0.1.0
 * @category constructors
 */
export const malformedRows = (malformation: Malformation): Fault => ({ do: { _tag: "MalformedRows", malformation } })

/**
 * Leaves out the candles that open in these ranges, `[start, end)`: the response has fewer rows than requested. This differs
 * from an outage of an instrument, during which the exchange has no candles.
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
 * An answer, or a file of the archive, with only a share of its rows: the first ones, the last ones, or those at both
 * ends. `share` is from 0 to less than 1. At least one row is missing, unless there are none. A file has the checksum of what it holds: match it by a
 * `path` that ends in `.zip`, and its checksum is included.
 *
 * @example
 * import { Fault } from "effect-errata/testing"
 *
 * Fault.on({ source: "rest", nth: 2 }, Fault.shortRows("first"))
 * Fault.on({ path: "BTCUSDT-1h-2024-01.zip" }, Fault.shortRows("last", 0.9))
 *
 * @since 0.1.0
 * @category constructors
 */
export const shortRows = (keep: Kept = "first", share: number = 0.5): Fault => ({
  do: { _tag: "ShortRows", keep, share }
})

/**
 * The answer to another question for klines: the range asked for, shifted into the past, or with `"latest"` the newest
 * 500 candles, for any request, as a cache or a gateway in between may answer.
 *
 * @since 0.1.0
 * @category constructors
 */
export const otherRange = (shift: Duration.DurationInput | "latest" = "latest"): Fault => ({
  do: { _tag: "OtherRange", shift: shift === "latest" ? shift : Duration.decode(shift) }
})

/**
 * Another body than the right one, with the status 200 unless another is named, such as an error object, `null`, or a
 * page of HTML.
 *
 * @example
 * import { Fault } from "effect-errata/testing"
 *
 * Fault.body(`{"code":-1121,"msg":"Invalid symbol."}`)
 * Fault.body("<html>Please log in</html>", { contentType: "text/html" })
 * Fault.body("", { status: 202 })
 *
 * @since 0.1.0
 * @category constructors
 */
export const body = (
  body: string,
  options?: { readonly status?: number | undefined; readonly contentType?: string | undefined }
): Fault => ({
  do: {
    _tag: "Body",
    body,
    status: options?.status ?? 200,
    contentType: options?.contentType ?? "application/json;charset=UTF-8"
  }
})

/**
 * Corrupts a file of the archive: a zip, or its checksum file, according to the corruption.
 *
 * @since 0.1.0
 * @category constructors
 */
export const corruptFile = (corruption: Corruption): Fault => ({ do: { _tag: "CorruptFile", corruption } })

/**
 * Delays the publication of a file of the archive, which is missing (404) until then.
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
 * Limits a fault to the requests that match.
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
