/** All counts of a tracker. Instants are nanoseconds since the tracker started, windows are nanoseconds. */
import * as DateTime from "effect/DateTime"
import * as Record from "effect/Record"
import type { Gauge } from "../alerting/groupWatch.js"
import type { Group } from "../alerting/limits.js"
import type * as Model from "../model.js"
import type * as Snapshot from "../snapshotModel.js"
import type { Settings } from "../trackerOptions.js"
import type { Classification } from "./classification.js"
import type { CodeCount } from "./codeCounts.js"
import { Dimension } from "./dimension.js"
import type { Reader } from "./dimensionReader.js"
import { reader } from "./dimensionReader.js"
import { Empties } from "./empties.js"
import { gaugeOfAll, gaugeOfDimension } from "./gauges.js"
import { CurrentHour } from "./hourly.js"
import { Latencies } from "./latency.js"
import { RecentErrors } from "./recentErrors.js"
import type { RecentKinds } from "./recentKinds.js"
import { CurrentSecond } from "./slots.js"
import { Tally } from "./tally.js"
import type { Counted } from "./views.js"

type What =
  | "watched"
  | "codes"
  | "successes"
  | "attempted"
  | "dimensions"
  | "empties"
  | "latency"
  | "latencies"
  | "retry"
  | "calls"
  | "expectedCalls"
  | "dropped"

export class Counts {
  readonly hands = new CurrentSecond()
  readonly hours = new CurrentHour()
  readonly codes = new Map<string, CodeCount>()
  readonly dimensions: ReadonlyArray<{
    readonly name: string
    readonly read: Reader
    readonly counts: Dimension
    /** Undefined for the source, whose durations are kept for any dimensions. */
    readonly latencies: Latencies | undefined
  }>
  readonly successes = new Tally()
  readonly empties = new Empties()
  /** By source. */
  readonly latencies = new Latencies()
  readonly retry = {
    retries: new Tally(),
    giveUps: new Tally(),
    gateWaits: new Tally(),
    refusals: new Tally(),
    openCircuits: new Tally()
  }
  readonly calls = { made: new Tally(), recovered: new Tally(), failed: new Tally(), refused: new Tally() }
  /** The calls among the failed ones that ended with an expected empty. */
  readonly expectedCalls = new Tally()
  readonly recent: RecentErrors
  /** True if attempts are counted, and not only errors. */
  attempted = false
  dropped = 0

  constructor({ dimensions, maxValues, recent }: Settings) {
    this.recent = new RecentErrors(recent)
    this.dimensions = dimensions.map((name) => ({
      name,
      read: reader(name),
      counts: new Dimension(maxValues, this.hands),
      latencies: name === "source" ? undefined : new Latencies(maxValues)
    }))
  }

  turn(now: number, moment: { readonly wall: number }): void {
    this.hands.turn(now)
    if (now >= this.hours.ends) this.hours.turn(now, moment.wall)
  }

  /** Frees the counts that are older than every window. */
  prune(now: number): void {
    for (const count of this.codes.values()) count.prune(now)
    for (const { counts, latencies } of this.dimensions) {
      counts.evict()
      latencies?.evict(this.hands.second)
    }
    this.empties.prune(now)
    this.successes.events.prune(now)
    for (const { events } of this.tallies) events.prune(now)
  }

  private get tallies(): ReadonlyArray<Tally> {
    return [...Object.values(this.retry), ...Object.values(this.calls), this.expectedCalls]
  }

  /** Maps the tallies of retries. */
  retried<A>(f: (tally: Tally) => A): Readonly<Record<keyof Model.RetryCounts, A>> {
    const { gateWaits, giveUps, openCircuits, refusals, retries } = this.retry
    return {
      retries: f(retries),
      giveUps: f(giveUps),
      gateWaits: f(gateWaits),
      refusals: f(refusals),
      openCircuits: f(openCircuits)
    }
  }

  /** Maps the tallies of calls. */
  called<A>(f: (tally: Tally) => A): Readonly<Record<keyof Model.CallCounts, A>> {
    const { failed, made, recovered, refused } = this.calls
    return { made: f(made), recovered: f(recovered), failed: f(failed), refused: f(refused) }
  }

