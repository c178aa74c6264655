/**
 * The cost of the live page for the process that serves it: of a frame, with 0, 1, 100 and 1,000 clients in another process,
 * after 200,000 errors of 2,000 symbols; of as many bytes to as many clients by `node:http` alone, which is the floor; and of a
 * tracked fetch: alone, while 100 clients are connected, and with everything on: 10 clients, metrics every five seconds, traces,
 * and a scrape by Prometheus every second.
 */
import { Effect, Layer, Logger, LogLevel, Schedule } from "effect"
import { ErrorMetrics, ErrorTracker, Fetch, FetchError, Prometheus, Tracing } from "effect-errata"
import { Dashboard } from "effect-errata/dashboard"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer, type ServerResponse } from "node:http"
import { execPath } from "node:process"

const clients = `
  const { connect } = require("node:net")
  const [port, n] = process.argv.slice(1).map(Number)
  for (let i = 0; i < n; i++) {
    const socket = connect(port, "127.0.0.1", () =>
      socket.write("GET /events HTTP/1.1\\r\\nhost: localhost\\r\\naccept-encoding: gzip\\r\\n\\r\\n"))
    socket.on("error", () => process.exit())
    socket.resume()
  }
`

const seconds = 4

const withClients = <A, R>(port: number, n: number, body: Effect.Effect<A, never, R>): Effect.Effect<A, never, R> =>
  n === 0 ? body : Effect.scoped(Effect.zipRight(
    Effect.acquireRelease(
      Effect.sync((): ChildProcess => spawn(execPath, ["-e", clients, String(port), String(n)], { stdio: "inherit" })),
      (child) => Effect.sync(() => child.kill())
    ),
    Effect.zipRight(Effect.sleep("3 seconds"), body)
  ))

/** Milliseconds of processor time of this process in a second, in which one frame is made and sent: the median of some. */
const processorTime = Effect.map(
  Effect.replicateEffect(
    Effect.gen(function*() {
      const before = process.cpuUsage()
      const start = performance.now()
      yield* Effect.sleep("1 second")
      const { system, user } = process.cpuUsage(before)
      return (user + system) / (performance.now() - start)
    }),
    9
  ),
  (times) => times.toSorted((a, b) => a - b)[4]!
)

/** The same for as many bytes a second to `n` clients, by `node:http` alone. */
const floor = (n: number, bytes: number) =>
  Effect.scoped(Effect.gen(function*() {
    const clients: Array<ServerResponse> = []
    const server = createServer((_, response) => {
      response.useChunkedEncodingByDefault = false
      response.writeHead(200, { connection: "close", "content-type": "text/event-stream" }).flushHeaders()
      clients.push(response)
    })
    yield* Effect.acquireRelease(
      Effect.promise(() => once(server.listen(0, "127.0.0.1"), "listening")),
      () =>
        Effect.sync(() => {
          server.close()
          server.closeAllConnections()
        })
    )
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    const frame = Buffer.alloc(bytes, "x")
    yield* Effect.forkScoped(
      Effect.schedule(Effect.sync(() => clients.forEach((client) => client.write(frame))), Schedule.spaced("1 second"))
    )
    return yield* withClients(port, n, processorTime)
  }))

/** The size of a compressed frame. */
const frameSize = (port: number) =>
  Effect.promise(async () => {
    const response = await fetch(`http://127.0.0.1:${port}/api/frame`, { headers: { "accept-encoding": "gzip" } })
    return Number(response.headers.get("content-length"))
  })

/** Microseconds of processor time of a tracked fetch, made as fast as possible while timers and sockets have their turn. */
const fetchTime = Effect.gen(function*() {
  const fetch: Effect.Effect<number, never, ErrorTracker.ErrorTracker> = Effect.succeed(1).pipe(
    Fetch.tracked({ source: "rest", symbol: "S1USDT" })
  )
  const batch = Effect.zipRight(Effect.repeatN(fetch, 999), Effect.promise(() => new Promise(setImmediate)))
  yield* Effect.repeatN(batch, 50)
  const before = process.cpuUsage()
  const start = performance.now()
  let fetches = 0
  while (performance.now() - start < seconds * 1000) {
    yield* batch
    fetches += 1000
  }
  const { system, user } = process.cpuUsage(before)
  return (user + system) / fetches
})

const program = Effect.gen(function*() {
  const tracker = yield* ErrorTracker.ErrorTracker
  const { port } = yield* Dashboard.Dashboard
  const errors = Array.from({ length: 2000 }, (_, i) => {
    const context = { symbol: `S${i}USDT`, source: ["rest", "vision", "cache"][i % 3]!, interval: "1m" }
    const makers = [
      FetchError.NetworkConnection,
      FetchError.NetworkTimeout,
      FetchError.ApiRateLimit,
      FetchError.ApiFormat
    ]
    return new makers[i % 4]!({ context })
  })
  for (let i = 0; i < 200_000; i++) yield* tracker.track(errors[i * 7 % 2000]!, { attempt: true })

  const bytes = yield* frameSize(port)
  console.log(`A frame of ${bytes} bytes, compressed.\n`)
  console.log("| clients | ms of processor time a second | by node:http alone |\n|---|---|---|")
  // Until compilers and collectors have done what the errors have caused.
  yield* withClients(port, 1, processorTime)
  yield* Effect.sleep("3 seconds")
  const idle = yield* processorTime
  console.log(`| 0 | ${idle.toFixed(2)} | |`)
  for (const n of [1, 100, 1000]) {
    const busy = yield* withClients(port, n, processorTime)
    const least = yield* floor(n, bytes)
    console.log(`| ${n} | ${(busy - idle).toFixed(2)} | ${(least - idle).toFixed(2)} |`)
  }
  const everything = Effect.zipRight(
    Effect.forkScoped(
      Effect.schedule(
        Effect.map(Prometheus.families(), (families) => Prometheus.text(families)),
        Schedule.spaced("1 second")
      )
    ),
    withClients(port, 10, fetchTime)
  ).pipe(Effect.scoped, Effect.provide(Layer.merge(ErrorMetrics.layer(), Tracing.layer)))
  // In turn, since the speed of the machine changes.
  const times = { alone: Array.of<number>(), watched: Array.of<number>(), everything: Array.of<number>() }
  for (let i = 0; i < 3; i++) {
    times.alone.push(yield* fetchTime)
    times.watched.push(yield* withClients(port, 100, fetchTime))
    times.everything.push(yield* everything)
  }
  const ratio = (of: ReadonlyArray<number>) =>
    of.map((time, i) => time / times.alone[i]!).toSorted((a, b) => a - b)[1]!.toFixed(3)
  console.log(
    `\na tracked fetch: ${times.alone.toSorted((a, b) => a - b)[1]!.toFixed(2)} us; with 100 clients ${
      ratio(times.watched)
    }×; with page, metrics, traces and Prometheus ${ratio(times.everything)}×`
  )
})

await Effect.runPromise(program.pipe(
  Effect.provide(Dashboard.layer({ port: 0 }).pipe(Layer.provideMerge(ErrorTracker.layer({ sweepEvery: "1 hour" })))),
  Logger.withMinimumLogLevel(LogLevel.None)
))
