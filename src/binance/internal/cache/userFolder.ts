/** The default folder of the cache. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** `effect-errata` in the user's cache folder. */
export const userFolder = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const variable = (name: string) => Effect.orElseSucceed(Config.option(Config.nonEmptyString(name)), Option.none)
  const local = yield* variable("LOCALAPPDATA")
  const xdg = yield* variable("XDG_CACHE_HOME")
  const home = yield* variable("HOME")
  const library = Option.map(home, (home) => path.join(home, "Library", "Caches"))
  const isMac = Option.isSome(library) && (yield* Effect.orElseSucceed(fs.exists(library.value), () => false))
  const folder = Option.firstSomeOf([
    local,
    xdg,
    isMac ? library : Option.map(home, (home) => path.join(home, ".cache"))
  ])
  return yield* Option.match(folder, {
    onNone: () =>
      Effect.die(
        new Cause.IllegalArgumentException(
          "KlineCache: none of LOCALAPPDATA, XDG_CACHE_HOME and HOME is set: set the option \"directory\""
        )
      ),
    onSome: (folder) => Effect.succeed(path.join(folder, "effect-errata"))
  })
})
