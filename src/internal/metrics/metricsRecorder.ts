/** Adds the differences between two readings of a tracker to Effect metrics. The metrics are global to the process. */
import * as Metric from "effect/Metric"
import * as MetricLabel from "effect/MetricLabel"
import { other } from "../tracker/counting/dimension.js"
import type { PlainFamily, Sample, SummaryFamily } from "../tracker/measures/family.js"
import { familiesByDimension } from "../tracker/measures/family.js"
import type { Measured } from "../tracker/measures/measure.js"
import { type Instrument, instruments } from "./metricNames.js"

interface Counter {
  readonly unsafeUpdate: (delta: bigint, tags: ReadonlyArray<MetricLabel.MetricLabel>) => void
}

interface Gauge {
  readonly unsafeUpdate: (value: number, tags: ReadonlyArray<MetricLabel.MetricLabel>) => void
}

type Values = Map<string, Sample>

const noLabels: ReadonlyArray<MetricLabel.MetricLabel> = []

export class MetricsRecorder {
  private readonly attributes: ReadonlyArray<MetricLabel.MetricLabel>
  private readonly maxValues: number
  private readonly counters = new Map<string, Counter>()
  private readonly gauges = new Map<string, Gauge>()
  // The last reading, by family.
  private readonly values = new Map<string, Values>()
  // The values of each dimension that have series of their own.
  private readonly kept = new Map<string, Set<string>>()
  private epoch = 0

  constructor(attributes: Readonly<Record<string, string>>, maxValues: number) {
    this.attributes = Object.entries(attributes).map(([key, value]) => MetricLabel.make(key, value))
    this.maxValues = maxValues
  }

  /** Takes the first reading: what was counted before is not counted again. */
  start({ epoch, families }: Measured): void {
    this.epoch = epoch
    for (const family of families) if (family.type === "counter") this.values.set(family.name, valuesOf(family.samples))
  }

  record({ epoch, families }: Measured): void {
    for (const family of families) {
      const instrument = instruments.get(family.name)
      if (instrument === undefined) continue
      if (family.type === "summary") this.durations(family, instrument)
      else if (family.type === "gauge") this.gauge(family, instrument)
      else if (familiesByDimension.has(family.name)) this.dimension(family, instrument, epoch === this.epoch)
      else this.counter(family, instrument)
    }
    this.epoch = epoch
  }

  private counter({ name, samples }: PlainFamily, instrument: Instrument): void {
    const before = this.values.get(name) ?? new Map<string, Sample>()
    for (const sample of samples) {
      const { labels, value } = sample
      const key = keyOf(labels)
      const last = before.get(key)?.value ?? 0
      if (value === last) continue
      before.set(key, sample)
      // A custom tracker that was reset counts from 0.
      this.add(instrument, key, labels, value > last ? value - last : value)
    }
    this.values.set(name, before)
  }

  /**
   * A clean-up merges values into `other`: the sum stays the same. What has left a value is therefore not an increase of
   * `other`, unless the counts were replaced as a whole.
   */
  private dimension({ name, samples }: PlainFamily, instrument: Instrument, isSame: boolean): void {
    const before = this.values.get(name) ?? new Map<string, Sample>()
    const now = valuesOf(samples)
    const moved = new Map<string, number>()
    for (const [key, { labels, value: last }] of isSame ? before : []) {
      if ((now.get(key)?.value ?? 0) >= last) continue
      const group = groupOf(labels)
      moved.set(group, (moved.get(group) ?? 0) + last)
    }
    for (const { labels, value } of samples) {
      const last = before.get(keyOf(labels))?.value ?? 0
      const increase = value >= last ? value - last : value
      const delta = labels[1] === other ? increase - (moved.get(groupOf(labels)) ?? 0) : increase
      if (delta > 0) {
        const [dimension = "", own = "", ...rest] = labels
        const capped = [dimension, this.capped(dimension, own), ...rest]
        this.add(instrument, keyOf(capped), capped, delta)
      }
    }
    this.values.set(name, now)
  }

  private capped(dimension: string, value: string): string {
    const kept = this.kept.get(dimension) ?? new Set<string>()
    this.kept.set(dimension, kept)
    if (kept.has(value)) return value
    if (kept.size >= this.maxValues) return other
    kept.add(value)
    return value
  }

  private isKept([dimension = "", value = ""]: ReadonlyArray<string>): boolean {
    return this.capped(dimension, value) === value
  }

  /** Sets gauges that have changed, and those that are gone to 0. */
  private gauge({ name, samples }: PlainFamily, instrument: Instrument): void {
    const before = this.values.get(name) ?? new Map<string, Sample>()
    const now = valuesOf(samples)
    for (const [key, { labels }] of before) if (!now.has(key)) this.set(instrument, key, labels, 0)
    for (const [key, { labels, value }] of now) {
      if (before.get(key)?.value !== value) this.set(instrument, key, labels, value)
    }
    this.values.set(name, now)
  }

  private durations({ name, samples }: SummaryFamily, instrument: Instrument): void {
    const isByDimension = familiesByDimension.has(name)
    const quantiles = samples.flatMap(({ labels, quantiles }) =>
      // Quantiles do not add up to those of `other`.
      isByDimension && !this.isKept(labels)
        ? []
        : quantiles.map(([quantile, value]): Sample => ({ labels: [...labels, String(quantile)], value: value || 0 }))
    )
    this.gauge({ name, type: "gauge", help: "", labels: [], samples: quantiles }, instrument)
  }

  private add(instrument: Instrument, key: string, labels: ReadonlyArray<string>, delta: number): void {
    const whole = Math.round(delta)
    if (!(whole > 0 && whole < Infinity)) return
    const id = instrument.name + key
    let counter = this.counters.get(id)
    if (counter === undefined) {
      const { description, name } = instrument
      const metric = Metric.counter(name, { description, bigint: true, incremental: true })
      this.counters.set(id, counter = Metric.taggedWithLabels(metric, this.labels(instrument, labels)))
    }
    counter.unsafeUpdate(BigInt(whole), noLabels)
  }

  private set(instrument: Instrument, key: string, labels: ReadonlyArray<string>, value: number): void {
    const id = instrument.name + key
    let gauge = this.gauges.get(id)
    if (gauge === undefined) {
      const { description, name } = instrument
      const metric = Metric.gauge(name, { description })
      this.gauges.set(id, gauge = Metric.taggedWithLabels(metric, this.labels(instrument, labels)))
    }
    gauge.unsafeUpdate(value, noLabels)
  }

  private labels({ attributes, unit }: Instrument, values: ReadonlyArray<string>): Array<MetricLabel.MetricLabel> {
    const own = attributes.flatMap((name, i) => {
      const value = values[i]
      return value === undefined || value === "" ? [] : [MetricLabel.make(name, value)]
    })
    // Exporters read the unit from this tag.
    return [...own, ...this.attributes, MetricLabel.make("unit", unit)]
  }
}

/** With the lengths, so that no two lists have the same key. */
const keyOf = (labels: ReadonlyArray<string>): string => {
  let key = ""
  for (const label of labels) key += `${label.length}:${label}`
  return key
}

/** The dimension, and the code or outcome. */
const groupOf = ([dimension, , ...rest]: ReadonlyArray<string>): string => keyOf([dimension ?? "", ...rest])

const valuesOf = (samples: ReadonlyArray<Sample>): Values =>
  new Map(samples.map((sample) => [keyOf(sample.labels), sample]))
