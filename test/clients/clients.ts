/** The clients, each used as its documentation shows: what it rejects with is what gets classified. */
import axios from "axios"
import type { AxiosRequestConfig } from "axios"
import { binance } from "ccxt"
import { got } from "got"
import ky from "ky"
import nodeFetch from "node-fetch"
import http from "node:http"
import https from "node:https"
import { ofetch } from "ofetch"
import superagent from "superagent"
import * as undici from "undici"
import type { Get, Limits } from "./limits.js"
import { only, signalOf } from "./limits.js"
import * as platform from "./platform.js"

const withResponse = (response: object): Error => Object.assign(new Error("Bad response"), { response })

// ---------------------------------------------------------------------------------------------------------------------
// fetch
// ---------------------------------------------------------------------------------------------------------------------

const fetching = (refuse: (response: Response) => unknown): Get => async (url, limits) => {
  const response = await fetch(url, { signal: signalOf(limits) ?? null })
  if (!response.ok) throw await refuse(response)
  return response.json()
}

const withParts = async (response: Response): Promise<Error> =>
  Object.assign(new Error("Bad response"), {
    status: response.status,
    headers: response.headers,
    body: await response.text()
  })

// ---------------------------------------------------------------------------------------------------------------------
// undici
// ---------------------------------------------------------------------------------------------------------------------

const requesting =
  (...interceptors: ReadonlyArray<undici.Dispatcher.DispatcherComposeInterceptor>): Get => async (url, limits) => {
    const { body: bodyTimeout, connect: timeout, headers: headersTimeout, total } = limits
    const agent = new undici.Agent({ ...(timeout !== undefined && { connect: { timeout } }) })
    const options = {
      dispatcher: agent.compose(...interceptors),
      signal: limits.signal ?? (total === undefined ? null : AbortSignal.timeout(total)),
      // Of the redirect interceptor, and not in its types.
      throwOnMaxRedirect: true,
      ...(headersTimeout !== undefined && { headersTimeout }),
      ...(bodyTimeout !== undefined && { bodyTimeout })
    }
    const response = await undici.request(url, options)
    if (response.statusCode >= 300) throw withResponse(response)
    return response.body.json()
  }

const undiciFetch: Get = async (url, limits) => {
  const response = await undici.fetch(url, { signal: signalOf(limits) ?? null })
  if (!response.ok) throw withResponse(response)
  return response.json()
}

// ---------------------------------------------------------------------------------------------------------------------
// node:http
// ---------------------------------------------------------------------------------------------------------------------

const node: Get = (url, limits) =>
  new Promise((resolve, reject) => {
    const { get } = url.startsWith("https:") ? https : http
    const { signal, total, ...idle } = limits
    const aborting = signal ?? (total === undefined ? undefined : AbortSignal.timeout(total))
    const millis = only(idle)
    const options = {
      agent: false,
      ...(aborting !== undefined && { signal: aborting }),
      ...(millis !== undefined && { timeout: millis })
    }
    const request = get(url, options, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (chunk: string) => text += chunk).on("error", reject).on("end", () => {
        if (response.statusCode! >= 300) {
          const { headers, statusCode } = response
          return reject(Object.assign(new Error(`HTTP ${statusCode}`), { statusCode, headers, body: text }))
        }
        try {
          resolve(JSON.parse(text))
        } catch (error) {
          reject(error)
        }
      })
    })
    request.on("error", reject).on("timeout", () => request.destroy(new Error("Request timed out")))
  })

// ---------------------------------------------------------------------------------------------------------------------
// the rest
// ---------------------------------------------------------------------------------------------------------------------

const withAxios = (config: AxiosRequestConfig, read: (data: unknown) => unknown): Get => async (url, limits) => {
  // Its timeout starts anew with every byte.
  const { signal, total, ...idle } = limits
  const timeout = only(idle)
  const aborting = signalOf({ ...(total !== undefined && { total }), ...(signal !== undefined && { signal }) })
  const answer = await axios.get(url, {
    maxRedirects: 5,
    ...config,
    ...(timeout !== undefined && { timeout }),
    ...(aborting !== undefined && { signal: aborting })
  })
  return read(answer.data)
}

