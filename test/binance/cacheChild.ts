/**
 * Another process on a cache: what `argv` tells it to do, with the cache in that folder.
 *
 * Bundled and started by cacheProcess.ts, so it says what it has to say in lines of its output.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as KlineCache from "../../src/binance/KlineCache.js"
import { candles, day, request, series, start } from "./candles.js"
import { marked, markOf } from "./marked.js"

const [task, directory, stop] = process.argv.slice(2)

const say = (line: string) => Effect.sync(() => process.stdout.write(`${line}\n`))

type Cache = typeof KlineCache.KlineCache.Service

const tasks: Readonly<Record<string, (cache: Cache) => Effect.Effect<void, unknown>>> = {
  /** Writes one day over and over, with this mark and the other, and says so each time, until it is killed. */
  write: (cache) =>
    Effect.gen(function*() {
      for (let mark = 1;; mark = 3 - mark) {
        yield* cache.keep(series, marked(mark))
        yield* say("wrote")
      }
    }),

  /** Writes two days and reads them, and says what it found that is not whole. */
  share: (cache) =>
    Effect.gen(function*() {
      const days = [start, start + day]
      for (let round = 0; round < 40; round++) {
        for (const at of days) yield* cache.keep(series, marked(1 + round % 2, at))
        for (const at of days) {
          const { errors, klines } = yield* cache.find(request("1m", at, at + day))
          if (errors.length > 0 || markOf(klines) === undefined) {
            yield* say(`round ${round}: ${errors[0]?.message ?? `${klines.length} rows that nobody wrote`}`)
          }
        }
      }
      yield* say("done")
    }),

  /** Tries to read and to write where it may not. */
  refused: (cache) =>
    Effect.gen(function*() {
      const read = yield* cache.find(request("1h", start, start + day))
      yield* say(`read ${read.errors.map(({ _tag }) => _tag).join()}`)
      const wrote = yield* Effect.flip(cache.keep(series, candles("1h", start, start + day)))
      yield* say(`write ${wrote._tag}`)
    })
}

const stopped = Effect.zipRight(say("stopped"), Effect.never)

/** Where a process comes to a halt for ever, and says so. */
const stops: Readonly<Record<string, (fs: FileSystem.FileSystem) => Partial<FileSystem.FileSystem>>> = {
  "in the middle of a file": (fs) => ({
    open: (path, options) =>
      Effect.map(fs.open(path, options), (file): FileSystem.File =>
        Object.create(file, {
          writeAll: {
            value: (bytes: Uint8Array) => Effect.zipRight(file.writeAll(bytes.subarray(0, bytes.length / 2)), stopped)
          }
        }))
  }),
  "before the file takes its place": () => ({ rename: () => stopped })
}

const disk = Layer.effect(
  FileSystem.FileSystem,
  Effect.map(FileSystem.FileSystem, (fs) => ({ ...fs, ...stops[stop ?? ""]?.(fs) }))
).pipe(Layer.provide(NodeFileSystem.layer))

await Effect.runPromise(
  Effect.flatMap(KlineCache.make({ directory }), tasks[task!]!).pipe(
    Effect.provide([disk, NodePath.layer])
  )
)
