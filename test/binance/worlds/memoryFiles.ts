/** A file system in memory, with as much of it as a cache uses. */
import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"

interface Stored {
  readonly bytes: Uint8Array
  readonly mtime: number
}

/** What is wrong with the disk: files cannot be written, or cannot be read. */
export type DiskFault = "full" | "unreadable"

export interface MemoryFiles {
  readonly files: Map<string, Stored>
  readonly layer: Layer.Layer<FileSystem.FileSystem>
  /** Begins or ends a fault of the disk. */
  readonly setFault: (fault: DiskFault | undefined) => void
  /** Damages files: the function returns the bytes that a file has from now on. */
  readonly damage: (change: (bytes: Uint8Array, name: string) => Uint8Array) => void
}

const failure = (reason: "NotFound" | "PermissionDenied" | "WriteZero", method: string, path: string) =>
  new SystemError({ reason, module: "FileSystem", method, pathOrDescriptor: path, description: reason })

export const makeMemoryFiles = (): MemoryFiles => {
  const files = new Map<string, Stored>()
  let fault: DiskFault | undefined
  const missing = (method: string, path: string) => Effect.fail(failure("NotFound", method, path))
  const put = (path: string, bytes: Uint8Array, before: Uint8Array) =>
    Effect.flatMap(Clock.currentTimeMillis, (mtime) => {
      if (fault === "full") return Effect.fail(failure("WriteZero", "writeAll", path))
      const all = new Uint8Array(before.length + bytes.length)
      all.set(before)
      all.set(bytes, before.length)
      return Effect.sync(() => void files.set(path, { bytes: all, mtime }))
    })
  const read = (method: string, path: string): Effect.Effect<Uint8Array, PlatformError> =>
    Effect.suspend(() => {
      const file = files.get(path)
      if (fault === "unreadable") return Effect.fail(failure("PermissionDenied", method, path))
      return file === undefined ? missing(method, path) : Effect.succeed(file.bytes.slice())
    })
  const below = (path: string) => `${path.replace(/\/+$/, "")}/`
  const stat = (path: string): Effect.Effect<FileSystem.File.Info, PlatformError> =>
    Effect.suspend(() => {
      const file = files.get(path)
      return file === undefined ? missing("stat", path) : Effect.succeed({
        type: "File",
        mtime: Option.some(new Date(file.mtime)),
        atime: Option.none(),
        birthtime: Option.none(),
        dev: 0,
        ino: Option.none(),
        mode: 0o644,
        nlink: Option.none(),
        uid: Option.none(),
        gid: Option.none(),
        rdev: Option.none(),
        size: FileSystem.Size(file.bytes.length),
        blksize: Option.none(),
        blocks: Option.none()
      })
    })
  const layer = FileSystem.layerNoop({
    readFile: (path) => read("readFile", path),
    writeFile: (path, bytes) => put(path, bytes, new Uint8Array()),
    exists: (path) =>
      Effect.sync(() => files.has(path) || [...files.keys()].some((key) => key.startsWith(below(path)))),
    makeDirectory: () => Effect.void,
    readDirectory: (path) =>
      Effect.suspend(() => {
        const names = new Set<string>()
        for (const key of files.keys()) {
          if (key.startsWith(below(path))) names.add(key.slice(below(path).length).split("/")[0]!)
        }
        return names.size === 0 ? missing("readDirectory", path) : Effect.succeed([...names])
      }),
    stat,
    remove: (path) =>
      Effect.sync(() => {
        files.delete(path)
        for (const key of files.keys()) if (key.startsWith(below(path))) files.delete(key)
      }),
    rename: (from, to) =>
      Effect.suspend(() => {
        const file = files.get(from)
        if (file === undefined) return missing("rename", from)
        files.delete(from)
        files.set(to, file)
        return Effect.void
      }),
    open: (path, options) =>
      Effect.suspend((): Effect.Effect<FileSystem.File, PlatformError> => {
        const unused = Effect.die(new Error("a memory file reads at once and writes at once"))
        const isRead = (options?.flag ?? "r").startsWith("r")
        if (isRead && !files.has(path)) return missing("open", path)
        if (!isRead) files.set(path, { bytes: new Uint8Array(), mtime: 0 })
        return Effect.succeed({
          [FileSystem.FileTypeId]: FileSystem.FileTypeId,
          fd: FileSystem.FileDescriptor(0),
          stat: Effect.suspend(() => stat(path)),
          seek: () => unused,
          sync: Effect.void,
          read: () => unused,
          readAlloc: () => Effect.asSome(read("read", path)),
          truncate: () => unused,
          write: () => unused,
          writeAll: (bytes) => Effect.suspend(() => put(path, bytes, files.get(path)?.bytes ?? new Uint8Array()))
        })
      })
  })
  return {
    files,
    layer,
    setFault: (next) => {
      fault = next
    },
    damage: (change) => {
      for (const [path, { bytes, mtime }] of files) files.set(path, { bytes: change(bytes, path), mtime })
    }
  }
}
