/** Everything that is watched: what to tell when, and to whom. Instants are nanoseconds since the tracker started. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import type * as Alert from "../../../Alert.js"
import type * as FetchContext from "../../../FetchContext.js"
import type { Severity, Trackable } from "../../../FetchError.js"
import type { SlidingWindow } from "../../../SlidingWindow.js"
import type * as Threshold from "../../../Threshold.js"
import type { Reader } from "../counting/dimensionReader.js"
import { reader } from "../counting/dimensionReader.js"
import type * as Model from "../model.js"
import type * as Snapshot from "../snapshotModel.js"
import type { Active, Edge } from "./alertEdges.js"
import { alertOf, limitedTo, naming, wallOf, withdrawn } from "./alertEdges.js"
import { Together } from "./combinedWindow.js"
import type { Gauge } from "./groupWatch.js"
import { GroupWatch } from "./groupWatch.js"
import type { Group, Rule } from "./limits.js"
import type { Watchable } from "./limitWatch.js"
import { Watch } from "./limitWatch.js"
import type { Subscribers } from "./subscribers.js"

/** A limit of a code or of a rule, and the alert it gave last if that is still on. */
export interface Watched<W extends Watchable = Watchable> {
  readonly watch: W
  readonly rule: Rule | undefined
  /** Undefined: all codes. */
  readonly code: string | undefined
  alert: Active | undefined
}

/** A rule on the values of a dimension, or on all attempts: which value is an attempt for? */
interface Grouped extends Watched<GroupWatch> {
  readonly valueOf: Reader
}

interface Code {
  readonly severity: Severity
  readonly events: SlidingWindow
  readonly watched: Array<Watched<Watch>>
}

/** Where a limit stands that is firing. */
export interface Standing {
  /** What was told last. */
  readonly alert: Active
  readonly firing: Threshold.Firing
  /** The values by which a rule on a dimension is firing. */
  readonly values: ReadonlyArray<string>
  /** The instant at which this was so. */
  readonly at: number
}

/** What is to be watched. */
export interface Limits {
  readonly limits: ReadonlyMap<string, ReadonlyArray<Threshold.Limit>>
  readonly rules: ReadonlyArray<Rule>
}

export const noEdges: ReadonlyArray<Edge> = []

export class Alarms {
  private readonly codes = new Map<string, Code>()
  private readonly gaugeOf: (group: Group, code: string | undefined) => Gauge
  readonly subscribers: Subscribers<Alert.Alert>
  limits: Limits
  // Rules on the errors of all codes: watched with every code.
  private whole: ReadonlyArray<Watched<Watch>> = []
  private groups: ReadonlyArray<Grouped> = []

  constructor(
    limits: Limits,
    gaugeOf: (group: Group, code: string | undefined) => Gauge,
    subscribers: Subscribers<Alert.Alert>
  ) {
    this.limits = limits
    this.gaugeOf = gaugeOf
    this.subscribers = subscribers
    this.watchRules()
  }

  /** Are there rules on attempts? */
  get grouped(): boolean {
    return this.groups.length > 0
  }

  /** Watches a code that is new. */
  watch(code: string, severity: Severity, events: SlidingWindow): ReadonlyArray<Watched<Watch>> {
    const added: Code = { severity, events, watched: [] }
    this.codes.set(code, added)
    this.watchCode(code, added)
    return added.watched
  }

  private watchCode(code: string, { events, watched }: Code): void {
    for (const limit of this.limits.limits.get(code) ?? []) {
      watched.push({ watch: new Watch(limit, events), rule: undefined, code, alert: undefined })
    }
    for (const rule of this.limits.rules) {
      if (rule.group !== undefined || rule.code !== code) continue
      watched.push({ watch: new Watch(rule.limit, events), rule, code, alert: undefined })
    }
    watched.push(...this.whole)
  }

  private watchRules(): void {
    const together = new Together(() => Array.from(this.codes.values(), ({ events }) => events))
    const whole: Array<Watched<Watch>> = []
    const groups: Array<Grouped> = []
    for (const rule of this.limits.rules) {
      const { code, group, limit } = rule
      if (group !== undefined) {
        const watch = new GroupWatch(limit, group, this.gaugeOf(group, code))
        groups.push({
          watch,
          rule,
          code,
          alert: undefined,
          valueOf: group.by === undefined ? () => "" : reader(group.by)
        })
      } else if (code === undefined) {
        whole.push({ watch: new Watch(limit, together), rule, code, alert: undefined })
      }
    }
    this.whole = whole
    this.groups = groups
  }

  // -------------------------------------------------------------------------------------------------------------------
  // events
  // -------------------------------------------------------------------------------------------------------------------

