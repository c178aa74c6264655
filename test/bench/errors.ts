/** What goes wrong in the benchmarks: 6 types of error, 20 symbols, 3 sources. */
import { FetchError } from "effect-errata"

const types = [
  FetchError.NetworkTimeout,
  FetchError.NetworkConnection,
  FetchError.ApiRateLimit,
  FetchError.ApiFormat,
  FetchError.DataIntegrity,
  FetchError.StorageRead
]
// Names come from a list, as they do in a program that fetches them all.
const symbols = Array.from({ length: 20 }, (_, i) => `S${i}`)
const sources = ["rest", "vision", "cache"]

/** Round and round. */
export const at = <A>(items: ReadonlyArray<A>, i: number): A => items[i % items.length]!

export const errors: ReadonlyArray<FetchError.FetchError> = Array.from({ length: 360 }, (_, i) => {
  const Type = at(types, i)
  return new Type({ context: { symbol: at(symbols, i), source: at(sources, i), market: "SPOT", interval: "1m" } })
})
