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
export const errors: Array<FetchError.FetchError> = []
for (let i = 0; i < 360; i++) {
  const Type = types[i % 6]!
  const context = { symbol: `S${i % 20}`, source: `source${i % 3}`, market: "SPOT", interval: "1m" }
  errors.push(new Type({ context }))
}
/** Round and round. */
export const at = <A>(items: ReadonlyArray<A>, i: number): A => items[i % items.length]!
