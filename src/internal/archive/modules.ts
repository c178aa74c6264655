/** What reading the archive takes besides this library: imported when somebody is about to read it, and not before. */
import * as Effect from "effect/Effect"
import type * as Crypto from "node:crypto"
import type * as Zlib from "node:zlib"
import type * as Yauzl from "yauzl"
import { peer } from "../peer.js"

export interface Modules {
  readonly crypto: Pick<typeof Crypto, "createHash">
  readonly zlib: Pick<typeof Zlib, "crc32" | "createInflateRaw" | "inflateRawSync">
  readonly yauzl: Pick<typeof Yauzl, "fromRandomAccessReaderPromise" | "RandomAccessReader">
}

export type InflateRaw = ReturnType<Modules["zlib"]["createInflateRaw"]>

/** Dies when one is not there, and says what `user` needs. */
export const importModules = (user: string): Effect.Effect<Modules> =>
  Effect.all({
    crypto: peer(user, "node:crypto", () => import("node:crypto")),
    zlib: peer(user, "node:zlib", () => import("node:zlib")),
    yauzl: peer(user, "yauzl", () => import("yauzl"))
  })
