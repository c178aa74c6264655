/** Evaluates all limits and rules, and publishes their edges. Instants are nanoseconds since the tracker started. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as FetchContext from "../../../FetchContext.js"
import type { Severity, Trackable } from "../../../FetchError.js"
import type { SlidingWindow } from "../../../SlidingWindow.js"
import type { Reader } from "../counting/dimensionReader.js"
import { reader } from "../counting/dimensionReader.js"
import type * as Model from "../model.js"
import type * as Snapshot from "../snapshotModel.js"
import type { Active, Edge, Instants, WallClock } from "./alertBuilder.js"
import { alertOf, wallOf, withId } from "./alertBuilder.js"
import type { AlertFeed } from "./alertFeed.js"
import { currentAlert } from "./alertStatus.js"
import type { Build } from "./carryOver.js"
import { carryOver, keyOf, keyOfAlert } from "./carryOver.js"
import { CombinedWindow } from "./combinedWindow.js"
import type * as Edges from "./edges.js"
import { GroupWatch } from "./groupWatch.js"
import type { Rule } from "./limits.js"
import { ObjectiveWatch } from "./objectiveWatch.js"
import type { GaugeOf, ObjectiveGaugeOf } from "./snapshotWatch.js"
import { snapshotWatch } from "./snapshotWatch.js"
import { activeOf, groupOf, standingOf } from "./standing.js"
import type { Watch, Watched } from "./watch.js"
import { WatchedEvents } from "./watchedEvents.js"

/** A rule on attempts or on the values of a dimension, with the value that an attempt counts for. */
interface WatchedGroup extends Watched<GroupWatch> {
  readonly valueOf: Reader
}

interface Code {
  readonly severity: Severity
  readonly events: SlidingWindow
  readonly watched: WatchedEvents
}

export interface Limits {
  readonly limits: ReadonlyMap<string, ReadonlyArray<Edges.Limit>>
  readonly rules: ReadonlyArray<Rule>
}

/** When a snapshot was taken, on the clock of the tracker that it came from. */
interface Taken {
  readonly age: number
  readonly instantOf: (at: DateTime.Utc) => number
}

export const noEdges: ReadonlyArray<Edge> = []

export class Evaluator {
  private readonly codes = new Map<string, Code>()
  private readonly gaugeOf: GaugeOf
  private readonly objectiveGaugeOf: ObjectiveGaugeOf
  // The errors of all codes, with the rules on them.
  private readonly allErrors = new WatchedEvents(
    new CombinedWindow(() => Array.from(this.codes.values(), ({ events }) => events))
  )
  readonly feed: AlertFeed
  limits: Limits
  private groups: ReadonlyArray<WatchedGroup> = []
  private objectives: ReadonlyArray<Watched<ObjectiveWatch>> = []
  all: ReadonlyArray<Watched> = []
  // No edge is due before this instant has passed, unless something is counted.
  private quietUntil = Infinity

  constructor(limits: Limits, gaugeOf: GaugeOf, objectiveGaugeOf: ObjectiveGaugeOf, feed: AlertFeed) {
    this.limits = limits
    this.gaugeOf = gaugeOf
    this.objectiveGaugeOf = objectiveGaugeOf
    this.feed = feed
    this.watchRules()
  }

  /** True if there are rules on attempts or values. */
  get hasGroups(): boolean {
    return this.groups.length > 0
  }

  /** True if a further step continues the evaluation of objectives, which takes several steps for thousands of values. */
  get isEvaluating(): boolean {
    return this.objectives.some(({ watch }) => watch.isEvaluating)
  }

  /** Adds a code that has not occurred before, and returns its events with their limits. */
  watch(code: string, severity: Severity, events: SlidingWindow): WatchedEvents {
    const watched = new WatchedEvents(events)
    this.codes.set(code, { severity, events, watched })
    // Its events may have been restored: they were not counted one by one.
    this.allErrors.wake()
    this.watchCode(code, watched)
    this.index()
    return watched
  }

  private watchCode(code: string, watched: WatchedEvents): void {
    watched.clear()
    for (const limit of this.limits.limits.get(code) ?? []) watched.add(limit, undefined, code)
    for (const { code: ofRule, group, limit, name } of this.limits.rules) {
      if (group === undefined && ofRule === code) watched.add(limit, name, code)
    }
  }

