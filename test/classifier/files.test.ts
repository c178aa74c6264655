/** Errors of files, as Node.js and the FileSystem of @effect/platform throw them. */
import { NodeFileSystem, NodeKeyValueStore } from "@effect/platform-node"
import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { spawnSync } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import { pipeline } from "node:stream/promises"
import { bundleProgram } from "../bundleProgram.js"
import type { Case, Evidence } from "./cases.js"
import { failing, table, throwing } from "./cases.js"

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "effect-errata-files-"))
afterAll(() => fs.rmSync(folder, { recursive: true }))

const at = (...parts: ReadonlyArray<string>) => path.join(folder, ...parts)
const file = at("file")
const missing = at("missing")
const directory = at("directory")
const loop = at("loop")
fs.writeFileSync(file, "x")
fs.mkdirSync(directory)
fs.writeFileSync(at("directory", "inside"), "x")
fs.symlinkSync(at("loop2"), loop)
fs.symlinkSync(loop, at("loop2"))

const isLinux = process.platform === "linux"
const isRoot = process.getuid?.() === 0

// ---------------------------------------------------------------------------------------------------------------------
// paths that cannot be used, through every door
// ---------------------------------------------------------------------------------------------------------------------

const read = (target: string): Record<string, () => unknown> => ({
  readFileSync: () => fs.readFileSync(target),
  "promises.readFile": () => fs.promises.readFile(target),
  "a stream": async () => {
    for await (const _ of fs.createReadStream(target));
  },
  statSync: () => fs.statSync(target),
  readdirSync: () => fs.readdirSync(target),
  "promises.opendir": () => fs.promises.opendir(target),
  accessSync: () => fs.accessSync(target),
  "promises.open": () => fs.promises.open(target),
  watch: () => fs.watch(target)
})

const write = (target: string): Record<string, () => unknown> => ({
  writeFileSync: () => fs.writeFileSync(target, "x"),
  "promises.writeFile": () => fs.promises.writeFile(target, "x"),
  appendFileSync: () => fs.appendFileSync(target, "x"),
  "promises.appendFile": () => fs.promises.appendFile(target, "x"),
  truncateSync: () => fs.truncateSync(target),
  mkdirSync: () => fs.mkdirSync(path.join(target, "x")),
  mkdtempSync: () => fs.mkdtempSync(path.join(target, "x-")),
  chmodSync: () => fs.chmodSync(target, 0o600),
  "copyFileSync from": () => fs.copyFileSync(target, at("copy")),
  "copyFileSync to": () => fs.copyFileSync(file, path.join(target, "x")),
  "renameSync to": () => fs.renameSync(file, path.join(target, "x"))
})

const rows = (tag: "StorageRead" | "StorageWrite", errno: string, doors: Record<string, () => unknown>) =>
  Object.entries(doors).map(([door, fail]): Case => [door, fail, tag, "no", { errno }])

