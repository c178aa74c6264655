import {
  HttpApi,
  HttpApiBuilder,
  HttpApiClient,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpServer,
  OpenApi
} from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, FastCheck, Layer, Option, Runtime, Schema, TestClock } from "effect"
import { ErrorTracker, FetchError, Insight, RetryPolicy, TrackerApi } from "effect-errata"
import { LogCapture } from "effect-errata/testing"
import { createServer, request } from "node:http"
import type { AddressInfo } from "node:net"

const tracker = ErrorTracker.ErrorTracker
const options: ErrorTracker.Options = {
  thresholds: { NETWORK_DNS: { perMinute: 2 }, API_AUTH: { perMinute: 1 } },
  rules: [{ name: "share", by: "symbol", window: "hour", ratio: 0.5, minAttempts: 2 }]
}
const quiet = Layer.merge(ErrorTracker.layer(options), LogCapture.layer)

const secret = "hunter2hunter2hunter2"
const hostile = [
  `sk_live_${secret}`,
  `<img src=x onerror=alert("${secret.slice(0, 3)}")>`,
  "BTC\u202eTDSU\u202c\u0000",
  "x".repeat(20_000),
  "__proto__",
  "constructor",
  "line\r\nbreak: 1"
]

/** A tracker with something in every read, and with hostile values wherever a value may be. */
const fill = Effect.gen(function*() {
  const service = yield* tracker
  const policy = yield* RetryPolicy.make({ source: "rest" })
  for (const symbol of hostile) {
    const context = {
      symbol,
      source: symbol,
      url: `https://u:${secret}@x.test/?apiKey=${secret}&symbol=${encodeURIComponent(symbol.slice(0, 50))}`,
      attributes: { authorization: `Bearer ${secret}`, note: symbol, nan: NaN }
    }
    const message = `failed at https://x.test/?signature=${secret} ${symbol}`
    const cause = new Error(`inner, apiKey=${secret}`)
    yield* Effect.repeatN(service.track(new FetchError.NetworkDns({ message, cause, context }), { attempt: true }), 2)
    yield* service.succeeded(context, "20 millis")
    yield* service.track(new FetchError.DataEmpty({ reason: "api_response", context }))
    yield* Effect.ignore(policy.run(Effect.fail(new FetchError.ApiAuth({ message, context }))))
  }
  yield* Effect.repeatN(service.track(new FetchError.ApiAuth()), 2)
  yield* service.setLimits({ thresholds: { NETWORK_DNS: { perMinute: 2 } }, rules: options.rules })
  return policy
})

const get = (handler: (request: Request) => Promise<Response>, path: string) =>
  Effect.promise(async () => {
    const response = await handler(new Request(`http://localhost${path}`))
    const text = await response.text()
    return { status: response.status, json: JSON.parse(text === "" ? "null" : text) as unknown, text }
  })

const routes = Object.keys(OpenApi.fromApi(TrackerApi.api).paths)

