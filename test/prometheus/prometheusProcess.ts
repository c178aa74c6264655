/** A Prometheus that scrapes targets of a test every second, with an API to ask. */
import { Effect, Schedule, Schema } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startBound } from "../boundProcess.js"

const Series = Schema.Struct({
  metric: Schema.Record({ key: Schema.String, value: Schema.String }),
  value: Schema.Tuple(Schema.Number, Schema.NumberFromString)
})

const answer = <A, I>(data: Schema.Schema<A, I>) => Schema.Struct({ status: Schema.Literal("success"), data })

const Vector = answer(Schema.Struct({ result: Schema.Array(Series) }))

const Alerts = answer(Schema.Struct({
  alerts: Schema.Array(Schema.Struct({
    labels: Schema.Record({ key: Schema.String, value: Schema.String }),
    state: Schema.String
  }))
}))

export interface Target {
  readonly job: string
  readonly port: number
  readonly path: string
}

const freePort = Effect.async<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

/** Starts a Prometheus in a directory of its own, and stops it with the scope. */
export const prometheus = Effect.fnUntraced(function*(targets: ReadonlyArray<Target>, rules: string) {
  const port = yield* freePort
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "errata-prometheus-"))),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
  )
  writeFileSync(join(directory, "rules.yml"), rules)
  writeFileSync(
    join(directory, "prometheus.yml"),
    JSON.stringify({
      global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
      rule_files: ["rules.yml"],
      scrape_configs: targets.map(({ job, path, port }) => ({
        job_name: job,
        metrics_path: path,
        static_configs: [{ targets: [`127.0.0.1:${port}`] }]
      }))
    })
  )
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      startBound("prometheus", [
        `--config.file=${join(directory, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(directory, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--log.level=error"
      ])
    ),
    ({ stop }) => Effect.promise(stop)
  )
  const read = <A, I>(path: string, schema: Schema.Schema<A, I>) =>
    Effect.tryPromise(() => fetch(`http://127.0.0.1:${port}/api/v1/${path}`).then((response) => response.json())).pipe(
      Effect.flatMap(Schema.decodeUnknown(schema))
    )
  const query = (expression: string) =>
    Effect.map(read(`query?query=${encodeURIComponent(expression)}`, Vector), ({ data }) => data.result)
  return {
    query,
    alerts: Effect.map(read("alerts", Alerts), ({ data }) => data.alerts),
    /** The samples of a query as soon as they pass a test. */
    eventually: (expression: string, isRight: (series: ReadonlyArray<typeof Series.Type>) => boolean) =>
      query(expression).pipe(
        Effect.filterOrFail(isRight),
        Effect.retry(Schedule.intersect(Schedule.spaced("100 millis"), Schedule.recurs(200)))
      )
  }
})