  private watchRules(): void {
    this.allErrors.clear()
    const groups: Array<WatchedGroup> = []
    const objectives: Array<Watched<ObjectiveWatch>> = []
    for (const rule of this.limits.rules) {
      const { code, group, limit, objective } = rule
      if (objective !== undefined) {
        const gauge = this.objectiveGaugeOf(objective)
        if (gauge === undefined) continue
        const watch = new ObjectiveWatch(limit, objective, gauge)
        objectives.push({ watch, rule: rule.name, code, alert: undefined })
      } else if (group !== undefined) {
        const gauge = this.gaugeOf(group, code)
        if (gauge === undefined) continue
        const watch = new GroupWatch(limit, group, gauge)
        const valueOf = group.by === undefined ? () => "" : reader(group.by)
        groups.push({ watch, rule: rule.name, code, alert: undefined, valueOf })
      } else if (code === undefined) {
        this.allErrors.add(limit, rule.name, code)
      }
    }
    this.groups = groups
    this.objectives = objectives
    this.index()
    this.quietUntil = this.nextDue
  }

  private index(): void {
    const ofCodes = Array.from(this.codes.values(), ({ watched }) => watched.limits).flat()
    this.all = [...ofCodes, ...this.allErrors.limits, ...this.groups, ...this.objectives]
  }

  // -------------------------------------------------------------------------------------------------------------------
  // events
  // -------------------------------------------------------------------------------------------------------------------

  /** Publishes the edges that became due because time passed, in the order of time. Must precede every count. */
  settle(now: number, clock: WallClock): ReadonlyArray<Edge> {
    if (now <= this.quietUntil) return noEdges
    const edges = this.settled(this.all, now, clock.wall)
    for (const alert of edges) this.feed.publish(alert)
    this.quietUntil = this.nextDue
    return edges
  }

  /** The edges that became due because time passed, in the order of time. */
  private settled(all: ReadonlyArray<Watched>, now: number, wall: number): ReadonlyArray<Edge> {
    return all.flatMap((watched) => {
      const due: Array<{ readonly at: number; readonly alerts: ReadonlyArray<Edge> }> = []
      // An objective has the edges of one minute at a time: an alert has the counts of its minute.
      for (let edges = watched.watch.settle(now); edges[0] !== undefined; edges = watched.watch.settle(now)) {
        due.push({ at: edges[0].at, alerts: this.build(watched, edges, now, wall) })
      }
      return due
    }).sort((a, b) => a.at - b.at).flatMap(({ alerts }) => alerts)
  }

  /** The edges that an error caused in the limits on its code and on all codes. Must follow the count of the error. */
  failed(ofCode: WatchedEvents, before: ReadonlyArray<Edge>, now: number, clock: WallClock): ReadonlyArray<Edge> {
    const edges = ofCode.skip(now) ? before : this.evaluate(ofCode, before, now, clock)
    return this.allErrors.skip(now) ? edges : this.evaluate(this.allErrors, edges, now, clock)
  }

  private evaluate(
    events: WatchedEvents,
    before: ReadonlyArray<Edge>,
    now: number,
    clock: WallClock
  ): ReadonlyArray<Edge> {
    let edges = before
    events.catchUp()
    for (const watched of events.limits) {
      const added = watched.watch.added(now)
      if (added.length > 0) edges = this.publish(edges, watched, added, now, clock)
    }
    events.plan(now)
    return edges
  }

  /**
   * Adds the edges that an attempt caused in rules on attempts and values. `code` is undefined for a success. Must follow
   * the count of the attempt.
   */
  attempted(
    before: ReadonlyArray<Edge>,
    context: FetchContext.FetchContext,
    code: string | undefined,
    now: number,
    clock: WallClock,
    error?: Trackable
  ): ReadonlyArray<Edge> {
    let edges = before
    for (const group of this.groups) {
      // Only a ratio depends on successes and on errors of other codes.
      const counts = code !== undefined && (group.code === undefined || group.code === code)
      const value = counts || group.watch.group.minAttempts !== undefined ? group.valueOf(context, error) : undefined
      if (value !== undefined) edges = this.publish(edges, group, group.watch.counted(value, now), now, clock)
    }
    return edges
  }

