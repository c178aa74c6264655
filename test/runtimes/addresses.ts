/** The servers that the faults need, and the addresses by which a program finds them. */
import * as Effect from "effect/Effect"
import type { Socket } from "node:net"
import type { Answer } from "../clients/answers.js"
import * as answers from "../clients/answers.js"
import { Server } from "../clients/server.js"
import type { Addresses } from "./faults.js"

const statuses = [204, 400, 401, 403, 404, 407, 408, 418, 429, 451, 500, 502, 503, 504]

const json = { "content-type": "application/json" }

/** A body that begins, and a request by which the client has its connection reset once it has read the beginning. */
const interruptedBody = (): readonly [begin: Answer, cut: Answer] => {
  let begun: Socket | undefined
  return [
    (socket, path) => {
      begun = socket
      answers.silenceInBody(socket, path)
    },
    (socket, path) => {
      begun?.resetAndDestroy()
      answers.reply(200)(socket, path)
    }
  ]
}

const flaky = (): Answer => {
  let requests = 0
  return (socket, path) => (requests++ === 0 ? answers.reply(503) : answers.reply(200, {}, "fine"))(socket, path)
}

export const addresses: Effect.Effect<Addresses, never, Server> = Effect.map(Server, (server) => {
  const [beginAndWait, cut] = interruptedBody()
  const served: Readonly<Record<string, Answer>> = {
    reset: answers.reset,
    close: answers.close,
    closeInHeaders: answers.closeInHeaders,
    closeInBody: answers.closeInBody,
    closeInChunks: answers.closeInChunks,
    beginAndWait,
    cut,
    silence: answers.silence,
    silenceInBody: answers.silenceInBody,
    anotherProtocol: answers.anotherProtocol,
    noise: answers.noise,
    headerWithoutColon: answers.headerWithoutColon,
    unreadableLength: answers.unreadableLength,
    oversizedHeaders: answers.oversizedHeaders,
    brokenChunk: answers.brokenChunk,
    loop: answers.loop,
    redirectToNoUrl: answers.redirect("http://[bad"),
    redirectToFtp: answers.redirect("ftp://127.0.0.1/"),
    redirectToRefusing: answers.redirect(server.refusing),
    html: answers.reply(200, { "content-type": "text/html" }, "<html>Sorry</html>"),
    jsonCut: answers.reply(200, json, "[[1,2"),
    nothing: answers.reply(200, json),
    flaky: flaky(),
    ...Object.fromEntries(statuses.map((status) => [`status/${status}`, answers.reply(status, json, "{}")])),
    ...Object.fromEntries((["gzip", "br", "deflate"] as const).flatMap((encoding) => [
      [`${encoding}/notCompressed`, answers.notCompressed(encoding)],
      [`${encoding}/flipped`, answers.flipped(encoding)],
      [`${encoding}/cutShort`, answers.cutShort(encoding)]
    ]))
  }
  return {
    ...Object.fromEntries(Object.entries(served).map(([name, answer]) => [name, server.url(answer)])),
    ...server.tls,
    refusing: server.refusing,
    full: server.full,
    tlsOnHttp: server.tlsOnHttp,
    httpOnTls: server.httpOnTls
  }
})
