/** The contents of a file of the archive, as columns. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { DataIntegrity, DataTransformation } from "../../../FetchError.js"
import type { Columns } from "../klines/columns.js"
import { corrupt } from "../klines/failure.js"
import { ofOtherInterval } from "../klines/restAnswer.js"
import type { ArchiveModules } from "../optionalModules.js"
import { type ArchiveFile, candlesIn, maxSizeOf, type Series } from "./archiveFiles.js"
import { makeCsvReader } from "./csv.js"
import type { Pieces } from "./pieces.js"
import { unzip } from "./zip.js"

export interface FileRows {
  /** The valid rows, in the order of the file. */
  readonly columns: Columns
  /** The open times of rows with a value that is invalid for a candle. */
  readonly impossible: ReadonlyArray<number>
}

/** Reads the rows of a zip file. */
export const rowsOf = (
  modules: Pick<ArchiveModules, "yauzl" | "zlib">,
  zip: Pieces,
  series: Series,
  file: ArchiveFile
): Effect.Effect<FileRows, DataIntegrity | DataTransformation> =>
  Effect.tryPromise({
    try: async (signal) => {
      const reader = makeCsvReader(candlesIn(series, file))
      const expected = { name: `${file.name}.csv`, maxSize: maxSizeOf(series, file) }
      await unzip(modules, zip, expected, (piece) => {
        const fault = reader.push(piece)
        if (fault !== undefined) throw new DataTransformation(fault)
      }, signal)
      const columns = Either.getOrThrowWith(reader.finish(), (fault) => new DataTransformation(fault))
      return { columns, impossible: reader.impossible() }
    },
    catch: (cause) =>
      cause instanceof DataIntegrity || cause instanceof DataTransformation
        ? cause
        : corrupt(
          `Corrupt zip archive: ${cause instanceof Error ? cause.message : String(cause)}`,
          undefined,
          undefined,
          cause
        )
  }).pipe(
    Effect.filterOrFail(
      ({ columns: { length, openTime } }) =>
        length === 0 || openTime.some((open) => file.start <= open && open < file.end),
      () => corrupt("All rows of the file lie outside of its period", file.name)
    ),
    Effect.tap(({ columns }) => {
      const wrong = ofOtherInterval(series.interval, columns)
      return wrong === undefined ? Effect.void : Effect.fail(corrupt(wrong, file.name))
    })
  )
