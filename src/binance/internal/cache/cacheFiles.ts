/** Atomic files: written under a temporary name, synced, and renamed. */
import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"

type Failed = PlatformError.PlatformError

export const make = Effect.map(
  Effect.all([FileSystem.FileSystem, Path.Path]),
  ([fs, path]) => {
    /** Folders that were checked for temporary files of processes that died during a write. */
    const swept = new Set<string>()

    const sweep = Effect.fnUntraced(function*(folder: string) {
      if (swept.has(folder)) return
      swept.add(folder)
      const now = yield* Clock.currentTimeMillis
      for (const name of yield* fs.readDirectory(folder)) {
        if (!name.endsWith(unfinished)) continue
        const file = path.join(folder, name)
        const { mtime } = yield* fs.stat(file)
        // A recent temporary file may still be written by another process.
        if (Option.exists(mtime, (date) => now - date.getTime() > abandonedAfter)) {
          yield* fs.remove(file, { force: true })
        }
      }
    }, Effect.ignore)

    /** Reads a file with one request. `readFile` takes half a megabyte at a time, which is three times as slow. */
    const readAtOnce = (file: string): Effect.Effect<Uint8Array, Failed> =>
      Effect.scoped(Effect.gen(function*() {
        const open = yield* fs.open(file)
        const { size } = yield* open.stat
        return { size, bytes: yield* open.readAlloc(size) }
      })).pipe(
        Effect.mapError(named(file)),
        Effect.flatMap(({ bytes, size }) =>
          Option.isSome(bytes) && BigInt(bytes.value.length) === size
            ? Effect.succeed(bytes.value)
            // A request may return fewer bytes than requested.
            : fs.readFile(file)
        )
      )

    return {
      /** Reads a file. None if it does not exist. */
      read: (file: string, isLarge: boolean): Effect.Effect<Option.Option<Uint8Array>, Failed> =>
        Effect.asSome(isLarge ? readAtOnce(file) : fs.readFile(file)).pipe(
          Effect.catchIf(isNotFound, () => Effect.succeedNone)
        ),

      exists: (file: string): Effect.Effect<boolean> => Effect.orElseSucceed(fs.exists(file), () => false),

      /** The names in a folder. Empty if the folder does not exist. */
      list: (folder: string): Effect.Effect<ReadonlyArray<string>, Failed> =>
        fs.readDirectory(folder).pipe(Effect.catchIf(isNotFound, () => Effect.succeed([]))),

      remove: (file: string): Effect.Effect<void, Failed> => fs.remove(file, { force: true }),

      write: Effect.fnUntraced(function*(
        file: string,
        parts: ReadonlyArray<Uint8Array>
      ): Effect.fn.Return<void, Failed> {
        const folder = path.dirname(file)
        yield* fs.makeDirectory(folder, { recursive: true })
        yield* sweep(folder)
        const beside = `${file}.${(yield* Random.nextIntBetween(0, 2 ** 48)).toString(36)}${unfinished}`
        yield* Effect.scoped(
          Effect.flatMap(
            fs.open(beside, { flag: "wx" }),
            (open) =>
              Effect.zipRight(Effect.forEach(parts, (bytes) => open.writeAll(bytes), { discard: true }), open.sync)
          )
        ).pipe(
          Effect.zipRight(fs.rename(beside, file)),
          Effect.mapError(named(file)),
          Effect.onError(() => Effect.ignore(fs.remove(beside, { force: true })))
        )
      }),

      /**
       * Renames a corrupt file, and replaces the one renamed before. A file that is to stay is restored: another
       * process has written it in the meantime.
       */
      moveAside: Effect.fnUntraced(function*(
        file: string,
        isToStay: (bytes: Uint8Array) => boolean
      ): Effect.fn.Return<void, Failed> {
        const away = `${file}${aside}`
        yield* fs.rename(file, away)
        if (isToStay(yield* fs.readFile(away))) yield* fs.rename(away, file)
      }, Effect.uninterruptible)
    }
  }
)

/** Replaces the path of an error: errors of an open file name its descriptor or the temporary file. */
const named = (file: string) => (error: Failed): Failed =>
  error._tag === "SystemError"
    ? new PlatformError.SystemError({ ...error, cause: error.cause, pathOrDescriptor: file })
    : error

const aside = ".corrupt"

const unfinished = ".tmp"
const abandonedAfter = 3_600_000

const isNotFound = (error: Failed): boolean => error._tag === "SystemError" && error.reason === "NotFound"
