/** All counts of a tracker as batches, for a store that has lost them. */
import * as Effect from "effect/Effect"
import type { Core } from "../../../internal/tracker/core.js"
import type { Tally } from "../../../internal/tracker/counting/tally.js"
import type * as Snapshot from "../../../internal/tracker/snapshotModel.js"
import { stepOf, steps } from "../ring.js"
import type { Change } from "./changes.js"
import { Changes } from "./changes.js"
import { always, millisOf, standard } from "./countWindows.js"
import * as fields from "./fields.js"
import type { FleetLimits } from "./fleetLimits.js"
import type { SentBatch } from "./flushQueue.js"

type Batches = ReadonlyArray<Omit<SentBatch, "seq">>

/** The series of values that are put back at most. Those of further dimensions are left out; totals by code never are. */
const maxSeries = 200_000

/**
 * Copies the counts at once, and returns an effect that makes the batches in steps of bounded length. `now` is in nanoseconds
 * on the clock of the tracker.
 */
export const seedOf = (core: Core, now: number, limits: FleetLimits): Effect.Effect<Batches> => {
  const seed = new Seed(now / 1e6)
  events(seed, core, now, limits)
  const dimensions = core.counts.dimensions.map(({ counts, name }) => ({ name, ...counts.snapshot() }))
  return Effect.gen(function*() {
    for (const { name, rest, values } of dimensions) {
      const group = fields.dimensionGroup(name)
      for (const { code, series } of rest) seed.series(group, fields.valueField("", "!", code), series)
      for (const [i, value] of values.entries()) {
        if (seed.size > maxSeries) break
        addValue(seed, group, value, limits.dimensions.has(name))
        // A value takes some microseconds.
        if (i % 100 === 99) yield* Effect.yieldNow()
      }
    }
    return seed.batches
  })
}

class Seed {
  size = 0
  private readonly byStep = new Map<
    string,
    { readonly at: number; readonly window: number; readonly series: Array<Change> }
  >()
  private readonly now: number

  constructor(now: number) {
    this.now = now
  }

  add(group: string, field: string, window: number, stepsAgo: number, count: number): void {
    if (!(count > 0)) return
    const name = `${window} ${stepsAgo}`
    const at = window === always ? this.now : this.now - stepsAgo * stepOf(window)
    const step = this.byStep.get(name) ?? { at, window, series: [] }
    this.byStep.set(name, step)
    step.series.push({ group, field, count })
    this.size++
  }

  /** A series of a snapshot: the last number is that of the current step. */
  series(group: string, field: string, series: Snapshot.Series): void {
    const byWindow = [series.minute, series.hour, series.day]
    for (const [i, counts] of byWindow.entries()) {
      const window = standard[i] ?? millisOf.day
      for (const [j, count] of counts.entries()) this.add(group, field, window, counts.length - 1 - j, count)
    }
  }

  get batches(): Batches {
    return Array.from(this.byStep.values(), ({ at, series, window }) => ({ at, windows: [window], series }))
      .sort((a, b) => a.at - b.at)
  }
}

const events = (seed: Seed, core: Core, now: number, { customWindows }: FleetLimits): void => {
  const { counts } = core
  /** Some tallies as one series. */
  const tallies = (
    group: string,
    field: string,
    all: ReadonlyArray<Tally | undefined>,
    extra: ReadonlyArray<number> = []
  ) => {
    for (const window of [...standard, ...extra]) {
      const byStep = new Float64Array(steps + 1)
      for (const tally of all) tally?.events.steps(stepOf(window) * 1e6, now, byStep)
      byStep.forEach((count, i) => seed.add(group, field, window, i, count))
    }
  }
  const codes = Array.from(counts.codes.values())
  for (const { category, code, expected, severity, unexpected } of codes) {
    const field = fields.errorsOf(code)
    tallies(fields.events, field, [unexpected], customWindows.get(field))
    tallies(fields.events, fields.expectedOf(code), [expected])
    tallies(fields.events, fields.codeFacts(code, severity, category), [unexpected, expected])
  }
  const unexpected = codes.map(({ unexpected }) => unexpected)
  const all = [...unexpected, ...codes.map(({ expected }) => expected), counts.successes]
  tallies(fields.events, fields.allErrors, unexpected, customWindows.get(fields.allErrors))
  tallies(fields.events, fields.successes, [counts.successes])
  if (counts.attempted) tallies(fields.events, fields.attempts, all)
  const { gateWaits, giveUps, openCircuits, refusals, retries } = counts.retry
  for (const [what, tally] of Object.entries({ retries, giveUps, gateWaits, refusals, openCircuits } as const)) {
    tallies(fields.events, `r${what}`, [tally])
  }
  for (const [what, tally] of Object.entries(counts.calls)) tallies(fields.events, `c${what}`, [tally])
  tallies(fields.events, fields.expectedCalls, [counts.expectedCalls])
  for (const { expected, reason, source, unexpected } of counts.empties.tallies) {
    tallies(fields.empties, fields.emptiesOf(reason, source, true), [expected])
    tallies(fields.empties, fields.emptiesOf(reason, source, false), [unexpected])
  }
  // The totals since the start.
  const totals = new Changes().steps(core, now, { dimensions: new Set() })[0]?.() ?? []
  for (const { count, field, group } of totals) seed.add(group, field, always, 0, count)
}

const addValue = (
  seed: Seed,
  group: string,
  { attempted, errors, expected, rest, successes, value }: Snapshot.Value,
  hasRules: boolean
): void => {
  for (const { code, series } of errors) seed.series(group, fields.valueField(value, "=", code), series)
  seed.series(group, fields.valueField(value, "?"), rest)
  seed.series(group, fields.valueField(value, "-"), expected)
  seed.series(group, fields.valueField(value, "+"), successes)
  const all = [...errors.map(({ series }) => series), rest]
  if (hasRules) seed.series(group, fields.valueField(value, "f"), sumOf(all, [expected]))
  if (attempted) seed.series(group, fields.valueField(value, "t"), sumOf([...all, successes]))
}

const sumOf = (
  plus: ReadonlyArray<Snapshot.Series>,
  minus: ReadonlyArray<Snapshot.Series> = []
): Snapshot.Series => {
  const sum = (of: (series: Snapshot.Series) => ReadonlyArray<number>): ReadonlyArray<number> => {
    // The last numbers are those of the same step.
    const counts = new Float64Array(Math.max(0, ...[...plus, ...minus].map((series) => of(series).length)))
    const add = (series: Snapshot.Series, sign: number) => {
      const own = of(series)
      own.forEach((count, i) => {
        const at = counts.length - own.length + i
        counts[at] = counts[at]! + sign * count
      })
    }
    for (const series of plus) add(series, 1)
    for (const series of minus) add(series, -1)
    return Array.from(counts)
  }
  return { total: 0, minute: sum(({ minute }) => minute), hour: sum(({ hour }) => hour), day: sum(({ day }) => day) }
}
