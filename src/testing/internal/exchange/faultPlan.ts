/** Which fault befalls a request of an exchange. */
import * as Either from "effect/Either"
import * as Check from "../../../internal/options.js"
import { type ArmedFaults, hit } from "../wire/armedFaults.js"
import * as Model from "../wire/faultModel.js"
import type { Action, Corruption, Fault, Malformation, When } from "./exchangeFaults.js"
import { when } from "./exchangeOptions.js"

export type Plan = ArmedFaults<Fault>

/** Adds a fault behind those in force. Throws for a fault that is not valid. */
export const arm = (plan: Plan, fault: Fault): Plan => Model.arm(plan, fault, accepted)

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
  (when.path === undefined || Model.endsIn(target.path, when.path) ||
    // A file whose rows change has another checksum, too.
    (changesRows.has(action._tag) && Model.endsIn(target.path.replace(/\.CHECKSUM$/, ""), when.path)))

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

const malformation = Check.oneOf<Malformation>("malformation", ["short", "notNumber", "null", "duplicate", "unordered"])

const corruption = Check.oneOf<Corruption>(
  "corruption",
  ["flipped", "truncated", "empty", "html", "staleChecksum", "otherChecksum", "noChecksum"]
)

const checkedAction = (action: Action): Check.Checked<unknown> =>
  action._tag === "ShortRows"
    ? Check.number("a number from 0 to less than 1", (n) => n >= 0 && n < 1)("share", action.share)
    : action._tag === "MalformedRows"
    ? malformation("malformation", action.malformation)
    : action._tag === "CorruptFile"
    ? corruption("corruption", action.corruption)
    : action._tag === "Gaps" && action.ranges.some(({ end, start }) => !(start < end))
    ? Either.left("ranges: each range must start before it ends")
    : Either.void

const accepted: Model.Accepted<Fault> = { owner: "FaultyExchange", when, action: checkedAction }
