import type { HttpClientError } from "@effect/platform"
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, expect, it } from "@effect/vitest"
import { Cause, Deferred, Duration, Effect, Exit, Fiber, Layer, Option, Schema, TestClock } from "effect"
import { Connectivity, ErrorTracker, FetchError } from "effect-errata"
import { LogCapture } from "effect-errata/testing"
import { createServer as createHttpServer, type RequestListener } from "node:http"
import { type AddressInfo, createServer, type Server, type Socket } from "node:net"

// ---------------------------------------------------------------------------------------------------------------------
// servers
// ---------------------------------------------------------------------------------------------------------------------

const listening = (server: Server) =>
  Effect.acquireRelease(
    Effect.async<Server>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        if ("closeAllConnections" in server && typeof server.closeAllConnections === "function") {
          server.closeAllConnections()
        }
      })
  )

const port = (server: Server) => (server.address() as AddressInfo).port

const answering = (listener: RequestListener) =>
  Effect.map(listening(createHttpServer(listener)), (server) => `http://127.0.0.1:${port(server)}`)

/** A listener that takes connections and says nothing; it tells when a connection came, and when it went. */
const silent = Effect.gen(function*() {
  const came = yield* Deferred.make<void>()
  const went = yield* Deferred.make<void>()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    Deferred.unsafeDone(came, Effect.void)
    socket.on("error", () => {})
    socket.on("close", () => Deferred.unsafeDone(went, Effect.void))
    socket.resume()
  })
  yield* listening(server)
  yield* Effect.addFinalizer(() => Effect.sync(() => sockets.forEach((socket) => socket.destroy())))
  return { url: `http://127.0.0.1:${port(server)}`, came: Deferred.await(came), went: Deferred.await(went) }
})

const closedPort = Effect.scoped(Effect.map(listening(createServer()), port))

const layer = Layer.mergeAll(ErrorTracker.layer(), LogCapture.layer)

const clients = [
  ["fetch", FetchHttpClient.layer],
  ["undici", NodeHttpClient.layerUndici],
  ["node:http", NodeHttpClient.layer]
] as const

const errorOf = (report: Connectivity.Report) => Option.getOrThrow(report.error)

// ---------------------------------------------------------------------------------------------------------------------
// tests
// ---------------------------------------------------------------------------------------------------------------------

