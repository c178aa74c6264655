/** The default rows: the general one, and those of the codes that differ from it. */
import type { Row } from "./policyModel.js"

/** A row without defaults. */
export type Whole = { readonly [K in keyof Row]-?: NonNullable<Row[K]> }

export const usual: Whole = { retries: 3, base: "200 millis", cap: "20 seconds", always: false }

export const defaults: Readonly<Record<string, Partial<Whole>>> = {
  // A server that limits the rate and names no wait needs longer than a moment.
  API_RATE_LIMIT: { base: "1 second", cap: "1 minute" },
  // Data that was damaged in transit arrives with the next attempt; data that is damaged at the source does not.
  DATA_INTEGRITY: { retries: 1 }
}