  /** Tells all that happened because time went by, in the order in which it happened. */
  settle(now: number, wall: number): ReadonlyArray<Edge> {
    return this.tellAll(this.all, (watch) => watch.settle(now), now, wall)
  }

  /** Tells what happened to the rules on attempts because time went by. To be asked before an attempt is counted. */
  settleGroups(now: number, wall: number): ReadonlyArray<Edge> {
    let edges = noEdges
    for (const grouped of this.groups) edges = this.tell(edges, grouped, grouped.watch.settle(now), now, wall)
    return edges
  }

  /** Tells what an attempt that was counted did to the rules on attempts. Without a code: one that succeeded. */
  attempted(
    told: ReadonlyArray<Edge>,
    context: FetchContext.FetchContext,
    code: string | undefined,
    now: number,
    wall: number,
    error?: Trackable
  ): ReadonlyArray<Edge> {
    let edges = told
    for (const grouped of this.groups) {
      // To a count, other codes and successes are nothing.
      const counts = code !== undefined && (grouped.code === undefined || grouped.code === code)
      const value = counts || grouped.watch.group.minAttempts !== undefined
        ? grouped.valueOf(context, error)
        : undefined
      if (value !== undefined) edges = this.tell(edges, grouped, grouped.watch.counted(value, now), now, wall)
    }
    return edges
  }

  tell(
    told: ReadonlyArray<Edge>,
    watched: Watched,
    edges: ReadonlyArray<Threshold.Edge>,
    now: number,
    wall: number
  ): ReadonlyArray<Edge> {
    if (edges.length === 0) return told
    const severity = this.severityOf(watched.code)
    const alerts = edges.map((edge) => alertOf(watched, severity, edge, now, wall))
    for (const alert of alerts) {
      watched.alert = alert._tag === "Resolved" ? undefined : alert
      this.subscribers.publish(alert)
    }
    return [...told, ...alerts]
  }

  private tellAll(
    all: ReadonlyArray<Watched>,
    what: (watch: Watchable) => ReadonlyArray<Threshold.Edge>,
    now: number,
    wall: number
  ): ReadonlyArray<Edge> {
    return all
      .map((watched) => ({ watched, edges: what(watched.watch) }))
      .filter(({ edges }) => edges.length > 0)
      .sort((a, b) => (a.edges[0]?.at ?? 0) - (b.edges[0]?.at ?? 0))
      .reduce((told, { edges, watched }) => this.tell(told, watched, edges, now, wall), noEdges)
  }

  /** Forgets where the limits stand, and tells what was on and is so no more. */
  reset(now: number, wall: number): ReadonlyArray<Edge> {
    return this.tellAll(this.all, (watch) => watch.reset(now), now, wall)
  }

  /** Watches other limits from now on: those that are the same stand where they stood, the others are judged anew. */
  change(limits: Limits, now: number, wall: number): ReadonlyArray<Edge> {
    const due = this.settle(now, wall)
    const before = this.standing(now)
    this.limits = limits
    this.watchRules()
    for (const [code, known] of this.codes) {
      known.watched.length = 0
      this.watchCode(code, known)
    }
    return [...due, ...this.adopt(before, now, wall)]
  }

  // -------------------------------------------------------------------------------------------------------------------
  // what outlives a change of the limits, and the tracker
  // -------------------------------------------------------------------------------------------------------------------

  /** Where those stand that are firing. */
  standing(now: number): ReadonlyArray<Standing> {
    return this.all.flatMap(({ alert, watch }) => {
      const { firing } = watch
      if (alert === undefined || Option.isNone(firing)) return []
      return [{ alert, firing: firing.value, values: watch instanceof GroupWatch ? watch.values(now) : [], at: now }]
    })
  }

  /** Goes on where others stood: nothing is told twice, but what is news by the limits of today is told. */
  adopt(
    before: ReadonlyArray<Standing>,
    now: number,
    wall: number,
    isNews: (watched: Watched) => boolean = () => true
  ): ReadonlyArray<Edge> {
    const left = new Map(before.map((standing) => [keyOf(standing.alert), standing]))
    const news = this.all.map((watched) => {
      const key = keyOf(watched)
      const standing = left.get(key)
      left.delete(key)
      return { watched, edges: standing === undefined && !isNews(watched) ? [] : carry(watched, standing, now) }
    })
    const gone = Array.from(
      left.values(),
      ({ alert, firing: { peak, since } }) => withdrawn(alert, wallOf(since, now, wall), peak, wall)
    )
    for (const alert of gone) this.subscribers.publish(alert)
    return news.reduce<ReadonlyArray<Edge>>(
      (told, { edges, watched }) => this.tell(told, watched, edges, now, wall),
      gone
    )
  }

