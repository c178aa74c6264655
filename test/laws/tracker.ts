/**
 * Laws 4 to 10 for any implementation of the tracker. Call it with a layer that has the default limits, dimensions and
 * caps.
 */
import { expect, it } from "@effect/vitest"
import type { Scope } from "effect"
import {
  Array as Arr,
  Clock,
  DateTime,
  Deferred,
  Duration,
  Effect,
  Exit,
  Layer,
  Logger,
  Option,
  Stream,
  TestClock
} from "effect"
import { Alert, ErrorTracker, FetchError } from "effect-errata"
import { LogCapture } from "effect-errata/testing"
import { reportingOf } from "../../src/internal/tracker/reporting.js"

const tracker = ErrorTracker.ErrorTracker

/** Of these, 3 a minute, 10 an hour and 30 a day are normal. */
const timeout = (context?: FetchError.CommonProps["context"]) => new FetchError.NetworkTimeout({ context })

/** Of these, 10 a minute, 100 an hour and 1,000 a day are normal. */
const empty = (reason: FetchError.EmptyReason = "api_response", source?: string) =>
  new FetchError.DataEmpty({ reason, context: { source } })

const track = (error: FetchError.Trackable, times = 1) =>
  Effect.flatMap(tracker, (tracker) => Effect.repeatN(tracker.track(error), times - 1))

const total = (window?: Duration.DurationInput) =>
  Effect.flatMap(tracker, (tracker) => Effect.map(tracker.stats({ window }), ({ total }) => total))

// Fibers that are awake run in turn: after so many turns all of them wait.
const settled = Effect.repeatN(Effect.yieldNow(), 100)

/** Subscribes to the alerts; returns an effect with those received so far. */
const listen = Effect.map(
  Effect.gen(function*() {
    const { alerts } = yield* tracker
    const heard: Array<Alert.Alert> = []
    yield* Effect.forkScoped(Stream.runForEach(alerts, (alert) => Effect.sync(() => heard.push(alert))))
    yield* settled
    return heard
  }),
  (heard) => Effect.as(settled, heard)
)

const edges = (alerts: ReadonlyArray<Alert.Alert>, window: Alert.WindowName) =>
  alerts.flatMap((alert) => alert._tag !== "Missed" && alert.window === window ? [`${alert._tag} ${alert.count}`] : [])

const seconds = (at: DateTime.Utc) => DateTime.toEpochMillis(at) / 1000

const messages = Effect.map(LogCapture.entries, Arr.map(({ level, message }) => `${level} ${message}`))

/** What is wrong with a clock at present. */
interface Faults {
  wallShift: number
  broken: "back" | "throws" | "NaN" | undefined
}

/** The TestClock, with faults. */
const faultyClock = Effect.map(Effect.clock, (clock): readonly [Clock.Clock, Faults] => {
  const faults: Faults = { wallShift: 0, broken: undefined }
  const read = <A>(right: A, back: A, nan: A): A => {
    if (faults.broken === "throws") throw new Error("clock")
    return faults.broken === "back" ? back : faults.broken === "NaN" ? nan : right
  }
  const faulty: Clock.Clock = Object.assign(Object.create(clock), {
    unsafeCurrentTimeMillis: () => read(clock.unsafeCurrentTimeMillis() + faults.wallShift, 5, NaN),
    unsafeCurrentTimeNanos: () => read<unknown>(clock.unsafeCurrentTimeNanos(), 5n, NaN)
  })
  return [faulty, faults]
})

