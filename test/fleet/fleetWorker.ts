/** One process of a fleet that calls an exchange until it is told to stop. */
import { ErrorTracker, Fetch, FetchError, RetryPolicy } from "effect-errata"
import { RequestWeight } from "effect-errata/binance"
import { FleetGate, FleetStore, FleetWeight } from "effect-errata/fleet"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"

export interface WorkerSettings {
  readonly redis: string
  readonly exchange: string
  readonly perMinute: number
  readonly weight: number
  readonly concurrency: number
  /** The pause between two calls of a fiber, in milliseconds. */
  readonly pause: number
  /** The error of the wall clock, in milliseconds. */
  readonly clockOffset: number
  readonly block: number
}

/** What a process reports when it is told to stop. */
export interface WorkerReport {
  readonly calls: number
  readonly failures: number
  /** The longest time from a call to its request, in milliseconds, of calls that no pause and no full minute delayed. */
  readonly slowest: number
  /** The number of requests that were sent though this process knew of a pause. */
  readonly sentInPause: number
}

// The arguments are written by the test.
const settings = JSON.parse(process.argv[2] ?? "{}") as WorkerSettings

const send = (message: object): void => {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

const now = (): number => performance.timeOrigin + performance.now()

let [calls, failures, slowest, sentInPause] = [0, 0, 0, 0]
let isPaused = false

/** One request. A 418 is a rate limit whose end the server states. */
const request = (report: (used: number) => Effect.Effect<void>) =>
  Effect.gen(function*() {
    const response = yield* Effect.tryPromise({
      try: (signal) => fetch(`${settings.exchange}?weight=${settings.weight}`, { signal }),
      catch: (cause) => new FetchError.NetworkConnection({ message: "no connection", cause })
    })
    yield* Effect.promise(() => response.text())
    yield* report(Number(response.headers.get("x-used")))
    if (response.status !== 418) return
    return yield* Effect.fail(
      new FetchError.ApiRateLimit({
        message: "banned",
        status: 418,
        retryAfter: `${Number(response.headers.get("retry-after"))} seconds`
      })
    )
  })

const program = Effect.gen(function*() {
  const weights = yield* RequestWeight.RequestWeight
  const limiter = yield* weights.limiter("api", settings.perMinute)
  const policy = yield* RetryPolicy.make({ source: "api", maxWait: "1 minute" })
  const call = Effect.suspend(() => {
    const start = now()
    return limiter.pass(settings.weight, (report) => {
      slowest = Math.max(slowest, now() - start)
      if (isPaused) sentInPause++
      return request(report)
    })
  }).pipe(Fetch.retry(policy))
  send({ ready: process.pid, at: now() })
  const watch = Effect.flatMap(policy.state, ({ gate }) =>
    Effect.sync(() => {
      if (Option.isSome(gate) === isPaused) return
      isPaused = Option.isSome(gate)
      send({ paused: isPaused, at: now() })
    }))
  const calling = Effect.suspend(() => {
    calls++
    return Effect.zipRight(Effect.catchAll(call, () => Effect.sync(() => failures++)), Effect.sleep(settings.pause))
  })
  const all = [Effect.zipRight(watch, Effect.sleep(1)), ...Array.from({ length: settings.concurrency }, () => calling)]
  yield* Effect.forEach(all, Effect.forever, { concurrency: "unbounded", discard: true }).pipe(
    Effect.raceFirst(stopped)
  )
})

const stopped = Effect.async<void>((resume) => {
  process.stdin.once("data", () => resume(Effect.void))
})

const fleet = Layer.mergeAll(
  FleetWeight.layer({ address: "home", block: settings.block }),
  ErrorTracker.layer()
).pipe(
  Layer.provideMerge(FleetGate.layer({ address: "home" })),
  Layer.provide(FleetStore.layerIoredis({ name: "workers", url: settings.redis, timeout: "2 seconds" })),
  Layer.provide(Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => send({ log: String(message) }))))
)

const clock = Clock.make()
const wrong: Clock.Clock = {
  [Clock.ClockTypeId]: Clock.ClockTypeId,
  sleep: (duration) => clock.sleep(duration),
  unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
  currentTimeNanos: clock.currentTimeNanos,
  unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis() + settings.clockOffset,
  currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + settings.clockOffset)
}

await Effect.runPromise(Effect.withClock(Effect.provide(program, fleet), wrong))
const report: WorkerReport = { calls, failures, slowest, sentInPause }
send({ report })
process.exit(0)
