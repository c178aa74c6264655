/** The failure of an attempt: its reason without secrets, and whether another attempt can succeed. */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Classifier from "../../Classifier.js"
import type * as FetchError from "../../FetchError.js"
import { visible } from "../log/line.js"
import { safeText } from "../safe/json.js"
import type { Rejection } from "./outbox.js"

export class DeliveryError extends Schema.TaggedError<DeliveryError>("effect-errata/Notifier/DeliveryError")(
  "DeliveryError",
  {
    message: Schema.String,
    /** The code of the error that the failure was classified as, such as `API_FORMAT`. */
    code: Schema.String,
    /** The status of the answer. */
    status: Schema.optional(Schema.Number),
    /** The wait that the receiver asked for. */
    retryAfter: Schema.optionalWith(Schema.DurationFromMillis, { as: "Option" })
  }
) {}

const maxText = 512

/** The failure of an attempt. `scrub` removes the secrets of the receiver from the text. */
export const deliveryError = (
  cause: Cause.Cause<unknown>,
  scrub: (text: string) => string = (text) => text
): Effect.Effect<DeliveryError> =>
  Effect.suspend(() => {
    const failure = Option.getOrUndefined(Cause.failureOption(cause))
    if (failure instanceof DeliveryError) return Effect.succeed(failure)
    return Effect.map(
      Classifier.classifyCause(cause),
      Option.match({
        onNone: () => errorOf("UNEXPECTED", "the attempt was interrupted"),
        onSome: (error) => {
          const status = statusOf(error)
          const isInText = status === undefined || error.message.includes(String(status))
          const message = isInText ? error.message : `${error.message} (status ${status})`
          return errorOf(error.code, scrub(message), status, error.retryAfter)
        }
      })
    )
  })

export const errorOf = (
  code: string,
  message: string,
  status?: number,
  retryAfter: Option.Option<Duration.Duration> = Option.none()
): DeliveryError =>
  new DeliveryError({
    code,
    message: visible(safeText(message, maxText)),
    retryAfter,
    ...status === undefined ? {} : { status }
  })

const statusOf = (error: FetchError.FetchError): number | undefined => "status" in error ? error.status : undefined

// Statuses of a request that the receiver may accept later.
const passing: ReadonlySet<number> = new Set([408, 409, 418, 421, 423, 425, 429])

// Statuses that are about the body of the request.
const ofBody: ReadonlySet<number> = new Set([400, 413, 415, 422])

/** The final answer of a receiver, which another attempt does not change. */
export const rejectionOf = ({ code, status }: DeliveryError): Rejection | undefined => {
  if (code === "API_RATE_LIMIT") return undefined
  if (status === undefined) return code === "API_AUTH" || code === "API_PERMISSION" ? "receiver" : undefined
  if (status < 300 || status >= 500 || passing.has(status)) return undefined
  return ofBody.has(status) ? "alert" : "receiver"
}

// A defect of the program may pass, but must not block the alerts behind it for ever.
const maxDefects = 5

/** Returns whether an alert is given up after so many failed attempts: the program cannot send it. */
export const isHopeless = ({ code }: DeliveryError, attempts: number): boolean =>
  code === "INTERNAL" && attempts >= maxDefects

const longestWait = Duration.days(1)

/** The wait that the receiver asked for, in milliseconds. */
export const waitOf = ({ retryAfter }: DeliveryError): number =>
  Option.match(retryAfter, {
    onNone: () => 0,
    onSome: (wait) => Duration.toMillis(Duration.min(wait, longestWait))
  })
