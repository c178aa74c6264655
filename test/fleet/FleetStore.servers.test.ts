/** A store over servers with TLS, access lists, a cluster, Sentinels, and over both versions of the client. */
import { describe, expect } from "@effect/vitest"
import type { FleetStore } from "effect-errata/fleet"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Redis as Redis6 } from "ioredis-6"
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { hasSentinel } from "./redisServer.js"
import {
  admin,
  clusterOfOne,
  isTested,
  live,
  proxyTo,
  sentinel,
  server,
  store,
  storeAt,
  until,
  untilDone
} from "./serving.js"

const hour = 3_600_000
const weight = { address: "home", host: "api" }

/** Uses every primitive: what one process writes, the other reads. */
const exercise = (a: FleetStore.Service, b: FleetStore.Service) =>
  Effect.gen(function*() {
    const edges: Array<string> = []
    const { last } = yield* b.states
    yield* Effect.forkScoped(Stream.runForEach(b.edges(last), ({ edge }) => Effect.sync(() => edges.push(edge))))
    const gates: Array<string> = []
    yield* Effect.forkScoped(
      Stream.runForEach(b.gates("home"), (closed) => Effect.sync(() => gates.push(...closed.map(({ host }) => host))))
    )
    const delivered: Array<string> = []
    yield* Effect.forkScoped(
      Stream.runForEach(b.deliver("pager", 500), ({ edge }) => Effect.sync(() => delivered.push(edge)))
    )
    yield* a.closeGate({ ...weight, wait: 60_000, message: "banned", isBan: true })
    const { epoch, minute } = yield* a.reserve({
      ...weight,
      limit: 50,
      weight: 5,
      block: 9,
      known: { minute: 0, settled: 0 }
    })
    yield* a.settle({ ...weight, minute, epoch, answered: 5, reported: 6, spent: 0, unused: 4 })
    expect(yield* a.join("home", 5000)).toBe(1)
    yield* a.leave("home")
    const series = [{ group: "codes", field: "X", count: 3, isWanted: true }, {
      group: "symbol",
      field: "BTC\0X",
      count: 3,
      isWanted: true
    }]
    expect(yield* a.flush({ process: "p", seq: 1, age: 0, windows: [hour, 24 * hour], series })).toMatchObject({
      _tag: "Counted",
      sums: [[3, 3], [3, 3]]
    })
    yield* a.resume("q", 4)
    expect(yield* b.counts({ group: "symbol", window: hour })).toEqual(new Map([["BTC\0X", 3]]))
    expect((yield* b.timeline({ group: "codes", window: hour }, ["X"])).counts[0]?.slice(0, 2)).toContain(3)
    expect(yield* b.clean({ group: "codes", window: hour })).toBe(0)
    yield* a.restoreStates(new Map([["y", "active"]]))
    let changes = 0
    const change = Effect.suspend(() =>
      a.changeState({ id: `x${++changes}`, from: "", to: "s", edges: [`e${changes}`] })
    )
    yield* until(Effect.zipRight(change, Effect.sync(() => delivered.length)), (n) => n > 0)
    expect((yield* b.states).states.get("y")).toBe("active")
    expect(yield* a.lease("limits", 5000)).toBe(true)
    expect(yield* b.lease("limits", 5000)).toBe(false)
    yield* a.release("limits")
    yield* until(Effect.sync(() => edges), (all) => all.includes("e1"))
    yield* until(Effect.sync(() => gates), (all) => all.includes("api"))
  })

