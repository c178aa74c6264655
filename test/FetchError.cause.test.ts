/** What tools print of an error and its cause: the chain of names, messages and frames, and nothing secret. */
import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Runtime } from "effect"
import { FetchError } from "effect-errata"
import { build } from "esbuild"
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { execPath } from "node:process"
import { fileURLToPath } from "node:url"
import { inspect } from "node:util"
import { MessageChannel } from "node:worker_threads"
import { afterAll, beforeAll } from "vitest"
import { clues, planted, secrets } from "./plantedCause.js"

const leaks = (text: string) => Object.values(secrets).filter((secret) => text.includes(secret))

const missing = (text: string) => clues.filter((clue) => !text.includes(clue))

const failure = () => Cause.fail(planted())

describe("printed in process", () => {
  it.each<readonly [string, () => string]>([
    ["inspect", () => inspect(planted())],
    [
      "inspect of an object that holds it",
      () => inspect({ deep: { deep: [planted()] } }, { depth: 10, showHidden: true })
    ],
    ["inspect of an error that it caused", () => inspect(new Error("outer", { cause: planted() }))],
    ["inspect without the hook of the class", () => inspect(planted(), { customInspect: false, depth: 10 })],
    ["inspect of its copy", () => inspect(FetchError.withContext(planted(), { source: "rest" }), { showHidden: true })],
    ["the stacks of the chain", () => {
      const stacks: Array<string> = []
      for (let error: unknown = planted(); error instanceof Error; error = error.cause) stacks.push(error.stack ?? "")
      return stacks.join("\n")
    }],
    ["JSON of the cause", () => JSON.stringify(planted().cause)],
    ["Cause.pretty", () => Cause.pretty(failure(), { renderErrorCause: true })],
    ["Cause.prettyErrors", () => inspect(Cause.prettyErrors(failure()), { depth: 10 })],
    ["a rejection of runPromise", () => inspect(Runtime.makeFiberFailure(failure()), { depth: 10 })]
  ])("%s: the chain and no secret", (_, print) => {
    const text = print()
    expect(leaks(text)).toEqual([])
    expect(missing(text)).toEqual([])
  })

  it.each<readonly [string, () => string]>([
    ["JSON", () => JSON.stringify({ error: planted() })],
    ["a Cause", () => inspect(failure(), { depth: 10 })],
    ["an Exit", () => inspect(Effect.runSyncExit(Effect.withSpan(Effect.fail(planted()), "span")), { depth: 10 })],
    ["JSON of an Exit", () => JSON.stringify(Exit.fail(planted()))],
    ["JSON of a rejection", () => JSON.stringify(Runtime.makeFiberFailure(failure()))]
  ])("%s: names and messages and no secret", (_, print) => {
    const text = print()
    expect(leaks(text)).toEqual([])
    expect(missing(text)).toEqual(["openSocket"])
  })

  it.each<readonly [string, () => string]>([
    ["String", () => String(planted())],
    ["the message", () => planted().message],
    ["all fields", () => inspect({ ...planted(), message: planted().message }, { depth: 10 })],
    [
      "every property, hidden ones too",
      () => inspect(Object.getOwnPropertyDescriptors(planted()), { depth: 10, showHidden: true })
    ],
    ["the clone", () => inspect(structuredClone(planted()), { depth: 10, showHidden: true })],
    ["the clone of a copy", () => inspect(structuredClone(FetchError.withContext(planted(), { source: "rest" })))],
    ["the clone of the cause", () => inspect(structuredClone(planted().cause), { depth: 10, showHidden: true })]
  ])("%s: no secret", (_, print) => {
    const text = print()
    expect(leaks(text)).toEqual([])
    expect(text).toMatch(/Connection refused|fetch failed/)
  })

  it("a message to another thread: no secret", async () => {
    const { port1, port2 } = new MessageChannel()
    const received = new Promise<unknown>((resolve) => port2.once("message", resolve))
    port1.postMessage([planted(), planted().cause, planted().toJSON()])
    const text = inspect(await received, { depth: 10, showHidden: true })
    port1.close()
    expect(leaks(text)).toEqual([])
    expect(missing(text)).toEqual([])
  })
})

describe("cause", () => {
  it("is made once, for an error and all its copies", () => {
    const error = planted()
    const copy = FetchError.withContext(error, { source: "rest" })
    expect(copy.cause).toBe(error.cause)
    expect(copy.cause).toBe(copy.cause)
    expect("cause" in error).toBe(true)
    expect(Object.keys(error)).not.toContain("cause")
  })

  it("holds nothing but name, message, stack and cause", () => {
    for (let error: unknown = planted().cause; error instanceof Error; error = error.cause) {
      expect(
        Reflect.ownKeys(error).filter((key) => !["stack", "message", "cause", "name", "toJSON"].includes(String(key)))
      )
        .toEqual([])
      expect(Object.keys(error)).toEqual([])
    }
  })

  it("is not touched before it is read", () => {
    const reads: Array<PropertyKey> = []
    const cause = new Proxy(new Error("x"), {
      get: (target, key) => {
        reads.push(key)
        return Reflect.get(target, key)
      }
    })
    const error = FetchError.withContext(new FetchError.ApiAuth({ cause }), { source: "rest" })
    expect(FetchError.original(error)).toBe(cause)
    expect(reads).toEqual([])
    expect(String(error.cause)).toBe("Error: x")
    expect(reads.length).toBeGreaterThan(0)
  })

  it("is bounded for every stack", () => {
    const cause = Object.assign(new Error("m".repeat(1e6)), {
      stack: `Error: m\n${"    at f (a.js:1:2)\n".repeat(1e5)}`
    })
    const deep = Array.from({ length: 1_000 }).reduce<Error>((cause) => Object.assign(new Error("x"), { cause }), cause)
    for (const thrown of [cause, deep, new AggregateError(Array.from({ length: 1_000 }, () => cause))]) {
      expect(inspect(new FetchError.Unexpected({ cause: thrown })).length).toBeLessThan(200_000)
    }
  })
})

describe("printed by a process that ends", () => {
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "cause-"))
    await build({
      entryPoints: [fileURLToPath(new URL("./causeProcess.ts", import.meta.url))],
      outfile: join(folder, "process.mjs"),
      bundle: true,
      format: "esm",
      platform: "node",
      sourcemap: true,
      logLevel: "error"
    })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const run = (flags: ReadonlyArray<string>, way: string) =>
    new Promise<{ readonly code: number; readonly text: string }>((resolve) =>
      execFile(
        execPath,
        [...flags, join(folder, "process.mjs"), way],
        (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), text: stdout + stderr })
      )
    )

  it.each([
    ["uncaught", [], 1],
    ["uncaught", ["--enable-source-maps"], 1],
    ["rejection", ["--enable-source-maps", "--unhandled-rejections=strict"], 1],
    ["runPromise", [], 1],
    ["runSync", ["--enable-source-maps"], 1],
    ["printed", [], 0]
  ])("%s %j: the chain and no secret", async (way, flags, code) => {
    const result = await run(flags, way)
    expect(leaks(result.text)).toEqual([])
    expect(missing(result.text)).toEqual([])
    expect(result.code).toBe(code)
  })
})
