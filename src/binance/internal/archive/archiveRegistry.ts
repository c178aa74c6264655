/** The internal interface of a client of the archive: a search that keeps partial results when a file fails. */
import type * as Effect from "effect/Effect"
import type { KlineRequest } from "../../KlineRequest.js"
import type { Range } from "../klines/ranges.js"
import type { ArchiveNotes } from "./archiveNotes.js"
import type { ArchiveResult } from "./archiveSearch.js"

export interface ArchiveSearch {
  readonly host: string
  /** The time of the archive, in milliseconds; `undefined` before its first answer. */
  readonly time: Effect.Effect<number | undefined>
  readonly search: (request: KlineRequest, range: Range, notes: ArchiveNotes) => Effect.Effect<ArchiveResult>
}

const known = new WeakMap<object, ArchiveSearch>()

export const registerArchive = (service: object, search: ArchiveSearch): void => void known.set(service, search)

export const archiveSearchOf = (service: object): ArchiveSearch | undefined => known.get(service)
