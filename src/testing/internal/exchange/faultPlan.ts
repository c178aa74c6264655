/** Which fault befalls a request. */
import type { Action, Fault, When } from "./faultModel.js"
import { key, uniform } from "./seeded.js"

/** A fault in force. */
interface Armed {
  readonly fault: Fault
  /** Where its random numbers come from. */
  readonly key: number
  /** Requests that fit, whatever befell them. */
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

/** Adds a fault behind those in force. Throws a `RangeError` for numbers that make no sense. */
export const arm = (plan: Plan, fault: Fault): Plan => {
  const problem = invalid(fault)
  if (problem !== undefined) throw new RangeError(`Fault ${fault.do._tag}: ${problem}`)
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
    if (!fits(when, target) || !concerns(one.fault.do, target)) return one
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

const fits = (when: When, target: Target): boolean =>
  (when.source === undefined || when.source === target.source) &&
  (when.market === undefined || when.market === target.market) &&
  (when.symbol === undefined || when.symbol === target.symbol) &&
  (when.interval === undefined || when.interval === target.interval) &&
  (when.path === undefined || target.path === when.path || target.path.endsWith(`/${when.path.replace(/^\//, "")}`))

/** Some faults can befall only some requests, and let the others pass uncounted. */
const concerns = (action: Action, { path, source }: Target): boolean => {
  switch (action._tag) {
    case "RateLimited":
    case "Banned":
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

const invalid = ({ do: action, when = {} }: Fault): string | undefined => {
  if (when.probability !== undefined && !(when.probability >= 0 && when.probability <= 1)) {
    return `the probability ${when.probability} is not in [0, 1]`
  }
  if (when.times !== undefined && !isCount(when.times) && when.times !== Infinity) {
    return `times: ${when.times} is no count; write 0, 1, 2, … or Infinity`
  }
  const nth = when.nth === undefined ? undefined : invalidNth(when.nth)
  if (nth !== undefined) return `nth: ${nth}; requests are counted from 1`
  if (action._tag === "Status" && !(Number.isInteger(action.status) && action.status >= 200 && action.status <= 599)) {
    return `${action.status} is no status of an answer (200 to 599)`
  }
  if (action._tag === "Gaps" && action.ranges.some(({ end, start }) => !(start < end))) {
    return "a range has to start before it ends"
  }
  return undefined
}

const isCount = (n: number): boolean => Number.isInteger(n) && n >= 0

const isOrdinal = (n: number): boolean => Number.isInteger(n) && n >= 1

const invalidNth = (nth: NonNullable<When["nth"]>): string | undefined => {
  if (typeof nth === "number") return isOrdinal(nth) ? undefined : `${nth} is no request`
  if (!isRange(nth)) {
    const wrong = nth.find((n) => !isOrdinal(n))
    return nth.length === 0
      ? "an empty list fits no request"
      : wrong === undefined
      ? undefined
      : `${wrong} is no request`
  }
  const { from = 1, to = Infinity } = nth
  if (!isOrdinal(from)) return `from ${from} is no request`
  if (!isOrdinal(to) && to !== Infinity) return `to ${to} is no request`
  return from > to ? `from ${from} to ${to} is empty` : undefined
}
