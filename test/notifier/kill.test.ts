/**
 * Processes that are killed while they deliver alerts, with their progress in files. `npm run check:kills` kills ten times
 * as many of them.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { bundleProgram } from "../bundleProgram.js"

const kills = process.env.MODE === "kills" ? 30 : 1

interface Receipt {
  readonly key: string
  readonly id: string
  readonly isEnd: boolean
  /** The number of the process. */
  readonly generation: number
  /** The connection was cut before the answer. */
  readonly isUnanswered: boolean
}

let folder = ""

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "effect-errata-killed-"))
  bundleProgram(new URL("killedProcess.ts", import.meta.url), join(folder, "killed.mjs"))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const endOf = (child: ChildProcess) => new Promise((resolve) => child.once("exit", resolve))

describe("Notifier: processes that are killed", () => {
  it(
    "the receiver ends with the active alerts, and gets an alert twice only if its acceptance was not stored",
    async () => {
      const received: Array<Receipt> = []
      let generation = 0
      let hasFaults = true
      let requests = 0
      const server = createServer((request, response) => {
        let body = ""
        request.on("data", (chunk) => body += chunk)
        request.on("end", () => {
          const { alert, key } = JSON.parse(body)
          const receive = (isUnanswered: boolean) =>
            received.push({ key, id: alert.id, isEnd: alert._tag === "Resolved", generation, isUnanswered })
          const n = hasFaults ? requests++ % 10 : 9
          if (n === 0) {
            response.writeHead(503)
            response.end()
          } else if (n === 1) {
            receive(true)
            request.socket.destroy()
          } else {
            receive(false)
            setTimeout(() => response.end(), n)
          }
        })
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
      const start = (mode: string) =>
        spawn(process.execPath, [join(folder, "killed.mjs"), url, join(folder, "state"), mode], {
          stdio: ["ignore", "pipe", "inherit"]
        })
      try {
        for (; generation < kills; generation++) {
          const child = start("run")
          await new Promise((resolve) => child.stdout.once("data", resolve))
          const before = received.length
          // Somewhere in the middle of its work.
          const limit = 4 + generation % 7
          while (received.length < before + limit) await new Promise((resolve) => setTimeout(resolve, 3))
          child.kill("SIGKILL")
          await endOf(child)
        }
        hasFaults = false
        const last = start("end")
        let output = ""
        last.stdout.on("data", (chunk) => output += chunk)
        await endOf(last)
        const active: unknown = JSON.parse(output)

        const state = new Map(received.map(({ id, isEnd }) => [id, isEnd]))
        const believed = Array.from(state).filter(([, isEnd]) => !isEnd).map(([id]) => id)
        expect(believed.sort()).toEqual(active)

        const repeated = received.flatMap((receipt, i) => {
          const first = received.slice(0, i).findLast(({ key }) => key === receipt.key)
          return first === undefined || first.isUnanswered ? [] : [{ receipt, first }]
        })
        // Within a process, nothing that was accepted is sent again; a kill repeats one alert at most.
        expect(repeated.filter(({ first, receipt }) => first.generation === receipt.generation)).toEqual([])
        const perKill = Array.from(
          { length: kills },
          (_, n) => repeated.filter(({ first }) => first.generation === n).length
        )
        expect(Math.max(...perKill)).toBeLessThanOrEqual(1)
      } finally {
        server.closeAllConnections()
        server.close()
      }
    },
    600_000
  )
})
