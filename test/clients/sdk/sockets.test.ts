/** Faults of sockets × clients with protocols of their own; the codes of gRPC and of WebSocket. */
import { Code, ConnectError } from "@connectrpc/connect"
import * as Socket from "@effect/platform/Socket"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as grpc from "@grpc/grpc-js"
import * as Classifier from "effect-errata/Classifier"
import * as Effect from "effect/Effect"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { promisify } from "node:util"
import { WebSocket, WebSocketServer } from "ws"
import type { FaultServers } from "./faultServers.js"
import { faultServers } from "./faultServers.js"
import type { Address, SocketClient } from "./sockets.js"
import { service, sockets } from "./sockets.js"

type Verdict = readonly [tag: string, retryable: boolean]

const host = "127.0.0.1"
const connection: Verdict = ["NetworkConnection", true]
const dns: Verdict = ["NetworkDns", true]
const timeout: Verdict = ["NetworkTimeout", true]

let servers: FaultServers
beforeAll(async () => {
  servers = await faultServers()
})
afterAll(() => servers.close())

const names = Object.keys(sockets) as ReadonlyArray<SocketClient>

/** What a client rejects with; undefined if it does not. */
const thrownBy = (run: () => Promise<unknown>): Promise<{ readonly raw: unknown } | undefined> =>
  run().then(() => undefined, (raw: unknown) => ({ raw }))

const verdictOf = async (run: () => Promise<unknown>): Promise<Verdict | undefined> => {
  const thrown = await thrownBy(run)
  if (thrown === undefined) return undefined
  const { _tag, retryable } = await Effect.runPromise(Classifier.classify(thrown.raw))
  return [_tag, retryable]
}

const faults: Readonly<
  Record<
    string,
    {
      readonly at: () => Omit<Address, "patience">
      readonly verdict: Verdict
      readonly but?: { readonly [C in SocketClient]?: Verdict | undefined }
    }
  >
> = {
  "refused": { at: () => servers.origin("refused"), verdict: connection },
  "no such host": {
    at: () => servers.origin("no such host"),
    verdict: dns,
    // All that is left is that its retries were in vain.
    but: { "ioredis, a command": connection }
  },
  "silence": {
    at: () => ({ host, port: servers.silent }),
    verdict: timeout,
    // It waits for ever for the answer to its first command.
    but: { "node-redis": undefined }
  },
  "closed at once": {
    at: () => ({ host, port: servers.cutting }),
    verdict: connection,
    // It waits for the server to speak first.
    but: { "mysql2": timeout, "@effect/sql-mysql2": timeout, "nats": timeout }
  }
}

describe("clients with protocols of their own", () => {
  for (const [fault, { at, but = {}, verdict }] of Object.entries(faults)) {
    it(fault, async () => {
      const asked = names.filter((name) => !(name in but) || but[name] !== undefined)
      const seen = await Promise.all(
        asked.map(async (name) => [
          name,
          await verdictOf(() => sockets[name]({ ...at(), patience: fault === "silence" ? 400 : 5000 }))
        ])
      )
      assert.deepStrictEqual(seen, asked.map((name) => [name, but[name] ?? verdict]))
    })
  }
})

describe("gRPC", () => {
  const codes: ReadonlyArray<readonly [code: grpc.status, verdict: Verdict]> = [
    [grpc.status.UNKNOWN, ["Unexpected", false]],
    [grpc.status.INVALID_ARGUMENT, ["ApiFormat", false]],
    [grpc.status.DEADLINE_EXCEEDED, timeout],
    [grpc.status.NOT_FOUND, ["ApiFormat", false]],
    [grpc.status.PERMISSION_DENIED, ["ApiPermission", false]],
    [grpc.status.RESOURCE_EXHAUSTED, ["ApiRateLimit", true]],
    [grpc.status.ABORTED, ["ApiFormat", true]],
    [grpc.status.UNIMPLEMENTED, ["ApiFormat", false]],
    [grpc.status.INTERNAL, ["ApiFormat", true]],
    [grpc.status.UNAVAILABLE, connection],
    [grpc.status.DATA_LOSS, ["DataIntegrity", true]],
    [grpc.status.UNAUTHENTICATED, ["ApiAuth", false]]
  ]
  const server = new grpc.Server()
  let code: grpc.status = grpc.status.OK
  let port = 0
  beforeAll(async () => {
    server.addService(service, {
      Call: (_: unknown, reply: grpc.sendUnaryData<Buffer>) => reply({ code, details: `reason of ${code}` })
    })
    const bind = promisify(server.bindAsync.bind(server))
    port = await bind(`${host}:0`, grpc.ServerCredentials.createInsecure())
  })
  afterAll(() => server.forceShutdown())
  for (const [number, verdict] of codes) {
    it(grpc.status[number], async () => {
      code = number
      const thrown = await thrownBy(() => sockets["grpc-js"]({ host, port, patience: 5000 }))
      const error = Classifier.classifySync(thrown?.raw)
      assert.deepStrictEqual([error._tag, error.retryable], [...verdict])
      assert.include(error.message, `reason of ${number}`)
    })
  }
})

