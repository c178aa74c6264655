/** What a failed attempt says about the source: to the circuit, and to the gate. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as FetchError from "../../FetchError.js"
import { isRefusal } from "../error/mark.js"
import type { Outcome } from "./circuit.js"
import type { Refusal } from "./policyModel.js"

/**
 * Network errors, and server errors that a retry may cure, are failures of the source: any call could meet them. Every other
 * answer, with any content, is a success of the source. Errors of the client itself, and refusals, say nothing.
 */
export const outcomeOf = (error: FetchError.Trackable): Outcome<Refusal> => {
  if (isRefusal(error)) return "ignored"
  if (!FetchError.isFetchError(error)) return outcomeOfOwn(error)
  switch (error._tag) {
    case "NetworkTimeout":
    case "NetworkConnection":
    case "NetworkDns":
      return { failed: error }
    case "ApiFormat":
      return error.retryable ? { failed: error } : "succeeded"
    default:
      return error.category === "Api" || error.category === "Data" ? "succeeded" : "ignored"
  }
}

const outcomeOfOwn = (error: FetchError.Trackable): Outcome<Refusal> => {
  switch (error.category) {
    case "Network":
      return { failed: new FetchError.NetworkConnection(propsOf(error)) }
    case "Data":
      return "succeeded"
    case "Storage":
      return "ignored"
    default:
      if (namedBy(error) > 0) return "succeeded"
      if (error.retryable === true) return { failed: new FetchError.ApiFormat({ ...propsOf(error), retryable: true }) }
      return error.category === "Api" ? "succeeded" : "ignored"
  }
}

/**
 * The rate limit that holds for all calls to the source, if the error is one: an `ApiRateLimit`, or an error of another type
 * that names a wait and whose category is neither the network nor the data nor the storage.
 */
export const rateLimitOf = (error: FetchError.Trackable): FetchError.ApiRateLimit | undefined => {
  if (namedBy(error) <= 0 || isRefusal(error)) return undefined
  if (FetchError.isFetchError(error)) return error._tag === "ApiRateLimit" ? error : undefined
  if (error.category === "Network" || error.category === "Data" || error.category === "Storage") return undefined
  return new FetchError.ApiRateLimit({ ...propsOf(error), retryAfter: error.retryAfter })
}

/** The wait that the error names, in milliseconds; 0 if it names none. */
export const namedBy = ({ retryAfter }: FetchError.Trackable): number => {
  if (!Option.isOption(retryAfter) || Option.isNone(retryAfter)) return 0
  return Option.match(Duration.decodeUnknown(retryAfter.value), { onNone: () => 0, onSome: Duration.toMillis })
}

/** Converts an error of another type to one of the 17, since a refusal reaches callers that do not know the type. */
const propsOf = (error: FetchError.Trackable) => {
  const status = Predicate.hasProperty(error, "status") ? error.status : undefined
  return {
    message: error.message,
    context: error.context,
    cause: error,
    ...(Number.isInteger(status) && Predicate.isNumber(status) ? { status } : {})
  }
}
