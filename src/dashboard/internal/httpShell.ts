/** The HTTP server of the page: `node:http`, which Bun and Deno have too. Everything it serves is made elsewhere. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { type AccessSettings, decide } from "./access.js"
import { type Address, type Failure, listenFailure } from "./listenFailure.js"
import { acceptsGzip, type Body, contentSecurityPolicy, isKnown, signInPage } from "./responses.js"

/** The resources of the server. */
export interface Resources {
  readonly access: AccessSettings
  /** Files by their path. */
  readonly files: ReadonlyMap<string, Body>
  /** Starts an event stream. */
  readonly events: (request: IncomingMessage, response: ServerResponse) => void
  /** Other paths: undefined where there is nothing. `query` is what follows the question mark. */
  readonly other: (path: string, query: string) => Promise<Body | undefined>
}

const headers = {
  "content-security-policy": contentSecurityPolicy,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY"
}

const maxForm = 4096

/** Starts a server on the first port that is free. It is closed, with all its connections, when the scope ends. */
export const serve = (
  address: Address,
  resources: (port: number) => Resources
): Effect.Effect<number, Failure, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(firstFree(address, resources), (server) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        // Streams and idle connections would keep the server open.
        server.closeAllConnections()
      })),
    portOf
  )

const firstFree = (
  { host, ports }: Address,
  resources: (port: number) => Resources
): Effect.Effect<Server, Failure> => {
  const attempt = (i: number): Effect.Effect<Server, Failure> => {
    const port = ports[i] ?? 0
    return Effect.catchAll(listen(host, port, resources), (error) =>
      // Another port helps only if this one is taken.
      error.code === "EADDRINUSE" && i + 1 < ports.length
        ? attempt(i + 1)
        : Effect.fail(listenFailure(error, { host, ports: ports.slice(0, i + 1) })))
  }
  return attempt(0)
}

const listen = (
  host: string,
  port: number,
  resources: (port: number) => Resources
): Effect.Effect<Server, NodeJS.ErrnoException> =>
  Effect.async((resume) => {
    const server = createServer()
    server.once("error", (error: NodeJS.ErrnoException) => resume(Effect.fail(error)))
    server.listen(port, host, () => {
      // Only now is the port known, if any free one was asked for.
      const known = resources(portOf(server))
      server.on("request", (request, response) => respond(request, response, known))
      // Errors of single connections end these connections only.
      server.on("error", () => {})
      resume(Effect.succeed(server))
    })
  })

// A server that listens to a port has an address of this form.
const portOf = (server: Server): number => (server.address() as AddressInfo).port

const respond = (request: IncomingMessage, response: ServerResponse, resources: Resources): void => {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  const header = (name: string) => {
    const value = request.headers[name]
    return Array.isArray(value) ? value.join(", ") : value
  }
  const method = request.method ?? "GET"
  const decision = decide({
    method,
    url: request.url ?? "/",
    host: header("host"),
    origin: header("origin"),
    fetchSite: header("sec-fetch-site"),
    fetchMode: header("sec-fetch-mode"),
    authorization: header("authorization"),
    cookie: header("cookie")
  }, resources.access)
  switch (decision._tag) {
    case "Refuse":
      return send(request, response, decision.status, textBody(decision.message))
    case "SignIn":
      return redirect(response, decision.location, resources.access)
    case "AskForToken":
      if (method === "POST" && request.url === "/session") return signIn(request, response, resources.access)
      return request.url === "/app.css"
        ? send(request, response, 200, resources.files.get("/app.css"))
        : send(request, response, 401, signInPage(decision.isWrong))
    case "Allow": {
      if (method === "POST" && decision.path === "/session") return redirect(response, "./", resources.access)
      if (method !== "GET" && method !== "HEAD") {
        response.setHeader("allow", "GET, HEAD")
        return send(request, response, 405, textBody("Only GET and HEAD are supported."))
      }
      if (decision.path === "/events" && method === "GET") return resources.events(request, response)
      const file = resources.files.get(decision.path)
      if (file !== undefined) return send(request, response, 200, file)
      resources.other(decision.path, decision.query).then(
        (body) => send(request, response, body?.status ?? (body === undefined ? 404 : 200), body),
        () => send(request, response, 500, textBody("The response could not be made."))
      )
    }
  }
}

const textBody = (text: string): Body => ({ type: "text/plain; charset=utf-8", bytes: Buffer.from(`${text}\n`) })

const send = (request: IncomingMessage, response: ServerResponse, status: number, body?: Body): void => {
  const { bytes, etag, gzipped, type } = body ?? textBody("Not found.")
  response.setHeader("content-type", type)
  response.setHeader("cache-control", etag === undefined ? "no-store" : "no-cache")
  if (etag !== undefined) {
    response.setHeader("etag", etag)
    if (isKnown(request.headers["if-none-match"], etag)) return void response.writeHead(304).end()
  }
  const isGzipped = gzipped !== undefined && acceptsGzip(request.headers["accept-encoding"])
  if (gzipped !== undefined) response.setHeader("vary", "accept-encoding")
  if (isGzipped) response.setHeader("content-encoding", "gzip")
  const content = isGzipped ? gzipped : bytes
  response.setHeader("content-length", content.length)
  response.writeHead(status)
  response.end(request.method === "HEAD" ? undefined : content)
}

/** `location` is relative: a proxy may serve the page under any path. */
const redirect = (response: ServerResponse, location: string, { cookie }: AccessSettings): void => {
  response.writeHead(303, {
    location,
    "cache-control": "no-store",
    "set-cookie": `${cookie.name}=${cookie.value}; Path=/; HttpOnly; SameSite=Strict`
  }).end()
}

/** Reads the form of the sign-in page. */
const signIn = (request: IncomingMessage, response: ServerResponse, access: AccessSettings): void => {
  let text = ""
  request.setEncoding("utf8")
  request.on("data", (part: string) => {
    text += part
    if (text.length > maxForm) request.destroy()
  })
  request.on("end", () => {
    const token = new URLSearchParams(text).get("token")?.trim() ?? ""
    if (access.isToken?.(token) === true) redirect(response, "./", access)
    else send(request, response, 401, signInPage(true))
  })
}
