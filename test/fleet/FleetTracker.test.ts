import { describe, expect, it } from "@effect/vitest"
import { type Alert, ErrorTracker, FetchError } from "effect-errata"
import { FleetStore, FleetTracker } from "effect-errata/fleet"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { reportingOf } from "../../src/internal/tracker/reporting.js"

const timeout = (context?: FetchError.CommonProps["context"]) => new FetchError.NetworkTimeout({ context })

const settled = Effect.repeatN(Effect.yieldNow(), 200)

/** The trackers of some processes of one fleet. */
const processes = <const O extends ReadonlyArray<FleetTracker.Options>>(...all: O) =>
  Effect.suspend(() => {
    const fleet = FleetStore.memoryFleet()
    return Effect.forEach(all, (options) =>
      Effect.map(
        Layer.build(FleetTracker.layer(options).pipe(Layer.provide(Layer.effect(FleetStore.FleetStore, fleet)))),
        Context.get(ErrorTracker.ErrorTracker)
      )) as Effect.Effect<{ readonly [K in keyof O]: ErrorTracker.Service }, never, Scope.Scope>
  })

const listen = (tracker: ErrorTracker.Service) =>
  Effect.gen(function*() {
    const heard: Array<Alert.Alert> = []
    yield* Effect.forkScoped(Stream.runForEach(tracker.alerts, (alert) => Effect.sync(() => heard.push(alert))))
    yield* settled
    return heard
  })

const edges = (heard: ReadonlyArray<Alert.Alert>, window = "minute") =>
  heard.flatMap((alert) => alert._tag !== "Missed" && alert.window === window ? [`${alert._tag} ${alert.count}`] : [])

const many = (tracker: ErrorTracker.Service, n: number, context?: FetchError.CommonProps["context"]) =>
  Effect.repeatN(tracker.track(timeout(context)), n - 1)

