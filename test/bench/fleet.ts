/**
 * What a fleet costs and how fast it is, over a Redis of its own: `npm run bench -- fleet`.
 *
 * - The delay from a ban that one process meets until three other processes see it.
 * - The weight that four limiters use of a minute, against the limit; the time of a reservation, that of
 *   rate-limiter-flexible for the same, and of a bare command as the floor.
 * - The time of the server for a series, and the memory of a series.
 * - The cost of `track`, the delays of alerts, and the edges and counts of processes that are killed: fleetTracker.ts.
 * - The longest step on the event loop meanwhile, in processor time.
 */
import { FetchError, SharedGate } from "effect-errata"
import { RequestWeight } from "effect-errata/binance"
import { FleetGate, FleetStore, FleetWeight } from "effect-errata/fleet"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Scope from "effect/Scope"
import { Redis } from "ioredis"
import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process"
import { createServer } from "node:net"
import { fileURLToPath } from "node:url"
import { RateLimiterRedis } from "rate-limiter-flexible"
import { alertDelays, kills, trackCost, trackerChild, trackSteps } from "./fleetTracker.js"

const now = (): number => performance.timeOrigin + performance.now()

const storeAt = (url: string) => FleetStore.layerIoredis({ name: "bench", url })

const quantile = (numbers: ReadonlyArray<number>, q: number): number =>
  numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * q))] ?? Number.NaN

/** The longest turn of the event loop, in processor time: on a busy machine most of the elapsed time belongs to others. */
class Steps {
  private isOver = false
  private all: Array<number> = []

  start(): void {
    this.isOver = false
    this.all = []
    const look = (before: NodeJS.CpuUsage): void => {
      const { system, user } = process.cpuUsage(before)
      this.all.push((system + user) / 1000)
      if (!this.isOver) setImmediate(look, process.cpuUsage())
    }
    setImmediate(look, process.cpuUsage())
  }

  stop(): void {
    this.isOver = true
  }

  show(name: string): void {
    const [half, most, all] = [0.5, 0.999, 1].map((q) => quantile(this.all, q).toFixed(2))
    console.log(
      `Steps on the event loop, ${name}: median ${half} ms of processor time, 99.9 % ${most} ms, longest ${all} ms.`
    )
  }
}

const show = (name: string, numbers: ReadonlyArray<number>, unit: string): void => {
  const [half, most, all] = [0.5, 0.99, 1].map((q) => quantile(numbers, q).toFixed(2))
  console.log(`| ${name} | ${half} ${unit} | ${most} ${unit} | ${all} ${unit} |`)
}

// ---------------------------------------------------------------------------------------------------------------------
// a child: it reports when it sees a pause
// ---------------------------------------------------------------------------------------------------------------------

const child = async (url: string): Promise<void> => {
  // The floor: an entry of a stream, read by a client without a library around it.
  const reader = new Redis(url)
  const listen = async (last: string): Promise<void> => {
    const found = await reader.xread("BLOCK", 0, "STREAMS", "floor", last)
    const [id, fields] = found?.[0]?.[1][0] ?? []
    process.send?.({ seen: now(), message: fields?.[1] })
    return listen(id ?? last)
  }
  void listen("0-0")
  await Effect.runPromise(
    Effect.scoped(Effect.gen(function*() {
      const gates = Context.get(
        yield* Layer.build(FleetGate.layer({ address: "home" }).pipe(Layer.provide(storeAt(url)))),
        SharedGate.SharedGate
      )
      const host = gates.host("api")
      let known = host.closing
      process.send?.({ ready: true })
      // The view is a property that policies read before each request.
      const look = (): void => {
        const { closing } = host
        if (closing !== known) {
          known = closing
          process.send?.({ seen: now(), message: closing?.error.message })
        }
        setTimeout(look, 1)
      }
      look()
      yield* Effect.never
    })).pipe(Effect.provide(Logger.minimumLogLevel(LogLevel.None)))
  )
}

// ---------------------------------------------------------------------------------------------------------------------
// measurements
// ---------------------------------------------------------------------------------------------------------------------

const bans = 60