describe("Connect", () => {
  it("its codes are those of gRPC; its message is the reason", () => {
    for (const [code, tag] of [[Code.ResourceExhausted, "ApiRateLimit"], [Code.Unauthenticated, "ApiAuth"]] as const) {
      const error = Classifier.classifySync(new ConnectError("the reason", code))
      assert.strictEqual(error._tag, tag)
      assert.include(error.message, "the reason")
    }
  })

  it("what its transport met is beneath it", async () => {
    const refused = await fetch(servers.origin("refused").url).catch((error: unknown) => error)
    assert.strictEqual(Classifier.classifySync(ConnectError.from(refused))._tag, "NetworkConnection")
  })
})

describe("Socket of @effect/platform", () => {
  const failure = (url: string) =>
    Socket.makeWebSocket(url).pipe(
      Effect.flatMap((socket) => socket.run(() => {})),
      Effect.flip,
      Effect.scoped,
      Effect.provideService(Socket.WebSocketConstructor, (url) => new WebSocket(url) as unknown as globalThis.WebSocket)
    )

  it("a host that does not exist", async () => {
    const raw = await Effect.runPromise(failure("ws://no-such-host.invalid"))
    assert.strictEqual(Classifier.classifySync(raw)._tag, "NetworkDns")
  })

  it("a handshake that is refused", async () => {
    const server = createServer().on("upgrade", (_, socket) => {
      socket.end("HTTP/1.1 429 No\r\ncontent-length: 0\r\n\r\n")
    })
    await once(server.listen(0, host), "listening")
    const { port } = server.address() as AddressInfo
    const raw = await Effect.runPromise(failure(`ws://${host}:${port}`))
    assert.deepInclude(Classifier.classifySync(raw), { _tag: "ApiRateLimit", status: 429 })
    server.close()
  })

  it("a close code", async () => {
    const server = new WebSocketServer({ port: 0, host })
    await once(server, "listening")
    server.on("connection", (socket) => socket.close(4401, "the reason"))
    const { port } = server.address() as AddressInfo
    const raw = await Effect.runPromise(failure(`ws://${host}:${port}`))
    const error = Classifier.classifySync(raw)
    assert.strictEqual(error._tag, "ApiAuth")
    assert.include(error.message, "code 4401, the reason")
    server.close()
  })
})

describe("WebSocket", () => {
  const handshakes: ReadonlyArray<readonly [status: number, verdict: Verdict]> = [
    [401, ["ApiAuth", false]],
    [403, ["ApiPermission", false]],
    [429, ["ApiRateLimit", true]],
    [503, ["ApiFormat", true]]
  ]
  for (const [status, verdict] of handshakes) {
    it(`a handshake that is refused with ${status}`, async () => {
      const server = createServer().on("upgrade", (_, socket) => {
        socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`)
      })
      await once(server.listen(0, host), "listening")
      const { port } = server.address() as AddressInfo
      assert.deepStrictEqual(await verdictOf(() => sockets["ws"]({ host, port, patience: 5000 })), verdict)
      server.close()
    })
  }

  const closings: ReadonlyArray<readonly [code: number, verdict: Verdict]> = [
    [1001, connection],
    [1006, connection],
    [1008, ["ApiPermission", false]],
    [1009, ["ApiFormat", false]],
    [1011, ["ApiFormat", true]],
    [1013, ["ApiRateLimit", true]],
    [4401, ["ApiAuth", false]],
    [4429, ["ApiRateLimit", true]],
    [4999, connection]
  ]
  for (const [code, verdict] of closings) {
    it(`closed with ${code}`, async () => {
      const server = new WebSocketServer({ port: 0, host })
      await once(server, "listening")
      server.on("connection", (socket) => code === 1006 ? socket.terminate() : socket.close(code, "the reason"))
      const { port } = server.address() as AddressInfo
      const event = await new Promise((resolve) => {
        new WebSocket(`ws://${host}:${port}`).addEventListener("close", resolve)
      })
      const error = Classifier.classifySync(event)
      assert.deepStrictEqual([error._tag, error.retryable], [...verdict])
      assert.include(error.message, code === 1006 ? "code 1006" : `code ${code}, the reason`)
      server.close()
    })
  }

  it("a frame that is broken", async () => {
    const server = new WebSocketServer({ port: 0, host })
    await once(server, "listening")
    server.on("connection", (_, request) => void request.socket.write(Buffer.from([0x8f, 0x00])))
    const { port } = server.address() as AddressInfo
    const raw = await new Promise((resolve) => new WebSocket(`ws://${host}:${port}`).on("error", resolve))
    assert.strictEqual(Classifier.classifySync(raw)._tag, "ApiFormat")
    server.close()
  })
})
