/** What is done around every single request of a client, by who calls it: so that what fails alone is tried again alone. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { KlinesError } from "./failure.js"

export class EachRequest extends Context.Reference<EachRequest>()("effect-errata/binance/EachRequest", {
  defaultValue: () => <A>(request: Effect.Effect<A, KlinesError>): Effect.Effect<A, KlinesError> => request
}) {}
