import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import { expect, it } from "@effect/vitest"
import { Fault, FaultyExchange } from "effect-errata/testing"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Net from "node:net"

const now = Date.UTC(2024, 5, 1, 12, 34, 56)

// Under a clock that stands still, so that the minute does not end meanwhile.
it.scoped("a hundred requests at once are counted one by one", () =>
  Effect.gen(function*() {
    const { requests, url } = yield* FaultyExchange.FaultyExchange
    const used = yield* Effect.forEach(
      Array.from({ length: 100 }, (_, i) => i),
      (i) =>
        HttpClient.get(`${url}/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=${i + 1}`).pipe(
          Effect.tap((response) => response.text),
          Effect.map(({ headers }) => Number(headers["x-mbx-used-weight-1m"]))
        ),
      { concurrency: "unbounded" }
    )
    expect(used.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => 2 * (i + 1)))
    const seen = yield* requests
    expect(seen.map(({ nth }) => nth)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
    expect(seen.map(({ usedWeight }) => usedWeight)).toEqual(used.toSorted((a, b) => a - b))
    expect(new Set(seen.map(({ query }) => query["limit"])).size).toBe(100)
    expect(seen[0]).toMatchObject({
      method: "GET",
      path: "/api/v3/klines",
      market: "SPOT",
      symbol: "BTCUSDT",
      interval: "1h",
      status: 200,
      fault: undefined
    })
  }).pipe(Effect.provide([FaultyExchange.layer({ now }), FetchHttpClient.layer])))

it.scopedLive("one connection serves many requests", () =>
  Effect.gen(function*() {
    const { url } = yield* FaultyExchange.FaultyExchange
    const agent = yield* Effect.acquireRelease(
      Effect.sync(() => new Http.Agent({ keepAlive: true, maxSockets: 1 })),
      (agent) => Effect.sync(() => agent.destroy())
    )
    const reused = yield* Effect.replicateEffect(
      Effect.async<boolean>((resume) => {
        const request = Http.get(`${url}/api/v3/time`, { agent }, (response) => {
          response.resume().once("end", () => resume(Effect.succeed(request.reusedSocket)))
        })
      }),
      5
    )
    expect(reused).toEqual([false, true, true, true, true])
  }).pipe(Effect.provide(FaultyExchange.layer({ now }))))

it.live("closing the scope ends all connections at once: idle, silent, stalled and late ones", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const exchange = Context.get(
      yield* Layer.buildWithScope(
        FaultyExchange.layer({
          faults: [
            Fault.on({ path: "ping" }, Fault.silence),
            Fault.on({ path: "time" }, Fault.stalledBody),
            Fault.on({ path: "exchangeInfo" }, Fault.latency("1 hour"))
          ]
        }),
        scope
      ),
      FaultyExchange.FaultyExchange
    )
    const connected = yield* Deferred.make<void>()
    const idle = yield* Effect.fork(Effect.async<void>((resume) => {
      const socket = Net.connect(Number(new URL(exchange.url).port), "127.0.0.1", () => {
        Deferred.unsafeDone(connected, Effect.void)
      })
      socket.once("close", () => resume(Effect.void))
    }))
    yield* Deferred.await(connected)
    const ask = (path: string) =>
      HttpClient.get(`${exchange.url}/api/v3/${path}`).pipe(Effect.flatMap((response) => response.text), Effect.exit)
    const waiting = yield* Effect.fork(Effect.forEach(["ping", "time", "exchangeInfo"], ask, { concurrency: 3 }))
    yield* Effect.repeat(Effect.zipRight(Effect.yieldNow(), exchange.requests), { until: (seen) => seen.length === 3 })

    yield* Scope.close(scope, Exit.void)
    yield* Fiber.join(idle)
    const exits = yield* Fiber.join(waiting)
    expect(exits.map(Exit.isFailure)).toEqual([true, true, true])
  }).pipe(Effect.provide(FetchHttpClient.layer)))

it.scopedLive("headers that cannot be sent end the connection, not the test's patience", () =>
  Effect.gen(function*() {
    const { inject, url } = yield* FaultyExchange.FaultyExchange
    yield* inject(Fault.status(503, { headers: { "retry-after": "1\n2" } }))
    const error = yield* Effect.flip(HttpClient.get(`${url}/api/v3/ping`))
    expect(error).toMatchObject({ _tag: "RequestError", reason: "Transport" })
  }).pipe(Effect.provide([FaultyExchange.layer({ now }), FetchHttpClient.layer])))
