/** The tracker in memory: the core, time from the Clock, a log line for every alert. */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as ErrorLog from "../../ErrorLog.js"
import { durationOf, orDie, unknownName } from "../options.js"
import type { Edge } from "./alerting/alertBuilder.js"
import { log } from "./alerting/alertLog.js"
import { limitRows, statusOf } from "./alerting/alertStatus.js"
import * as Subscribers from "./alerting/subscribers.js"
import { repeatCleanUp } from "./cleanUp.js"
import { Core } from "./core.js"
import { budgetsIn } from "./counting/objectiveGauges.js"
import { SuccessBuffer } from "./counting/successBuffer.js"
import { callTimelineOf } from "./counting/timelines.js"
import { latencyIn } from "./counting/views.js"
import { worstIn } from "./counting/worst.js"
import { countsReadings } from "./measures/countsReadings.js"
import { familiesOf } from "./measures/families.js"
import type { Family } from "./measures/family.js"
import { measure } from "./measures/measure.js"
import { MonotonicCounters } from "./measures/monotonicCounters.js"
import type { Service } from "./model.js"
import type { Persistable } from "./persisted.js"
import {
  encodableAlerts,
  encodableBreakdown,
  encodableBudgets,
  encodableCalls,
  encodableEmptyData,
  encodableLatency,
  encodableLimits,
  encodableRecent,
  encodableResolved,
  encodableStats,
  encodableStatus,
  encodableTimeline,
  encodableVerdict,
  encodableWorst
} from "./readCodec.js"
import * as Reads from "./readOptions.js"
import { withReporting } from "./reporting.js"
import { refusedSnapshot } from "./snapshotCheck.js"
import type { Snapshot } from "./snapshotModel.js"
import type { Moment } from "./timekeeper.js"
import { Timekeeper } from "./timekeeper.js"
import type { Settings } from "./trackerOptions.js"
import { newLimits } from "./trackerOptions.js"

/** A tracker, and the access of persistence and of a fleet to its state. */
export interface Memory {
  readonly service: Service
  readonly persistable: Persistable
  /** Runs a synchronous step on the counts and limits. */
  readonly step: <A>(f: (core: Core, moment: Moment) => A) => Effect.Effect<A>
}

/** What a tracker reports to a layer on top of it. */
export interface Listener {
  /** Gets the edges, in place of the log. */
  readonly publish: (edges: ReadonlyArray<Edge>) => Effect.Effect<void>
  /** Called after anything is counted. Must be cheap, and must not throw. */
  readonly counted: () => void
}

const logged: Listener = {
  publish: (edges) => Effect.forEach(edges, log, { discard: true }),
  counted: () => {}
}

const longestGathering = Duration.seconds(1)