describe("routes", () => {
  it.effect("each answers with the JSON of its read", () =>
    Effect.gen(function*() {
      yield* fill
      const service = yield* tracker
      const handler = yield* TrackerApi.toWebHandler
      const { Array, encode } = Schema
      const hour = Duration.hours(1)
      const expected: Record<string, Effect.Effect<unknown, unknown, ErrorTracker.ErrorTracker>> = {
        "/api/stats?window=1h": Effect.flatMap(service.stats({ window: hour }), encode(ErrorTracker.Stats)),
        "/api/stats": Effect.flatMap(service.stats(), encode(ErrorTracker.Stats)),
        "/api/rates": service.rates,
        "/api/breakdown?by=symbol&window=hour&limit=3": Effect.flatMap(
          service.breakdown({ by: "symbol", window: "hour", limit: 3 }),
          encode(Array(ErrorTracker.BreakdownRow))
        ),
        "/api/worst?by=source": Effect.flatMap(service.worst({ by: "source" }), encode(ErrorTracker.Worst)),
        "/api/timeline?window=90s&step=30+seconds&code=API_AUTH": Effect.flatMap(
          service.timeline({ window: "90 seconds", step: "30 seconds", code: "API_AUTH" }),
          encode(Array(ErrorTracker.TimelineStep))
        ),
        "/api/calls": Effect.flatMap(
          service.callTimeline({ window: hour, step: "1 minute" }),
          encode(Array(ErrorTracker.CallStep))
        ),
        "/api/limits": Effect.flatMap(service.limits, encode(Array(ErrorTracker.LimitRow))),
        "/api/budgets": Effect.flatMap(service.errorBudgets, encode(Array(Insight.ErrorBudget))),
        "/api/recent?code=API_AUTH&limit=2": Effect.flatMap(
          service.recent({ code: "API_AUTH", limit: 2 }),
          encode(Array(ErrorTracker.RecentError))
        ),
        "/api/latency?by=symbol&window=day&limit=5": Effect.flatMap(
          service.latency({ by: "symbol", window: "day", limit: 5 }),
          encode(Array(ErrorTracker.LatencyRow))
        ),
        "/api/emptyData?window=1d": Effect.flatMap(
          service.emptyData({ window: "1 day" }),
          encode(ErrorTracker.EmptyData)
        ),
        "/api/policies": Effect.flatMap(RetryPolicy.states, encode(Array(RetryPolicy.State))),
        "/api/insight": Effect.flatMap(Effect.map(service.snapshot, Insight.report), encode(Insight.Report))
      }
      for (const [path, read] of Object.entries(expected)) {
        const { json, status } = yield* get(handler, path)
        expect([path, status]).toEqual([path, 200])
        expect([path, json]).toEqual([path, JSON.parse(JSON.stringify(yield* read))])
      }
      expect(new Set(Object.keys(expected).map((path) => path.replace(/\?.*/, ""))).size).toBe(routes.length - 1)
    }).pipe(Effect.scoped, Effect.provide(quiet)))

  it.effect("alerts: active ones, and those that resolved since an instant; recent errors by symbol, source and time", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      yield* Effect.repeatN(service.track(new FetchError.ApiAuth({ context: { symbol: "A", source: "rest" } })), 2)
      yield* TestClock.adjust("2 hours")
      yield* Effect.repeatN(service.track(new FetchError.NetworkDns({ context: { symbol: "B" } })), 3)
      const handler = yield* TrackerApi.toWebHandler
      const ids = (path: string) =>
        Effect.map(get(handler, path), ({ json }) => {
          const { active, resolved } = json as Record<
            "active" | "resolved",
            Array<{ code: string; alert: { code: string } }>
          >
          return [active.map(({ alert }) => alert.code), resolved.map(({ code }) => code)]
        })
      expect(yield* ids("/api/alerts")).toEqual([["NETWORK_DNS"], []])
      expect(yield* ids("/api/alerts?since=1970-01-01")).toEqual([["NETWORK_DNS"], ["API_AUTH"]])
      expect(yield* ids("/api/alerts?since=1970-01-01&code=API_AUTH")).toEqual([[], ["API_AUTH"]])
      expect(yield* ids("/api/alerts?since=1970-01-01T00:01:01Z")).toEqual([["NETWORK_DNS"], []])
      const count = (query: string) =>
        Effect.map(get(handler, `/api/recent?${query}`), ({ json }) => (json as []).length)
      expect(yield* count("symbol=A")).toBe(3)
      expect(yield* count("source=rest&limit=2")).toBe(2)
      expect(yield* count("symbol=A&source=x")).toBe(0)
      expect(yield* count("since=1970-01-01T02:00:00Z")).toBe(4)
    }).pipe(Effect.scoped, Effect.provide(quiet)))

  it.effect("an insight report is made at most every ten seconds", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      const handler = yield* TrackerApi.toWebHandler
      const codes = Effect.map(get(handler, "/api/insight"), ({ json }) => (json as { baseline: [] }).baseline.length)
      expect(yield* codes).toBe(0)
      yield* service.track(new FetchError.ApiAuth())
      expect(yield* codes).toBe(0)
    }).pipe(Effect.scoped, Effect.provide(quiet)))

  it.effect("of an API of one's own, under its prefix, and by a client made from the API", () =>
    Effect.gen(function*() {
      const own = HttpApiGroup.make("own").add(HttpApiEndpoint.get("ping", "/ping"))
      const mine = HttpApi.make("mine").add(own).add(TrackerApi.group).prefix("/errors")
      const live = HttpApiBuilder.serve().pipe(
        Layer.provide(HttpApiBuilder.api(mine)),
        Layer.provide(HttpApiBuilder.group(mine, "own", (own) => own.handle("ping", () => Effect.void))),
        Layer.provide(TrackerApi.layer(mine)),
        Layer.provideMerge(NodeHttpServer.layerTest)
      )
      yield* Effect.gen(function*() {
        const client = yield* HttpApiClient.make(mine)
        yield* client.own.ping()
        const service = yield* tracker
        yield* service.track(new FetchError.NetworkDns({ context: { symbol: "A" } }))
        expect(yield* client.tracker.breakdown({ urlParams: { by: "symbol" } })).toMatchObject([{
          value: "A",
          count: 1
        }])
        const { window } = yield* client.tracker.stats({ urlParams: { window: Duration.minutes(1.5) } })
        expect(window).toMatchObject({ value: Duration.seconds(90) })
        const refused = yield* Effect.flip(client.tracker.breakdown({ urlParams: { by: "colour" } }))
        expect(refused).toMatchObject({ _tag: "HttpApiDecodeError" })
      }).pipe(Effect.provide(live))
    }).pipe(Effect.provide(quiet)))

  it("are described by OpenAPI, with their parameters, answers and refusals", () => {
    const { paths } = OpenApi.fromApi(TrackerApi.api)
    for (
      const path of ["stats", "rates", "breakdown", "timeline", "alerts", "recent", "latency", "emptyData", "insight"]
    ) {
      const { description, responses } = paths[`/api/${path}`]!.get!
      expect(description).toMatch(/\.$/)
      expect(Object.keys(responses).sort()).toEqual(["200", "400"])
    }
    expect(paths["/api/breakdown"]!.get!.parameters.map(({ name, required }) => [name, required])).toEqual([
      ["by", true],
      ["window", false],
      ["code", false],
      ["limit", false]
    ])
    expect(JSON.stringify(paths["/api/stats"]!.get!.parameters)).toContain("90s")
  })
})

