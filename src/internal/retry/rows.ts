/** What is tried again, how often, and after how long: where nothing else is said, and for the codes that differ. */
import type { Row } from "../../RetryPolicy.js"

export type Whole = { readonly [K in keyof Row]-?: NonNullable<Row[K]> }

export const usual: Whole = { retries: 3, base: "200 millis", cap: "20 seconds", always: false }

export const defaults: Readonly<Record<string, Partial<Whole>>> = {
  // Who limits the rate and names no time wants more than a moment.
  API_RATE_LIMIT: { base: "1 second", cap: "1 minute" },
  // What was damaged on the way may come through; what is damaged there will not.
  DATA_INTEGRITY: { retries: 1 }
}
