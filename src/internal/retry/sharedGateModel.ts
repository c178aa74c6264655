/** The types of the gate that several processes share. `SharedGate` publishes them. */
import type * as FetchError from "../../FetchError.js"

/** The pause of a host after a rate limit. */
export interface Closing {
  readonly error: FetchError.ApiRateLimit
  /** The end of the pause, in milliseconds of the monotonic clock. */
  readonly until: number
}

/** The gate of one host, as the other processes see it. Neither member waits for anything. */
export interface Host {
  /** The newest pause that is known from other processes. It may be over. */
  readonly closing: Closing | undefined
  /** Reports a pause that this process has met. */
  readonly close: (closing: Closing) => void
}

export interface Service {
  /** Returns the gate of a host. */
  readonly host: (name: string) => Host
}