describe("a tracker of one's own", () => {
  it.effect("whose numbers are none gets answers all the same", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      const { track, succeeded, stats, emptyData, alerts, activeAlerts, recent, reset } = service
      const own = ErrorTracker.make({
        track,
        succeeded,
        stats: (options) =>
          Effect.map(stats(options), (stats) => ({ ...stats, total: NaN, attempts: Infinity, dropped: -1 })),
        breakdown: () =>
          Effect.succeed([{ value: "A", count: -1, attempts: NaN, errorRatio: Option.some(NaN), share: -Infinity }]),
        emptyData,
        alerts,
        activeAlerts,
        recent,
        reset
      })
      const handler = yield* Effect.provideService(TrackerApi.toWebHandler, tracker, own)
      for (const route of routes) {
        const { status } = yield* get(handler, /breakdown|worst/.test(route) ? `${route}?by=symbol` : route)
        expect([route, status]).toEqual([route, 200])
      }
      expect((yield* get(handler, "/api/stats")).json).toMatchObject({
        total: 0,
        attempts: Number.MAX_VALUE,
        dropped: 0
      })
      expect((yield* get(handler, "/api/breakdown?by=x")).json).toEqual([{
        value: "A",
        count: 0,
        attempts: 0,
        errorRatio: 0,
        share: 0
      }])
    }).pipe(Effect.scoped, Effect.provide(quiet)))
})

describe("parameters", () => {
  it.effect.each<[string, string]>([
    [
      "/api/stats?window=5+mins",
      "window: \"5 mins\" must be a positive duration of at most 1 day, as in 90s, 5m, 1h or 1d"
    ],
    ["/api/stats?window=2d", "window: \"2d\" must be a positive duration of at most 1 day, as in 90s, 5m, 1h or 1d"],
    ["/api/stats?window=0s", "window: \"0s\" must be a positive duration of at most 1 day, as in 90s, 5m, 1h or 1d"],
    ["/api/stats?window=", "window: \"\" must be a positive duration of at most 1 day, as in 90s, 5m, 1h or 1d"],
    ["/api/stats?window=1h&window=2h", "window: must occur once"],
    ["/api/stats?wndow=1h", "unknown parameter \"wndow\", did you mean \"window\"? Known: window"],
    ["/api/rates?window=1h", "unknown parameter \"window\". Known: none"],
    ["/api/breakdown", "by: is required"],
    [
      "/api/breakdown?by=symbol&window=hours",
      "window: \"hours\" must be one of minute, hour, day, did you mean \"hour\"?"
    ],
    [
      "/api/breakdown?by=symbl",
      "by: unknown dimension \"symbl\", did you mean \"symbol\"? Known: symbol, source, market, interval"
    ],
    [
      "/api/latency?by=symbl",
      "by: unknown dimension \"symbl\", did you mean \"symbol\"? Known: symbol, source, market, interval"
    ],
    ["/api/worst?by=x&limit=0", "limit: \"0\" must be a whole number from 1 to 100"],
    ["/api/worst?by=zzz", "by: unknown dimension \"zzz\". Known: symbol, source, market, interval"],
    ["/api/recent?limit=1e2", "limit: \"1e2\" must be a whole number from 1 to 100"],
    ["/api/recent?since=yesterday", "since: \"yesterday\" must be an instant in ISO 8601, as in 2026-01-31T12:00:00Z"],
    [
      "/api/recent?since=2024-02-30",
      "since: \"2024-02-30\" must be an instant in ISO 8601, as in 2026-01-31T12:00:00Z"
    ],
    [
      "/api/timeline?step=x&code=",
      "step: \"x\" must be a positive duration of at most 1 day, as in 90s, 5m, 1h or 1d; code: \"\" must be a text of 1 to 128 characters"
    ]
  ])("%s is refused", ([path, message]) =>
    Effect.gen(function*() {
      const handler = yield* TrackerApi.toWebHandler
      const { json, status } = yield* get(handler, path)
      expect(status).toBe(400)
      expect(json).toMatchObject({ _tag: "HttpApiDecodeError", message, issues: [{ _tag: "Composite", message }] })
    }).pipe(Effect.scoped, Effect.provide(quiet)))
})

