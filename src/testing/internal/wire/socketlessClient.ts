/** An HTTP client of a simulated server in the same process. It fails as the fetch client does over a real socket. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import type { Answer, Incoming, Reply } from "./wireModel.js"

export const socketlessClient = (handle: (incoming: Incoming) => Effect.Effect<Reply>): HttpClient.HttpClient =>
  HttpClient.make((request, url) =>
    Effect.flatMap(
      handle({
        method: request.method,
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: request.headers,
        body: request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
      }),
      ({ answer, delay, ending }) =>
        answer === undefined
          ? ending === "silence"
            ? Effect.never
            : new HttpClientError.RequestError({ request, reason: "Transport", cause: fetchFailed(ending) })
          : Effect.as(
            Effect.sleep(delay),
            HttpClientResponse.fromWeb(request, response(answer, ending, request.method === "HEAD"))
          )
    )
  )

// A response with one of these may not even have an empty body.
const bodiless = [204, 205, 304]

const response = ({ body, headers, status }: Answer, ending: Reply["ending"], isHead: boolean): Response => {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : Uint8Array.from(body)
  const content = isHead || bodiless.includes(status) ? null : ending === "complete" ? bytes : half(bytes, ending)
  return new Response(content, { status, headers: { ...headers, "content-length": String(bytes.length) } })
}

const half = (bytes: Uint8Array, ending: Exclude<Reply["ending"], "complete">): ReadableStream<Uint8Array> => {
  let sent = false
  return new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (!sent) {
        sent = true
        controller.enqueue(bytes.subarray(0, Math.floor(bytes.length / 2)))
      } else if (ending === "silence") {
        return new Promise<void>(() => {})
      } else {
        controller.error(new TypeError("terminated", { cause: otherSideClosed() }))
      }
    }
  }, { highWaterMark: 0 })
}

const fetchFailed = (ending: "reset" | "close" | "complete"): TypeError =>
  new TypeError("fetch failed", {
    cause: ending === "reset"
      ? Object.assign(new Error("read ECONNRESET"), { errno: -104, code: "ECONNRESET", syscall: "read" })
      : otherSideClosed()
  })

// The error of undici, which does not distinguish a reset from a close after the headers.
class SocketError extends Error {
  override readonly name = "SocketError"
  readonly code = "UND_ERR_SOCKET"
}

const otherSideClosed = (): Error => new SocketError("other side closed")
