/** Webhooks over real sockets. */
import { NodeHttpClient } from "@effect/platform-node"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import { describe, expect, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Exit, Layer, Logger, LogLevel, Option, Redacted, Schema, Tracer } from "effect"
import * as Alert from "effect-errata/Alert"
import * as ErrorTracker from "effect-errata/ErrorTracker"
import * as FetchError from "effect-errata/FetchError"
import * as Notifier from "effect-errata/Notifier"
import { LogCapture } from "effect-errata/testing"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

interface Request {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

interface Answer {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: string
  /** The connection is cut instead. */
  readonly isCut?: boolean
  /** The body goes on for ever. */
  readonly isEndless?: boolean
}

/** A server that records its requests. */
const receiver = (answer: (n: number) => Answer = () => ({ status: 200, body: "ok" })) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly requests: Array<Request>; readonly close: () => void }>((resume) => {
      const requests: Array<Request> = []
      const server = createServer((request, response) => {
        let body = ""
        request.on("data", (chunk) => body += chunk)
        request.on("end", () => {
          requests.push({ method: request.method ?? "", path: request.url ?? "", headers: request.headers, body })
          const { body: text = "", headers = {}, isCut = false, isEndless = false, status } = answer(requests.length)
          if (isCut) return request.socket.destroy()
          response.writeHead(status, headers)
          if (!isEndless) return response.end(text)
          const writing = setInterval(() => response.write(text), 5)
          response.on("close", () => clearInterval(writing))
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        const close = () => {
          server.closeAllConnections()
          server.close()
        }
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, requests, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const fired = new Alert.Fired({
  id: "lx2v8k1c-1f3a9",
  code: "API_FORMAT",
  window: "minute",
  limit: 10,
  count: 11,
  severity: "ERROR",
  at: DateTime.unsafeMake("2024-05-31T16:08:37Z")
})

const resolved = new Alert.Resolved({
  ...fired,
  count: 8,
  since: fired.at,
  duration: Duration.seconds(70),
  peak: 42
})

const delivery: Notifier.Delivery = { key: "lx2v8k1c-1f3a9-Fired-1717171717000-11", since: fired.at, attempt: 1 }

const clients: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["fetch", FetchHttpClient.layer],
  ["node", NodeHttpClient.layer],
  ["undici", NodeHttpClient.layerUndici]
]

const secretPath = "/services/T0A1B2C3D/B9Z8Y7X6W/q1w2e3r4t5y6u7i8o9p0aSdF"
const secrets = ["T0A1B2C3D", "B9Z8Y7X6W", "q1w2e3r4t5y6u7i8o9p0aSdF"]

const none = (text: string) => {
  for (const secret of secrets) expect(text).not.toContain(secret)
}

describe.each(clients)("Notifier.webhook with %s", (_name, client) => {
  it.scopedLive("posts a document that its schema decodes", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* receiver()
      const { send } = Notifier.webhook(`${url}/alerts?team=a`, {
        headers: { authorization: Redacted.make("Bearer t0ps3cr3t") },
        labels: { service: "prices" }
      })
      yield* send(fired, delivery)
      yield* send(resolved, { ...delivery, key: "second" })
      expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual(Array(2).fill("POST /alerts?team=a"))
      expect(requests[0]?.headers).toMatchObject({
        "content-type": "application/json",
        "idempotency-key": delivery.key,
        authorization: "Bearer t0ps3cr3t"
      })
      const [first, second] = requests.map(({ body }) => Schema.decodeSync(Schema.parseJson(Notifier.Document))(body))
      expect(first).toEqual({
        version: 1,
        key: delivery.key,
        message: "THRESHOLD EXCEEDED: API_FORMAT occurred 11 times in the last minute (threshold: 10)",
        since: fired.at,
        labels: { service: "prices" },
        alert: fired
      })
      expect(second?.alert).toEqual(resolved)
    }).pipe(Effect.provide(client)))

  it.scopedLive("neither errors, nor logs, nor traces show the address", () =>
    Effect.gen(function*() {
      const answers: ReadonlyArray<Answer> = [
        { status: 404, body: `no_service at ${secretPath}` },
        { status: 503, body: `cannot ${secretPath}` },
        { status: 302, headers: { location: `https://elsewhere.example${secretPath}` } },
        { status: 200, isCut: true }
      ]
      const { close, requests, url } = yield* receiver((n) => answers[(n - 1) % answers.length] ?? { status: 500 })
      const spans: Array<string> = []
      const tracer = Tracer.make({
        context: (f) => f(),
        span: (name, parent, context, links, startTime, kind) => {
          const attributes = new Map<string, unknown>()
          return {
            _tag: "Span",
            name,
            spanId: "1",
            traceId: "1",
            parent,
            context,
            status: { _tag: "Started", startTime },
            attributes,
            links,
            sampled: true,
            kind,
            end: () => void spans.push(name + JSON.stringify([...attributes])),
            attribute: (key, value) => void attributes.set(key, value),
            event: (event) => void spans.push(event),
            addLinks: () => {}
          }
        }
      })
      const hook = Notifier.webhook(Redacted.make(`${url}${secretPath}`))
      const outcomes: Array<string> = []
      for (let n = 0; n < answers.length; n++) {
        const exit = yield* Effect.exit(hook.send(fired, delivery).pipe(Effect.withSpan("page")))
        expect(Exit.isFailure(exit)).toBe(true)
        outcomes.push(`${String(exit)} ${JSON.stringify(exit)}`)
      }
      expect(requests.length).toBe(answers.length)
      close()
      const refused = yield* Effect.exit(hook.send(fired, delivery))
      expect(Exit.isFailure(refused)).toBe(true)
      outcomes.push(`${String(refused)} ${JSON.stringify(refused)}`)
      none(outcomes.join("\n"))
      expect(outcomes[0]).toContain("404")
      expect(outcomes[0]).toContain("no_service")

      // The whole layer, whose receiver is gone.
      const Live = Notifier.layer({ ...hook, retry: { base: "1 milli", cap: "2 millis" } }).pipe(
        Layer.provideMerge(ErrorTracker.layer({ thresholds: { NETWORK_DNS: { perMinute: 2 } } }))
      )
      yield* Effect.gen(function*() {
        const tracker = yield* ErrorTracker.ErrorTracker
        yield* Effect.repeatN(tracker.track(new FetchError.NetworkDns()), 2)
        const { status } = yield* Notifier.Notifier
        for (;;) {
          const [receiver] = yield* status
          if (receiver !== undefined && Option.isSome(receiver.failure)) break
          yield* Effect.sleep("5 millis")
        }
        yield* Effect.sleep("50 millis")
        none(JSON.stringify(yield* status))
      }).pipe(Effect.provide(Live), Effect.withSpan("all"), Effect.withTracer(tracer))
      const text = yield* LogCapture.text
      expect(text).toContain("Alerts cannot be delivered to \"webhook\"")
      none(text)
      none(spans.join("\n"))
      expect(spans.length).toBeGreaterThan(0)
    }).pipe(
      Effect.provide(client),
      Logger.withMinimumLogLevel(LogLevel.All),
      Effect.provide(LogCapture.layer)
    ))

  it.scopedLive("a redirect is a rejection, not a delivery", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* receiver((n) =>
        n === 1 ? { status: 301, headers: { location: "/elsewhere" } } : { status: 200 }
      )
      const error = yield* Effect.flip(Notifier.webhook(`${url}/hook`).send(fired, delivery))
      expect(error).toBeInstanceOf(Notifier.DeliveryError)
      expect(error).toMatchObject({ status: 301 })
      expect(requests.length).toBe(1)
    }).pipe(Effect.provide(client)))

  it.scopedLive("an answer without end is an accepted alert", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* receiver(() => ({ status: 200, body: "more", isEndless: true }))
      const [took] = yield* Effect.timed(Notifier.webhook(`${url}/hook`).send(fired, delivery))
      expect(requests.length).toBe(1)
      expect(Duration.toSeconds(took)).toBeLessThan(8)
    }).pipe(Effect.provide(client)))

  it.scopedLive("the text of an error is one bounded line", () =>
    Effect.gen(function*() {
      const body = `no\u001b[31m\n[ERROR] forged\u202e ${"x".repeat(5000)}`
      const { url } = yield* receiver(() => ({ status: 500, body }))
      const error = yield* Effect.flip(Notifier.webhook(`${url}/hook`).send(fired, delivery))
      expect(String(error)).toContain("forged")
      // oxlint-disable-next-line no-control-regex
      expect(String(error)).not.toMatch(/[\u0000-\u001f\u202e]/)
      expect(String(error).length).toBeLessThan(800)
    }).pipe(Effect.provide(client)))

  it.scopedLive("the wait of a 429 is in the error", () =>
    Effect.gen(function*() {
      const { url } = yield* receiver(() => ({ status: 429, headers: { "retry-after": "7" } }))
      const error = yield* Effect.flip(Notifier.webhook(`${url}/hook`).send(fired, delivery))
      expect(error).toMatchObject({ code: "API_RATE_LIMIT", status: 429, retryAfter: Option.some(Duration.seconds(7)) })
    }).pipe(Effect.provide(client)))
})

