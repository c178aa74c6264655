/** A store whose server crashes, hangs, forgets or refuses. */
import { describe, expect } from "@effect/vitest"
import type { FleetStore } from "effect-errata/fleet"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { Redis } from "ioredis"
import { once } from "node:events"
import { createServer, type Socket } from "node:net"
import { freePort } from "./redisServer.js"
import { admin, isTested, live, proxyTo, server, storeAt, storeLines, timed, until, untilDone } from "./serving.js"

const codes = (count: number): ReadonlyArray<FleetStore.Series> => [
  { group: "codes", field: "X", count, isWanted: false }
]
const hour = 3_600_000
const batch = (process: string, seq: number, count: number, age = 0): FleetStore.Batch => ({
  process,
  seq,
  age,
  windows: [hour],
  series: codes(count)
})
const countOf = (store: FleetStore.Service) =>
  Effect.map(store.counts({ group: "codes", window: hour }), (counts) => counts.get("X") ?? 0)

/** Sends batches for some time, each again until its answer arrives. Returns the number of events. */
const drive = (store: FleetStore.Service, process: string, isOver: () => boolean) =>
  Effect.gen(function*() {
    let [seq, counted] = [0, 0]
    while (!isOver()) {
      const next = batch(process, ++seq, seq % 5 + 1)
      counted += seq % 5 + 1
      yield* untilDone(store.flush(next))
    }
    return counted
  })

/** A server of another kind: it waits for the client to speak its protocol. */
const silentServer = Effect.acquireRelease(
  Effect.promise(async () => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => void sockets.add(socket.on("error", () => undefined)))
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    return { port, server, sockets }
  }),
  ({ server, sockets }) =>
    Effect.sync(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
)