const gate = async (url: string, redis: Redis): Promise<void> => {
  const children: Array<ChildProcess> = []
  const seen = new Map<string, Array<number>>()
  for (let i = 0; i < 3; i++) {
    const process = fork(fileURLToPath(import.meta.url), ["child", url])
    children.push(process)
    await new Promise<void>((resolve) => {
      process.on("message", (message) => {
        if (typeof message !== "object" || message === null) return
        if ("ready" in message) resolve()
        if ("seen" in message && "message" in message) {
          seen.set(String(message.message), [...seen.get(String(message.message)) ?? [], Number(message.seen)])
        }
      })
    })
  }
  const delays: Array<number> = []
  const floor: Array<number> = []
  const scope = Effect.runSync(Scope.make())
  const gates = Context.get(
    await Effect.runPromise(
      Layer.buildWithScope(FleetGate.layer({ address: "home" }).pipe(Layer.provide(storeAt(url))), scope)
    ),
    SharedGate.SharedGate
  )
  // The first one is not measured: processes are still compiling.
  for (let i = 0; i <= bans; i++) {
    const start = now()
    // Each pause is longer by more than a second, so that it is a new one.
    gates.host("api").close({
      error: new FetchError.ApiRateLimit({ message: `ban ${i}`, status: 418 }),
      until: now() + 10_000 + 2000 * i
    })
    while ((seen.get(`ban ${i}`)?.length ?? 0) < 3) await new Promise((resolve) => setTimeout(resolve, 1))
    if (i > 0) delays.push(...(seen.get(`ban ${i}`) ?? []).map((at) => at - start))
    const bare = now()
    await redis.xadd("floor", "*", "message", `floor ${i}`)
    while ((seen.get(`floor ${i}`)?.length ?? 0) < 3) await new Promise((resolve) => setTimeout(resolve, 1))
    floor.push(...(seen.get(`floor ${i}`) ?? []).map((at) => at - bare))
  }
  show(`gate: closed by one process, seen by three others (${bans} bans)`, delays, "ms")
  show("floor: one XADD, read by three others with XREAD", floor, "ms")
  for (const one of children) one.kill("SIGKILL")
  await Effect.runPromise(Scope.close(scope, Effect.runSync(Effect.exit(Effect.void))))
}

const reservations = 2000

const time = async (times: number, run: () => Promise<unknown>): Promise<ReadonlyArray<number>> => {
  const took: Array<number> = []
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    await run()
    took.push(performance.now() - start)
  }
  return took
}

const weight = async (url: string, redis: Redis, steps: Steps): Promise<void> => {
  const scope = Effect.runSync(Scope.make())
  const limiter = async (options: { readonly block?: number }, perMinute: number, host: string) =>
    Effect.runPromise(
      Layer.buildWithScope(
        FleetWeight.layer({ address: "home", ...options }).pipe(Layer.provide(storeAt(url))),
        scope
      ).pipe(
        Effect.flatMap((services) => Context.get(services, RequestWeight.RequestWeight).limiter(host, perMinute))
      )
    )
  const single = await limiter({}, 1e9, "single")
  const block = await limiter({ block: 500 }, 1e9, "block")
  const pass = (of: RequestWeight.Limiter) => () => Effect.runPromise(of.pass(1, () => Effect.void))
  const flexible = new RateLimiterRedis({ storeClient: redis, points: 1e9, duration: 60 })
  await time(200, pass(single))
  await time(200, pass(block))
  await time(200, () => flexible.consume("x", 1))
  show("weight: one request, reserved alone", await time(reservations, pass(single)), "ms")
  show("weight: one request, from blocks of 500", await time(reservations, pass(block)), "ms")
  show("rate-limiter-flexible: consume", await time(reservations, () => flexible.consume("x", 1)), "ms")
  show("floor: one INCRBY of ioredis", await time(reservations, () => redis.incrby("number", 1)), "ms")

  const exchange = new Map<number, number>()
  const four = await Promise.all([1, 2, 3, 4].map((i) => limiter(i > 2 ? { block: 20 } : {}, 6000, "limited")))
  const request = (report: (used: number) => Effect.Effect<void>) =>
    Effect.suspend(() => {
      const minute = Math.floor(Date.now() / 60_000)
      exchange.set(minute, (exchange.get(minute) ?? 0) + 1)
      return Effect.delay(report(exchange.get(minute) ?? 0), 1)
    })
  steps.start()
  await Effect.runPromise(
    Effect.forEach(four, (one) => Effect.repeatN(one.pass(1, request), 5000), { concurrency: 4, discard: true }).pipe(
      Effect.timeoutOption("12 seconds")
    )
  )
  steps.stop()
  const most = Math.max(...exchange.values())
  console.log(`\nWeight of four processes in a minute: ${most} of 5400. Overshoot: ${Math.max(0, most - 5400)}.`)
  steps.show("these requests")
  await Effect.runPromise(Scope.close(scope, Effect.runSync(Effect.exit(Effect.void))))
}