  /** Publishes the edges of one limit, and returns them after those of `before`. */
  private publish(
    before: ReadonlyArray<Edge>,
    watched: Watched,
    edges: ReadonlyArray<Edges.Edge>,
    now: number,
    clock: WallClock
  ): ReadonlyArray<Edge> {
    // An event that is no edge may begin an exceeding value of a group, and with it a time at which that value recovers.
    if (watched.watch.quietUntil < this.quietUntil) this.quietUntil = watched.watch.quietUntil
    if (edges.length === 0) return before
    const alerts = this.build(watched, edges, now, clock.wall)
    for (const alert of alerts) this.feed.publish(alert)
    return [...before, ...alerts]
  }

  /** The alerts of edges, the last of which the limit keeps while it is active. */
  private build(watched: Watched, edges: ReadonlyArray<Edges.Edge>, now: number, wall: number): ReadonlyArray<Edge> {
    const severity = (watched.code === undefined ? undefined : this.codes.get(watched.code)?.severity) ?? "ERROR"
    return edges.map((edge) => {
      const id = watched.alert?.id ?? this.feed.newId(keyOf(watched), wallOf(edge.at, now, wall).epochMillis)
      const alert = alertOf(watched, { id, severity }, edge, { now, wall })
      watched.alert = alert._tag === "Resolved" ? undefined : alert
      return alert
    })
  }

  private publishAll(
    all: ReadonlyArray<Watched>,
    edgesOf: (watch: Watch) => ReadonlyArray<Edges.Edge>,
    now: number,
    clock: WallClock
  ): ReadonlyArray<Edge> {
    return all
      .map((watched) => ({ watched, edges: edgesOf(watched.watch) }))
      .filter(({ edges }) => edges.length > 0)
      .sort((a, b) => (a.edges[0]?.at ?? 0) - (b.edges[0]?.at ?? 0))
      .reduce((before, { edges, watched }) => this.publish(before, watched, edges, now, clock), noEdges)
  }

  /** Ends all alerts. */
  reset(now: number, wall: number): ReadonlyArray<Edge> {
    return this.publishAll(this.all, (watch) => watch.reset(now), now, { wall })
  }

  // -------------------------------------------------------------------------------------------------------------------
  // changes of limits, restarts
  // -------------------------------------------------------------------------------------------------------------------

  /** Replaces the limits. An alert stays active while the new limit of its name is exceeded; new limits may fire at once. */
  change(limits: Limits, now: number, wall: number): ReadonlyArray<Edge> {
    const due = this.settle(now, { wall })
    const before = this.all.flatMap((watched) => standingOf(watched, now))
    this.limits = limits
    this.watchRules()
    for (const [code, { watched }] of this.codes) this.watchCode(code, watched)
    this.index()
    const { ended, started } = carryOver(this.all, before, { now, wall }, this.builder(now, wall))
    for (const alert of ended) this.feed.publish(alert)
    return [...due, ...ended, ...this.start(started, now, wall)]
  }

  private start(all: ReadonlyArray<Watched>, now: number, wall: number): ReadonlyArray<Edge> {
    const edges = this.publishAll(all, (watch) => watch.start(now), now, { wall })
    this.quietUntil = this.nextDue
    return edges
  }

  private builder(now: number, wall: number): Build {
    return (watched, edges) => this.build(watched, edges, now, wall)
  }

  /** The active alerts, each with its limit. All edges that are due must have been published. */
  snapshot(now: number, wall: number): ReadonlyArray<Snapshot.Active> {
    return this.all.flatMap((watched) => activeOf(watched, now, wall))
  }

