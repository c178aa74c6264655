/** The tracker in memory: the core in a `Ref`, time from the Clock, a log line for every alert. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as ErrorLog from "../../ErrorLog.js"
import type { Service } from "../../ErrorTracker.js"
import type { Edge } from "./alerts.js"
import type { Moment } from "./core.js"
import { Core } from "./core.js"
import { durationOf, timelineOf } from "./given.js"
import type { Settings } from "./settings.js"
import * as Subscribers from "./subscribers.js"

// How long the sweep sleeps when no alert is active: memory can wait.
const idle = Duration.hours(1)

class Now implements Moment {
  readonly now: number
  private readonly clock: Clock.Clock

  constructor(clock: Clock.Clock, origin: bigint) {
    this.clock = clock
    this.now = Number(clock.unsafeCurrentTimeNanos() - origin)
  }

  // Few ask for it: it is read when somebody does.
  get wall(): number {
    return this.clock.unsafeCurrentTimeMillis()
  }
}

export const make = Effect.fnUntraced(function*(settings: Settings): Effect.fn.Return<Service, never, Scope.Scope> {
  const origin = yield* Clock.currentTimeNanos
  const state = yield* Ref.make(new Core(settings))
  // Open when an alert has come, and with it an instant at which it may be over.
  const changed = yield* Effect.makeLatch()
  const momentOf = (clock: Clock.Clock): Moment => new Now(clock, origin)

  // One synchronous step on the core. The core is mutable: nothing else ever touches it.
  const step = <A>(f: (core: Core, moment: Moment) => A): Effect.Effect<A> =>
    Effect.clockWith((clock) => Ref.modify(state, (core) => [f(core, momentOf(clock)), core]))

  const tell = (edges: ReadonlyArray<Edge>): Effect.Effect<void> =>
    edges.length === 0
      ? Effect.void
      : Effect.zipRight(changed.open, Effect.forEach(edges, log, { discard: true })).pipe(
        Effect.catchAllDefect(() => step((core) => core.lost()))
      )

  yield* Effect.addFinalizer(() => step((core) => core.end()))
  yield* Effect.gen(function*() {
    yield* Effect.flatMap(step((core, moment) => core.sweep(moment)), tell)
    yield* changed.close
    const due = yield* step((core, moment) => core.due(moment))
    yield* Effect.race(Effect.sleep(Duration.max(settings.sweepEvery, Duration.min(due, idle))), changed.await)
  }).pipe(Effect.forever, Effect.forkScoped)

  return {
    track: (error, options) =>
      Effect.flatMap(step((core, moment) => core.track(error, moment, options?.attempt === true)), tell),
    succeeded: (context, duration) => step((core, moment) => core.succeeded(context, moment, durationOf(duration))),
    stats: (options) => step((core, moment) => core.stats(durationOf(options?.window), moment)),
    rates: step((core, moment) => core.rates(moment)),
    breakdown: (options) =>
      step((core, moment) => Predicate.isNullable(options) ? [] : core.breakdown(options, moment)),
    timeline: (options) => step((core, moment) => core.timeline(timelineOf(options), moment)),
    emptyData: (options) => step((core, moment) => core.emptyData(durationOf(options?.window), moment)),
    verdict: (code) => step((core, moment) => core.verdict(code, moment)),
    latency: (options) => step((core, moment) => core.latency(options?.window, moment)),
    alerts: Subscribers.stream(
      Effect.flatMap(
        step((core, moment) => core.subscribe(moment)),
        ([edges, subscriber]) => Effect.as(tell(edges), subscriber)
      ),
      (subscriber) => step((core) => core.unsubscribe(subscriber))
    ),
    activeAlerts: step((core, moment) => core.activeAlerts(moment)),
    recent: (options) => step((core, moment) => core.recent(options?.limit ?? Infinity, options?.code, moment)),
    storm: ErrorLog.makeStorm(yield* Effect.scope),
    reset: Effect.clockWith((clock) => Ref.modify(state, (core) => core.reset(momentOf(clock)))).pipe(
      Effect.flatMap(tell)
    )
  }
})

/** A fired alert in the words of the design this library grew from, the others in their own. */
const log = (alert: Edge): Effect.Effect<void> =>
  (alert._tag === "Resolved" ? Effect.logInfo(alert.message) : Effect.logWarning(alert.message)).pipe(
    Effect.annotateLogs({
      error_type: alert.code,
      severity: alert.severity,
      window: alert.window,
      limit: alert.limit,
      count: alert.count
    })
  )
