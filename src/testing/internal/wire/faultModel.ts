/**
 * Faults of any simulated server: the conditions and actions that do not depend on what is served, and the check of a fault
 * where it is added.
 */
import type * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Check from "../../../internal/options.js"
import { armed, type ArmedFaults, type Counted } from "./armedFaults.js"
import type { ConnectionAction } from "./connectionFaults.js"

/** The requests that a fault hits, whatever the server. */
export interface WireWhen extends Counted {
  readonly method?: string | undefined
  readonly path?: string | undefined
}

export type ErrorBody = { readonly [key: string]: unknown } | "html" | "empty"

/** The effect of a fault, whatever the server. */
export type WireAction =
  | ConnectionAction
  | {
    readonly _tag: "Status"
    readonly status: number
    readonly body: ErrorBody | undefined
    readonly headers: Readonly<Record<string, string>>
  }
  | { readonly _tag: "RateLimited"; readonly duration: Duration.Duration }

interface Fault {
  readonly when?: object | undefined
  readonly do: { readonly _tag: string }
}

/** The faults that a server accepts. */
export interface Accepted<F extends Fault> {
  /** The module that refuses the others. */
  readonly owner: string
  readonly when: Check.Check<unknown>
  /** The check of an action beyond those of any server. */
  readonly action: (action: F["do"]) => Check.Checked<unknown>
}

/** Adds a fault behind those in force. Throws for a fault that is not valid. */
export const arm = <F extends Fault>(
  faults: ArmedFaults<F>,
  fault: F,
  { action, owner, when }: Accepted<F>
): ArmedFaults<F> => {
  if (!isFault(fault)) {
    Check.orThrow(owner, Check.wrong("a fault", fault, "made by Fault, as in Fault.status(503)"))
  }
  Check.orThrow(
    `Fault ${fault.do._tag}`,
    Either.flatMap(when("when", fault.when), () => Either.flatMap(status(fault.do), () => action(fault.do)))
  )
  return armed(faults, fault)
}

/** Also for callers without a compiler. */
const isFault = (fault: unknown): boolean =>
  Check.isRecord(fault) && Check.isRecord(fault["do"]) && typeof fault["do"]["_tag"] === "string"

const status = (action: object): Check.Checked<unknown> =>
  "status" in action ? Check.wholeNumber(200, 599)("status", action.status) : Either.void

// ---------------------------------------------------------------------------------------------------------------------
// conditions
// ---------------------------------------------------------------------------------------------------------------------

const ordinal = Check.wholeNumber(1)

const range: Check.Check<unknown> = (path, value) =>
  Either.flatMap(
    Check.struct({
      from: Check.withDefault(ordinal, 1),
      to: (at, to) => to === undefined || to === Infinity ? Either.right(Infinity) : ordinal(at, to)
    })(path, value),
    ({ from, to }) => from <= to ? Either.void : Check.wrong(path, value, "a range whose from is not above its to")
  )

const nth: Check.Check<unknown> = (path, value) =>
  Array.isArray(value)
    ? value.length > 0
      ? Check.listOf("a list of whole numbers", ordinal)(path, value)
      : Check.wrong(path, value, "a list of at least one number")
    : Check.isRecord(value)
    ? range(path, value)
    : ordinal(path, value)

/** The checks of the conditions of any server. */
export const whenChecks = {
  method: Check.optional(Check.text),
  path: Check.optional(Check.text),
  nth: Check.optional(nth),
  probability: Check.optional(Check.number("a number from 0 to 1", (n) => n >= 0 && n <= 1)),
  times: Check.optional(
    Check.number("a whole number of at least 0, or Infinity", (n) => n === Infinity || (Number.isInteger(n) && n >= 0))
  )
} satisfies Check.Checks<WireWhen>

/** Whether a path is the given one, or ends with it. */
export const endsIn = (path: string, end: string): boolean =>
  path === end || path.endsWith(`/${end.replace(/^\//, "")}`)
