/** Stores over real servers, for tests. */
import { it } from "@effect/vitest"
import { FleetStore } from "effect-errata/fleet"
import { LogCapture } from "effect-errata/testing"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Cluster, Redis } from "ioredis"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { type FaultyProxy, startProxy } from "./faultyProxy.js"
import { freePort, hasRedis, type RedisServer, startRedis } from "./redisServer.js"

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

/** A server with a replica and a Sentinel that knows both, and the options of a store that finds them. */
export const sentinel = Effect.gen(function*() {
  const main = yield* server()
  const replica = yield* server("--replicaof", "127.0.0.1", String(main.port))
  const port = yield* Effect.promise(freePort)
  const config = join(replica.folder, "sentinel.conf")
  yield* Effect.sync(() =>
    writeFileSync(
      config,
      [
        `port ${port}`,
        "bind 127.0.0.1",
        `dir ${replica.folder}`,
        `sentinel monitor fleet 127.0.0.1 ${main.port} 1`,
        "sentinel down-after-milliseconds fleet 400",
        "sentinel failover-timeout fleet 2000"
      ].join("\n")
    )
  )
  yield* Effect.acquireRelease(
    Effect.promise(() => startRedis([config], { port, program: "redis-sentinel" })),
    (sentinel) => Effect.promise(() => sentinel.stop())
  )
  const [observer, commands] = [yield* admin(port), yield* admin(main.port)]
  // Sentinel learns of the replica from the main server.
  yield* until(
    Effect.promise(() => observer.call("SENTINEL", ["REPLICAS", "fleet"])),
    (replicas) => Array.isArray(replicas) && replicas.length > 0 && String(replicas).includes("master-link-status,ok")
  )
  const options = { url: undefined, options: { sentinels: [{ host: "127.0.0.1", port }], name: "fleet" } }
  return { main, commands, options }
})

/** A cluster of one node, and a client of it. */
export const clusterOfOne = Effect.gen(function*() {
  const { port } = yield* server("--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1")
  const commands = yield* admin(port)
  yield* Effect.promise(() => commands.call("CLUSTER", ["ADDSLOTSRANGE", 0, 16_383]))
  yield* until(
    Effect.promise(() => commands.call("CLUSTER", ["INFO"])),
    (info) => String(info).includes("cluster_state:ok")
  )
  const client = yield* Effect.acquireRelease(
    Effect.sync(() => new Cluster([{ host: "127.0.0.1", port }]).on("error", () => undefined)),
    (client) => Effect.sync(() => client.disconnect())
  )
  return { client, commands }
})
