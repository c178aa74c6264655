/** The types that the operators of `Fetch` share. `Fetch` publishes them. */
import type * as Effect from "effect/Effect"
import type * as FetchError from "../../FetchError.js"

export type Classified<E> = 0 extends 1 & E ? FetchError.FetchError
  : E extends FetchError.Trackable ? E
  : FetchError.FetchError

export interface TrackedOptions {
  /**
   * Counts successes, too, with their durations: the tracker then knows failure rates. An attempt is a success or a counted
   * failure. Default false; a success then costs next to nothing. Failure rates are right if all fetches that share a
   * tracker count attempts: the errors of others are attempts, too, and their successes are unknown.
   */
  readonly attempts?: boolean | undefined
  /** `"die"`: defects are counted and remain defects. `"fail"`: they become failures with `Internal`. Default `"die"`. */
  readonly defects?: "die" | "fail" | undefined
  /** Failures for which it returns true are classified and passed on, but neither counted nor logged. */
  readonly ignore?: ((error: FetchError.Trackable) => boolean) | undefined
}

export interface Source {
  readonly source: string
  // oxlint-disable-next-line typescript/no-explicit-any -- the types are those of each source
  readonly fetch: Effect.Effect<any, any, any>
}
