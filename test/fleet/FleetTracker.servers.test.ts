/** Trackers of a fleet over servers that fail over, lag behind, refuse and are slow. */
import { ErrorTracker, type FetchError } from "effect-errata"
import { FleetStore, FleetTracker } from "effect-errata/fleet"
import { LogCapture } from "effect-errata/testing"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { rmSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { CodedFailure } from "./codedFailure.js"
import { hasSentinel } from "./redisServer.js"
import { admin, clusterOfOne, isTested, proxyTo, sentinel, server, until, untilDone } from "./serving.js"

const codes = ["A", "B", "C"]

const failures: ReadonlyArray<FetchError.Trackable> = codes.map((code) => new CodedFailure(code))

/** A test in real time that runs beside the others: most of it is waiting. */
const beside = (
  name: string,
  body: () => Effect.Effect<void, unknown, LogCapture.LogCapture | Scope.Scope>,
  isSkipped = false
): void =>
  it.skipIf(isSkipped).concurrent(
    name,
    () => Effect.runPromise(Effect.scoped(Effect.provide(body(), LogCapture.layer)))
  )

const store = (options: Partial<FleetStore.IoredisOptions>) =>
  FleetStore.layerIoredis({ name: "test", timeout: "2 seconds", ...options })

/** Two trackers of one fleet, with a short window. */
const fleetOf = (options: Partial<FleetStore.IoredisOptions>) =>
  Effect.gen(function*() {
    const custom = [{ name: "short", window: 8000, limit: 15 }]
    const live = FleetTracker.layer({
      codes,
      flushEvery: 500,
      thresholds: Object.fromEntries(codes.map((code) => [code, { custom }]))
    })
    const start = Effect.gen(function*() {
      const built = yield* Layer.build(Layer.provide(live, store(options)))
      const tracker = Context.get(built, ErrorTracker.ErrorTracker)
      const heard: Array<{ readonly code: string; readonly edge: string }> = []
      yield* Effect.forkScoped(
        Stream.runForEach(tracker.alerts, (alert) =>
          Effect.sync(() => {
            if (alert._tag !== "Missed") heard.push({ code: alert.code, edge: alert._tag })
          }))
      )
      return { tracker, heard }
    })
    const members = [yield* start, yield* start]
    let truth = 0
    const round = Effect.forEach(members, ({ tracker }) =>
      Effect.forEach(failures, (failure) => tracker.track(failure), { discard: true }), { discard: true }).pipe(
        Effect.zipRight(Effect.sync(() =>
          truth += members.length
        ))
      )
    const running = yield* Effect.fork(Effect.repeat(round, Schedule.spaced(50)))
    const edgesOf = (code: string) =>
      members.map(({ heard }) => heard.flatMap((one) => one.code === code ? [one.edge] : []))
    const everyone = (isRight: (edges: ReadonlyArray<string>) => boolean) =>
      until(Effect.sync(() => codes.flatMap(edgesOf).every(isRight)), (is) => is)
    return {
      fired: everyone((edges) => edges.includes("Fired")),
      /** Goes on for some rounds more, whose counts every tracker has exchanged. */
      more: Effect.gen(function*() {
        const enough = truth + 20
        yield* until(Effect.sync(() => truth), (now) => now >= enough)
        yield* Effect.forEach(members, ({ tracker }) => tracker.stats(), { discard: true })
      }),
      /** Stops counting, and waits until every tracker has the counts of all and every alert has ended, once. */
      finish: Effect.gen(function*() {
        yield* Fiber.interrupt(running)
        const counts = Effect.forEach(members, ({ tracker }) =>
          Effect.map(tracker.stats(), ({ byCode }) =>
            codes.map((code) => byCode[code]?.count ?? 0)))
        yield* until(counts, (all) =>
          all.flat().every((count) => count === truth))
        yield* everyone((edges) => edges.at(-1) === "Resolved")
        for (const code of codes) {
          const [first = [], second] = edgesOf(code)
          expect(first.filter((edge) => edge !== "Escalated")).toEqual(["Fired", "Resolved"])
          expect(second).toEqual(first)
        }
      })
    }
  })

/** The lines of the log about the store, without their reasons. */
const outages = Effect.map(
  LogCapture.entries,
  (entries) => entries.flatMap(({ message }) => /^Fleet store (not )?available/.exec(message)?.[0] ?? [])
)

const endsOf = (lines: ReadonlyArray<string>) => lines.filter((line) => line === "Fleet store available").length

/** Both processes have noticed an outage. */
const away = until(outages, (lines) => lines.length - endsOf(lines) >= 2)

/** Both processes write one line for an outage, and one for its end. A slow machine may have more outages. */
const expectOutages = Effect.map(
  until(outages, (lines) => endsOf(lines) >= 2 && lines.length === 2 * endsOf(lines)),
  (lines) => expect(endsOf(lines)).toBeLessThan(8)
)

describe.skipIf(!isTested)("FleetTracker, servers", () => {
  beside("a failover by Sentinel", () =>
    Effect.gen(function*() {
      const { main, options } = yield* sentinel
      const fleet = yield* fleetOf(options)
      yield* fleet.fired
      yield* Effect.promise(main.kill)
      yield* away
      yield* fleet.finish
      yield* expectOutages
    }), !hasSentinel)

  beside("a replica that lags behind is promoted: what it lacks is sent again", () =>
    Effect.gen(function*() {
      const main = yield* server()
      const link = yield* proxyTo(main.port)
      const replica = yield* server("--replicaof", "127.0.0.1", String(link.port))
      const commands = yield* admin(replica.port)
      yield* until(Effect.promise(() => commands.info("replication")), (info) => info.includes("master_link_status:up"))
      const front = yield* proxyTo(main.port)
      const fleet = yield* fleetOf({ url: `redis://127.0.0.1:${front.port}` })
      yield* fleet.fired
      link.mode = "swallow"
      yield* fleet.more
      yield* Effect.promise(main.kill)
      yield* Effect.promise(() => commands.replicaof("NO", "ONE"))
      front.target = replica.port
      front.cut()
      yield* fleet.finish
    }))

  beside("a cluster of one node, whose node restarts empty", () =>
    Effect.gen(function*() {
      const { client, commands: redis } = yield* clusterOfOne
      const fleet = yield* fleetOf({ client })
      yield* fleet.fired
      yield* Effect.promise(() => redis.flushall())
      yield* fleet.more
      yield* fleet.finish
    }))

  beside("a server that refuses writes since it cannot save (MISCONF)", () =>
    Effect.gen(function*() {
      const { folder, port } = yield* server()
      const redis = yield* admin(port)
      const fleet = yield* fleetOf({ url: `redis://127.0.0.1:${port}` })
      yield* fleet.fired
      yield* Effect.sync(() => rmSync(folder, { recursive: true }))
      yield* Effect.promise(() => redis.config("SET", "save", "3600 1"))
      yield* Effect.promise(() => redis.bgsave())
      yield* until(
        Effect.promise(() => redis.info("persistence")),
        (info) => info.includes("rdb_last_bgsave_status:err")
      )
      yield* away
      yield* Effect.promise(() => redis.config("SET", "stop-writes-on-bgsave-error", "no"))
      yield* fleet.finish
      yield* expectOutages
    }))

  beside("a server without memory (OOM)", () =>
    Effect.gen(function*() {
      const { port } = yield* server("--maxmemory-policy", "noeviction")
      const redis = yield* admin(port)
      const fleet = yield* fleetOf({ url: `redis://127.0.0.1:${port}` })
      yield* fleet.fired
      yield* Effect.promise(() => redis.config("SET", "maxmemory", "1"))
      yield* away
      yield* Effect.promise(() => redis.config("SET", "maxmemory", "0"))
      yield* fleet.finish
      yield* expectOutages
    }))

  beside("a server that becomes a replica (READONLY), and the main server again", () =>
    Effect.gen(function*() {
      const { port } = yield* server()
      const redis = yield* admin(port)
      const fleet = yield* fleetOf({ url: `redis://127.0.0.1:${port}` })
      yield* fleet.fired
      yield* Effect.promise(() => redis.replicaof("127.0.0.1", 1))
      yield* away
      yield* Effect.promise(() => redis.replicaof("NO", "ONE"))
      yield* fleet.finish
      yield* expectOutages
    }))

  beside("a slow server: each answer comes 200 ms late", () =>
    Effect.gen(function*() {
      const { port } = yield* server()
      const proxy = yield* proxyTo(port)
      proxy.delay = 200
      const fleet = yield* fleetOf({ url: `redis://127.0.0.1:${proxy.port}` })
      yield* fleet.fired
      yield* fleet.more
      yield* fleet.finish
    }))

  beside("a script of others that blocks the server (BUSY), and SCRIPT FLUSH", () =>
    Effect.gen(function*() {
      const { port } = yield* server("--busy-reply-threshold", "50")
      const [busy, killer] = [yield* admin(port), yield* admin(port)]
      const fleet = yield* fleetOf({ url: `redis://127.0.0.1:${port}` })
      yield* fleet.fired
      yield* Effect.fork(Effect.ignore(Effect.tryPromise(() => busy.eval("while true do end", 0))))
      yield* away
      // A script ends some time after the answer to its end, and the server is busy until then.
      yield* untilDone(Effect.tryPromise(() => killer.script("KILL")))
      yield* untilDone(Effect.tryPromise(() => killer.script("FLUSH")))
      yield* fleet.finish
      yield* expectOutages
    }))
})
