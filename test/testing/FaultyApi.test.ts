import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import { Classifier, ErrorTracker, RetryPolicy, TrackedClient } from "effect-errata"
import { Fault, FaultyApi, LogCapture } from "effect-errata/testing"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"

const routes: FaultyApi.Routes = {
  "GET /users/:id": ({ params }) => ({ id: Number(params["id"]) }),
  "GET /users/me": { id: 0 },
  "POST /users": ({ json, nth }) => FaultyApi.response(201, { made: json, nth }, { headers: { "X-Nth": String(nth) } }),
  "GET /empty": undefined,
  "GET /bytes": new Uint8Array([1, 2, 3])
}

const layers = {
  "over sockets": (options: FaultyApi.Options) => Layer.merge(FaultyApi.layer(options), FetchHttpClient.layer),
  "without sockets": FaultyApi.layerClient
} as const

type Services = FaultyApi.FaultyApi | HttpClient.HttpClient

const get = (path: string) => Effect.flatMap(FaultyApi.FaultyApi, ({ url }) => HttpClient.get(url + path))

const statusOf = (path: string) => Effect.map(get(path), ({ status }) => status)

/** A tag, or the status and the text of a response. */
const outcomeOf = (path: string) =>
  Effect.flatMap(get(path), (response) => Effect.map(response.text, (text) => [response.status, text] as const)).pipe(
    Effect.catchAll((error) => Effect.map(Classifier.classify(error), ({ _tag }) => _tag))
  )

for (const [name, layer] of Object.entries(layers)) {
  describe(name, () => {
    const withApi = <A, E>(test: Effect.Effect<A, E, Services>, faults: ReadonlyArray<Fault.Fault> = []) =>
      Effect.provide(test, layer({ routes, faults }))

    it.live("routes answer, and all requests are recorded", () =>
      withApi(Effect.gen(function*() {
        const { requests, url } = yield* FaultyApi.FaultyApi
        assert.deepStrictEqual(yield* outcomeOf("/users/7?full=1"), [200, "{\"id\":7}"])
        assert.deepStrictEqual(yield* outcomeOf("/users/me"), [200, "{\"id\":0}"])
        assert.deepStrictEqual(yield* outcomeOf("/empty"), [200, ""])
        assert.deepStrictEqual(yield* outcomeOf("/bytes"), [200, "\u0001\u0002\u0003"])
        assert.strictEqual(yield* statusOf("/users"), 404)
        const body = HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`${url}/users`), { name: "Ada" })
        const made = yield* HttpClient.execute(body)
        assert.deepStrictEqual([made.status, made.headers["x-nth"], yield* made.json], [
          201,
          "1",
          { made: { name: "Ada" }, nth: 1 }
        ])
        const seen = yield* requests
        assert.deepStrictEqual(seen.map(({ method, nth, route }) => [nth, method, route]), [
          [1, "GET", "GET /users/:id"],
          [2, "GET", "GET /users/me"],
          [3, "GET", "GET /empty"],
          [4, "GET", "GET /bytes"],
          [5, "GET", undefined],
          [6, "POST", "POST /users"]
        ])
        assert.deepStrictEqual(seen[0]?.query, { full: "1" })
        assert.deepStrictEqual([seen[5]?.body, seen[5]?.status], ["{\"name\":\"Ada\"}", 201])
      })))

    it.live("faults hit by path, method, number and route; the first that matches counts", () =>
      withApi(
        Effect.gen(function*() {
          const api = yield* FaultyApi.FaultyApi
          const statuses = yield* Effect.forEach(
            ["/users/1", "/users/2", "/users/3", "/users/me", "/users/4"],
            statusOf
          )
          assert.deepStrictEqual(statuses, [200, 503, 200, 418, 401])
          yield* api.clear
          assert.strictEqual(yield* statusOf("/users/5"), 200)
          assert.deepStrictEqual((yield* api.requests).map(({ fault }) => fault), [
            undefined,
            "Status",
            undefined,
            "Status",
            "Status",
            undefined
          ])
        }),
        [
          Fault.on({ path: "/users/:id", nth: 2 }, Fault.status(503)),
          Fault.on({ path: "me" }, Fault.status(418)),
          Fault.on({ method: "POST" }, Fault.status(500)),
          Fault.on({ path: "/users/4", times: 1 }, Fault.status(401))
        ]
      ))

    const connections: ReadonlyArray<readonly [Fault.Fault, unknown]> = [
      [Fault.resetBeforeHeaders, "NetworkConnection"],
      [Fault.closeBeforeHeaders, "NetworkConnection"],
      [Fault.resetMidBody, "NetworkConnection"],
      [Fault.truncatedBody, "NetworkConnection"],
      [Fault.status(502), [502, "{\"error\":{\"code\":\"http_502\",\"message\":\"Bad Gateway\"}}"]],
      [Fault.status(422, { body: { errors: ["name"] } }), [422, "{\"errors\":[\"name\"]}"]],
      [Fault.status(404, { body: "empty" }), [404, ""]],
      [Fault.notJson("<html>"), [200, "<html>"]],
      [Fault.body("{}", { status: 202 }), [202, "{}"]]
    ]
    for (const [fault, outcome] of connections) {
      it.live(`${fault.do._tag}: ${JSON.stringify(outcome)}`, () =>
        withApi(Effect.map(outcomeOf("/users/7"), (seen) => assert.deepStrictEqual(seen, outcome)), [fault]))
    }

    it.live("a limit answers every request with 429 and the rest of the wait", () =>
      withApi(
        Effect.gen(function*() {
          const responses = yield* Effect.forEach(["/users/1", "/empty"], get)
          assert.deepStrictEqual(responses.map(({ headers, status }) => [status, headers["retry-after"]]), [
            [429, "60"],
            [429, "60"]
          ])
          yield* (yield* FaultyApi.FaultyApi).clear
          assert.strictEqual(yield* statusOf("/empty"), 200)
        }),
        [Fault.rateLimited("1 minute")]
      ))
  })
}

