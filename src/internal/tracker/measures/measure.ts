/** What a tracker reports to metrics: families with counters that do not decrease, and a cap on the values of a dimension. */
import type { Dimensions, Latencies } from "./families.js"
import { familiesOf, plain, sample } from "./families.js"
import type { Family } from "./family.js"
import { familiesByDimension } from "./family.js"
import type { MonotonicCounters } from "./monotonicCounters.js"
import type { Readings } from "./readings.js"

/** The dimensions to report, and how many values of each. */
export interface Selection {
  /** The name with which the refusal of a dimension starts. */
  readonly owner: string
  /** The dimensions whose errors and attempts are reported by value. */
  readonly names: ReadonlyArray<string>
  /** The dimensions whose durations are reported by value. */
  readonly latency: ReadonlyArray<string>
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
  { latency, maxValues, names, windows }: Omit<Selection, "owner">,
  counters?: MonotonicCounters
): Measured => {
  const dimensions = selected(names, readings.dimension)
  const latencies = selected(latency, readings.latencyBy)
  const families = familiesOf(readings, dimensions, latencies, windows)
  const corrected = counters?.corrected(families) ?? families
  return {
    epoch: counters?.epoch ?? 0,
    families: dimensions.size + latencies.size === 0 ? corrected : capped(corrected, dimensions, latencies, maxValues)
  }
}

const selected = <A>(
  names: ReadonlyArray<string>,
  read: (name: string) => ReadonlyArray<A> | undefined
): ReadonlyMap<string, ReadonlyArray<A>> =>
  new Map(names.flatMap((name) => {
    const values = read(name)
    return values === undefined ? [] : [[name, values] as const]
  }))

interface Named {
  readonly value: string
}

type Values = ReadonlyMap<string, ReadonlyArray<Named>>

/**
 * Leaves out the values beyond the cap. The oldest values are kept: a value keeps its samples as long as the tracker keeps
 * the value. They are not added up as `other`, which would decrease whenever one of them moves up.
 */
const capped = (
  families: ReadonlyArray<Family>,
  dimensions: Dimensions,
  latencies: Latencies,
  maxValues: number
): ReadonlyArray<Family> => {
  const isKept = keeping(dimensions, maxValues)
  const hasDurations = keeping(latencies, maxValues)
  // Of a dimension that is reported both ways, those of the counts: a value without a success has no duration.
  const omitted = Array.from(
    new Map<string, ReadonlyArray<Named>>([...latencies, ...dimensions]),
    ([name, { length }]) => sample(Math.max(0, length - maxValues), name)
  )
  return [
    ...families.map((family) =>
      !familiesByDimension.has(family.name)
        ? family
        : family.type === "summary"
        ? { ...family, samples: family.samples.filter(hasDurations) }
        : { ...family, samples: family.samples.filter(isKept) }
    ),
    plain("omittedValues", omitted)
  ].filter(({ samples }) => samples.length > 0)
}

/** Whether a sample is that of one of the first values of its dimension. */
const keeping = (dimensions: Values, maxValues: number) => {
  if (Array.from(dimensions.values()).every(({ length }) => length <= maxValues)) return () => true
  const kept = new Map(
    Array.from(dimensions, ([name, values]) => [name, new Set(values.slice(0, maxValues).map(({ value }) => value))])
  )
  return ({ labels: [name = "", value = ""] }: { readonly labels: ReadonlyArray<string> }): boolean =>
    kept.get(name)?.has(value) === true
}
