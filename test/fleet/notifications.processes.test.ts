/** The notifiers of real processes over a real server, which are killed while they deliver. */
import { createServer } from "node:http"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { hasRedis, type RedisServer, startRedis } from "./redisServer.js"
import { type Member, removePrograms, sleep, startFleet, until } from "./trackerFleet.js"

const codes = ["A", "B", "C"]

interface Receipt {
  readonly key: string
  readonly id: string
  readonly tag: string
  readonly process: number
}

/** A receiver of alerts. `answer` returns whether a request is accepted. */
const startReceiver = async (answer: (receipt: Receipt) => Promise<boolean> | boolean = () => true) => {
  const receipts: Array<Receipt> = []
  const server = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk) => body += String(chunk))
    request.on("end", () => {
      const { alert, key, labels } = JSON.parse(body)
      const receipt = { key, id: alert.id, tag: alert._tag, process: Number(labels.process) }
      receipts.push(receipt)
      void Promise.resolve(answer(receipt)).then((isAccepted) => response.writeHead(isAccepted ? 204 : 503).end())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  return {
    receipts,
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`,
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

// Some twenty processes: `npm run check:fleet`.
describe.skipIf(!hasRedis || process.env.MODE !== "fleet")("notifiers of a fleet of processes", () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => {
    await server.stop()
    removePrograms()
  })

  const withFleet = async (
    name: string,
    size: number,
    webhook: string,
    body: (members: ReadonlyArray<Member>) => Promise<void>
  ) => {
    const members = await startFleet(size, () => ({
      url: server.url,
      name,
      codes,
      limit: 20,
      windowMillis: 4000,
      flushMillis: 1000,
      webhook
    }))
    try {
      await body(members)
    } finally {
      await Promise.all(members.map((member) => member.end()))
    }
  }

  const living = (members: ReadonlyArray<Member>) => members.filter(({ isDead }) => !isDead)

  const areResolved = (members: ReadonlyArray<Member>) => () =>
    living(members).every((member) => codes.every((code) => member.edges(code).at(-1) === "Resolved"))

  /**
   * The edges that a process which lives has heard, by alert, in order. An escalation to a count that was delivered is none
   * for a receiver: a count that rises at once by more than a doubling escalates several times.
   */
  const heardBy = (members: ReadonlyArray<Member>) => {
    const byAlert = new Map<string, Array<string>>()
    const peaks = new Map<string, number>()
    for (const { alert: { _tag, count, id }, key } of living(members)[0]?.heard ?? []) {
      const peak = peaks.get(id) ?? 0
      peaks.set(id, Math.max(peak, count))
      if (_tag !== "Escalated" || count > peak) byAlert.set(id, [...byAlert.get(id) ?? [], key])
    }
    return byAlert
  }

  const received = (receipts: ReadonlyArray<Receipt>) => {
    const byAlert = new Map<string, Array<string>>()
    for (const { id, key } of receipts) byAlert.set(id, [...byAlert.get(id) ?? [], key])
    return byAlert
  }

  const once = (keys: ReadonlyArray<string>) => keys.filter((key, i) => keys.indexOf(key) === i)

  it("eight processes deliver each edge once, in order", async () => {
    const receiver = await startReceiver()
    try {
      await withFleet("once", 8, receiver.url, async (members) => {
        for (const member of members) member.order({ order: "run", every: 100 })
        await sleep(4000)
        for (const member of members) member.order({ order: "stop" })
        await until(areResolved(members))
        await until(() => receiver.receipts.filter(({ tag }) => tag === "Resolved").length === codes.length)
        await sleep(2500)
        expect(received(receiver.receipts)).toEqual(heardBy(members))
      })
    } finally {
      receiver.close()
    }
  })

  it(
    "of processes that are killed while they deliver, others deliver: each edge arrives, in order, at most once more for a kill",
    async () => {
      let members: ReadonlyArray<Member> = []
      let kills = 0
      const receiver = await startReceiver(async ({ process: pid }) => {
        // The 1st, 3rd and 5th request die with their sender: the receiver has the alert, and no process knows that.
        if (receiver.receipts.length > 5 || receiver.receipts.length % 2 === 0) return true
        const sender = members.find((member) => member.pid === pid)
        if (sender === undefined) return true
        kills++
        sender.signal("SIGKILL")
        await sender.exited
        return true
      })
      try {
        await withFleet("killed", 7, receiver.url, async (all) => {
          members = all
          for (const member of members) member.order({ order: "run", every: 100 })
          await until(() =>
            living(members).every((member) => codes.every((code) => member.edges(code).includes("Fired")))
          )
          await sleep(1000)
          for (const member of living(members)) member.order({ order: "stop" })
          await until(areResolved(members))
          const heard = heardBy(members)
          await until(() =>
            new Set(receiver.receipts.map(({ key }) => key)).size === Array.from(heard.values()).flat().length
          )
          await sleep(2500)
          const arrived = received(receiver.receipts)
          expect(new Map(Array.from(arrived, ([id, keys]) => [id, once(keys)]))).toEqual(heard)
          const repeated = Array.from(arrived.values()).reduce((sum, keys) => sum + keys.length - once(keys).length, 0)
          expect(kills).toBe(3)
          expect(repeated).toBeLessThanOrEqual(kills)
        })
      } finally {
        receiver.close()
      }
    },
    90_000
  )

  it("a process whose requests fail leaves its turn; one that is paused sends nothing after it continues", async () => {
    let members: ReadonlyArray<Member> = []
    let failing = 0
    const receiver = await startReceiver(({ process: pid }) => {
      failing = failing === 0 ? pid : failing
      return pid !== failing
    })
    try {
      await withFleet("failing", 4, receiver.url, async (all) => {
        members = all
        for (const member of members) member.order({ order: "run", every: 50 })
        await until(() => receiver.receipts.some(({ process: pid }) => pid !== failing))
        const deliverer = members.find(({ pid }) => pid === receiver.receipts.at(-1)?.process)
        deliverer?.signal("SIGSTOP")
        for (const member of members) if (member !== deliverer) member.order({ order: "stop" })
        await until(() =>
          members.every((member) =>
            member === deliverer || codes.every((code) => member.edges(code).at(-1) === "Resolved")
          )
        )
        deliverer?.order({ order: "stop" })
        const accepted = () => receiver.receipts.filter(({ process: pid }) => pid !== failing)
        const keys = () => new Set(accepted().map(({ key }) => key))
        const others = members.filter((member) => member !== deliverer)
        const heard = () => Array.from(heardBy(others).values()).flat()
        await until(() => heard().every((key) => keys().has(key)))
        deliverer?.signal("SIGCONT")
        // Its counts arrive, and may be an alert of their own.
        await sleep(8000)
        await until(() => heard().every((key) => keys().has(key)))
        expect(keys()).toEqual(new Set(heard()))
        const repeated = Array.from(received(accepted()).values()).map((keys) => keys.length - once(keys).length)
        // What it had under way when it was paused may arrive again.
        expect(repeated.reduce((sum, n) => sum + n, 0)).toBeLessThanOrEqual(1)
      })
    } finally {
      receiver.close()
    }
  }, 90_000)
})