// ---------------------------------------------------------------------------------------------------------------------
// Slack
// ---------------------------------------------------------------------------------------------------------------------

const Text = Schema.Struct({ type: Schema.Literal("mrkdwn"), text: Schema.String })
const Message = Schema.Struct({
  text: Schema.String,
  blocks: Schema.Tuple(
    Schema.Struct({ type: Schema.Literal("section"), text: Text }),
    Schema.Struct({ type: Schema.Literal("context"), elements: Schema.Array(Text) })
  )
})

const slack = (alert: Notifier.Edge, labels: Record<string, string> = {}) =>
  Effect.gen(function*() {
    const { requests, url } = yield* receiver()
    yield* Notifier.webhook(url, { format: "slack", labels }).send(alert, delivery)
    return yield* Schema.decodeUnknown(Schema.parseJson(Message), { onExcessProperty: "error" })(requests[0]?.body)
  }).pipe(Effect.provide(FetchHttpClient.layer))

describe("Notifier.webhook for Slack", () => {
  it.scopedLive("shows severity, message, labels, time and id", () =>
    Effect.gen(function*() {
      const message = yield* slack(fired, { service: "prices" })
      expect(message.text).toBe(
        ":red_circle: *Alert* (ERROR): THRESHOLD EXCEEDED: API_FORMAT occurred 11 times in the last minute (threshold: 10)"
      )
      expect(message.blocks[1].elements.map(({ text }) => text)).toEqual([
        "service: prices",
        "at 2024-05-31T16:08:37.000Z",
        "id lx2v8k1c-1f3a9"
      ])
      const end = yield* slack(resolved)
      expect(end.text).toContain(":large_green_circle: *Resolved*")
      expect(end.blocks[1].elements.map(({ text }) => text)).toContain("lasted 1m 10s")
    }))

  it.scopedLive.each(
    [
      ["long values", Array.from({ length: 20 }, (_, i) => `${i}`.repeat(250))],
      ["values that grow when escaped", Array.from({ length: 20 }, () => "<&>".repeat(80))],
      ["mentions and links", ["<!channel>", "<@U123>", "<https://evil.example|click>", "&amp;"]],
      ["surrogate pairs", Array.from({ length: 20 }, () => "🚨".repeat(120))]
    ] as const
  )("%s stay within the limits of Slack, as text", ([, values]) =>
    Effect.gen(function*() {
      const labels = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`label${i}`, "<v>".repeat(900)]))
      const { blocks, text } = yield* slack(
        new Alert.Fired({ ...fired, rule: "symbols", by: "symbol", values, more: 3 }),
        labels
      )
      expect(text.length).toBeLessThanOrEqual(3000)
      expect(blocks[0].text.text.length).toBeLessThanOrEqual(3000)
      expect(blocks[1].elements.length).toBeLessThanOrEqual(10)
      for (const element of [text, ...blocks[1].elements.map(({ text }) => text)]) {
        expect(element.length).toBeLessThanOrEqual(2999)
        expect(element).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/)
        expect(encodeURIComponent(element)).not.toBe("")
      }
    }))
})

