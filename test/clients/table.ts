/** The form of the tables fault × client. */
import type { Rule } from "effect-errata/Classifier"
import type { FetchContext } from "effect-errata/FetchContext"
import type { Client } from "./clients.js"
import type { Expected } from "./expected.js"
import type { Limits } from "./limits.js"
import type { Server } from "./server.js"

export interface Row {
  readonly fault: string
  /** Called for each client anew. */
  readonly stage: (server: Server["Type"]) => { readonly url: string; readonly limits?: Limits }
  /** What the fault is, for every client that shows it. */
  readonly expected: Expected
  /** What some clients make of it; where two name a client, the later counts. */
  readonly but?: ReadonlyArray<Exception>
  readonly context?: FetchContext
  readonly rules?: ReadonlyArray<Rule>
}

export interface Exception {
  readonly clients: ReadonlyArray<Client>
  /** None: there is no such cell, see `because`. */
  readonly expected?: Expected
  /** Words of the raw error: all that its client left of the evidence. */
  readonly destroyed?: string
  readonly because?: string
}

/** The same kind of error and the same advice, with other evidence; or the client sees no fault at all. */
export const but = (clients: ReadonlyArray<Client>, expected: Expected): Exception => ({ clients, expected })

/** Another kind of error, rightly. */
export const because = (clients: ReadonlyArray<Client>, expected: Expected, because: string): Exception => ({
  clients,
  expected,
  because
})

/** The client destroyed the evidence: nothing is left but an error with these words. */
export const destroyed = (clients: ReadonlyArray<Client>, expected: Expected, words: string): Exception => ({
  clients,
  expected,
  destroyed: words
})

/** The fault cannot be staged for this client. */
export const without = (clients: ReadonlyArray<Client>, because: string): Exception => ({ clients, because })
