/**
 * The faults that a runtime reports in its own way. Each either rejects or throws; one that the runtime offers no API for
 * is absent. The addresses are those of servers in the parent process.
 */
import { Buffer } from "node:buffer"
import { lookup } from "node:dns/promises"
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import http from "node:http"
import https from "node:https"
import net from "node:net"
import { promisify } from "node:util"
import zlib from "node:zlib"
import type { Bun, Deno } from "./globals.js"
import { bun, deno } from "./globals.js"

/** URLs by the name of what answers there. */
export interface Addresses {
  readonly [name: string]: string
}

export interface Fault {
  readonly name: string
  readonly provoke: () => unknown
}

/** Milliseconds of silence after which a request is given up. */
const patience = 100

const unknownHost = `${"x".repeat(64)}.invalid`

const statuses = [400, 401, 403, 404, 407, 408, 418, 429, 451, 500, 502, 503, 504] as const

const json = async (url: string, init?: RequestInit): Promise<unknown> => (await fetch(url, init)).json()

const thrownResponse = async (url: string): Promise<never> => {
  const response = await fetch(url, { redirect: "manual" })
  throw response
}

const abortable = (after: (url: string, signal: AbortSignal, abort: () => void) => Promise<unknown>, url: string) => {
  const controller = new AbortController()
  return after(url, controller.signal, () => controller.abort())
}

/** Reads the first bytes, has the server reset the connection, and reads on. */
const resetInBody = async (url: string, cut: string): Promise<unknown> => {
  const response = await fetch(url)
  const reader = response.body!.getReader()
  await reader.read()
  await (await fetch(cut)).text()
  for (;;) if ((await reader.read()).done) return undefined
}

const viaHttp = (url: string, options: https.RequestOptions = {}): Promise<string> =>
  new Promise((resolve, reject) => {
    const get = url.startsWith("https:") ? https.get : http.get
    const request = get(url, options, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("end", () => resolve(Buffer.concat(chunks).toString()))
      response.on("error", reject)
    })
    request.on("error", reject)
  })

const viaSocket = (url: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const socket = net.connect(Number(port), hostname)
    socket.on("connect", () => socket.destroy()).on("close", resolve).on("error", reject)
  })

/** The events of a WebSocket that fails to open. Not every runtime fires both. */
const viaWebSocket = (url: string, event: "error" | "close"): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace(/^http/, "ws"))
    socket.addEventListener(event, reject)
    socket.addEventListener("error", () => setTimeout(resolve, patience))
  })

const decompressed = (format: CompressionFormat, bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
  new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format))).text()

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
const cut = (whole: Buffer): Uint8Array<ArrayBuffer> => Uint8Array.from(whole.subarray(0, -12))
const text = "some text that is long enough to be worth compressing, some text that is long enough"

const withBody: RequestInit = { body: "x" }

/** Runs a program that would not compile. */
const evaluate = (program: string): unknown => Reflect.construct(Function, [program])()

const missing = "/no-such-folder/no-such-file"

type Row = readonly [name: string, provoke: () => unknown]

const denoFaults = (deno: Deno, at: Addresses): ReadonlyArray<Row> => [
  ["Deno: no such file, read", () => deno.readTextFile(missing)],
  ["Deno: no such folder, write", () => deno.writeTextFile(missing, "")],
  ["Deno: refused", () => deno.connect({ port: Number(new URL(at["refusing"]!).port) })]
]

const bunFaults = (bun: Bun): ReadonlyArray<Row> => [
  ["Bun: no such file, read", () => bun.file(missing).text()],
  ["Bun: no such folder, write", () => bun.write("/proc/no-such-folder/file", "x")]
]