describe("hostile values, over a socket", () => {
  /** A request with the path as it is, which `fetch` would normalise. */
  const raw = (port: number, path: string) =>
    Effect.async<{ readonly status: number; readonly body: string }>((resume) => {
      const sent = request({
        port,
        path: path.replace(/[^!-~]/g, encodeURIComponent),
        host: "127.0.0.1",
        method: "GET"
      }, (response) => {
        let body = ""
        response.setEncoding("utf8").on("data", (chunk: string) => body += chunk)
        response.on("end", () => resume(Effect.succeed({ status: response.statusCode ?? 0, body })))
      })
      sent.on("error", (cause) => resume(Effect.die(cause)))
      sent.end()
    })

  const name = FastCheck.constantFrom(
    "window",
    "by",
    "symbol",
    "since",
    "limit",
    "code",
    "step",
    "source",
    "__proto__",
    "constructor",
    "window[]",
    "",
    secret
  )
  const value = FastCheck.oneof(
    FastCheck.constantFrom(
      "1h",
      "symbol",
      "source",
      "hour",
      "3",
      "-1",
      "NaN",
      "1e400",
      "Infinity",
      "%00",
      "%ff%fe",
      "%",
      "undefined"
    ),
    FastCheck.constantFrom(
      "2024-01-01",
      "+275760-09-13",
      "1 day",
      "9".repeat(400),
      "a".repeat(9000),
      "[object Object]",
      "../../etc"
    ),
    FastCheck.string({ unit: "grapheme", maxLength: 20 }).map((text) => encodeURIComponent(text)),
    FastCheck.constantFrom(...hostile.map((text) => encodeURIComponent(text.slice(0, 3000))))
  )
  const path = FastCheck.tuple(
    FastCheck.constantFrom(...routes),
    FastCheck.array(FastCheck.tuple(name, value), { maxLength: 4 }),
    FastCheck.constantFrom("", "", "", "/", "/..", "%2e", "?", "#x")
  ).map(([route, query, suffix]) =>
    `${route}${suffix}${query.length === 0 ? "" : "?"}${query.map(([name, value]) => `${name}=${value}`).join("&")}`
  )

  it.live("never a status of 500, never a secret, never a body without bound", () =>
    Effect.gen(function*() {
      yield* fill
      const server = createServer()
      const serving = HttpApiBuilder.serve().pipe(
        Layer.provide(HttpApiBuilder.api(TrackerApi.api)),
        Layer.provide(TrackerApi.layer(TrackerApi.api)),
        Layer.provide(NodeHttpServer.layer(() => server, { port: 0, host: "127.0.0.1" }))
      )
      yield* Layer.build(Layer.merge(serving, HttpServer.layerContext))
      const { port } = server.address() as AddressInfo
      const statuses = new Set<number>()
      const runPromise = Runtime.runPromise(yield* Effect.runtime())
      yield* Effect.promise(() =>
        FastCheck.assert(
          FastCheck.asyncProperty(path, async (path) => {
            const { body, status } = await runPromise(raw(port, path))
            statuses.add(status)
            // 431: the server refuses a request line that is too long.
            expect([200, 400, 404, 431]).toContain(status)
            expect(Buffer.byteLength(body)).toBeLessThan(500_000)
            expect(body.includes(secret) && !path.includes(secret)).toBe(false)
            if (status === 400) {
              expect(JSON.parse(body)).toMatchObject({ _tag: "HttpApiDecodeError" })
              expect(body.length).toBeLessThan(3000)
            }
          }),
          { seed: 5, numRuns: 250 }
        )
      )
      expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 404]))
      for (const route of routes) {
        const { body, status } = yield* raw(
          port,
          route === "/api/breakdown" || route === "/api/worst" ? `${route}?by=symbol` : route
        )
        expect([route, status]).toEqual([route, 200])
        expect([route, body.includes(secret)]).toEqual([route, false])
      }
    }).pipe(Effect.scoped, Effect.provide(quiet)), 30_000)
})