it.effect("a probability gives the same outcomes for the same seed, on sockets and without", () =>
  Effect.gen(function*() {
    const plan = [Fault.on({ probability: 0.3 }, Fault.status(500))]
    const run = (layer: Layer.Layer<Services>) =>
      Effect.provide(Effect.forEach(Array.from({ length: 60 }, () => "/empty"), statusOf), layer)
    const [sockets, client, other] = yield* Effect.all([
      run(layers["over sockets"]({ routes, faults: plan })),
      run(FaultyApi.layerClient({ routes, faults: plan })),
      run(FaultyApi.layerClient({ routes, faults: plan, seed: 2 }))
    ])
    assert.deepStrictEqual(sockets, client)
    assert.notDeepEqual(client, other)
    const failed = client.filter((status) => status === 500).length
    assert.isTrue(failed > 6 && failed < 30, `${failed} of 60`)
  }))

it.effect("TestClock rules latencies, limits and retries", () =>
  Effect.gen(function*() {
    const api = yield* FaultyApi.FaultyApi
    const users = TrackedClient.make({ retry: yield* RetryPolicy.make({ source: "users" }) })(
      yield* HttpClient.HttpClient
    )
    const fiber = yield* Effect.fork(users.json(`${api.url}/users/7`, Schema.Struct({ id: Schema.Number })))
    yield* TestClock.adjust("29 seconds")
    assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
    yield* TestClock.adjust("10 minutes")
    assert.deepStrictEqual(yield* Fiber.join(fiber), { id: 7 })
    const seen = yield* api.requests
    assert.deepStrictEqual(seen.map(({ fault, status }) => [fault, status]), [
      ["RateLimited", 429],
      ["TruncatedBody", 200],
      ["Latency", 200]
    ])
    assert.isAtLeast((seen[1]?.at ?? 0) - (seen[0]?.at ?? 0), 30_000)
    assert.strictEqual((yield* (yield* ErrorTracker.ErrorTracker).stats()).total, 2)
  }).pipe(Effect.provide([
    FaultyApi.layerClient({
      routes,
      faults: [
        Fault.rateLimited("30 seconds"),
        Fault.on({ nth: 2 }, Fault.truncatedBody),
        Fault.on({ nth: 3 }, Fault.latency("3 seconds"))
      ]
    }),
    Layer.provideMerge(ErrorTracker.layer(), LogCapture.layer)
  ])))

describe("what is wrong is refused", () => {
  const refused: ReadonlyArray<readonly [FaultyApi.Options | object, message: RegExp]> = [
    [{}, /^FaultyApi: routes is undefined/],
    [{ routes: { "/users": {} } }, /routes is "\/users": it must be a method and a path, as in "GET \/users\/:id"/],
    [{ routes, fault: [] }, /unknown option "fault", did you mean "faults"/],
    [{ routes, faults: [Fault.emptyList] }, /Fault EmptyList: only an exchange has this fault: use FaultyExchange/],
    [{ routes, faults: [Fault.on({ symbol: "X" }, Fault.silence)] }, /when\.symbol is known to FaultyExchange only/],
    [{ routes, faults: [Fault.on({ nth: 0 }, Fault.silence)] }, /nth/],
    [{ routes, faults: [7] }, /a fault is 7: it must be made by Fault/]
  ]
  for (const [options, message] of refused) {
    it.effect(message.source, () =>
      Effect.gen(function*() {
        // Callers without a compiler pass anything.
        const exit = yield* Effect.exit(Effect.scoped(Layer.build(FaultyApi.layerClient(options as FaultyApi.Options))))
        const [defect] = Exit.isFailure(exit) ? Cause.defects(exit.cause) : []
        assert.match(String(Reflect.get(Object(defect), "message")), message)
      }))
  }
})
