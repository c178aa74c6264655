/**
 * The tracker without Effect: mutable, touched only inside one synchronous step at a time, and giving out nothing but
 * snapshots. Instants are nanoseconds since the tracker started, `wall` is the wall clock in milliseconds, for display.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type * as Alert from "../../Alert.js"
import type * as ErrorTracker from "../../ErrorTracker.js"
import * as FetchContext from "../../FetchContext.js"
import type * as FetchError from "../../FetchError.js"
import type * as Snapshot from "../../Snapshot.js"
import { safeText } from "../json.js"
import type { Limits } from "./alarms.js"
import { Alarms, noEdges } from "./alarms.js"
import type { Edge } from "./alerts.js"
import { missed, wallOf } from "./alerts.js"
import * as answers from "./answers.js"
import type { Before } from "./codes.js"
import { CodeCount } from "./codes.js"
import { Dimension, other, reader } from "./dimension.js"
import { Empties } from "./empties.js"
import type { Kind } from "./entry.js"
import { emptyCode, emptyOf, kindOf, ownKinds } from "./entry.js"
import type { Gauge } from "./groupWatch.js"
import { HourHand } from "./hours.js"
import { Latencies } from "./latency.js"
import type { Group } from "./limits.js"
import { Recent } from "./recent.js"
import type { Settings } from "./settings.js"
import type { WindowIndex } from "./slots.js"
import { Hands } from "./slots.js"
import type { Subscriber } from "./subscribers.js"
import { Subscribers } from "./subscribers.js"
import { horizon, Tally } from "./tally.js"

/** When: since the tracker started, and by the wall clock. */
export interface Moment {
  /** Nanoseconds. */
  readonly now: number
  /** Milliseconds. */
  readonly wall: number
}

interface Own {
  readonly kind: Kind
  readonly count: CodeCount
}

const maxCodes = 64
const maxSteps = 1440
const unknown = "unknown"

const minute = 60e9
const hour = 3600e9
const windows: { readonly [W in ErrorTracker.Window]: number } = { minute, hour, day: horizon }
const windowIndex: { readonly [W in ErrorTracker.Window]: WindowIndex } = { minute: 0, hour: 1, day: 2 }

export class Core {
  private readonly settings: Settings
  private readonly hands = new Hands()
  private readonly hours = new HourHand()
  private readonly codes = new Map<string, CodeCount>()
  // By prototype, so that an error of one of the 17 types is known by one look.
  private readonly own = new Map<unknown, Own>()
  private readonly dimensions: ReadonlyArray<{
    readonly name: string
    readonly read: (context: FetchContext.FetchContext) => string | undefined
    readonly counts: Dimension
  }>
  private readonly successes = new Tally()
  private readonly empties = new Empties()
  private readonly latencies = new Latencies()
  private readonly last: Recent
  private readonly alarms: Alarms
  private latest = 0
  // Does anybody count attempts, and not only what fails?
  private attempted = false
  private dropped = 0

