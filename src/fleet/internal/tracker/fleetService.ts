/** The tracker of one process of a fleet. */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type Edge, replayOf } from "../../../internal/tracker/alerting/alertBuilder.js"
import { log } from "../../../internal/tracker/alerting/alertLog.js"
import * as Subscribers from "../../../internal/tracker/alerting/subscribers.js"
import * as Memory from "../../../internal/tracker/memory.js"
import type { Service } from "../../../internal/tracker/model.js"
import { encodableAlerts, encodableResolved } from "../../../internal/tracker/readCodec.js"
import * as Reads from "../../../internal/tracker/readOptions.js"
import { reportingOf, withReporting } from "../../../internal/tracker/reporting.js"
import { refusedSnapshot } from "../../../internal/tracker/snapshotCheck.js"
import type * as Snapshot from "../../../internal/tracker/snapshotModel.js"
import type { Settings } from "../../../internal/tracker/trackerOptions.js"
import { newLimits } from "../../../internal/tracker/trackerOptions.js"
import type { Unavailable } from "../storeError.js"
import type * as Model from "../storeModel.js"
import { AlertBoard } from "./alertBoard.js"
import * as AlertDecider from "./alertDecider.js"
import { decodeEdge, decodeFleet, fleetKey, helloKey } from "./alertState.js"
import * as countWindows from "./countWindows.js"
import { deliveryTurn } from "./deliveryTurns.js"
import * as fields from "./fields.js"
import { answers } from "./fleetAnswers.js"
import { fleetLimits, keyOfEdge } from "./fleetLimits.js"
import * as FleetReads from "./fleetReads.js"
import { cleanedKeys, repeatClean } from "./janitor.js"
import * as LimitChanges from "./limitChanges.js"
import { loud } from "./loud.js"
import { Membership } from "./membership.js"
import { named } from "./namedStore.js"
import * as ObjectiveDecider from "./objectiveDecider.js"
import * as Orphans from "./orphans.js"
import * as SharedCounts from "./sharedCounts.js"
import { activeOf } from "./stateViews.js"
import { repeatWatch } from "./watchSchedule.js"

export interface FleetSettings {
  readonly name: string
  readonly tracker: Settings
  readonly flushEvery: Duration.Duration
}

// Edges that the counts of this process alone had and that were not decided on. More are of no use: limits are few.
const maxPending = 1000
const leaseMillis = 5000
// A failover takes about two seconds, in which no alert is to fire twice.
const graceMillis = 3000

