/** The clients of the event stream: many, slow ones, and ones that vanish. */
import { afterEach, describe, expect, it } from "@effect/vitest"
import { EventEmitter } from "node:events"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { chunkOf, EventClients } from "../../src/dashboard/internal/eventClients.js"
import { openEvents } from "./rawHttp.js"
import { serve, type Served } from "./served.js"

/** A response whose client takes nothing while `stuck`. */
class FakeResponse extends EventEmitter {
  stuck = false
  writableLength = 0
  isDestroyed = false
  written: Array<string> = []
  socket = { setKeepAlive: () => {} }
  writeHead() {
    return this
  }
  write(data: Buffer) {
    this.written.push(data.toString())
    if (this.stuck) this.writableLength += data.length
    return !this.stuck
  }
  destroy() {
    this.isDestroyed = true
    this.emit("close")
  }
}

const add = (clients: EventClients): FakeResponse => {
  const response = new FakeResponse()
  clients.add(
    { headers: {} } as IncomingMessage,
    response as unknown as ServerResponse,
    undefined
  )
  return response
}

const sendAll = (clients: EventClients, text: string, now: number) => [...clients.send(chunkOf(text), now, 50)].length

describe("EventClients", () => {
  it("skips frames that a slow client cannot take, and goes on when it can", () => {
    const clients = new EventClients()
    const [fast, slow] = [add(clients), add(clients)]
    slow.stuck = true
    sendAll(clients, "1", 0)
    for (let i = 2; i <= 9; i++) sendAll(clients, `${i}`, i * 1000)
    expect(fast.written.slice(1)).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9"])
    expect(slow.written.slice(1)).toEqual(["1"])
    slow.stuck = false
    slow.writableLength = 0
    sendAll(clients, "10", 10_000)
    expect(slow.written.at(-1)).toBe("10")
    expect(slow.isDestroyed).toBe(false)
  })

  it("drops a client that takes nothing for ten seconds, and holds one frame for it", () => {
    const clients = new EventClients()
    const [fast, stuck] = [add(clients), add(clients)]
    stuck.stuck = true
    for (let at = 0; at <= 10_000; at += 1000) sendAll(clients, "x".repeat(1000), at)
    expect(stuck.isDestroyed).toBe(false)
    expect(stuck.writableLength).toBe(1000)
    sendAll(clients, "x", 11_000)
    expect([stuck.isDestroyed, fast.isDestroyed, clients.size, clients.dropped]).toEqual([true, false, 1, 1])
  })

  it("forgets a client that leaves", () => {
    const clients = new EventClients()
    const [first] = [add(clients), add(clients)]
    first.emit("close")
    expect(clients.size).toBe(1)
    clients.end()
    expect(clients.size).toBe(0)
  })

  it("lets other work run after each group of clients", () => {
    const clients = new EventClients()
    for (let i = 0; i < 120; i++) add(clients)
    expect(sendAll(clients, "1", 0)).toBe(2)
  })
})

describe("event stream", () => {
  const sockets: Array<Socket> = []
  const servers: Array<Served> = []
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    for (const server of servers.splice(0)) await server.close()
  })

  it("serves three hundred clients the same frame", async () => {
    const server = await serve()
    servers.push(server)
    const opened = await Promise.all(Array.from({ length: 300 }, () => openEvents(server.port)))
    sockets.push(...opened)
    const texts = await Promise.all(
      opened.map((socket) =>
        new Promise<string>((resolve) => {
          let text = ""
          socket.setEncoding("utf8")
          socket.on("data", (part: string) => {
            text += part
            const frame = /event: frame\ndata: (.*)\n\n/.exec(text)
            if (frame !== null) resolve(frame[1]!)
          })
        })
      )
    )
    expect(texts).toHaveLength(300)
    expect(new Set(texts.map((text) => JSON.parse(text).build)).size).toBe(1)
  })
})