// ---------------------------------------------------------------------------------------------------------------------
// options
// ---------------------------------------------------------------------------------------------------------------------

describe("Notifier.webhook: options", () => {
  const url = `https://hooks.slack.com${secretPath}`

  it.each<[string, () => unknown, string]>([
    ["no URL", () => Notifier.webhook("hooks.slack.com/x"), "url must be an http or https URL"],
    [
      "a wrong scheme",
      () => Notifier.webhook(`ftp://hooks.slack.com${secretPath}`),
      "url must be an http or https URL"
    ],
    [
      "a password",
      () => Notifier.webhook(`https://me:q1w2e3r4t5y6u7i8o9p0aSdF@x.example/`),
      "url must have no user name"
    ],
    [
      "a URL object",
      () => Notifier.webhook(new URL(url) as never),
      "url is a URL object: it must be a string, write url.href"
    ],
    ["a format", () => Notifier.webhook(url, { format: "slak" as "slack" }), "did you mean \"slack\"?"],
    [
      "a header",
      () => Notifier.webhook(url, { headers: { "a b": "x" } }),
      "headers: \"a b\" is no header name"
    ],
    [
      "a header of two lines",
      () => Notifier.webhook(url, { headers: { authorization: "q1w2e3r4t5y6u7i8o9p0aSdF\r\nx: y" } }),
      "headers.authorization: it must be a string of one line"
    ],
    [
      "a label",
      () => Notifier.alertmanager("http://127.0.0.1:1", { labels: { "a-b": "x" } }),
      "labels: \"a-b\" is no valid name"
    ],
    ["a query", () => Notifier.alertmanager("http://127.0.0.1:1?a=b"), "url must be the address of an Alertmanager"]
  ])("%s is refused, without a secret in the message", (_, make, message) => {
    let error: unknown
    try {
      make()
    } catch (thrown) {
      error = thrown
    }
    expect(String(error)).toContain(message)
    none(String(error))
  })

  it("an own format makes the body", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* receiver()
      const format = ({ message }: Notifier.Edge) => ({ chat_id: 7, text: message })
      yield* Notifier.webhook(url, { format }).send(fired, delivery)
      expect(JSON.parse(requests[0]?.body ?? "")).toEqual({ chat_id: 7, text: fired.message })
    }).pipe(Effect.scoped, Effect.provide(FetchHttpClient.layer), Effect.runPromise))
})
