/** Processes of a fleet, as children of the test. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { bundleProgram } from "../bundleProgram.js"
import { type Exchange, startExchange } from "./exchange.js"
import type { WorkerReport, WorkerSettings } from "./fleetWorker.js"

export interface Worker {
  readonly child: ChildProcess
  readonly logs: Array<string>
  /** When the worker saw that its gate closed or opened. */
  readonly gate: Array<{ readonly paused: boolean; readonly at: number }>
  readonly signal: (signal: NodeJS.Signals) => void
  readonly stop: () => Promise<WorkerReport>
}

const src = (path: string) => new URL(`../../src/${path}`, import.meta.url).pathname

const alias = {
  "effect-errata": src("index.ts"),
  "effect-errata/binance": src("binance/index.ts"),
  "effect-errata/fleet": src("fleet/index.ts")
}

/** The program of a worker, bundled for this test. */
export const program: Effect.Effect<string, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "errata-worker-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  ),
  (folder) => {
    const file = join(folder, "worker.mjs")
    bundleProgram(new URL("./fleetWorker.ts", import.meta.url), file, alias)
    return file
  }
)

const start = async (file: string, settings: WorkerSettings): Promise<Worker> => {
  const child = spawn(process.execPath, [file, JSON.stringify(settings)], { stdio: ["pipe", "pipe", "inherit"] })
  const logs: Array<string> = []
  const gate: Array<{ readonly paused: boolean; readonly at: number }> = []
  let report: WorkerReport | undefined
  const isReady = new Promise<void>((resolve, reject) => {
    child.once("exit", () => reject(new Error("a worker has ended")))
    createInterface({ input: child.stdout }).on("line", (line) => {
      const message: unknown = JSON.parse(line)
      if (typeof message !== "object" || message === null) return
      if ("ready" in message) resolve()
      if ("log" in message) logs.push(String(message.log))
      // Written by the program of the worker.
      if ("paused" in message) gate.push(message as Worker["gate"][number])
      if ("report" in message) report = message.report as WorkerReport
    })
  })
  await isReady
  return {
    child,
    logs,
    gate,
    signal: (signal) => void child.kill(signal),
    stop: async () => {
      const exited = once(child, "exit")
      child.stdin.write("stop\n")
      await exited
      if (report === undefined) throw new Error("a worker ended without a report")
      return report
    }
  }
}

/** A worker that is killed with the test, if it runs then. */
export const worker = (
  file: string,
  exchange: Exchange,
  redis: string,
  settings: Partial<WorkerSettings> = {}
): Effect.Effect<Worker, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(() =>
      start(file, {
        redis,
        exchange: exchange.url,
        perMinute: 1_000_000,
        weight: 1,
        concurrency: 2,
        pause: 20,
        clockOffset: 0,
        block: 1,
        ...settings
      })
    ),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

export const exchange: Effect.Effect<Exchange, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(startExchange),
  (exchange) => Effect.promise(() => exchange.close())
)