/** The faults that this runtime can be made to show. */
export const faults = (at: Addresses): ReadonlyArray<Fault> => {
  const all: ReadonlyArray<Row> = [
    // Connections
    ["fetch: refused", () => fetch(at["refusing"]!)],
    ["fetch: host not found", () => fetch(`http://${unknownHost}/`)],
    ["fetch: host not found, reserved domain", () => fetch("http://no-such-host.invalid/")],
    ["fetch: reset before the headers", () => fetch(at["reset"]!)],
    ["fetch: closed before the headers", () => fetch(at["close"]!)],
    ["fetch: closed in the headers", () => fetch(at["closeInHeaders"]!)],
    ["fetch: closed in the body", () => json(at["closeInBody"]!)],
    ["fetch: closed in chunks", () => json(at["closeInChunks"]!)],
    ["fetch: reset in the body", () => resetInBody(at["beginAndWait"]!, at["cut"]!)],
    ["fetch: HTTP asked of a port that speaks TLS", () => fetch(at["httpOnTls"]!)],
    ["fetch: TLS asked of a port that speaks HTTP", () => fetch(at["tlsOnHttp"]!)],
    ["fetch: self-signed certificate", () => fetch(at["selfSigned"]!)],
    ["fetch: certificate of an unknown issuer", () => fetch(at["ofUnknownIssuer"]!)],
    ["fetch: certificate expired", () => fetch(at["expired"]!)],
    ["fetch: certificate not valid yet", () => fetch(at["notYetValid"]!)],
    ["fetch: certificate of another host", () => fetch(at["ofAnotherHost"]!)],
    // Time
    ["fetch: connect timeout by a signal", () => fetch(at["full"]!, { signal: AbortSignal.timeout(patience) })],
    ["fetch: silence, timeout by a signal", () => fetch(at["silence"]!, { signal: AbortSignal.timeout(patience) })],
    [
      "fetch: silence in the body, timeout by a signal",
      () => json(at["silenceInBody"]!, { signal: AbortSignal.timeout(patience) })
    ],
    [
      "fetch: aborted by the caller",
      () =>
        abortable((url, signal, abort) => {
          setTimeout(abort, patience / 2)
          return fetch(url, { signal })
        }, at["silence"]!)
    ],
    [
      "fetch: aborted by the caller, in the body",
      () =>
        abortable(async (url, signal, abort) => {
          const response = await fetch(url, { signal })
          setTimeout(abort, patience / 2)
          return response.json()
        }, at["silenceInBody"]!)
    ],
    ["fetch: aborted before it began", () => fetch(at["silence"]!, { signal: AbortSignal.abort() })],
    // Malformed responses
    ["fetch: another protocol", () => fetch(at["anotherProtocol"]!)],
    ["fetch: noise", () => fetch(at["noise"]!)],
    ["fetch: header without a colon", () => fetch(at["headerWithoutColon"]!)],
    ["fetch: unreadable length", () => json(at["unreadableLength"]!)],
    ["fetch: oversized headers", () => fetch(at["oversizedHeaders"]!)],
    ["fetch: broken chunk", () => json(at["brokenChunk"]!)],
    ["fetch: redirect loop", () => fetch(at["loop"]!)],
    ["fetch: redirect refused by the caller", () => fetch(at["loop"]!, { redirect: "error" })],
    ["fetch: redirect to no URL", () => fetch(at["redirectToNoUrl"]!)],
    ["fetch: redirect to another protocol", () => fetch(at["redirectToFtp"]!)],
    ["fetch: redirect to a port that refuses", () => fetch(at["redirectToRefusing"]!)],
    // Bodies
    ...["gzip", "br", "deflate"].flatMap((encoding) =>
      ["notCompressed", "flipped", "cutShort"].map((how) =>
        [`fetch: ${encoding}, ${how}`, () => json(at[`${encoding}/${how}`]!)] as const
      )
    ),
    ["fetch: HTML instead of JSON", () => json(at["html"]!)],
    ["fetch: JSON cut short", () => json(at["jsonCut"]!)],
    ["fetch: no body instead of JSON", () => json(at["nothing"]!)],
    ["fetch: 204 instead of JSON", () => json(at["status/204"]!)],
    // Statuses
    ...statuses.map((status) => [`fetch: ${status}`, () => thrownResponse(at[`status/${status}`]!)] as const),
    // Mistakes of the caller
    ["fetch: unknown scheme", () => fetch("nosuchscheme://127.0.0.1/")],
    ["fetch: port that is blocked", () => fetch("http://127.0.0.1:1/")],
    ["fetch: no URL", () => fetch("http://[bad")],
    ["fetch: GET with a body", () => fetch(at["refusing"]!, withBody)],
    ["fetch: header that cannot be sent", () => fetch(at["refusing"]!, { headers: { "x-a": "a\nb" } })],
    ["fetch: body read twice", async () => {
      const response = await fetch(at["html"]!)
      await response.text()
      return response.text()
    }],
    ["URL: no URL", () => new URL("no url")],
    // node:http
    ["node:http: refused", () => viaHttp(at["refusing"]!)],
    ["node:http: host not found", () => viaHttp(`http://${unknownHost}/`)],
    ["node:http: reset before the headers", () => viaHttp(at["reset"]!)],
    ["node:http: closed before the headers", () => viaHttp(at["close"]!)],
    ["node:http: closed in the body", () => viaHttp(at["closeInBody"]!)],
    [
      "node:http: silence, timeout by a signal",
      () => viaHttp(at["silence"]!, { signal: AbortSignal.timeout(patience) })
    ],
    ["node:http: self-signed certificate", () => viaHttp(at["selfSigned"]!)],
    ["node:http: certificate of another host", () => viaHttp(at["ofAnotherHost"]!)],
    ["node:http: certificate expired", () => viaHttp(at["expired"]!)],
    ["node:http: another protocol", () => viaHttp(at["anotherProtocol"]!)],
    ["node:net: refused", () => viaSocket(at["refusing"]!)],
    ["node:dns: host not found", () => lookup("no-such-host.invalid")],
    // WebSocket
    ...(typeof WebSocket === "undefined" ? [] : (["error", "close"] as const).flatMap((event) => [
      [`WebSocket: refused, ${event}`, () => viaWebSocket(at["refusing"]!, event)] as const,
      [`WebSocket: handshake refused by 429, ${event}`, () => viaWebSocket(at["status/429"]!, event)] as const
    ])),
    // Files
    ["node:fs: no such file, read", () => readFile(missing)],
    ["node:fs: no such folder, write", () => writeFile(missing, "")],
    ["node:fs: a folder, read", () => readFile("/tmp")],
    ["node:fs: a folder, write", () => writeFile("/tmp", "")],
    ["node:fs: exists", () => mkdir("/tmp")],
    ["node:fs: not a folder", () => readdir("/etc/hostname")],
    ...(deno === undefined ? [] : denoFaults(deno, at)),
    ...(bun === undefined ? [] : bunFaults(bun)),
    // Parsing
    ["JSON: cut short", () => JSON.parse("[[1,2")],
    ["JSON: HTML", () => JSON.parse("<html>")],
    ["JSON: empty", () => JSON.parse("")],
    ["JSON: a word", () => JSON.parse("undefined")],
    ["JSON: a property without quotes", () => JSON.parse("{a: 1}")],
    ["JSON: trailing comma", () => JSON.parse("[1,]")],
    ["JSON: text after the end", () => JSON.parse("{} {}")],
    ["JSON: control character", () => JSON.parse("\"a\nb\"")],
    ["JSON: bad escape", () => JSON.parse("\"\\x\"")],
    ["JSON: bad number", () => JSON.parse("[01]")],
    ["TextDecoder: no UTF-8", () => new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.of(0xff, 0xfe, 0xfd))],
    // Compression
    ["zlib: gunzip of text", () => promisify(zlib.gunzip)(bytes("this was never compressed"))],
    ["zlib: gunzip, cut short", () => promisify(zlib.gunzip)(cut(zlib.gzipSync(text)))],
    ["zlib: inflate of text", () => zlib.inflateSync(bytes("this was never compressed"))],
    ["zlib: brotli of text", () => promisify(zlib.brotliDecompress)(bytes("this was never compressed"))],
    ["DecompressionStream: gzip of text", () => decompressed("gzip", bytes("this was never compressed"))],
    ["DecompressionStream: gzip, cut short", () => decompressed("gzip", cut(zlib.gzipSync(text)))],
    ["DecompressionStream: deflate of text", () => decompressed("deflate", bytes("this was never compressed"))],
    // Bugs
    ["bug: property of undefined", () => (undefined as unknown as { readonly a: { readonly b: unknown } }).a.b],
    ["bug: not a function", () => (({}) as { readonly f: () => unknown }).f()],
    ["bug: not defined", () => evaluate("return notDefinedAnywhere")],
    ["bug: syntax", () => evaluate("return (")],
    ["bug: length of an array", () => Array.from({ length: 0 }, () => 0).concat(Array(-1))],
    ["bug: constant", () => evaluate("const a = 1; a = 2")],
    ["bug: clone of a function", () => structuredClone(() => 0)],
    ["bug: BigInt in JSON", () => JSON.stringify(1n)],
    ["bug: circular JSON", () => {
      const circle: { self?: unknown } = {}
      circle.self = circle
      return JSON.stringify(circle)
    }],
    ["bug: stack overflow", function overflow(): unknown {
      return [overflow()]
    }],
    ["bug: URI", () => decodeURIComponent("%")]
  ]
  return all.map(([name, provoke]) => ({ name, provoke }))
}
