import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, LogLevel } from "effect"
import { ErrorTracker, FetchError } from "effect-errata"
import { reportingOf } from "../../../src/internal/tracker/reporting.js"

const tracker = ErrorTracker.ErrorTracker

const error = new FetchError.NetworkDns()

/** Uses every member; the number of times that the storm guard let a line through. */
const useAll = (service: ErrorTracker.Service) =>
  Effect.gen(function*() {
    const { called, retried, stormGuard } = reportingOf(service)
    let lines = 0
    yield* retried("retries")
    yield* called("failed")
    yield* Effect.repeatN(stormGuard.admit(error, LogLevel.Error, Effect.sync(() => void lines++)), 9)
    return lines
  })

const noCalls = { made: 0, recovered: 0, failed: 0, refused: 0 }

describe("reportingOf", () => {
  it.effect("a spread copy of a service reports to the original", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      yield* useAll({ ...service, track: () => Effect.void })
      const { calls, retry } = yield* service.stats()
      expect([calls.failed, retry.retries]).toEqual([1, 1])
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect("the public type and its keys show nothing of it", () =>
    Effect.map(tracker, (service) => {
      expect(Object.keys(service)).not.toContain("storm")
      expect(Object.keys(service)).not.toContain("retried")
      expect(JSON.stringify(Object.keys(service))).not.toMatch(/report/i)
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect("noop counts nothing and guards its log", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      expect(yield* useAll(service)).toBe(5)
      expect((yield* service.stats()).calls).toEqual(noCalls)
    }).pipe(Effect.provide(ErrorTracker.layerNoop)))

  it.effect("a service made with `make` guards its log; with a storm guard of its own, that one", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      const { rates: _, ...store } = service
      expect(reportingOf(ErrorTracker.make(store))).toBe(reportingOf(service))
      const { track, succeeded, stats, breakdown, emptyData, alerts, activeAlerts, recent, reset } = service
      const own = ErrorTracker.make({
        track,
        succeeded,
        stats,
        breakdown,
        emptyData,
        alerts,
        activeAlerts,
        recent,
        reset
      })
      expect(yield* useAll(own)).toBe(5)
      expect((yield* service.stats()).calls).toEqual(noCalls)
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect("an object of a user's own, and a mocked layer, ignore reports", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      expect(yield* useAll(service)).toBe(10)
      const own = Object.fromEntries(Object.entries(service)) as unknown as ErrorTracker.Service
      expect(yield* useAll(own)).toBe(10)
    }).pipe(Effect.provide(Layer.mock(tracker, {}))))
})