describe("FleetTracker of several processes", () => {
  it.scoped("each read answers for all processes", () =>
    Effect.gen(function*() {
      const [a, b] = yield* processes({}, {})
      yield* many(a, 2, { symbol: "A", source: "rest" })
      yield* a.succeeded({ source: "rest" })
      yield* b.track(new FetchError.DataEmpty({ reason: "source_gap", context: { source: "vision", symbol: "B" } }))
      yield* b.track(timeout({ symbol: "A", source: "rest" }), { attempt: true })
      yield* reportingOf(b).called("failed")
      reportingOf(a).callSucceeded()
      yield* TestClock.adjust("10 seconds")
      for (const tracker of [a, b]) {
        const stats = yield* tracker.stats({ window: "1 minute" })
        expect(stats).toMatchObject({ total: 4, attempts: 5, calls: { made: 2, failed: 1 } })
        expect(stats.byCode["NETWORK_TIMEOUT"]).toEqual({ count: 3, severity: "WARNING" })
        expect(stats.byCode["DATA_EMPTY"]).toEqual({ count: 1, severity: "INFO" })
        expect(stats.errorRatio).toEqual(Option.some(3 / 5))
        expect((yield* tracker.stats()).total).toBe(4)
        expect((yield* tracker.rates).hour).toEqual({ NETWORK_TIMEOUT: 3, DATA_EMPTY: 1 })
        expect((yield* tracker.breakdown({ by: "symbol", window: "hour" })).map(({ count, value }) => [value, count]))
          .toEqual([["A", 3], ["B", 1]])
        expect(
          (yield* tracker.breakdown({ by: "source", code: "NETWORK_TIMEOUT" })).map((
            { attempts, value }
          ) => [value, attempts])
        ).toEqual([["rest", 4]])
        expect((yield* tracker.emptyData()).rows).toEqual([
          { reason: "source_gap", source: "vision", expected: 1, unexpected: 0 }
        ])
        const steps = yield* tracker.timeline({ window: "1 minute", step: "20 seconds" })
        expect(steps.map(({ count }) => count)).toEqual([0, 0, 4])
      }
      expect((yield* reportingOf(a).local?.stats() ?? Effect.succeed({ total: 0 })).total).toBe(2)
    }))

  it.scoped("an alert of the fleet fires, escalates and resolves once, and every process hears each edge", () =>
    Effect.gen(function*() {
      const trackers = yield* processes({}, {}, {})
      const heard = yield* Effect.forEach(trackers, listen)
      // Of timeouts, 3 a minute are normal: no process alone exceeds that.
      for (const tracker of trackers) yield* many(tracker, 3)
      yield* TestClock.adjust("2 seconds")
      for (const one of heard) expect(edges(one)).toEqual(["Fired 6", "Escalated 9"].slice(0, edges(one).length))
      const [first] = heard
      expect(edges(first ?? []).filter((edge) => edge.startsWith("Fired"))).toHaveLength(1)
      for (const one of heard) expect(one).toEqual(first)
      for (const tracker of trackers) {
        expect(yield* tracker.activeAlerts).toHaveLength(1)
        expect((yield* tracker.verdict("NETWORK_TIMEOUT")).exceeded).toMatchObject({ value: { count: 9, limit: 3 } })
      }
      yield* TestClock.adjust("65 seconds")
      for (const one of heard) {
        expect(edges(one).at(-1)).toBe("Resolved 0")
        expect(edges(one).filter((edge) => edge.startsWith("Resolved"))).toHaveLength(1)
      }
      for (const tracker of trackers) expect(yield* tracker.activeAlerts).toEqual([])
    }))

  it.scoped("an alert that waits for its end costs the store a few commands a second", () =>
    Effect.gen(function*() {
      let reads = 0
      const fleet = FleetStore.memoryFleet()
      const counted = Effect.map(fleet, (store): FleetStore.Service => ({
        ...store,
        timeline: (key, fields) => Effect.suspend(() => (reads++, store.timeline(key, fields)))
      }))
      const custom = [{ name: "short", window: "30 seconds", limit: 3 }] as const
      const layer = FleetTracker.layer({ thresholds: { NETWORK_TIMEOUT: { custom } } }).pipe(
        Layer.provide(Layer.effect(FleetStore.FleetStore, counted))
      )
      const [a, b] = [yield* Layer.build(layer), yield* Layer.build(layer)].map(Context.get(ErrorTracker.ErrorTracker))
      const heard = yield* listen(a!)
      for (const tracker of [a!, b!]) yield* many(tracker, 3)
      yield* TestClock.adjust("29 seconds")
      expect(edges(heard, "short")).toEqual(["Fired 6"])
      reads = 0
      yield* TestClock.adjust("6 seconds")
      expect(edges(heard, "short")).toEqual(["Fired 6", "Resolved 0"])
      expect(reads).toBeLessThan(150)
    }))

  it.scoped("a limit that one process alone knows is watched for the errors of all", () =>
    Effect.gen(function*() {
      const thresholds = { NETWORK_TIMEOUT: {}, OWN: { perMinute: 5 } }
      const [a, knowing] = yield* processes({ thresholds: { NETWORK_TIMEOUT: {} } }, { thresholds })
      const heard = yield* Effect.forEach([a, knowing], listen)
      const own = {
        ...timeout(),
        _tag: "Own",
        code: "OWN",
        category: "Other",
        severity: "ERROR",
        message: "",
        context: {}
      }
      yield* TestClock.adjust("10 seconds")
      yield* Effect.repeatN(a.track(own as FetchError.Trackable), 7)
      yield* TestClock.adjust("1200 millis")
      for (const one of heard) expect(edges(one)).toEqual(["Fired 8"])
    }))

  it.scoped("rules on a dimension and on a ratio count all processes", () =>
    Effect.gen(function*() {
      const rules = [
        { name: "value", by: "symbol", window: "hour", limit: 5 },
        { name: "share", by: "source", window: "hour", ratio: 0.5, minAttempts: 10 }
      ] as const
      const options = { thresholds: { NETWORK_TIMEOUT: {} }, rules }
      const [a, b] = yield* processes(options, options)
      const heard = yield* Effect.forEach([a, b], listen)
      const context = { symbol: "A", source: "rest" }
      const failed = (tracker: ErrorTracker.Service) => tracker.track(timeout(context), { attempt: true })
      yield* Effect.repeatN(failed(a), 3)
      yield* Effect.repeatN(a.succeeded(context), 3)
      yield* TestClock.adjust("2 seconds")
      expect(heard).toEqual([[], []])
      yield* Effect.repeatN(failed(b), 3)
      yield* TestClock.adjust("2 seconds")
      // Neither process alone has so many failures, or so many attempts.
      for (const one of heard) {
        const fired = one.flatMap((alert) => alert._tag === "Fired" ? [alert] : [])
        expect(fired.map(({ rule = "" }) => rule).sort((a, b) => a < b ? -1 : 1)).toEqual(["share", "value"])
        expect(fired.map(({ values = [] }) => values.join()).sort((a, b) => a < b ? -1 : 1)).toEqual(["A", "rest"])
        for (const { attempts = 100, count } of fired) {
          expect(count).toBeGreaterThan(5)
          expect(attempts).toBeGreaterThanOrEqual(10)
        }
        expect(one).toEqual(heard[0])
      }
      expect(yield* a.worst({ by: "source", minAttempts: 1 })).toMatchObject({
        rows: [{ value: "rest", failures: 8, attempts: 12 }]
      })
    }))

  it.scoped("a reset discards the counts of all processes", () =>
    Effect.gen(function*() {
      const [a, b] = yield* processes({}, {})
      yield* many(a, 3)
      yield* many(b, 3)
      yield* TestClock.adjust("2 seconds")
      expect((yield* a.stats()).total).toBe(6)
      yield* b.reset
      yield* settled
      for (const tracker of [a, b]) expect((yield* tracker.stats()).total).toBe(0)
      yield* many(a, 1)
      for (const tracker of [a, b]) expect((yield* tracker.stats({ window: "1 hour" })).total).toBe(1)
    }))

  it.scopedLive("deliveries of a group give each edge to one process", () =>
    Effect.gen(function*() {
      const fleet = FleetStore.memoryFleet()
      const delivered: Array<string> = []
      const process = Effect.gen(function*() {
        const store = Layer.succeed(FleetStore.FleetStore, yield* fleet)
        yield* FleetTracker.deliveries().pipe(
          Stream.runForEach((alert) => Effect.sync(() => delivered.push(`${alert._tag} ${alert.window}`))),
          Effect.provide(store),
          Effect.forkScoped
        )
        const live = FleetTracker.layer({ flushEvery: "20 millis" })
        return Context.get(yield* Layer.build(Layer.provide(live, store)), ErrorTracker.ErrorTracker)
      })
      const [a, b, c] = yield* Effect.all([process, process, process])
      yield* settled
      for (const tracker of [a, b, c]) {
        yield* many(tracker, 2)
        yield* tracker.stats()
      }
      while (delivered.length < 1) yield* Effect.yieldNow()
      yield* many(b, 1)
      yield* c.stats()
      yield* b.stats()
      while (delivered.length < 2) yield* Effect.yieldNow()
      yield* settled
      expect(delivered).toEqual(["Fired minute", "Escalated minute"])
    }))
})

