/**
 * The cost of the live page for the process that serves it: of a frame, with 0, 1, 100 and 1,000 clients in another process,
 * after 200,000 errors of 2,000 symbols; and of a tracked fetch while 100 clients are connected.
 */
import { Effect, Layer, Logger, LogLevel } from "effect"
import { ErrorTracker, Fetch, FetchError } from "effect-errata"
import { Dashboard } from "effect-errata/dashboard"
import { type ChildProcess, spawn } from "node:child_process"
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

const seconds = 6

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

/** Microseconds of processor time of a tracked fetch, made as fast as possible while timers and sockets have their turn. */
const fetchTime = Effect.gen(function*() {
  const fetch = Effect.succeed(1).pipe(Fetch.tracked({ source: "rest", symbol: "S1USDT" }))
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

  console.log("| clients | ms of processor time a second |\n|---|---|")
  // Until compilers and collectors have done what the errors have caused.
  yield* withClients(port, 1, processorTime)
  yield* Effect.sleep("3 seconds")
  const idle = yield* processorTime
  console.log(`| 0 | ${idle.toFixed(2)} |`)
  for (const n of [1, 100, 1000]) {
    const busy = yield* withClients(port, n, processorTime)
    console.log(`| ${n} | ${(busy - idle).toFixed(2)} |`)
  }
  const alone = yield* fetchTime
  const watched = yield* withClients(port, 100, fetchTime)
  console.log(
    `a tracked fetch: ${alone.toFixed(2)} us, with 100 clients ${watched.toFixed(2)} us (${
      (watched / alone).toFixed(3)
    }×)`
  )
})

await Effect.runPromise(program.pipe(
  Effect.provide(Dashboard.layer({ port: 0 }).pipe(Layer.provideMerge(ErrorTracker.layer({ sweepEvery: "1 hour" })))),
  Logger.withMinimumLogLevel(LogLevel.None)
))
