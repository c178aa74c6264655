/** Starts cacheChild.ts: bundled, so that a process takes a tenth of a second to get to work. */
import { type ChildProcess, spawn } from "node:child_process"
import { chmodSync, mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { bundleProgram } from "../bundleProgram.js"

/** A folder of which the program is a file; whoever asks for it removes it. */
export const bundle = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "effect-errata-child-"))
  // For another user, too.
  chmodSync(folder, 0o755)
  const source = (path: string) => fileURLToPath(new URL(`../../src/${path}`, import.meta.url))
  bundleProgram(new URL("cacheChild.ts", import.meta.url), program(folder), {
    "effect-errata/binance": source("binance/index.ts")
  })
  return folder
}

const program = (folder: string): string => join(folder, "child.mjs")

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
}

/** A process at its task, when it will have said so many lines (or ended), and how it ends. */
export const start = (
  bundled: string,
  task: string,
  directory: string,
  options: { readonly uid?: number; readonly lines?: number; readonly stop?: string } = {}
): { readonly child: ChildProcess; readonly spoke: Promise<void>; readonly ended: Promise<Ended> } => {
  const { lines = 1, stop = "", ...user } = options
  const child = spawn(process.execPath, [program(bundled), task, directory, stop], {
    ...user,
    stdio: ["ignore", "pipe", "pipe"]
  })
  let output = ""
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code, signal) => resolve({ code, signal, output }))
  })
  const spoke = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (piece) => {
        output += String(piece)
        if (output.split("\n").length > lines) resolve()
      })
    }
  })
  return { child, ended, spoke: Promise.race([spoke, ended.then(() => undefined)]) }
}
