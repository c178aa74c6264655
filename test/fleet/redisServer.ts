/** Servers of Redis for tests, each on a free port in a folder of its own. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

const isInstalled = (program: string): boolean => {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}

export const hasRedis = isInstalled("redis-server")
if (!hasRedis) console.warn("Skipped: tests of a fleet over Redis, since redis-server is not installed")

export const hasSentinel = hasRedis && isInstalled("redis-sentinel")
if (hasRedis && !hasSentinel) console.warn("Skipped: tests with Sentinel, since redis-sentinel is not installed")

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => typeof address === "object" && address !== null ? resolve(address.port) : reject())
    })
  })

export interface RedisServer {
  readonly port: number
  readonly url: string
  readonly folder: string
  /** Kills the process as a crash would. */
  readonly kill: () => Promise<void>
  /** Starts it again on the same port, with what its files have kept. */
  readonly start: () => Promise<void>
  /** Stops and continues the process. */
  readonly pause: () => void
  readonly resume: () => void
  readonly stop: () => Promise<void>
}

export const startRedis = async (
  args: ReadonlyArray<string> = [],
  { port: fixed, program = "redis-server" }: { readonly port?: number; readonly program?: string } = {}
): Promise<RedisServer> => {
  const port = fixed ?? await freePort()
  const folder = mkdtempSync(join(tmpdir(), "errata-redis-"))
  let child: ChildProcess | undefined
  const start = async () => {
    child = await listening(spawn(program, [
      ...(program === "redis-server" ? ["--save", "", "--bind", "127.0.0.1", "--dir", folder] : []),
      ...args.map((arg) => arg.replaceAll("PORT", String(port)).replaceAll("FOLDER", folder)),
      ...(args.some((arg) => arg === "--port") || program !== "redis-server" ? [] : ["--port", String(port)])
    ]))
  }
  const kill = async () => {
    const running = child
    child = undefined
    if (running === undefined || running.exitCode !== null) return
    const exited = new Promise((resolve) => running.once("exit", resolve))
    running.kill("SIGKILL")
    await exited
  }
  await start()
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    folder,
    start,
    kill,
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
    stop: async () => {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** Waits for the line with which a server says that it is ready. */
const listening = (child: ChildProcess): Promise<ChildProcess> =>
  new Promise((resolve, reject) => {
    let said = ""
    child.stdout?.on("data", (data) => {
      said += String(data)
      if (/Ready to accept connections|Sentinel ID is/.test(said)) resolve(child)
    })
    child.once("exit", () => reject(new Error(`redis-server has ended: ${said.slice(-500)}`)))
    child.once("error", reject)
  })
