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

export interface MemoryFiles {
  readonly files: Map<string, Stored>
  readonly layer: Layer.Layer<FileSystem.FileSystem>
}

const failure = (reason: "NotFound" | "AlreadyExists", method: string, path: string) =>
  new SystemError({ reason, module: "FileSystem", method, pathOrDescriptor: path, description: reason })

export const makeMemoryFiles = (): MemoryFiles => {
  const files = new Map<string, Stored>()
  const missing = (method: string, path: string) => Effect.fail(failure("NotFound", method, path))
  const put = (path: string, bytes: Uint8Array) =>
    Effect.map(Clock.currentTimeMillis, (mtime) => void files.set(path, { bytes: bytes.slice(), mtime }))
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
    readFile: (path) =>
      Effect.suspend(() => {
        const file = files.get(path)
        return file === undefined ? missing("readFile", path) : Effect.succeed(file.bytes.slice())
      }),
    writeFile: (path, bytes) => put(path, bytes),
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
        const file = files.get(path)
        if (file === undefined && (options?.flag ?? "r").startsWith("r")) return missing("open", path)
        return Effect.succeed({
          [FileSystem.FileTypeId]: FileSystem.FileTypeId,
          fd: FileSystem.FileDescriptor(0),
          stat: Effect.suspend(() => stat(path)),
          seek: () => unused,
          sync: Effect.void,
          read: () => unused,
          readAlloc: () => Effect.succeed(Option.fromNullable(file?.bytes.slice())),
          truncate: () => unused,
          write: () => unused,
          writeAll: (bytes) => put(path, bytes)
        })
      })
  })
  return { files, layer }
}