export const trackerLaws = (layer: Layer.Layer<ErrorTracker.ErrorTracker>) => {
  const law = <A, E>(
    name: string,
    body: Effect.Effect<A, E, ErrorTracker.ErrorTracker | LogCapture.LogCapture | Scope.Scope>
  ) => it.scoped(name, () => Effect.provide(body, Layer.provideMerge(layer, LogCapture.layer)))

  const lawWithClock = <A, E>(
    name: string,
    body: (clock: Faults) => Effect.Effect<A, E, ErrorTracker.ErrorTracker>
  ) =>
    it.effect(
      name,
      () =>
        Effect.flatMap(faultyClock, ([clock, faults]) => Effect.withClock(Effect.provide(body(faults), layer), clock))
    )

  // -------------------------------------------------------------------------------------------------------------------
  // time
  // -------------------------------------------------------------------------------------------------------------------

  law(
    "Law 4: the TestClock ages everything",
    Effect.gen(function*() {
      const service = yield* tracker
      yield* track(timeout({ symbol: "A" }), 5)
      yield* track(empty("api_response", "rest"), 2)
      yield* TestClock.adjust("2 minutes")
      expect(yield* total("1 minute")).toBe(0)
      expect(yield* total("1 hour")).toBe(7)
      expect(yield* total()).toBe(7)
      expect(yield* service.breakdown({ by: "symbol", window: "minute" })).toEqual([])
      expect(yield* service.breakdown({ by: "symbol", window: "hour" })).toHaveLength(1)
      expect((yield* service.verdict("NETWORK_TIMEOUT")).verdict).toBe("normal")
      expect((yield* service.emptyData({ window: "1 minute" })).unexpected).toBe(0)
      yield* TestClock.adjust("25 hours")
      expect(yield* total("1 day")).toBe(0)
      expect(yield* total()).toBe(7)
    })
  )

  lawWithClock("Law 4: a step of the wall clock changes no count", (clock) =>
    Effect.gen(function*() {
      const service = yield* tracker
      yield* track(timeout({ symbol: "A" }), 4)
      for (const step of [-Duration.toMillis("3 days"), Duration.toMillis("3 days")]) {
        clock.wallShift = step
        expect(yield* total("1 minute")).toBe(4)
        expect((yield* service.verdict("NETWORK_TIMEOUT")).verdict).toBe("extraordinary")
        expect((yield* service.breakdown({ by: "symbol", window: "minute" }))[0]?.count).toBe(4)
        expect(yield* service.activeAlerts).toHaveLength(1)
        expect(DateTime.toEpochMillis((yield* service.stats()).at)).toBe(step)
      }
      yield* track(timeout({ symbol: "A" }))
      expect(yield* total("1 minute")).toBe(5)
      yield* TestClock.adjust("61 seconds")
      expect(yield* total("1 minute")).toBe(0)
      expect(yield* service.activeAlerts).toHaveLength(0)
    }))

  lawWithClock(
    "Law 4: a clock that goes back, throws or is not a number makes nothing younger and stops nothing",
    (clock) =>
      Effect.gen(function*() {
        const service = yield* tracker
        yield* TestClock.adjust("1 hour")
        yield* track(timeout({ symbol: "A" }))
        yield* TestClock.adjust("30 seconds")
        expect(yield* total("29 seconds")).toBe(0)
        for (const broken of ["back", "throws", "NaN", "back"] as const) {
          clock.broken = broken
          yield* track(timeout({ symbol: "A" }))
          expect(yield* total("29 seconds")).toBeGreaterThanOrEqual(1)
          expect(Number.isFinite(DateTime.toEpochMillis((yield* service.stats()).at))).toBe(true)
          yield* service.snapshot
          clock.broken = undefined
        }
        expect(yield* total("10 minutes")).toBe(5)
        expect(yield* total("29 seconds")).toBe(4)
        // Time goes on from where it was.
        yield* TestClock.adjust("10 minutes")
        yield* TestClock.adjust("1 second")
        expect(yield* total("10 minutes")).toBe(0)
        expect(yield* total()).toBe(5)
      })
  )

  law(
    "Law 4: time goes on after the clock was set back",
    Effect.gen(function*() {
      const service = yield* tracker
      const count = Effect.map(service.breakdown({ by: "symbol", window: "minute" }), ([row]) => row?.count)
      yield* TestClock.adjust("1 hour")
      yield* track(timeout({ symbol: "A" }))
      yield* TestClock.setTime(0)
      yield* track(timeout({ symbol: "A" }))
      yield* TestClock.setTime(Duration.toMillis("1 hour"))
      expect(yield* count).toBe(2)
      yield* TestClock.setTime(0)
      expect(yield* total("1 second")).toBe(2)
      expect(yield* count).toBe(2)
      yield* TestClock.adjust("50 seconds")
      expect(yield* total("49 seconds")).toBe(0)
      expect(yield* count).toBe(2)
      yield* TestClock.adjust("15 seconds")
      expect(yield* total("1 minute")).toBe(0)
      expect(yield* service.activeAlerts).toEqual([])
    })
  )

  law(
    "Law 4: a fetch under another clock than the layer's changes no age",
    Effect.gen(function*() {
      const service = yield* tracker
      const layerClock = yield* Effect.clock
      const ages = Effect.map(
        service.recent(),
        (errors) => errors.map(({ at }) => layerClock.unsafeCurrentTimeMillis() - DateTime.toEpochMillis(at))
      )
      yield* TestClock.adjust("1 hour")
      for (const nanos of [() => 0n, () => 10n ** 18n, () => -(10n ** 18n), () => BigInt(NaN)]) {
        const other: Clock.Clock = {
          ...layerClock,
          [Clock.ClockTypeId]: Clock.ClockTypeId,
          unsafeCurrentTimeNanos: nanos,
          unsafeCurrentTimeMillis: () => Number(nanos() / 1_000_000n)
        }
        yield* Effect.withClock(
          Effect.all([service.track(timeout()), service.stats(), service.recent(), service.activeAlerts]),
          other
        )
        yield* TestClock.adjust("10 seconds")
      }
      expect(yield* ages).toEqual([10_000, 20_000, 30_000, 40_000])
      expect(yield* total("25 seconds")).toBe(2)
      expect(yield* service.activeAlerts).toHaveLength(1)
      yield* TestClock.adjust("51 seconds")
      expect(yield* total("1 minute")).toBe(0)
      expect(yield* service.activeAlerts).toEqual([])
    })
  )

  law(
    "Law 5: an event of age exactly W is inside",
    Effect.gen(function*() {
      const service = yield* tracker
      yield* track(empty())
      for (
        const [window, name] of [["1 minute", "minute"], ["1 hour", "hour"], ["1 day", "day"]] as const
      ) {
        yield* TestClock.setTime(Duration.toMillis(window))
        expect(yield* total(window)).toBe(1)
        expect((yield* service.rates)[name]).toEqual({ DATA_EMPTY: 1 })
        expect((yield* service.emptyData({ window })).unexpected).toBe(1)
        yield* TestClock.setTime(Duration.toMillis(window) + 1)
        expect(yield* total(window)).toBe(0)
        expect((yield* service.rates)[name]).toEqual({})
        expect((yield* service.emptyData({ window })).unexpected).toBe(0)
      }
    })
  )

  law(
    "Law 5: a limit n is exceeded by the n+1-th event",
    Effect.gen(function*() {
      const service = yield* tracker
      yield* track(empty(), 10)
      expect(yield* service.verdict("DATA_EMPTY")).toEqual({ verdict: "normal", exceeded: Option.none() })
      expect(yield* service.activeAlerts).toEqual([])
      yield* track(empty())
      expect(yield* service.verdict("DATA_EMPTY")).toEqual({
        verdict: "extraordinary",
        exceeded: Option.some({ window: "minute", limit: 10, count: 11 })
      })
      const [alert] = yield* service.activeAlerts
      expect(alert?.message).toBe(
        "THRESHOLD EXCEEDED: DATA_EMPTY occurred 11 times in the last minute (threshold: 10)"
      )
    })
  )

  // -------------------------------------------------------------------------------------------------------------------
  // counts
  // -------------------------------------------------------------------------------------------------------------------

  law(
    "Law 6: counts are exact up to 1,024 in a window and within 1/2048 beyond, totals are exact",
    Effect.gen(function*() {
      const service = yield* tracker
      for (let n = 1; n <= 60; n++) {
        yield* track(timeout(), 100)
        yield* TestClock.adjust("1 minute")
        const inTenMinutes = yield* total(Duration.minutes(10))
        if (n <= 10) expect(inTenMinutes).toBe(n * 100)
        else expect(inTenMinutes).toBe(1000)
        expect(Math.abs((yield* total("1 hour")) - n * 100) / (n * 100)).toBeLessThan(1 / 2048)
        expect(yield* total()).toBe(n * 100)
      }
      expect((yield* service.stats()).byCode).toEqual({ NETWORK_TIMEOUT: { count: 6000, severity: "WARNING" } })
    })
  )

  law(
    "Law 6: 2,000 values of a dimension are counted separately, the rest is other, and totals stay exact",
    Effect.gen(function*() {
      const service = yield* tracker
      for (let i = 0; i < 2500; i++) yield* track(timeout({ symbol: `S${i}`, source: "rest" }))
      yield* track(timeout({ symbol: "S7" }))
      const rows = yield* service.breakdown({ by: "symbol" })
      expect(rows).toHaveLength(2001)
      expect(rows[0]).toMatchObject({ value: "other", count: 500 })
      expect(rows[1]).toMatchObject({ value: "S7", count: 2 })
      expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(2501)
      expect(rows.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
      expect((yield* service.stats()).dropped).toBe(500)
      expect(yield* service.breakdown({ by: "source", window: "hour" })).toMatchObject([{ value: "rest", count: 2500 }])
    })
  )

  law(
    "Law 6: 50,000 symbols are bounded, and `dropped` counts what became other",
    Effect.gen(function*() {
      const service = yield* tracker
      for (let i = 0; i < 50_000; i++) yield* track(timeout({ symbol: `S${i}`, source: "rest" }))
      yield* track(timeout({ symbol: "S7" }), 3)
      const { dropped, total } = yield* service.stats()
      expect(total).toBe(50_003)
      const rows = yield* service.breakdown({ by: "symbol", window: "hour" })
      expect(rows.length).toBe(2001)
      expect(rows.slice(0, 2)).toMatchObject([{ value: "other", count: dropped }, { value: "S7", count: 4 }])
      expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(50_003)
      expect(yield* service.breakdown({ by: "source" })).toMatchObject([{ value: "rest", count: 50_000 }])
    })
  )

  law(
    "Law 6: undeclared codes have rows of their own while there are few, then they are other",
    Effect.gen(function*() {
      const service = yield* tracker
      const own = (code: string): FetchError.Trackable => ({
        _tag: "Own",
        code,
        category: "Other",
        severity: "WARNING",
        message: "own",
        context: {}
      })
      for (let i = 0; i < 1000; i++) yield* track(own(`CODE_${i}`))
      yield* track(timeout())
      const { byCode, bySeverity, dropped, total } = yield* service.stats()
      expect(total).toBe(1001)
      expect(Object.keys(byCode).length).toBeLessThanOrEqual(81)
      expect(byCode["CODE_0"]).toEqual({ count: 1, severity: "WARNING" })
      expect(byCode["NETWORK_TIMEOUT"]?.count).toBe(1)
      expect(Object.values(byCode).reduce((sum, { count }) => sum + count, 0)).toBe(1001)
      expect(byCode["other"]?.count).toBe(dropped)
      expect(bySeverity.INFO + bySeverity.WARNING + bySeverity.ERROR).toBe(1001)
    })
  )

  law(
    "Law 7: reading changes nothing",
    Effect.gen(function*() {
      const service = yield* tracker
      yield* track(timeout({ symbol: "A", source: "rest" }), 50)
      yield* track(empty("source_gap", "vision"), 20)
      yield* service.succeeded({ symbol: "A" })
      yield* TestClock.adjust("30 seconds")
      const read = Effect.all({
        stats: service.stats(),
        windowed: service.stats({ window: "1 hour" }),
        rates: service.rates,
        breakdown: service.breakdown({ by: "symbol", window: "minute" }),
        timeline: service.timeline({ window: "1 minute", step: "10 seconds" }),
        emptyData: service.emptyData(),
        verdict: service.verdict("NETWORK_TIMEOUT"),
        activeAlerts: service.activeAlerts,
        recent: service.recent()
      })
      const before = yield* read
      expect(yield* read).toEqual(before)
    })
  )

  law(
    "Law 7: no read shows an alert that is over, even before the clean-up resolves it",
    Effect.gen(function*() {
      const service = yield* tracker
      yield* track(timeout(), 4)
      yield* TestClock.adjust("59 seconds")
      expect(yield* service.activeAlerts).toHaveLength(1)
      // Past the window, but short of any reasonable sweep.
      yield* TestClock.adjust("1001 millis")
      expect(yield* service.activeAlerts).toEqual([])
      expect((yield* service.verdict("NETWORK_TIMEOUT")).verdict).toBe("normal")
      expect(yield* Stream.runCollect(Stream.interruptAfter(service.alerts, 0))).toHaveLength(0)
    })
  )

  law(
    "ten thousand fibers at once: totals are exact",
    Effect.gen(function*() {
      const service = yield* tracker
      yield* Effect.forEach(
        Arr.range(1, 10_000),
        (i) =>
          Effect.zipRight(
            Effect.yieldNow(),
            i % 2 === 0 ? service.track(timeout({ symbol: `S${i % 10}` })) : service.succeeded({ symbol: `S${i % 10}` })
          ),
        { concurrency: "unbounded", discard: true }
      )
      const stats = yield* service.stats()
      expect(stats.total).toBe(5000)
      expect(stats.attempts).toBe(10_000)
      expect(stats.errorRatio).toEqual(Option.some(0.5))
      expect(Math.abs((yield* total("1 hour")) - 5000)).toBeLessThanOrEqual(2)
      const rows = yield* service.breakdown({ by: "symbol", window: "hour" })
      expect(rows.map(({ count }) => count)).toEqual([1000, 1000, 1000, 1000, 1000, 0, 0, 0, 0, 0])
    })
  )

  law(
    "attempts are counted where successes are reported, and only there",
    Effect.gen(function*() {
      const service = yield* tracker
      yield* track(timeout({ source: "vision" }))
      expect(yield* service.stats()).toMatchObject({ attempts: 0, errorRatio: Option.none() })
      yield* track(timeout({ source: "rest" }))
      yield* Effect.repeatN(service.succeeded({ source: "rest" }), 2)
      expect(yield* service.stats()).toMatchObject({ attempts: 5, errorRatio: Option.some(0.4) })
      expect(yield* service.breakdown({ by: "source" })).toEqual([
        { value: "rest", count: 1, attempts: 4, errorRatio: Option.some(0.25), share: 0.5 },
        { value: "vision", count: 1, attempts: 0, errorRatio: Option.none(), share: 0.5 }
      ])
      yield* TestClock.adjust("2 hours")
      expect(yield* service.stats({ window: "1 hour" })).toMatchObject({ attempts: 0, errorRatio: Option.none() })
    })
  )

  law(
    "retries, give-ups, waits, refusals and open circuits are counted separately, and over windows",
    Effect.gen(function*() {
      const service = yield* tracker
      const names = ["retries", "giveUps", "gateWaits", "refusals", "openCircuits"] as const
      for (const [i, name] of names.entries()) yield* Effect.repeatN(reportingOf(service).retried(name), i)
      const all = { retries: 1, giveUps: 2, gateWaits: 3, refusals: 4, openCircuits: 5 }
      expect((yield* service.stats()).retry).toEqual(all)
      yield* TestClock.adjust("90 seconds")
      yield* reportingOf(service).retried("retries")
      expect((yield* service.stats({ window: "1 minute" })).retry).toEqual({
        retries: 1,
        giveUps: 0,
        gateWaits: 0,
        refusals: 0,
        openCircuits: 0
      })
      expect((yield* service.stats({ window: "2 minutes" })).retry).toEqual({ ...all, retries: 2 })
      yield* service.reset
      expect((yield* service.stats()).retry.giveUps).toBe(0)
    })
  )

  law(
    "calls are counted by their outcome, over windows, and kept in snapshots",
    Effect.gen(function*() {
      const service = yield* tracker
      const { called, callSucceeded } = reportingOf(service)
      const succeeded = Effect.sync(callSucceeded)
      yield* succeeded
      const outcomes = ["recovered", "failed", "refused"] as const
      for (const [i, outcome] of outcomes.entries()) yield* Effect.repeatN(called(outcome), i + 1)
      const all = { made: 10, recovered: 2, failed: 3, refused: 4 }
      expect((yield* service.stats()).calls).toEqual(all)
      yield* TestClock.adjust("90 seconds")
      yield* succeeded
      yield* called("refused")
      const lastMinute = { made: 2, recovered: 0, failed: 0, refused: 1 }
      expect((yield* service.stats({ window: "1 minute" })).calls).toEqual(lastMinute)
      const snapshot = yield* service.snapshot
      yield* service.reset
      expect((yield* service.stats()).calls).toEqual({ made: 0, recovered: 0, failed: 0, refused: 0 })
      yield* service.restore(snapshot)
      expect((yield* service.stats()).calls).toEqual({ ...all, made: 12, refused: 5 })
      expect((yield* service.stats({ window: "1 minute" })).calls).toEqual(lastMinute)
    })
  )

  law(
    "a call that succeeds is counted within a second of its time, whenever the tracker is read",
    Effect.gen(function*() {
      const service = yield* tracker
      const { callSucceeded } = reportingOf(service)
      const succeeded = Effect.sync(callSucceeded)
      yield* Effect.repeatN(succeeded, 4)
      yield* TestClock.adjust("30 seconds")
      yield* Effect.repeatN(succeeded, 1)
      yield* TestClock.adjust("500 millis")
      yield* succeeded
      yield* TestClock.adjust("29 seconds")
      const made = (window: Duration.DurationInput) => Effect.map(service.stats({ window }), ({ calls }) => calls.made)
      expect(yield* made("1 minute")).toBe(8)
      yield* TestClock.adjust("1 second")
      expect(yield* made("1 minute")).toBe(3)
      expect(yield* made("29 seconds")).toBe(0)
      expect((yield* service.stats()).calls.made).toBe(8)
    })
  )

  law(
    "attempts are counted for an error tracked as one, even without a success",
    Effect.gen(function*() {
      const service = yield* tracker
      yield* track(timeout({ source: "vision" }), 2)
      yield* Effect.repeatN(service.track(timeout({ source: "rest" }), { attempt: true }), 2)
      yield* service.track(timeout({ source: "rest" }), { attempt: false })
      expect(yield* service.stats()).toMatchObject({ attempts: 6, errorRatio: Option.some(1) })
      expect(yield* service.breakdown({ by: "source" })).toMatchObject([
        { value: "rest", count: 4, attempts: 4, errorRatio: Option.some(1) },
        { value: "vision", count: 2, attempts: 0, errorRatio: Option.none() }
      ])
      yield* service.succeeded({ source: "rest" })
      expect((yield* service.breakdown({ by: "source", limit: 1 }))[0]?.errorRatio).toEqual(Option.some(4 / 5))
      yield* service.reset
      yield* track(timeout({ source: "rest" }))
      expect(yield* service.stats()).toMatchObject({ attempts: 0, errorRatio: Option.none() })
    })
  )

  law(
    "expected empties are counted, but towards no limit, verdict or error ratio",
    Effect.gen(function*() {
      const service = yield* tracker
      yield* track(empty("not_published_yet", "vision"), 1500)
      yield* track(empty("api_response", "rest"), 3)
      yield* Effect.repeatN(service.succeeded({ source: "vision" }), 496)
      expect(yield* service.verdict("DATA_EMPTY")).toMatchObject({ verdict: "normal" })
      expect(yield* service.activeAlerts).toEqual([])
      const stats = yield* service.stats({ window: "1 minute" })
      expect(stats.total).toBe(1503)
      expect(stats.attempts).toBe(2000)
      expect(stats.errorRatio).toEqual(Option.some(3 / 2000))
      expect((yield* service.breakdown({ by: "source" }))[0]).toMatchObject({
        value: "vision",
        count: 1500,
        errorRatio: Option.some(0)
      })
      expect(yield* service.emptyData()).toMatchObject({
        expected: 1500,
        unexpected: 3,
        rows: [
          { reason: "not_published_yet", source: "vision", expected: 1500, unexpected: 0 },
          { reason: "api_response", source: "rest", expected: 0, unexpected: 3 }
        ]
      })
    })
  )

  law(
    "expected empties do not escalate an active alert",
    Effect.gen(function*() {
      const heard = yield* listen
      yield* track(empty(), 11)
      yield* track(empty("not_published_yet"), 50)
      yield* track(empty(), 9)
      expect(edges(yield* heard, "minute")).toEqual(["Fired 11"])
      yield* track(empty())
      expect(edges(yield* heard, "minute")).toEqual(["Fired 11", "Escalated 21"])
    })
  )

  law(
    "a timeline counts per step; a step is open at its start",
    Effect.gen(function*() {
      const service = yield* tracker
      yield* track(timeout(), 1)
      yield* TestClock.adjust("10 seconds")
      yield* track(timeout(), 2)
      yield* track(empty(), 5)
      yield* TestClock.adjust("10 seconds")
      yield* track(timeout(), 3)
      const steps = yield* service.timeline({ window: "30 seconds", step: "10 seconds", code: "NETWORK_TIMEOUT" })
      expect(steps.map(({ at, count }) => [seconds(at), count])).toEqual([[0, 1], [10, 2], [20, 3]])
      const all = yield* service.timeline({ window: "30 seconds", step: "10 seconds" })
      expect(all.map(({ count }) => count)).toEqual([1, 7, 3])
      yield* TestClock.adjust("1 millis")
      const later = yield* service.timeline({ window: "30 seconds", step: "10 seconds", code: "NETWORK_TIMEOUT" })
      expect(later.map(({ count }) => count)).toEqual([1, 2, 3])
      yield* TestClock.adjust("9999 millis")
      const last = yield* service.timeline({ window: "30 seconds", step: "10 seconds", code: "NETWORK_TIMEOUT" })
      expect(last.map(({ count }) => count)).toEqual([2, 3, 0])
      expect(yield* service.timeline({ window: "1 minute", step: "20 seconds", code: "NONE" })).toMatchObject([
        { count: 0 },
        { count: 0 },
        { count: 0 }
      ])
    })
  )

  law(
    "hostile names are counted like any other",
    Effect.gen(function*() {
      const service = yield* tracker
      for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty", ""]) {
        yield* track({
          _tag: name,
          code: name,
          category: name,
          severity: "INFO",
          message: name,
          context: { symbol: name }
        })
      }
      const { byCategory, byCode, total } = yield* service.stats()
      expect(total).toBe(5)
      expect(Object.entries(byCode).map(([code, { count }]) => [code, count])).toEqual([
        ["__proto__", 1],
        ["constructor", 1],
        ["toString", 1],
        ["hasOwnProperty", 1],
        ["", 1]
      ])
      expect(Object.keys(byCategory)).toHaveLength(5)
      expect(yield* service.breakdown({ by: "symbol" })).toHaveLength(5)
      expect((yield* service.verdict("__proto__")).verdict).toBe("normal")
    })
  )

  law(
    "recent errors are redacted, newest first",
    Effect.gen(function*() {
      const service = yield* tracker
      for (let i = 0; i < 150; i++) yield* track(timeout({ attempt: i }))
      yield* track({
        _tag: "Own",
        code: "OWN",
        category: "Other",
        severity: "ERROR",
        message: `https://x.test/?apiKey=abc ${"x".repeat(10_000)}`,
        context: { url: "https://x.test/?signature=abc" }
      })
      const recent = yield* service.recent()
      expect(recent).toHaveLength(100)
      expect(recent[0]).toMatchObject({ tag: "Own", code: "OWN", severity: "ERROR" })
      expect(JSON.stringify(recent)).not.toContain("abc")
      expect(recent[0]?.message.length).toBeLessThan(2049)
      expect(recent.slice(1, 3).map(({ context }) => context.attempt)).toEqual([149, 148])
      expect(yield* service.recent({ limit: 2, code: "NETWORK_TIMEOUT" })).toHaveLength(2)
      expect(yield* service.recent({ code: "NONE" })).toEqual([])
    })
  )

  law(
    "recent errors say which empty data was expected, and keep the last of both",
    Effect.gen(function*() {
      const service = yield* tracker
      const empty = (expected: boolean) => new FetchError.DataEmpty({ reason: "source_gap", expected })
      yield* track(empty(false))
      yield* track(empty(true), 150)
      yield* track(timeout())
      const recent = yield* service.recent()
      expect(recent[0]).toMatchObject({ code: "NETWORK_TIMEOUT", expected: false })
      expect(recent.at(-1)).toMatchObject({ code: "DATA_EMPTY", expected: false })
      expect(recent.filter(({ expected }) => expected)).toHaveLength(99)
      const snapshot = yield* service.snapshot
      yield* service.restore(snapshot)
      expect((yield* service.recent()).map(({ expected }) => expected)).toEqual(
        recent.map(({ expected }) => expected)
      )
    })
  )

  law(
    "reset discards all counts and resolves active alerts",
    Effect.gen(function*() {
      const service = yield* tracker
      const heard = yield* listen
      yield* track(timeout({ symbol: "A" }), 4)
      yield* service.succeeded({})
      yield* TestClock.adjust("5 seconds")
      yield* service.reset
      expect(yield* service.stats()).toMatchObject({ total: 0, attempts: 0, dropped: 0, byCode: {} })
      expect(yield* service.breakdown({ by: "symbol" })).toEqual([])
      expect(yield* service.recent()).toEqual([])
      expect(yield* service.activeAlerts).toEqual([])
      expect(edges(yield* heard, "minute")).toEqual(["Fired 4", "Resolved 0"])
      yield* track(timeout(), 4)
      expect(edges(yield* heard, "minute")).toEqual(["Fired 4", "Resolved 0", "Fired 4"])
    })
  )

  // -------------------------------------------------------------------------------------------------------------------
  // alerts
  // -------------------------------------------------------------------------------------------------------------------

  law(
    "Law 8: fired once, escalated by doubling, resolved at the instant it fell, with duration and peak",
    Effect.gen(function*() {
      const heard = yield* listen
      yield* TestClock.adjust("100 seconds")
      yield* track(empty(), 11)
      expect(edges(yield* heard, "minute")).toEqual(["Fired 11"])
      yield* TestClock.adjust("10 seconds")
      yield* track(empty(), 89)
      expect(edges(yield* heard, "minute")).toEqual(["Fired 11", "Escalated 21", "Escalated 41", "Escalated 81"])
      // The 89 are 60 seconds old at 170 s, and out just after.
      yield* TestClock.adjust("60 seconds")
      expect(yield* (yield* tracker).activeAlerts).toHaveLength(1)
      yield* TestClock.adjust("10 minutes")
      const resolved = (yield* heard).at(-1)
      expect(resolved).toBeInstanceOf(Alert.Resolved)
      if (resolved?._tag !== "Resolved") return
      expect(resolved.window).toBe("minute")
      expect([seconds(resolved.since), seconds(resolved.at)]).toEqual([100, 170])
      expect(Duration.toSeconds(resolved.duration)).toBe(70)
      expect(resolved.peak).toBe(100)
      expect(resolved.count).toBe(0)
    })
  )

  law(
    "Law 8: a thousand more errors give no second Fired",
    Effect.gen(function*() {
      const heard = yield* listen
      yield* track(timeout(), 1004)
      for (const window of ["minute", "hour", "day"]) {
        expect(edges(yield* heard, window).filter((edge) => edge.startsWith("Fired"))).toHaveLength(1)
      }
      // 3·2^8 = 768, 10·2^6 = 640, 30·2^5 = 960
      expect(edges(yield* heard, "minute").at(-1)).toBe("Escalated 769")
      expect(edges(yield* heard, "hour").at(-1)).toBe("Escalated 641")
      expect(edges(yield* heard, "day").at(-1)).toBe("Escalated 961")
      expect(edges(yield* heard, "minute")).toHaveLength(9)
    })
  )

  law(
    "Law 8: oscillation inside the dead band gives no second Fired",
    Effect.gen(function*() {
      const heard = yield* listen
      // One every 5 seconds makes 12 or 13 a minute; then now and then two less, never as few as 8.
      for (let i = 0; i < 120; i++) {
        if (i % 24 !== 20 && i % 24 !== 22) yield* track(empty())
        yield* TestClock.adjust("5 seconds")
      }
      expect(edges(yield* heard, "minute")).toEqual(["Fired 11"])
    })
  )

  law(
    "Law 8: an alert that fires again after it resolved is published again, by the next error if no clean-up ran in between",
    Effect.gen(function*() {
      const heard = yield* listen
      yield* track(timeout(), 4)
      yield* TestClock.adjust("60500 millis")
      yield* track(timeout(), 4)
      expect(edges(yield* heard, "minute")).toEqual(["Fired 4", "Resolved 0", "Fired 4"])
    })
  )

  law(
    "Law 8: the log lines of alerts",
    Effect.gen(function*() {
      yield* track(empty(), 21)
      yield* TestClock.adjust("2 minutes")
      expect(yield* messages).toEqual([
        "Warning THRESHOLD EXCEEDED: DATA_EMPTY occurred 11 times in the last minute (threshold: 10)",
        "Warning THRESHOLD ESCALATED: DATA_EMPTY occurred 21 times in the last minute (threshold: 10)",
        "Info THRESHOLD RESOLVED: DATA_EMPTY is down to 0 in the last minute (threshold: 10, peak: 21)"
      ])
      const [fired] = yield* LogCapture.entries
      expect(fired?.annotations).toEqual({
        error_type: "DATA_EMPTY",
        severity: "INFO",
        window: "minute",
        limit: 10,
        count: 11
      })
    })
  )

  law(
    "Law 9: alerts start with what is active, then every edge in order, each at most once",
    Effect.gen(function*() {
      const first = yield* listen
      yield* track(timeout(), 4)
      yield* track(empty(), 21)
      const second = yield* listen
      expect((yield* second).map((alert) => alert.message)).toEqual([
        "THRESHOLD EXCEEDED: NETWORK_TIMEOUT occurred 4 times in the last minute (threshold: 3)",
        "THRESHOLD ESCALATED: DATA_EMPTY occurred 21 times in the last minute (threshold: 10)"
      ])
      yield* track(timeout(), 7)
      yield* TestClock.adjust("3 hours")
      const heard = yield* first
      expect(edges(heard, "minute")).toEqual([
        "Fired 4",
        "Fired 11",
        "Escalated 21",
        "Escalated 7",
        "Resolved 0",
        "Resolved 0"
      ])
      expect(edges(heard, "hour")).toEqual(["Fired 11", "Resolved 0"])
      expect((yield* second).slice(2)).toEqual(heard.slice(3))
    })
  )

  law(
    "Law 9: a subscriber that is 256 behind loses the oldest and gets Missed; the others lose nothing",
    Effect.gen(function*() {
      const service = yield* tracker
      const quick = yield* listen
      const gate = yield* Deferred.make<void>()
      const slow: Array<Alert.Alert> = []
      yield* Effect.forkScoped(
        Stream.runForEach(service.alerts, (alert) =>
          Effect.zipRight(
            Deferred.await(gate),
            Effect.sync(() => slow.push(alert))
          ))
      )
      yield* settled
      for (let i = 0; i < 200; i++) {
        yield* track(timeout(), 4)
        yield* service.reset
        yield* Effect.repeatN(Effect.yieldNow(), 10)
      }
      const all = yield* quick
      expect(all.length).toBeGreaterThan(300)
      expect(all.some(({ _tag }) => _tag === "Missed")).toBe(false)
      yield* Deferred.succeed(gate, undefined)
      yield* Effect.repeatN(settled, 20)
      expect(slow[0]).toEqual(all[0])
      expect(slow[1]).toEqual(new Alert.Missed({ count: all.length - 1 - 256 }))
      expect(slow.slice(2)).toEqual(all.slice(-256))
    })
  )

  law(
    "Law 8: a rule on a dimension gives one alert that names its values, twenty and a count",
    Effect.gen(function*() {
      const service = yield* tracker
      yield* service.setLimits({
        thresholds: { NETWORK_TIMEOUT: {} },
        rules: [{ name: "sick", by: "symbol", window: "hour", limit: 1 }]
      })
      const heard = yield* listen
      for (let i = 0; i < 500; i++) yield* track(timeout({ symbol: `S${i}` }), 2)
      const alerts = yield* heard
      // The first, and whenever there are twice as many as were named.
      expect(alerts.map((alert) => alert._tag === "Missed" ? [] : [alert._tag, (alert.more ?? 0) + 1])).toEqual([
        ["Fired", 1],
        ...Array.from({ length: 4 }, () => ["Escalated", 1]),
        ...[32, 64, 128, 256].map((values) => ["Escalated", values - 19])
      ])
      expect((yield* service.activeAlerts).map(({ by, more, rule, values }) => [rule, by, values?.length, more]))
        .toEqual([
          ["sick", "symbol", 20, 480]
        ])
      yield* TestClock.adjust("2 hours")
      expect((yield* heard).slice(9).map(({ _tag }) => _tag)).toEqual(["Resolved"])
      expect(yield* service.activeAlerts).toEqual([])
    })
  )

  law(
    "Law 8: a ratio recovers by successes, not by the silence of a source",
    Effect.gen(function*() {
      const service = yield* tracker
      const rules = [{ name: "share", by: "source", window: "minute", ratio: 0.5, minAttempts: 10 }] as const
      yield* service.setLimits({ thresholds: { NETWORK_TIMEOUT: {} }, rules })
      const heard = yield* listen
      const attempt = service.track(timeout({ source: "rest" }), { attempt: true })
      yield* Effect.repeatN(attempt, 7)
      expect(yield* heard).toEqual([])
      yield* attempt
      yield* service.succeeded({ source: "rest" })
      expect((yield* heard).map(({ message }) => message)).toEqual([
        "THRESHOLD EXCEEDED: share: errors occurred in 9 of 10 attempts in the last minute, source rest (threshold: 50 %)"
      ])
      yield* TestClock.adjust("12 hours")
      expect(yield* service.activeAlerts).toHaveLength(1)
      // Nine are too few to tell, even with those of the day.
      yield* Effect.repeatN(service.succeeded({ source: "rest" }), 8)
      expect(yield* service.activeAlerts).toHaveLength(1)
      yield* service.succeeded({ source: "rest" })
      expect(yield* service.activeAlerts).toHaveLength(0)
      expect((yield* heard)[1]).toMatchObject({
        _tag: "Resolved",
        count: 0,
        attempts: 10,
        peak: 0.9,
        reason: "recovered"
      })
    })
  )

  law(
    "Law 8: limits can change at any time: an alert that exceeds the new limit stays active, another one is resolved",
    Effect.gen(function*() {
      const service = yield* tracker
      const heard = yield* listen
      yield* track(timeout(), 5)
      yield* service.setLimits({ thresholds: { NETWORK_TIMEOUT: { perMinute: 4 } } })
      yield* track(timeout(), 2)
      yield* service.setLimits({ thresholds: { NETWORK_TIMEOUT: { perMinute: 7 } } })
      yield* track(timeout())
      expect(edges(yield* heard, "minute")).toEqual(["Fired 4", "Resolved 7", "Fired 8"])
      expect((yield* service.verdict("NETWORK_TIMEOUT")).verdict).toBe("extraordinary")
    })
  )

  law(
    "Law 7: taking a snapshot changes nothing, and restoring it gives the same reads",
    Effect.gen(function*() {
      const service = yield* tracker
      const heard = yield* listen
      yield* track(timeout({ symbol: "A", source: "rest" }), 5)
      yield* track(empty("source_gap", "vision"), 20)
      yield* service.succeeded({ symbol: "A", source: "rest" }, "20 millis")
      yield* reportingOf(service).retried("openCircuits")
      yield* TestClock.adjust("30 seconds")
      const read = Effect.all({
        stats: service.stats(),
        windowed: service.stats({ window: "1 hour" }),
        breakdown: service.breakdown({ by: "symbol", window: "minute" }),
        timeline: service.timeline({ window: "1 minute", step: "10 seconds" }),
        emptyData: service.emptyData(),
        latency: service.latency(),
        verdict: service.verdict("NETWORK_TIMEOUT"),
        activeAlerts: service.activeAlerts,
        recent: service.recent()
      })
      const before = yield* read
      const snapshot = yield* service.snapshot
      expect(yield* service.snapshot).toEqual(snapshot)
      expect(yield* read).toEqual(before)
      yield* service.reset
      yield* track(timeout({ symbol: "B" }))
      yield* service.restore(snapshot)
      expect(yield* read).toEqual(before)
      expect(yield* service.snapshot).toEqual(snapshot)
      // The reset ended it, and the restored tracker has it on again.
      expect(edges(yield* heard, "minute")).toEqual(["Fired 4", "Resolved 0", "Fired 4"])
      yield* TestClock.adjust("31 seconds")
      expect((yield* service.stats({ window: "1 minute" })).total).toBe(0)
      yield* TestClock.adjust("2 minutes")
      expect(edges(yield* heard, "minute")).toEqual(["Fired 4", "Resolved 0", "Fired 4", "Resolved 0"])
    })
  )

  // -------------------------------------------------------------------------------------------------------------------
  // harmlessness
  // -------------------------------------------------------------------------------------------------------------------

  law(
    "Law 10: an error that throws when it is read is dropped, and nothing fails",
    Effect.gen(function*() {
      const service = yield* tracker
      const hostile = new Proxy(timeout(), {
        get() {
          throw new Error("no")
        }
      })
      expect(yield* Effect.exit(service.track(hostile))).toEqual(Exit.void)
      for (const key of ["message", "context", "severity", "category", "_tag"]) {
        const error = {
          _tag: "Own",
          code: "OWN",
          category: "Other",
          severity: "ERROR" as const,
          message: "own",
          context: {}
        }
        Object.defineProperty(error, key, {
          get() {
            throw new Error("no")
          }
        })
        expect(yield* Effect.exit(service.track(error))).toEqual(Exit.void)
      }
      expect(yield* service.stats()).toMatchObject({ total: 0, dropped: 6 })
      yield* track(timeout())
      expect(yield* total()).toBe(1)
    })
  )

  law(
    "Law 10: a logger that throws fails nothing",
    Effect.gen(function*() {
      const service = yield* tracker
      const throwing = Logger.replace(
        Logger.defaultLogger,
        Logger.make(() => {
          throw new Error("no")
        })
      )
      const exits = yield* Effect.forEach(Arr.range(1, 5), () => Effect.exit(service.track(timeout()))).pipe(
        Effect.provide(throwing)
      )
      expect(exits).toEqual(Arr.makeBy(5, () => Exit.void))
      expect(yield* total()).toBe(5)
      expect(yield* service.activeAlerts).toHaveLength(1)
    })
  )

  law(
    "Law 10: reads of any window of what is kept succeed, and those with wrong options die",
    Effect.gen(function*() {
      const service = yield* tracker
      yield* track(timeout({ symbol: "A" }))
      expect(Option.map((yield* service.stats({ window: "2 days" })).window, Duration.toDays)).toEqual(Option.some(1))
      expect(yield* total(0)).toBe(1)
      expect(yield* total(Infinity)).toBe(1)
      const wrong: ReadonlyArray<Effect.Effect<unknown>> = [
        service.stats({ window: -5 }),
        service.breakdown({ by: "nothing" }),
        service.breakdown({ by: "symbol", limit: -1 }),
        service.recent({ limit: -1 }),
        service.timeline({ window: "1 day", step: -1 }),
        service.timeline({ window: "1 day", step: NaN })
      ]
      for (const read of wrong) expect(Exit.isFailure(yield* Effect.exit(read))).toBe(true)
      expect(yield* service.breakdown({ by: "symbol", limit: 0 })).toEqual([])
      expect(yield* service.recent({ limit: 0 })).toEqual([])
      for (const step of [0, Infinity, 0.000_000_1]) {
        const steps = yield* service.timeline({ window: "1 day", step })
        expect(steps.length).toBeLessThanOrEqual(1440)
        expect(steps.reduce((sum, { count }) => sum + count, 0)).toBe(1)
      }
      expect(yield* service.timeline({ window: 0, step: "1 second" })).toEqual([])
    })
  )
}
