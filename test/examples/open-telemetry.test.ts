/** Runs `examples/open-telemetry.ts` against a receiver, and reads what arrives. */
import { createServer } from "node:http"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: number; readonly boolValue?: boolean }
}

interface Span {
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly status: { readonly code: number; readonly message?: string }
  readonly attributes: ReadonlyArray<Attribute>
  readonly events: ReadonlyArray<{ readonly name: string }>
}

interface Point {
  readonly attributes: ReadonlyArray<Attribute>
  readonly asInt?: number
  readonly asDouble?: number
}

interface Metric {
  readonly name: string
  readonly unit: string
  readonly sum?: { readonly isMonotonic: boolean; readonly dataPoints: ReadonlyArray<Point> }
  readonly gauge?: { readonly dataPoints: ReadonlyArray<Point> }
}

interface LogRecord {
  readonly severityText: string
  readonly traceId?: string
  readonly spanId?: string
  readonly body: { readonly stringValue: string }
  readonly attributes: ReadonlyArray<Attribute>
}

interface Body {
  readonly resourceSpans?: ReadonlyArray<
    { readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<Span> }> }
  >
  readonly resourceMetrics?: ReadonlyArray<
    { readonly scopeMetrics: ReadonlyArray<{ readonly metrics: ReadonlyArray<Metric> }> }
  >
  readonly resourceLogs?: ReadonlyArray<
    { readonly scopeLogs: ReadonlyArray<{ readonly logRecords: ReadonlyArray<LogRecord> }> }
  >
}

const attributesOf = (attributes: ReadonlyArray<Attribute>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? value.boolValue ?? Number(value.intValue)])
  )

const bodies: Array<{ readonly path: string; readonly text: string }> = []

const server = createServer((request, response) => {
  let text = ""
  request.on("data", (chunk: Buffer) => text += chunk.toString())
  request.on("end", () => {
    bodies.push({ path: request.url ?? "", text })
    response.end("{}")
  })
})

