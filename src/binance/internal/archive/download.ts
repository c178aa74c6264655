/** Downloads over HTTP: in pieces, with timeouts and a size limit, and with a checksum. */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as FetchContext from "../../../FetchContext.js"
import { type DataIntegrity, withContext } from "../../../FetchError.js"
import { drain } from "../../../internal/classifier/drain.js"
import { withDeadline, withIdleDeadline } from "../../../internal/deadline.js"
import { monotonicMillis as monotonic } from "../../../internal/monotonicMillis.js"
import { attempt } from "../../../internal/safe/json.js"
import type { ExchangeClock } from "../klines/exchangeClock.js"
import { heardDate } from "../klines/exchangeTime.js"
import * as failure from "../klines/failure.js"
import { corrupt } from "../klines/failure.js"
import type { ArchiveModules } from "../optionalModules.js"
import { makePieces, type Pieces } from "./pieces.js"

export interface Downloaded {
  readonly bytes: Pieces
  /** The checksum of all bytes, in hexadecimal. */
  readonly sha256: string
}

export interface Deadlines {
  /** The timeout of the whole file. */
  readonly timeout: Duration.Duration
  /** The timeout of the next piece. */
  readonly idleTimeout: Duration.Duration
}

/** Downloads a file. None if it does not exist. */
export type Download = (
  url: string,
  maxSize: number,
  context: FetchContext.Input
) => Effect.Effect<Option.Option<Downloaded>, failure.KlinesError>

export const makeDownload = (
  client: HttpClient.HttpClient,
  crypto: ArchiveModules["crypto"],
  clock: ExchangeClock,
  { idleTimeout, timeout }: Deadlines
): Download => {
  const get = Effect.fnUntraced(function*(url: string, maxSize: number) {
    const sent = yield* monotonic
    const response = yield* client.get(url).pipe(
      withDeadline({
        duration: idleTimeout,
        onTimeout: () => failure.timedOut("No answer", idleTimeout, "headers")
      })
    )
    yield* heardDate(clock, attempt(() => new URL(url).host) ?? url, response.headers, sent)
    if (response.status === 404) {
      // An unread body keeps its socket open.
      yield* drain(response)
      return Option.none()
    }
    const { stream } = yield* HttpClientResponse.filterStatusOk(response)
    const bytes = makePieces()
    const hash = crypto.createHash("sha256")
    yield* stream.pipe(
      withIdleDeadline({
        duration: idleTimeout,
        onTimeout: () => failure.timedOut("The download of the file stalled", idleTimeout, "body")
      }),
      Stream.runForEach((piece) => {
        hash.update(piece)
        bytes.push(piece)
        return bytes.size() > maxSize ? Effect.fail(tooLarge(maxSize)) : Effect.void
      })
    )
    return Option.some({ bytes, sha256: hash.digest("hex") })
  })

  return (url, maxSize, context) => {
    const asked = { ...context, url }
    return get(url, maxSize).pipe(
      withDeadline({
        duration: timeout,
        onTimeout: () => failure.timedOut("The download of the file is incomplete", timeout, "total")
      }),
      Effect.catchAll((cause) =>
        Effect.flatMap(
          monotonic,
          (at) => Effect.flatMap(failure.classify(cause, asked, clock.earliest(at), []), Effect.fail)
        )
      ),
      Effect.mapError((error) => withContext(error, asked))
    )
  }
}

const tooLarge = (maxSize: number): DataIntegrity =>
  corrupt("The file is larger than any file of its period", `at most ${maxSize} bytes`, "more")
