/** What the errors of a request say about it, and whether it may be sent twice. */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Either from "effect/Either"
import type * as FetchContext from "../../FetchContext.js"
import type { Trackable } from "../../FetchError.js"
import { isFetchError } from "../../FetchError.js"

/** The URL that is sent; undefined if it is none. */
const urlOf = ({ hash, url, urlParams }: HttpClientRequest.HttpClientRequest): URL | undefined =>
  Either.getOrUndefined(UrlParams.makeUrl(url, urlParams, hash))

/** The context of a request: its masked URL, and `method`, `host` and `endpoint` as attributes. */
export const contextOf = (
  request: HttpClientRequest.HttpClientRequest,
  source: string | undefined,
  endpoint: (request: HttpClientRequest.HttpClientRequest, path: string) => string
): FetchContext.Input => {
  const url = urlOf(request)
  const { method } = request
  if (url === undefined) return { source, url: request.url, attributes: { method } }
  const { host, href, pathname } = url
  return { source: source ?? host, url: href, attributes: { method, host, endpoint: endpoint(request, pathname) } }
}

// RFC 9110, section 9.2.2.
const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])

/** Whether a request has the same effect if it is sent twice: by its method, or by a key that the server compares. */
export const isIdempotent = ({ headers, method }: HttpClientRequest.HttpClientRequest): boolean =>
  idempotent.has(method) || headers["idempotency-key"] !== undefined || headers["x-idempotency-key"] !== undefined

/** Whether the server has not acted on a request that failed with this error. */
export const wasNotProcessed = (error: Trackable): boolean => {
  if (!isFetchError(error)) return false
  switch (error._tag) {
    case "ApiRateLimit":
    case "NetworkDns":
      return true
    case "NetworkConnection":
      return error.errno === "ECONNREFUSED"
    case "NetworkTimeout":
      return error.phase === "connect"
    default:
      return false
  }
}
