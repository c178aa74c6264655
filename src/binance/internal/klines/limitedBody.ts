/** The text of an answer, up to a size limit: a body may be endless. */
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ApiFormat } from "../../../FetchError.js"

/** Fails with `ApiFormat` after more than `limit` bytes, and cancels the rest. */
export const limitedText = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number
): Effect.Effect<string, HttpClientError.ResponseError | ApiFormat> =>
  Effect.suspend(() => {
    const decoder = new TextDecoder()
    let size = 0
    let text = ""
    // A status without a body.
    if (response.status === 204) return Effect.succeed(text)
    return response.stream.pipe(
      Stream.runForEach((chunk) => {
        size += chunk.byteLength
        if (size > limit) return Effect.fail(tooLarge(response.status, limit))
        text += decoder.decode(chunk, { stream: true })
        return Effect.void
      }),
      Effect.map(() => text + decoder.decode())
    )
  })

const tooLarge = (status: number, limit: number): ApiFormat =>
  new ApiFormat({
    message: `The response body is larger than ${limit / 1_048_576} MiB; that of klines has at most a few hundred KiB`,
    status,
    retryable: true
  })
