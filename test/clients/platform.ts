/** @effect/platform over each of its transports, in the ways that pipelines use it. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Get, Limits } from "./limits.js"
import { only } from "./limits.js"

type Request = (url: string) => Effect.Effect<unknown, unknown, HttpClient.HttpClient>

const Answer = Schema.Array(Schema.Unknown)

const client = Effect.map(HttpClient.HttpClient, HttpClient.followRedirects(5))
const checking = Effect.map(client, HttpClient.filterStatusOk)

const json: Request = (url) =>
  checking.pipe(Effect.flatMap((client) => client.get(url)), Effect.flatMap((response) => response.json))

const schema: Request = (url) =>
  client.pipe(
    Effect.flatMap((client) => client.get(url)),
    Effect.flatMap(HttpClientResponse.schemaBodyJson(Answer))
  )

const retrying: Request = (url) =>
  checking.pipe(
    Effect.map(HttpClient.retryTransient({ times: 1 })),
    Effect.flatMap((client) => client.get(url)),
    Effect.flatMap(HttpClientResponse.schemaBodyJson(Answer))
  )

const limited = (request: Request, layer: Layer.Layer<HttpClient.HttpClient>) => (url: string, limits: Limits) => {
  const millis = only(limits)
  const effect = Effect.provide(request(url), layer)
  return millis === undefined ? effect : Effect.timeout(effect, millis)
}

const runOptions = ({ signal }: Limits) => (signal === undefined ? {} : { signal })

/** Throws what the effect failed with, as `Effect.catchAll` would see it; the whole Cause if that is no failure. */
const failing = (request: Request, layer: Layer.Layer<HttpClient.HttpClient>): Get => async (url, limits) => {
  const exit = await Effect.runPromiseExit(limited(request, layer)(url, limits), runOptions(limits))
  if (Exit.isSuccess(exit)) return exit.value
  throw Option.getOrElse(Cause.failureOption(exit.cause), () => exit.cause)
}

/** Throws the whole Cause, as `Effect.catchAllCause` would see it. */
const causing = (request: Request, layer: Layer.Layer<HttpClient.HttpClient>): Get => async (url, limits) => {
  const exit = await Effect.runPromiseExit(limited(request, layer)(url, limits), runOptions(limits))
  if (Exit.isSuccess(exit)) return exit.value
  throw exit.cause
}

/** Rejects as `Effect.runPromise` does. */
const promising = (request: Request, layer: Layer.Layer<HttpClient.HttpClient>): Get => (url, limits) =>
  Effect.runPromise(limited(request, layer)(url, limits), runOptions(limits))

export const clients = {
  "platform/fetch, json": failing(json, FetchHttpClient.layer),
  "platform/fetch, schema": failing(schema, FetchHttpClient.layer),
  "platform/fetch, retrying": causing(retrying, FetchHttpClient.layer),
  "platform/fetch, promise": promising(json, FetchHttpClient.layer),
  "platform/undici, json": failing(json, NodeHttpClient.layerUndici),
  "platform/undici, schema": failing(schema, NodeHttpClient.layerUndici),
  "platform/undici, retrying": causing(retrying, NodeHttpClient.layerUndici),
  "platform/undici, promise": promising(json, NodeHttpClient.layerUndici),
  "platform/node:http, json": failing(json, NodeHttpClient.layer),
  "platform/node:http, schema": failing(schema, NodeHttpClient.layer),
  "platform/node:http, retrying": causing(retrying, NodeHttpClient.layer),
  "platform/node:http, promise": promising(json, NodeHttpClient.layer)
} as const satisfies { readonly [name: string]: Get }
