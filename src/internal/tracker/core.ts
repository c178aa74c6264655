/**
 * The tracker without Effect: mutable, changed in synchronous steps, and left only by snapshots. Instants are nanoseconds since
 * it started; `wall` is the wall clock in milliseconds, for display.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type * as Alert from "../../Alert.js"
import * as FetchContext from "../../FetchContext.js"
import type * as FetchError from "../../FetchError.js"
import { safeText } from "../safe/json.js"
import { type Edge, replayOf, wallOf } from "./alerting/alertBuilder.js"
import { AlertFeed } from "./alerting/alertFeed.js"
import { objectivesOf } from "./alerting/errorBudget.js"
import { Evaluator, type Limits, noEdges } from "./alerting/evaluator.js"
import type { Subscriber } from "./alerting/subscribers.js"
import type { Classification } from "./counting/classification.js"
import { classificationOf, emptyCode, emptyOf, ownClassifications } from "./counting/classification.js"
import { type Before, CodeCount } from "./counting/codeCounts.js"
import { Counts } from "./counting/counts.js"
import { other } from "./counting/dimension.js"
import { bucketOf } from "./counting/durationSketch.js"
import { objectiveGauge } from "./counting/objectiveGauges.js"
import type { Batch } from "./counting/successBuffer.js"
import * as timelines from "./counting/timelines.js"
import * as views from "./counting/views.js"
import { windowIndex, windows } from "./counting/windows.js"
import type * as Model from "./model.js"
import { Notices } from "./notices.js"
import type { CallOutcome } from "./reporting.js"
import { merge } from "./snapshotMerge.js"
import * as Snapshot from "./snapshotModel.js"
import type { Moment } from "./timekeeper.js"
import type { Settings } from "./trackerOptions.js"
import type { View } from "./view.js"

interface Own {
  readonly classification: Classification
  readonly count: CodeCount
}

const maxCodes = 64
const unknown = "unknown"

export class Core {
  private readonly settings: Settings
  readonly counts: Counts
  // By prototype: one lookup finds the classification of an error of the 17 types, and its counts.
  private readonly own = new Map<unknown, Own>()
  readonly evaluator: Evaluator
  notices = new Notices()
  private latest = 0

  constructor(settings: Settings, feed = new AlertFeed()) {
    this.settings = settings
    this.counts = new Counts(settings)
    this.evaluator = new Evaluator(
      settings,
      (group, code) => this.counts.gauge(group, code),
      (objective) => objectiveGauge(this.counts, objective),
      feed
    )
  }

  // -------------------------------------------------------------------------------------------------------------------
  // events
  // -------------------------------------------------------------------------------------------------------------------

  /** Counts an error. Never throws: an error whose fields throw is counted as dropped. */
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
    // Every field is read before anything is counted: an error whose fields throw is not counted in part.
    const prototype: unknown = Object.getPrototypeOf(error)
    const own = this.own.get(prototype) ?? this.ownOf(prototype)
    const classification = own === undefined ? classificationOf(error) : own.classification
    const message = own === undefined ? safeText(error.message) : error.message
    const context = own === undefined ? FetchContext.make(error.context) : error.context
    const empty = classification.code === emptyCode ? emptyOf(error) : undefined
    const expected = empty !== undefined && empty.expected
    const { causesFrom } = counts.recent
    const causes = now < causesFrom ? undefined : counts.recent.causesOf(error, classification.code, message, now)
    const count = own === undefined ? this.countOf(classification) : own.count
    let edges = evaluator.settle(now, moment)
    count.add(now, counts.hours.hour, expected)
    // Expected empties count towards no limit.
    if (!expected) edges = evaluator.failed(count.watched, edges, now, moment)
    if (attempt) counts.attempted = true
    let kept = count.code === classification.code
    for (let i = 0; i < counts.dimensions.length; i++) {
      const dimension = counts.dimensions[i]!
      const value = dimension.read(context, error)
      if (value === undefined) continue
      if (!dimension.counts.failed(value, count.inDimensions[i]!, expected, attempt)) kept = false
    }
    if (empty !== undefined) counts.empties.add(empty.reason, context.source ?? unknown, expected, now)
    if (!kept) counts.dropped++
    counts.recent.push(count.recent, now, classification, message, context, expected, causes)
    if (this.notices.isDue()) this.notices.look(counts, evaluator.limits.rules)
    return evaluator.hasGroups ? evaluator.attempted(edges, context, count.code, now, moment, error) : edges
  }

  /** Counts a success. Never throws. */
  succeeded(input: FetchContext.Input, moment: Moment, duration?: Duration.Duration): ReadonlyArray<Edge> {
    const { counts, evaluator } = this
    const context = FetchContext.make(input)
    const now = this.advance(moment)
    const edges = evaluator.settle(now, moment)
    counts.successes.add(now)
    counts.attempted = true
    const { second } = counts.hands
    const millis = duration !== undefined && Duration.isFinite(duration) ? Duration.toMillis(duration) : undefined
    const bucket = millis === undefined ? 0 : bucketOf(millis)
    if (millis !== undefined) counts.latencies.add(context.source ?? unknown, millis, bucket, second)
    let kept = true
    for (const { counts: dimension, latencies, read } of counts.dimensions) {
      const value = read(context)
      if (value === undefined) continue
      if (!dimension.succeeded(value)) kept = false
      if (millis !== undefined && latencies !== undefined) latencies.add(value, millis, bucket, second)
    }
    if (!kept) counts.dropped++
    return evaluator.hasGroups ? evaluator.attempted(edges, context, undefined, now, moment) : edges
  }

  /** Counts an action of a retry policy. */
  retried(action: keyof Model.RetryCounts, moment: Moment): void {
    this.counts.retry[action].add(this.advance(moment))
  }

  /** Counts a call that ended. */
  called(outcome: CallOutcome, moment: Moment): void {
    const now = this.advance(moment)
    const { calls } = this.counts
    calls.made.add(now)
    calls[outcome === "empty" ? "failed" : outcome].add(now)
    if (outcome === "empty") this.counts.expectedCalls.add(now)
  }

  /** Counts calls that succeeded some time before. */
  callsSucceeded({ age, count }: Batch, moment: Moment): void {
    const then = Math.max(0, this.advance(moment) - age)
    for (let i = 0; i < count; i++) this.counts.calls.made.add(then)
  }

  /** Ends the streams of subscribers after the alerts that were published. */
  end(): void {
    this.evaluator.feed.subscribers.end()
  }

  unsubscribe(subscriber: Subscriber<Alert.Alert>): void {
    this.evaluator.feed.subscribers.remove(subscriber)
  }

  /** Counts an event that could not be counted in full as dropped. */
  lost(): void {
    this.counts.dropped++
  }

  /** Publishes the edges that became due because time passed, in the order of time. */
  settle(moment: Moment): ReadonlyArray<Edge> {
    return this.evaluator.settle(this.advance(moment), moment)
  }

  /** Publishes the edges that are due, and frees the memory of events that are older than every window. */
  cleanUp(moment: Moment): ReadonlyArray<Edge> {
    // In this order: the instant at which a count fell is read from stamps that are freed afterwards.
    const edges = this.settle(moment)
    this.counts.hours.turn(this.latest, moment.wall)
    this.counts.prune(this.latest)
    return edges
  }

  /** Nanoseconds since the tracker started. */
  get now(): number {
    return this.latest
  }

  /** The time until the next edge can be due. */
  untilDue(moment: Moment): Duration.Duration {
    return Duration.millis((this.evaluator.dueAt - this.at(moment)) / 1e6)
  }

  /** Adds a subscriber, which receives the active alerts first. Edges that are due are published before. */
  subscribe(moment: Moment): readonly [ReadonlyArray<Edge>, Subscriber<Alert.Alert>] {
    const edges = this.settle(moment)
    return [edges, this.evaluator.feed.subscribers.add(this.activeAlerts(moment).map(replayOf))]
  }

  /** Ends all alerts, and returns an empty tracker with the same limits and subscribers. */
  reset(moment: Moment): readonly [ReadonlyArray<Edge>, Core] {
    const edges = this.evaluator.reset(this.advance(moment), moment.wall)
    return [edges, this.emptied()]
  }

  /** An empty tracker with the same limits and subscribers. */
  private emptied(): Core {
    const next = new Core({ ...this.settings, ...this.evaluator.limits }, this.evaluator.feed)
    next.notices = this.notices
    return next
  }

  /** Replaces the limits, and publishes the edges that this causes. */
  change(limits: Limits, moment: Moment): ReadonlyArray<Edge> {
    return this.evaluator.change(limits, this.advance(moment), moment.wall)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // snapshots
  // -------------------------------------------------------------------------------------------------------------------

  /** The state as plain data, after the edges that are due. */
  snapshot(moment: Moment): readonly [ReadonlyArray<Edge>, Snapshot.Snapshot] {
    const [edges, lazy] = this.lazySnapshot(moment)
    return [edges, Snapshot.evaluatedAtOnce(lazy)]
  }

  /**
   * The same, with most of its tallies and series behind getters of copies. It takes a few milliseconds, so that a snapshot
   * of thousands of values can be encoded piece by piece while the tracker goes on.
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
      objectives: objectivesOf(this.evaluator.limits.rules),
      resolved: this.evaluator.feed.endedWithin(Infinity, moment.wall),
      alerts: this.evaluator.snapshot(this.latest, moment.wall)
    }]
  }

  /** A tracker that continues from the snapshot, with the same subscribers and the time that has passed since. */
  restore(snapshot: Snapshot.Snapshot, moment: Moment): readonly [ReadonlyArray<Edge>, Core] {
    const due = this.settle(moment)
    const next = this.emptied()
    return [[...due, ...next.resume(snapshot, moment.wall, { evaluator: this.evaluator, now: this.latest })], next]
  }

  /** This tracker with the counts of an older snapshot added. */
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
      (code) => this.addCode(code, { snapshot: code, hand: this.counts.hours, now: then }),
      (error) => this.countOf(error).recent
    )
    // Time passed while the process was down, but was not observed. A wall clock that was set back counts as no time.
    const now = then + Math.max(0, wall - taken) * 1e6
    this.counts.hours.skip(now)
    this.advance({ now, wall })
    this.evaluator.feed.keep(snapshot.resolved ?? [])
    return this.evaluator.restore(snapshot.alerts, { age: then, instantOf }, { now, wall }, old)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // reads
  // -------------------------------------------------------------------------------------------------------------------

  stats(within: Duration.Duration | undefined, moment: Moment): Model.Stats {
    const { counts } = this
    const window = within && views.nanos(within)
    const now = this.at(moment)
    const successes = counts.attempted ? counts.successes.count(window, now) : undefined
    const others = {
      dropped: counts.dropped,
      retry: counts.retried((tally) => tally.count(window, now)),
      calls: counts.called((tally) => tally.count(window, now))
    }
    return views.stats(counts.byCode(window, now), successes, others, window, moment.wall)
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
    return views.breakdown(rows, code, limit)
  }

  timeline(options: timelines.TimelineInput, moment: Moment): ReadonlyArray<Model.TimelineStep> {
    return timelines.timelineOf(this.counts.codes, options, this.at(moment), moment.wall)
  }

  /** A read of the counts and of the limits. */
  read<A>(f: (view: View) => A, moment: Moment): A {
    this.counts.hands.turn(this.at(moment))
    return f({ counts: this.counts, evaluator: this.evaluator, now: this.at(moment), wall: moment.wall })
  }

  emptyData(within: Duration.Duration | undefined, moment: Moment): Model.EmptyData {
    const window = within && views.nanos(within)
    return views.emptyData(this.counts.empties.rows(window, this.at(moment)), window, moment.wall)
  }

  verdict(code: string, moment: Moment): Model.Verdict {
    return this.evaluator.verdict(code, this.at(moment))
  }

  activeAlerts(moment: Moment): ReadonlyArray<Alert.Fired | Alert.Escalated> {
    return this.evaluator.active(this.at(moment))
  }

  recent(limit: number, code: string | undefined, moment: Moment): ReadonlyArray<Model.RecentError> {
    return timelines.recentOf(this.counts.recent.newest(Math.max(0, limit), code), this.at(moment), moment.wall)
  }

  /** In bytes, without names, recent errors and alerts. */
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
    const classification = ownClassifications.get(prototype)
    if (classification === undefined) return undefined
    const own = { classification, count: this.countOf(classification) }
    this.own.set(prototype, own)
    return own
  }

  private countOf(classification: Classification): CodeCount {
    const { codes } = this.counts
    const known = codes.get(classification.code)
    if (known !== undefined) return known
    return classification.code === other || codes.size < maxCodes || this.isDeclared(classification.code)
      ? this.addCode(classification)
      : codes.get(other) ?? this.addCode({ code: other, category: "Other", severity: "ERROR" })
  }

  private addCode(classification: Omit<Classification, "tag">, before?: Before): CodeCount {
    const { codes, dimensions } = this.counts
    const count = new CodeCount(
      classification,
      this.evaluator,
      dimensions.map(({ counts }) => counts.of(classification.code)),
      this.counts.recent.addCode(),
      before
    )
    codes.set(classification.code, count)
    return count
  }
}