  /** The codes with at least one error. Without a window: since the start. */
  byCode(window: number | undefined, now: number): ReadonlyArray<Counted> {
    return Array.from(this.codes.values(), (code) => ({
      code: code.code,
      severity: code.severity,
      category: code.category,
      count: code.count(window, now),
      expected: code.countExpected(window, now)
    })).filter(({ count }) => count > 0)
  }

  of(dimension: string | undefined): Dimension | undefined {
    return this.dimensions.find(({ name }) => name === dimension)?.counts
  }

  /** The durations by a dimension; undefined for one that is not kept. */
  latenciesOf(dimension: string): Latencies | undefined {
    return dimension === "source" ? this.latencies : this.dimensions.find(({ name }) => name === dimension)?.latencies
  }

  /** The counts that a rule on values or attempts reads; undefined for a dimension that is not kept. */
  gauge({ by }: Group, code: string | undefined): Gauge | undefined {
    const counts = this.of(by)
    if (by !== undefined && counts === undefined) return undefined
    return counts === undefined ? gaugeOfAll(this, code) : gaugeOfDimension(counts, code)
  }

  /** The size of the counts in bytes, without names and recent errors. */
  get bytes(): number {
    return [
      ...this.codes.values(),
      ...this.dimensions.flatMap(({ counts, latencies }) => latencies === undefined ? [counts] : [counts, latencies]),
      this.empties,
      this.successes.events,
      this.latencies,
      ...this.tallies.map(({ events }) => events)
    ]
      .reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** A snapshot whose tallies and series are made when they are read, from copies: see `Core.lazySnapshot`. */
  snapshot(now: number): Pick<Snapshot.Snapshot, What> {
    return {
      watched: this.hours.watched,
      codes: Array.from(this.codes.values(), (code) => code.snapshot(now, this.hours)),
      successes: this.successes.snapshot(now),
      attempted: this.attempted,
      dimensions: this.dimensions.map(({ counts, name }) => ({ name, ...counts.snapshot() })),
      empties: this.empties.snapshot(now),
      latency: this.latencies.snapshot().map((row) => ({
        source: row.value,
        maxMillis: row.maxMillis,
        get counts() {
          return row.counts
        }
      })),
      latencies: this.dimensions.flatMap(({ latencies, name }) =>
        latencies === undefined ? [] : [{ name, values: latencies.snapshot() }]
      ),
      retry: this.retried((tally) => tally.snapshot(now)),
      calls: this.called((tally) => tally.snapshot(now)),
      expectedCalls: this.expectedCalls.snapshot(now),
      dropped: this.dropped
    }
  }

  /** Continues from a snapshot taken at an instant. */
  restore(
    snapshot: Snapshot.Snapshot,
    now: number,
    instant: (at: DateTime.Utc) => number,
    addCode: (code: Snapshot.Code) => void,
    kindsOf: (error: Classification) => RecentKinds
  ): void {
    this.hands.turn(now)
    this.hours.restore(snapshot.watched, now, DateTime.toEpochMillis(snapshot.at))
    for (const code of snapshot.codes) addCode(code)
    this.successes.restore(snapshot.successes, now)
    this.attempted = snapshot.attempted
    for (const { name, ...counts } of snapshot.dimensions) this.of(name)?.restore(counts)
    this.empties.restore(snapshot.empties, now)
    const { second } = this.hands
    this.latencies.restore(snapshot.latency.map(({ source, ...rest }) => ({ value: source, ...rest })), second)
    for (const { name, values } of snapshot.latencies ?? []) this.latenciesOf(name)?.restore(values, second)
    for (const what of Record.keys(this.retry)) this.retry[what].restore(snapshot.retry[what], now)
    if (snapshot.expectedCalls !== undefined) this.expectedCalls.restore(snapshot.expectedCalls, now)
    for (const what of Record.keys(this.calls)) this.calls[what].restore(snapshot.calls[what], now)
    // The ring and the kinds decide which of them stay.
    for (const { at, causes, context, expected, message, ...classification } of [...snapshot.recent].reverse()) {
      this.recent.push(
        kindsOf(classification),
        instant(at),
        classification,
        message,
        context,
        expected ?? false,
        causes
      )
    }
    this.dropped = snapshot.dropped
  }
}
