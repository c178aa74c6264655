/** Real errors of what comes with Node.js, Effect and @effect/platform, over real sockets and files. */
import { NodeFileSystem, NodeHttpClient } from "@effect/platform-node"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Classifier from "effect-errata/Classifier"
import type * as FetchError from "effect-errata/FetchError"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as fs from "node:fs"
import * as http from "node:http"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import * as vm from "node:vm"
import { Worker } from "node:worker_threads"
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

  it.live("FileSystem", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const failed = (effect: Effect.Effect<unknown, unknown>) =>
        Effect.map(Effect.flip(effect), (cause) => Classifier.classifySync(cause))
      assert.strictEqual((yield* failed(files.readFile("/no/such")))._tag, "StorageRead")
      assert.strictEqual((yield* failed(files.writeFileString("/no/such", "")))._tag, "StorageWrite")
      assert.strictEqual((yield* failed(files.remove("/no/such")))._tag, "StorageWrite")
      assert.strictEqual((yield* failed(files.readFile("a\0b")))._tag, "Internal")
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})

describe("files, bytes and text", () => {
  const missing = path.join(os.tmpdir(), "effect-errata", "no", "such")

  it("node:fs", async () => {
    assertError(await caught(() => fs.readFileSync(missing)), { _tag: "StorageRead", errno: "ENOENT", path: missing })
    assertError(await caught(() => fs.promises.readFile(missing)), {
      _tag: "StorageRead",
      errno: "ENOENT",
      path: missing
    })
    assertError(await caught(() => fs.writeFileSync(missing, "")), {
      _tag: "StorageWrite",
      errno: "ENOENT",
      path: missing
    })
    assertError(await caught(() => fs.promises.writeFile(missing, "")), { _tag: "StorageWrite", errno: "ENOENT" })
    assertError(await caught(() => fs.promises.mkdir(missing)), { _tag: "StorageWrite", errno: "ENOENT" })
    assertError(await caught(() => fs.readdirSync(missing)), { _tag: "StorageRead" }, { operation: "write" })
    assertError(await caught(() => fs.writeFileSync(os.tmpdir(), "")), { _tag: "StorageWrite", errno: "EISDIR" })
    assertError(await caught(() => fs.readFileSync(os.tmpdir())), { _tag: "StorageRead", errno: "EISDIR" })
  })

  it.skipIf(!fs.existsSync("/dev/full"))("a full disk", async () => {
    assertError(await caught(() => fs.writeFileSync("/dev/full", "x")), {
      _tag: "StorageSpace",
      errno: "ENOSPC",
      retryable: false
    })
  })

  it("zlib", async () => {
    const brotli = zlib.brotliCompressSync("x".repeat(100))
    for (
      const run of [
        () => zlib.gunzipSync(Buffer.from("no gzip")),
        () => zlib.gunzipSync(gzip.subarray(0, 12)),
        () => zlib.inflateRawSync(spoiled),
        () => zlib.brotliDecompressSync(Buffer.from("no brotli at all")),
        () => zlib.brotliDecompressSync(brotli.subarray(0, 5))
      ]
    ) assertError(await caught(run), { _tag: "DataIntegrity", retryable: true })
    assertError(await caught(() => zlib.gunzipSync(5 as never)), { _tag: "Internal" })
  })

  it("JSON, and scripts that are none", async () => {
    for (const text of ["", "{", "<html>", "{\"a\":}", "nul", "[1,]", "{\"a\" 1}"]) {
      assertError(await caught(() => JSON.parse(text)), { _tag: "DataTransformation", retryable: false })
    }
    assertError(await caught(() => new vm.Script("{")), { _tag: "Internal" })
    assertError(await caught(() => JSON.stringify(1n)), { _tag: "Internal" })
  })
})

describe("Effect", () => {
  it("Schema tells what is wrong, and where", async () => {
    const Candle = Schema.Struct({ open: Schema.Struct({ price: Schema.Number }) })
    assertError(await caught(() => Schema.decodeUnknownSync(Candle)({ open: { price: "x" } })), {
      _tag: "DataValidation",
      issues: [{ path: "open.price", message: "Expected number, actual \"x\"" }]
    })
    assertError(await caught(() => Schema.decodeUnknownSync(Schema.parseJson(Candle))("<html>")), {
      _tag: "DataTransformation"
    })
    assertError(await caught(() => Schema.decodeUnknownSync(Schema.parseJson(Candle))("{}")), {
      _tag: "DataValidation"
    })
  })

  it("a timeout, a missing setting, a promise that was wrapped", async () => {
    assertError(await caught(() => Effect.runPromise(Effect.timeout(Effect.never, "20 millis"))), {
      _tag: "NetworkTimeout",
      phase: "total",
      timeoutMillis: 20
    })
    assertError(await caught(() => Effect.runPromise(Config.string("EFFECT_ERRATA_NONE"))), { _tag: "Internal" })
    const wrapped = Effect.tryPromise(() => fs.promises.readFile("/no/such"))
    assertError(await caught(() => Effect.runPromise(wrapped)), { _tag: "StorageRead", errno: "ENOENT" })
  })
})

describe("other realms", () => {
  it("vm", async () => {
    assertError(await caught(() => vm.runInNewContext("null.x")), { _tag: "Internal" })
    assertError(await caught(() => vm.runInNewContext("JSON.parse('<')")), { _tag: "DataTransformation" })
    assertError(
      await caught(() => vm.runInNewContext("throw Object.assign(new Error('x'), { code: 'ECONNREFUSED' })")),
      {
        _tag: "NetworkConnection"
      }
    )
    assertError(await caught(() => vm.runInNewContext("for (;;);", {}, { timeout: 5 })), {
      _tag: "Unexpected",
      retryable: false
    })
  })

  it("a worker, and a clone that lost its code", async () => {
    const worker = new Worker("require('node:fs').readFileSync('/no/such')", { eval: true })
    assertError(await new Promise((resolve) => worker.once("error", resolve)), { _tag: "StorageRead", errno: "ENOENT" })
    const clone = structuredClone(await caught(() => fs.readFileSync("/no/such")))
    assert.isUndefined(Reflect.get(Object(clone), "code"))
    assertError(clone, { _tag: "StorageRead", errno: "ENOENT", path: "/no/such" })
  })
})