const day = 86_400_000
const windows = [60_000, day / 24, day]
const symbols = 2000

const counts = async (url: string, redis: Redis, steps: Steps): Promise<void> => {
  await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const store = Context.get(yield* Layer.build(storeAt(url)), FleetStore.FleetStore)
    const memory = Effect.promise(async () => Number(/used_memory:(\d+)/.exec(await redis.info("memory"))?.[1]))
    const before = yield* memory
    // Processor time: on a busy machine most of the elapsed time belongs to others.
    const processor = Effect.promise(async () => {
      const info = await redis.info("cpu")
      return ["sys", "user"].reduce((sum, kind) => sum + Number(info.match(`used_cpu_${kind}:(.*)`)?.[1]), 0)
    })
    const spent = yield* processor
    steps.start()
    let [seq, batches] = [0, 0]
    for (let round = 0; round < 10; round++) {
      for (let from = 0; from < symbols; from += 500) {
        batches++
        yield* store.flush({
          process: "bench",
          seq: ++seq,
          // All steps of the day are filled.
          age: (10 - round) * 6 * 1_440_000,
          windows,
          series: Array.from({ length: 500 }, (_, i) => ({
            group: "symbol",
            field: `SYMBOL${from + i}USDT\0API_FORMAT`,
            count: 1 + i % 3,
            isWanted: false
          }))
        })
      }
    }
    steps.stop()
    const micros = 1e6 * ((yield* processor) - spent)
    steps.show("batches of 500 series")
    const series = batches * 500
    console.log(
      `\nRedis: ${(micros / series).toFixed(2)} µs a series in three windows, ${
        ((yield* memory) - before) / symbols | 0
      } B a series whose day is full, ${(micros / batches / 1000).toFixed(2)} ms a batch of 500.`
    )
    const start = performance.now()
    const read = yield* store.counts({ group: "symbol", window: day })
    console.log(`Reading a window of ${read.size} values: ${(performance.now() - start).toFixed(1)} ms.`)
  })))
}

// ---------------------------------------------------------------------------------------------------------------------
// main
// ---------------------------------------------------------------------------------------------------------------------

const main = async (): Promise<void> => {
  if (spawnSync("redis-server", ["--version"]).error !== undefined) {
    console.log("redis-server is not installed: there is nothing to measure")
    return
  }
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })
  const server = spawn("redis-server", ["--port", String(port), "--save", "", "--bind", "127.0.0.1"], {
    stdio: "ignore"
  })
  const url = `redis://127.0.0.1:${port}`
  const redis = new Redis(port, "127.0.0.1", { retryStrategy: () => 20 })
  redis.on("error", () => undefined)
  await redis.ping()
  const steps = new Steps()
  try {
    console.log("| | median | 99 % | longest |\n|---|---|---|---|")
    await gate(url, redis)
    await alertDelays(url, (name, delays) => show(name, delays, "ms"))
    await weight(url, redis, steps)
    await counts(url, redis, steps)
    await trackCost(url)
    await trackSteps(url, steps)
    steps.show("2,000 symbols, counted and exchanged")
    await kills(url)
  } finally {
    redis.disconnect()
    server.kill()
  }
  process.exit(0)
}

const [mode, argument] = process.argv.slice(2)
await (argument === undefined
  ? main()
  : mode === "child"
  ? child(argument)
  : mode === "tracker"
  ? trackerChild(argument)
  : main())