const strict: AxiosRequestConfig = {
  responseType: "json",
  transitional: { silentJSONParsing: false, forcedJSONParsing: true, clarifyTimeoutError: false }
}

const drained = async (stream: unknown): Promise<unknown> => {
  let text = ""
  for await (const chunk of stream as AsyncIterable<Buffer>) text += chunk.toString()
  return JSON.parse(text)
}

const withGot = (url: string, { body, connect, headers, signal, total }: Limits) =>
  got(url, {
    retry: { limit: 0 },
    ...(signal !== undefined && { signal }),
    timeout: {
      ...(connect !== undefined && { connect }),
      ...(headers !== undefined && { response: headers }),
      ...(body !== undefined && { read: body }),
      ...(total !== undefined && { request: total })
    }
  })

/** For clients whose timeout ends with the headers: whatever comes later takes a signal. */
const uptoHeaders = ({ body, connect, headers, signal, total }: Limits) =>
  [
    connect ?? headers,
    signalOf({
      ...(body !== undefined && { body }),
      ...(total !== undefined && { total }),
      ...(signal !== undefined && { signal })
    })
  ] as const

const withNodeFetch: Get = async (url, limits) => {
  const response = await nodeFetch(url, { signal: signalOf(limits) ?? null })
  if (!response.ok) throw withResponse(response)
  return response.json()
}

const withSuperagent: Get = async (url, limits) => {
  const { headers: response, signal } = limits
  const deadline = only(limits)
  const request = superagent.get(url).redirects(5)
  if (deadline !== undefined) request.timeout(response === undefined ? { deadline } : { response })
  signal?.addEventListener("abort", () => void request.abort())
  return (await request).body
}

const exchange = (timeout: number) => new binance({ enableRateLimit: false, timeout })

// Made once: it takes longer than all the rest of a request.
const patient = exchange(10_000)

const withCcxt: Get = (url, limits) => {
  const timeout = only(limits)
  return (timeout === undefined ? patient : exchange(timeout)).fetch(url, "GET")
}

export const clients = {
  "fetch, response thrown": fetching((response) => response),
  "fetch, response in error": fetching(withResponse),
  "fetch, parts in error": fetching(withParts),
  "fetch, status in text": fetching((response) => new Error(`HTTP error! status: ${response.status}`)),
  "undici.fetch": undiciFetch,
  "undici.request": requesting(),
  "undici.request, composed": requesting(
    undici.interceptors.redirect({ maxRedirections: 5 }),
    undici.interceptors.decompress(),
    undici.interceptors.responseError()
  ),
  "undici.request, retrying": requesting(undici.interceptors.retry({ maxRetries: 0, throwOnError: true })),
  "node:http": node,
  "axios": withAxios(strict, (data) => data),
  "axios, fetch adapter": withAxios({ ...strict, adapter: "fetch" }, (data) => data),
  "axios, buffer": withAxios({ responseType: "arraybuffer" }, (data) => JSON.parse(String(data))),
  "axios, stream": withAxios({ responseType: "stream" }, drained),
  "got": (url, limits) => withGot(url, limits).json(),
  "got, text": async (url, limits) => JSON.parse((await withGot(url, limits)).body),
  "ky": (url, limits) => {
    const [timeout, signal] = uptoHeaders(limits)
    return ky(url, { retry: 0, timeout: timeout ?? false, ...(signal !== undefined && { signal }) }).json()
  },
  "ofetch": (url, limits) => {
    const [timeout, signal] = uptoHeaders(limits)
    return ofetch(url, {
      retry: 0,
      ...(timeout !== undefined && { timeout }),
      ...(signal !== undefined && { signal })
    })
  },
  "node-fetch": withNodeFetch,
  "superagent": withSuperagent,
  "ccxt": withCcxt,
  ...platform.clients
} as const satisfies { readonly [name: string]: Get }

export type Client = keyof typeof clients
