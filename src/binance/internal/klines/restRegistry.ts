/**
 * The internal interface of a client of the REST API: searches that keep partial results when a request fails, and that
 * share their evidence between the pieces of a fetch. Custom implementations of the service lack it.
 */
import type * as Effect from "effect/Effect"
import type { KlineRequest } from "../../KlineRequest.js"
import type * as Market from "../../Market.js"
import type { Evidence } from "./evidence.js"
import type { KlinesError } from "./failure.js"
import type { Range } from "./ranges.js"
import type { RangeResult } from "./restSearch.js"

export interface RestSearch {
  /** The base URL of a market. */
  readonly host: (market: Market.Market) => string
  /** The time of the exchange, in milliseconds; `undefined` before its first answer. */
  readonly time: (market: Market.Market) => Effect.Effect<number | undefined>
  readonly search: (request: KlineRequest, evidence: Evidence, range: Range) => Effect.Effect<RangeResult>
  readonly survey: (request: KlineRequest, evidence: Evidence, range: Range) => Effect.Effect<void, KlinesError>
}

const known = new WeakMap<object, RestSearch>()

export const registerRest = (service: object, search: RestSearch): void => void known.set(service, search)

export const restSearchOf = (service: object): RestSearch | undefined => known.get(service)
