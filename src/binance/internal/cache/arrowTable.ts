/** Candles as an Arrow table: the two times as 64-bit integers, the other fields as doubles. */
import type { Table } from "@uwdata/flechette"
import * as columns from "../klines/columns.js"
import type { CacheModules } from "../optionalModules.js"

export const tableOf = (arrow: CacheModules["arrow"], rows: columns.Columns): Table =>
  arrow.tableFromArrays(
    columns.names.map((name): [string, BigInt64Array | Float64Array] => [
      name,
      isTime(name) ? integers(rows[name]) : rows[name]
    ]),
    // A typed array determines the type of its column and is not copied, unless it is empty.
    rows.length > 0 ? {} : {
      types: Object.fromEntries(columns.names.map((name) => [name, isTime(name) ? arrow.int64() : arrow.float64()]))
    }
  )

/**
 * A column of a table as doubles. With `overwrite`, integers are converted in place: where nothing else uses the bytes,
 * they need no copy. Empty if the column has another type.
 */
export const doubles = (values: unknown, overwrite: boolean): Float64Array => {
  if (values instanceof Float64Array) return values
  if (!(values instanceof BigInt64Array)) return new Float64Array()
  const { buffer, byteOffset, length } = values
  const halves = new Int32Array(buffer, byteOffset, length * 2)
  const out = overwrite ? new Float64Array(buffer, byteOffset, length) : new Float64Array(length)
  for (let i = 0; i < length; i++) out[i] = halves[2 * i + 1]! * half + (halves[2 * i]! >>> 0)
  return out
}

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const isTime = (name: columns.Name): boolean => name === "openTime" || name === "closeTime"

// Integers are converted by halves: a BigInt for each value takes ten times as long.
const half = 2 ** 32

const integers = (values: Float64Array): BigInt64Array => {
  const out = new BigInt64Array(values.length)
  const halves = new Int32Array(out.buffer)
  for (let i = 0; i < values.length; i++) {
    const high = Math.floor(values[i]! / half)
    halves[2 * i] = values[i]! - high * half
    halves[2 * i + 1] = high
  }
  return out
}
