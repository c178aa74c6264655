/** Fleets of real processes over a real server, which are killed, paused, cut off and emptied. */
import { connect } from "node:net"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startProxy } from "./faultyProxy.js"
import { hasRedis, type RedisServer, startRedis } from "./redisServer.js"
import { type Member, removePrograms, sleep, startFleet, until } from "./trackerFleet.js"

const codes = ["A", "B", "C", "D"]
/** Empties a server. */
const flushAll = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("FLUSHALL\r\n"))
    socket.once("error", reject)
    socket.once("data", () => {
      socket.destroy()
      resolve()
    })
  })

// Some twenty processes: `npm run check:fleet`.
describe.skipIf(!hasRedis || process.env.MODE !== "fleet")("fleets of processes", () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => {
    await server.stop()
    removePrograms()
  })

  let fleets = 0
  const withFleet = async (
    size: number,
    body: (members: ReadonlyArray<Member>, port: (i: number) => number) => Promise<void>,
    { flushMillis = 1000, limit = 40, ports = () => server.port, windowMillis = 5000 }: {
      readonly flushMillis?: number
      readonly limit?: number
      readonly windowMillis?: number
      readonly ports?: (i: number) => number
    } = {}
  ): Promise<void> => {
    const name = `processes-${++fleets}`
    const members = await startFleet(size, (i) => ({
      url: `redis://127.0.0.1:${ports(i)}`,
      name,
      codes,
      limit,
      flushMillis,
      windowMillis
    }))
    try {
      await body(members, ports)
    } finally {
      await Promise.all(members.map((member) => member.end()))
    }
  }

  const living = (members: ReadonlyArray<Member>) => members.filter(({ isDead }) => !isDead)

  /** Every living process has heard the end of the alerts of every code. */
  const areResolved = (members: ReadonlyArray<Member>) => () =>
    living(members).every((member) => codes.every((code) => member.edges(code).at(-1) === "Resolved"))

  /** The counts of the fleet, and those that its processes have reported. */
  const compare = async (members: ReadonlyArray<Member>) => {
    const truth = members.reduce((sum, { each }) => sum + each, 0)
    const reads = await Promise.all(living(members).map((member) => member.read()))
    return { truth, counted: reads.map(({ counts }) => codes.map((code) => counts[code] ?? 0)) }
  }

  const isExact = (members: ReadonlyArray<Member>) => async () => {
    const { counted, truth } = await compare(members)
    return counted.every((counts) => counts.every((count) => count === truth))
  }

  /** What every process knows, for the error of a wait. */
  const stateOf = (members: ReadonlyArray<Member>) => async () => ({
    edges: living(members).map((member) => codes.map((code) => member.edges(code).join(" "))),
    ...await compare(members),
    reads: await Promise.all(living(members).map((member) => member.read())),
    lines: members.map(({ lines }) => lines)
  })

  /**
   * Each alert fired once, escalated as often for every process, and resolved once; no process missed an edge.
   */
  const expectEdgesOnce = (members: ReadonlyArray<Member>) => {
    const heard = living(members).map((member) => codes.map((code) => member.edges(code)))
    const isOnce = (edges: ReadonlyArray<string>) =>
      edges[0] === "Fired" && edges.at(-1) === "Resolved" &&
      edges.slice(1, -1).every((edge) => edge === "Escalated")
    if (!heard[0]?.every(isOnce)) {
      expect.fail(JSON.stringify(members.map(({ heard, lines }) => ({ heard, lines })), undefined, 1))
    }
    for (const one of heard) expect(one).toEqual(heard[0])
  }

  it("counts and edges are exact while processes that watch are killed", async () => {
    await withFleet(8, async (members) => {
      for (const member of members) member.order({ order: "run", every: 100 })
      await sleep(1500)
      let atRisk = 0
      for (const member of members.slice(0, 3)) {
        // A read exchanges counts first: what was counted before it is safe.
        await member.read()
        const safe = member.each
        await sleep(700)
        member.signal("SIGKILL")
        await member.exited
        atRisk += member.each - safe
      }
      await sleep(700)
      for (const member of living(members)) member.order({ order: "stop" })
      await until(areResolved(members), stateOf(members))
      expectEdgesOnce(members)
      const { counted, truth } = await compare(members)
      for (const counts of counted) {
        for (const count of counts) {
          // What a killed process counted and did not report may be in the counts.
          expect(count).toBeGreaterThanOrEqual(truth - atRisk)
          expect(count).toBeLessThanOrEqual(truth + 3)
        }
      }
    })
  })

  it("a process that is paused for longer than its lease changes nothing when it continues", async () => {
    await withFleet(4, async (members) => {
      for (const member of members) member.order({ order: "run", every: 100 })
      const [paused] = members
      await sleep(2000)
      paused?.signal("SIGSTOP")
      await sleep(6500)
      paused?.signal("SIGCONT")
      await sleep(1500)
      for (const member of members) member.order({ order: "stop" })
      await until(areResolved(members), stateOf(members))
      expectEdgesOnce(members)
      await until(isExact(members), stateOf(members))
    }, { limit: 20 })
  })

  it("after FLUSHALL the counts are made up for, and active alerts do not fire again", async () => {
    await withFleet(4, async (members) => {
      for (const member of members) member.order({ order: "run", every: 100 })
      await until(() => members.every((member) => codes.every((code) => member.edges(code).includes("Fired"))))
      await sleep(1000)
      await flushAll(server.port)
      await sleep(3000)
      for (const member of members) member.order({ order: "stop" })
      await until(areResolved(members), stateOf(members))
      expectEdgesOnce(members)
      await until(isExact(members), stateOf(members))
    }, { limit: 20 })
  })

  it("processes that are cut off count on, and their counts are added when they are back", async () => {
    const proxy = await startProxy(server.port)
    try {
      await withFleet(4, async (members) => {
        for (const member of members) member.order({ order: "run", every: 100 })
        await until(() => members.every((member) => codes.every((code) => member.edges(code).includes("Fired"))))
        proxy.mode = "refuse"
        proxy.cut()
        await sleep(4000)
        proxy.mode = "pass"
        await sleep(1500)
        for (const member of members) member.order({ order: "stop" })
        await until(isExact(members), stateOf(members))
        await until(areResolved(members), stateOf(members))
        expectEdgesOnce(members)
        // One line for the outage, and one for its end. A slow machine may have more outages.
        for (const [i, { lines }] of members.entries()) {
          const outage = lines.flatMap((line) => /^Fleet store (not )?available/.exec(line)?.[0] ?? [])
          const pairs = Array.from({ length: Math.floor(outage.length / 2) }, () => [
            "Fleet store not available",
            "Fleet store available"
          ])
          expect(outage).toEqual(pairs.flat())
          expect(pairs.length).toBeGreaterThanOrEqual(i % 2 === 0 ? 1 : 0)
          expect(pairs.length).toBeLessThan(4)
        }
      }, { limit: 15, ports: (i) => i % 2 === 0 ? proxy.port : server.port })
    } finally {
      await proxy.close()
    }
  })

  it("a server that restarts empty gets the counts and the states of alerts again", async () => {
    const other = await startRedis()
    try {
      await withFleet(3, async (members) => {
        for (const member of members) member.order({ order: "run", every: 100 })
        await until(() => members.every((member) => codes.every((code) => member.edges(code).includes("Fired"))))
        await other.kill()
        await sleep(1500)
        await other.start()
        await sleep(2500)
        for (const member of members) member.order({ order: "stop" })
        await until(isExact(members), stateOf(members))
        await until(areResolved(members), stateOf(members))
        expectEdgesOnce(members)
      }, { limit: 15, ports: () => other.port })
    } finally {
      await other.stop()
    }
  })

  it("an alert of a process that alone exceeds a limit does not wait for a flush", async () => {
    await withFleet(4, async (members) => {
      const [first] = members
      // The first error is flushed at once: the alert falls between two flushes.
      first?.order({ order: "track", code: "A", times: 2 })
      await first?.read()
      first?.order({ order: "track", code: "A", times: 10 })
      const start = performance.now()
      await until(() => members.every((member) => member.edges("A").includes("Fired")))
      expect(performance.now() - start).toBeLessThan(30_000)
    }, { limit: 5, flushMillis: 60_000, windowMillis: 60_000 })
  })
})
