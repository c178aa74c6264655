/** The tracker in memory: the core, time from the Clock, a log line for every alert. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as ErrorLog from "../../ErrorLog.js"
import { durationOf, timelineOf } from "../options.js"
import type { Edge } from "./alerting/alertEdges.js"
import * as Subscribers from "./alerting/subscribers.js"
import type { Moment } from "./core.js"
import { Core } from "./core.js"
import type { Service } from "./model.js"
import type { CallOutcome } from "./reporting.js"
import { withReporting } from "./reporting.js"
import type { Settings } from "./trackerOptions.js"
import { newLimits } from "./trackerOptions.js"

// How long the sweep sleeps when no alert is active: memory can wait.
const idle = Duration.days(1)

/** The instant of the step that is being made. There is one of them, set anew for each step: nobody keeps it. */
class Now implements Moment {
  now = 0
  private services: Fiber.RuntimeFiber<unknown>["currentDefaultServices"]
  private clock: Clock.Clock
  private origin: bigint

  constructor({ currentDefaultServices }: Fiber.RuntimeFiber<unknown>) {
    this.services = currentDefaultServices
    this.clock = Context.get(currentDefaultServices, Clock.Clock)
    this.origin = this.clock.unsafeCurrentTimeNanos()
  }

  /** By the clock of the fiber that makes the step. `Effect.clockWith` tells it, too, for more than counting an error costs. */
  set(): Moment {
    const fiber = Fiber.getCurrentFiber()
    if (Option.isSome(fiber) && fiber.value.currentDefaultServices !== this.services) {
      this.services = fiber.value.currentDefaultServices
      this.clock = Context.get(this.services, Clock.Clock)
    }
    this.now = Number(this.clock.unsafeCurrentTimeNanos() - this.origin)
    return this
  }

  /** From here on, the instant of the last step is this one. */
  shift(now: number): void {
    this.origin += BigInt(Math.round(this.now - now))
    this.now = now
  }

  // Few ask for it: it is read when somebody does.
  get wall(): number {
    return this.clock.unsafeCurrentTimeMillis()
  }
}

export const make = Effect.fnUntraced(function*(settings: Settings): Effect.fn.Return<Service, never, Scope.Scope> {
  const moment = yield* Effect.withFiberRuntime<Now>((fiber) => Effect.succeed(new Now(fiber)))
  let core = new Core(settings)
  // Open when an alert has come, and with it an instant at which it may be over.
  const changed = yield* Effect.makeLatch()

  // One synchronous step on the core. The core is mutable: nothing else ever touches it, and a `Ref` around it would only
  // be one step more.
  const step = <A>(f: (core: Core, moment: Moment) => A): Effect.Effect<A> => Effect.sync(() => f(core, moment.set()))

  /** Another core takes over, whose time began at another instant, and what that changes is told. */
  const replace = (f: (core: Core, moment: Moment) => readonly [ReadonlyArray<Edge>, Core]): Effect.Effect<void> =>
    Effect.suspend(() => {
      const [edges, next] = f(core, moment.set())
      core = next
      moment.shift(next.now)
      return Effect.zipRight(tell(edges), changed.open)
    })

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

  const service: Service = {
    track: (error, options) =>
      Effect.suspend(() => {
        const edges = core.track(error, moment.set(), options?.attempt === true)
        return edges.length === 0 ? Effect.void : tell(edges)
      }),
    succeeded: (context, duration) =>
      Effect.flatMap(step((core, moment) => core.succeeded(context, moment, durationOf(duration))), tell),
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
    setLimits: (options) =>
      Either.match(newLimits(options, settings), {
        onLeft: (message) => Effect.fail(new Cause.IllegalArgumentException(message)),
        onRight: (limits) =>
          step((core, moment) => core.change(limits, moment)).pipe(Effect.flatMap(tell), Effect.zipRight(changed.open))
      }),
    snapshot: Effect.flatMap(
      step((core, moment) => core.snapshot(moment)),
      ([edges, snapshot]) => Effect.as(tell(edges), snapshot)
    ),
    restore: (snapshot) => replace((core, moment) => core.restore(snapshot, moment)),
    reset: replace((core, moment) => core.reset(moment))
  }
  const called = (outcome: CallOutcome) => step((core, moment) => core.called(outcome, moment))
  // Made once, so that the most frequent report allocates nothing.
  const succeeded = called("succeeded")
  return withReporting(service, {
    retried: (what) => step((core, moment) => core.retried(what, moment)),
    called: (outcome) => outcome === "succeeded" ? succeeded : called(outcome),
    stormGuard: ErrorLog.makeStorm(yield* Effect.scope)
  })
})

/** A fired alert in the words of the design this library grew from, the others in their own. */
const log = (alert: Edge): Effect.Effect<void> =>
  (alert._tag === "Resolved" ? Effect.logInfo(alert.message) : Effect.logWarning(alert.message)).pipe(
    Effect.annotateLogs({
      error_type: alert.code,
      severity: alert.severity,
      window: alert.window,
      limit: alert.limit,
      count: alert.count,
      ...alert.rule === undefined ? {} : { rule: alert.rule },
      ...alert.attempts === undefined ? {} : { attempts: alert.attempts }
    })
  )
