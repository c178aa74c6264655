/** What a tracker reports to metrics: families with counters that do not decrease, and a cap on the values of a dimension. */
import type { Dimensions } from "./families.js"
import { familiesOf, plain, sample } from "./families.js"
import type { Family } from "./family.js"
import { catalogue } from "./family.js"
import type { MonotonicCounters } from "./monotonicCounters.js"
import type { Readings } from "./readings.js"

/** The dimensions to report, and how many values of each. */
export interface Selection {
  /** The name with which the refusal of a dimension starts. */
  readonly owner: string
  readonly names: ReadonlyArray<string>
  readonly maxValues: number
  /** Whether to count windows, too. Default true. */
  readonly windows?: boolean | undefined
}

export interface Measured {
  /** Changes when the counts of the tracker are replaced: by a reset or a restored snapshot. */
  readonly epoch: number
  readonly families: ReadonlyArray<Family>
}

export const measure = (
  readings: Readings,
  { maxValues, names, windows }: Omit<Selection, "owner">,
  counters?: MonotonicCounters
): Measured => {
  const dimensions = new Map(names.flatMap((name) => {
    const values = readings.dimension(name)
    return values === undefined ? [] : [[name, values] as const]
  }))
  const families = familiesOf(readings, dimensions, windows)
  const corrected = counters?.corrected(families) ?? families
  return {
    epoch: counters?.epoch ?? 0,
    families: dimensions.size === 0 ? corrected : capped(corrected, dimensions, maxValues)
  }
}

/**
 * Leaves out the values beyond the cap. The oldest values are kept: a value keeps its samples as long as the tracker keeps
 * the value. They are not added up as `other`, which would decrease whenever one of them moves up.
 */
const capped = (families: ReadonlyArray<Family>, dimensions: Dimensions, maxValues: number): ReadonlyArray<Family> => {
  const kept = new Map(
    Array.from(dimensions, ([name, values]) => [name, new Set(values.slice(0, maxValues).map(({ value }) => value))])
  )
  const isCapped = Array.from(dimensions.values()).some(({ length }) => length > maxValues)
  const omitted = Array.from(
    dimensions,
    ([name, { length }]) => sample(Math.max(0, length - maxValues), name)
  )
  return [
    ...families.map((family) =>
      isCapped && family.type !== "summary" && byDimension.has(family.name)
        ? {
          ...family,
          samples: family.samples.filter(({ labels: [name = "", value = ""] }) => kept.get(name)?.has(value) === true)
        }
        : family
    ),
    plain("omittedValues", omitted)
  ].filter(({ samples }) => samples.length > 0)
}

const byDimension: ReadonlySet<string> = new Set([catalogue.dimensionErrors.name, catalogue.dimensionAttempts.name])
