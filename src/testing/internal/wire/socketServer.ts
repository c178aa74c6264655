/** A simulated server behind real sockets. */
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type { Scope } from "effect/Scope"
import type * as Http from "node:http"
import type { AddressInfo, Socket } from "node:net"
import type { Incoming, Reply } from "./wireModel.js"

export const listen = Effect.fnUntraced(function*(
  handle: (incoming: Incoming) => Effect.Effect<Reply>
): Effect.fn.Return<readonly [url: string, void], never, Scope> {
  // Imported here, so that the rest of this part of the library runs where there is no Node.
  const http = yield* Effect.promise(() => import("node:http"))
  const run = yield* FiberSet.makeRuntime()
  const sockets = new Set<Socket>()
  const server = http.createServer((request, response) => {
    run(
      Effect.flatMap(incoming(request), handle).pipe(
        Effect.flatMap((reply) => send(reply, request, response)),
        // Headers that cannot be sent, for one. Better seen as a broken connection than never.
        Effect.onError(() => Effect.sync(() => response.destroy()))
      )
    )
  })
  // An idle connection that the server closes while the client sends on it is a fault that no test has set.
  server.keepAliveTimeout = 0
  server.on("connection", (socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
  })
  yield* Effect.acquireRelease(
    Effect.async<void>((resume) => {
      server.once("error", (error) => resume(Effect.die(error)))
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
  )
  // An address with a port is what a server has that listens on one.
  const { port } = server.address() as AddressInfo
  return [`http://127.0.0.1:${port}`, undefined]
})

const incoming = (request: Http.IncomingMessage): Effect.Effect<Incoming> => {
  const [path = "/", query] = (request.url ?? "/").split("?", 2)
  const { headers, method = "GET" } = request
  const made = (body: string): Incoming => ({
    method,
    path,
    query: Object.fromEntries(new URLSearchParams(query)),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value ?? ""])
    ),
    body
  })
  return method === "GET" || method === "HEAD" ? Effect.succeed(made("")) : Effect.map(bodyOf(request), made)
}

/** A client that goes before its request is complete gets no answer. */
const bodyOf = (request: Http.IncomingMessage): Effect.Effect<string> =>
  Effect.async((resume) => {
    let body = ""
    request.setEncoding("utf8").on("data", (chunk: string) => body += chunk).on(
      "end",
      () => resume(Effect.succeed(body))
    )
  })

const send = (
  { answer, delay, ending }: Reply,
  request: Http.IncomingMessage,
  response: Http.ServerResponse
): Effect.Effect<void> =>
  Effect.zipRight(
    Effect.sleep(delay),
    Effect.sync(() => {
      // The client may have gone meanwhile.
      const { socket } = response
      if (socket === null || response.destroyed) return
      const end = () => ending === "reset" ? socket.resetAndDestroy() : ending === "close" ? socket.end() : undefined
      if (answer === undefined) return end()
      const body = Buffer.from(answer.body)
      response.sendDate = false
      if (ending === "complete" || request.method === "HEAD") {
        response.writeHead(answer.status, { ...answer.headers, "content-length": body.length }).end(body)
      } else {
        response.writeHead(answer.status, { ...answer.headers, "content-length": Math.max(1, body.length) })
        response.write(body.subarray(0, Math.floor(body.length / 2)), end)
      }
    })
  )