describe("FleetTracker without its store", () => {
  /** A store that can be made unavailable. */
  const failing = Effect.map(Effect.suspend(FleetStore.memoryFleet), (store) => {
    const state = { isAway: false, failures: 0 }
    const away = new FleetStore.Unavailable({ operation: "any", message: "away", mayBeDone: false })
    const unless = <A>(effect: Effect.Effect<A, FleetStore.Unavailable>) =>
      Effect.suspend(() => {
        if (!state.isAway) return effect
        state.failures++
        return Effect.fail(away)
      })
    const service: FleetStore.Service = {
      ...store,
      flush: (batch) => unless(store.flush(batch)),
      join: (group, ttl) => unless(store.join(group, ttl)),
      lease: (name, ttl) => unless(store.lease(name, ttl)),
      counts: (key) => unless(store.counts(key)),
      timeline: (key, fields) => unless(store.timeline(key, fields)),
      changeState: (change) => unless(store.changeState(change)),
      states: unless(store.states)
    }
    return { state, service }
  })

  it.scoped("counts and alerts go on, and are made up for when it is back", () =>
    Effect.gen(function*() {
      const { service, state } = yield* failing
      const live = FleetTracker.layer().pipe(Layer.provide(Layer.succeed(FleetStore.FleetStore, service)))
      const tracker = Context.get(yield* Layer.build(live), ErrorTracker.ErrorTracker)
      const heard = yield* listen(tracker)
      yield* many(tracker, 2)
      yield* TestClock.adjust("2 seconds")
      state.isAway = true
      yield* many(tracker, 2)
      yield* TestClock.adjust("10 seconds")
      expect(edges(heard)).toEqual(["Fired 4"])
      expect((yield* tracker.stats({ window: "1 minute" })).total).toBe(4)
      expect(yield* tracker.activeAlerts).toHaveLength(1)
      // About one attempt a second, whatever is counted or read.
      expect(state.failures).toBeLessThan(40)
      state.isAway = false
      yield* TestClock.adjust("2 seconds")
      expect((yield* tracker.stats()).total).toBe(4)
      expect(yield* tracker.activeAlerts).toHaveLength(1)
      yield* many(tracker, 3)
      yield* TestClock.adjust("3 minutes")
      expect(edges(heard)).toEqual(["Fired 4", "Escalated 7", "Resolved 0"])
      expect(new Set(heard.map((alert) => alert._tag === "Missed" ? "" : alert.id)).size).toBe(1)
      expect(yield* tracker.activeAlerts).toEqual([])
    }))

  it.scoped("a process that starts without it works, and joins when it is there", () =>
    Effect.gen(function*() {
      const { service, state } = yield* failing
      state.isAway = true
      const live = FleetTracker.layer().pipe(Layer.provide(Layer.succeed(FleetStore.FleetStore, service)))
      const tracker = Context.get(yield* Layer.build(live), ErrorTracker.ErrorTracker)
      yield* many(tracker, 3)
      yield* TestClock.adjust("5 seconds")
      expect((yield* tracker.stats()).total).toBe(3)
      state.isAway = false
      yield* TestClock.adjust("5 seconds")
      const other = Context.get(yield* Layer.build(live), ErrorTracker.ErrorTracker)
      expect((yield* other.stats({ window: "1 hour" })).total).toBe(3)
    }))
})
