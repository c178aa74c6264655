/**
 * The optional modules for reading the archive and writing the cache. Imported when a layer that needs them is built.
 */
import type * as Flechette from "@uwdata/flechette"
import * as Effect from "effect/Effect"
import type * as Crypto from "node:crypto"
import type * as Zlib from "node:zlib"
import type * as Yauzl from "yauzl"

export interface ArchiveModules {
  readonly crypto: Pick<typeof Crypto, "createHash">
  readonly zlib: Pick<typeof Zlib, "crc32" | "createInflateRaw" | "inflateRawSync">
  readonly yauzl: Pick<typeof Yauzl, "fromRandomAccessReaderPromise" | "RandomAccessReader">
}

export type InflateRaw = ReturnType<ArchiveModules["zlib"]["createInflateRaw"]>

export interface CacheModules {
  readonly arrow: Pick<
    typeof Flechette,
    "Table" | "float64" | "int64" | "tableFromArrays" | "tableFromIPC" | "tableToIPC"
  >
  readonly zlib: Pick<typeof Zlib, "crc32">
}

/** Dies when a module is missing, with a message that names the feature `user` and the command that installs it. */
export const archiveModules = (user: string): Effect.Effect<ArchiveModules> =>
  Effect.all({
    crypto: optionalModule(user, "node:crypto", () => import("node:crypto")),
    zlib: optionalModule(user, "node:zlib", () => import("node:zlib")),
    yauzl: optionalModule(user, "yauzl", () => import("yauzl"))
  })

/** Dies when a module is missing, with a message that names the feature `user` and the command that installs it. */
export const cacheModules = (user: string): Effect.Effect<CacheModules> =>
  Effect.all({
    arrow: optionalModule(user, "@uwdata/flechette@2.6.0", () => import("@uwdata/flechette")),
    zlib: optionalModule(user, "node:zlib", () => import("node:zlib"))
  })

/** The module, or a defect that names the command that installs it. */
export const optionalModule = <A>(user: string, name: string, load: () => Promise<A>): Effect.Effect<A> =>
  Effect.orDieWith(
    Effect.tryPromise({ try: load, catch: (cause) => cause }),
    (cause) => new Error(`${user} needs ${remedy(name)}`, { cause })
  )

const remedy = (name: string): string =>
  name.startsWith("node:")
    ? `${name}, and so Node.js`
    : `the package ${name}, which could not be imported. Install it: npm install ${name}`
