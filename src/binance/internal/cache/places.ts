/** The folders of the cache in which the files of a series may be. */
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { binance } from "../manager/exchangeIdentity.js"
import type * as Files from "./cacheFiles.js"
import { folderOf as seriesFolder, hostFolder, type Series } from "./periods.js"

/** A folder of files, and their host. A folder without a host is of an earlier version of this library. */
export interface Place {
  readonly host: string | { readonly folder: string } | undefined
  readonly folder: string
}

/** The folders of a series, in order of preference. */
export interface Places {
  readonly known: ReadonlyArray<Place>
  /** Lists the folder of the cache, once. It is needed only where the known folders have no file. */
  readonly others: Effect.Effect<ReadonlyArray<Place>>
}

/** Finds the folders of series in a directory. */
export const makePlaces = (
  directory: string,
  files: Pick<Effect.Effect.Success<typeof Files.make>, "exists" | "list">,
  path: Path.Path
) => {
  const folderOf = (series: Series, host: string | undefined): string =>
    path.join(directory, ...(host === undefined ? [] : [hostFolder(host)]), ...seriesFolder(series))

  const places = (series: Series, host: string | undefined): Effect.Effect<Places> => {
    const named = (host: string): Place => ({ host, folder: folderOf(series, host) })
    const earlier: Place = { host: undefined, folder: folderOf(series, undefined) }
    const search = Effect.gen(function*() {
      const hosts: ReadonlyArray<string> = yield* Effect.orElseSucceed(files.list(directory), () => [])
      const inHost = (name: string) => path.join(directory, name, ...seriesFolder(series))
      const found = yield* Effect.filter(hosts, (name) => files.exists(inHost(name)))
      const [only] = found
      return only === undefined || found.length > 1 || only === hostFolder(binance)
        ? []
        : [{ host: { folder: only }, folder: inHost(only) }]
    })
    return host === undefined
      ? Effect.map(Effect.cached(search), (others) => ({ known: [named(binance), earlier], others }))
      : Effect.succeed({
        known: host === binance ? [named(host), earlier] : [named(host)],
        others: Effect.succeed([])
      })
  }

  return { folderOf, places }
}
