/**
 * The hidden properties of errors, under registered symbols: an error of one installed copy of the package is marked,
 * copied and looked into by the code of another.
 */
import type * as FetchContext from "../../FetchContext.js"
import { attempt } from "../safe/json.js"
import type { HeldCause } from "./safeCause.js"

/** The trackers that counted the error: see mark.ts. */
export const Marks: unique symbol = Symbol.for("effect-errata/Fetch/Marks")

/** A method of the error classes that copies the error: see copy.ts. */
export const Copy: unique symbol = Symbol.for("effect-errata/FetchError/Copy")

/** The cause of the error, as it was thrown and as it may be printed: see safeCause.ts. */
export const Held: unique symbol = Symbol.for("effect-errata/FetchError/Held")

/** An error as this package reads it. */
export interface Hidden {
  [Marks]?: ReadonlyArray<WeakRef<object>> | undefined
  [Held]?: HeldCause | undefined
  readonly [Copy]?: ((context: FetchContext.FetchContext) => object | undefined) | undefined
}

/** The cause that an error holds, if it is one of the 17. */
export const heldCause = (error: object): HeldCause | undefined => attempt(() => (error as Hidden)[Held])
