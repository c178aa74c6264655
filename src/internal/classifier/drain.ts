/** Reads the unread body of an answer: it holds the reason, and keeps the socket open until it is read. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { withDeadline } from "../deadline.js"
import { isClientResponse, isStream, maxBody } from "./answer.js"
import { get, isObject } from "./read.js"

/** At most 64 kB within a second; what is longer or slower is cancelled. None if it cannot be read. */
export const drain = (response: object): Effect.Effect<Option.Option<string>> =>
  bytes(response).pipe(
    Stream.mapAccum(0, (size, chunk: Uint8Array) => [size + chunk.byteLength, { chunk, before: size }]),
    Stream.takeUntil(({ before, chunk }) => before + chunk.byteLength >= maxBody),
    Stream.map(({ before, chunk }) => chunk.subarray(0, maxBody - before)),
    Stream.runCollect,
    // Error handlers often run in an uninterruptible region, but a body without end must be interrupted.
    Effect.interruptible,
    withDeadline({ duration: "1 second", onTimeout: () => "too slow" }),
    Effect.map((chunks) => Option.some(joined(chunks))),
    Effect.catchAllCause(() => Effect.succeedNone)
  )

const joined = (chunks: Chunk.Chunk<Uint8Array>): string => {
  const decoder = new TextDecoder()
  return Chunk.toReadonlyArray(chunks).map((chunk) => decoder.decode(chunk, { stream: true })).join("") +
    decoder.decode()
}

const bytes = (response: object): Stream.Stream<Uint8Array, unknown> =>
  Stream.unwrap(Effect.sync(() => {
    const body = isClientResponse(response)
      ? get(response, "stream")
      : isStream(response)
      ? response
      : get(response, "body")
    // The id says so.
    if (Stream.StreamTypeId in Object(body)) return body as Stream.Stream<Uint8Array, unknown>
    if (!isObject(body) || get(body, "locked") === true) return Stream.empty
    // What has these methods is taken for a stream: its class may be of another realm, or a client's own.
    return typeof get(body, "getReader") === "function"
      ? Stream.fromReadableStream(() => body as unknown as ReadableStream<Uint8Array>, (error) => error)
      : Stream.fromAsyncIterable(body as unknown as AsyncIterable<unknown>, (error) => error).pipe(Stream.map(asBytes))
  }))

const asBytes = (chunk: unknown): Uint8Array =>
  chunk instanceof Uint8Array ? chunk : new TextEncoder().encode(typeof chunk === "string" ? chunk : "")
