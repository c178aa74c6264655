/**
 * A program that files.test.ts bundles and runs: it meets what only another user, or a process out of descriptors, meets, and prints
 * what the classifier makes of each, a JSON document a line.
 *
 *     node limits.mjs FOLDER
 */
import { NodeFileSystem } from "@effect/platform-node"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import * as net from "node:net"
import { join } from "node:path"
import * as Classifier from "../../src/Classifier.js"

const folder = process.argv[2]!
const locked = join(folder, "locked")

const tell = async (name: string, fail: () => unknown) => {
  const error = await (async () => fail())().then(() => undefined, (cause: unknown) => Classifier.classifySync(cause))
  process.stdout.write(`${JSON.stringify([name, error])}\n`)
}

const ofFileSystem = <A, E>(use: (files: FileSystem.FileSystem) => Effect.Effect<A, E>) => async () => {
  throw await Effect.runPromise(
    FileSystem.FileSystem.pipe(Effect.flatMap(use), Effect.flip, Effect.provide(NodeFileSystem.layer))
  )
}

// Everything is loaded: what was readable for root only is no longer needed.
if (process.getuid?.() === 0) {
  process.setgid?.(65_534)
  process.setuid?.(65_534)
}

await tell("locked, read", () => fs.readFileSync(join(locked, "x")))
await tell("locked, listed", () => fs.promises.readdir(locked))
await tell("locked, written", () => fs.promises.writeFile(join(locked, "x"), ""))
await tell("locked, removed", () => fs.rmSync(join(locked, "x")))
await tell("locked, FileSystem read", ofFileSystem((files) => files.readFile(join(locked, "x"))))
await tell("locked, FileSystem written", ofFileSystem((files) => files.writeFileString(join(locked, "x"), "")))
await tell("a privileged operation", () => fs.chownSync("/", 0, 0))

for (let full = false; !full;) {
  try {
    fs.openSync("/dev/null", "r")
  } catch {
    full = true
  }
}

await tell("full, read", () => fs.readFileSync(join(folder, "file")))
await tell("full, written", () => fs.writeFileSync(join(folder, "file"), ""))
await tell("full, listed", () => fs.promises.readdir(folder))
await tell("full, FileSystem read", ofFileSystem((files) => files.readFile(join(folder, "file"))))
await tell("full, FileSystem written", ofFileSystem((files) => files.writeFileString(join(folder, "file"), "")))
await tell("full, connect", () => once(net.connect(9, "127.0.0.1"), "connect"))
await tell("full, fetch", () => fetch("http://127.0.0.1:59999"))
await tell("full, spawn", () => {
  throw spawnSync("true").error ?? new Error("it ran")
})
