/** What the cache's files take besides this library: imported when a cache is made, and not before. */
import type * as Flechette from "@uwdata/flechette"
import * as Effect from "effect/Effect"
import type * as Zlib from "node:zlib"
import { peer } from "../peer.js"

export interface Modules {
  readonly arrow: Pick<
    typeof Flechette,
    "Table" | "float64" | "int64" | "tableFromArrays" | "tableFromIPC" | "tableToIPC"
  >
  readonly zlib: Pick<typeof Zlib, "crc32">
}

/** Dies when one is not there, and says what `user` needs. */
export const importModules = (user: string): Effect.Effect<Modules> =>
  Effect.all({
    arrow: peer(user, "@uwdata/flechette@2.6.0", () => import("@uwdata/flechette")),
    zlib: peer(user, "node:zlib", () => import("node:zlib"))
  })