describe.each(clients)("Connectivity by real sockets, %s", (name, client) => {
  const live = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, [layer, client])

  it.scopedLive("an answer is reachable: asked by HEAD, neither counted nor logged", () =>
    Effect.gen(function*() {
      const methods: Array<string | undefined> = []
      const url = yield* answering((request, response) => {
        methods.push(request.method)
        response.writeHead(204).end()
      })
      const report = yield* Connectivity.check(url)
      expect(report).toMatchObject({ url, reachable: true, status: Option.some(204), error: Option.none() })
      expect(Duration.toMillis(report.latency)).toBeGreaterThan(0)
      expect(methods).toEqual(["HEAD"])
      expect((yield* Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) => tracker.stats())).total).toBe(0)
      expect(yield* LogCapture.text).toBe("")
    }).pipe(live))

  it.scopedLive("a redirect that the client hands on is reachable", () =>
    Effect.gen(function*() {
      const url = yield* answering((request, response) =>
        request.url === "/" ? response.writeHead(302, { location: "/there" }).end() : response.writeHead(200).end()
      )
      const { reachable, status } = yield* Connectivity.check(url)
      expect([reachable, status]).toEqual([true, Option.some(name === "fetch" ? 200 : 302)])
    }).pipe(live))

  it.scopedLive.each(
    [
      [400, "ApiFormat"],
      [401, "ApiAuth"],
      // Each answer says when to try again: a refusal for a time is a limit.
      [403, "ApiRateLimit"],
      [404, "ApiFormat"],
      [408, "NetworkTimeout"],
      [418, "ApiRateLimit"],
      [429, "ApiRateLimit"],
      [500, "ApiFormat"],
      [503, "ApiFormat"],
      [504, "NetworkTimeout"]
    ] as const
  )("status %i is told as %s", ([status, tag]) =>
    Effect.gen(function*() {
      const url = yield* answering((_, response) => void response.writeHead(status, { "retry-after": "7" }).end())
      const report = yield* Connectivity.check(url)
      expect([report.reachable, report.status, errorOf(report)._tag]).toEqual([false, Option.some(status), tag])
    }).pipe(live))

  it.scopedLive("a refused port, a name that does not exist, no TLS, no HTTP: each by its name", () =>
    Effect.gen(function*() {
      const refused = `http://127.0.0.1:${yield* closedPort}/?apiKey=hunter2`
      const plain = yield* answering((_, response) => void response.end())
      const reports = yield* Connectivity.checkAll([
        refused,
        "http://nowhere.invalid/",
        plain.replace("http", "https")
      ])
      expect(reports.map((report) => [report.reachable, report.status, errorOf(report)._tag])).toEqual([
        [false, Option.none(), "NetworkConnection"],
        [false, Option.none(), "NetworkDns"],
        [false, Option.none(), "NetworkConnection"]
      ])
      const [first, second, third] = reports.map(errorOf)
      assert(first instanceof FetchError.NetworkConnection && third instanceof FetchError.NetworkConnection)
      expect(first.errno).toBe("ECONNREFUSED")
      expect(third.errno).toMatch(/SSL|EPROTO/)
      expect(second).toMatchObject({ hostname: "nowhere.invalid" })

      const { byCode, total } = yield* Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) => tracker.stats())
      expect(total).toBe(3)
      expect(byCode).toMatchObject({ NETWORK_CONNECTION: { count: 2 }, NETWORK_DNS: { count: 1 } })

      const entries = yield* LogCapture.at("Warning")
      expect(entries.length).toBe(3)
      const masked = refused.replace("hunter2", "<redacted>")
      expect(entries.map(({ message }) => message)).toContain(
        `Connectivity check failed for ${masked}: ${first.message}`
      )
      expect(reports[0]!.url).toBe(masked)
      expect(JSON.stringify([reports, entries])).not.toContain("hunter2")
    }).pipe(live))

  it.scopedLive.each([
    "not a url",
    "",
    "/api/v3/ping",
    "http://",
    "http://a b",
    "http://x.test:99999",
    "ftp://x.test/?apiKey=hunter2",
    "localhost:8080",
    "mailto:a@b.test"
  ])(
    "an address that cannot be asked is not valid, and the report says what would be: %j",
    (url) =>
      Effect.gen(function*() {
        const report = yield* Connectivity.check(url)
        const error = errorOf(report)
        assert(error instanceof FetchError.DataValidation)
        expect([report.reachable, report.status, error.retryable]).toEqual([false, Option.none(), false])
        expect(error.message).toMatch(
          /^".*" cannot be checked: .+; write the whole address, as in https:\/\/api\.example\.com\/ping$/
        )
        expect(error.issues).toMatchObject([{ path: "url" }])
        const [entry] = yield* LogCapture.at("Warning")
        expect(Array.from(Cause.failures(entry!.cause))).toHaveLength(1)
        expect(FetchError.original(error)).not.toBe(error.cause)
        const { byCode, total } = yield* Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) => tracker.stats())
        expect([total, byCode]).toMatchObject([1, { DATA_VALIDATION: { count: 1 } }])
        expect(JSON.stringify([report, yield* LogCapture.at("Warning")])).not.toContain("hunter2")
      }).pipe(live)
  )

  it.scopedLive("silence ends in a timeout that leaves no request behind", () =>
    Effect.gen(function*() {
      const { url, went } = yield* silent
      const report = yield* Connectivity.check(url, { timeout: "50 millis" })
      expect(errorOf(report)).toMatchObject({ _tag: "NetworkTimeout", phase: "total", timeoutMillis: 50 })
      expect(report.status).toEqual(Option.none())
      yield* went
    }).pipe(live))

  it.scopedLive("an interrupted check leaves no request behind, and is no error", () =>
    Effect.gen(function*() {
      const { came, url, went } = yield* silent
      const fiber = yield* Effect.fork(Connectivity.check(url))
      yield* came
      expect(Exit.isInterrupted(yield* Fiber.interrupt(fiber))).toBe(true)
      yield* went
      expect((yield* Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) => tracker.stats())).total).toBe(0)
      expect(yield* LogCapture.text).toBe("")
    }).pipe(live))
})

