/** Stores over real servers, for tests. */
import { it } from "@effect/vitest"
import { FleetStore } from "effect-errata/fleet"
import { LogCapture } from "effect-errata/testing"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Redis } from "ioredis"
import { type FaultyProxy, startProxy } from "./faultyProxy.js"
import { hasRedis, type RedisServer, startRedis } from "./redisServer.js"

/** Tests of outages take half a minute: they run in a mode of their own, `npm run check:fleet`. */
export const isTested = hasRedis && process.env["MODE"] === "fleet"

/** A test in real time, whose lines of the log are captured. */
export const live = Object.assign(
  <A, E>(name: string, body: () => Effect.Effect<A, E, LogCapture.LogCapture | Scope.Scope>): void =>
    it.scopedLive(name, () => Effect.provide(body(), LogCapture.layer)),
  {
    skipIf:
      (isSkipped: boolean) =>
      <A, E>(name: string, body: () => Effect.Effect<A, E, LogCapture.LogCapture | Scope.Scope>): void =>
        it.scopedLive.skipIf(isSkipped)(name, () => Effect.provide(body(), LogCapture.layer))
  }
)

/** A server that is stopped with the test. */
export const server = (...args: ReadonlyArray<string>): Effect.Effect<RedisServer, never, Scope.Scope> =>
  Effect.acquireRelease(Effect.promise(() => startRedis(args)), (server) => Effect.promise(() => server.stop()))

export const proxyTo = (port: number): Effect.Effect<FaultyProxy, never, Scope.Scope> =>
  Effect.acquireRelease(Effect.promise(() => startProxy(port)), (proxy) => Effect.promise(() => proxy.close()))

/** The store of one process. */
export const store = (options: FleetStore.IoredisOptions) =>
  Effect.map(
    Layer.build(FleetStore.layerIoredis(options)),
    (services): FleetStore.Service => Context.get(services, FleetStore.FleetStore)
  )

export const storeAt = (port: number, options: Partial<FleetStore.IoredisOptions> = {}) =>
  store({ name: "test", url: `redis://127.0.0.1:${port}`, timeout: "3 seconds", ...options })

/** A connection for commands of the test itself. */
export const admin = (port: number): Effect.Effect<Redis, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new Redis(port, "127.0.0.1", { retryStrategy: () => 50 }).on("error", () => undefined)),
    (redis) => Effect.sync(() => redis.disconnect())
  )

/** Runs an effect until its value is right, some times a second. */
export const until = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  isRight: (value: A) => boolean
): Effect.Effect<A, never, R> =>
  Effect.matchEffect(effect, {
    onFailure: () => Effect.zipRight(Effect.sleep(20), until(effect, isRight)),
    onSuccess: (value) =>
      isRight(value) ? Effect.succeed(value) : Effect.zipRight(Effect.sleep(20), until(effect, isRight))
  })

/** Runs an effect until it succeeds. */
export const untilDone = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, never, R> =>
  until(effect, () => true)

/** The lines of the log about the store. */
export const storeLines = Effect.map(
  LogCapture.entries,
  (entries) =>
    entries.filter(({ message }) => message.startsWith("Fleet store")).map(({ level, message }) =>
      `${level}: ${message}`
    )
)

/** How long an effect takes, in milliseconds. */
export const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const start = performance.now()
    return Effect.map(Effect.exit(effect), (exit) => ({ exit, millis: performance.now() - start }))
  })