describe.skipIf(!isTested)("FleetStore, servers", () => {
  live("TLS", () =>
    Effect.gen(function*() {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "errata-tls-"))),
        (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
      )
      const path = (name: string) => join(folder, name)
      const openssl = (...args: ReadonlyArray<string>) => execFileSync("openssl", args, { stdio: "ignore" })
      const key = (name: string) => ["-newkey", "rsa:2048", "-nodes", "-keyout", path(`${name}.key`)]
      openssl("req", "-x509", ...key("ca"), "-out", path("ca.crt"), "-days", "2", "-subj", "/CN=Test")
      openssl("req", ...key("server"), "-out", path("server.csr"), "-subj", "/CN=127.0.0.1")
      writeFileSync(path("names"), "subjectAltName=IP:127.0.0.1")
      openssl(
        "x509",
        "-req",
        "-in",
        path("server.csr"),
        "-CA",
        path("ca.crt"),
        "-CAkey",
        path("ca.key"),
        "-CAcreateserial",
        "-out",
        path("server.crt"),
        "-days",
        "2",
        "-extfile",
        path("names")
      )
      const { port } = yield* server(
        "--port",
        "0",
        "--tls-port",
        "PORT",
        "--tls-auth-clients",
        "no",
        "--tls-cert-file",
        path("server.crt"),
        "--tls-key-file",
        path("server.key")
      )
      const ca = readFileSync(path("ca.crt"), "utf8")
      const options = { url: `rediss://127.0.0.1:${port}`, options: { tls: { ca } } }
      yield* exercise(yield* storeAt(port, options), yield* storeAt(port, options))
      // An issuer that is not trusted.
      const other = yield* storeAt(port, { url: `rediss://127.0.0.1:${port}` })
      expect((yield* Effect.flip(other.lease("a", 1000))).message).toMatch(/certificate/)
    }))

  live("a user that may use the keys of the fleet only", () =>
    Effect.gen(function*() {
      const { port } = yield* server()
      const redis = yield* admin(port)
      const grant = ["~errata:*", "+@read", "+@write", "+@scripting", "+@connection", "+info", "+time", "-@dangerous"]
      yield* Effect.promise(() => redis.call("ACL", ["SETUSER", "fleet", "on", ">pass-w0rd", ...grant, "+info"]))
      const url = `redis://fleet:pass-w0rd@127.0.0.1:${port}`
      yield* exercise(yield* storeAt(port, { url }), yield* storeAt(port, { url }))
      yield* Effect.promise(() => redis.call("ACL", ["SETUSER", "fleet", "resetkeys", "~other:*"]))
      const denied = yield* storeAt(port, { url })
      expect((yield* Effect.flip(denied.lease("a", 1000))).message).toMatch(/NOPERM/)
    }))

  live("a cluster of one node: all keys are in one slot", () =>
    Effect.gen(function*() {
      const { client } = yield* clusterOfOne
      const options = { name: "test", client, timeout: 3000 }
      const [a, b] = [yield* store(options), yield* store(options)]
      yield* untilDone(a.lease("first", 1000))
      yield* untilDone(b.lease("second", 1000))
      yield* exercise(a, b)
    }))

  live("a client of ioredis 6, and a prefix of the application", () =>
    Effect.gen(function*() {
      const { port } = yield* server()
      const redis = yield* admin(port)
      for (const options of [{}, { keyPrefix: "app:" }, { protocol: 2 as const }, { replyMapping: "resp3" as const }]) {
        yield* Effect.scoped(Effect.gen(function*() {
          yield* Effect.promise(() => redis.flushall())
          const client = yield* Effect.acquireRelease(
            Effect.sync(() => new Redis6(port, "127.0.0.1", options)),
            (client) => Effect.sync(() => client.disconnect())
          )
          const settings = { name: "test", client, timeout: 3000 }
          yield* exercise(yield* store(settings), yield* store(settings))
          // The client of the application stays as it is.
          expect(yield* Effect.promise(() => client.ping())).toBe("PONG")
          const prefix = "keyPrefix" in options ? "app:errata:" : "errata:"
          const keys = yield* Effect.promise(() => redis.keys("*"))
          expect(keys.filter((key) => !key.startsWith(prefix))).toEqual([])
        }))
      }
    }))

  live("a client of ioredis 6 through a partition", () =>
    Effect.gen(function*() {
      const { port } = yield* server()
      const proxy = yield* proxyTo(port)
      const client = yield* Effect.acquireRelease(
        Effect.sync(() => new Redis6(proxy.port, "127.0.0.1").on("error", () => undefined)),
        (client) => Effect.sync(() => client.disconnect())
      )
      const apart = yield* store({ name: "test", client, timeout: "300 millis" })
      yield* apart.lease("a", 1000)
      proxy.mode = "swallow"
      expect((yield* Effect.flip(apart.lease("a", 1000))).mayBeDone).toBe(true)
      yield* Effect.sleep("2 seconds")
      proxy.mode = "pass"
      expect(yield* untilDone(apart.lease("a", 1000))).toBe(true)
    }))

  live(
    "a replica refuses writes; the connection is made anew, and finds the server that is promoted",
    () =>
      Effect.gen(function*() {
        const { port } = yield* server()
        const redis = yield* admin(port)
        const a = yield* storeAt(port)
        yield* a.lease("a", 60_000)
        yield* Effect.promise(() => redis.replicaof("127.0.0.1", 1))
        expect((yield* Effect.flip(a.lease("a", 60_000))).message).toMatch(/READONLY/)
        yield* Effect.promise(() => redis.replicaof("NO", "ONE"))
        expect(yield* untilDone(a.lease("a", 60_000))).toBe(true)
      })
  )

  live.skipIf(!hasSentinel)(
    "a failover by Sentinel: commands and streams continue on the replica",
    () =>
      Effect.gen(function*() {
        const { commands, main, options } = yield* sentinel
        const [a, b] = [yield* storeAt(main.port, options), yield* storeAt(main.port, options)]
        yield* exercise(a, b)
        const seen: Array<string> = []
        const { last } = yield* a.states
        yield* Effect.forkScoped(Stream.runForEach(a.edges(last), ({ edge }) => Effect.sync(() => seen.push(edge))))
        yield* a.closeGate({ address: "home", host: "futures", wait: 60_000, message: "x", isBan: false })
        yield* Effect.promise(() => commands.wait(1, 1000))
        yield* Effect.promise(main.kill)
        expect(yield* untilDone(a.lease("after", 60_000))).toBe(true)
        expect((yield* untilDone(b.closedGates("home"))).map(({ host }) => host).toSorted()).toEqual(["api", "futures"])
        yield* untilDone(b.changeState({ id: "after", from: "", to: "s", edges: ["after"] }))
        yield* until(Effect.sync(() => seen), (all) => all.includes("after"))
        expect(seen.filter((edge) => edge === "after")).toEqual(["after"])
      })
  )
})
