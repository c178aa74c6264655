/**
 * The tracker without Effect: mutable, touched only inside one synchronous step at a time, and giving out nothing but
 * snapshots. Instants are nanoseconds since the tracker started, `wall` is the wall clock in milliseconds, for display.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type * as Alert from "../../Alert.js"
import * as FetchContext from "../../FetchContext.js"
import type * as FetchError from "../../FetchError.js"
import { safeText } from "../safe/json.js"
import type { Edge } from "./alerting/alertBuilder.js"
import { replayOf, wallOf } from "./alerting/alertBuilder.js"
import { AlertFeed } from "./alerting/alertFeed.js"
import type { Limits } from "./alerting/evaluator.js"
import { Evaluator, noEdges } from "./alerting/evaluator.js"
import type { Subscriber } from "./alerting/subscribers.js"
import type { Kind } from "./counting/classification.js"
import { emptyCode, emptyOf, kindOf, ownKinds } from "./counting/classification.js"
import type { Before } from "./counting/codeCounts.js"
import { CodeCount } from "./counting/codeCounts.js"
import { Counts } from "./counting/counts.js"
import { other } from "./counting/dimension.js"
import * as answers from "./counting/views.js"
import type { Window } from "./counting/windows.js"
import { windowIndex, windows } from "./counting/windows.js"
import type * as Model from "./model.js"
import { Notices } from "./notices.js"
import type { CallOutcome } from "./reporting.js"
import { merge } from "./snapshotMerge.js"
import type * as Snapshot from "./snapshotModel.js"
import { evaluated } from "./snapshotModel.js"
import type { Moment } from "./timekeeper.js"
import type { Settings } from "./trackerOptions.js"

interface Own {
  readonly kind: Kind
  readonly count: CodeCount
}

const maxCodes = 64
const maxSteps = 1440
const unknown = "unknown"

export class Core {
  private readonly settings: Settings
  private readonly counts: Counts
  // By prototype, so that an error of one of the 17 types is known by one look.
  private readonly own = new Map<unknown, Own>()
  private readonly evaluator: Evaluator
  private notices = new Notices()
  private latest = 0

  constructor(settings: Settings, feed = new AlertFeed()) {
    this.settings = settings
    this.counts = new Counts(settings)
    this.evaluator = new Evaluator(settings, (group, code) => this.counts.gauge(group, code), feed)
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
    const { counts, evaluator } = this
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
    let edges = evaluator.settle(now, moment.wall)
    count.add(now, counts.hours.hour, expected)
    // No limit counts what is expected.
    for (const watched of expected ? [] : count.watched) {
      const added = watched.watch.added(now)
      if (added.length > 0) edges = evaluator.publish(edges, watched, added, now, moment.wall)
    }
    if (attempt) counts.attempted = true
    let kept = count.code === kind.code
    for (let i = 0; i < counts.dimensions.length; i++) {
      const dimension = counts.dimensions[i]!
      const value = dimension.read(context, error)
      if (value === undefined) continue
      if (!dimension.counts.failed(value, count.inDimensions[i]!, expected, attempt)) kept = false
    }
    if (empty !== undefined) counts.empties.add(empty.reason, context.source ?? unknown, expected, now)
    if (!kept) counts.dropped++
    counts.last.push(now, kind, message, context)
    if (this.notices.isDue()) {
      this.notices.look({
        attempted: counts.attempted,
        dimensions: counts.dimensions,
        rules: evaluator.limits.rules
      })
    }
    return evaluator.hasGroups ? evaluator.attempted(edges, context, count.code, now, moment.wall, error) : edges
  }

  succeeded(input: FetchContext.Input, moment: Moment, duration?: Duration.Duration): ReadonlyArray<Edge> {
    const { counts, evaluator } = this
    // Never throws.
    const context = FetchContext.make(input)
    const now = this.advance(moment)
    const edges = evaluator.settle(now, moment.wall)
    counts.successes.add(now)
    counts.attempted = true
    if (duration !== undefined && Duration.isFinite(duration)) {
      counts.latencies.add(context.source ?? unknown, Duration.toMillis(duration), counts.hands.second)
    }
    let kept = true
    for (const { counts: dimension, read } of counts.dimensions) {
      const value = read(context)
      if (value !== undefined && !dimension.succeeded(value)) kept = false
    }
    if (!kept) counts.dropped++
    return evaluator.hasGroups ? evaluator.attempted(edges, context, undefined, now, moment.wall) : edges
  }

  retried(what: keyof Model.RetryCounts, moment: Moment): void {
    this.counts.retry[what].add(this.advance(moment))
  }

  /** Counts a call that ended. */
  called(outcome: CallOutcome, moment: Moment): void {
    const now = this.advance(moment)
    const { calls } = this.counts
    calls.made.add(now)
    if (outcome !== "succeeded") calls[outcome].add(now)
  }

  get hasNotices(): boolean {
    return this.notices.hasAny
  }

  takeNotices(): ReadonlyArray<string> {
    return this.notices.take()
  }

  /** Ends what subscribers hear, once they have heard what there is. */
  end(): void {
    this.evaluator.feed.subscribers.end()
  }

  unsubscribe(subscriber: Subscriber<Alert.Alert>): void {
    this.evaluator.feed.subscribers.remove(subscriber)
  }

  /** Something could not be counted at all. */
  lost(): void {
    this.counts.dropped++
  }

  /** Tells what happened because time went by, in the order in which it happened. */
  settle(moment: Moment): ReadonlyArray<Edge> {
    return this.evaluator.settle(this.advance(moment), moment.wall)
  }

  /** Tells what is due and frees what is old. */
  sweep(moment: Moment): ReadonlyArray<Edge> {
    // In this order: when a count fell is read from the stamps that are freed then.
    const edges = this.settle(moment)
    this.counts.hours.turn(this.latest, moment.wall)
    this.counts.prune(this.latest)
    return edges
  }

  /** Nanoseconds since the tracker started. */
  get now(): number {
    return this.latest
  }

  /** How long until an alert can be over. */
  due(moment: Moment): Duration.Duration {
    return Duration.millis((this.evaluator.dueAt - this.at(moment)) / 1e6)
  }

  /** A subscriber that has what is active and will get what follows. What is due is told to the others before. */
  subscribe(moment: Moment): readonly [ReadonlyArray<Edge>, Subscriber<Alert.Alert>] {
    const edges = this.settle(moment)
    return [edges, this.evaluator.feed.subscribers.add(this.activeAlerts(moment).map(replayOf))]
  }

  /** A tracker that knows nothing, for the same subscribers, who learn that nothing is active any more. */
  reset(moment: Moment): readonly [ReadonlyArray<Edge>, Core] {
    const edges = this.evaluator.reset(this.advance(moment), moment.wall)
    return [edges, this.anew()]
  }

  /** One that knows nothing, of the same limits, for the same subscribers. */
  private anew(): Core {
    const next = new Core({ ...this.settings, ...this.evaluator.limits }, this.evaluator.feed)
    next.notices = this.notices
    return next
  }

  /** Watches other limits from now on, and tells what that changes. */
  change(limits: Limits, moment: Moment): ReadonlyArray<Edge> {
    return this.evaluator.change(limits, this.advance(moment), moment.wall)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // snapshots
  // -------------------------------------------------------------------------------------------------------------------

  /** The whole state as plain data, and the alerts that were due before. */
  snapshot(moment: Moment): readonly [ReadonlyArray<Edge>, Snapshot.Snapshot] {
    const [edges, snapshot] = this.lazySnapshot(moment)
    return [edges, evaluated(snapshot)]
  }

  /**
   * The same, with most of its tallies and series behind getters that read copies. It is taken within a few milliseconds,
   * so that a snapshot of thousands of values can be encoded piece by piece while the tracker goes on.
   */
  lazySnapshot(moment: Moment): readonly [ReadonlyArray<Edge>, Snapshot.Snapshot] {
    const edges = this.settle(moment)
    this.counts.hours.turn(this.latest, moment.wall)
    const age = Math.ceil(this.latest / 1e6)
    return [edges, {
      version: 1,
      at: DateTime.unsafeMake(moment.wall),
      since: wallOf(0, age * 1e6, moment.wall),
      age,
      ...this.counts.snapshot(this.latest),
      recent: this.recent(Infinity, undefined, moment),
      limits: this.evaluator.codeLimits,
      alerts: this.evaluator.snapshot(this.latest, moment.wall)
    }]
  }

  /** A tracker that goes on where the snapshot stood, for the same subscribers; all that time aside that has passed. */
  restore(snapshot: Snapshot.Snapshot, moment: Moment): readonly [ReadonlyArray<Edge>, Core] {
    const due = this.settle(moment)
    const next = this.anew()
    return [[...due, ...next.resume(snapshot, moment.wall, { evaluator: this.evaluator, now: this.latest })], next]
  }

  /** The same tracker with the counts of an older snapshot added. */
  merge(older: Snapshot.Snapshot, moment: Moment): readonly [ReadonlyArray<Edge>, Core] {
    const [edges, newer] = this.snapshot(moment)
    const [changes, next] = this.restore(merge(older, newer), moment)
    return [[...edges, ...changes], next]
  }

  private resume(
    snapshot: Snapshot.Snapshot,
    wall: number,
    old: { readonly evaluator: Evaluator; readonly now: number }
  ): ReadonlyArray<Edge> {
    const taken = DateTime.toEpochMillis(snapshot.at)
    const then = snapshot.age * 1e6
    const instantOf = (at: DateTime.Utc) => then - (taken - DateTime.toEpochMillis(at)) * 1e6
    this.counts.restore(
      snapshot,
      then,
      instantOf,
      (code) => this.addCode(code, { snapshot: code, hand: this.counts.hours, now: then })
    )
    // The process was down: nobody watched, but time went by. A clock that was set back has not turned it.
    const now = then + Math.max(0, wall - taken) * 1e6
    this.counts.hours.skip(now)
    this.advance({ now, wall })
    return this.evaluator.restore(snapshot.alerts, { age: then, instantOf }, { now, wall }, old)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // answers
  // -------------------------------------------------------------------------------------------------------------------

  stats(given: Duration.Duration | undefined, moment: Moment): Model.Stats {
    const { counts } = this
    const window = given && answers.nanos(given)
    const now = this.at(moment)
    const successes = counts.attempted ? counts.successes.count(window, now) : undefined
    const others = {
      dropped: counts.dropped,
      retry: counts.retried((tally) => tally.count(window, now)),
      calls: counts.called((tally) => tally.count(window, now))
    }
    return answers.stats(counts.byCode(window, now), successes, others, window, moment.wall)
  }

  rates(moment: Moment): Model.Rates {
    const now = this.at(moment)
    const within = (window: number) =>
      Object.fromEntries(this.counts.byCode(window, now).map(({ code, count }) => [code, count]))
    return { minute: within(windows.minute), hour: within(windows.hour), day: within(windows.day) }
  }

  breakdown(
    { by, code, limit = Infinity, window }: Model.BreakdownOptions,
    moment: Moment
  ): ReadonlyArray<Model.BreakdownRow> {
    this.counts.hands.turn(this.at(moment))
    const rows = this.counts.of(by)?.rows(window === undefined ? undefined : windowIndex[window], code) ?? []
    return answers.breakdown(rows, code, limit)
  }

  timeline(
    options: Readonly<Record<"window" | "step", Duration.Duration>> & Pick<Model.TimelineOptions, "code">,
    moment: Moment
  ): ReadonlyArray<Model.TimelineStep> {
    const now = this.at(moment)
    const window = answers.nanos(options.window)
    const step = Math.max(1, answers.nanos(options.step), Math.ceil(window / maxSteps))
    const counts = new Float64Array(Math.ceil(window / step))
    const { codes } = this.counts
    for (const code of options.code === undefined ? codes.values() : [codes.get(options.code) ?? []].flat()) {
      code.steps(step, now, counts)
    }
    return answers.timeline(counts, step, now, moment.wall)
  }

  emptyData(given: Duration.Duration | undefined, moment: Moment): Model.EmptyData {
    const window = given && answers.nanos(given)
    return answers.emptyData(this.counts.empties.rows(window, this.at(moment)), window, moment.wall)
  }

  verdict(code: string, moment: Moment): Model.Verdict {
    return this.evaluator.verdict(code, this.at(moment))
  }

  activeAlerts(moment: Moment): ReadonlyArray<Alert.Fired | Alert.Escalated> {
    return this.evaluator.active(this.at(moment))
  }

  latency(window: Window | undefined, moment: Moment): ReadonlyArray<Model.LatencyRow> {
    const { hands, latencies } = this.counts
    hands.turn(this.at(moment))
    return answers.latency(latencies.rows(window === undefined ? undefined : windowIndex[window], hands.second))
  }

  recent(limit: number, code: string | undefined, moment: Moment): ReadonlyArray<Model.RecentError> {
    const at = this.at(moment)
    return this.counts.last.newest(Math.max(0, limit), code)
      .map(({ context, kind, message, now }) => ({ at: wallOf(now, at, moment.wall), ...kind, message, context }))
  }

  /** What the counts take up, in bytes; names, the last errors and alerts aside. */
  get bytes(): number {
    return this.counts.bytes
  }

  // -------------------------------------------------------------------------------------------------------------------
  // internal
  // -------------------------------------------------------------------------------------------------------------------

  private at({ now }: Moment): number {
    return Math.max(now, this.latest)
  }

  private advance(moment: Moment): number {
    this.latest = this.at(moment)
    this.counts.turn(this.latest, moment)
    return this.latest
  }

  private isDeclared(code: string): boolean {
    const { limits, rules } = this.evaluator.limits
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
    const { codes } = this.counts
    const known = codes.get(kind.code)
    if (known !== undefined) return known
    return kind.code === other || codes.size < maxCodes || this.isDeclared(kind.code)
      ? this.addCode(kind)
      : codes.get(other) ?? this.addCode({ code: other, category: "Other", severity: "ERROR" })
  }

  private addCode(kind: Omit<Kind, "tag">, before?: Before): CodeCount {
    const { codes, dimensions } = this.counts
    const count = new CodeCount(kind, this.evaluator, dimensions.map(({ counts }) => counts.of(kind.code)), before)
    codes.set(kind.code, count)
    return count
  }
}