describe("node:fs", () => {
  const long = at("x".repeat(300))
  table("missing, read", rows("StorageRead", "ENOENT", read(missing)))
  table("missing, written", rows("StorageWrite", "ENOENT", write(at("missing", "deep"))))
  table("under a file, read", rows("StorageRead", "ENOTDIR", read(at("file", "deep"))))
  table("under a file, written", rows("StorageWrite", "ENOTDIR", write(at("file", "deep"))))
  table("links in a circle, read", rows("StorageRead", "ELOOP", read(loop)))
  table("links in a circle, written", rows("StorageWrite", "ELOOP", write(at("loop", "deep"))))
  table("too long a name, read", rows("StorageRead", "ENAMETOOLONG", read(long)))
  table("too long a name, written", rows("StorageWrite", "ENAMETOOLONG", write(long)))

  table("paths are told", [
    ["by a read", () => fs.readFileSync(missing), "StorageRead", "no", { path: missing }],
    ["by a write", () => fs.promises.writeFile(at("missing", "x"), ""), "StorageWrite", "no", {
      path: at("missing", "x")
    }],
    [
      "by what is left of a message",
      throwing(`ENOENT: no such file or directory, open '${missing}'`),
      "StorageRead",
      "no",
      {
        errno: "ENOENT",
        path: missing
      }
    ]
  ])

  table("what a file, a directory or a handle is not for", [
    ["a directory read as a file", () => fs.readFileSync(directory), "StorageRead", "no", { errno: "EISDIR" }],
    ["a directory written as a file", () => fs.writeFileSync(directory, ""), "StorageWrite", "no", { errno: "EISDIR" }],
    ["a file that must be new", () => fs.writeFileSync(file, "", { flag: "wx" }), "StorageWrite", "no", {
      errno: "EEXIST"
    }],
    ["a directory that exists", () => fs.mkdirSync(directory), "StorageWrite", "no", { errno: "EEXIST" }],
    ["a directory that is not empty", () => fs.rmdirSync(directory), "StorageWrite", "no", { errno: "ENOTEMPTY" }],
    ["a directory removed as a file", () => fs.rmSync(directory), "StorageWrite", "no", { errno: "ERR_FS_EISDIR" }],
    ["a directory copied as a file", () => fs.cpSync(directory, at("copy")), "StorageWrite", "no", {
      errno: "ERR_FS_EISDIR"
    }],
    ["a directory copied over a file", () => fs.promises.cp(directory, file), "StorageWrite", "no", {
      errno: "ERR_FS_CP_DIR_TO_NON_DIR"
    }],
    ["a file that is no link", () => fs.readlinkSync(file), "StorageRead", "no", { errno: "EINVAL" }],
    [
      "a handle that was closed",
      async () => {
        const handle = await fs.promises.open(file)
        await handle.close()
        await handle.readFile()
      },
      "StorageRead",
      "no",
      { errno: "EBADF" }
    ],
    ["a descriptor that is none, read", () => fs.readSync(9999, Buffer.alloc(1)), "StorageRead", "no", {
      errno: "EBADF"
    }],
    ["a descriptor that is none, written", () => fs.writeSync(9999, "x"), "StorageWrite", "no", { errno: "EBADF" }],
    [
      "a listing that was closed",
      async () => {
        const listing = await fs.promises.opendir(directory)
        await listing.close()
        await listing.read()
      },
      "StorageRead",
      "no",
      { errno: "ERR_DIR_CLOSED" }
    ],
    [
      "a file of 3 GB in one piece",
      () => {
        fs.writeFileSync(at("large"), "")
        fs.truncateSync(at("large"), 3 * 2 ** 30)
        fs.readFileSync(at("large"))
      },
      "StorageRead",
      "no",
      { errno: "ERR_FS_FILE_TOO_LARGE" }
    ],
    [
      "a file that changed under a Blob",
      async () => {
        const changing = at("changing")
        fs.writeFileSync(changing, "x")
        const blob = await fs.openAsBlob(changing)
        fs.writeFileSync(changing, "longer")
        await blob.text()
      },
      "StorageRead",
      "no"
    ]
  ])

  table("what the caller got wrong, or asked for", [
    ["no path", () => fs.readFileSync(undefined as never), "Internal", "no"],
    ["a path with a NUL", () => fs.readFileSync("a\0b"), "Internal", "no"],
    ["an unknown flag", () => fs.openSync(file, "zz"), "Internal", "no"],
    ["an abort", () => fs.promises.readFile(file, { signal: AbortSignal.abort() }), "Unexpected", "no"],
    [
      "a time limit",
      () => fs.promises.readFile(file, { signal: AbortSignal.abort(new DOMException("late", "TimeoutError")) }),
      "NetworkTimeout",
      "retry"
    ]
  ])

  table("the operation of the context decides only where the system call does not", [
    ["read while writing", () => fs.readdirSync(missing), "StorageRead", "no", {}, { operation: "write" }],
    ["write while reading", () => fs.mkdirSync(at("missing", "x")), "StorageWrite", "no", {}, { operation: "read" }],
    ["read while validating", () => fs.readFileSync(missing), "StorageRead", "no", {}, { operation: "validate" }],
    ["open by nobody knows whom", throwing(refused("ENOENT")), "StorageRead", "no"],
    ["open while writing", throwing(refused("ENOENT")), "StorageWrite", "no", {}, { operation: "write" }],
    [
      "a stream while writing",
      async () => {
        const stream = fs.createWriteStream(at("missing", "x"))
        stream.end("x")
        await once(stream, "finish")
      },
      "StorageWrite",
      "no",
      { errno: "ENOENT" },
      { operation: "write" }
    ]
  ])

  table("what no disk here can do", [
    ["a quota used up", throwing(refused("EDQUOT")), "StorageSpace", "no", { errno: "EDQUOT" }],
    ["a table of watches that is full is no full disk", throwing(refused("ENOSPC", "watch")), "StorageRead", "no"],
    ["an operation not permitted", throwing(refused("EPERM", "unlink")), "StoragePermission", "no", { errno: "EPERM" }],
    ["too many open files on the whole machine", throwing(refused("ENFILE")), "StorageRead", "no", { errno: "ENFILE" }]
  ])
})

