/** The programs around the fleet: Redis, a receiver of alerts, and the processes. All end with their scope. */
import { Effect } from "effect"
import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import { createServer as createSocket } from "node:net"
import type { Order, Progress, Settings } from "./Worker.js"

export const hasRedis = (): boolean => spawnSync("redis-server", ["--version"]).error === undefined

const freePort = Effect.async<number>((resume) => {
  const server = createSocket().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

const end = (child: ChildProcess): Effect.Effect<void> =>
  Effect.promise(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, "exit")
    child.kill("SIGKILL")
    await exited
  })

/** A server that keeps nothing on the disk. Returns its address. */
export const redis = Effect.gen(function*() {
  const port = yield* freePort
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"], {
        stdio: ["ignore", "pipe", "ignore"]
      })
    ),
    end
  )
  yield* Effect.async<void>((resume) => {
    child.stdout.on("data", (data) => {
      if (String(data).includes("Ready to accept connections")) resume(Effect.void)
    })
    child.once("exit", () => resume(Effect.dieMessage("redis-server ended before it was ready")))
  })
  return `redis://127.0.0.1:${port}`
})

/** A delivery of an alert, as the receiver got it. */
export interface Delivery {
  readonly key: string
  readonly message: string
  readonly process: number
}

/** A receiver of alerts, which calls `receive` for each delivery. Returns its address. */
export const receiver = (receive: (delivery: Delivery) => void) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly close: () => void }>((resume) => {
      const server = createServer((request, response) => {
        let body = ""
        request.on("data", (chunk) => body += String(chunk))
        request.on("end", () => {
          const { key, labels, message } = JSON.parse(body)
          receive({ key, message, process: Number(labels.process) })
          response.writeHead(204).end()
        })
      }).listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        const close = () => {
          server.closeAllConnections()
          server.close()
        }
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}/alerts`, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

export interface Worker {
  readonly number: number
  readonly pid: number
  /** What it has reported so far. */
  readonly progress: ReadonlyArray<Progress>
  readonly send: (order: Order) => void
  readonly kill: Effect.Effect<void>
  readonly exited: Effect.Effect<unknown>
}

/** A process, which runs the program `file`. */
export const worker = (file: string, settings: Settings) =>
  Effect.gen(function*() {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        fork(file, ["--worker", JSON.stringify(settings)], { stdio: ["ignore", "ignore", "inherit", "ipc"] })
      ),
      end
    )
    const progress: Array<Progress> = []
    child.on("message", (message: Progress) => progress.push(message))
    // A process that was killed gets no orders.
    child.on("error", () => undefined)
    const exited = once(child, "exit")
    return {
      number: settings.number,
      pid: child.pid ?? 0,
      progress,
      send: (order) => {
        if (child.connected) child.send(order)
      },
      kill: end(child),
      exited: Effect.promise(() => exited)
    } satisfies Worker
  })
