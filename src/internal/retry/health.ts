/** What a failed attempt tells about the source. */
import * as FetchError from "../../FetchError.js"
import type { Refusal } from "../../RetryPolicy.js"

/** Was it not even sent? Then it tells what is known already. */
export const isRefusal = ({ context }: FetchError.Trackable): boolean =>
  typeof context.attributes?.["refused"] === "string"

/**
 * The error itself if it is a fault of the network or of the server, which the next attempt would meet, too, whatever it
 * asks for. `well` if the source has answered, whatever it said.
 */
export const healthOf = (error: FetchError.Trackable): Refusal | "well" | "unknown" => {
  if (!FetchError.isFetchError(error) || isRefusal(error)) return "unknown"
  switch (error._tag) {
    case "NetworkTimeout":
    case "NetworkConnection":
    case "NetworkDns":
      return error
    case "ApiFormat":
      return error.retryable ? error : "well"
    default:
      return error.category === "Api" || error.category === "Data" ? "well" : "unknown"
  }
}