  snapshot(now: number, wall: number): ReadonlyArray<Snapshot.Active> {
    return this.standing(now).map(({ alert, firing: { escalations, peak, since }, values }) => ({
      alert,
      since: wallOf(since, now, wall),
      escalations,
      peak,
      values
    }))
  }

  /** Goes on where a snapshot stood that was taken at `then`, by the wall clock of then. */
  restore(
    actives: ReadonlyArray<Snapshot.Active>,
    instant: (at: DateTime.Utc) => number,
    then: number,
    wall: number
  ): ReadonlyArray<Edge> {
    const before = actives.map(({ alert, escalations, peak, since, values }) => {
      const named = alert.by === undefined ? undefined : (alert.values?.length ?? 0) + (alert.more ?? 0)
      const firing = { since: instant(since), escalations, peak, ...named === undefined ? {} : { named } }
      return { alert, firing, values: alert.by === undefined ? [""] : values, at: then }
    })
    // A share rises by itself while what was well grows old: the next attempt tells, as it would have without a restart.
    const isCount = ({ watch }: Watched) => !(watch instanceof GroupWatch && watch.group.minAttempts !== undefined)
    return this.adopt(before, then, wall, isCount)
  }

  /** Takes the place of another one with the same subscribers, who learn what is on now, and what is so no more. */
  replace(old: Alarms, now: number, wall: number): ReadonlyArray<Edge> {
    const mine = new Map(this.alerts.map((alert) => [idOf(alert), alert]))
    const gone = old.all.filter(({ alert }) => alert !== undefined && !mine.has(idOf(alert)))
    const edges = old.tellAll(gone, (watch) => watch.reset(now), now, wall)
    for (const alert of old.alerts) mine.delete(idOf(alert))
    for (const alert of mine.values()) this.subscribers.publish(alert)
    return edges
  }

  // -------------------------------------------------------------------------------------------------------------------
  // answers
  // -------------------------------------------------------------------------------------------------------------------

  /** How long until an alert can be over; for ever if there is none. */
  due(now: number): number {
    return Math.min(...this.all.map(({ watch }) => watch.due(now)))
  }

  active(now: number): ReadonlyArray<Active> {
    return this.all
      .flatMap(({ alert, watch }) => {
        if (alert === undefined || !watch.isActive(now)) return []
        return [alert.by !== undefined && watch instanceof GroupWatch ? naming(alert, watch.values(now)) : alert]
      })
      .sort((a, b) => DateTime.Order(a.at, b.at))
  }

  verdict(code: string, now: number): Model.Verdict {
    for (const { watch, ...watched } of this.codes.get(code)?.watched ?? []) {
      const count = watched.code === code ? watch.exceeded(now) : Option.none()
      if (Option.isNone(count)) continue
      const exceeded = { window: watch.limit.name, limit: watch.limit.limit, count: count.value }
      return { verdict: "extraordinary", exceeded: Option.some(exceeded) }
    }
    return { verdict: "normal", exceeded: Option.none() }
  }

  /** The limits of codes. */
  get told(): ReadonlyArray<Snapshot.Limit> {
    return Array.from(this.limits.limits, ([code, limits]) => limits.map((limit) => ({ code, ...limit }))).flat()
  }

  private get alerts(): ReadonlyArray<Active> {
    return this.all.flatMap(({ alert }) => alert ?? [])
  }

  private get all(): ReadonlyArray<Watched> {
    const codes = Array.from(this.codes.values(), ({ watched }) => watched).flat()
    return Array.from(new Set<Watched>([...codes, ...this.whole, ...this.groups]))
  }

  private severityOf(code: string | undefined): Severity {
    return (code === undefined ? undefined : this.codes.get(code)?.severity) ?? "ERROR"
  }
}

/** What goes by the same name is the same limit, whatever its number. */
const keyOf = (of: Watched | Active): string => {
  const [rule, code, window, by, isRatio] = "watch" in of
    ? [
      of.rule?.name,
      of.code ?? "*",
      of.watch.limit.name,
      of.rule?.group?.by,
      of.rule?.group?.minAttempts !== undefined
    ]
    : [of.rule, of.code, of.window, of.by, of.attempts !== undefined]
  return JSON.stringify([rule, code, window, by, isRatio])
}

const idOf = (alert: Active): string => `${alert._tag} ${DateTime.formatIso(alert.at)} ${keyOf(alert)}`

const carry = (watched: Watched, before: Standing | undefined, now: number): ReadonlyArray<Threshold.Edge> => {
  const { watch } = watched
  if (before === undefined) return watch.look(now)
  watched.alert = limitedTo(before.alert, watch.limit)
  if (before.alert.limit !== watch.limit.limit) return watch.rejudge(before.firing, before.values, now)
  watch.resume(before.firing, before.values, before.at)
  return []
}
