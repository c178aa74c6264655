/** Which fault befalls a request. */
import * as Either from "effect/Either"
import * as Check from "../../../internal/options.js"
import { armed, type ArmedFaults, hit } from "../wire/armedFaults.js"
import { when } from "./exchangeOptions.js"
import type { Action, Corruption, Fault, Malformation, When } from "./faultModel.js"

export type Plan = ArmedFaults<Fault>

/** Adds a fault behind those in force. Throws for a fault that is not valid. */
export const arm = (plan: Plan, fault: Fault, owner: string = "FaultyExchange"): Plan => {
  if (!isFault(fault)) {
    Check.orThrow(owner, Check.wrong("a fault", fault, "made by Fault, as in Fault.status(503)"))
  }
  Check.orThrow(`Fault ${fault.do._tag}`, checkedFault(fault))
  return armed(plan, fault)
}

/** What a fault looks at. */
export interface Target {
  readonly method: string
  readonly source: "rest" | "vision"
  readonly market: string | undefined
  readonly path: string
  readonly symbol: string | undefined
  readonly interval: string | undefined
}

/** The first fault that hits a request, and the plan with the request counted by all that it matches. */
export const strike = (plan: Plan, target: Target): readonly [Action | undefined, Plan] => {
  const [fault, next] = hit(plan, ({ do: action, when = {} }) => fits(when, action, target) && concerns(action, target))
  return [fault?.do, next]
}

const fits = (when: When, action: Action, target: Target): boolean =>
  (when.method === undefined || when.method === target.method) &&
  (when.source === undefined || when.source === target.source) &&
  (when.market === undefined || when.market === target.market) &&
  (when.symbol === undefined || when.symbol === target.symbol) &&
  (when.interval === undefined || when.interval === target.interval) &&
  (when.path === undefined || endsIn(target.path, when.path) ||
    // A file whose rows change has another checksum, too.
    (changesRows.has(action._tag) && endsIn(target.path.replace(/\.CHECKSUM$/, ""), when.path)))

export const endsIn = (path: string, end: string): boolean =>
  path === end || path.endsWith(`/${end.replace(/^\//, "")}`)

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
