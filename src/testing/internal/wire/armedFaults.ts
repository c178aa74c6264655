/** The faults in force: how many requests each has met, and which one hits the next request. */
import { key, uniform } from "./seeded.js"

/** The part of a condition that counts requests. */
export interface Counted {
  /**
   * The numbers of the requests, counted from 1 since the fault was added, among those that match the other fields. Requests
   * that other faults hit count, too. A range includes both ends.
   */
  readonly nth?:
    | number
    | ReadonlyArray<number>
    | { readonly from?: number | undefined; readonly to?: number | undefined }
    | undefined
  /** In [0, 1]. Drawn from the seed of the server, so that a run can be repeated. */
  readonly probability?: number | undefined
  /** The greatest number of requests that the fault hits. Default: unlimited. */
  readonly times?: number | undefined
}

interface Armed<Fault> {
  readonly fault: Fault
  /** The seed of its random numbers. */
  readonly key: number
  /** The number of requests that match, with any outcome. */
  readonly seen: number
  /** The number of requests that it has hit. */
  readonly struck: number
}

export interface ArmedFaults<Fault> {
  readonly seed: number
  /** The number of faults that were ever added. */
  readonly added: number
  readonly armed: ReadonlyArray<Armed<Fault>>
}

export const noFaults = (seed: number): ArmedFaults<never> => ({ seed, added: 0, armed: [] })

/** Adds a fault behind those in force. */
export const armed = <Fault>(faults: ArmedFaults<Fault>, fault: Fault): ArmedFaults<Fault> => ({
  ...faults,
  added: faults.added + 1,
  armed: [...faults.armed, { fault, key: key(faults.seed, "fault", faults.added), seen: 0, struck: 0 }]
})

export const disarmed = <Fault>(faults: ArmedFaults<Fault>): ArmedFaults<Fault> => ({ ...faults, armed: [] })

/** The first fault that hits a request, and the faults with the request counted by all that it matches. */
export const hit = <Fault extends { readonly when?: Counted | undefined }>(
  faults: ArmedFaults<Fault>,
  matches: (fault: Fault) => boolean
): readonly [Fault | undefined, ArmedFaults<Fault>] => {
  let found: Fault | undefined
  const armed = faults.armed.map((one) => {
    if (!matches(one.fault)) return one
    const { nth, probability = 1, times = Infinity } = one.fault.when ?? {}
    const seen = one.seen + 1
    const hits = found === undefined && isNth(nth, seen) && one.struck < times && uniform(one.key, seen) < probability
    if (hits) found = one.fault
    return { ...one, seen, struck: one.struck + (hits ? 1 : 0) }
  })
  return [found, { ...faults, armed }]
}

const isNth = (nth: Counted["nth"], n: number): boolean => {
  if (nth === undefined) return true
  if (typeof nth === "number") return n === nth
  return isRange(nth) ? n >= (nth.from ?? 1) && n <= (nth.to ?? Infinity) : nth.includes(n)
}

type Range = Exclude<Counted["nth"], number | ReadonlyArray<number> | undefined>

const isRange = (nth: ReadonlyArray<number> | Range): nth is Range => !Array.isArray(nth)
