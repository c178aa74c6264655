/** Servers on loopback, one for each fault: a client that takes no more than a host can be sent to any of them. */
import { once } from "node:events"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:http"
import type { AddressInfo, Server, Socket } from "node:net"
import { createServer as createSocketServer } from "node:net"

export const reason = "The list is not for you"

const json = (status: number, headers: Readonly<Record<string, string>> = {}) =>
(
  _: IncomingMessage,
  response: ServerResponse
) => {
  response.writeHead(status, { "content-type": "application/json", ...headers })
  response.end(JSON.stringify({ error: { message: reason, code: "some_code", type: "some_type" }, message: reason }))
}

const xml = (status: number, code: string) => (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(status, { "content-type": "application/xml" })
  response.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${reason}</Message></Error>`)
}

const html = (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(502, { "content-type": "text/html" })
  response.end("<html><head><title>Bad luck at the gate</title></head><body><h1>502</h1></body></html>")
}

const cut = (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": "1000" })
  response.write("{\"a\":", () => response.socket?.destroySoon())
}

/** Never answers. */
const silence = () => {}

const inFortySeconds = () => String(Math.floor(Date.now() / 1000) + 40)

const answers = {
  "401": json(401),
  "403": json(403),
  "403, a limit": json(403, { "retry-after": "30" }),
  "404": json(404),
  "429": json(429, { "retry-after": "7" }),
  "429, until an instant": (request: IncomingMessage, response: ServerResponse) =>
    json(429, { "x-ratelimit-reset": inFortySeconds(), "x-ratelimit-remaining": "0" })(request, response),
  "500": json(500),
  "503": json(503),
  "502, a page of HTML": html,
  "403, XML": xml(403, "AccessDenied"),
  "503, XML": xml(503, "SlowDown"),
  "a body that is cut": cut,
  "silence": silence
} as const

export type Answered = keyof typeof answers
export type Fault = Answered | "refused" | "no such host"

export interface FaultServers {
  /** Where a fault happens, without a path. */
  readonly origin: (fault: Fault) => { readonly host: string; readonly port: number; readonly url: string }
  /** Listens, and closes every connection after its first bytes. */
  readonly cutting: number
  /** Listens, and says nothing. */
  readonly silent: number
  readonly close: () => void
}

const host = "127.0.0.1"

const portOf = async (server: Server): Promise<number> => {
  await once(server.listen(0, host), "listening")
  return (server.address() as AddressInfo).port
}

export const faultServers = async (): Promise<FaultServers> => {
  const sockets = new Set<Socket>()
  const servers: Array<Server> = []
  const keep = (server: Server): Server => {
    servers.push(server)
    return server.on("connection", (socket: Socket) => {
      sockets.add(socket)
      socket.on("error", () => {}).on("close", () => sockets.delete(socket))
    })
  }
  const ports = new Map<Fault, number>()
  for (const [fault, answer] of Object.entries(answers)) {
    const server = keep(createServer((request, response) => {
      request.resume()
      answer(request, response)
    }))
    ports.set(fault as Answered, await portOf(server))
  }
  const unused = createSocketServer()
  ports.set("refused", await portOf(unused))
  unused.close()
  const cutting = await portOf(keep(createSocketServer((socket) => void socket.once("data", () => socket.destroy()))))
  const silent = await portOf(keep(createSocketServer((socket) => void socket.resume())))
  return {
    cutting,
    silent,
    origin: (fault) => {
      const name = fault === "no such host" ? "no-such-host.invalid" : host
      const port = ports.get(fault) ?? 80
      return { host: name, port, url: `http://${name}:${port}` }
    },
    close: () => {
      for (const server of servers) server.close()
      for (const socket of sockets) socket.destroy()
    }
  }
}
