/** Real errors of the clients that come with Node.js and @effect/platform, over real sockets. */
import { NodeHttpClient } from "@effect/platform-node"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Classifier from "effect-errata/Classifier"
import type * as FetchError from "effect-errata/FetchError"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as http from "node:http"
import * as net from "node:net"
import * as zlib from "node:zlib"

const caught = (run: () => unknown): Promise<unknown> =>
  (async () => run())().then(() => assert.fail("nothing was thrown"), (error: unknown) => error)

/** The fields named in `expected` are those of the error. */
const assertError = (cause: unknown, expected: Partial<Record<string, unknown>>, context = {}) => {
  const error = Classifier.classifySync(cause, { context })
  const seen = Object.fromEntries(Object.keys(expected).map((key) => [key, Reflect.get(error, key)]))
  assert.deepStrictEqual(seen, expected, error.message)
}

const head = (status: string, more: ReadonlyArray<string>) => [`HTTP/1.1 ${status}`, ...more, "", ""].join("\r\n")
const gzip = zlib.gzipSync("{\"a\":1}")
const spoiled = Buffer.from(gzip).fill(0xff, 10)

const faults: Record<string, (socket: net.Socket) => void> = {
  "/hang": () => {},
  "/hang-body": (socket) => socket.write(head("200 OK", ["content-length: 9"]) + "{"),
  "/reset": (socket) => socket.resetAndDestroy(),
  "/close": (socket) => socket.end(),
  "/short": (socket) => socket.end(head("200 OK", ["content-length: 99"]) + "{"),
  "/cut-chunk": (socket) => socket.end(head("200 OK", ["transfer-encoding: chunked"]) + "9\r\n{"),
  "/no-http": (socket) => socket.end("220 ready\r\n"),
  "/overflow": (socket) => socket.end(head("200 OK", [`x: ${"x".repeat(100_000)}`])),
  "/loop": (socket) => socket.end(head("302 Found", ["location: /loop", "content-length: 0"])),
  "/nowhere": (socket) => socket.end(head("302 Found", ["location: http://[", "content-length: 0"])),
  "/gzip": (socket) =>
    socket.end(
      Buffer.concat([
        Buffer.from(head("200 OK", ["content-encoding: gzip", `content-length: ${spoiled.length}`])),
        spoiled
      ])
    ),
  "/html": (socket) => socket.end(head("200 OK", ["content-length: 6"]) + "<html>"),
  "/429": (socket) =>
    socket.end(
      head("429 Too Many Requests", ["retry-after: 7", "content-length: 27"]) + "{\"code\":-1003,\"msg\":\"Stop\"}"
    ),
  "/503": (socket) => socket.end(head("503 Service Unavailable", ["content-length: 4"]) + "down")
}

