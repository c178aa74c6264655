import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schema } from "effect"
import { ErrorTracker, Fetch, FetchError, Prometheus, RetryPolicy } from "effect-errata"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { parsePage } from "./pageParser.js"
import { hasPrometheus } from "./programs.js"
import { prometheus } from "./prometheusProcess.js"

const options = {
  dimensions: ["symbol", "source"],
  thresholds: { API_FORMAT: { perMinute: 2 } },
  rules: [
    { name: "any", window: "hour", limit: 1000 },
    { name: "worst", by: "symbol", window: "hour", limit: 3 },
    { name: "share", window: "hour", ratio: 0.99, minAttempts: 3 },
    { name: "calls", objective: 0.999, minEvents: 1 },
    { name: "sources", objective: 0.9, of: "attempts", by: "source" }
  ]
} satisfies ErrorTracker.Options

const symbols = ["BTCUSDT", "a\"b\\c\nd", "\0\ud800", "é😀\u2028\r", "# EOF", "{x=\"y\"} 1"]

const shown = { dimensions: ["symbol", "source"] }

const accepted: Array<string> = []

/** The page in the format that Prometheus asks for, and in the other one. */
const router = HttpRouter.empty.pipe(
  Prometheus.route("/metrics", shown),
  HttpRouter.get(
    "/classic",
    Effect.map(
      Prometheus.families(shown),
      (families) =>
        HttpServerResponse.text(Prometheus.text(families), { contentType: "text/plain; version=0.0.4; charset=utf-8" })
    )
  ),
  HttpRouter.use((app) =>
    Effect.tap(
      HttpServerRequest.HttpServerRequest,
      ({ headers }) => Effect.sync(() => accepted.push(headers["accept"] ?? ""))
    ).pipe(Effect.zipRight(app))
  )
)

const server = router.pipe(
  HttpServer.serve(),
  Layer.provideMerge(NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1" })),
  Layer.provideMerge(ErrorTracker.layer(options)),
  Layer.provideMerge(Logger.remove(Logger.defaultLogger))
)

/** Some of everything: errors, empties, attempts, calls, retries, an open circuit. */
const traffic = Effect.gen(function*() {
  const tracker = yield* ErrorTracker.ErrorTracker
  for (const symbol of symbols) {
    yield* tracker.track(new FetchError.ApiFormat({ status: 503, context: { symbol, source: "rest" } }), {
      attempt: true
    })
    yield* tracker.succeeded({ symbol, source: "rest" }, 20)
  }
  yield* tracker.track(new FetchError.DataEmpty({ reason: "delisted", context: { symbol: "X", source: "rest" } }))
  yield* tracker.track(new FetchError.DataEmpty({ reason: "api_response", context: { symbol: "X", source: "rest" } }))
  const policy = yield* RetryPolicy.make({ rows: { API_FORMAT: { base: "1 millis", retries: 1 } } })
  const call = (isOk: boolean) =>
    Effect.suspend(() => isOk ? Effect.void : Effect.fail(new FetchError.ApiFormat({ status: 502 }))).pipe(
      Fetch.tracked({ source: "rest" }, { attempts: true }),
      Fetch.retry(policy),
      Effect.ignore
    )
  yield* Effect.all([call(true), call(false), call(true)], { discard: true })
  return policy
})

const Dashboard = Schema.parseJson(Schema.Struct({
  panels: Schema.Array(Schema.Struct({
    id: Schema.Number,
    title: Schema.String,
    targets: Schema.Array(Schema.Struct({ expr: Schema.String, refId: Schema.String }))
  }))
}))

const keyOf = (labels: Readonly<Record<string, string>>): string =>
  JSON.stringify(
    Object.entries(labels).filter(([label]) => label !== "job" && label !== "instance").toSorted(([a], [b]) =>
      a < b ? -1 : 1
    )
  )

describe.skipIf(!hasPrometheus)("a real Prometheus", () => {
  it.scopedLive(
    "stores what the tracker counts, by both formats; fires its rules; answers each query of the dashboard",
    () =>
      Effect.gen(function*() {
        const policy = yield* traffic
        const port = yield* HttpServer.addressWith((address) =>
          Effect.succeed(address._tag === "TcpAddress" ? address.port : 0)
        )
        const { alerts, eventually, query } = yield* prometheus([
          { job: "openmetrics", port, path: "/metrics" },
          { job: "classic", port, path: "/classic" }
        ], Prometheus.rules(options))

        // Two scrapes of each, for the rates of the dashboard.
        const jobs = ["openmetrics", "classic"]
        yield* eventually("count_over_time(errata_dropped_total[1m]) >= 2", ({ length }) => length === jobs.length)
        expect(accepted.some((header) => header.includes("application/openmetrics-text"))).toBe(true)
        const page = parsePage(Prometheus.text(yield* Prometheus.families(shown)), "text").flatMap(({ samples }) =>
          samples
        )
        const expected = new Map(page.map(({ labels, name, value }) => [keyOf({ ...labels, __name__: name }), value]))
        expect(expected.size).toBeGreaterThan(100)
        for (const job of jobs) {
          const stored = new Map(
            (yield* query(`{job="${job}",__name__=~"errata_.+"}`)).map((
              { metric, value: [, value] }
            ) => [keyOf(metric), value])
          )
          expect([job, Object.fromEntries(stored)]).toEqual([job, Object.fromEntries(expected)])
        }

        expect((yield* query("up == 1")).length).toBe(jobs.length)
        const firing = (yield* alerts).filter(({ state }) => state === "firing").map(({ labels }) => labels)
        const names = firing.map(({ alertname, error_type = "", rule = "" }) => `${alertname} ${error_type}${rule}`)
        expect(new Set(names)).toEqual(
          new Set([
            "ErrataLimitExceeded API_FORMAT",
            "ErrataErrorBudgetBurn calls"
          ])
        )

        const { panels } = yield* Schema.decode(Dashboard)(readFileSync("examples/grafana.json", "utf8"))
        expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
        const known = (yield* Prometheus.families(shown)).flatMap(({ name, type }) =>
          type === "counter" ? [`${name}_total`] : type === "summary" ? [name, `${name}_sum`, `${name}_count`] : [name]
        )
        for (const { targets, title } of panels) {
          for (const { expr } of targets) {
            for (const name of expr.match(/errata_\w+/g) ?? []) {
              expect([title, known.includes(name)]).toEqual([title, true])
            }
            const expression = expr.replaceAll("$job", ".+").replaceAll("$__rate_interval", "30s")
            expect(expression).not.toContain("$")
            const rows = yield* query(expression)
            expect([title, expr, rows.length > 0]).toEqual([title, expr, true])
            // NaN: the mean of nothing.
            expect([
              title,
              rows.some(({ value: [, value] }) => value < 0)
            ]).toEqual([title, false])
          }
        }
        // A policy is on the page as long as it is in use.
        expect((yield* policy.state).circuit).toBe("closed")
      }).pipe(Effect.provide(server)),
    30_000
  )
})
