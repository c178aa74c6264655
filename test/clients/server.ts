/** A server on loopback that answers each request as it was told to, and the neighbours that no server can be. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { once } from "node:events"
import { createServer as createHttpsServer } from "node:https"
import type { AddressInfo, Server as Listener, Socket } from "node:net"
import { connect, createServer } from "node:net"
import { Worker } from "node:worker_threads"
import type { Answer } from "./answers.js"
import type { Certificate, Certificates } from "./certificates.js"
import { certificates } from "./certificates.js"

export interface Service {
  /** A URL that is answered like this, under a path of your choice. */
  readonly url: (answer: Answer, path?: string) => string
  /** A port that nobody listens on. */
  readonly refusing: string
  /** A port whose backlog is full. */
  readonly full: string
  readonly tls: { readonly [name in keyof Certificates]: string }
  /** The port of the server, asked for TLS, and one that speaks TLS, asked without. */
  readonly tlsOnHttp: string
  readonly httpOnTls: string
}

export class Server extends Context.Tag("effect-errata/test/clients/Server")<Server, Service>() {
  static readonly layer: Layer.Layer<Server> = Layer.scoped(Server, Effect.suspend(() => make))
}

const host = "127.0.0.1"

const make: Effect.Effect<Service, never, Scope.Scope> = Effect.gen(function*() {
  const made = yield* Effect.promise(certificates)
  const sockets = new Set<Socket>()
  yield* Effect.addFinalizer(() => Effect.sync(() => sockets.forEach((socket) => socket.destroy())))

  const listen = (listener: Listener) =>
    Effect.acquireRelease(
      Effect.promise(async () => {
        listener.on("connection", (socket) => {
          sockets.add(socket)
          socket.on("close", () => sockets.delete(socket))
          socket.on("error", () => {})
        })
        await once(listener.listen(0, host), "listening")
        return (listener.address() as AddressInfo).port
      }),
      () => Effect.sync(() => listener.close())
    )

  const answers = new Map<string, Answer>()
  const port = yield* listen(createServer((socket) => serve(socket, answers)))

  const secure = (certificate: Certificate) =>
    Effect.map(
      listen(createHttpsServer({ ...certificate }, (_, response) => void response.end("[]"))),
      (port) => `https://${host}:${port}/`
    )
  const tls = yield* Effect.all({
    good: secure(made.good),
    selfSigned: secure(made.selfSigned),
    ofUnknownIssuer: secure(made.ofUnknownIssuer),
    expired: secure(made.expired),
    notYetValid: secure(made.notYetValid),
    ofAnotherHost: secure(made.ofAnotherHost)
  })

  // The near end of a connection: taken, so that no one else will listen there while we run.
  const near = connect(port, host)
  sockets.add(near)
  yield* Effect.promise(() => once(near, "connect"))

  return {
    url: (answer, path = "/api/v3/klines") => {
      const target = `${path}?id=${answers.size}`
      answers.set(target, answer)
      return `http://${host}:${port}${target}`
    },
    refusing: `http://${host}:${near.localPort}/`,
    full: yield* full(sockets),
    tls,
    tlsOnHttp: `https://${host}:${port}/`,
    httpOnTls: tls.selfSigned.replace("https:", "http:")
  }
})

const serve = (socket: Socket, answers: ReadonlyMap<string, Answer>): void => {
  let request = ""
  socket.on("data", (bytes) => {
    // The first byte of a TLS handshake.
    if (bytes[0] === 0x16) return void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")
    request += bytes.toString("latin1")
    if (!request.includes("\r\n\r\n")) return
    const path = /^[A-Z]+ (\S+)/.exec(request)?.[1] ?? ""
    request = ""
    const answer = answers.get(path)
    if (answer === undefined) socket.destroy()
    else answer(socket, path)
  })
}

/** A listener that sleeps over its first connections, in a thread of its own: the kernel lets no more of them in. */
const full = (sockets: Set<Socket>) =>
  Effect.gen(function*() {
    const sleeper = yield* Effect.acquireRelease(
      Effect.sync(() => new Worker(sleep, { eval: true })),
      (worker) => Effect.promise(() => worker.terminate())
    )
    const port: number = yield* Effect.promise(() => once(sleeper, "message").then(([port]) => Number(port)))
    const waiting = Array.from({ length: backlog + 1 }, () => connect(port, host).on("error", () => {}))
    for (const socket of waiting) sockets.add(socket)
    yield* Effect.promise(() => Promise.all(waiting.map((socket) => once(socket, "connect"))))
    return `http://${host}:${port}/`
  })

const backlog = 1

const sleep = `
const { createServer } = require("node:net")
const { parentPort } = require("node:worker_threads")
const server = createServer().listen({ port: 0, host: "${host}", backlog: ${backlog} }, () => {
  parentPort.postMessage(server.address().port)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})`