let base = ""
let refused = ""
const sockets = new Set<net.Socket>()
const server = net.createServer((socket) => {
  sockets.add(socket)
  socket.on("error", () => {})
  socket.once("data", (data) => faults[data.toString().split(" ", 2)[1] ?? ""]?.(socket))
})
const listen = (server: net.Server) =>
  new Promise<string>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}`))
  )

beforeAll(async () => {
  base = await listen(server)
  const gone = net.createServer()
  refused = await listen(gone)
  await new Promise((resolve) => gone.close(resolve))
})
afterAll(() => {
  for (const socket of sockets) socket.destroy()
  server.close()
})

const late = () => ({ signal: AbortSignal.timeout(50) })

describe("global fetch", () => {
  const table: ReadonlyArray<readonly [string, string, () => RequestInit, Partial<Record<string, unknown>>]> = [
    ["refused", "", () => ({}), { _tag: "NetworkConnection", errno: "ECONNREFUSED", retryable: true }],
    ["reset", "/reset", () => ({}), { _tag: "NetworkConnection", retryable: true }],
    ["closed", "/close", () => ({}), { _tag: "NetworkConnection", retryable: true }],
    ["cut short", "/short", () => ({}), { _tag: "NetworkConnection", retryable: true }],
    ["cut in a chunk", "/cut-chunk", () => ({}), { _tag: "NetworkConnection", retryable: true }],
    ["no HTTP", "/no-http", () => ({}), { _tag: "ApiFormat", retryable: false }],
    ["too large a header", "/overflow", () => ({}), { _tag: "ApiFormat", retryable: false }],
    ["a redirect loop", "/loop", () => ({}), { _tag: "ApiFormat", retryable: false }],
    ["a redirect to nowhere", "/nowhere", () => ({}), { _tag: "ApiFormat", retryable: false }],
    ["corrupt gzip", "/gzip", () => ({}), { _tag: "DataIntegrity", retryable: true }],
    ["no JSON", "/html", () => ({}), { _tag: "DataTransformation", excerpt: "<html>" }],
    ["too slow", "/hang", late, { _tag: "NetworkTimeout", phase: "total" }],
    ["too slow a body", "/hang-body", late, { _tag: "NetworkTimeout", phase: "total" }],
    ["aborted by the caller", "/hang", () => ({ signal: AbortSignal.abort() }), {
      _tag: "Unexpected",
      retryable: false
    }]
  ]
  for (const [name, path, init, expected] of table) {
    it(name, async () => {
      const url = path === "" ? refused : base + path
      assertError(await caught(async () => (await fetch(url, init())).json()), expected)
    })
  }

  it("a host name that is none", async () => {
    assertError(await caught(() => fetch("http://no-such-host.invalid")), {
      _tag: "NetworkDns",
      hostname: "no-such-host.invalid"
    })
  })

  it("an address, a scheme, a port that the caller got wrong", async () => {
    for (const url of ["nope", "foo://x", "http://127.0.0.1:6000"]) {
      assertError(await caught(() => fetch(url)), { _tag: "Internal" })
    }
  })

  it("a proxy that wants a password", async () => {
    faults["/407"] = (socket) => socket.end(head("407 Proxy Authentication Required", ["content-length: 0"]))
    assertError(await caught(() => fetch(`${base}/407`)), { _tag: "ApiAuth", status: 407 })
  })
})

describe("node:http", () => {
  const request = (path: string, options: http.RequestOptions = {}) =>
    caught(() =>
      new Promise((_, reject) =>
        http.get(path === "" ? refused : base + path, options, (response) => response.on("error", reject).resume()).on(
          "error",
          reject
        )
      )
    )
  const table: ReadonlyArray<readonly [string, Partial<Record<string, unknown>>]> = [
    ["", { _tag: "NetworkConnection", errno: "ECONNREFUSED" }],
    ["/reset", { _tag: "NetworkConnection", errno: "ECONNRESET" }],
    ["/close", { _tag: "NetworkConnection", errno: "ECONNRESET" }],
    ["/short", { _tag: "NetworkConnection", errno: "ECONNRESET" }],
    ["/no-http", { _tag: "ApiFormat", retryable: false }],
    ["/overflow", { _tag: "ApiFormat", retryable: false }]
  ]
  for (const [path, expected] of table) it(path, async () => assertError(await request(path), expected))

  it("a timeout is one though Node.js calls it an abort; an abort is none", async () => {
    assertError(await request("/hang", late()), { _tag: "NetworkTimeout" })
    assertError(await request("/hang", { signal: AbortSignal.abort() }), { _tag: "Unexpected", retryable: false })
  })
})

describe("@effect/platform", () => {
  const clients: Record<string, Layer.Layer<HttpClient.HttpClient>> = {
    fetch: FetchHttpClient.layer,
    undici: NodeHttpClient.layerUndici,
    "node:http": NodeHttpClient.layer
  }
  for (const [name, layer] of Object.entries(clients)) {
    const get = (url: string): Effect.Effect<FetchError.FetchError> =>
      HttpClient.HttpClient.pipe(
        Effect.flatMap((client) => HttpClient.filterStatusOk(client).get(url)),
        Effect.flatMap(HttpClientResponse.schemaBodyJson(Schema.Struct({ a: Schema.Number }))),
        Effect.timeout("1 second"),
        Effect.flip,
        Effect.flatMap((cause) => Classifier.classify(cause)),
        Effect.provide(layer),
        Effect.orDie
      )
    it.live(`over ${name}`, () =>
      Effect.gen(function*() {
        assert.strictEqual((yield* get(refused))._tag, "NetworkConnection")
        assert.strictEqual((yield* get(`${base}/reset`))._tag, "NetworkConnection")
        assert.strictEqual((yield* get(`${base}/short`))._tag, "NetworkConnection")
        assert.strictEqual((yield* get(`${base}/no-http`))._tag, "ApiFormat")
        assert.strictEqual((yield* get(`${base}/html`))._tag, "DataTransformation")
        assert.strictEqual((yield* get(`${base}/hang`))._tag, "NetworkTimeout")
        const limited = yield* get(`${base}/429`)
        assert.isTrue(
          limited._tag === "ApiRateLimit" && limited.status === 429 && limited.apiCode === -1003,
          limited.message
        )
        assert.include(limited.message, `GET ${base}/429`)
        const down = yield* get(`${base}/503`)
        assert.isTrue(down._tag === "ApiFormat" && down.retryable && down.bodyExcerpt === "down")
      }))
  }
})
