import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import { ErrorTracker, type FetchError, RetryPolicy, TrackedClient } from "effect-errata"
import { LogCapture } from "effect-errata/testing"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { endpointBy } from "../src/internal/client/endpoint.js"

const Item = Schema.Struct({ id: Schema.Number })

type Step = (request: IncomingMessage, response: ServerResponse) => void

const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Step => (_, response) => {
  response.writeHead(status, { "content-type": "application/json", ...headers })
  response.end(JSON.stringify(body))
}

const good = json(200, { id: 1 })

const cut: Step = (_, response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": "1000" })
  response.write("{\"id\":", () => response.socket?.destroySoon())
}

const reset: Step = (request) => request.socket.resetAndDestroy()

const silence: Step = () => {}

/** A server that takes one step for each request, and counts the requests by hand. */
const serving = (...steps: ReadonlyArray<Step>) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const seen: Array<string> = []
      const server = createServer((request, response) => {
        request.resume()
        const step = steps[Math.min(seen.length, steps.length - 1)] ?? good
        seen.push(`${request.method} ${request.url}`)
        step(request, response)
      })
      await once(server.listen(0, "127.0.0.1"), "listening")
      const { port } = server.address() as AddressInfo // of a TCP server
      return { server, seen, host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}` }
    }),
    ({ server }) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )

const clients = {
  "fetch": FetchHttpClient.layer,
  "undici": NodeHttpClient.layerUndici,
  "node:http": NodeHttpClient.layer
} as const

const row = { retries: 3, base: "1 milli" } as const

const quick = { rows: { API_FORMAT: row, API_RATE_LIMIT: row, NETWORK_CONNECTION: row } }

/** A client without a network. */
const stub = (answer: (request: HttpClientRequest.HttpClientRequest, url: URL) => Response | "never") =>
  HttpClient.make((request, url) => {
    const found = answer(request, url)
    return found === "never" ? Effect.never : Effect.succeed(HttpClientResponse.fromWeb(request, found))
  })

const dimensions = ["source", "method", "host", "endpoint"]

const tracker = ErrorTracker.layer({ dimensions })

const run = <A, E>(effect: Effect.Effect<A, E, ErrorTracker.ErrorTracker | LogCapture.LogCapture>) =>
  Effect.provide(effect, Layer.provideMerge(tracker, LogCapture.layer))

for (const [name, layer] of Object.entries(clients)) {
  describe(`over ${name}`, () => {
    const tracked = <A, E>(use: (client: HttpClient.HttpClient) => Effect.Effect<A, E, ErrorTracker.ErrorTracker>) =>
      run(Effect.flatMap(HttpClient.HttpClient, use).pipe(Effect.provide(layer)))

    it.scopedLive("Law 1: each request that the server sees is one attempt", () =>
      Effect.gen(function*() {
        const faults = [json(503, { message: "down" }), cut, reset, good]
        const { seen, url } = yield* serving(...faults)
        const [item, stats, rows] = yield* tracked((client) =>
          Effect.gen(function*() {
            const retry = yield* RetryPolicy.make(quick)
            const item = yield* TrackedClient.make({ retry })(client).json(`${url}/items/17`, Item)
            const service = yield* ErrorTracker.ErrorTracker
            return [item, yield* service.stats(), yield* service.breakdown({ by: "endpoint" })] as const
          })
        )
        assert.deepStrictEqual(item, { id: 1 })
        assert.strictEqual(seen.length, faults.length)
        assert.strictEqual(stats.total, faults.length - 1)
        assert.deepStrictEqual([stats.calls.made, stats.calls.recovered], [1, 1])
        assert.deepStrictEqual(rows.map(({ attempts, count, value }) => [value, attempts, count]), [[
          "/items/:id",
          4,
          3
        ]])
      }))

    it.scopedLive("the failures are the closed union, with the request in their context", () =>
      Effect.gen(function*() {
        const rows: ReadonlyArray<readonly [Step, FetchError.FetchError["_tag"]]> = [
          [json(401, { error: "no key" }), "ApiAuth"],
          [json(403, {}), "ApiPermission"],
          [json(404, {}), "ApiFormat"],
          [json(429, {}, { "retry-after": "7" }), "ApiRateLimit"],
          [json(500, {}), "ApiFormat"],
          [json(200, { id: "no number" }), "DataValidation"],
          [(_, response) => void response.end("<html>"), "DataTransformation"],
          [cut, "NetworkConnection"],
          [reset, "NetworkConnection"],
          [silence, "NetworkTimeout"]
        ]
        const { host, seen, url } = yield* serving(...rows.map(([step]) => step))
        const errors = yield* tracked((client) => {
          const items = TrackedClient.make({ timeout: "400 millis" })(client)
          return Effect.forEach(rows, () => Effect.flip(items.json(`${url}/items/17?token=hunter2secret`, Item)))
        })
        assert.deepStrictEqual(errors.map(({ _tag }) => _tag), rows.map(([, tag]) => tag))
        assert.strictEqual(seen.length, rows.length)
        for (const { context } of errors) {
          assert.deepStrictEqual(context.attributes, { method: "GET", host, endpoint: "/items/:id" })
          assert.strictEqual(context.source, host)
          assert.strictEqual(context.url, `${url}/items/17?token=<redacted>`)
        }
      }))

    it.scopedLive("without a retry of its own, an unread response is that of the client", () =>
      Effect.gen(function*() {
        const { url } = yield* serving(good)
        const response = yield* tracked((client) =>
          Effect.flatMap(TrackedClient.make()(client).get(`${url}/x`), ({ json }) => json)
        )
        assert.deepStrictEqual(response, { id: 1 })
      }))
  })
}

const stats = Effect.flatMap(ErrorTracker.ErrorTracker, (service) => service.stats())

describe("a request", () => {
  it.effect("that may not be sent twice is retried only if the server did not process it", () =>
    run(Effect.gen(function*() {
      const statuses = [503, 200]
      const sentBy = (make: (url: string) => HttpClientRequest.HttpClientRequest, first: number) =>
        Effect.gen(function*() {
          let sent = 0
          const client = stub(() => new Response("{}", { status: [first, ...statuses.slice(1)][sent++] ?? 200 }))
          const retry = yield* RetryPolicy.make(quick)
          const fiber = yield* Effect.fork(
            Effect.exit(TrackedClient.make({ retry })(client).execute(make("http://x.test/orders")))
          )
          yield* TestClock.adjust("1 minute")
          return [sent, Exit.isSuccess(yield* Fiber.join(fiber))]
        })
      assert.deepStrictEqual(yield* sentBy(HttpClientRequest.get, 503), [2, true])
      assert.deepStrictEqual(yield* sentBy(HttpClientRequest.put, 503), [2, true])
      assert.deepStrictEqual(yield* sentBy(HttpClientRequest.post, 503), [1, false])
      assert.deepStrictEqual(yield* sentBy(HttpClientRequest.patch, 503), [1, false])
      assert.deepStrictEqual(yield* sentBy(HttpClientRequest.post, 429), [2, true])
      const keyed = (url: string) => HttpClientRequest.setHeader(HttpClientRequest.post(url), "idempotency-key", "1")
      assert.deepStrictEqual(yield* sentBy(keyed, 503), [2, true])
    })))

  it.effect("that is given up as it may not be sent twice says so in the log", () =>
    run(Effect.gen(function*() {
      const retry = yield* RetryPolicy.make(quick)
      const client = TrackedClient.make({ retry, source: "shop" })(stub(() => new Response(null, { status: 502 })))
      yield* Effect.exit(client.post("http://x.test/orders?key=hunter2secret"))
      const [line, ...others] = yield* LogCapture.at("Error")
      assert.lengthOf(others, 0)
      assert.deepInclude(line?.annotations, { gave_up: "the request is not idempotent", source: "shop" })
      assert.notInclude(JSON.stringify(yield* LogCapture.entries), "hunter2secret")
    })))

  it.effect("that is interrupted is no error", () =>
    run(Effect.gen(function*() {
      const fiber = yield* Effect.fork(TrackedClient.make()(stub(() => "never")).get("http://x.test/"))
      yield* TestClock.adjust("1 second")
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
      assert.strictEqual((yield* stats).total, 0)
    })))

  it.effect("that cannot be made is classified, and counted once", () =>
    run(Effect.gen(function*() {
      const client = stub(() => new Response("{}")).pipe(
        HttpClient.mapRequestEffect(() => Effect.fail(Object.assign(new Error("no token"), { status: 401 }))),
        TrackedClient.make({ source: "shop" })
      )
      const error = yield* Effect.flip(client.json("http://x.test/", Item))
      assert.deepStrictEqual([error._tag, error.context.source], ["ApiAuth", "shop"])
      assert.strictEqual((yield* stats).total, 1)
    })))

  it.effect("is seen as it is sent", () =>
    run(Effect.gen(function*() {
      const client = stub(() => new Response(null, { status: 500 })).pipe(
        HttpClient.mapRequest(HttpClientRequest.prependUrl("https://api.test/v3")),
        TrackedClient.make({ endpoints: ["/v3/users/:id", "/v3/files/*"] })
      )
      const errors = yield* Effect.forEach(
        ["/users/ada", "/files/a/b/c", "/other/7"],
        (path) => Effect.flip(client.get(path))
      )
      assert.deepStrictEqual(errors.map(({ context }) => context.attributes?.["endpoint"]), [
        "/v3/users/:id",
        "/v3/files/*",
        "/v3/other/:id"
      ])
      assert.strictEqual(errors[0]?.context.url, "https://api.test/v3/users/ada")
      // What is added around the tracked client reaches it, too.
      const other = yield* Effect.flip(
        HttpClient.mapRequest(client, HttpClientRequest.setUrlParam("page", "2")).get("/users/ada")
      )
      assert.strictEqual(other.context.url, "https://api.test/v3/users/ada?page=2")
    })))

  it.effect("whose answer is 404 is a success where that is accepted", () =>
    run(Effect.gen(function*() {
      const client = stub((_, { pathname }) => new Response("null", { status: pathname === "/1" ? 200 : 404 }))
      const items = TrackedClient.make({ accept: (status) => status === 200 || status === 404 })(client)
      const find = (path: string) =>
        items.read(`http://x.test${path}`, ({ json, status }) =>
          status === 404 ? Effect.succeedNone : Effect.asSome(json))
      assert.deepStrictEqual([yield* find("/1"), yield* find("/2")], [Option.some(null), Option.none()])
      assert.strictEqual((yield* stats).total, 0)
    })))

  it.effect("keeps the type of an error of its own", () =>
    run(Effect.gen(function*() {
      class Closed extends Schema.TaggedError<Closed>()("Closed", {}) implements FetchError.Trackable {
        readonly code = "CLOSED"
        readonly category = "Data"
        readonly severity = "WARNING" as const
        readonly retryable = false
        readonly context = {}
        override readonly message = "closed"
      }
      const client = TrackedClient.make()(stub(() => new Response("{}")))
      const found: Effect.Effect<string, FetchError.FetchError, ErrorTracker.ErrorTracker> = client
        .read("http://x.test/", () => Effect.fail(new Closed())).pipe(
          Effect.catchTag("Closed", ({ code }) => Effect.succeed(code))
        )
      assert.strictEqual(yield* found, "CLOSED")
      assert.deepStrictEqual((yield* stats).byCode["CLOSED"], { count: 1, severity: "WARNING" })
    })))
})