/** A failed system call that nothing here can bring about. */
function refused(code: string, syscall = "open"): Error {
  return Object.assign(new Error(`${code}: no, ${syscall} '/x'`), { code, syscall, errno: -1, path: "/x" })
}

describe.skipIf(!isLinux)("devices and mounts of Linux", () => {
  const full = { errno: "ENOSPC" }
  table("a disk that is full", [
    ["writeFileSync", () => fs.writeFileSync("/dev/full", "x"), "StorageSpace", "no", full],
    ["promises.writeFile", () => fs.promises.writeFile("/dev/full", "x"), "StorageSpace", "no", full],
    ["a stream", () => pipeline([Buffer.from("x")], fs.createWriteStream("/dev/full")), "StorageSpace", "no", full],
    ["a copy", () => pipeline(fs.createReadStream(file), fs.createWriteStream("/dev/full")), "StorageSpace", "no", full]
  ])

  table("hardware, devices, programs", [
    ["an error of the device", () => fs.readFileSync("/proc/self/mem"), "StorageRead", "no", { errno: "EIO" }],
    ["a value that the kernel refuses", () => fs.writeFileSync("/proc/self/oom_score_adj", "x"), "StorageWrite", "no", {
      errno: "EINVAL"
    }],
    [
      "a socket opened as a file",
      async () => {
        const server = net.createServer().listen(at("socket"))
        await once(server, "listening")
        try {
          fs.openSync(at("socket"), "r")
        } finally {
          server.close()
        }
      },
      "StorageRead",
      "no",
      { errno: "ENXIO" }
    ]
  ])

  // The program that runs: for root it is busy, for everybody else it is not theirs.
  table("a program that runs, written to", [
    [
      "by whom it may concern",
      () => fs.openSync(process.execPath, "r+"),
      isRoot ? "StorageWrite" : "StoragePermission",
      "no"
    ]
  ])

  const mounts = fs.existsSync("/proc/mounts")
    ? fs.readFileSync("/proc/mounts", "utf8").split("\n").map((line) => line.split(" "))
    : []
  const isReadOnly = (directory: string) => {
    try {
      fs.writeFileSync(path.join(directory, "effect-errata"), "")
      return false
    } catch (error) {
      return Reflect.get(Object(error), "code") === "EROFS"
    }
  }
  const readOnly = mounts.flatMap(([, directory = "", , options = ""]) =>
    options.split(",").includes("ro") ? [directory] : []
  ).find(isReadOnly)
  describe.skipIf(readOnly === undefined)("a mount that is read-only", () => {
    const target = path.join(readOnly ?? "", "effect-errata")
    table("written to", [
      ["writeFileSync", () => fs.writeFileSync(target, ""), "StoragePermission", "no", {
        errno: "EROFS",
        path: target
      }],
      ["promises.mkdir", () => fs.promises.mkdir(target), "StoragePermission", "no", { errno: "EROFS" }],
      ["FileSystem", platform((files) => files.writeFileString(target, "")), "StoragePermission", "no", {
        errno: "EROFS",
        path: target
      }]
    ])
  })

  const other = "/dev/shm"
  const elsewhere = fs.existsSync(other) && fs.statSync(other).dev !== fs.statSync(folder).dev
  describe.skipIf(!elsewhere)("another disk", () => {
    table("moved to", [
      ["renameSync", () => fs.renameSync(file, path.join(other, "effect-errata")), "StorageWrite", "no", {
        errno: "EXDEV",
        path: file
      }]
    ])
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// @effect/platform
// ---------------------------------------------------------------------------------------------------------------------

function platform<A, E>(use: (files: FileSystem.FileSystem) => Effect.Effect<A, E>) {
  return failing(Effect.provide(Effect.flatMap(FileSystem.FileSystem, use), NodeFileSystem.layer))
}

const bytes = new Uint8Array(1)
const nowhere = at("missing", "x")

describe("FileSystem of @effect/platform", () => {
  table("reading", [
    ["readFile", platform((files) => files.readFile(missing)), "StorageRead", "no", { errno: "ENOENT", path: missing }],
    ["readFileString", platform((files) => files.readFileString(missing)), "StorageRead", "no", { errno: "ENOENT" }],
    ["readDirectory", platform((files) => files.readDirectory(file)), "StorageRead", "no", { errno: "ENOTDIR" }],
    ["readLink", platform((files) => files.readLink(file)), "StorageRead", "no", { errno: "EINVAL" }],
    ["stat", platform((files) => files.stat(missing)), "StorageRead", "no", { errno: "ENOENT" }],
    ["access", platform((files) => files.access(missing)), "StorageRead", "no", { errno: "ENOENT" }],
    ["realPath", platform((files) => files.realPath(missing)), "StorageRead", "no", { errno: "ENOENT" }],
    ["open", platform((files) => Effect.scoped(files.open(missing))), "StorageRead", "no", { errno: "ENOENT" }],
    ["stream", platform((files) => Stream.runDrain(files.stream(missing))), "StorageRead", "no", { errno: "ENOENT" }],
    ["a directory", platform((files) => files.readFile(directory)), "StorageRead", "no", { errno: "EISDIR" }]
  ])
  table("writing", [
    ["writeFile", platform((files) => files.writeFile(nowhere, bytes)), "StorageWrite", "no", {
      errno: "ENOENT",
      path: nowhere
    }],
    ["writeFileString", platform((files) => files.writeFileString(directory, "")), "StorageWrite", "no", {
      errno: "EISDIR"
    }],
    ["makeDirectory", platform((files) => files.makeDirectory(directory)), "StorageWrite", "no", { errno: "EEXIST" }],
    ["remove", platform((files) => files.remove(missing)), "StorageWrite", "no", { errno: "ENOENT" }],
    ["rename", platform((files) => files.rename(missing, file)), "StorageWrite", "no", { errno: "ENOENT" }],
    ["copyFile", platform((files) => files.copyFile(missing, file)), "StorageWrite", "no", { errno: "ENOENT" }],
    ["truncate", platform((files) => files.truncate(missing)), "StorageWrite", "no", { errno: "ENOENT" }],
    ["chmod", platform((files) => files.chmod(missing, 0o600)), "StorageWrite", "no", { errno: "ENOENT" }],
    ["utimes", platform((files) => files.utimes(missing, 1, 1)), "StorageWrite", "no", { errno: "ENOENT" }],
    [
      "sink",
      platform((files) => Stream.run(Stream.make(bytes), files.sink(nowhere))),
      "StorageWrite",
      "no",
      { errno: "ENOENT" },
      { operation: "write" }
    ]
  ])
  describe.skipIf(!isLinux)("a disk that is full", () => {
    table("written to", [
      ["writeFileString", platform((files) => files.writeFileString("/dev/full", "x")), "StorageSpace", "no", {
        errno: "ENOSPC",
        path: "/dev/full"
      }]
    ])
  })
  table("what the caller got wrong", [
    ["a path with a NUL", platform((files) => files.readFile("a\0b")), "Internal", "no"],
    [
      "an argument",
      throwing(new PlatformError.BadArgument({ module: "FileSystem", method: "readFile" })),
      "Internal",
      "no"
    ]
  ])

  const told = (method: string, reason: PlatformError.SystemErrorReason): Case => {
    const writes = method === "writeFile"
    const tag = reason === "PermissionDenied" ? "StoragePermission" : writes ? "StorageWrite" : "StorageRead"
    const error = new PlatformError.SystemError({ module: "FileSystem", method, reason, pathOrDescriptor: "/x" })
    return [`${method}, ${reason}`, throwing(error), tag, "no", { errno: undefined, path: "/x" }]
  }
  table(
    "the reason alone, from systems that tell no code",
    ["readFile", "writeFile"].flatMap((method) =>
      PlatformError.SystemErrorReason.literals.map((reason) => told(method, reason))
    )
  )

  const ofStore = { module: "KeyValueStore", reason: "Unknown", pathOrDescriptor: "a" } as const
  table("the reason alone, from a store of keys and values", [
    ["get", throwing(new PlatformError.SystemError({ ...ofStore, method: "get" })), "StorageRead", "no"],
    ["set", throwing(new PlatformError.SystemError({ ...ofStore, method: "set" })), "StorageWrite", "no"],
    ["clear", throwing(new PlatformError.SystemError({ ...ofStore, method: "clear" })), "StorageWrite", "no"]
  ])

  const store = <A, E>(use: (store: KeyValueStore.KeyValueStore) => Effect.Effect<A, E>) =>
    failing(
      Effect.provide(Effect.flatMap(KeyValueStore.KeyValueStore, use), NodeKeyValueStore.layerFileSystem(at("store")))
    )
  const tooLong = "x".repeat(300)
  table("a KeyValueStore of files", [
    ["get", store((store) => store.get(tooLong)), "StorageRead", "no", { errno: "ENAMETOOLONG" }],
    ["set", store((store) => store.set(tooLong, "x")), "StorageWrite", "no", { errno: "ENAMETOOLONG" }]
  ])
})

// ---------------------------------------------------------------------------------------------------------------------
// another user, and no descriptors
// ---------------------------------------------------------------------------------------------------------------------

describe.skipIf(!isLinux)("a process of its own", () => {
  const inside = at("locked", "x")
  const expected: ReadonlyArray<readonly [name: string, error: Evidence]> = [
    ["locked, read", { _tag: "StoragePermission", errno: "EACCES", path: inside, retryable: false }],
    ["locked, listed", { _tag: "StoragePermission", errno: "EACCES", path: at("locked"), retryable: false }],
    ["locked, written", { _tag: "StoragePermission", errno: "EACCES", path: inside, retryable: false }],
    ["locked, removed", { _tag: "StoragePermission", errno: "EACCES", path: inside, retryable: false }],
    ["locked, FileSystem read", { _tag: "StoragePermission", errno: "EACCES", path: inside, retryable: false }],
    ["locked, FileSystem written", { _tag: "StoragePermission", errno: "EACCES", path: inside, retryable: false }],
    ["a privileged operation", { _tag: "StoragePermission", errno: "EPERM", path: "/", retryable: false }],
    ["full, read", { _tag: "StorageRead", errno: "EMFILE", path: file, retryable: false }],
    ["full, written", { _tag: "StorageWrite", errno: "EMFILE", path: file, retryable: false }],
    ["full, listed", { _tag: "StorageRead", errno: "EMFILE", path: folder, retryable: false }],
    ["full, FileSystem read", { _tag: "StorageRead", errno: "EMFILE", path: file, retryable: false }],
    ["full, FileSystem written", { _tag: "StorageWrite", errno: "EMFILE", path: file, retryable: false }],
    ["full, connect", { _tag: "NetworkConnection", errno: "EMFILE", retryable: true }],
    ["full, fetch", { _tag: "NetworkConnection", errno: "EMFILE", retryable: true }],
    ["full, spawn", { _tag: "Unexpected", retryable: false }]
  ]

  it("permissions of another user, too many open files", () => {
    fs.chmodSync(folder, 0o755)
    fs.chmodSync(file, 0o666)
    fs.mkdirSync(at("locked"), { mode: 0 })
    const program = at("limits.mjs")
    bundleProgram(new URL("limits.ts", import.meta.url), program)
    const { error, status, stderr, stdout } = spawnSync(
      "sh",
      ["-c", "ulimit -n 512 && exec \"$0\" \"$@\"", process.execPath, program, folder],
      { encoding: "utf8" }
    )
    assert.deepStrictEqual([error, status], [undefined, 0], stderr)
    const seen: ReadonlyArray<readonly [string, Evidence]> = stdout.trim().split("\n").map((line) => JSON.parse(line))
    const told = seen.map(([name, error], i) => [
      name,
      Object.fromEntries(Object.keys(expected[i]?.[1] ?? {}).map((key) => [key, error[key]]))
    ])
    assert.deepStrictEqual<unknown>(told, expected)
  })
})