  /**
   * Continues with the alerts of a snapshot: first under the limits of the snapshot, for the time that has passed since
   * it was taken, then under the limits in force. `old` is the evaluator that this one replaces: subscribers know its
   * alerts, and get the difference.
   */
  restore(
    actives: ReadonlyArray<Snapshot.Active>,
    taken: Taken,
    { now, wall }: Instants,
    old: { readonly evaluator: Evaluator; readonly now: number }
  ): ReadonlyArray<Edge> {
    const build = this.builder(now, wall)
    const resumed = actives.map((active) => this.resume(active, taken))
    const replays = resumed.map(({ alert }) => alert)
    const recovered = this.settled(resumed, now, wall)
    const standing = resumed.flatMap((watched) => standingOf(watched, now))
    const { ended, started } = carryOver(this.all, standing, { now, wall }, build)

    const active = new Map(
      this.all.flatMap((watched) => watched.alert === undefined ? [] : [[watched.alert.id, watched]])
    )
    const gone = old.evaluator.end((id) => !active.has(id), old.now, wall)
    for (const { alert, watch } of old.evaluator.all) {
      // Subscribers have seen these escalations.
      const { firing } = watch
      if (alert !== undefined && Option.isSome(firing)) {
        active.get(alert.id)?.watch.skipEscalations(firing.value.escalations)
      }
    }
    for (const alert of replays) {
      const watched = active.get(alert.id)
      if (this.feed.isActive(alert.id) || watched === undefined && this.feed.hasResolved(alert.id)) continue
      this.feed.replay(watched === undefined ? alert : currentAlert(watched, now) ?? alert)
    }
    // Subscribers may have seen the end of an alert that the snapshot has as active.
    const news = [...recovered, ...ended].filter(({ id }) => !this.feed.hasResolved(id))
    for (const alert of news) this.feed.publish(alert)
    // A ratio rises without an error, as successes age. Its alert fires with the next attempt, or the next full minute.
    for (const { watch } of started) if (watch instanceof ObjectiveWatch) watch.skipTo(now)
    const counts = started.filter(({ watch }) => groupOf(watch)?.minAttempts === undefined)
    return [...gone, ...news, ...this.start(counts, now, wall)]
  }

  /** An alert of a snapshot under the limit that it fired under. */
  private resume(
    active: Snapshot.Active,
    { age, instantOf }: Taken
  ): Watched & { readonly alert: Active } {
    const { escalations, peak, since, values } = active
    const { by, code, rule } = active.alert
    const watch = this.watchOf(active)
    const name = keyOfAlert(active)
    const alert = active.alert.id === "" ? withId(active.alert, this.feed.newId(name, since.epochMillis)) : active.alert
    const named = by === undefined ? {} : { named: (alert.values?.length ?? 0) + (alert.more ?? 0) }
    watch.resume({ since: instantOf(since), escalations, peak, ...named }, by === undefined ? [""] : values, age)
    return { watch, rule, code: code === "*" ? undefined : code, alert }
  }

  private watchOf(active: Snapshot.Active): Watch {
    const present = this.all.find((watched) => keyOf(watched) === keyOfAlert(active))
    return snapshotWatch(active, present?.watch.limit, {
      gaugeOf: this.gaugeOf,
      objectiveGaugeOf: this.objectiveGaugeOf,
      eventsOf: (code) => code === undefined ? this.allErrors.events : this.codes.get(code)?.events
    })
  }

  /** Ends the alerts of some ids. */
  private end(isEnded: (id: string) => boolean, now: number, wall: number): ReadonlyArray<Edge> {
    const ending = this.all.filter(({ alert }) => alert !== undefined && isEnded(alert.id))
    return this.publishAll(ending, (watch) => watch.reset(now), now, { wall })
  }

  // -------------------------------------------------------------------------------------------------------------------
  // reads
  // -------------------------------------------------------------------------------------------------------------------

  /** The earliest instant at which an edge can be due; Infinity without an active alert. */
  get dueAt(): number {
    return this.nextDue + 1
  }

  active(now: number): ReadonlyArray<Active> {
    return this.all.flatMap((watched) => currentAlert(watched, now) ?? []).sort((a, b) => DateTime.Order(a.at, b.at))
  }

  /** Of the limits of a code that are exceeded, the verdict names the one with the shortest window. */
  verdict(code: string, now: number): Model.Verdict {
    const exceeded = (this.codes.get(code)?.watched.limits ?? []).flatMap(({ watch }) =>
      Option.toArray(Option.map(watch.exceeded(now), (count) => ({ ...watch.limit, count })))
    ).sort((a, b) => Duration.Order(a.window, b.window))
    return {
      verdict: exceeded.length === 0 ? "normal" : "extraordinary",
      exceeded: Option.map(
        Option.fromNullable(exceeded[0]),
        ({ count, limit, name }) => ({ window: name, limit, count })
      )
    }
  }

  /** The limits of codes, as opposed to rules. */
  get codeLimits(): ReadonlyArray<Snapshot.Limit> {
    return Array.from(this.limits.limits, ([code, limits]) => limits.map((limit) => ({ code, ...limit }))).flat()
  }

  private get nextDue(): number {
    return Math.min(...this.all.map(({ watch }) => watch.quietUntil))
  }
}
