/**
 * Counters that never decrease while the process runs. A reset or a restored snapshot replaces the counts of a tracker:
 * the difference is added to every later value, so that only events of this process are counted.
 */
import { other } from "../counting/dimension.js"
import type { Family, Sample, Summary } from "./family.js"
import { catalogue, familiesByDimension } from "./family.js"

interface Offset {
  readonly labels: ReadonlyArray<string>
  readonly value: number
  /** For a summary; `value` is that of its count. */
  readonly sum: number
}

type Offsets = ReadonlyMap<string, Offset>

export class MonotonicCounters {
  private offsets = new Map<string, Offsets>()
  /** The number of times that the counts were replaced. */
  epoch = 0

  /** Takes the families of a tracker right before and right after its counts were replaced, with all dimensions. */
  replaced(before: ReadonlyArray<Family>, after: ReadonlyArray<Family>): void {
    this.epoch++
    const next = new Map<string, Offsets>()
    const [were, are] = [valuesOf(before), valuesOf(after)]
    for (const name of new Set([...this.offsets.keys(), ...were.keys(), ...are.keys()])) {
      const [offsets, old, fresh] = [this.offsets, were, are].map((families) => families.get(name) ?? none)
      const ofFamily = new Map<string, Offset>()
      for (const [key, { labels }] of new Map([...offsets!, ...old!, ...fresh!])) {
        // Values that are gone would accumulate with every reset.
        if (familiesByDimension.has(name) && !fresh!.has(key)) continue
        const amount = (of: "value" | "sum") =>
          (offsets!.get(key)?.[of] ?? 0) + (old!.get(key)?.[of] ?? 0) - (fresh!.get(key)?.[of] ?? 0)
        ofFamily.set(key, { labels, value: amount("value"), sum: amount("sum") })
      }
      next.set(name, ofFamily)
    }
    this.offsets = next
  }

  /** The families with their counters corrected. */
  corrected(families: ReadonlyArray<Family>): ReadonlyArray<Family> {
    if (this.epoch === 0) return families
    const seen = new Set(families.map(({ name }) => name))
    const missing = Object.values(catalogue).flatMap((family): ReadonlyArray<Family> =>
      seen.has(family.name) || familiesByDimension.has(family.name) || !this.offsets.has(family.name)
        ? []
        : [{ ...family, samples: [] }]
    )
    return [...families, ...missing].map((family) => this.correct(family)).filter(({ samples }) => samples.length > 0)
  }

  private correct(family: Family): Family {
    if (family.type === "gauge" || !this.offsets.has(family.name)) return family
    if (familiesByDimension.has(family.name)) this.moveEvicted(family)
    const left = new Map(this.offsets.get(family.name))
    const take = (labels: ReadonlyArray<string>): Offset | undefined => {
      const key = keyOf(labels)
      const offset = left.get(key)
      left.delete(key)
      return offset
    }
    if (family.type === "summary") {
      const samples = family.samples.map((summary): Summary => {
        const { sum, value } = take(summary.labels) ?? { sum: 0, value: 0 }
        return { ...summary, count: Math.max(0, summary.count + value), sum: Math.max(0, (summary.sum ?? 0) + sum) }
      })
      for (const { labels, sum, value } of familiesByDimension.has(family.name) ? [] : left.values()) {
        if (value > 0) samples.push({ labels, count: value, sum: Math.max(0, sum), quantiles: [] })
      }
      return { ...family, samples }
    }
    const samples = family.samples.map(({ labels, value }) => ({
      labels,
      value: Math.max(0, value + (take(labels)?.value ?? 0))
    }))
    // Values of dimensions that are not reported are left over, too.
    for (const { labels, value } of familiesByDimension.has(family.name) ? [] : left.values()) {
      if (value > 0) samples.push({ labels, value })
    }
    return { ...family, samples }
  }

  /** A clean-up merges values into `other`: their offsets belong to it from then on. */
  private moveEvicted(family: Family): void {
    const offsets = new Map(this.offsets.get(family.name))
    const values = valuesIn(family)
    const dimensions = new Set(Array.from(values.values(), ({ labels: [dimension] }) => dimension))
    for (const [key, { labels, sum, value }] of offsets) {
      const [dimension = "", of, ...rest] = labels
      // A value that has come back since starts from 0.
      const isEvicted = dimensions.has(dimension) && of !== other && (values.get(key)?.value ?? 0) + value < 0
      if (!isEvicted) continue
      const labelsOfOther = [dimension, other, ...rest]
      const offset = offsets.get(keyOf(labelsOfOther)) ?? { value: 0, sum: 0 }
      offsets.set(keyOf(labelsOfOther), { labels: labelsOfOther, value: offset.value + value, sum: offset.sum + sum })
      offsets.delete(key)
    }
    this.offsets.set(family.name, offsets)
  }
}

const none: Offsets = new Map()

const keyOf = (labels: ReadonlyArray<string>): string => labels.length === 1 ? labels[0]! : JSON.stringify(labels)

const valuesOf = (families: ReadonlyArray<Family>): ReadonlyMap<string, Offsets> =>
  new Map(families.flatMap((family) => family.type === "gauge" ? [] : [[family.name, valuesIn(family)] as const]))

const valuesIn = ({ samples }: Family): Offsets =>
  new Map(Array.from<Sample | Summary, readonly [string, Offset]>(
    samples,
    (sample) => [
      keyOf(sample.labels),
      "count" in sample
        ? { labels: sample.labels, value: sample.count, sum: sample.sum ?? 0 }
        : { labels: sample.labels, value: sample.value, sum: 0 }
    ]
  ))
