/** Clients that do alike, since they stand on the same ground. */
import type { Client } from "./clients.js"

const overFetch = [
  "fetch, response thrown",
  "fetch, response in error",
  "fetch, parts in error",
  "fetch, status in text",
  "undici.fetch",
  "axios, fetch adapter",
  "ky",
  "ofetch"
] as const satisfies ReadonlyArray<Client>

export const platformFetch = [
  "platform/fetch, json",
  "platform/fetch, schema",
  "platform/fetch, retrying",
  "platform/fetch, promise"
] as const satisfies ReadonlyArray<Client>

export const platformUndici = [
  "platform/undici, json",
  "platform/undici, schema",
  "platform/undici, retrying",
  "platform/undici, promise"
] as const satisfies ReadonlyArray<Client>

export const platformNode = [
  "platform/node:http, json",
  "platform/node:http, schema",
  "platform/node:http, retrying",
  "platform/node:http, promise"
] as const satisfies ReadonlyArray<Client>

export const platform = [...platformFetch, ...platformUndici, ...platformNode] as const

const undiciRequest = [
  "undici.request",
  "undici.request, composed",
  "undici.request, retrying"
] as const satisfies ReadonlyArray<Client>

export const overUndici = [...overFetch, ...undiciRequest, ...platformFetch, ...platformUndici] as const

/** undici's own requests, which fetch does not go through. */
export const overUndiciRequest = [...undiciRequest, "ccxt", ...platformUndici] as const satisfies ReadonlyArray<Client>

/** They know one limit, or one signal, for all of a request. */
export const oneLimit = [
  ...overFetch,
  "node:http",
  "axios",
  "axios, buffer",
  "axios, stream",
  ...platform
] as const satisfies ReadonlyArray<Client>

/** They hand on the bytes of the body as they came. */
export const withoutDecompression = [
  "undici.request",
  "undici.request, retrying",
  "node:http",
  ...platformUndici,
  ...platformNode
] as const satisfies ReadonlyArray<Client>

/** They do not follow redirects. */
export const withoutRedirects = [
  "undici.request",
  "undici.request, retrying",
  "node:http"
] as const satisfies ReadonlyArray<Client>

/** A signal interrupts the fiber: for these that is all there is to see. */
export const interruptible = [
  "platform/fetch, json",
  "platform/fetch, schema",
  "platform/fetch, retrying",
  "platform/undici, json",
  "platform/undici, schema",
  "platform/undici, retrying",
  "platform/node:http, json",
  "platform/node:http, schema",
  "platform/node:http, retrying"
] as const satisfies ReadonlyArray<Client>

export const promising = [
  "platform/fetch, promise",
  "platform/undici, promise",
  "platform/node:http, promise"
] as const satisfies ReadonlyArray<Client>

/** They decode what comes, and never ask for the status. */
export const withoutStatus = [
  "platform/fetch, schema",
  "platform/undici, schema",
  "platform/node:http, schema"
] as const satisfies ReadonlyArray<Client>

/** They decode what comes by a schema. */
export const withSchema = [
  ...withoutStatus,
  "platform/fetch, retrying",
  "platform/undici, retrying",
  "platform/node:http, retrying"
] as const satisfies ReadonlyArray<Client>