export const make = Effect.fnUntraced(function*(
  of: Model.Store,
  { flushEvery, name, tracker: settings }: FleetSettings
): Effect.fn.Return<Service, never, Scope.Scope> {
  const store = named(of, name)
  let pending: Array<Edge> = []
  let isMuted = false
  let isAwake = false
  let isStarted = false
  let isAway = false
  let awaySince: number | undefined
  let hasCounted = false
  let limits = fleetLimits(settings)
  const wake = yield* Effect.makeLatch()
  const urgent = yield* Effect.makeLatch()
  const changed = yield* Effect.makeLatch()
  const unclean = yield* Effect.makeLatch()
  const scope = yield* Effect.scope

  const memory = yield* Memory.make(settings, {
    publish: (edges) =>
      Effect.sync(() => {
        if (isMuted) return
        pending = [...pending, ...edges].slice(-maxPending)
        urgent.unsafeOpen()
        wake.unsafeOpen()
      }),
    counted: () => {
      if (isAwake) return
      isAwake = true
      wake.unsafeOpen()
    }
  })
  const flushMillis = Duration.toMillis(flushEvery)
  const board = new AlertBoard()
  const members = new Membership(store)
  const counts = SharedCounts.make({ store, memory, board, members, limits: () => limits })
  const decider = AlertDecider.make({
    isAlone: () => members.isAlone,
    flushMillis,
    store,
    memory,
    board,
    counts,
    limits: () => limits,
    made: (alerts) => Effect.forEach(alerts, log, { discard: true })
  })
  const objectives = ObjectiveDecider.make({
    board,
    counts,
    limits: () => limits,
    flushMillis,
    change: decider.change
  })
  const orphans = Orphans.make({ board, counts, limits: () => limits, apply: decider.apply })
  const reads = FleetReads.make(counts, memory)
  const nowMillis = memory.step((_, { now }) => now / 1e6)
  const mutex = yield* Effect.makeSemaphore(1)

  // -------------------------------------------------------------------------------------------------------------------
  // the link to the store
  // -------------------------------------------------------------------------------------------------------------------

  const hear = (edge: Model.Edge): Effect.Effect<void> =>
    Option.match(decodeEdge(edge.edge), {
      // An edge of a later version.
      onNone: () => Effect.void,
      onSome: (edge) => {
        if (edge.key === helloKey) {
          return Effect.sync(() => members.meet())
        }
        if (edge.key !== fleetKey) {
          return Effect.zipRight(Effect.sync(() => board.hear(edge)), changed.open)
        }
        const next = decodeFleet(edge.state)
        if (next === undefined) return Effect.void
        const reconcile = Effect.suspend(() => counts.doubt(next) ? quietly(counts.reconcile) : Effect.void)
        // Where it fails, the next flush makes up for it.
        return mutex.withPermits(1)(Effect.ignore(reconcile)).pipe(
          Effect.zipRight(wake.open),
          Effect.zipRight(changed.open)
        )
      }
    })

  /** Runs an effect that replaces the counts of this process, whose edges are not those of errors. */
  const quietly = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        isMuted = true
      }),
      () => effect,
      () =>
        Effect.sync(() => {
          isMuted = false
        })
    )

  const start: Effect.Effect<void, Unavailable> = Effect.gen(function*() {
    if (isStarted) return
    const { last, states } = yield* store.states
    board.start(states)
    yield* counts.reconcile
    isStarted = true
    yield* Effect.forkIn(Stream.runForEach(store.edges(last), hear), scope)
  })

  const settle: Effect.Effect<void> = Effect.map(memory.step((core, moment) => core.settle(moment)), (edges) => {
    if (edges.length > 0) pending = [...pending, ...edges].slice(-maxPending)
  })

  /** Flushes what this process has counted, and decides on what that changes. */
  const exchange: Effect.Effect<void, Unavailable> = Effect.gen(function*() {
    yield* start
    yield* settle
    isAwake = false
    const sums = yield* counts.flush
    yield* members.renew(yield* nowMillis, counts.epoch())
    if (sums.of.size > 0) hasCounted = true
    const edges = pending
    pending = []
    yield* logged(board.endLocal(edges))
    yield* decider.afterFlush(sums, edges)
  })

  const logged = (alerts: ReadonlyArray<Edge>) => Effect.forEach(alerts, log, { discard: true })

  /** Publishes the alerts of this process alone, if the store has not been available for a while. */
  const goOnAlone: Effect.Effect<void> = Effect.gen(function*() {
    if (!isAway) return
    const now = yield* nowMillis
    awaySince ??= now
    if (now - awaySince < graceMillis) return
    yield* settle
    const edges = pending
    pending = []
    yield* logged(board.publishLocal(edges))
  })

  const noteAway = <A>(effect: Effect.Effect<A, Unavailable>): Effect.Effect<A, Unavailable> =>
    Effect.tapBoth(effect, {
      onFailure: () =>
        Effect.sync(() => {
          isAway = true
          members.doubt()
          // Another attempt, whether anything is counted or not.
          wake.unsafeOpen()
        }),
      onSuccess: () =>
        Effect.sync(() => {
          isAway = false
          awaySince = undefined
        })
    })

  const exchanged = mutex.withPermits(1)(noteAway(exchange))

  /** An answer for the fleet, or that of this process where the store is not available. */
  const answer = <A>(fleet: Effect.Effect<A, Unavailable>, local: Effect.Effect<A>): Effect.Effect<A> =>
    Effect.suspend(() =>
      isAway ? local : mutex.withPermits(1)(noteAway(Effect.zipRight(exchange, fleet))).pipe(
        Effect.catchAll(() => local),
        Effect.catchAllDefect(() => local)
      )
    )

  // -------------------------------------------------------------------------------------------------------------------
  // the watch on limits
  // -------------------------------------------------------------------------------------------------------------------

  /**
   * Looks at all limits, if no other process with the same limits does, and returns the longest time until the next look.
   * Flushes decide on the limits of what they count; this finds what they do not: alerts that time resolves, the counts of a
   * process that died before it decided, and those of processes with other limits.
   */
  const watch: Effect.Effect<number, Unavailable> = Effect.gen(function*() {
    yield* exchange
    board.catchUp(yield* nowMillis)
    const hadCounted = hasCounted
    hasCounted = false
    if (!(yield* store.lease(`watch:${limits.fingerprint}`, leaseMillis))) return pauseOf(hadCounted)
    yield* counts.reconcile
    const isLately = hadCounted || (yield* counts.counts(fields.events, countWindows.millisOf.minute)).size > 0
    if (!isLately && board.active.length === 0) return pauseOf(false)
    const values = new Map<string, ReadonlyArray<string>>()
    for (const { group, key } of isLately ? limits.groups : []) {
      if (group.by === undefined) values.set(key, [""])
      else {
        const all = yield* counts.counts(fields.dimensionGroup(group.by), countWindows.millisOf[group.window])
        values.set(key, Array.from(new Set(Array.from(all.keys(), (field) => fields.readValue(field)?.value ?? ""))))
      }
    }
    yield* decider.all(({ key }) => values.get(key) ?? [])
    yield* objectives.all
    yield* orphans.settle
    if (isLately) yield* unclean.open
    return pauseOf(isLately)
  })

  const pauseOf = (isLately: boolean): number =>
    counts.hasOtherLimits() ? 1000 : isLately ? 5000 : board.active.length > 0 ? 60_000 : 300_000

  yield* repeatWatch({
    watch: mutex.withPermits(1)(noteAway(watch)),
    changed,
    // The second look finds the edges that have not arrived since the first one.
    dueIn: Effect.map(decider.dueIn, (millis) => board.hasOverdue ? Math.min(1000, millis) : millis)
  })

  yield* repeatClean({
    due: unclean,
    keys: () => cleanedKeys(settings.dimensions, limits),
    clean: counts.clean,
    lease: store.lease,
    now: nowMillis
  })

  yield* wake.await.pipe(
    Effect.zipRight(Effect.zipRight(wake.close, urgent.close)),
    Effect.zipRight(Effect.ignore(exchanged)),
    Effect.zipRight(goOnAlone),
    loud,
    Effect.zipRight(Effect.raceFirst(Effect.sleep(flushEvery), urgent.await)),
    Effect.forever,
    Effect.forkScoped
  )

  yield* Effect.addFinalizer(() =>
    Effect.zipRight(
      Effect.ignore(Effect.catchAllDefect(Effect.zipRight(exchanged, members.leave), () => Effect.void)),
      Effect.sync(() => board.feed.subscribers.end())
    )
  )
  yield* Effect.ignore(mutex.withPermits(1)(noteAway(start)))

  // -------------------------------------------------------------------------------------------------------------------
  // changes of limits, resets
  // -------------------------------------------------------------------------------------------------------------------

  const { carryOver, withdraw, withdrawAll } = LimitChanges.make({ counts, decider, limits: () => limits })

  const setLimits: Service["setLimits"] = (options) =>
    Either.match(newLimits(options, settings), {
      onLeft: (message) => Effect.fail(new Cause.IllegalArgumentException(`ErrorTracker.setLimits: ${message}`)),
      onRight: (next) =>
        Effect.gen(function*() {
          yield* answer(Effect.void, Effect.void)
          yield* quietly(memory.service.setLimits(options))
          const before = limits.all
          limits = fleetLimits(next)
          counts.listAgain()
          yield* answer(Effect.asVoid(counts.reconcile), Effect.void)
          yield* answer(carryOver(before), Effect.void)
        })
    })

  const reset: Effect.Effect<void> = Effect.suspend(() =>
    mutex.withPermits(1)(quietly(
      Effect.gen(function*() {
        yield* start
        yield* withdrawAll
        yield* memory.service.reset
        yield* counts.startGeneration
      })
    ))
  ).pipe(Effect.catchAll(() => memory.service.reset))

  const restored = (snapshot: Snapshot.Snapshot): Effect.Effect<void> =>
    mutex.withPermits(1)(quietly(
      Effect.gen(function*() {
        yield* memory.service.restore(snapshot)
        pending = []
        yield* start
        yield* counts.startGeneration
        const before = new Map(snapshot.alerts.map((active) => [keyOfEdge(active.alert), active]))
        for (const [key, limit] of limits.all) {
          const active = before.get(key)
          yield* active === undefined
            ? withdraw(limit, { now: yield* counts.storeNow, count: 0 })
            : decider.resume(limit, active)
        }
        board.feed.keep(snapshot.resolved ?? [])
      })
    )).pipe(Effect.catchAll(() => Effect.void))

  // -------------------------------------------------------------------------------------------------------------------
  // the service
  // -------------------------------------------------------------------------------------------------------------------

  const local = memory.service
  const service: Service = {
    ...local,
    ...answers({
      answer,
      countsOf: decider.countsOf,
      dimensions: settings.dimensions,
      limits: () => limits,
      local,
      reads
    }),
    alerts: Subscribers.stream(
      Effect.zipRight(
        answer(Effect.void, Effect.void),
        Effect.sync(() => board.feed.subscribers.add(board.active.map(replayOf)))
      ),
      (subscriber) => Effect.sync(() => board.feed.subscribers.remove(subscriber))
    ),
    activeAlerts: Effect.map(
      answer(Effect.void, Effect.void),
      () => encodableAlerts([...board.active])
    ),
    resolvedAlerts: (options) =>
      Reads.read("resolvedAlerts", Reads.windowed, options, ({ window = Duration.hours(1) }) =>
        Effect.zipRight(
          answer(Effect.void, Effect.void),
          memory.step((_, { wall }) => encodableResolved(board.feed.endedWithin(Duration.toMillis(window), wall)))
        )),
    setLimits,
    snapshot: Effect.zipRight(
      answer(Effect.void, Effect.void),
      Effect.map(local.snapshot, (snapshot) => ({
        ...snapshot,
        resolved: board.feed.endedWithin(Infinity, snapshot.at.epochMillis),
        alerts: Array.from(board.all, ([key, { state: { active } }]) => activeOf(limits.all.get(key), active)).flat()
      }))
    ),
    restore: (snapshot) => Effect.suspend(() => refusedSnapshot(snapshot) ?? restored(snapshot)),
    reset
  }
  return withReporting(service, {
    ...reportingOf(local),
    local,
    deliveryTurn: (receiver) => deliveryTurn(store, receiver)
  })
})
