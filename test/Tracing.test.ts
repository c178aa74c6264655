// @effect-diagnostics globalErrorInEffectFailure:off -- spans record any error
import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Option, TestClock, Tracer } from "effect"
import { ErrorTracker, Fetch, FetchError, RetryPolicy, Tracing } from "effect-errata"
import { secrets } from "./secretCorpus/secrets.js"
import { kinds, type Recorded } from "./tracing/tracers.js"

const spanOf = (spans: ReadonlyArray<Recorded>, name: string): Recorded => {
  const span = spans.find((span) => span.name === name)
  if (span === undefined) throw new Error(`no span ${name}: ${spans.map(({ name }) => name).join()}`)
  return span
}

/** A client without sockets that answers with these statuses in turn. */
const client = (statuses: ReadonlyArray<number>) => {
  let n = 0
  return HttpClient.make((request) =>
    Effect.sync(() => HttpClientResponse.fromWeb(request, new Response("{}", { status: statuses[n++] ?? 200 })))
  )
}

const failing = (status: number) => new FetchError.ApiFormat({ status, context: { source: "rest" } })

describe.each(kinds.map((kind, i) => [kind().kind, kind, i] as const))("%s", (_, make, index) => {
  // Each tracer gets some of the corpus, all of them all of it.
  const corpus = secrets.filter((_, i) => i % kinds.length === index)

  const run = <A, E>(program: Effect.Effect<A, E, ErrorTracker.ErrorTracker>) =>
    Effect.gen(function*() {
      const { layer, spans } = make()
      yield* Effect.exit(program).pipe(
        Effect.provide(Layer.mergeAll(Tracing.layer.pipe(Layer.provideMerge(layer)), ErrorTracker.layer()))
      )
      return spans()
    })

  it.effect("a failure has the type of its error, the status and where it came from", () =>
    Effect.gen(function*() {
      const spans = yield* run(
        Effect.fail(failing(503)).pipe(Fetch.tracked({ source: "rest" }), Effect.withSpan("candles"))
      )
      const { attributes, failed } = spanOf(spans, "candles")
      expect(failed).toBe(true)
      expect(attributes).toMatchObject({
        "error.type": "API_FORMAT",
        "http.response.status_code": 503,
        "errata.source": "rest",
        "errata.counted": true
      })
    }))

  it.effect.each<readonly [string, Effect.Effect<unknown, unknown>, string | undefined]>([
    ["an error with a tag", Effect.fail({ _tag: "MyError" }), "MyError"],
    ["an error of a class", Effect.fail(new TypeError("x")), "TypeError"],
    ["a class without a name", Effect.fail(new (class Special extends Error {})("x")), "Special"],
    ["a text", Effect.fail("x"), "_OTHER"],
    ["a sentence for a name", Effect.fail(Object.assign(new Error("x"), { name: "a".repeat(200) })), "_OTHER"],
    ["a defect", Effect.die(new RangeError("x")), "RangeError"],
    [
      "a hostile error",
      Effect.fail(
        new Proxy({}, {
          get: () => {
            throw new Error("x")
          },
          has: () => true
        })
      ),
      "_OTHER"
    ],
    [
      "a failure beside a defect",
      Effect.failCause(Cause.parallel(Cause.die("d"), Cause.fail(new TypeError("x")))),
      "TypeError"
    ],
    ["a success", Effect.void, undefined],
    ["an interruption", Effect.interrupt, undefined]
  ])("the type of %s", ([, effect, type]) =>
    Effect.gen(function*() {
      const { attributes } = spanOf(yield* run(effect.pipe(Effect.withSpan("s"))), "s")
      expect(attributes["error.type"]).toBe(type)
    }))

  it.effect("a call that recovers is no failure of its span, and says how many attempts it took", () =>
    Effect.gen(function*() {
      let n = 0
      const program = Effect.gen(function*() {
        const policy = yield* RetryPolicy.make({ rows: { API_FORMAT: { base: "1 millis" } } })
        const fetch = Effect.suspend(() => n++ < 2 ? Effect.fail(failing(503)) : Effect.succeed(n)).pipe(
          Effect.withSpan("attempt", { kind: "client" }),
          Fetch.tracked({ source: "rest" }),
          Fetch.retry(policy),
          Effect.withSpan("call")
        )
        yield* Effect.zipRight(Effect.fork(fetch), TestClock.adjust("1 minute"))
      })
      const spans = yield* run(program)
      const call = spanOf(spans, "call")
      expect(call.failed).toBe(false)
      expect(call.attributes).toMatchObject({
        "errata.attempts": 3,
        "errata.recovered": true,
        "errata.earlier_errors": "API_FORMAT, API_FORMAT"
      })
      expect(call.attributes["error.type"]).toBeUndefined()
      expect(call.events).toEqual([])
      const attempts = spans.filter(({ name }) => name === "attempt")
      expect(attempts.map(({ attributes, failed }) => [failed, attributes["http.request.resend_count"]]))
        .toEqual([[true, undefined], [true, 1], [false, 2]])
    }))

  it.effect("a call that gives up says why, and one that is refused, too", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const policy = yield* RetryPolicy.make({
          maxWait: "1 second",
          rows: { API_FORMAT: { base: "1 millis", retries: 1 } }
        })
        const call = (error: FetchError.FetchError, name: string) =>
          Effect.fail(error).pipe(Fetch.tracked(), Fetch.retry(policy), Effect.withSpan(name), Effect.exit)
        yield* Effect.zipRight(Effect.fork(call(failing(503), "gives up")), TestClock.adjust("1 minute"))
        yield* call(new FetchError.ApiRateLimit({ status: 429, retryAfter: Option.some("1 hour") as never }), "limited")
        yield* call(failing(503), "refused")
      })
      const spans = yield* run(program)
      expect(spanOf(spans, "gives up").attributes).toMatchObject({
        "errata.attempts": 2,
        "errata.gave_up": "no attempts left",
        "errata.earlier_errors": "API_FORMAT"
      })
      expect(spanOf(spans, "gives up").events).toEqual([])
    }))

  it.effect("addresses, statuses and secrets of the HttpClient are right", () =>
    Effect.gen(function*() {
      const http = client([200, 503])
      const secret = "s3cr3tS3cr3tS3cr3t"
      const request = HttpClientRequest.get(`https://user:${secret}@api.example.com/v1?symbol=BTC&signature=${secret}`)
        .pipe(
          HttpClientRequest.setHeader("x-mbx-apikey", secret),
          HttpClientRequest.setHeader("accept", "application/json")
        )
      const spans = yield* run(Effect.zip(
        http.execute(request),
        http.execute(HttpClientRequest.get("http://[::1]:8080/x"))
      ))
      expect(JSON.stringify(spans)).not.toContain(secret)
      const [first, second] = spans
      expect(first?.attributes).toMatchObject({
        "http.request.method": "GET",
        "server.address": "api.example.com",
        "server.port": 443,
        "url.full": "https://<redacted>@api.example.com/v1?symbol=BTC&signature=<redacted>",
        "url.query": "symbol=BTC&signature=<redacted>",
        "http.response.status_code": 200,
        "http.request.header.accept": "application/json"
      })
      expect(first?.failed).toBe(false)
      expect(second?.attributes).toMatchObject({ "server.address": "::1", "server.port": 8080, "error.type": "503" })
      expect(second?.failed).toBe(true)
    }))

  it.effect("the signatures of presigned URLs are masked, as the conventions ask for, and their keys stay", () =>
    Effect.gen(function*() {
      const keys = [
        "X-Amz-Signature",
        "X-Amz-Credential",
        "X-Amz-Security-Token",
        "sig",
        "X-Goog-Signature",
        "AWSAccessKeyId",
        "Signature"
      ]
      const query = keys.map((key, i) => `${key}=AKIA${i}abcDEF0123456789abcDEF`).join("&")
      const [span] = yield* run(client([200]).get(`https://bucket.s3.amazonaws.com/BTC.zip?${query}&part=1`))
      const masked = `${keys.map((key) => `${key}=<redacted>`).join("&")}&part=1`
      expect(span?.attributes["url.query"]).toBe(masked)
      expect(span?.attributes["url.full"]).toBe(`https://bucket.s3.amazonaws.com/BTC.zip?${masked}`)
    }))

  it.effect(
    "no secret of the corpus leaves, by a name, an attribute, an event, a link, or an error and its causes",
    () =>
      Effect.gen(function*() {
        const programs = corpus.map(({ label, value }) => {
          const text = typeof value === "string" ? value : label
          return Effect.gen(function*() {
            const span = yield* Effect.currentSpan
            span.attribute("text", text)
            span.attribute("value", value)
            span.event(text, 0n, { text, value })
            span.addLinks([{ _tag: "SpanLink", span, attributes: { text, value } }])
            return yield* Effect.failCause(Cause.sequential(
              Cause.fail(new Error(text, { cause: new Error(text) })),
              Cause.die(value)
            ))
          }).pipe(Effect.withSpan(text), Effect.exit)
        })
        const all = JSON.stringify(yield* run(Effect.all(programs, { discard: true })))
        expect(all.length).toBeGreaterThan(10_000)
        const missed = corpus.filter(({ secret }) => all.includes(secret)).map(({ label }) => label)
        expect(missed).toEqual([])
      }),
    20_000
  )

  it.effect("what it does not know is passed on", () =>
    Effect.gen(function*() {
      const error = new TypeError("plain")
      const spans = yield* run(
        Effect.gen(function*() {
          const span = yield* Effect.currentSpan
          for (const value of [1, true, "BTCUSDT", "2024-01-01T00:00:00Z"]) span.attribute(`a.${String(value)}`, value)
          span.event("tick", 5n, { n: 1 })
          return yield* Effect.fail(error)
        }).pipe(Effect.withSpan("known name"))
      )
      const { attributes, events, failure } = spanOf(spans, "known name")
      expect(attributes).toMatchObject({
        "a.1": 1,
        "a.true": true,
        "a.BTCUSDT": "BTCUSDT",
        "a.2024-01-01T00:00:00Z": "2024-01-01T00:00:00Z"
      })
      expect(events).toEqual([["tick", { n: 1 }]])
      expect(failure).toContain("plain")
    }))
})

