/** Fleets of real processes for tests, with a log of what each of them counted and heard. */
import { type ChildProcess, fork } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bundleProgram, sourceAlias } from "../bundleProgram.js"
import type { Order, Report, Settings } from "./trackerProcess.js"

const folder = mkdtempSync(join(tmpdir(), "errata-fleet-"))
const program = join(folder, "trackerProcess.mjs")
let isBundled = false

/** Test files of one worker share this module: the next one bundles the program again. */
export const removePrograms = (): void => {
  isBundled = false
  rmSync(folder, { recursive: true, force: true })
}

export type Read = Extract<Report, { readonly report: "read" }>
export type Heard = Extract<Report, { readonly report: "alert" }>

/** One process. */
export class Member {
  /** The number of errors of each code that it has reported. */
  each = 0
  readonly heard: Array<Heard> = []
  readonly lines: Array<string> = []
  isDead = false
  private readonly child: ChildProcess
  private readonly waiting = new Map<number, (read: Read) => void>()
  private ids = 0
  readonly ready: Promise<void>
  readonly exited: Promise<void>

  constructor(settings: Settings) {
    if (!isBundled) bundleProgram(new URL("./trackerProcess.ts", import.meta.url), program, sourceAlias)
    isBundled = true
    this.child = fork(program, [JSON.stringify(settings)], { stdio: ["ignore", "inherit", "inherit", "ipc"] })
    this.exited = new Promise((resolve) => this.child.once("exit", () => resolve()))
    this.ready = new Promise((resolve) => {
      this.child.on("message", (message: Report) => {
        switch (message.report) {
          case "ready":
            return resolve()
          case "counted":
            this.each = message.each
            return
          case "alert":
            this.heard.push(message)
            return
          case "log":
            this.lines.push(message.line)
            return
          case "read":
            this.waiting.get(message.id)?.(message)
        }
      })
    })
  }

  get pid(): number | undefined {
    return this.child.pid
  }

  order(order: Order): void {
    this.child.send(order)
  }

  read(): Promise<Read> {
    const id = ++this.ids
    return new Promise((resolve) => {
      this.waiting.set(id, resolve)
      this.order({ order: "read", id })
    })
  }

  signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    if (signal === "SIGKILL") this.isDead = true
    this.child.kill(signal)
  }

  async end(): Promise<void> {
    this.child.kill("SIGCONT")
    this.child.kill("SIGKILL")
    await this.exited
  }

  /** The edges that it heard of a code. */
  edges(code: string): ReadonlyArray<string> {
    return this.heard.filter(({ alert }) => alert.code === code).map(({ alert }) => alert._tag)
  }
}

export const startFleet = async (size: number, settings: (i: number) => Settings): Promise<ReadonlyArray<Member>> => {
  const members = Array.from({ length: size }, (_, i) => new Member(settings(i)))
  await Promise.all(members.map(({ ready }) => ready))
  return members
}

export const sleep = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis))

/** Waits until something is true. The error after a minute and a half contains `state`. */
export const until = async (
  isTrue: () => boolean | Promise<boolean>,
  state: () => unknown = () => ""
): Promise<void> => {
  const end = performance.now() + 90_000
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`not true within 90 seconds: ${JSON.stringify(await state())}`)
    await sleep(20)
  }
}