/** Makes a tracker. Its state is one {@link Core} in a `Ref`; every operation is one `Ref.modify`. */
export const make = Effect.fnUntraced(function*(
  settings: Settings,
  { counted, publish }: Listener = logged
): Effect.fn.Return<Memory, never, Scope.Scope> {
  const clock = yield* Effect.clock
  const time = new Timekeeper(clock)
  const gathering = yield* Effect.makeLatch()
  const successes = new SuccessBuffer(clock, () => gathering.unsafeOpen())
  const state = yield* Ref.make(new Core(settings))
  const counters = new MonotonicCounters()
  // Opened when an alert may resolve earlier than the clean-up has planned for.
  const changed = yield* Effect.makeLatch()

  // The core is mutable: that is safe because only this synchronous step touches it, and only snapshots leave it.
  const step = <A>(f: (core: Core, moment: Moment) => A): Effect.Effect<A> =>
    Ref.modify(state, (core) => [f(core, momentIn(core)), core])

  /** The time of a step, in which what has gathered before is counted first. */
  const momentIn = (core: Core): Moment => {
    const moment = time.read()
    const batch = successes.take()
    if (batch !== undefined) core.callsSucceeded(batch, moment)
    return moment
  }

  /** Replaces the core by another, whose time continues from another instant, and logs the edges that this causes. */
  const replace = (f: (core: Core, moment: Moment) => readonly [ReadonlyArray<Edge>, Core]): Effect.Effect<void> =>
    Effect.flatMap(
      Ref.modify(state, (core) => {
        const moment = momentIn(core)
        const before = allFamilies(core, moment.now)
        const [edges, next] = f(core, moment)
        time.continueFrom(next.now)
        counters.replaced(before, allFamilies(next, next.now))
        return [edges, next]
      }),
      (edges) => Effect.zipRight(changed.open, logAll(edges))
    )

  const restore = (snapshot: Snapshot) => replace((core, moment) => core.restore(snapshot, moment))

  /** A step that counts. */
  const count = <A>(f: (core: Core, moment: Moment) => A): Effect.Effect<A> =>
    Ref.modify(state, (core) => {
      const result = f(core, momentIn(core))
      counted()
      return [result, core]
    })

  const logAll = (edges: ReadonlyArray<Edge>): Effect.Effect<void> =>
    Effect.catchAllDefect(Effect.suspend(() => publish(edges)), () => step((core) => core.lost()))

  /** Logs alerts, and wakes the clean-up: they may resolve earlier than it has planned for. */
  const logEdges = (edges: ReadonlyArray<Edge>): Effect.Effect<void> =>
    edges.length === 0 ? Effect.void : Effect.zipRight(changed.open, logAll(edges))

  /** Evaluates objectives on thousands of values, in several steps between which other work runs. */
  const evaluateRest: Effect.Effect<void> = Effect.whenEffect(
    Effect.suspend(() =>
      Effect.sleep(Duration.zero).pipe(
        Effect.zipRight(step((core, moment) => core.settle(moment))),
        Effect.flatMap(logAll),
        Effect.zipRight(evaluateRest)
      )
    ),
    step(({ evaluator }) => evaluator.isEvaluating)
  )

  const cleanUp = step((core, moment) => [core.cleanUp(moment), core.notices.take()] as const)
    .pipe(
      Effect.flatMap(([edges, notices]) =>
        Effect.zipRight(
          Effect.forEach(notices, (notice) => Effect.logWarning(notice), { discard: true }),
          logAll(edges)
        )
      ),
      Effect.zipRight(evaluateRest),
      Effect.zipRight(step((core, moment) => core.untilDue(moment)))
    )

  const breakdownOptions = Reads.breakdown(settings.dimensions)
  const latencyDimensions = latencyDimensionsOf(settings.dimensions)
  const latencyOptions = Reads.latency(latencyDimensions)
  const worstOptions = Reads.worst(settings.dimensions)

  yield* Effect.addFinalizer(() => step((core) => core.end()))
  yield* Effect.forkScoped(repeatCleanUp(cleanUp, { changed, every: settings.sweepEvery }))

  // Every step counts the calls that have gathered: this one sees to it that none is older than a second.
  yield* gathering.await.pipe(
    Effect.zipRight(gathering.close),
    Effect.zipRight(Effect.catchAllDefect(Effect.sleep(longestGathering), () => Effect.void)),
    Effect.zipRight(step(() => {})),
    Effect.forever,
    Effect.forkScoped
  )

  const lazySnapshot = Effect.flatMap(
    step((core, moment) => core.lazySnapshot(moment)),
    ([edges, snapshot]) => Effect.as(logEdges(edges), snapshot)
  )

  const service: Service = {
    track: (error, options) =>
      Effect.flatMap(
        Ref.modify(state, (core) => {
          const edges = core.track(error, momentIn(core), options?.attempt === true)
          // The clean-up logs notices: they are not about the fetch that caused them.
          if (core.notices.hasAny) changed.unsafeOpen()
          counted()
          return [edges, core]
        }),
        logEdges
      ),
    succeeded: (context, duration) =>
      Effect.flatMap(count((core, moment) => core.succeeded(context, moment, durationOf(duration))), logEdges),
    stats: (options) =>
      Reads.read(
        "stats",
        Reads.windowed,
        options,
        ({ window }) => step((core, moment) => encodableStats(core.stats(window, moment)))
      ),
    rates: step((core, moment) => core.rates(moment)),
    breakdown: (options) =>
      Reads.read(
        "breakdown",
        breakdownOptions,
        options,
        (options) => step((core, moment) => encodableBreakdown(core.breakdown(options, moment)))
      ),
    worst: (options) =>
      Reads.read(
        "worst",
        worstOptions,
        options,
        (options) => step((core, moment) => encodableWorst(core.read((view) => worstIn(view, options), moment)))
      ),
    timeline: (options) =>
      Reads.read(
        "timeline",
        Reads.timeline,
        options,
        (options) => step((core, moment) => encodableTimeline(core.timeline(options, moment)))
      ),
    callTimeline: (options) =>
      Reads.read(
        "callTimeline",
        Reads.callTimeline,
        options,
        (options) =>
          step((core, moment) =>
            encodableCalls(
              core.read(({ counts, now, wall }) => callTimelineOf(counts.calls, options, now, wall), moment)
            )
          )
      ),
    emptyData: (options) =>
      Reads.read(
        "emptyData",
        Reads.windowed,
        options,
        ({ window }) => step((core, moment) => encodableEmptyData(core.emptyData(window, moment)))
      ),
    verdict: (code) => step((core, moment) => encodableVerdict(core.verdict(code, moment))),
    latency: (options) =>
      Reads.read(
        "latency",
        latencyOptions,
        options,
        (options) => step((core, moment) => encodableLatency(core.read((view) => latencyIn(view, options), moment)))
      ),
    alerts: Subscribers.stream(
      Effect.flatMap(
        step((core, moment) => core.subscribe(moment)),
        ([edges, subscriber]) => Effect.as(logEdges(edges), subscriber)
      ),
      (subscriber) => step((core) => core.unsubscribe(subscriber))
    ),
    activeAlerts: step((core, moment) => encodableAlerts(core.activeAlerts(moment))),
    alertStatus: step((core, moment) =>
      encodableStatus(core.read(({ evaluator, now, wall }) => statusOf(evaluator.all, now, wall), moment))
    ),
    resolvedAlerts: (options) =>
      Reads.read(
        "resolvedAlerts",
        Reads.windowed,
        options,
        ({ window = hour }) =>
          step((core, moment) =>
            encodableResolved(
              core.read(
                ({ evaluator, wall }) => evaluator.feed.endedWithin(Duration.toMillis(window), wall),
                moment
              )
            )
          )
      ),
    errorBudgets: step((core, moment) => encodableBudgets(core.read(budgetsIn, moment))),
    limits: step((core, moment) => encodableLimits(core.read(({ evaluator }) => limitRows(evaluator.limits), moment))),
    recent: (options) =>
      Reads.read(
        "recent",
        Reads.recent,
        options,
        ({ code, limit = Infinity }) => step((core, moment) => encodableRecent(core.recent(limit, code, moment)))
      ),
    setLimits: (options) =>
      Either.match(newLimits(options, settings), {
        onLeft: (message) => Effect.fail(new Cause.IllegalArgumentException(`ErrorTracker.setLimits: ${message}`)),
        onRight: (limits) =>
          step((core, moment) => core.change(limits, moment)).pipe(
            Effect.flatMap(logEdges),
            Effect.zipRight(changed.open)
          )
      }),
    snapshot: Effect.flatMap(
      step((core, moment) => core.snapshot(moment)),
      ([edges, snapshot]) => Effect.as(logEdges(edges), snapshot)
    ),
    restore: (snapshot) => Effect.suspend(() => refusedSnapshot(snapshot) ?? restore(snapshot)),
    reset: replace((core, moment) => core.reset(moment))
  }
  return {
    service: withReporting(service, {
      retried: (action) => count((core, moment) => core.retried(action, moment)),
      called: (outcome) => count((core, moment) => core.called(outcome, moment)),
      callSucceeded: () => {
        successes.add()
        counted()
      },
      measure: (selection) => {
        const refused = unknownIn("dimensions", selection.names, settings.dimensions) ??
          unknownIn("latency", selection.latency, latencyDimensions)
        return refused === undefined
          ? step((core, { now }) =>
            measure(countsReadings(core.counts, core.evaluator, Math.max(now, core.now)), selection, counters)
          )
          : orDie(selection.owner, refused)
      },
      lazySnapshot,
      stormGuard: ErrorLog.makeStorm(yield* Effect.scope, clock)
    }),
    step,
    persistable: {
      snapshot: lazySnapshot,
      // Snapshots that are loaded have been decoded, which checks them.
      restore,
      merge: (older) => replace((core, moment) => core.merge(older, moment))
    }
  }
})

/** Durations by source are kept for any dimensions. */
const latencyDimensionsOf = (dimensions: ReadonlyArray<string>): ReadonlyArray<string> =>
  dimensions.includes("source") ? dimensions : [...dimensions, "source"]

/** The refusal of the first name that is not among the known ones. */
const unknownIn = (path: string, names: ReadonlyArray<string>, known: ReadonlyArray<string>) => {
  const i = names.findIndex((name) => !known.includes(name))
  return i === -1 ? undefined : unknownName(`${path}[${i}]`, "dimension", names[i] ?? "", known)
}

/** The families of all values of all dimensions. */
const allFamilies = ({ counts, evaluator, now: latest }: Core, now: number): ReadonlyArray<Family> => {
  const readings = countsReadings(counts, evaluator, Math.max(now, latest))
  return familiesOf(
    readings,
    new Map(counts.dimensions.map(({ counts, name }) => [name, counts.readings()])),
    new Map(
      latencyDimensionsOf(counts.dimensions.map(({ name }) => name))
        .map((name) => [name, readings.latencyBy(name) ?? []])
    ),
    false
  )
}

const hour = Duration.hours(1)