describe("Connectivity with a client without sockets", () => {
  const stub = (respond: (url: URL) => Effect.Effect<Response, HttpClientError.HttpClientError>) =>
    HttpClient.make((request, url) =>
      Effect.map(respond(url), (response) => HttpClientResponse.fromWeb(request, response))
    )

  const check = (
    client: HttpClient.HttpClient,
    options?: Connectivity.Options,
    url = "https://x.test/"
  ) => Effect.provideService(Connectivity.check(url, options), HttpClient.HttpClient, client)

  it.effect("the default timeout is five seconds of the Clock", () =>
    Effect.gen(function*() {
      for (const [options, millis] of [[undefined, 5_000], [{ timeout: "1 minute" }, 60_000]] as const) {
        const fiber = yield* Effect.fork(check(stub(() => Effect.never), options))
        yield* TestClock.adjust(Duration.millis(millis - 1))
        expect(yield* Fiber.poll(fiber)).toEqual(Option.none())
        yield* TestClock.adjust("1 millis")
        const report = yield* Fiber.join(fiber)
        expect(errorOf(report)).toMatchObject({ _tag: "NetworkTimeout", timeoutMillis: millis })
        expect(Duration.toMillis(report.latency)).toBe(millis)
      }
    }).pipe(Effect.provide(layer)))

  it.effect("does not wait for a client that cannot be interrupted", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(check(stub(() => Effect.uninterruptible(Effect.never)), { timeout: "1 second" }))
      yield* TestClock.adjust("1 second")
      expect(errorOf(yield* Fiber.join(fiber))._tag).toBe("NetworkTimeout")
    }).pipe(Effect.provide(layer)))

  it.effect("all at once, reports in order", () =>
    Effect.gen(function*() {
      const client = stub((url) => Effect.as(Effect.sleep(`${Number(url.port)} millis`), new Response(null)))
      const urls = [3000, 1000, 2000].map((port) => `https://x.test:${port}/`)
      const fiber = yield* Effect.fork(
        Effect.provideService(Connectivity.checkAll(urls), HttpClient.HttpClient, client)
      )
      yield* TestClock.adjust("3 seconds")
      const reports = yield* Fiber.join(fiber)
      expect(reports.map(({ latency, url }) => [url, Duration.toMillis(latency)])).toEqual([
        [urls[0], 3000],
        [urls[1], 1000],
        [urls[2], 2000]
      ])
    }).pipe(Effect.provide(layer)))

  it.effect("a client that dies, a URL that is none: reports, too", () =>
    Effect.gen(function*() {
      const died = yield* check(stub(() => Effect.die(new TypeError("boom"))))
      expect(errorOf(died)._tag).toBe("Internal")
      const nonsense = yield* check(stub(() => Effect.succeed(new Response(null))), {}, "not a url")
      expect(nonsense).toMatchObject({ url: "not a url", reachable: false })
    }).pipe(Effect.provide(layer)))

  it.effect("an address that the client completes, or understands, is for the client to judge", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const answering = stub((url) => {
        asked.push(url.href)
        return Effect.succeed(new Response(null))
      })
      const completing = HttpClient.mapRequest(answering, HttpClientRequest.prependUrl("https://x.test"))
      expect((yield* check(completing, {}, "/ping")).reachable).toBe(true)
      expect((yield* check(answering, {}, "unix://socket/ping")).reachable).toBe(true)
      expect(asked).toEqual(["https://x.test/ping", "unix://socket/ping"])
    }).pipe(Effect.provide(layer)))

  it.effect("interruption from within is no error, and passes", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(check(stub(() => Effect.interrupt)))
      expect(Exit.isInterrupted(exit)).toBe(true)
      expect(yield* LogCapture.text).toBe("")
    }).pipe(Effect.provide(layer)))

  it.effect("Law 1: what the client counted already is neither counted nor logged again", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const first = yield* check(stub(() => Effect.die("x")))
      yield* check(stub(() => Effect.die(errorOf(first))))
      expect((yield* tracker.stats()).total).toBe(1)
      expect((yield* LogCapture.at("Warning")).length).toBe(1)
    }).pipe(Effect.provide(layer)))

  it.effect("Law 10: a tracker that dies changes nothing", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const report = yield* check(stub(() => Effect.succeed(new Response(null, { status: 500 })))).pipe(
        Effect.provideService(ErrorTracker.ErrorTracker, { ...tracker, track: () => Effect.die("out of order") })
      )
      expect(errorOf(report)._tag).toBe("ApiFormat")
      expect((yield* LogCapture.at("Warning")).length).toBe(1)
    }).pipe(Effect.provide(layer)))

  it.effect("the error of a report can be sent", () =>
    Effect.gen(function*() {
      const error = errorOf(yield* check(stub(() => Effect.succeed(new Response(null, { status: 429 })))))
      const json = Schema.parseJson(FetchError.FetchError)
      const text = yield* Schema.encode(json)(error)
      expect((yield* Schema.decode(json)(text))._tag).toBe("ApiRateLimit")
    }).pipe(Effect.provide(layer)))
})