describe("what a collector gets", () => {
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const address = server.address()
    if (typeof address !== "object" || address === null) throw new Error("no port")
    vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", `http://127.0.0.1:${address.port}`)
    const log = vi.spyOn(globalThis.console, "log").mockImplementation(() => {})
    await import("../../examples/open-telemetry.js")
    log.mockRestore()
  }, 30_000)

  afterAll(() => {
    vi.unstubAllEnvs()
    server.close()
  })

  const parsed = () => bodies.map(({ text }): Body => JSON.parse(text))
  const spans = () =>
    parsed().flatMap(({ resourceSpans = [] }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    )
  const records = () =>
    parsed().flatMap(({ resourceLogs = [] }) =>
      resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords))
    )

  it("are traces, metrics and logs, without a secret in any body", () => {
    expect(new Set(bodies.map(({ path }) => path))).toEqual(new Set(["/v1/traces", "/v1/metrics", "/v1/logs"]))
    expect(bodies.filter(({ text }) => /4f9d8e7c|fedcba98/.test(text)).map(({ path }) => path)).toEqual([])
    expect(bodies.some(({ text }) => text.includes("apiKey=<redacted>"))).toBe(true)
  })

  it("spans have the attributes of the conventions", () => {
    const calls = spans().filter(({ name }) => name.startsWith("fetch "))
    const rows = calls.map(({ attributes, name, status }) => {
      const { "code.stacktrace": _, ...own } = attributesOf(attributes)
      return [name, status.code, own]
    })
    expect(rows).toEqual([
      ["fetch /klines", 0, { symbol: "BTCUSDT" }],
      ["fetch /klines", 0, {
        symbol: "ETHUSDT",
        "errata.attempts": 2,
        "errata.earlier_errors": "API_FORMAT",
        "errata.recovered": true
      }],
      ["fetch /klines", 2, {
        symbol: "SOLUSDT",
        "error.type": "API_FORMAT",
        "http.response.status_code": 503,
        "errata.source": "rest",
        "errata.attempts": 3,
        "errata.earlier_errors": "API_FORMAT, API_FORMAT",
        "errata.gave_up": "no attempts left",
        "errata.counted": true
      }],
      ["fetch /account", 2, {
        symbol: "BTCUSDT",
        "error.type": "API_AUTH",
        "http.response.status_code": 401,
        "errata.source": "rest",
        "errata.attempts": 1,
        "errata.gave_up": "not retryable",
        "errata.counted": true
      }]
    ])
    const requests = spans().filter(({ kind }) => kind === 3)
    expect(requests.map(({ status }) => status.code)).toEqual([0, 2, 0, 2, 2, 2, 2])
    const attributes = requests.map(({ attributes }) => attributesOf(attributes))
    expect(attributes.map((own) => own["http.request.resend_count"])).toEqual([
      undefined,
      undefined,
      1,
      undefined,
      1,
      2,
      undefined
    ])
    expect(attributes.map((own) => own["error.type"])).toEqual([
      undefined,
      "503",
      undefined,
      "503",
      "503",
      "503",
      "401"
    ])
    for (const own of attributes) {
      expect(own).toMatchObject({
        "http.request.method": "GET",
        "server.address": "api.example.com",
        "server.port": 443,
        "url.scheme": "https"
      })
      expect(own["url.full"]).toMatch(
        /^https:\/\/api\.example\.com\/(klines|account)\?symbol=[A-Z]+&apiKey=<redacted>$/
      )
      expect(own["url.query"]).toMatch(/^symbol=[A-Z]+&apiKey=<redacted>$/)
      expect(own["status.interrupted"]).toBeUndefined()
    }
  })

  it("each failure is one record: a line in the log, with its trace and span", () => {
    const failures = records().filter(({ severityText }) => severityText === "ERROR")
    const failed = spans().filter(({ name, status }) => name.startsWith("fetch ") && status.code === 2)
    expect(failures.length).toBe(2)
    expect(failures.map(({ traceId, spanId }) => [traceId, spanId])).toEqual(
      failed.map(({ spanId, traceId }) => [traceId, spanId])
    )
    expect(spans().flatMap(({ events }) => events)).toEqual([])
    expect(failures.map(({ attributes }) => attributesOf(attributes)["error_type"])).toEqual(["API_FORMAT", "API_AUTH"])
    // The attempts of the call that recovered are below INFO.
    expect(records().filter(({ severityText }) => severityText === "ERROR" || severityText === "WARN").length).toBe(2)
  })

  it("metrics count all of it, with the type of the span and of the line", () => {
    const metrics = parsed().flatMap(({ resourceMetrics = [] }) =>
      resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    )
    const last = (name: string) => metrics.findLast((metric) => metric.name === name)
    const value = (name: string, attributes: Readonly<Record<string, unknown>>) =>
      (last(name)?.sum ?? last(name)?.gauge)?.dataPoints.find((point) =>
        Object.entries(attributes).every(([key, text]) => attributesOf(point.attributes)[key] === text)
      )
    expect(last("errata.errors")).toMatchObject({ unit: "{error}", sum: { isMonotonic: true } })
    expect(value("errata.errors", { "error.type": "API_FORMAT", "errata.severity": "ERROR" })?.asInt).toBe(4)
    expect(value("errata.errors", { "error.type": "API_AUTH" })?.asInt).toBe(1)
    expect(value("errata.attempts", { "errata.outcome": "succeeded" })?.asInt).toBe(2)
    expect(value("errata.calls", { "errata.outcome": "succeeded" })?.asInt).toBe(1)
    expect(value("errata.calls", { "errata.outcome": "recovered" })?.asInt).toBe(1)
    expect(value("errata.calls", { "errata.outcome": "failed" })?.asInt).toBe(2)
    expect(value("errata.retries", {})?.asInt).toBe(3)
    expect(value("errata.dimension.errors", { "errata.value": "rest", "error.type": "API_AUTH" })?.asInt).toBe(1)
    expect(last("errata.fetch.duration")?.unit).toBe("s")
  })
})
