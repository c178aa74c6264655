/** The normal distribution of a count per hour (minute, day), from a history that may contain bad days. */
import type { Counts } from "./distribution.js"

/** Groups of comparable samples: the counts of all hours, or those of each hour of the day. */
export type Groups = ReadonlyArray<ReadonlyArray<number>>

/** The normal distribution of one group. */
export interface Normal {
  readonly mean: number
  /** See `Counts`: smaller for a rate that varies more from sample to sample. */
  readonly size: number
  /** The number of samples behind the mean. */
  readonly samples: number
}

// The least spread of any count. Errors come in clusters, since failed attempts are retried: the variance is at least
// twice the mean. And every rate varies by at least a tenth.
const leastDispersion = 2
const leastVariation = 0.1

// The prior for few samples: some more samples, of a rate that varies by half.
const assumedSamples = 4
const assumedVariation = 0.5

/**
 * One answer per group. Robust: samples are cut off at the fence of their group. Groups that differ by no more than
 * chance share one mean.
 */
export const normals = (groups: Groups): ReadonlyArray<Normal> => {
  const fenced = groups.map((group) => {
    const fence = fenceOf(group)
    return group.map((count) => Math.min(count, fence))
  })
  const all = fenced.flat()
  if (all.length === 0) return []
  // Half an event more: the mean of a history without events is above 0, and decreases with its length (Jeffreys' prior).
  const overall = (sum(all) + 0.5) / all.length
  const weights = credibility(fenced, overall)
  const trusted = fenced.map((group, i) => {
    const weight = weights[i] ?? 0
    return weight === 0
      ? { mean: overall, samples: all.length }
      : {
        mean: overall + weight * (mean(group) - overall),
        samples: 1 / (weight / group.length + (1 - weight) / all.length)
      }
  })
  const size = sizeOf(fenced, trusted.map(({ mean }) => mean), overall)
  return trusted.map((group) => ({ ...group, size }))
}

/** The distribution of the next count, which is wider the less exactly the mean is known. */
export const expected = ({ mean, samples, size }: Normal): Counts => {
  const variance = Math.max(mean + mean ** 2 / size, mean * leastDispersion) * (1 + 1 / samples) +
    (mean * leastVariation) ** 2
  return { mean, size: mean ** 2 / (variance - mean) }
}

/**
 * The value at which samples are cut off: four times the usual distance from the median, but never below the 90th
 * percentile.
 */
const fenceOf = (group: ReadonlyArray<number>): number => {
  if (group.length === 0) return 0
  const center = quantile(group, 0.5)
  const deviation = 1.4826 * quantile(group.map((count) => Math.abs(count - center)), 0.5)
  const usual = Math.max(1, Math.sqrt(center), deviation)
  return Math.max(center + 4 * usual, quantile(group, 0.9))
}

/**
 * The weight of the mean of each group, 0 to 1, against that of all groups: higher the more the groups differ beyond
 * chance (Bühlmann: Experience rating and credibility, ASTIN Bulletin 4, 1967).
 */
const credibility = (groups: Groups, overall: number): ReadonlyArray<number> => {
  const filled = groups.filter((group) => group.length > 0)
  const samples = sum(filled.map((group) => group.length))
  if (filled.length < 2 || samples <= filled.length) return groups.map(() => 0)
  const means = filled.map(mean)
  const within = Math.max(
    sum(filled.map((group, i) => sum(group.map((count) => (count - (means[i] ?? 0)) ** 2)))) /
      (samples - filled.length),
    overall
  )
  const chance = within * sum(filled.map((group) => 1 / group.length)) / filled.length
  const between = sum(means.map((m) => (m - overall) ** 2)) / (filled.length - 1) - chance
  return groups.map((group) => between <= 0 || group.length === 0 ? 0 : between / (between + within / group.length))
}

/** By moments: the variance beyond the mean, as a share of the squared mean. */
const sizeOf = (groups: Groups, means: ReadonlyArray<number>, overall: number): number => {
  let excess = assumedSamples * (overall * assumedVariation) ** 2
  let squares = assumedSamples * overall ** 2
  for (const [i, group] of groups.entries()) {
    const m = means[i] ?? overall
    for (const count of group) excess += (count - m) ** 2 - m
    squares += group.length * m ** 2
  }
  return Math.min(squares / Math.max(excess, 0), 1 / leastVariation ** 2)
}

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, n) => total + n, 0)

const mean = (numbers: ReadonlyArray<number>): number => sum(numbers) / numbers.length

/** The sample at or below the quantile, without interpolation. */
const quantile = (numbers: ReadonlyArray<number>, share: number): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(share * (numbers.length - 1))] ?? 0