describe.skipIf(!isTested)("FleetStore, outages of the server", () => {
  live("answers that are swallowed, and connections that are cut: counts stay exact", () =>
    Effect.gen(function*() {
      const { port } = yield* server()
      const proxy = yield* proxyTo(port)
      const store = yield* storeAt(proxy.port, { timeout: "100 millis" })
      const direct = yield* storeAt(port)
      let isOver = false
      const driving = yield* Effect.fork(drive(store, "p", () => isOver))
      for (let i = 0; i < 6; i++) {
        const before = yield* countOf(direct)
        yield* until(countOf(direct), (count) => count > before)
        proxy.mode = "swallow"
        yield* Effect.sleep(150)
        proxy.mode = "pass"
        proxy.cut()
      }
      isOver = true
      const counted = yield* Fiber.join(driving)
      expect(counted).toBeGreaterThan(5)
      expect(yield* countOf(direct)).toBe(counted)
    }))

  live(
    "a crash: operations fail at once, one line says so, nothing is queued; afterwards it works",
    () =>
      Effect.gen(function*() {
        const redis = yield* server()
        const clients: Array<Redis> = []
        const client = yield* admin(redis.port)
        // The clients of the store are duplicates of this one.
        const duplicate = client.duplicate.bind(client)
        client.duplicate = (options) => {
          const made = duplicate(options)
          clients.push(made)
          return made
        }
        const store = yield* storeAt(redis.port, { url: undefined, client })
        yield* store.lease("a", 1000)
        yield* Effect.promise(redis.kill)
        const failed = yield* Effect.forEach(
          Array.from({ length: 2000 }, (_, i) => i),
          (i) => timed(store.flush(batch("p", i + 1, 1)))
        )
        expect(failed.filter(({ exit }) => Exit.isSuccess(exit))).toEqual([])
        expect(failed.map(({ millis }) => millis).toSorted((a, b) => a - b)[1000]).toBeLessThan(50)
        for (const { commandQueue, ...rest } of clients) {
          expect(commandQueue.length).toBe(0)
          expect("offlineQueue" in rest && rest.offlineQueue).toMatchObject({ length: 0 })
        }
        yield* Effect.promise(redis.start)
        yield* untilDone(store.flush(batch("p", 1, 7)))
        expect(yield* countOf(store)).toBe(7)
        expect(yield* storeLines).toEqual([
          expect.stringMatching(/^Warning: Fleet store not available: .* Redis is not connected/),
          "Info: Fleet store available again"
        ])
      })
  )

  live(
    "a server that is there only later: the layer is built at once, and works from then on",
    () =>
      Effect.gen(function*() {
        const port = yield* Effect.promise(freePort)
        const built = yield* timed(storeAt(port))
        expect(built.millis).toBeLessThan(20_000)
        const store = yield* built.exit
        expect((yield* Effect.flip(store.lease("a", 1000))).message).toMatch(/^Redis is not connected: .*ECONNREFUSED/)
        const redis = yield* server("--port", String(port))
        expect(redis.folder).not.toBe("")
        expect(yield* untilDone(store.lease("a", 1000))).toBe(true)
      })
  )

  live(
    "a server that accepts connections and says nothing: the failure names what to check",
    () =>
      Effect.gen(function*() {
        const { port } = yield* silentServer
        const store = yield* storeAt(port, { timeout: "200 millis" })
        expect((yield* Effect.flip(store.lease("a", 1000))).message).toBe(
          "Redis is not connected: no answer yet; check the host, the port and TLS"
        )
      })
  )

  live(
    "a server that hangs: one command waits for its timeout, the others fail at once; it is back when it goes on",
    () =>
      Effect.gen(function*() {
        const redis = yield* server()
        const store = yield* storeAt(redis.port, { timeout: "300 millis" })
        const isClosed = Stream.filter(store.gates("home"), ([gate]) => gate?.host === "api")
        const closed = yield* Effect.fork(Stream.runHead(isClosed))
        yield* store.lease("a", 60_000)
        yield* Effect.sync(redis.pause)
        const first = yield* timed(store.lease("a", 60_000))
        expect(first.millis).toBeGreaterThan(250)
        expect(first.millis).toBeLessThan(20_000)
        expect(yield* Effect.flip(first.exit)).toMatchObject({ message: "Redis does not answer", mayBeDone: true })
        const others = yield* Effect.forEach(
          Array.from({ length: 1000 }),
          () => Effect.flip(store.lease("a", 60_000)),
          { concurrency: 50 }
        )
        // One at a time is sent, and waits.
        expect(others.filter(({ mayBeDone }) => mayBeDone).length).toBeLessThan(100)
        yield* Effect.sleep("1 second")
        yield* Effect.sync(redis.resume)
        const back = yield* timed(untilDone(store.lease("a", 60_000)))
        expect(back.millis).toBeLessThan(30_000)
        yield* store.closeGate({ address: "home", host: "api", wait: 60_000, message: "x", isBan: false })
        expect((yield* Fiber.join(closed))._tag).toBe("Some")
      })
  )

  live(
    "a partition: connections stay open and nothing arrives; streams and commands are back when it is over",
    () =>
      Effect.gen(function*() {
        const { port } = yield* server()
        const proxy = yield* proxyTo(port)
        const [apart, other] = [yield* storeAt(proxy.port, { timeout: "300 millis" }), yield* storeAt(port)]
        const seen: Array<ReadonlyArray<string>> = []
        const { last } = yield* apart.states
        const edges: Array<string> = []
        yield* Effect.forkScoped(
          Stream.runForEach(apart.gates("home"), (gates) => Effect.sync(() => seen.push(gates.map(({ host }) => host))))
        )
        yield* Effect.forkScoped(
          Stream.runForEach(apart.edges(last), ({ edge }) => Effect.sync(() => edges.push(edge)))
        )
        yield* until(Effect.sync(() => seen.length), (n) => n > 0)
        proxy.mode = "swallow"
        yield* Effect.exit(apart.lease("a", 1000))
        yield* other.closeGate({ address: "home", host: "api", wait: 60_000, message: "x", isBan: false })
        for (let i = 0; i < 5; i++) yield* other.changeState({ id: `x${i}`, from: "", to: "s", edges: [`e${i}`] })
        const before = proxy.received()
        yield* Effect.forEach(Array.from({ length: 500 }), () => Effect.exit(apart.lease("a", 1000)))
        yield* Effect.sleep("2500 millis")
        // A few probes and connects.
        expect(proxy.received() - before).toBeLessThan(20_000)
        proxy.mode = "pass"
        const back = yield* timed(untilDone(apart.lease("a", 1000)))
        expect(back.millis).toBeLessThan(30_000)
        yield* until(Effect.sync(() => seen.at(-1)), (hosts) => hosts?.includes("api") === true)
        yield* until(Effect.sync(() => edges.length), (n) => n >= 5)
        expect(edges).toEqual(["e0", "e1", "e2", "e3", "e4"])
      })
  )

  live("SCRIPT FLUSH at any time", () =>
    Effect.gen(function*() {
      const { port } = yield* server()
      const redis = yield* admin(port)
      const store = yield* storeAt(port)
      let isOver = false
      const driving = yield* Effect.fork(drive(store, "p", () => isOver))
      for (let i = 0; i < 20; i++) yield* Effect.promise(() => redis.script("FLUSH"))
      isOver = true
      const counted = yield* Fiber.join(driving)
      expect(yield* countOf(store)).toBe(counted)
    }))

  live(
    "FLUSHALL and a restart without data are noticed: the process is unknown, groups and streams go on",
    () =>
      Effect.gen(function*() {
        const redis = yield* server()
        const commands = yield* admin(redis.port)
        const store = yield* storeAt(redis.port)
        const delivered: Array<string> = []
        yield* Effect.forkScoped(
          Stream.runForEach(store.deliver("pager", 200), ({ edge }) => Effect.sync(() => delivered.push(edge)))
        )
        const edges: Array<string> = []
        yield* Effect.forkScoped(
          Stream.runForEach(store.edges("0-0"), ({ edge }) => Effect.sync(() => edges.push(edge)))
        )
        const change = (id: string) => store.changeState({ id, from: "", to: "s", edges: [id] })
        let probes = 0
        const probe = Effect.suspend(() => change(`probe ${++probes}`))
        yield* until(Effect.zipRight(probe, Effect.sync(() => delivered.length)), (n) => n > 0)
        const forget = [
          Effect.promise(() => commands.flushall()),
          Effect.zipRight(Effect.promise(redis.kill), Effect.promise(redis.start))
        ]
        for (const [i, event] of forget.entries()) {
          yield* untilDone(store.flush(batch(`p${i}`, 1, 1)))
          yield* event
          expect(yield* untilDone(store.flush(batch(`p${i}`, 2, 1)))).toMatchObject({ _tag: "Gap", last: 0 })
          yield* untilDone(change(`after ${i}`))
          yield* until(Effect.sync(() => delivered), (all) => all.includes(`after ${i}`))
          yield* until(Effect.sync(() => edges), (all) => all.includes(`after ${i}`))
        }
        expect(edges.filter((edge) => edge.startsWith("after"))).toEqual(["after 0", "after 1"])
      })
  )

  live("a restart with an append-only file keeps counts, states and gates", () =>
    Effect.gen(function*() {
      const redis = yield* server("--appendonly", "yes", "--appendfsync", "always")
      const store = yield* storeAt(redis.port)
      yield* store.flush(batch("p", 1, 5))
      yield* store.changeState({ id: "x", from: "", to: "active", edges: ["fired"] })
      yield* store.closeGate({ address: "home", host: "api", wait: 60_000, message: "banned", isBan: true })
      yield* Effect.promise(redis.kill)
      yield* Effect.promise(redis.start)
      expect(yield* untilDone(store.flush(batch("p", 1, 5)))).toMatchObject({ _tag: "Duplicate", last: 1 })
      expect(yield* countOf(store)).toBe(5)
      expect((yield* store.states).states).toEqual(new Map([["x", "active"]]))
      expect((yield* store.closedGates("home")).map(({ host }) => host)).toEqual(["api"])
    }))

  live("a server that refuses writes says why, once, though reads succeed", () =>
    Effect.gen(function*() {
      const { port } = yield* server()
      const redis = yield* admin(port)
      const store = yield* storeAt(port)
      yield* store.flush(batch("p", 1, 5))
      yield* Effect.promise(() => redis.config("SET", "maxmemory", "1"))
      for (let i = 0; i < 20; i++) {
        expect(yield* Effect.flip(store.flush(batch("p", 2, 1)))).toMatchObject({
          message: expect.stringMatching(/^Redis: OOM command not allowed/),
          mayBeDone: false
        })
        yield* Effect.exit(store.closedGates("home"))
      }
      yield* Effect.promise(() => redis.config("SET", "maxmemory", "0"))
      expect((yield* untilDone(store.flush(batch("p", 2, 1))))._tag).toBe("Counted")
      expect((yield* storeLines).map((line) => line.slice(0, 30))).toEqual([
        "Warning: Fleet store not avail",
        "Info: Fleet store available ag"
      ])
    }))

  live("a script of others that blocks the server", () =>
    Effect.gen(function*() {
      const redis = yield* server("--busy-reply-threshold", "50")
      const [busy, killer] = [yield* admin(redis.port), yield* admin(redis.port)]
      const store = yield* storeAt(redis.port, { timeout: "300 millis" })
      yield* store.lease("a", 60_000)
      yield* Effect.fork(Effect.ignore(Effect.tryPromise(() => busy.eval("while true do end", 0))))
      yield* until(Effect.flip(store.lease("a", 60_000)), ({ message }) => /BUSY/.test(message))
      yield* Effect.promise(() => killer.script("KILL"))
      expect(yield* untilDone(store.lease("a", 60_000))).toBe(true)
    }))

  live("a wrong password, and none, fail with the reason and without the password", () =>
    Effect.gen(function*() {
      const { port } = yield* server("--requirepass", "correct-horse")
      for (
        const [url, reason] of [
          [`redis://:hunter2-secret@127.0.0.1:${port}`, /WRONGPASS/],
          [`redis://127.0.0.1:${port}`, /NOAUTH/]
        ] as const
      ) {
        const store = yield* storeAt(port, { url })
        const failure = yield* until(Effect.flip(store.lease("a", 1000)), ({ message }) => reason.test(message))
        expect(failure.message).not.toContain("hunter2")
      }
      const store = yield* storeAt(port, { url: `redis://:correct-horse@127.0.0.1:${port}` })
      expect(yield* store.lease("a", 1000)).toBe(true)
      expect((yield* storeLines).join("\n")).not.toMatch(/hunter2|correct-horse/)
    }))

  live("keys of another type are an error of this operation, and no defect", () =>
    Effect.gen(function*() {
      const { port } = yield* server()
      const redis = yield* admin(port)
      const store = yield* storeAt(port)
      yield* Effect.promise(() => redis.set("errata:{test}:1:a", "text"))
      expect((yield* Effect.flip(store.states)).message).toMatch(/WRONGTYPE/)
      expect(yield* store.lease("a", 1000)).toBe(true)
    }))

  live("every key expires", () =>
    Effect.gen(function*() {
      const { port } = yield* server()
      const redis = yield* admin(port)
      const store = yield* storeAt(port)
      yield* store.flush(batch("p", 1, 5))
      yield* store.resume("q", 5)
      yield* store.changeState({ id: "x", from: "", to: "active", edges: ["fired"] })
      yield* store.restoreStates(new Map([["y", "active"]]))
      yield* store.closeGate({ address: "home", host: "api", wait: 60_000, message: "banned", isBan: true })
      const weight = { address: "home", host: "api" }
      const { epoch, minute } = yield* store.reserve({
        ...weight,
        limit: 100,
        weight: 5,
        block: 5,
        known: { minute: 0, settled: 0 }
      })
      yield* store.settle({ ...weight, minute, epoch, answered: 5, reported: 7, spent: 0, unused: 0 })
      yield* store.join("home", 5000)
      yield* store.lease("limits", 5000)
      const delivering = yield* Effect.fork(Stream.runDrain(store.deliver("pager", 100)))
      const keys = () => redis.keys("*")
      yield* until(
        Effect.tryPromise(() => redis.xinfo("GROUPS", "errata:{test}:1:log")),
        (groups) => Array.isArray(groups) && groups.length > 0
      )
      yield* Fiber.interrupt(delivering)
      const all = yield* Effect.promise(keys)
      expect(all.length).toBeGreaterThanOrEqual(10)
      expect(all.filter((key) => !key.startsWith("errata:{test}:1:"))).toEqual([])
      const forever = yield* Effect.filter(all, (key) => Effect.promise(async () => await redis.pttl(key) < 0))
      expect(forever).toEqual([])
    }))
})