describe("decorate", () => {
  it("leaves a tracer that is decorated as it is, and spans the objects that they are", () => {
    const made: Array<Tracer.Span> = []
    const native = Effect.runSync(Effect.tracer)
    const tracer = Tracing.decorate(Tracer.make({
      ...native,
      span: (...args) => {
        const span = native.span(...args)
        made.push(span)
        return span
      }
    }))
    expect(Tracing.decorate(tracer)).toBe(tracer)
    const span = Effect.runSync(Effect.withTracer(Effect.currentSpan.pipe(Effect.withSpan("s")), tracer))
    expect(span).toBe(made[0])
  })

  it("passes on the very error of an exit without secrets", () => {
    const error = new TypeError("plain")
    const tracer = Tracing.decorate(Effect.runSync(Effect.tracer))
    let span: Tracer.Span | undefined
    Effect.runSync(Effect.currentSpan.pipe(
      Effect.tap((current) => Effect.sync(() => span = current)),
      Effect.zipRight(Effect.fail(error)),
      Effect.withSpan("s"),
      Effect.withTracer(tracer),
      Effect.exit
    ))
    const exit = span?.status._tag === "Ended" ? span.status.exit : Exit.void
    expect(Exit.isFailure(exit) && Cause.originalError(Option.getOrThrow(Cause.failureOption(exit.cause)))).toBe(error)
  })
})
