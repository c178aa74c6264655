/**
 * Candles as an Arrow IPC stream: the schema, a record batch for each piece, and a mark at the end.
 *
 * Each piece is encoded as a stream of its own. Of all but the first, the schema is cut off; of all, the end.
 */
import type { Model } from "../klines/klinesModel.js"
import type { CacheModules } from "../optionalModules.js"
import { tableOf } from "./arrowTable.js"

const key = "effect-errata/interval"

/** A continuation mark, and the length of an absent message. */
const endLength = 8

export const end = (): Uint8Array => Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0)

/** The bytes of a piece. They follow those of the preceding pieces. */
export const encode = ({ arrow }: CacheModules, klines: Model, isFirst: boolean): Uint8Array => {
  if (klines.length === 0 && !isFirst) return new Uint8Array()
  const table = tableOf(arrow, klines)
  const metadata = new Map([[key, klines.interval]])
  const bytes = arrow.tableToIPC(new arrow.Table({ ...table.schema, metadata }, table.children), { format: "stream" })
  if (bytes === null) throw new Error("Arrow returned no bytes for a table")
  const behindSchema = endLength + new DataView(bytes.buffer, bytes.byteOffset).getInt32(4, true)
  if (klines.length === 0) return bytes.subarray(0, behindSchema)
  return bytes.subarray(isFirst ? 0 : behindSchema, bytes.length - endLength)
}
