/** Which fault befalls a request. */
import * as Either from "effect/Either"
import * as Check from "../../../internal/options.js"
import { when } from "./exchangeOptions.js"
import type { Action, Corruption, Fault, Malformation, When } from "./faultModel.js"
import { key, uniform } from "./seeded.js"

/** A fault in force. */
interface Armed {
  readonly fault: Fault
  /** Where its random numbers come from. */
  readonly key: number
  /** Requests that match, with any outcome. */
  readonly seen: number
  /** How often it struck. */
  readonly struck: number
}

export interface Plan {
  readonly seed: number
  /** How many faults there ever were. */
  readonly added: number
  readonly armed: ReadonlyArray<Armed>
}

export const emptyPlan = (seed: number): Plan => ({ seed, added: 0, armed: [] })

/** Adds a fault behind those in force. Throws for a fault that is not valid. */
export const arm = (plan: Plan, fault: Fault): Plan => {
  if (!isFault(fault)) {
    Check.orThrow("FaultyExchange", Check.wrong("a fault", fault, "made by Fault, as in Fault.status(503)"))
  }
  Check.orThrow(`Fault ${fault.do._tag}`, checkedFault(fault))
  const armed = { fault, key: key(plan.seed, "fault", plan.added), seen: 0, struck: 0 }
  return { ...plan, added: plan.added + 1, armed: [...plan.armed, armed] }
}

/** What a fault looks at. */
export interface Target {
  readonly source: "rest" | "vision"
  readonly market: string | undefined
  readonly path: string
  readonly symbol: string | undefined
  readonly interval: string | undefined
}

/** The first fault that befalls a request, and the plan with the request counted by all that fit. */
export const strike = (plan: Plan, target: Target): readonly [Action | undefined, Plan] => {
  let action: Action | undefined
  const armed = plan.armed.map((one) => {
    const when = one.fault.when ?? {}
    if (!fits(when, one.fault.do, target) || !concerns(one.fault.do, target)) return one
    const seen = one.seen + 1
    const strikes = action === undefined &&
      isNth(when.nth, seen) &&
      one.struck < (when.times ?? Infinity) &&
      uniform(one.key, seen) < (when.probability ?? 1)
    if (strikes) action = one.fault.do
    return { ...one, seen, struck: one.struck + (strikes ? 1 : 0) }
  })
  return [action, { ...plan, armed }]
}

const fits = (when: When, action: Action, target: Target): boolean =>
  (when.source === undefined || when.source === target.source) &&
  (when.market === undefined || when.market === target.market) &&
  (when.symbol === undefined || when.symbol === target.symbol) &&
  (when.interval === undefined || when.interval === target.interval) &&
  (when.path === undefined || endsIn(target.path, when.path) ||
    // A file whose rows change has another checksum, too.
    (changesRows.has(action._tag) && endsIn(target.path.replace(/\.CHECKSUM$/, ""), when.path)))

const endsIn = (path: string, end: string): boolean => path === end || path.endsWith(`/${end.replace(/^\//, "")}`)

const changesRows: ReadonlySet<Action["_tag"]> = new Set<Action["_tag"]>([
  "EmptyList",
  "Gaps",
  "MalformedRows",
  "ShortRows"
])

/** Some faults can befall only some requests, and let the others pass uncounted. */
const concerns = (action: Action, { path, source }: Target): boolean => {
  switch (action._tag) {
    case "RateLimited":
    case "Banned":
    case "OtherRange":
      return source === "rest"
    case "Late":
      return source === "vision"
    case "CorruptFile":
      return source === "vision" && path.endsWith(action.corruption.endsWith("Checksum") ? ".CHECKSUM" : ".zip")
    default:
      return true
  }
}

const isNth = (nth: When["nth"], n: number): boolean => {
  if (nth === undefined) return true
  if (typeof nth === "number") return n === nth
  return isRange(nth) ? n >= (nth.from ?? 1) && n <= (nth.to ?? Infinity) : nth.includes(n)
}

type Range = Exclude<When["nth"], number | ReadonlyArray<number> | undefined>

const isRange = (nth: ReadonlyArray<number> | Range): nth is Range => !Array.isArray(nth)

/** Also for callers without a compiler. */
const isFault = (fault: unknown): boolean =>
  Check.isRecord(fault) && Check.isRecord(fault["do"]) && typeof fault["do"]["_tag"] === "string"

const malformation = Check.oneOf<Malformation>("malformation", ["short", "notNumber", "null", "duplicate", "unordered"])

const corruption = Check.oneOf<Corruption>(
  "corruption",
  ["flipped", "truncated", "empty", "html", "staleChecksum", "otherChecksum", "noChecksum"]
)

const checkedFault = (fault: Fault): Check.Checked<unknown> => {
  const { do: action } = fault
  return Either.flatMap(when("when", fault.when), (): Check.Checked<unknown> =>
    action._tag === "ShortRows"
      ? Check.number("a number from 0 to less than 1", (n) => n >= 0 && n < 1)("share", action.share)
      : action._tag === "Status" || action._tag === "Body"
      ? Check.wholeNumber(200, 599)("status", action.status)
      : action._tag === "MalformedRows"
      ? malformation("malformation", action.malformation)
      : action._tag === "CorruptFile"
      ? corruption("corruption", action.corruption)
      : action._tag === "Gaps" && action.ranges.some(({ end, start }) => !(start < end))
      ? Either.left("ranges: each range must start before it ends")
      : Either.void)
}