describe("an endpoint", () => {
  const cases: Readonly<Record<string, string>> = {
    "/": "/",
    "/v3/klines": "/v3/klines",
    "/users/42": "/users/:id",
    "/users/42/orders/7": "/users/:id/orders/:id",
    "/orders/0f8fad5b-d9cb-469f-a165-70867728950e": "/orders/:id",
    "/tx/0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060": "/tx/:id",
    "/commits/9fceb02d0ae598e95dc970b74767f19372d61af8": "/commits/:id",
    "/customers/cus_Nf1a2b3c": "/customers/:id",
    "/days/2024-01-31": "/days/:id",
    "/users/ada@example.com": "/users/:id",
    "/sessions/V1StGXR8_Z5jdHi6B-myT-a1": "/sessions/:id",
    "/oauth2/token": "/oauth2/token",
    "/deadbeef": "/deadbeef",
    "/a/b/c/d/e/f/g/h/i": "/a/b/c/d/e/f/g/h/*"
  }
  for (const [path, endpoint] of Object.entries(cases)) {
    it(path, () => assert.strictEqual(endpointBy([])(path), endpoint))
  }

  it("has few values for any number of ids", () => {
    const random = (n: number) => Math.imul(n + 1, 2_654_435_761) >>> 0
    const endpoints = new Set(
      Array.from(
        { length: 5000 },
        (_, n) => endpointBy([])(`/users/${random(n)}/files/${random(n).toString(16).padStart(9, "1")}`)
      )
    )
    assert.deepStrictEqual([...endpoints], ["/users/:id/files/:id"])
  })
})
