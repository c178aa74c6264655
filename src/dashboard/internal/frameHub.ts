/** Makes a frame a second while a page is open, and hands it to all clients. */
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { IncomingMessage, ServerResponse } from "node:http"
import { hostname } from "node:os"
import { pid } from "node:process"
import * as ErrorTracker from "../../ErrorTracker.js"
import { writeDetached } from "../../internal/log/write.js"
import { monotonicMillis } from "../../internal/monotonicMillis.js"
import * as TrackerApi from "../../TrackerApi.js"
import type { Settings } from "./dashboardOptions.js"
import { type Chunk, chunkOf, EventClients, maxClients } from "./eventClients.js"
import { encodeFrame, type FrameJson } from "./frameModel.js"
import { make as makeSource } from "./frameSource.js"
import { frameOf } from "./frameState.js"
import { type Body, jsonBody } from "./responses.js"

const bodyOf = async (response: Response): Promise<Body> => ({
  type: response.headers.get("content-type") ?? "text/plain; charset=utf-8",
  bytes: Buffer.from(await response.arrayBuffer()),
  status: response.status
})

export interface FrameHub {
  readonly events: (request: IncomingMessage, response: ServerResponse) => void
  readonly other: (path: string, query: string) => Promise<Body | undefined>
}

const period = 1000
const heartbeatEvery = 15_000

/** Clients of one group are written to at once; other work can run between two groups. */
const group = 50

export const make = Effect.fnUntraced(function*(
  tracker: ErrorTracker.Service,
  { build, name, weights }: { readonly build: string } & Pick<Settings, "name" | "weights">
): Effect.fn.Return<FrameHub, never, Scope.Scope> {
  const read = makeSource(tracker, {
    labels: { build, name, detail: name === hostname() ? `pid ${pid}` : `${hostname()}, pid ${pid}` },
    weights
  })
  const frame: Effect.Effect<FrameJson> = Effect.map(read, (reads) => encodeFrame(frameOf(reads)))
  const clients = new EventClients()
  yield* Effect.addFinalizer(() => Effect.sync(() => clients.end()))
  const opened = yield* Effect.makeLatch()
  let latest: Chunk | undefined
  let lastSent = 0

  const broadcast = (parts: Generator<void, void>) =>
    Effect.iterate(parts.next(), {
      while: ({ done }) => done !== true,
      body: () => Effect.sync(() => parts.next()).pipe(Effect.delay("1 millis"))
    })

  const tick = Effect.gen(function*() {
    yield* opened.await
    const start = yield* monotonicMillis
    const chunk = yield* Effect.map(frame, (json) => chunkOf(`event: frame\ndata: ${JSON.stringify(json)}\n\n`))
    latest = chunk
    lastSent = start
    yield* broadcast(clients.send(chunk, start, group))
    // In one step, so that no client comes in between.
    yield* Effect.sync(() => {
      if (clients.size > 0) return
      latest = undefined
      opened.unsafeClose()
    })
    const end = yield* monotonicMillis
    yield* Effect.sleep(Math.max(period / 10, period - (end - start)))
  })

  // A tracker of the user may throw: the page then shows that nothing new arrives, and the next frame is another attempt.
  const failed = Effect.gen(function*() {
    const now = yield* monotonicMillis
    if (now - lastSent >= heartbeatEvery) {
      lastSent = now
      yield* broadcast(clients.sendHeartbeat(now, group))
    }
    yield* Effect.sleep(period)
  })
  let hasFailed = false
  yield* Effect.forkScoped(Effect.forever(
    Effect.catchAllCause(Effect.zipLeft(tick, Effect.sync(() => hasFailed = false)), (cause) =>
      hasFailed
        ? failed
        : Effect.zipRight(
          Effect.suspend(() => {
            hasFailed = true
            return writeDetached(LogLevel.Warning, "Dashboard: the tracker cannot be read", { cause })
          }),
          failed
        ))
  ))

  const api = yield* Effect.provideService(TrackerApi.toWebHandler, ErrorTracker.ErrorTracker, tracker)
  const run = Runtime.runPromise(yield* Effect.runtime())
  return {
    events: (request, response) => {
      if (clients.size >= maxClients) {
        response.writeHead(503, { "retry-after": "10", "content-type": "text/plain; charset=utf-8" })
        response.end("Too many open pages.\n")
        return
      }
      clients.add(request, response, latest)
      opened.unsafeOpen()
    },
    other: (path, query) =>
      path === "/api/frame"
        ? run(Effect.map(frame, jsonBody))
        : path.startsWith("/api/")
        ? api(new Request(`http://localhost${path}${query === "" ? "" : `?${query}`}`)).then(bodyOf)
        : Promise.resolve(undefined)
  }
})