  constructor(settings: Settings, subscribers = new Subscribers<Alert.Alert>(missed)) {
    this.settings = settings
    this.last = new Recent(settings.recent)
    this.dimensions = settings.dimensions.map((name) => ({
      name,
      read: reader(name),
      counts: new Dimension(settings.maxValues, this.hands)
    }))
    this.alarms = new Alarms(settings, (group, code) => this.gaugeOf(group, code), subscribers)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // events
  // -------------------------------------------------------------------------------------------------------------------

  /** Never throws: an error that does when it is read is dropped. */
  track(error: FetchError.Trackable, moment: Moment, attempt = false): ReadonlyArray<Edge> {
    try {
      return this.record(error, moment, attempt)
    } catch {
      this.lost()
      return noEdges
    }
  }

  private record(error: FetchError.Trackable, moment: Moment, attempt: boolean): ReadonlyArray<Edge> {
    const now = this.advance(moment)
    // Everything is read before anything is counted: an error that throws when it is read leaves no trace.
    const prototype: unknown = Object.getPrototypeOf(error)
    const own = this.own.get(prototype) ?? this.ownOf(prototype)
    const kind = own === undefined ? kindOf(error) : own.kind
    const message = own === undefined ? safeText(error.message) : error.message
    const context = own === undefined ? FetchContext.make(error.context) : error.context
    const empty = kind.code === emptyCode ? emptyOf(error) : undefined
    const expected = empty !== undefined && empty.expected
    const count = own === undefined ? this.countOf(kind) : own.count
    let edges = this.alarms.grouped ? this.alarms.settleGroups(now, moment.wall) : noEdges
    for (const watched of count.watched) {
      const due = watched.watch.settle(now)
      if (due.length > 0) edges = this.alarms.tell(edges, watched, due, now, moment.wall)
    }
    count.add(now, this.hours.hour, expected)
    // No limit counts what is expected.
    for (const watched of expected ? [] : count.watched) {
      const news = watched.watch.added(now)
      if (news.length > 0) edges = this.alarms.tell(edges, watched, news, now, moment.wall)
    }
    if (attempt) this.attempted = true
    let kept = count.code === kind.code
    for (let i = 0; i < this.dimensions.length; i++) {
      const { counts, read } = this.dimensions[i]!
      const value = read(context)
      if (value !== undefined && !counts.failed(value, count.inDimensions[i]!, expected, attempt)) kept = false
    }
    if (empty !== undefined) this.empties.add(empty.reason, context.source ?? unknown, expected, now)
    if (!kept) this.dropped++
    this.last.push(now, kind, message, context)
    return this.alarms.grouped ? this.alarms.attempted(edges, context, count.code, now, moment.wall) : edges
  }

  succeeded(input: FetchContext.Input, moment: Moment, duration?: Duration.Duration): ReadonlyArray<Edge> {
    // Which never throws.
    const context = FetchContext.make(input)
    const now = this.advance(moment)
    const edges = this.alarms.grouped ? this.alarms.settleGroups(now, moment.wall) : noEdges
    this.successes.add(now)
    this.attempted = true
    if (duration !== undefined && Duration.isFinite(duration)) {
      this.latencies.add(context.source ?? unknown, Duration.toMillis(duration), this.hands.second)
    }
    let kept = true
    for (const { counts, read } of this.dimensions) {
      const value = read(context)
      if (value !== undefined && !counts.succeeded(value)) kept = false
    }
    if (!kept) this.dropped++
    return this.alarms.grouped ? this.alarms.attempted(edges, context, undefined, now, moment.wall) : edges
  }

  /** Ends what subscribers hear, once they have heard what there is. */
  end(): void {
    this.alarms.subscribers.end()
  }

  unsubscribe(subscriber: Subscriber<Alert.Alert>): void {
    this.alarms.subscribers.remove(subscriber)
  }

  /** Something could not be counted at all. */
  lost(): void {
    this.dropped++
  }

  /** Tells what happened because time went by, in the order in which it happened. */
  settle(moment: Moment): ReadonlyArray<Edge> {
    return this.alarms.settle(this.advance(moment), moment.wall)
  }

  /** Tells what is due and frees what is old. */
  sweep(moment: Moment): ReadonlyArray<Edge> {
    // In this order: when a count fell is read from the stamps that are freed then.
    const edges = this.settle(moment)
    this.hours.turn(this.latest, moment.wall)
    for (const count of this.codes.values()) count.prune(this.latest)
    for (const { counts } of this.dimensions) counts.sweep()
    this.empties.prune(this.latest)
    this.successes.events.prune(this.latest)
    return edges
  }

  /** Nanoseconds since the tracker started. */
  get now(): number {
    return this.latest
  }

  /** How long until an alert can be over. */
  due(moment: Moment): Duration.Duration {
    return Duration.millis(this.alarms.due(this.at(moment)) / 1e6)
  }

  /** A subscriber that has what is active and will get what follows. What is due is told to the others before. */
  subscribe(moment: Moment): readonly [ReadonlyArray<Edge>, Subscriber<Alert.Alert>] {
    return [this.settle(moment), this.alarms.subscribers.add(this.activeAlerts(moment))]
  }

  /** A tracker that knows nothing, for the same subscribers, who learn that nothing is active any more. */
  reset(moment: Moment): readonly [ReadonlyArray<Edge>, Core] {
    const edges = this.alarms.reset(this.advance(moment), moment.wall)
    return [edges, new Core(this.settings, this.alarms.subscribers)]
  }

  /** Watches other limits from now on, and tells what that changes. */
  change(limits: Limits, moment: Moment): ReadonlyArray<Edge> {
    return this.alarms.change(limits, this.advance(moment), moment.wall)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // snapshots
  // -------------------------------------------------------------------------------------------------------------------

  /** Everything, after what is due was told. */
  snapshot(moment: Moment): readonly [ReadonlyArray<Edge>, Snapshot.Snapshot] {
    const edges = this.settle(moment)
    this.hours.turn(this.latest, moment.wall)
    const age = Math.ceil(this.latest / 1e6)
    const now = age * 1e6
    return [edges, {
      version: 1,
      at: DateTime.unsafeMake(moment.wall),
      since: wallOf(0, now, moment.wall),
      age,
      watched: this.hours.watched,
      codes: Array.from(this.codes.values(), (code) => code.snapshot(now, this.hours)),
      successes: this.successes.snapshot(now),
      attempted: this.attempted,
      dimensions: this.dimensions.map(({ counts, name }) => ({ name, ...counts.snapshot() })),
      empties: this.empties.snapshot(now),
      latency: this.latencies.snapshot(),
      recent: this.recent(Infinity, undefined, moment),
      limits: this.alarms.told,
      alerts: this.alarms.snapshot(this.latest, moment.wall),
      dropped: this.dropped
    }]
  }

  /** A tracker that goes on where the snapshot stood, for the same subscribers; all that time aside that has passed. */
  restore(snapshot: Snapshot.Snapshot, moment: Moment): readonly [ReadonlyArray<Edge>, Core] {
    const next = new Core({ ...this.settings, ...this.alarms.limits }, this.alarms.subscribers)
    const edges = next.resume(snapshot, moment.wall)
    return [[...next.alarms.replace(this.alarms, this.advance(moment), moment.wall), ...edges], next]
  }

  private resume(snapshot: Snapshot.Snapshot, wall: number): ReadonlyArray<Edge> {
    const taken = DateTime.toEpochMillis(snapshot.at)
    const then = snapshot.age * 1e6
    this.hands.turn(then)
    this.hours.restore(snapshot.watched, then, taken)
    for (const code of snapshot.codes) this.addCode(code, { snapshot: code, hand: this.hours, now: then })
    this.successes.restore(snapshot.successes, then)
    this.attempted = snapshot.attempted
    for (const { name, ...counts } of snapshot.dimensions) {
      this.dimensions.find((dimension) => dimension.name === name)?.counts.restore(counts)
    }
    this.empties.restore(snapshot.empties, then)
    this.latencies.restore(snapshot.latency)
    const instant = (at: DateTime.Utc) => then - (taken - DateTime.toEpochMillis(at)) * 1e6
    for (const { at, context, message, ...kind } of snapshot.recent.slice(0, this.settings.recent).reverse()) {
      this.last.push(instant(at), kind, message, context)
    }
    this.dropped = snapshot.dropped
    // The process was down: nobody watched, but time went by. A clock that was set back has not turned it.
    const now = then + Math.max(0, wall - taken) * 1e6
    this.hours.skip(now)
    this.advance({ now, wall })
    return this.alarms.restore(snapshot.alerts, instant, then, now, wall)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // answers
  // -------------------------------------------------------------------------------------------------------------------

  stats(given: Duration.Duration | undefined, moment: Moment): ErrorTracker.Stats {
    const window = given && answers.nanos(given)
    const now = this.at(moment)
    const successes = this.attempted ? this.successes.count(window, now) : undefined
    return answers.stats(this.counted(window, now), successes, this.dropped, window, moment.wall)
  }

  rates(moment: Moment): ErrorTracker.Rates {
    const now = this.at(moment)
    const within = (window: number) =>
      Object.fromEntries(this.counted(window, now).map(({ code, count }) => [code, count]))
    return { minute: within(minute), hour: within(hour), day: within(horizon) }
  }

  breakdown(
    { by, code, limit = Infinity, window }: ErrorTracker.BreakdownOptions,
    moment: Moment
  ): ReadonlyArray<ErrorTracker.BreakdownRow> {
    this.hands.turn(this.at(moment))
    const dimension = this.dimensions.find(({ name }) => name === by)
    const rows = dimension?.counts.rows(window === undefined ? undefined : windowIndex[window], code) ?? []
    return answers.breakdown(rows, code, limit)
  }

  timeline(
    options: {
      readonly window: Duration.Duration
      readonly step: Duration.Duration
      readonly code: string | undefined
    },
    moment: Moment
  ): ReadonlyArray<ErrorTracker.TimelineStep> {
    const now = this.at(moment)
    const window = answers.nanos(options.window)
    const step = Math.max(1, answers.nanos(options.step), Math.ceil(window / maxSteps))
    const counts = new Float64Array(Math.ceil(window / step))
    for (const code of options.code === undefined ? this.codes.values() : [this.codes.get(options.code) ?? []].flat()) {
      code.steps(step, now, counts)
    }
    return answers.timeline(counts, step, now, moment.wall)
  }

  emptyData(given: Duration.Duration | undefined, moment: Moment): ErrorTracker.EmptyData {
    const window = given && answers.nanos(given)
    return answers.emptyData(this.empties.rows(window, this.at(moment)), window, moment.wall)
  }

  verdict(code: string, moment: Moment): ErrorTracker.Verdict {
    return this.alarms.verdict(code, this.at(moment))
  }

  activeAlerts(moment: Moment): ReadonlyArray<Alert.Fired | Alert.Escalated> {
    return this.alarms.active(this.at(moment))
  }

  latency(window: ErrorTracker.Window | undefined, moment: Moment): ReadonlyArray<ErrorTracker.LatencyRow> {
    this.hands.turn(this.at(moment))
    return answers.latency(
      this.latencies.rows(window === undefined ? undefined : windowIndex[window], this.hands.second)
    )
  }

  recent(limit: number, code: string | undefined, moment: Moment): ReadonlyArray<ErrorTracker.RecentError> {
    const at = this.at(moment)
    return this.last.newest(Math.max(0, limit), code)
      .map(({ context, kind, message, now }) => ({ at: wallOf(now, at, moment.wall), ...kind, message, context }))
  }

  /** What the counts take up, in bytes; names, the last errors and alerts aside. */
  get bytes(): number {
    return [
      ...this.codes.values(),
      ...this.dimensions.map(({ counts }) => counts),
      this.empties,
      this.successes.events,
      this.latencies
    ]
      .reduce((sum, { bytes }) => sum + bytes, 0)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // internal
  // -------------------------------------------------------------------------------------------------------------------

  private at({ now }: Moment): number {
    return Math.max(now, this.latest)
  }

  private advance(moment: Moment): number {
    this.latest = this.at(moment)
    this.hands.turn(this.latest)
    if (this.latest >= this.hours.ends) this.hours.turn(this.latest, moment.wall)
    return this.latest
  }

  private counted(window: number | undefined, now: number): ReadonlyArray<answers.Counted> {
    return Array.from(this.codes.values(), (code) => ({
      code: code.code,
      severity: code.severity,
      category: code.category,
      count: code.count(window, now),
      expected: code.countExpected(window, now)
    })).filter(({ count }) => count > 0)
  }

  private isDeclared(code: string): boolean {
    const { limits, rules } = this.alarms.limits
    return this.settings.codes.has(code) || limits.has(code) || rules.some((rule) => rule.code === code)
  }

  private ownOf(prototype: unknown): Own | undefined {
    const kind = ownKinds.get(prototype)
    if (kind === undefined) return undefined
    const own = { kind, count: this.countOf(kind) }
    this.own.set(prototype, own)
    return own
  }

  private countOf(kind: Kind): CodeCount {
    const known = this.codes.get(kind.code)
    if (known !== undefined) return known
    return kind.code === other || this.codes.size < maxCodes || this.isDeclared(kind.code)
      ? this.addCode(kind)
      : this.codes.get(other) ?? this.addCode({ code: other, category: "Other", severity: "ERROR" })
  }

  private addCode(kind: Omit<Kind, "tag">, before?: Before): CodeCount {
    const count = new CodeCount(kind, this.alarms, this.dimensions.map(({ counts }) => counts.of(kind.code)), before)
    this.codes.set(kind.code, count)
    return count
  }

  /** What a rule on attempts goes by. */
  private gaugeOf({ by }: Group, code: string | undefined): Gauge {
    const counts = this.dimensions.find(({ name }) => name === by)?.counts
    if (counts !== undefined) {
      return {
        values: () => counts.names(),
        read: (value, window, now) => {
          const row = counts.row(value, windowIndex[window], code, Math.ceil(now / 1e9))
          if (row === undefined) return { errors: 0, attempts: 0 }
          return { errors: answers.errorsOf(row, code), attempts: row.attempts }
        }
      }
    }
    return {
      values: () => [""],
      read: (_, window, now) => {
        let errors = 0
        let all = 0
        for (const [name, counts] of this.codes) {
          const count = counts.count(windows[window], now)
          all += count
          if (code === undefined || code === name) errors += count - counts.countExpected(windows[window], now)
        }
        return { errors, attempts: this.attempted ? all + this.successes.count(windows[window], now) : 0 }
      }
    }
  }
}
