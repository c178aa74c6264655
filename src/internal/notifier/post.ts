/** Sends JSON to an address that may be a secret. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { withDeadline } from "../deadline.js"
import { attempt } from "../safe/json.js"
import { mask } from "../safe/secretNames.js"
import { deliveryError } from "./deliveryError.js"
import type { DeliveryError } from "./deliveryError.js"

export interface Target {
  readonly url: Redacted.Redacted
  readonly headers: Readonly<Record<string, Redacted.Redacted>>
}

/** Succeeds with a status from 200 to 299. Neither error, nor trace, nor log shows the address. */
export const post = (
  { headers, url }: Target,
  body: unknown,
  idempotencyKey?: string
): Effect.Effect<void, DeliveryError, HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    const request = HttpClientRequest.post(Redacted.value(url)).pipe(
      HttpClientRequest.setHeaders(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
      HttpClientRequest.setHeaders(Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, Redacted.value(value)])
      )),
      HttpClientRequest.bodyText(JSON.stringify(body), "application/json")
    )
    const response = yield* Effect.flatMap(
      client.execute(request),
      HttpClientResponse.filterStatus((status) => status >= 200 && status < 300)
    )
    yield* discard(response)
  }).pipe(
    // Spans hold the whole URL.
    Effect.withTracerEnabled(false),
    withoutRedirects,
    Effect.catchAllCause((cause) =>
      Cause.isInterruptedOnly(cause)
        ? Effect.interrupt
        : Effect.flatMap(deliveryError(cause, scrubber(Redacted.value(url))), Effect.fail)
    )
  )

/** Reads the body of the answer, which frees the connection. */
const discard = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  response.stream.pipe(
    Stream.take(64),
    Stream.runDrain,
    Effect.interruptible,
    withDeadline({ duration: "1 second", onTimeout: () => "too slow" }),
    Effect.ignore
  )

/** A redirect turns a POST into a GET, whose answer would pass for an accepted alert. */
const withoutRedirects = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(
    Effect.serviceOption(FetchHttpClient.RequestInit),
    (init) =>
      Effect.provideService(effect, FetchHttpClient.RequestInit, {
        ...Option.getOrUndefined(init),
        redirect: "manual"
      })
  )

const leastSecret = 8

/** Masks the parts of a URL that may be secrets: its path, long steps of the path, and the values of its query. */
const scrubber = (url: string): (text: string) => string => {
  const parsed = attempt(() => new URL(url))
  const parts = parsed === undefined ? [] : [
    parsed.href,
    `${parsed.pathname}${parsed.search}`,
    ...parsed.pathname.split("/"),
    ...parsed.searchParams.values()
  ]
  const secrets = [url, ...parts, ...parts.map((part) => attempt(() => decodeURIComponent(part)) ?? part)]
    .filter((part) => part.length >= leastSecret)
    .sort((a, b) => b.length - a.length)
  return (text) => secrets.reduce((text, secret) => text.replaceAll(secret, mask), text)
}
